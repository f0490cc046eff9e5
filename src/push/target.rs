//! What the engine asks of whatever it pushes to.

use std::collections::BTreeMap;

use super::journal::Journal;
use super::lease::Lease;
use super::plan::{Allowed, Planned, Step};
use super::record::Record;
use super::stack::Stack;
use crate::diff::Difference;
use crate::problem::{Problem, Problems};

/// Where it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The target's name in `homebuild.yaml`.
    pub target: String,
    /// Its address.
    pub address: String,
    /// By what it is told from any other, whatever its address: the uid of a cluster.
    pub identity: String,
}

/// A record as it is kept, with the version that a change of it must name.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// What it says.
    pub record: Record,
    /// The version; none of a record that is not there yet.
    pub version: Option<String>,
}

/// Why a record or a lease was not written.
#[derive(Debug)]
pub enum Unsaved {
    /// Somebody else wrote it since it was read.
    Changed,
    /// Another reason.
    Failed(Problem),
}

/// Keeps the records and leases of stacks.
pub trait Store: Sync {
    /// All records, by stack.
    fn records(&self) -> Result<BTreeMap<String, Kept>, Problem>;
    /// The record of a stack; an empty one where there is none.
    fn record(&self, stack: &str) -> Result<Kept, Problem>;
    /// Writes a record over the one with the version of `old`. The new version.
    fn save(&self, stack: &str, record: &Record, old: Option<&str>) -> Result<String, Unsaved>;
    /// Removes the record of a stack that is no more.
    fn forget(&self, stack: &str, old: &str) -> Result<(), Unsaved>;
    /// The lease of a stack with its version; none where nobody has it.
    fn lease(&self, stack: &str) -> Result<Option<(Lease, String)>, Problem>;
    /// All leases, by stack.
    fn leases(&self) -> Result<BTreeMap<String, Lease>, Problem>;
    /// Writes a lease over the one of this version, or where there was none. The new version.
    fn write_lease(&self, stack: &str, lease: &Lease, old: Option<&str>) -> Result<String, Unsaved>;
    /// Takes a lease away, if it has this version.
    fn drop_lease(&self, stack: &str, version: &str) -> Result<(), Unsaved>;
}

/// All that is to be at a target, and all that it was told before.
#[derive(Debug)]
pub struct World<'a> {
    /// The stacks of this target in `out/`.
    pub stacks: Vec<&'a Stack>,
    /// All stacks of the site, in an order in which dependencies come first.
    pub order: Vec<&'a str>,
    /// The records of all stacks.
    pub records: &'a BTreeMap<String, Kept>,
}

/// What became of a module.
#[derive(Debug)]
pub enum Done {
    /// All of it is as it should be, and ready.
    Ready,
    /// Why not.
    Failed(Problems),
    /// It was interrupted, or the lock was lost.
    Stopped(Problem),
}

/// How the objects of a stack are.
#[derive(Debug, Default)]
pub struct Seen {
    /// Those that are not ready, and why: one line each.
    pub unready: Vec<String>,
    /// Those whose fields the target keeps otherwise than it was told, though nobody changed them: each by its
    /// [`Step::id`], with what `out/` has as the old values and what is there as the new ones.
    pub overridden: Vec<(String, Difference)>,
}

/// A place that stacks are pushed to.
pub trait Target: Sync {
    /// What a step needs to be done.
    type Work: Send + Sync + Clone;

    /// Where it is.
    fn name(&self) -> &Name;
    /// Whether somebody wants it to stop: what is under way comes to its end, and nothing else is begun.
    fn is_stopped(&self) -> bool;
    /// Where its records are.
    fn store(&self) -> &dyn Store;
    /// What would be done to make each of the chosen stacks as in `out/`. Nothing is written.
    fn plan(
        &self,
        world: &World<'_>,
        chosen: &[&Stack],
        allowed: &Allowed,
    ) -> Result<Vec<Planned<Self::Work>>, Problems>;
    /// Does the steps of a stack that make and change objects, in the target's own order, and waits until its modules
    /// are ready; every write is asked of the journal first and told to it. What became of each module.
    fn apply(&self, stack: &Stack, steps: &[&Step<Self::Work>], journal: &Journal<'_>) -> BTreeMap<String, Done>;
    /// Does the steps that delete objects, in the order in which they can go.
    fn prune(&self, steps: &[&Step<Self::Work>], journal: &Journal<'_>) -> Problems;
    /// The steps that delete objects of a record.
    fn deletion(
        &self,
        world: &World<'_>,
        stack: &str,
        ids: &[String],
        allowed: &Allowed,
    ) -> Result<Planned<Self::Work>, Problems>;
    /// How the objects of a stack are, without waiting for them.
    fn look(&self, stack: &Stack) -> Result<Seen, Problems>;
    /// All objects that carry a mark of homebuild, and the stack that it names.
    fn marked(&self) -> Result<Vec<(String, String)>, Problems>;
}
