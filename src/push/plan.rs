//! What a push would do: one step an object, and what a reader must know of it.

use crate::diff::{Field, Subject};
use crate::problem::Problem;

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It cannot be done as it is; the step says why.
    Blocked,
    /// It is in `out/` no more, and is deleted.
    Prune,
    /// It is deleted and made again, as a field cannot change in place.
    Replace,
    /// It is there, made by something else, and becomes ours.
    Adopt,
    /// Another stack has it in its record, and `out/` has it here now.
    Move,
    /// It is changed.
    Configure,
    /// It is made.
    Create,
    /// It is in `out/` no more, and stays all the same; the step says why.
    Keep,
    /// It is as it should be.
    Unchanged,
}

impl Action {
    /// All of them, those that need most care first.
    pub const ALL: [Self; 9] = [
        Self::Blocked,
        Self::Prune,
        Self::Replace,
        Self::Adopt,
        Self::Move,
        Self::Configure,
        Self::Create,
        Self::Keep,
        Self::Unchanged,
    ];

    /// Its word: `create`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Prune => "prune",
            Self::Replace => "replace",
            Self::Adopt => "adopt",
            Self::Move => "move",
            Self::Configure => "configure",
            Self::Create => "create",
            Self::Keep => "keep",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether anything is written.
    #[must_use]
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Unchanged | Self::Keep | Self::Blocked)
    }
}

/// One object and what becomes of it.
#[derive(Debug, Clone)]
pub struct Step<W> {
    /// Which object it is to its target: `apps/Deployment/ntfy/ntfy`. Unique within a target.
    pub id: String,
    /// Which object it is to a reader.
    pub subject: Subject,
    /// What becomes of it.
    pub action: Action,
    /// The fields that change, old and new.
    pub fields: Vec<Field>,
    /// Who changed fields of it since the last push, as far as that is known.
    pub by: Vec<By>,
    /// How much of what runs is started anew.
    pub restarts: usize,
    /// What else is to be known: one sentence each.
    pub notes: Vec<String>,
    /// What it waits for.
    pub waits: Option<Waits>,
    /// The digest of its text in `out/`; none of what is not there.
    pub digest: Option<String>,
    /// The very object that was seen to be as it should be, and its version then.
    pub seen: Option<(String, String)>,
    /// Why it is blocked.
    pub problem: Option<Problem>,
    /// What its target needs to do it.
    pub work: W,
}

/// Who changed a field that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The field, as [`Step::fields`] has it.
    pub path: String,
    /// By what name they wrote: `kubectl-edit`.
    pub who: String,
    /// When, as far as it was kept: `2026-11-26T20:01:11Z`.
    pub at: Option<String>,
    /// Whether it is only likely, as what they did left no trace but its time.
    pub is_likely: bool,
}

impl By {
    /// `kubectl-edit at 2026-11-26T20:01:11Z`, `probably k9s`.
    #[must_use]
    pub fn name(&self) -> String {
        let probably = if self.is_likely { "probably " } else { "" };
        let at = self.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
        format!("{probably}{}{at}", self.who)
    }
}

/// What an object waits for. It was not tried in a dry run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waits {
    /// What is made by the same push of the same stack: `Namespace ntfy`, `CustomResourceDefinition x`.
    Here(String),
    /// Another stack, and what of it: `kyverno`, `Namespace kyverno`.
    Stack(String, String),
}

impl<W> Step<W> {
    /// Who changed a field.
    #[must_use]
    pub fn by(&self, path: &str) -> Option<&By> {
        self.by.iter().find(|by| by.path == path)
    }

    /// Whether another stack must be pushed first.
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        matches!(self.waits, Some(Waits::Stack(..)))
    }
}

/// All steps of one stack, sorted by module and object.
#[derive(Debug, Clone)]
pub struct Planned<W> {
    /// The stack's name.
    pub stack: String,
    /// Its steps.
    pub steps: Vec<Step<W>>,
}

impl<W> Planned<W> {
    /// How many steps have this action.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// How much of what runs is started anew by the steps that have this action.
    #[must_use]
    pub fn restarts(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).map(|step| step.restarts).sum()
    }
}

/// What the user allows.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is allowed for itself")]
pub struct Allowed {
    /// Objects that nobody's record has become ours.
    pub adopt: bool,
    /// And those that carry the mark of these tools: `terraform`, `helm`.
    pub adopt_from: Vec<String>,
    /// Objects (by [`Step::id`] or `Kind/name`) that may be deleted and made again.
    pub replace: Vec<String>,
    /// Namespaces, volumes and definitions that are in `out/` no more are deleted, where they allow it themselves.
    pub prune_protected: bool,
    /// So many objects are pruned, although the brake would stop it.
    pub prune_count: Option<usize>,
    /// Releases of charts whose live version may change by being adopted.
    pub chart_versions: Vec<String>,
    /// Releases of charts that are pending, and that no helm works on: they are freed at once.
    pub free_releases: Vec<String>,
    /// It is a new place: what records say of the objects of another one, of which they are copies, is forgotten.
    pub new_place: bool,
    /// Going back to an earlier tree: secrets are filled in as they are now.
    pub going_back: bool,
}
