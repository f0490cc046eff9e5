//! Making and changing objects, phase by phase, until they are ready.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::claim::yielded;
use super::draft::warning;
use super::fields::Path;
use super::look;
use super::object::{self, Id, Object};
use super::phase::{is_barrier, order, phase, waited_for};
use super::plan::Work;
use super::wait::{Applied, is_custom, wait};
use super::{Kubernetes, body, charts, owners};
use crate::cluster::{Apply, Deletion, Refusal, Resource, Verdict};
use crate::problem::{Problem, Problems};
use crate::push::each::each;
use crate::push::journal::Journal;
use crate::push::plan::{Action, Step, Waits};
use crate::push::report::Event;
use crate::push::stack::{Module, Stack};
use crate::push::target::Done;

/// How long a kind may take until it is served, after its definition is there.
const GRACE: Duration = Duration::from_secs(30);
/// How long an object that is being deleted may take to be gone.
const GOING: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(100);

/// A step and its object.
pub(super) type Item<'a> = (&'a Step<Work>, &'a Object);

pub(super) fn apply(
    target: &Kubernetes<'_>,
    stack: &Stack,
    steps: &[&Step<Work>],
    journal: &Journal<'_>,
) -> BTreeMap<String, Done> {
    let items: Vec<Item<'_>> = steps.iter().filter_map(|step| Some((*step, step.work.object.as_deref()?))).collect();
    let mut done: BTreeMap<String, Done> = BTreeMap::new();
    let modules: Vec<&Module> = stack.modules.iter().filter(|module| has_any(module, &items)).collect();
    // what a module makes for all: namespaces and definitions
    let (ground, rest): (Vec<Item<'_>>, Vec<Item<'_>>) =
        items.into_iter().partition(|(_, object)| phase(&object.id.kind) <= 1);
    run(target, &modules, &ground, journal, &mut done);
    if ground.iter().any(|(_, object)| object.id.kind == "CustomResourceDefinition") {
        let _ = target.cluster.discover();
    }
    // then each for itself; what needs another module's chart comes when that one is through
    let (late, now): (Vec<Item<'_>>, Vec<Item<'_>>) = rest.into_iter().partition(|item| is_late(target, stack, item));
    run(target, &modules, &now, journal, &mut done);
    if !late.is_empty() {
        let _ = target.cluster.discover();
        run(target, &modules, &late, journal, &mut done);
    }
    for module in modules {
        done.entry(module.name.clone()).or_insert(Done::Ready);
    }
    done
}

fn has_any(module: &Module, items: &[Item<'_>]) -> bool {
    items.iter().any(|(_, object)| object.module == module.name)
}

/// Whether an object's kind comes with the chart of another module of the stack.
fn is_late(target: &Kubernetes<'_>, stack: &Stack, (step, object): &Item<'_>) -> bool {
    let is_served = target.cluster.served().kind(&object.api_version, &object.id.kind).is_some();
    let provides =
        |module: &Module| module.name != object.module && charts::groups(module).any(|group| group == object.id.group);
    matches!(step.waits, Some(Waits::Here(_))) && !is_served && stack.modules.iter().any(provides)
}

/// All modules at once, as far as they have not failed.
fn run(
    target: &Kubernetes<'_>,
    modules: &[&Module],
    items: &[Item<'_>],
    journal: &Journal<'_>,
    done: &mut BTreeMap<String, Done>,
) {
    let left: Vec<&Module> =
        modules.iter().copied().filter(|m| has_any(m, items) && !done.contains_key(&m.name)).collect();
    let results: Vec<Option<Done>> = std::thread::scope(|scope| {
        let run = |module: &'_ Module| {
            let of: Vec<Item<'_>> = items.iter().copied().filter(|(_, object)| object.module == module.name).collect();
            Run { target, module, journal }.all(&of)
        };
        let threads: Vec<_> = left.iter().map(|module| scope.spawn(move || run(module))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(None)).collect()
    });
    for (module, result) in left.into_iter().zip(results) {
        if let Some(result) = result {
            done.insert(module.name.clone(), result);
        }
    }
}

/// One module on its way.
struct Run<'a> {
    target: &'a Kubernetes<'a>,
    module: &'a Module,
    journal: &'a Journal<'a>,
}

impl Run<'_> {
    /// Group after group; none if all is well.
    fn all(&self, items: &[Item<'_>]) -> Option<Done> {
        let objects: Vec<(&str, &Id)> =
            items.iter().map(|(_, object)| (object.file.path.as_str(), &object.id)).collect();
        let firsts = waited_for(&self.module.edges);
        let mut unconfirmed: Vec<Applied> = Vec::new();
        let groups = order(&objects, &self.module.edges);
        let last = groups.len().saturating_sub(1);
        for (number, group) in groups.iter().enumerate() {
            let of: Vec<Item<'_>> = group.members.iter().map(|at| items[*at]).collect();
            let results = each(&of, |(step, object)| self.make(step, object));
            let mut problems = Problems::new();
            unconfirmed.extend(results.into_iter().filter_map(|result| problems.take(result)));
            if !problems.is_empty() {
                return Some(self.failed(problems));
            }
            let is_waited_for =
                |(_, object): &Item<'_>| is_barrier(&object.id.kind) || firsts.contains(object.file.path.as_str());
            if number == last || of.iter().any(is_waited_for) {
                let mut all = std::mem::take(&mut unconfirmed);
                if let Err(problems) = wait(self.target, self.module, &mut all, self.journal) {
                    return Some(self.failed(problems));
                }
                self.settle(items, &all);
            }
        }
        None
    }

    fn failed(&self, problems: Problems) -> Done {
        if self.target.cluster.is_stopped() {
            return Done::Stopped(Problem::error("interrupted", "interrupted: what was under way was finished"));
        }
        match self.journal.may_write() {
            Err(lost) => Done::Stopped(lost),
            Ok(()) => Done::Failed(problems),
        }
    }

    /// What is ready is recorded, in the version that it has now: one that moved since it was written is applied once
    /// more, which says whether it is still as it should be and writes nothing if so.
    fn settle(&self, items: &[Item<'_>], all: &[Applied]) {
        each(all, |applied| {
            let mut version = applied.version.clone();
            if applied.seen.as_ref().is_some_and(|seen| *seen != version) {
                let item = items.iter().find(|(_, object)| object.id == applied.id);
                let again = item.map(|(step, object)| self.write(step, object));
                if let Some(Ok((again, _))) = again {
                    text(&again["metadata"]["resourceVersion"]).clone_into(&mut version);
                }
            }
            self.journal.owned(&applied.id.to_string(), &version);
        });
    }

    /// Makes an object what it should be.
    fn make(&self, step: &Step<Work>, object: &Object) -> Result<Applied, Problem> {
        if self.target.cluster.is_stopped() {
            return Err(self.target.cluster.problem(&Refusal::Stopped));
        }
        if step.action == Action::Unchanged {
            let live = step.work.live.as_ref();
            let (uid, version) = live.map_or(("", ""), |live| (&live.uid, &live.version));
            self.journal.applied(&step.id, uid, version);
            let is_helms = self.target.is_for_helm(&object.id);
            let applied = if is_helms { Applied::ready } else { Applied::seen };
            return Ok(applied(&object.id, &object.api_version, version));
        }
        if self.target.is_for_helm(&object.id) {
            self.journal.may_write()?;
            self.journal.tell(&self.module.name, Event::Waits(format!("{}: helm runs", object.id.words())));
            let revision = self.target.run_helm(step, object).map_err(first)?;
            self.journal.applied(&step.id, &revision.uid, &revision.secret);
            self.journal.tell(&self.module.name, Event::Wrote(step.action.word().to_owned(), object.id.words()));
            return Ok(Applied::ready(&object.id, &object.api_version, &revision.secret));
        }
        if let Some(propagation) = step.work.replace {
            self.remove(step, object, propagation)?;
        }
        if let (Some(patch), Some(of)) = (&step.work.takeover, self.kind(object)) {
            self.take_over(&of, object, patch)?;
        }
        let (written, created) = self.write(step, object)?;
        let (uid, version) = (text(&written["metadata"]["uid"]), text(&written["metadata"]["resourceVersion"]));
        self.journal.applied(&step.id, uid, version);
        let word = if created { Action::Create } else { step.action };
        self.journal.tell(&self.module.name, Event::Wrote(word.word().to_owned(), object.id.words()));
        Ok(Applied::of(&object.id, &object.api_version, &written, is_custom(self.target, &written)))
    }

    fn kind(&self, object: &Object) -> Option<Resource> {
        self.target.cluster.served().kind(&object.api_version, &object.id.kind).cloned()
    }

    /// Applies it, and waits where it only needs patience. What is there now, and whether it was made.
    fn write(&self, step: &Step<Work>, object: &Object) -> Result<(Value, bool), Problem> {
        let begin = Instant::now();
        let mut has_gone = step.work.replace.is_some();
        let mut yields: Vec<Path> = Vec::new();
        loop {
            self.journal.may_write()?;
            let Some(of) = self.kind(object) else {
                self.await_kind(object, begin)?;
                continue;
            };
            let live = if has_gone { None } else { self.live(step, object, &of)? };
            let body = self.target.body(object, self.journal.stack(), live.as_ref(), &step.work);
            let mut body = body.map_err(first)?;
            for path in &yields {
                path.remove(&mut body.value);
            }
            let refusal = match self.target.send(&of, object, &body.value, step.work.force, false) {
                Ok(written) if written.object["metadata"].get("deletionTimestamp").is_some() => {
                    self.await_gone(&of, object, text(&written.object["metadata"]["uid"]))?;
                    has_gone = true;
                    continue;
                }
                Ok(written) => {
                    for header in &written.warnings {
                        let text = body.masks.hide(&warning(header));
                        self.journal.tell(&self.module.name, Event::Warns(text));
                    }
                    return Ok((written.object, written.created));
                }
                Err(refusal) => refusal,
            };
            match refusal.verdict() {
                Verdict::NotServed => self.await_kind(object, begin)?,
                Verdict::NoNamespace | Verdict::Terminating if begin.elapsed() < GOING => {
                    let what = format!("namespace {} is not there yet, or being deleted", object.id.namespace);
                    self.journal.tell(&self.module.name, Event::Waits(what));
                    self.pause(&refusal)?;
                }
                Verdict::Conflict if yields.is_empty() => {
                    let more = live.and_then(|there| yielded(object, &there, &refusal, &body.value));
                    yields = more.ok_or_else(|| self.target.refused(object, "apply", &refusal, &body.masks))?;
                }
                _ => return Err(self.target.refused(object, "apply", &refusal, &body.masks)),
            }
        }
    }

    /// What must be known of the live object to say what is sent.
    fn live(&self, step: &Step<Work>, object: &Object, of: &Resource) -> Result<Option<Value>, Problem> {
        if body::needs_live(object) || step.work.settles {
            return look::get(&self.target.cluster, of, &object.id);
        }
        let uid = step.work.live.as_ref().map(|live| live.uid.as_str());
        Ok(uid.map(|uid| serde_json::json!({"metadata": {"uid": uid}})))
    }

    fn pause(&self, refusal: &Refusal) -> Result<(), Problem> {
        self.target.cluster.pause(POLL);
        if self.target.cluster.is_stopped() { Err(self.target.cluster.problem(refusal)) } else { Ok(()) }
    }

    /// Waits until the server has a kind whose definition was just made.
    fn await_kind(&self, object: &Object, begin: Instant) -> Result<(), Problem> {
        if begin.elapsed() > GRACE {
            let kind = format!("{}/{}", object.api_version, object.id.kind);
            return Err(Problem::error("unknown-kind", format!("the server does not serve {kind}"))
                .note(format!("{} cannot be made", object.id.words())));
        }
        self.pause(&Refusal::Stopped)?;
        self.target.cluster.discover().map_err(|refusal| self.target.cluster.problem(&refusal))
    }

    fn take_over(&self, of: &Resource, object: &Object, patch: &Value) -> Result<(), Problem> {
        self.journal.may_write()?;
        let how = Apply { manager: owners::MANAGER, force: false, dry_run: false };
        let place = object::place(of, &object.id);
        let taken = self.target.cluster.patch(of, place, &object.id.name, patch, how);
        taken.map(|_| ()).map_err(|refusal| {
            let what = format!("cannot take over {}", object.id.words());
            let problem = look::refused(&self.target.cluster, &what, &refusal);
            if refusal.verdict() == Verdict::Changed {
                problem.note("it changed since the plan: push again")
            } else {
                problem
            }
        })
    }

    /// Deletes an object that is to be made again; it is recorded first.
    fn remove(&self, step: &Step<Work>, object: &Object, propagation: &str) -> Result<(), Problem> {
        let (Some(of), Some(live)) = (self.kind(object), &step.work.live) else { return Ok(()) };
        self.journal.replacing(&step.id)?;
        let how = Deletion { uid: Some(&live.uid), version: None, propagation, dry_run: false };
        let deleted = self.target.cluster.delete(&of, object::place(&of, &object.id), &object.id.name, &how);
        deleted.map_err(|refusal| {
            look::refused(
                &self.target.cluster,
                &format!("cannot delete {} to make it again", object.id.words()),
                &refusal,
            )
        })?;
        self.await_gone(&of, object, &live.uid)
    }

    fn await_gone(&self, of: &Resource, object: &Object, uid: &str) -> Result<(), Problem> {
        let begin = Instant::now();
        loop {
            let there = look::get(&self.target.cluster, of, &object.id)?;
            let Some(there) = there.filter(|there| text(&there["metadata"]["uid"]) == uid) else { return Ok(()) };
            let finalizers = there["metadata"]["finalizers"].as_array().into_iter().flatten();
            let names: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
            let why =
                if names.is_empty() { String::new() } else { format!(": its finalizers are {}", names.join(", ")) };
            if begin.elapsed() > GOING {
                return Err(Problem::error(
                    "terminating",
                    format!("{} has not gone for {} seconds{why}", object.id.words(), GOING.as_secs()),
                )
                .note("whoever set them must take them away; the next push goes on from here"));
            }
            self.journal.tell(&self.module.name, Event::Waits(format!("{} is being deleted{why}", object.id.words())));
            self.pause(&Refusal::Stopped)?;
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn first(problems: Problems) -> Problem {
    problems.into_iter().next().unwrap_or_else(|| Problem::error("secrets", "an object cannot be filled in"))
}
