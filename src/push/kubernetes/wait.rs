//! Waiting until objects are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::object::{Id, Object, STACK};
use super::ready::reason::Waiting;
use super::ready::{self, Beside, Status, timeout};
use super::{Kubernetes, intent, look, plan};
use crate::cluster::{Part, Resource, Select};
use crate::kubernetes::duration;
use crate::problem::{Problem, Problems};
use crate::push::journal::Journal;
use crate::push::report::Event;
use crate::push::stack::{Module, Stack};
use crate::push::target::Seen;

/// Pauses between two looks: short at first, since most objects are ready at once.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);
/// From when on it is said what is waited for.
const SAID: Duration = Duration::from_secs(1);
/// How long an object that vanished may stay so.
const GONE: Duration = Duration::from_secs(10);
/// Objects of which a timeout tells in full.
const TOLD: usize = 5;

/// An object that was applied, and how far it is.
#[derive(Debug, Clone)]
pub(super) struct Applied {
    pub id: Id,
    pub api_version: String,
    /// The resource version when it was written.
    pub version: String,
    /// The resource version when it was found to be ready; none where it was ready as it was written.
    pub seen: Option<String>,
    /// What its apply answered; none where nothing was written.
    answer: Option<ready::Applied>,
    /// As much of it as is needed to judge it when it is gone.
    sent: Value,
    /// How far it was when it was last seen.
    last: Option<Status>,
    is_ready: bool,
}

impl Applied {
    /// What the server answered. Of a custom resource its definition must be known to say whether it is ready.
    pub fn of(id: &Id, api_version: &str, answer: &Value, is_custom: bool) -> Self {
        let applied = ready::Applied::of(answer);
        let status = ready::status(answer, Some(&applied), &Beside::default(), Duration::ZERO);
        Self {
            id: id.clone(),
            api_version: api_version.to_owned(),
            version: answer["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned(),
            seen: None,
            answer: Some(applied),
            sent: essence(answer),
            last: None,
            is_ready: matches!(&status, Status::Current { note } if note.is_some() || !is_custom),
        }
    }

    /// Nothing is to be waited for: who made it has waited.
    pub fn ready(id: &Id, api_version: &str, version: &str) -> Self {
        Self { is_ready: true, ..Self::seen(id, api_version, version) }
    }

    /// It was there already, in this version; whether it is ready is not known.
    pub fn seen(id: &Id, api_version: &str, version: &str) -> Self {
        Self {
            id: id.clone(),
            api_version: api_version.to_owned(),
            version: version.to_owned(),
            seen: None,
            answer: None,
            sent: Value::Null,
            last: None,
            is_ready: false,
        }
    }
}

/// What says whether an object takes itself away.
fn essence(object: &Value) -> Value {
    let ttl = &object["spec"]["ttlSecondsAfterFinished"];
    serde_json::json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "spec": {"ttlSecondsAfterFinished": ttl}})
}

/// Waits until all are ready, or one has failed, or the module's time is over.
pub(super) fn wait(
    target: &Kubernetes<'_>,
    module: &Module,
    all: &mut [Applied],
    journal: &Journal<'_>,
) -> Result<(), Problems> {
    if all.iter().all(|applied| applied.is_ready) {
        return Ok(());
    }
    let sent: Vec<Value> =
        module.files.iter().filter_map(|file| Object::read(&module.name, file)).map(|object| object.value()).collect();
    let limit = timeout::of_module(module.timeout.as_deref(), &sent)?;
    let mut waiting = Wait { target, journal, module, begin: Instant::now(), failed: BTreeMap::new() };
    let mut pause = SHORTEST;
    loop {
        let open = waiting.look(all)?;
        if open.is_empty() {
            return Ok(());
        }
        let waited = waiting.begin.elapsed();
        if let Some(problems) = waiting.given_up(&open, limit) {
            return Err(problems);
        }
        if target.cluster.is_stopped() {
            return Err(Problem::error("interrupted", "interrupted").into());
        }
        if waited > SAID {
            waiting.say(&open[0]);
        }
        target.cluster.pause(pause);
        pause = (pause * 2).min(LONGEST).min(Duration::from_millis(500).max(waited / 10));
    }
}

/// How the objects of a stack are.
pub(super) fn seen(target: &Kubernetes<'_>, stack: &Stack) -> Result<Seen, Problems> {
    let objects = plan::objects(stack);
    let all: Vec<Applied> =
        objects.iter().map(|(_, object)| Applied::seen(&object.id, &object.api_version, "")).collect();
    let found = read(target, &all, &stack.name)?;
    let beside = beside(target, &found);
    let mut seen = Seen::default();
    for (_, object) in &objects {
        let difference = found.get(&object.id).and_then(|live| intent::overridden(target, &stack.name, object, live));
        seen.overridden.extend(difference.map(|difference| (object.id.to_string(), difference)));
    }
    for (id, object) in found {
        let status = ready::status(&object, None, &beside, GONE);
        if !status.is_current() {
            let open = Open { object, id, status };
            let (pods, events) = around(target, &open);
            let (pods, events): (Vec<&Value>, Vec<&Value>) = (pods.iter().collect(), events.iter().collect());
            seen.unready
                .push(Waiting { object: &open.object, status: &open.status, pods: &pods, events: &events }.line());
        }
    }
    Ok(seen)
}

/// An object that is not ready.
struct Open {
    object: Value,
    id: Id,
    status: Status,
}

struct Wait<'a> {
    target: &'a Kubernetes<'a>,
    journal: &'a Journal<'a>,
    module: &'a Module,
    begin: Instant,
    /// Since when objects have failed.
    failed: BTreeMap<Id, Instant>,
}

impl Wait<'_> {
    /// Looks at all that are not ready yet. Those that still are not.
    fn look(&self, all: &mut [Applied]) -> Result<Vec<Open>, Problems> {
        let found = read(self.target, all, self.journal.stack())?;
        let beside = beside(self.target, &found);
        let mut open = Vec::new();
        for applied in all.iter_mut().filter(|applied| !applied.is_ready) {
            let (object, status) = if let Some(object) = found.get(&applied.id) {
                let status = ready::status(object, applied.answer.as_ref(), &beside, self.begin.elapsed());
                (object.clone(), status)
            } else {
                (Value::Null, ready::gone(&applied.sent, applied.last.as_ref()))
            };
            applied.last = Some(status.clone());
            if status.is_current() {
                applied.is_ready = true;
                applied.seen = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
            } else {
                open.push(Open { object, id: applied.id.clone(), status });
            }
        }
        Ok(open)
    }

    /// Why there is nothing to wait for any more.
    fn given_up(&mut self, open: &[Open], limit: Duration) -> Option<Problems> {
        let now = Instant::now();
        self.failed.retain(|id, _| open.iter().any(|open| open.id == *id && patience(&open.status).is_some()));
        let mut failed = Vec::new();
        for open in open {
            if let Some(patience) = patience(&open.status) {
                let since = *self.failed.entry(open.id.clone()).or_insert(now);
                if now.duration_since(since) >= patience {
                    failed.push(open);
                }
            }
        }
        if !failed.is_empty() {
            return Some(failed.iter().take(TOLD).map(|open| self.problem(open, "did not become ready")).collect());
        }
        let late = format!("did not become ready in {}", duration::shown(limit));
        (self.begin.elapsed() >= limit).then(|| open.iter().take(TOLD).map(|open| self.problem(open, &late)).collect())
    }

    fn problem(&self, open: &Open, what: &str) -> Problem {
        let (pods, events) = around(self.target, open);
        let (pods, events): (Vec<&Value>, Vec<&Value>) = (pods.iter().collect(), events.iter().collect());
        let waiting = Waiting { object: &open.object, status: &open.status, pods: &pods, events: &events };
        let problem = Problem::error("not-ready", format!("{} {what}", open.id.words()));
        if open.object.is_null() {
            return problem.note("it is not there any more: something else deleted it");
        }
        waiting.account().into_iter().chain(self.rivals(open)).fold(problem, Problem::note)
    }

    /// Who else writes the object, and so may keep it from becoming ready.
    fn rivals(&self, open: &Open) -> Vec<String> {
        let mut objects = self.module.files.iter().filter_map(|file| Object::read(&self.module.name, file));
        let object = objects.find(|object| object.id == open.id);
        object.map(|object| self.target.rivals(&object, self.journal.stack(), &open.object)).unwrap_or_default()
    }

    fn say(&self, open: &Open) {
        let (pods, events) = around(self.target, open);
        let (pods, events): (Vec<&Value>, Vec<&Value>) = (pods.iter().collect(), events.iter().collect());
        let line = match &open.object {
            Value::Null => format!("{} is not there", open.id.words()),
            object => Waiting { object, status: &open.status, pods: &pods, events: &events }.line(),
        };
        self.journal.tell(&self.module.name, Event::Waits(line));
    }
}

/// The pods of a workload, and what happened around it.
fn around(target: &Kubernetes<'_>, open: &Open) -> (Vec<Value>, Vec<Value>) {
    let Some(namespace) = open.id.namespace() else { return (Vec::new(), Vec::new()) };
    let served = target.cluster.served();
    let list = |kind: &str, labels: &str| {
        let mut found = Vec::new();
        let select = Select { namespace: Some(namespace), labels, fields: "" };
        if let Some(of) = served.kind("v1", kind) {
            let _ = target.cluster.list(of, select, Part::Whole, &mut |item| found.push(item));
        }
        found
    };
    let selector = open.object["spec"]["selector"]["matchLabels"].as_object();
    let labels: Vec<String> =
        selector.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let pods = if labels.is_empty() { Vec::new() } else { list("Pod", &labels.join(",")) };
    let is_near = |event: &Value| {
        let name = event["involvedObject"]["name"].as_str().unwrap_or_default();
        name == open.id.name || name.strip_prefix(&open.id.name).is_some_and(|rest| rest.starts_with('-'))
    };
    (pods, list("Event", "").into_iter().filter(is_near).collect())
}

/// How long a status must stay so before it is believed; none of one that has not failed.
fn patience(status: &Status) -> Option<Duration> {
    match status {
        Status::Failed { patience, .. } => Some(*patience),
        Status::NotFound => Some(GONE),
        _ => None,
    }
}

/// The objects that are not ready yet, one list a kind and namespace.
fn read(target: &Kubernetes<'_>, all: &[Applied], stack: &str) -> Result<BTreeMap<Id, Value>, Problems> {
    let served = target.cluster.served();
    let mut places: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for applied in all.iter().filter(|applied| !applied.is_ready) {
        let place = (applied.api_version.as_str(), applied.id.kind.as_str(), applied.id.namespace.as_str());
        places.entry(place).or_default().insert(&applied.id.name);
    }
    let labels = format!("{STACK}={stack}");
    let mut found = BTreeMap::new();
    for ((api_version, kind, namespace), names) in places {
        let Some(of) = served.kind(api_version, kind) else { continue };
        let select = Select {
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
            labels: &labels,
            fields: "",
        };
        let listed = target.cluster.list(of, select, Part::Whole, &mut |mut item| {
            item["apiVersion"] = api_version.into();
            item["kind"] = kind.into();
            if let Some(id) = Id::of(&item).filter(|id| names.contains(id.name.as_str())) {
                found.insert(id, item);
            }
        });
        listed.map_err(|refusal| {
            look::refused(&target.cluster, &format!("cannot list the objects of kind {kind}"), &refusal)
        })?;
    }
    Ok(found)
}

/// What else must be known to judge these.
fn beside(target: &Kubernetes<'_>, found: &BTreeMap<Id, Value>) -> Beside {
    let served = target.cluster.served();
    let mut beside = target.defined(found);
    let mut add = |of: Option<&Resource>| {
        if let Some(of) = of {
            let _ = target.cluster.list(of, Select::default(), Part::Whole, &mut |mut item| {
                item["apiVersion"] = of.api_version.clone().into();
                item["kind"] = of.kind.clone().into();
                beside.add(&item);
            });
        }
    };
    let has = |kind: &str| found.keys().any(|id| id.kind == kind);
    if has("PersistentVolumeClaim") {
        add(served.preferred("storage.k8s.io", "StorageClass"));
    }
    if has("MutatingWebhookConfiguration") || has("ValidatingWebhookConfiguration") {
        add(served.preferred("discovery.k8s.io", "EndpointSlice"));
    }
    beside
}

impl Kubernetes<'_> {
    /// What the definitions of these objects' kinds say.
    fn defined(&self, found: &BTreeMap<Id, Value>) -> Beside {
        let served = self.cluster.served();
        let mut defined = self.defined.lock().unwrap_or_else(PoisonError::into_inner);
        let custom = found.iter().filter(|(_, object)| is_custom(self, object)).map(|(id, _)| id);
        let kinds: BTreeSet<(&str, &str)> = custom.map(|id| (id.group.as_str(), id.kind.as_str())).collect();
        let definitions = served.preferred("apiextensions.k8s.io", "CustomResourceDefinition");
        for (group, kind) in kinds {
            let Some((of, kind)) = definitions.zip(served.preferred(group, kind)) else { continue };
            let name = format!("{}.{group}", kind.plural);
            if defined.0.contains(&name) {
                continue;
            }
            if let Ok(Some(mut item)) = self.cluster.get(of, None, &name) {
                item["apiVersion"] = of.api_version.clone().into();
                item["kind"] = of.kind.clone().into();
                defined.1.add(&item);
                defined.0.insert(name);
            }
        }
        defined.1.clone()
    }
}

/// Whether an object's kind is not Kubernetes' own.
pub(super) fn is_custom(target: &Kubernetes<'_>, object: &Value) -> bool {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    target.kinds.kind(text("apiVersion"), text("kind")).is_none_or(|kind| kind.custom)
}
