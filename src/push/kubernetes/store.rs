//! Records and leases, kept in the cluster that the stacks run in: a `ConfigMap` and a Lease a stack, in a
//! namespace of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cluster::{Apply, Cluster, Deletion, Part, Refusal, Resource, Select, Verdict, Written};
use crate::digest;
use crate::problem::Problem;
use crate::push::lease::Lease;
use crate::push::record::{Entries, Entry, Record};
use crate::push::target::{Kept, Store, Unsaved};

/// The namespace of records and leases.
pub const NAMESPACE: &str = "homebuild";
/// The label of both; its value is the record's format, which a newer homebuild may change.
const LABEL: &str = "homebuild.dev/record";
/// The annotation of both: the name of the stack.
const STACK: &str = "homebuild.dev/stack";
const MANAGER: &str = "homebuild-inventory";
/// How long a write is tried.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The store of a cluster.
pub struct InCluster {
    cluster: Arc<Cluster>,
    records: Resource,
    leases: Resource,
}

impl InCluster {
    /// The store of this cluster.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>) -> Self {
        let resource = |api_version: &str, kind: &str, plural: &str| Resource {
            api_version: api_version.into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced: true,
            verbs: Vec::new(),
        };
        let records = resource("v1", "ConfigMap", "configmaps");
        let leases = resource("coordination.k8s.io/v1", "Lease", "leases");
        Self { cluster, records, leases }
    }

    fn problem(&self, refusal: &Refusal) -> Problem {
        let problem = self.cluster.problem(refusal);
        match refusal.status() {
            Some(status) if status.code == 403 && refusal.verdict() != Verdict::Terminating => problem.note(format!(
                "push keeps its records in ConfigMaps and its locks in Leases of namespace `{NAMESPACE}`: the context's \
                 user must get, list, create, update and delete them, and make the namespace if it is not there"
            )),
            _ => problem,
        }
    }

    fn failed(&self, refusal: &Refusal) -> Unsaved {
        Unsaved::Failed(self.problem(refusal))
    }

    fn get(&self, of: &Resource, stack: &str) -> Result<Option<Value>, Problem> {
        self.cluster.get(of, Some(NAMESPACE), &name(stack)).map_err(|refusal| self.problem(&refusal))
    }

    /// All of a kind by stack.
    fn all<T>(
        &self,
        of: &Resource,
        read: impl Fn(&str, Value) -> Result<T, Problem>,
    ) -> Result<BTreeMap<String, T>, Problem> {
        let mut all = Vec::new();
        let select = Select { namespace: Some(NAMESPACE), labels: LABEL, fields: "" };
        let listed = self.cluster.list(of, select, Part::Whole, &mut |object| {
            if let Some(stack) = object["metadata"]["annotations"][STACK].as_str().map(str::to_owned) {
                all.push(read(&stack, object).map(|read| (stack, read)));
            }
        });
        listed.map_err(|refusal| self.problem(&refusal))?;
        all.into_iter().collect()
    }

    /// Writes what `content` says (`data`, `spec`) over the object of this version, or where there was none. The new
    /// version. A write without an answer may have been done, now or later: what is there decides.
    fn write(&self, of: &Resource, stack: &str, content: &Value, old: Option<&str>) -> Result<String, Unsaved> {
        let object = object(of, stack, content, old);
        let (began, mut pause) = (Instant::now(), PAUSE);
        loop {
            let refusal = match self.put(of, stack, &object, old) {
                Ok(written) => return Ok(version(&written.object)),
                Err(refusal) => refusal,
            };
            let refusal = match refusal.verdict() {
                Verdict::NoNamespace if old.is_none() => match self.make_namespace() {
                    Ok(()) => continue,
                    Err(refusal) => refusal,
                },
                _ => refusal,
            };
            if is_final(&refusal) {
                return Err(self.failed(&refusal));
            }
            let found = self.get(of, stack).map_err(Unsaved::Failed)?;
            match found {
                Some(found) if is_there(&found, content) => return Ok(version(&found)),
                found if found.as_ref().map(version).as_deref() != old => return Err(Unsaved::Changed),
                _ if began.elapsed() > PATIENCE || self.cluster.is_stopped() => {
                    return Err(self.failed(&refusal));
                }
                _ => self.cluster.pause(pause),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn put(&self, of: &Resource, stack: &str, object: &Value, old: Option<&str>) -> Result<Written, Refusal> {
        let how = Apply { manager: MANAGER, force: false, dry_run: false };
        match old {
            None => self.cluster.create(of, Some(NAMESPACE), object, how),
            Some(_) => self.cluster.update(of, Some(NAMESPACE), &name(stack), object, MANAGER),
        }
    }

    fn make_namespace(&self) -> Result<(), Refusal> {
        let of = Resource {
            api_version: "v1".into(),
            kind: "Namespace".into(),
            plural: "namespaces".into(),
            namespaced: false,
            verbs: Vec::new(),
        };
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        match self.cluster.create(&of, None, &body, Apply { manager: MANAGER, force: false, dry_run: false }) {
            Err(refusal) if refusal.verdict() != Verdict::Exists => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Deletes the object, if it has this version; one that is not there is well deleted.
    fn delete(&self, of: &Resource, stack: &str, version: &str) -> Result<(), Unsaved> {
        let (uid, version) = version.split_once('/').unwrap_or_default();
        let how = Deletion { uid: Some(uid), version: Some(version), propagation: "Background", dry_run: false };
        match self.cluster.delete(of, Some(NAMESPACE), &name(stack), &how) {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.verdict() == Verdict::Changed => Err(Unsaved::Changed),
            Err(refusal) => Err(self.failed(&refusal)),
        }
    }
}

impl Store for InCluster {
    fn records(&self) -> Result<BTreeMap<String, Kept>, Problem> {
        self.all(&self.records, kept)
    }

    fn record(&self, stack: &str) -> Result<Kept, Problem> {
        self.get(&self.records, stack)?.map_or_else(|| Ok(Kept::default()), |object| kept(stack, object))
    }

    fn save(&self, stack: &str, record: &Record, old: Option<&str>) -> Result<String, Unsaved> {
        let entries = record.to_entries(stack).map_err(Unsaved::Failed)?;
        self.write(&self.records, stack, &data(entries), old)
    }

    fn forget(&self, stack: &str, old: &str) -> Result<(), Unsaved> {
        self.delete(&self.records, stack, old)
    }

    fn lease(&self, stack: &str) -> Result<Option<(Lease, String)>, Problem> {
        if self.cluster.is_stopped() {
            // whoever waits for it waits no longer
            return Err(self.problem(&Refusal::Stopped));
        }
        Ok(self.get(&self.leases, stack)?.map(|object| (lease(&object), version(&object))))
    }

    fn leases(&self) -> Result<BTreeMap<String, Lease>, Problem> {
        self.all(&self.leases, |_, object| Ok(lease(&object)))
    }

    fn write_lease(&self, stack: &str, lease: &Lease, old: Option<&str>) -> Result<String, Unsaved> {
        let spec = json!({"spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": lease.seconds,
            "acquireTime": lease.acquired,
            "renewTime": lease.renewed,
            "leaseTransitions": lease.transitions,
        }});
        self.write(&self.leases, stack, &spec, old)
    }

    fn drop_lease(&self, stack: &str, version: &str) -> Result<(), Unsaved> {
        self.delete(&self.leases, stack, version)
    }
}

/// The name of a stack's objects. A stack may be called what no object can be; such a name gets a dot, which no other has.
fn name(stack: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label =
        (1..=63).contains(&stack.len()) && stack.chars().all(|c| is_plain(c) || c == '-') && stack.ends_with(is_plain);
    if is_label { format!("homebuild-stack-{stack}") } else { format!("homebuild-stack.{}", digest::hex(stack, 16)) }
}

/// The version of an object as a store has it. It has the uid too, as a Lease that is no more would be made anew by a
/// change that names only a resource version.
fn version(object: &Value) -> String {
    let of = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("{}/{}", of("uid"), of("resourceVersion"))
}

fn object(of: &Resource, stack: &str, content: &Value, old: Option<&str>) -> Value {
    let mut object = json!({
        "apiVersion": of.api_version,
        "kind": of.kind,
        "metadata": {
            "name": name(stack),
            "namespace": NAMESPACE,
            "labels": {LABEL: "v1"},
            "annotations": {STACK: stack},
        },
    });
    if let Some((uid, version)) = old.and_then(|old| old.split_once('/')) {
        object["metadata"]["uid"] = uid.into();
        object["metadata"]["resourceVersion"] = version.into();
    }
    for (key, value) in content.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}

/// Whether nothing was written, and nothing will be.
fn is_final(refusal: &Refusal) -> bool {
    use Verdict::{Again, Changed, Exists, Missing, NoNamespace, Webhook};
    !matches!(refusal.verdict(), Again | Webhook(_) | Changed | Exists | Missing | NoNamespace)
}

/// Whether an object has what was to be written.
fn is_there(object: &Value, content: &Value) -> bool {
    content.as_object().into_iter().flatten().all(|(key, value)| object[key] == *value)
}

fn data(entries: Entries) -> Value {
    let (mut texts, mut bytes) = (Map::new(), Map::new());
    for (name, entry) in entries {
        match entry {
            Entry::Text(text) => _ = texts.insert(name, text.into()),
            Entry::Bytes(content) => _ = bytes.insert(name, STANDARD.encode(content).into()),
        }
    }
    let mut data = json!({"data": texts});
    if !bytes.is_empty() {
        data["binaryData"] = bytes.into();
    }
    data
}

fn kept(stack: &str, mut object: Value) -> Result<Kept, Problem> {
    let version = Some(version(&object));
    let mut entries = Entries::new();
    for (name, value) in taken(&mut object, "data") {
        if let Value::String(text) = value {
            entries.insert(name, Entry::Text(text));
        }
    }
    for (name, value) in taken(&mut object, "binaryData") {
        // the server takes base64 only
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        entries.insert(name, Entry::Bytes(bytes));
    }
    Ok(Kept { record: Record::from_entries(stack, entries)?, version })
}

fn taken(object: &mut Value, key: &str) -> Map<String, Value> {
    if let Value::Object(map) = object[key].take() { map } else { Map::new() }
}

fn lease(object: &Value) -> Lease {
    let spec = &object["spec"];
    let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| spec[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Lease {
        holder: text("holderIdentity"),
        seconds: number("leaseDurationSeconds"),
        acquired: text("acquireTime"),
        renewed: text("renewTime"),
        transitions: number("leaseTransitions"),
    }
}

#[cfg(test)]
mod tests;
