//! How stacks are: what is pushed, what differs, what is not ready.

use std::collections::BTreeMap;

use super::{Plan, plan};
use crate::diff::{Difference, words};
use crate::problem::Problems;
use crate::push::lease::Lease;
use crate::push::plan::{Action, Allowed, Planned, Step};
use crate::push::record::{Record, Release};
use crate::push::stack::Stack;
use crate::push::target::{Kept, Seen, Target};

/// How a stack is.
#[derive(Debug)]
pub struct Status {
    /// The stack.
    pub stack: String,
    /// Its version in `out/`; none of one that `out/` has no more.
    pub wanted: Option<String>,
    /// Its last release.
    pub release: Option<Release>,
    /// In one word.
    pub state: State,
    /// Objects that differ since `out/` changed: one line each.
    pub behind: Vec<String>,
    /// Objects that differ although `out/` did not change: one line each.
    pub drifted: Vec<String>,
    /// Objects that are not ready: one line each.
    pub unready: Vec<String>,
    /// Objects that the target keeps otherwise than `out/` has them, though nobody changed them.
    pub overridden: Vec<(String, Difference)>,
    /// What is blocked, and why.
    pub blocked: Vec<String>,
    /// Who pushes it now.
    pub holder: Option<Lease>,
    /// How many objects it has in its record.
    pub objects: usize,
}

/// How a stack is, in one word; the worst that is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Something cannot be pushed as it is.
    Blocked,
    /// Somebody changed it.
    Drifted,
    /// Something is not ready.
    Unready,
    /// `out/` has something else.
    Behind,
    /// The target makes something else of it than `out/` says.
    Overridden,
    /// It was never pushed.
    New,
    /// `out/` has it no more.
    Orphan,
    /// All is as it should be.
    Ok,
}

impl State {
    /// Its word: `drifted`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Drifted => "drifted",
            Self::Unready => "not ready",
            Self::Behind => "behind",
            Self::Overridden => "overridden",
            Self::New => "never pushed",
            Self::Orphan => "orphan",
            Self::Ok => "ok",
        }
    }
}

/// How the chosen stacks are; with `orphans`, also those that have a record and are not in `out/`.
pub fn status<T: Target>(
    target: &T,
    stacks: &[Stack],
    chosen: &[&Stack],
    orphans: bool,
) -> Result<Vec<Status>, Problems> {
    let allowed = Allowed { adopt: true, ..Allowed::default() };
    let Plan { stacks: planned, records, .. } = plan(target, stacks, chosen, &allowed)?;
    let leases = target.store().leases()?;
    let mut all = Vec::new();
    for (stack, planned) in chosen.iter().zip(&planned) {
        let record = records.get(&stack.name).map(|kept| &kept.record);
        let seen = if record.is_some() { target.look(stack)? } else { Seen::default() };
        all.push(one(stack, planned, record, seen, leases.get(&stack.name)));
    }
    if orphans {
        all.extend(without_stack(stacks, &records, &leases));
    }
    all.sort_by(|a, b| a.stack.cmp(&b.stack));
    Ok(all)
}

fn one<W>(stack: &Stack, planned: &Planned<W>, record: Option<&Record>, seen: Seen, holder: Option<&Lease>) -> Status {
    let is_drift = |step: &&Step<W>| {
        let member = record.and_then(|record| record.members.get(&step.id));
        step.action.is_change() && member.is_some_and(|member| Some(&member.digest) == step.digest.as_ref())
    };
    let changes = || planned.steps.iter().filter(|step| step.action.is_change());
    let drifted: Vec<String> = changes().filter(is_drift).map(line).collect();
    let behind: Vec<String> = changes().filter(|step| !is_drift(step)).map(line).collect();
    let blocked: Vec<String> = planned.steps.iter().filter(|step| step.action == Action::Blocked).map(line).collect();
    let unready = seen.unready;
    let is_settled = |id: &str| planned.steps.iter().any(|step| step.id == id && step.action == Action::Unchanged);
    let mut overridden = seen.overridden;
    overridden.retain(|(id, _)| is_settled(id));
    let state = match record {
        None => State::New,
        _ if !blocked.is_empty() => State::Blocked,
        _ if !drifted.is_empty() => State::Drifted,
        _ if !unready.is_empty() => State::Unready,
        _ if !behind.is_empty() => State::Behind,
        _ if !overridden.is_empty() => State::Overridden,
        _ => State::Ok,
    };
    Status {
        stack: stack.name.clone(),
        wanted: Some(stack.version.clone()),
        release: record.and_then(|record| record.releases.first().cloned()),
        state,
        behind,
        drifted,
        unready,
        overridden,
        blocked,
        holder: holder.cloned(),
        objects: record.map_or(0, |record| record.members.len()),
    }
}

/// `Deployment nextcloud: spec.replicas 0 -> 1 (kubectl-edit at 2026-11-26T20:01:11Z)`.
fn line<W>(step: &Step<W>) -> String {
    let fields = step.fields.iter().take(3).map(|field| {
        let by = step.by(&field.path).map_or_else(String::new, |by| format!(" ({})", by.name()));
        format!("{} {}{by}", field.path, words::change(&field.change)).trim().to_owned()
    });
    let mut said: Vec<String> = fields.collect();
    if step.fields.len() > 3 {
        said.push(format!("and {} more fields", step.fields.len() - 3));
    }
    if step.action == Action::Create {
        said.push("is not there".to_owned());
    }
    said.extend(step.notes.iter().cloned());
    said.extend(step.problem.iter().map(|problem| problem.message.clone()));
    format!("{} {}: {}", step.subject.kind, step.subject.name, said.join(", "))
}

/// The stacks that have a record and are not in `out/`.
fn without_stack<'a>(
    stacks: &'a [Stack],
    records: &'a BTreeMap<String, Kept>,
    leases: &'a BTreeMap<String, Lease>,
) -> impl Iterator<Item = Status> + 'a {
    let is_gone = |name: &str| !stacks.iter().any(|stack| stack.name == name);
    records.iter().filter(move |(name, _)| is_gone(name)).map(|(name, kept)| Status {
        stack: name.clone(),
        wanted: None,
        release: kept.record.releases.first().cloned(),
        state: State::Orphan,
        behind: Vec::new(),
        drifted: Vec::new(),
        unready: Vec::new(),
        overridden: Vec::new(),
        blocked: Vec::new(),
        holder: leases.get(name).cloned(),
        objects: kept.record.members.len(),
    })
}
