//! The fields that an earlier tool wrote become homebuild's own, so that what is dropped later really goes away.

use std::collections::BTreeSet;
use std::slice;

use serde_json::{Value, json};

use super::super::fields::{Path, Set};
use super::{MANAGER, Tool, Who, defaults};
use crate::kubernetes::{fixed, kinds};

/// What kubectl keeps of its last file, in clear.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object's fields on their way from earlier tools to homebuild.
#[derive(Debug, Clone, PartialEq)]
pub struct Takeover {
    /// A JSON patch of the object: it changes who owns what, and nothing else; refused where the object has changed.
    pub patch: Value,
    /// Whose fields they were; empty where they were homebuild's own, of an earlier patch.
    pub from: BTreeSet<Tool>,
    /// What the next apply takes away; what the API has a default for comes back with it.
    pub gone: Set,
    /// What stays as it is and belongs to nobody: it is as if it were not said, or it cannot change in place.
    pub released: Set,
}

/// An entry of `metadata.managedFields`.
pub(super) struct Entry<'a> {
    pub(super) json: &'a Value,
    pub(super) who: Who,
    pub(super) fields: Set,
}

impl<'a> Entry<'a> {
    pub(super) fn read(json: &'a Value) -> Option<Self> {
        Some(Self { json, who: Who::of(json["manager"].as_str()?), fields: Set::read(&json["fieldsV1"])? })
    }

    fn is_applied(&self) -> bool {
        self.json["operation"] == "Apply"
    }

    /// Whether it is to become homebuild's; what was written through `status` or `scale` is not.
    fn is_taken(&self, tools: &[Tool]) -> bool {
        let is_whole = self.json["subresource"].as_str().is_none_or(str::is_empty);
        is_whole
            && match self.who {
                Who::Homebuild => true,
                Who::Tool(tool) => tools.contains(&tool) || self.is_unknown() && !tools.is_empty(),
                Who::Human | Who::Controller => false,
            }
    }

    /// Whether it is what was there before the server kept a record.
    fn is_unknown(&self) -> bool {
        self.json["manager"] == "before-first-apply"
    }

    /// Its fields as paths of the object in the version in which it was read: another version may have others.
    fn fields_in(&self, live: &Value) -> Set {
        if self.json["apiVersion"] == live["apiVersion"] { self.fields.clone() } else { self.fields.within(live) }
    }

    /// The entry without some of its fields; none where nothing is left.
    fn without(&self, paths: &[Path]) -> Option<Value> {
        let mut fields = self.fields.clone();
        for path in paths {
            fields.cut(path);
        }
        let mut json = self.json.clone();
        json["fieldsV1"] = fields.to_json();
        (!fields.is_empty()).then_some(json)
    }
}

/// Takes over the fields of an object, read in the version that is wanted, from some tools; none where there is nothing
/// to take. The wanted object is [`settled`](super::settled) first.
#[must_use]
pub fn take_over(live: &Value, wanted: &Value, tools: &[Tool]) -> Option<Takeover> {
    let metadata = &live["metadata"];
    let entries = metadata["managedFields"].as_array()?;
    let entries: Vec<Entry<'_>> = entries.iter().map(Entry::read).collect::<Option<_>>()?;
    let (taken, left): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_taken(tools));
    let last_applied = Path::of(["metadata", "annotations", LAST_APPLIED]);
    let has_last_applied = last_applied.get(live).is_some() && !taken.is_empty();
    let (own, foreign): (Vec<_>, Vec<_>) =
        taken.iter().partition(|entry| entry.is_applied() && entry.who == Who::Homebuild);
    if foreign.is_empty() && !has_last_applied {
        return None;
    }
    let own = fields_of(&own, live);
    let mut all = own.clone().union(&without_the_servers(fields_of(&foreign, live), live));
    if has_last_applied {
        all.insert(&last_applied);
    }
    let released = released(&all.difference(&own), live, wanted);
    let all = without_empty_parents(all.difference(&released), &released, wanted);
    if all.is_empty() && foreign.iter().all(|entry| entry.is_unknown()) {
        return None;
    }
    let mut others = fields_of(&left.iter().collect::<Vec<_>>(), live);
    others.cut(&last_applied);
    let gone = all.with_parents().within(live);
    let gone = gone.difference(&gone.within(wanted)).difference(&others.with_parents());
    let tops = gone.tops();

    Some(Takeover {
        patch: patch(live, left.iter().filter_map(|entry| entry.without(slice::from_ref(&last_applied))), &all),
        from: tools.iter().copied().filter(|tool| foreign.iter().any(|entry| entry.who == Who::Tool(*tool))).collect(),
        gone,
        // what is inside of something that goes away goes with it
        released: released.paths().into_iter().filter(|path| !tops.iter().any(|top| path.is_below(top))).collect(),
    })
}

/// Makes some fields of an object homebuild's alone, so that the next apply, which does not name them, drops them: the
/// JSON patch, or none where the object keeps no record of its fields.
#[must_use]
pub fn claim(live: &Value, paths: &[Path]) -> Option<Value> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let entries: Vec<Entry<'_>> = entries.iter().map(Entry::read).collect::<Option<_>>()?;
    let (own, left): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.is_applied() && entry.who == Who::Homebuild);
    let claimed: Set = paths.iter().cloned().collect();
    let all = fields_of(&own.iter().collect::<Vec<_>>(), live).union(&claimed);
    Some(patch(live, left.iter().filter_map(|entry| entry.without(paths)), &all))
}

/// Brings what is recorded of an object in other versions of its API into the version in which it was read: where a
/// version has lost a field, what was recorded in it makes every apply fail. None where there is nothing of the kind.
#[must_use]
pub fn retag(live: &Value) -> Option<Value> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let entries: Vec<Entry<'_>> = entries.iter().map(Entry::read).collect::<Option<_>>()?;
    if entries.iter().all(|entry| entry.json["apiVersion"] == live["apiVersion"]) {
        return None;
    }
    let retag = |entry: &Entry<'_>| {
        let mut json = entry.json.clone();
        json["apiVersion"] = live["apiVersion"].clone();
        json["fieldsV1"] = entry.fields_in(live).to_json();
        json
    };
    Some(replace(live, entries.iter().map(retag)))
}

/// The patch that gives an object other owners: homebuild with a set of fields, and the rest.
fn patch(live: &Value, others: impl Iterator<Item = Value>, fields: &Set) -> Value {
    let own = json!({
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.to_json(),
    });
    replace(live, others.chain([own]))
}

/// The patch that replaces the record of owners, refused where the object has changed.
fn replace(live: &Value, entries: impl Iterator<Item = Value>) -> Value {
    json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": entries.collect::<Vec<_>>()},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ])
}

impl Takeover {
    /// What the object becomes: the answer of a forced dry-run of the apply, without what goes away. Sent as a dry-run
    /// `PUT` the server answers with the object as it will be, its defaults back in their places.
    #[must_use]
    pub fn after(&self, answer: &Value) -> Value {
        let mut object = answer.clone();
        self.gone.remove(&mut object);
        object
    }
}

/// The fields of some entries.
fn fields_of(entries: &[&Entry<'_>], live: &Value) -> Set {
    entries.iter().fold(Set::default(), |all, entry| all.union(&entry.fields_in(live)))
}

/// Without the fields that are the server's or a controller's, whoever wrote them first.
fn without_the_servers(mut fields: Set, live: &Value) -> Set {
    let of_all = [&["status"][..], &["metadata", "finalizers"], &["metadata", "ownerReferences"]];
    let of_namespaces = [&["metadata", "labels", "kubernetes.io/metadata.name"][..], &["spec", "finalizers"]];
    let more = if live["kind"] == "Namespace" { &of_namespaces[..] } else { &[] };
    for path in of_all.iter().chain(more) {
        fields.cut(&Path::of(path.iter().copied()));
    }
    fields
}

/// What nobody needs to own: not wanted, and either as if it were not said, or what cannot change in place.
fn released(fields: &Set, live: &Value, wanted: &Value) -> Set {
    let text = |key: &str| live[key].as_str().unwrap_or_default();
    let (group, kind) = (kinds::group_of(text("apiVersion")), text("kind"));
    let is_released = |path: &Path| {
        let value = path.get(live);
        let is_default = value.is_some_and(|value| defaults::is_default(kind, path, value, wanted));
        is_default || value.is_some() && fixed::is_fixed(group, kind, &path.to_string())
    };
    let dropped = fields.difference(&fields.within(wanted));
    dropped.paths().into_iter().filter(is_released).collect()
}

/// Without the parents of what was released that have nothing else and are not wanted: the server would remove them
/// with all that is in them.
fn without_empty_parents(mut fields: Set, released: &Set, wanted: &Value) -> Set {
    for path in released.paths() {
        for length in (1..path.0.len()).rev() {
            let parent = Path(path.0[..length].to_vec());
            if parent.get(wanted).is_some() || fields.reaches(&parent) && !fields.ends_at(&parent) {
                break;
            }
            fields.cut(&parent);
        }
    }
    fields
}
