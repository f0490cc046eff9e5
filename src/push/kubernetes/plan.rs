//! What becomes of each object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::body::{self, Body, needs_live};
use super::charts::{self, Revisions, is_release};
use super::draft::Draft;
use super::fields::Path;
use super::filled::Filled;
use super::look::{self, Live};
use super::object::{Id, Object, comparable};
use super::veil::veil;
use super::{Kubernetes, owners, prune};
use crate::cluster::{Refusal, Resource, Verdict};
use crate::diff::{Field, compare_object};
use crate::kubernetes::duration;
use crate::problem::{Place, Problem, Problems, Source};
use crate::push::each::each;
use crate::push::plan::{Action, Allowed, Planned, Step};
use crate::push::record::{Member, Record, State};
use crate::push::stack::Stack;
use crate::push::target::World;
use crate::yaml;

/// What a step needs to be done.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a decision of its own about one request")]
pub struct Work {
    /// Which object.
    pub id: Option<Id>,
    /// As `out/` has it; none of what is deleted.
    pub object: Option<Arc<Object>>,
    /// Of a chart's release: its repository, and what its values come from.
    pub beside: Vec<Arc<Object>>,
    /// The live object that was planned for.
    pub live: Option<Live>,
    /// Paths that are left to who has them.
    pub yields: Vec<Path>,
    /// Whether fields that people changed by hand are set back.
    pub force: bool,
    /// A JSON patch that hands over the fields of an earlier tool.
    pub takeover: Option<Value>,
    /// How it is deleted before it is made again: `Background`, `Orphan`.
    pub replace: Option<&'static str>,
    /// Whether what the live object says beyond it, meaning nothing, is sent with it.
    pub settles: bool,
    /// Whether a release that is pending is freed at once.
    pub frees: bool,
    /// Whether it is of an earlier tree, and filled in with the secrets of today.
    pub is_old: bool,
}

/// What a plan is made of.
pub(super) struct Planning<'a> {
    pub target: &'a Kubernetes<'a>,
    pub allowed: &'a Allowed,
    /// All objects of the site, and the stack of each.
    pub wanted: BTreeMap<Id, &'a str>,
    /// The stacks in an order in which dependencies come first.
    pub order: BTreeMap<&'a str, usize>,
    /// What charts and definitions bring: the group, and by which stack and what.
    pub brought: BTreeMap<String, (String, String)>,
    /// What autoscalers of the site scale: namespace, kind and name.
    pub scaled: BTreeSet<(String, String, String)>,
    pub world: &'a World<'a>,
    /// The namespaces that are there, once somebody asked; none where they may not be listed.
    pub namespaces: OnceLock<Option<BTreeSet<String>>>,
}

pub(super) fn plan(
    target: &Kubernetes<'_>,
    world: &World<'_>,
    chosen: &[&Stack],
    allowed: &Allowed,
) -> Result<Vec<Planned<Work>>, Problems> {
    timeouts(chosen)?;
    let planning = Planning::new(target, world, allowed);
    let objects: Vec<(&Stack, Object)> = chosen.iter().flat_map(|stack| self::objects(stack)).collect();
    let (charts, objects): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|(_, object)| target.is_for_helm(&object.id));
    let live = planning.look(chosen, &objects)?;
    let revisions = planning.revisions(chosen, &charts)?;
    // steps are large: each is moved once, to where it stays
    let mut steps = each(&objects, |(stack, object)| Box::new(planning.step(stack, object, live.get(&object.id))));
    let releases: Vec<&(&Stack, Object)> = charts.iter().filter(|(_, object)| is_release(&object.id)).collect();
    steps.extend(each(&releases, |(stack, object)| {
        let all = charts.iter().chain(&objects);
        let beside: Vec<&Object> = all.filter(|(of, _)| of.name == stack.name).map(|(_, object)| object).collect();
        Box::new(planning.release(stack, object, &beside, &revisions))
    }));
    let owners = objects.iter().chain(releases).map(|(stack, _)| stack);
    if target.cluster.is_stopped() {
        return Err(Problem::error("interrupted", "interrupted").into());
    }
    let mut of_stack: BTreeMap<&str, Vec<Box<Step<Work>>>> = BTreeMap::new();
    for (stack, step) in owners.zip(steps) {
        of_stack.entry(&stack.name).or_default().push(step);
    }
    let planned = chosen.iter().map(|stack| {
        let steps = of_stack.remove(stack.name.as_str()).unwrap_or_default();
        Planned { stack: stack.name.clone(), steps: steps.into_iter().map(|step| *step).collect() }
    });
    let mut planned: Vec<Planned<Work>> = planned.collect();
    for planned in &mut planned {
        let members = planning.record(&planned.stack).map(|record| &record.members).into_iter().flatten();
        let gone: Vec<(Id, &Member)> = members
            .filter_map(|(id, member)| Some((Id::parse(id)?, member)))
            .filter(|(id, _)| planning.wanted.get(id) != Some(&planned.stack.as_str()))
            .collect();
        planned.steps.extend(prune::leftovers(&planning, &planned.stack, &gone, &live, &revisions)?);
        planned.steps.sort_by(|a, b| (&a.subject.module, &a.id).cmp(&(&b.subject.module, &b.id)));
    }
    Ok(planned)
}

/// The timeouts of modules that are none: told before anything is written.
fn timeouts(chosen: &[&Stack]) -> Result<(), Problems> {
    let modules = chosen.iter().flat_map(|stack| stack.modules.iter().map(move |module| (stack, module)));
    let wrong = modules.filter_map(|(stack, module)| {
        let problem = duration::timeout(module.timeout.as_deref()?).err()?;
        Some(problem.note(format!("it is the `timeout` of module {} in out/{}/stack.lock", module.name, stack.name)))
    });
    wrong.collect::<Problems>().or(())
}

/// The objects of a stack.
pub(super) fn objects(stack: &Stack) -> Vec<(&Stack, Object)> {
    let files = stack.modules.iter().flat_map(|module| module.files.iter().map(move |file| (module, file)));
    files.filter_map(|(module, file)| Some((stack, Object::read(&module.name, file)?))).collect()
}

impl<'a> Planning<'a> {
    pub(super) fn new(target: &'a Kubernetes<'a>, world: &'a World<'a>, allowed: &'a Allowed) -> Self {
        let order = world.order.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let (mut wanted, mut brought, mut scaled) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for stack in &world.stacks {
            for (stack, object) in objects(stack) {
                if object.id.kind == "CustomResourceDefinition" {
                    let group = object.value()["spec"]["group"].as_str().unwrap_or_default().to_owned();
                    brought.insert(group, (stack.name.clone(), object.id.words()));
                }
                if object.id.kind == "HorizontalPodAutoscaler" {
                    let target = &object.value()["spec"]["scaleTargetRef"];
                    let text = |key: &str| target[key].as_str().unwrap_or_default().to_owned();
                    scaled.insert((object.id.namespace.clone(), text("kind"), text("name")));
                }
                wanted.insert(object.id, stack.name.as_str());
            }
            for module in &stack.modules {
                let what = format!("the chart of module {}", module.name);
                let by = |group: &str| (group.to_owned(), (stack.name.clone(), what.clone()));
                brought.extend(charts::groups(module).map(by));
            }
        }
        Self { target, allowed, wanted, order, brought, scaled, world, namespaces: OnceLock::new() }
    }

    pub(super) fn record(&self, stack: &str) -> Option<&'a Record> {
        self.world.records.get(stack).map(|kept| &kept.record)
    }

    /// What is there of the kinds that the stacks have or had.
    fn look(&self, chosen: &[&Stack], objects: &[(&Stack, Object)]) -> Result<BTreeMap<Id, Live>, Problems> {
        let served = self.target.cluster.served();
        let mut kinds: BTreeMap<(String, String), Resource> = BTreeMap::new();
        let mut add = |group: &str, kind: &str| {
            if let Some(of) = served.preferred(group, kind) {
                kinds.entry((group.to_owned(), kind.to_owned())).or_insert_with(|| of.clone());
            }
        };
        for (_, object) in objects {
            add(&object.id.group, &object.id.kind);
        }
        let stacks: BTreeSet<&str> = chosen.iter().map(|stack| stack.name.as_str()).collect();
        for id in stacks.iter().filter_map(|stack| self.record(stack)).flat_map(|record| record.members.keys()) {
            if let Some(id) = Id::parse(id) {
                add(&id.group, &id.kind);
            }
        }
        let kinds: Vec<Resource> = kinds.into_values().collect();
        look::labelled(&self.target.cluster, &kinds, &stacks)
    }

    /// What helm keeps, where any of these stacks has or had a release.
    fn revisions(&self, chosen: &[&Stack], charts: &[(&Stack, Object)]) -> Result<Revisions, Problems> {
        let had = |stack: &&&Stack| {
            let members = self.record(&stack.name).into_iter().flat_map(|record| record.members.keys());
            members.filter_map(|id| Id::parse(id)).any(|id| self.target.is_for_helm(&id))
        };
        if charts.is_empty() && !chosen.iter().any(|stack| had(&stack)) {
            return Ok(Revisions::new());
        }
        Ok(self.target.revisions()?)
    }

    fn step(&self, stack: &Stack, object: &Object, live: Option<&Live>) -> Step<Work> {
        let member = self.record(&stack.name).and_then(|record| record.members.get(&object.id.to_string()));
        let mut draft = Draft::new(stack, object);
        draft.work.is_old = self.allowed.going_back;
        if let (Some(member), Some(live)) = (member, live)
            && is_as_recorded(member, live, object, &stack.name)
        {
            draft.work.live = Some(live.clone());
            // nothing is done for it: of ten thousand it would be most of what a plan holds
            return Step { work: Work::default(), ..draft.step(Action::Unchanged) };
        }
        let judged = self.judge(&mut draft, live);
        draft.end(judged)
    }

    /// What becomes of an object that may have to be written.
    fn judge(&self, draft: &mut Draft<'_>, live: Option<&Live>) -> Result<Action, Problems> {
        let served = self.target.cluster.served();
        let (object, cluster) = (draft.object, &self.target.cluster);
        let Some(of) = served.kind(&object.api_version, &object.id.kind) else {
            return self.unserved(draft);
        };
        if of.namespaced == object.id.namespace.is_empty() {
            return Err(wrong_scope(object, of).into());
        }
        if !self.has_namespace(&object.id.namespace) {
            return self.homeless(draft);
        }
        let whole = if needs_live(object) { look::get(cluster, of, &object.id)? } else { None };
        let known = whole.clone().or_else(|| live.map(uid_only));
        let body = self.target.body(object, draft.stack, known.as_ref(), &draft.work)?;
        match self.target.send(of, object, &body.value, false, true) {
            Ok(written) if written.created => {
                draft.warn(&written, &body.masks);
                Ok(Action::Create)
            }
            Ok(written) => {
                draft.warn(&written, &body.masks);
                if let Some(live) = live.filter(|live| is_as_before(live, &written.object)) {
                    draft.work.live = Some(live.clone());
                    if live.owner.as_deref() == Some(draft.stack) {
                        return Ok(Action::Unchanged);
                    }
                }
                let Some(there) = whole.map_or_else(|| look::get(cluster, of, &object.id), |w| Ok(Some(w)))? else {
                    return Ok(Action::Create);
                };
                let (new, sent) = self.settled(draft, of, &there, written.object, body.value, false);
                self.compare(draft, of, &there, new, &sent)
            }
            Err(refusal) => self.refused(draft, of, &body, &refusal),
        }
    }

    /// What an object becomes without what the live one says beyond it and means nothing by; and what is sent for it.
    pub(super) fn settled(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        there: &Value,
        new: Value,
        body: Filled,
        force: bool,
    ) -> (Value, Filled) {
        let mut settled = body.clone();
        *settled = owners::settled(std::mem::take(&mut *settled), there);
        if settled == body {
            return (new, body);
        }
        draft.work.settles = true;
        match self.target.send(of, draft.object, &settled, force, true) {
            Ok(written) => (written.object, settled),
            Err(_) => (new, body),
        }
    }

    /// What a server refused in the dry run.
    fn refused(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        body: &Body,
        refusal: &Refusal,
    ) -> Result<Action, Problems> {
        match refusal.verdict() {
            Verdict::NoNamespace | Verdict::Terminating => self.homeless(draft),
            Verdict::NotServed => self.unserved(draft),
            Verdict::Conflict => self.conflict(draft, of, body, refusal),
            Verdict::Invalid => self.invalid(draft, of, body, refusal),
            Verdict::Webhook(name) => {
                draft.notes.push(format!("not tried: the webhook {name} does not answer"));
                self.untried(draft, of, body)
            }
            Verdict::NoDryRun => {
                draft.notes.push("not tried: a webhook cannot be asked in a dry run".to_owned());
                self.untried(draft, of, body)
            }
            _ => Err(self.target.refused(draft.object, "apply", refusal, &body.masks).into()),
        }
    }

    /// An object that could not be tried: it is made or changed, what of it is not known.
    fn untried(&self, draft: &mut Draft<'_>, of: &Resource, body: &Body) -> Result<Action, Problems> {
        match look::get(&self.target.cluster, of, &draft.object.id)? {
            None => Ok(Action::Create),
            Some(there) => {
                let mut merged = there.clone();
                merge(&mut merged, &body.value);
                self.compare(draft, of, &there, merged, &body.value)
            }
        }
    }

    /// An object that is there, and what it would become by what is sent.
    pub(super) fn compare(
        &self,
        draft: &mut Draft<'_>,
        of: &Resource,
        there: &Value,
        new: Value,
        body: &Value,
    ) -> Result<Action, Problems> {
        let live = Live::of(there, &draft.object.id);
        let action = self.ownership(draft, there, &live)?;
        let is_taken = draft.problem.is_none() && draft.work.takeover.is_none();
        let new = if is_taken { self.taken_over(draft, of, there, new, body) } else { new };
        let new = left_as(draft, there, new)?;
        draft.fields = self.fields(draft, there, &new);
        if action == Action::Configure {
            let paths = draft.fields.iter().map(|field| field.path.as_str());
            draft.by = owners::authors(there, paths, self.is_as_pushed(draft));
        }
        draft.restart(there, action);
        draft.work.live = Some(live);
        Ok(match action {
            Action::Configure
                if draft.fields.is_empty() && draft.work.takeover.is_none() && is_marked(there, draft) =>
            {
                Action::Unchanged
            }
            action => action,
        })
    }

    /// Whose object it is, and what that makes of a change.
    fn ownership(&self, draft: &mut Draft<'_>, there: &Value, live: &Live) -> Result<Action, Problems> {
        let id = &draft.object.id;
        match live.owner.as_deref() {
            Some(owner) if owner == draft.stack => Ok(Action::Configure),
            Some(owner) => match self.wanted.get(id) {
                Some(wanted) if *wanted == owner => Err(Problem::error(
                    "two-stacks",
                    format!("{} is in the stacks `{owner}` and `{}`", id.words(), draft.stack),
                )
                .into()),
                _ => {
                    draft.notes.push(format!("from stack {owner}"));
                    Ok(Action::Move)
                }
            },
            None => Ok(self.adoption(draft, there)),
        }
    }

    /// Whether `out/` has an object as it was pushed the last time.
    fn is_as_pushed(&self, draft: &Draft<'_>) -> bool {
        let members = self.record(draft.stack).map(|record| &record.members);
        let member = members.and_then(|members| members.get(&draft.object.id.to_string()));
        member.is_some_and(|member| member.state == State::Owned && member.digest == draft.object.file.digest)
    }

    /// The fields that differ between what is there and what would be.
    pub(super) fn fields(&self, draft: &Draft<'_>, there: &Value, new: &Value) -> Vec<Field> {
        let (mut old, mut new) = (comparable(there), comparable(new));
        if draft.object.has_secrets() {
            let text = draft.object.value();
            veil(&text, &mut old);
            veil(&text, &mut new);
        }
        if old == new {
            return Vec::new();
        }
        match (node(&old), node(&new)) {
            (Some(old), Some(new)) => compare_object(&draft.subject(), old, new, self.target.kinds),
            _ => Vec::new(),
        }
    }
}

/// What an object becomes, where what is left to others is as it is there: they may have changed it meanwhile.
fn left_as(draft: &Draft<'_>, there: &Value, mut new: Value) -> Result<Value, Problem> {
    for path in body::left(draft.object, there)?.iter().chain(&draft.work.yields) {
        path.set(&mut new, path.get(there));
    }
    Ok(new)
}

/// Whether nothing happened since it was recorded.
fn is_as_recorded(member: &Member, live: &Live, object: &Object, stack: &str) -> bool {
    member.state == State::Owned
        && member.uid.as_deref() == Some(&live.uid)
        && member.version.as_deref() == Some(&live.version)
        && member.digest == object.file.digest
        && member.module == object.module
        && live.owner.as_deref() == Some(stack)
        && !live.is_going
}

/// Whether a dry run would change nothing, as far as metadata can say it: only of kinds that count their changes.
fn is_as_before(live: &Live, new: &Value) -> bool {
    live.generation.is_some()
        && live.generation == new["metadata"]["generation"].as_u64()
        && *live.marks == look::Marks::of(new)
}

/// Whether it carries the marks of its stack.
fn is_marked(there: &Value, draft: &Draft<'_>) -> bool {
    super::object::owner(there, &draft.object.id) == Some(draft.stack)
        && there["metadata"]["labels"][super::object::STACK].as_str() == Some(draft.stack)
}

/// What is known of an object of which only metadata were read.
fn uid_only(live: &Live) -> Value {
    serde_json::json!({"metadata": {"uid": live.uid}})
}

fn wrong_scope(object: &Object, of: &Resource) -> Problem {
    let what =
        if of.namespaced { "lives in a namespace, and names none" } else { "lives in no namespace, and names one" };
    Problem::error("scope", format!("{} {what}", object.id.words())).at(&place(object))
}

/// Where an object stands in `out/`.
pub(super) fn place(object: &Object) -> Place {
    Place::file(&object.file.source)
}

/// A JSON value as a tree.
pub(super) fn node(value: &Value) -> Option<yaml::Node> {
    yaml::parse_one(&Source::new("", value.to_string())).ok()
}

/// Lays an object over what is there, where the server cannot be asked: maps by key, all else as it is.
pub(super) fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
