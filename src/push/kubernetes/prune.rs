//! What is in `out/` no more.
//!
//! An object is deleted only if all of this holds: the stack's record has it, no stack of `out/` wants it, it is the very
//! object that was recorded (its uid), its mark names the stack and itself, nothing controls it, and it is not protected.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Kubernetes;
use super::charts::{self, Revisions};
use super::draft::subject;
use super::look::{self, Live};
use super::object::{self, Id};
use super::phase::phase;
use super::plan::{Planning, Work};
use crate::cluster::{Deletion, Refusal, Resource, Verdict};
use crate::problem::{Problem, Problems};
use crate::push::each::each;
use crate::push::journal::Journal;
use crate::push::plan::{Action, Allowed, Planned, Step};
use crate::push::record::Member;
use crate::push::report::Event;
use crate::push::target::World;

/// Kinds whose objects take data or other objects with them.
pub(super) const PROTECTED: [&str; 5] =
    ["Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "StorageClass"];

/// Annotations by which an object says that it stays, homebuild's own and those of other tools.
const KEPT: [(&str, &str); 5] = [
    ("homebuild.dev/prune", "keep"),
    ("helm.sh/resource-policy", "keep"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ("argocd.argoproj.io/sync-options", "Prune=false"),
    ("client.lifecycle.config.k8s.io/deletion", "detach"),
];

/// How often an object that changed meanwhile is looked at again.
const TRIES: usize = 5;
/// How long push waits until objects are gone before it deletes what they need.
const GONE: Duration = Duration::from_mins(1);

/// The steps for the objects of a record that its stack has no more.
pub(super) fn leftovers(
    planning: &Planning<'_>,
    stack: &str,
    gone: &[(Id, &Member)],
    live: &BTreeMap<Id, Live>,
    revisions: &Revisions,
) -> Result<Vec<Step<Work>>, Problems> {
    let going: BTreeSet<&Id> = gone.iter().map(|(id, _)| id).collect();
    let steps = each(gone, |(id, member)| {
        if planning.target.is_for_helm(id) {
            return charts::leftover(planning, stack, (id, member), revisions);
        }
        leftover(planning, stack, (id, member), live.get(id), &going)
    });
    let mut problems = Problems::new();
    let steps = steps.into_iter().filter_map(|step| problems.take(step)).flatten().collect();
    problems.or(steps)
}

/// What becomes of one of them; nothing is said of one that is gone.
fn leftover(
    planning: &Planning<'_>,
    stack: &str,
    (id, member): (&Id, &Member),
    live: Option<&Live>,
    going: &BTreeSet<&Id>,
) -> Result<Option<Step<Work>>, Problem> {
    let (served, cluster) = (planning.target.cluster.served(), &planning.target.cluster);
    let mut step = Step {
        id: id.to_string(),
        subject: subject(stack, &member.module, id, ""),
        action: Action::Keep,
        fields: Vec::new(),
        by: Vec::new(),
        restarts: 0,
        notes: Vec::new(),
        waits: None,
        digest: None,
        seen: None,
        problem: None,
        work: Work { id: Some(id.clone()), ..Work::default() },
    };
    let Some(of) = served.preferred(&id.group, &id.kind) else {
        if served.is_stale(&id.group) {
            step.notes.push("the APIService that serves its kind does not answer".to_owned());
            return Ok(Some(step));
        }
        return Ok(None); // its kind is gone, and it with it
    };
    let found = match live {
        Some(live) => Some(live.clone()),
        None => look::get(cluster, of, id)?.map(|object| Live::of(&object, id)),
    };
    let Some(live) = found else { return Ok(None) };
    if let Some(other) = planning.wanted.get(id).filter(|other| **other != stack) {
        step.notes.push(format!("moved to stack {other}"));
    } else if let Some(reason) = kept(planning, stack, (id, member), &live, going) {
        step.notes.push(reason);
    } else {
        step.action = Action::Prune;
        step.notes.extend(crate::diff::of_removal(&id.kind, false).map(str::to_owned));
    }
    step.work.live = Some(live);
    Ok(Some(step))
}

/// Why an object stays.
fn kept(
    planning: &Planning<'_>,
    stack: &str,
    (id, member): (&Id, &Member),
    live: &Live,
    going: &BTreeSet<&Id>,
) -> Option<String> {
    if member.uid.as_ref().is_some_and(|uid| *uid != live.uid) {
        return Some("another object of its name was made since; it is not ours".to_owned());
    }
    match live.owner.as_deref() {
        Some(owner) if owner == stack => {}
        Some(owner) => return Some(format!("it belongs to stack {owner} now")),
        None => return Some("somebody took its mark away; it is not ours any more".to_owned()),
    }
    if live.is_controlled {
        return Some("something else controls it now".to_owned());
    }
    protection(planning, id, live, going)
}

/// Why an object is protected.
fn protection(planning: &Planning<'_>, id: &Id, live: &Live, going: &BTreeSet<&Id>) -> Option<String> {
    if let Some((key, value)) = KEPT.iter().find(|(key, value)| live.annotation(key) == Some(value)) {
        return Some(format!("it says so: {key}: {value}"));
    }
    if !PROTECTED.contains(&id.kind.as_str()) {
        return None;
    }
    let is_allowed = live.annotation("homebuild.dev/prune") == Some("allow") && planning.allowed.prune_protected;
    if !is_allowed {
        return Some(format!(
            "a {} is kept: annotate it `homebuild.dev/prune=allow` and push with `--prune-protected`",
            id.kind
        ));
    }
    let recorded = planning.world.records.values().flat_map(|kept| kept.record.members.keys());
    let recorded = recorded.filter_map(|id| Id::parse(id)).filter(|other| !going.contains(other));
    let mut others = planning.wanted.keys().cloned().chain(recorded);
    let tenant = others.find(|other| id.kind == "Namespace" && other.namespace == id.name)?;
    Some(format!("{} is in it", tenant.words()))
}

/// The steps that delete objects of a record, wanted or not.
pub(super) fn deletion(
    target: &Kubernetes<'_>,
    world: &World<'_>,
    stack: &str,
    ids: &[String],
    allowed: &Allowed,
) -> Result<Planned<Work>, Problems> {
    let none = World { stacks: Vec::new(), order: world.order.clone(), records: world.records };
    let planning = Planning::new(target, &none, allowed);
    let members = planning.record(stack).map(|record| &record.members);
    let chosen = ids.iter().filter_map(|id| Some((Id::parse(id)?, members?.get(id)?)));
    let chosen: Vec<(Id, &Member)> = chosen.collect();
    let has_charts = chosen.iter().any(|(id, _)| target.is_for_helm(id));
    let revisions = if has_charts { target.revisions()? } else { Revisions::new() };
    let steps = leftovers(&planning, stack, &chosen, &BTreeMap::new(), &revisions)?;
    Ok(Planned { stack: stack.to_owned(), steps })
}

/// Deletes, the last phase first; what is deleted later may be needed by what is deleted before it.
pub(super) fn prune(target: &Kubernetes<'_>, steps: &[&Step<Work>], journal: &Journal<'_>) -> Problems {
    let mut phases: BTreeMap<usize, Vec<&Step<Work>>> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.action == Action::Prune) {
        let kind = step.work.id.as_ref().map_or("", |id| id.kind.as_str());
        phases.entry(phase(kind)).or_default().push(step);
    }
    let mut problems = Problems::new();
    let last = phases.keys().next().copied();
    for (number, steps) in phases.into_iter().rev() {
        let deleted = each(&steps, |step| delete(target, step, journal));
        let wrong = deleted.into_iter().filter_map(Result::err);
        problems.extend(wrong);
        if Some(number) != last {
            await_gone(target, &steps);
        }
    }
    problems
}

fn delete(target: &Kubernetes<'_>, step: &Step<Work>, journal: &Journal<'_>) -> Result<(), Problem> {
    let (Some(id), Some(planned)) = (&step.work.id, &step.work.live) else { return Ok(()) };
    if target.cluster.is_stopped() {
        return Err(target.cluster.problem(&Refusal::Stopped));
    }
    if target.is_for_helm(id) {
        journal.may_write()?;
        target.uninstall(id, planned)?;
        journal.gone(&step.id);
        journal.tell(&step.subject.module, Event::Wrote("prune".to_owned(), id.words()));
        return Ok(());
    }
    let served = target.cluster.served();
    let Some(of) = served.preferred(&id.group, &id.kind) else {
        if !served.is_stale(&id.group) {
            journal.gone(&step.id);
        }
        return Ok(());
    };
    let mut version = planned.version.clone();
    for _ in 0..TRIES {
        journal.may_write()?;
        let how =
            Deletion { uid: Some(&planned.uid), version: Some(&version), propagation: "Background", dry_run: false };
        match target.cluster.delete(of, object::place(of, id), &id.name, &how) {
            Ok(_) => {
                journal.gone(&step.id);
                journal.tell(&step.subject.module, Event::Wrote("prune".to_owned(), id.words()));
                return Ok(());
            }
            Err(refusal) if refusal.verdict() == Verdict::Changed => {
                let Some(newer) = again(target, of, id, planned)? else {
                    journal.gone(&step.id);
                    return Ok(());
                };
                version = newer;
            }
            Err(refusal) => {
                return Err(look::refused(&target.cluster, &format!("cannot delete {}", id.words()), &refusal));
            }
        }
    }
    Err(Problem::error("moved", format!("{} changes all the time, and was not deleted", id.words())))
}

/// The resource version of an object that changed, if it is still ours to delete.
fn again(target: &Kubernetes<'_>, of: &Resource, id: &Id, planned: &Live) -> Result<Option<String>, Problem> {
    let Some(there) = look::get(&target.cluster, of, id)? else { return Ok(None) };
    let live = Live::of(&there, id);
    let is_same = live.uid == planned.uid && live.owner == planned.owner && !live.is_controlled;
    let is_kept = KEPT.iter().any(|(key, value)| live.annotation(key) == Some(value));
    Ok((is_same && !is_kept).then_some(live.version))
}

fn await_gone(target: &Kubernetes<'_>, steps: &[&Step<Work>]) {
    let served = target.cluster.served();
    let end = Instant::now() + GONE;
    let is_there = |step: &&Step<Work>| {
        let Some(id) = &step.work.id else { return false };
        let of = served.preferred(&id.group, &id.kind);
        let there = of.and_then(|of| look::get(&target.cluster, of, id).ok()?);
        let uid = there.as_ref().and_then(|there| there["metadata"]["uid"].as_str());
        uid.is_some() && uid == step.work.live.as_ref().map(|live| live.uid.as_str())
    };
    while steps.iter().any(is_there) && Instant::now() < end && !target.cluster.is_stopped() {
        target.cluster.pause(Duration::from_millis(200));
    }
}
