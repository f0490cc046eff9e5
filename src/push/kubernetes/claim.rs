//! Objects that others have or had a hand in: adoption, conflicts, and changes that the server refuses.

use serde_json::Value;

use super::body::{Body, left};
use super::draft::Draft;
use super::fields::Path;
use super::filled::Filled;
use super::immutable::{self, Class, Refused};
use super::object::{self, Id};
use super::owners::{self, Answer, Conflict, Rules, Tool};
use super::plan::{Planning, Work, merge, place};
use super::{Kubernetes, look};
use crate::cluster::{Apply, Refusal, Resource};
use crate::diff::{Change, Effect, Field};
use crate::problem::{Problem, Problems};
use crate::push::plan::Action;

/// The annotation by which an object may be adopted without being named on the command line.
const ADOPT: (&str, &str) = ("homebuild.dev/adopt", "true");
/// The annotation with the paths that are taken from whoever has them.
const FORCE: &str = "homebuild.dev/force-fields";
/// The annotation by which an object may be deleted and made again.
const REPLACE: (&str, &str) = ("homebuild.dev/replace", "allow");

/// Whether an object that is there may become its stack's.
pub(super) fn is_allowed(planning: &Planning<'_>, object: &object::Object) -> bool {
    planning.allowed.adopt || object.annotation(ADOPT.0).as_deref() == Some(ADOPT.1)
}

/// The paths that belong to others, if all of them are left to others: they changed since the object was looked at.
pub(super) fn yielded(object: &object::Object, there: &Value, refusal: &Refusal, sent: &Value) -> Option<Vec<Path>> {
    let left = left(object, there).ok()?;
    let conflicts = owners::conflicts(&refusal.status()?.body, sent);
    let is_left = |path: &Path| left.iter().any(|left| path.is_at(left));
    let paths: Option<Vec<Path>> = conflicts.into_iter().map(|conflict| Some(conflict.path).filter(is_left)).collect();
    paths.filter(|paths| !paths.is_empty())
}

impl Planning<'_> {
    /// The tools whose fields are taken over.
    fn tools(&self) -> Vec<Tool> {
        self.allowed.adopt_from.iter().filter_map(|name| Tool::named(name)).collect()
    }

    /// An object that is there and nobody's.
    pub(super) fn adoption(&self, draft: &mut Draft<'_>, there: &Value) -> Action {
        let words = draft.object.id.words();
        let is_allowed = is_allowed(self, draft.object);
        let found = owners::tools(there);
        let allowed = self.tools();
        if !is_allowed {
            let from = found.iter().next().map_or_else(
                || "`--adopt` makes it this stack's".to_owned(),
                |(tool, mark)| format!("{} has it ({mark}): `--adopt-from {}` takes it over", tool.name(), tool.name()),
            );
            let problem = Problem::error("adopt", format!("{words} is there, and no stack's"));
            draft.problem = Some(problem.note(from).at(&place(draft.object)));
            return Action::Adopt;
        }
        // what a tool keeps by a mark it would change again, or delete
        let keeper = found.iter().find(|(tool, mark)| mark.starts_with("metadata.") && !allowed.contains(tool));
        if let Some((tool, mark)) = keeper.filter(|(tool, _)| **tool != Tool::Kubectl) {
            let problem = Problem::error("adopt", format!("{words} is kept by {}: {mark}", tool.name()));
            draft.problem =
                Some(problem.note(format!("`--adopt-from {}` takes it over", tool.name())).at(&place(draft.object)));
        }
        Action::Adopt
    }

    /// Takes over the fields of earlier tools, where that is allowed. What the object becomes by it.
    pub(super) fn taken_over(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        there: &Value,
        new: Value,
        body: &Value,
    ) -> Value {
        let tools = self.tools();
        if tools.is_empty() {
            return new;
        }
        let mut there = there.clone();
        there["apiVersion"] = draft.object.api_version.clone().into();
        let Some(takeover) = owners::take_over(&there, body, &tools) else { return new };
        let names: Vec<&str> = takeover.from.iter().map(|tool| tool.name()).collect();
        if !names.is_empty() {
            draft.notes.push(format!("fields of {} are taken over", names.join(", ")));
        }
        let after = takeover.after(&new);
        draft.work.takeover = Some(takeover.patch);
        let id = &draft.object.id;
        let preview = self.target.cluster.preview(of, object::place(of, id), &id.name, &after, owners::MANAGER);
        preview.unwrap_or(after)
    }

    /// Fields that belong to others.
    pub(super) fn conflict(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        body: &Body,
        refusal: &Refusal,
    ) -> Result<Action, Problems> {
        let object = draft.object;
        let Some(status) = refusal.status() else {
            return Err(self.target.refused(object, "apply", refusal, &body.masks).into());
        };
        let Some(there) = look::get(&self.target.cluster, of, &object.id)? else { return Ok(Action::Create) };
        let tools = self.tools();
        let forced = object.paths(FORCE);
        let forced: Vec<&str> = forced.iter().map(String::as_str).collect();
        let rules = Rules { tools: &tools, is_scaled: self.is_scaled(&object.id), forced: &forced };
        let (mut problems, mut set_back) = (Problems::new(), Vec::new());
        let left = left(object, &there)?;
        for conflict in owners::conflicts(&status.body, &body.value) {
            let is_left = left.iter().any(|path| conflict.path.is_at(path));
            let answer = if is_left { Answer::Yield } else { conflict.answer(rules) };
            match answer {
                Answer::Yield => {
                    draft.notes.push(format!("{} is left to {}", conflict.path, conflict.manager));
                    draft.work.yields.push(conflict.path.clone());
                }
                Answer::SetBack => {
                    draft.work.force = true;
                    set_back.push(conflict);
                }
                Answer::TakeOver(_) => {}
                Answer::Kept(_) | Answer::Blocked => {
                    if let Some((message, note)) = conflict.words(answer) {
                        let problem = Problem::error("conflict", format!("{}: {message}", object.id.words()));
                        problems.push(problem.note(note).at(&place(object)));
                    }
                }
            }
        }
        let live = look::Live::of(&there, &object.id);
        if live.owner.is_none() && !is_allowed(self, object) {
            return Ok(self.adoption(draft, &there));
        }
        problems.or(())?;
        let again = self.target.body(object, draft.stack, Some(&there), &draft.work)?;
        match self.target.send(of, object, &again.value, true, true) {
            Ok(written) => {
                let (new, sent) = self.settled(draft, of, &there, written.object, again.value, true);
                let action = self.compare(draft, of, &there, new, &sent);
                let told = &draft.by;
                let untold = set_back.iter().filter(|conflict| !told.iter().any(|by| by.who == conflict.manager));
                let note = |conflict: &Conflict| format!("set back: {} changed {}", conflict.manager, conflict.path);
                draft.notes.extend(untold.map(note));
                action
            }
            Err(refusal) if refusal.verdict() == crate::cluster::Verdict::Invalid => {
                self.invalid(draft, of, &again, &refusal)
            }
            Err(refusal) => Err(self.target.refused(object, "apply", &refusal, &again.masks).into()),
        }
    }

    /// Whether an autoscaler of the site sets the replicas of an object.
    fn is_scaled(&self, id: &Id) -> bool {
        self.scaled.contains(&(id.namespace.clone(), id.kind.clone(), id.name.clone()))
    }

    /// A change that the server calls invalid.
    pub(super) fn invalid(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        body: &Body,
        refusal: &Refusal,
    ) -> Result<Action, Problems> {
        let object = draft.object;
        let plain = || Problems::from(self.target.refused(object, "apply", refusal, &body.masks));
        let Some(status) = refusal.status() else { return Err(plain()) };
        let Some(there) = look::get(&self.target.cluster, of, &object.id)? else { return Err(plain()) };
        let fixed = match immutable::refused(&status.body, &body.value, &there) {
            Refused::Fixed(fields) => fields,
            Refused::Unclear if self.target.is_valid(of, object, &body.value) => Vec::new(),
            Refused::Unset(paths) => {
                draft.work.takeover = owners::claim(&there, &paths);
                let mut merged = there.clone();
                merge(&mut merged, &object.value());
                return self.compare(draft, of, &there, merged, &body.value);
            }
            Refused::Another => {
                return Err(Problem::error("moved", format!("{} was made again meanwhile", object.id.words()))
                    .note("plan again")
                    .into());
            }
            Refused::Admission | Refused::Invalid | Refused::Unclear => return Err(plain()),
        };
        self.replace(draft, of, &there, &fixed, plain)
    }

    /// An object that must be deleted and made again.
    fn replace(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        there: &Value,
        fixed: &[String],
        refused: impl Fn() -> Problems,
    ) -> Result<Action, Problems> {
        let object = draft.object;
        let mut merged = there.clone();
        merge(&mut merged, &object.value());
        self.compare(draft, of, there, merged, &Value::Null)?;
        let is_shown = |path: &&String| draft.fields.iter().any(|field| field.path.starts_with(path.as_str()));
        let others: Vec<&String> = fixed.iter().filter(|path| !is_shown(path)).collect();
        for path in others {
            let (pattern, change) = (path.clone(), Change::Value(None, None));
            draft.fields.push(Field {
                path: path.clone(),
                pattern,
                change,
                effect: Effect::Risk("cannot change in place"),
            });
        }
        let name = format!("{}/{}", object.id.kind, object.id.name);
        let is_named = self.allowed.replace.iter().any(|named| *named == name || *named == object.id.to_string());
        let problem = |what: &str| {
            let mut wrong = refused();
            if let Some(first) = wrong.first().cloned() {
                wrong = first.note(format!("it cannot change in place: {what}")).into();
            }
            wrong
        };
        let mut live = there.clone();
        live["apiVersion"] = object.api_version.clone().into();
        match immutable::class(&live) {
            Class::Freely => {}
            Class::IfAllowed(_) if is_named || object.annotation(REPLACE.0).as_deref() == Some(REPLACE.1) => {}
            Class::IfAllowed(why) => {
                return Err(problem(&format!(
                    "to delete it and make it again (but {why}): `--replace {name}`, or its annotation `{}: {}`",
                    REPLACE.0, REPLACE.1
                )));
            }
            Class::Never(steps) => return Err(problem(steps)),
        }
        let propagation = immutable::propagation(&live, fixed).word();
        if propagation != "Orphan" {
            draft.restart(there, Action::Replace);
        }
        draft.work.replace = Some(propagation);
        Ok(Action::Replace)
    }
}

impl Kubernetes<'_> {
    /// Who changed fields of an object since it was applied, and would do it again: a line for each field.
    pub(super) fn rivals(&self, object: &object::Object, stack: &str, live: &Value) -> Vec<String> {
        let served = self.cluster.served();
        let Some(of) = served.kind(&object.api_version, &object.id.kind) else { return Vec::new() };
        let Ok(body) = self.body(object, stack, Some(live), &Work::default()) else { return Vec::new() };
        let refusal = self.send(of, object, &body.value, false, true).err();
        let status = refusal.as_ref().and_then(Refusal::status);
        let conflicts = status.map(|status| owners::conflicts(&status.body, &body.value)).unwrap_or_default();
        let answered = conflicts.iter().map(|conflict| (conflict, conflict.answer(Rules::default())));
        answered.filter_map(|(conflict, answer)| Some(conflict.words(answer)?.0)).collect()
    }

    /// Whether the server would take an object under another name: then it is the change that it refuses.
    fn is_valid(&self, of: &Resource, object: &object::Object, body: &Value) -> bool {
        let name = format!("homebuild-probe-{:08x}", getrandom::u32().unwrap_or_default());
        let how = Apply { manager: owners::MANAGER, force: false, dry_run: true };
        let probe = Filled::from(immutable::probe(body, &name));
        self.cluster.create(of, object::place(of, &object.id), &probe, how).is_ok()
    }
}
