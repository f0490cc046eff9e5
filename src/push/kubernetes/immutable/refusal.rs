//! A 422 of the API server, and what it means.

use serde_json::Value;

use super::super::fields::{Path, Step};
use super::{kind, text};
use crate::kubernetes::fixed;

/// What a refused apply of an object that is there means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// These fields cannot change in place; nothing else is wrong.
    Fixed(Vec<String>),
    /// A value that the object has stands in the way, though nothing asks for it any more: a default, or what somebody
    /// else set. [`owners::claim`](super::super::owners::claim) makes it homebuild's, and the next apply drops it.
    Unset(Vec<Path>),
    /// The object is another one than was meant: it was deleted and made again meanwhile.
    Another,
    /// A policy or a webhook refuses it.
    Admission,
    /// It is wrong in itself.
    Invalid,
    /// A change or the object: only a [`probe`](super::probe) can tell.
    Unclear,
}

/// How the API server says that a field cannot change.
const FIXED: [&str; 11] = [
    "field is immutable",
    "may not change once set",
    "cannot change roleRef",
    "may not be changed in an update",
    "updates to statefulset spec for fields other than",
    "immutable after creation",
    "updates to parameters are forbidden",
    "updates to provisioner are forbidden",
    "updates to reclaimPolicy are forbidden",
    "updates to driverName are forbidden",
    "pod updates may not change fields other than",
];
/// How it says that two values exclude each other.
const EXCLUDED: [&str; 3] = ["may not be specified when", "may not specify more than 1", "may not be set when"];
/// How it says that no policy of its own refused.
const ADMISSION: [&str; 3] = ["ValidatingAdmissionPolicy", "admission webhook", "denied the request"];

/// What a 422 means: the answer, what was sent, and what is there.
#[must_use]
pub fn refused(status: &Value, sent: &Value, live: &Value) -> Refused {
    let causes: Vec<Cause<'_>> =
        status["details"]["causes"].as_array().into_iter().flatten().map(Cause::read).collect();
    let message = text(status, "message");
    if ADMISSION.iter().any(|words| message.contains(words)) {
        return Refused::Admission;
    }
    if causes.is_empty() {
        return Refused::Unclear;
    }
    if causes.iter().any(|cause| cause.field == "metadata.uid") {
        return Refused::Another;
    }
    let unset: Vec<Path> = causes.iter().flat_map(|cause| cause.unset(sent, live)).collect();
    if !unset.is_empty() {
        return Refused::Unset(unset);
    }
    if causes.iter().all(Cause::is_fixed) && knows(sent) {
        let mut fields: Vec<String> = causes.iter().flat_map(|cause| cause.fields(sent, live)).collect();
        fields.dedup();
        return Refused::Fixed(fields);
    }
    // what is said of a field that was not sent is said of what was there
    let is_certain =
        |cause: &Cause<'_>| !cause.is_fixed() && (cause.reason == "FieldValueRequired" || cause.is_of(sent));
    if knows(sent) && causes.iter().all(is_certain) { Refused::Invalid } else { Refused::Unclear }
}

/// Whether the words of the kind's validation are known: Kubernetes' own kinds, not what others define in its name.
fn knows(object: &Value) -> bool {
    let (group, _) = kind(object);
    group == "rbac.authorization.k8s.io" || !group.strip_suffix(".k8s.io").unwrap_or(group).contains('.')
}

/// One of the causes of a refusal.
struct Cause<'a> {
    reason: &'a str,
    field: &'a str,
    message: &'a str,
}

impl<'a> Cause<'a> {
    fn read(cause: &'a Value) -> Self {
        Self { reason: text(cause, "reason"), field: text(cause, "field"), message: text(cause, "message") }
    }

    fn is_fixed(&self) -> bool {
        FIXED.iter().any(|words| self.message.contains(words))
    }

    /// Whether it is about a field of an object.
    fn is_of(&self, object: &Value) -> bool {
        Path::read(self.field, object).is_some_and(|path| path.get(object).is_some())
    }

    /// The fields that it means, where the API server names only what is above them.
    fn fields(&self, sent: &Value, live: &Value) -> Vec<String> {
        let (group, kind) = kind(sent);
        let named = || vec![renamed(self.field).to_owned()];
        if self.field != "spec" && self.field != "spec.persistentvolumesource" {
            return named();
        }
        let spec = sent["spec"].as_object().into_iter().flatten();
        let changed = spec.filter(|(key, value)| !is_part(value, &live["spec"][key.as_str()]));
        let changed: Vec<String> = changed.map(|(key, _)| format!("spec.{key}")).collect();
        let fixed: Vec<String> = changed.iter().filter(|path| fixed::is_fixed(group, kind, path)).cloned().collect();
        [fixed, changed].into_iter().find(|fields| !fields.is_empty()).unwrap_or_else(named)
    }

    /// What stands in the way of the field, where that is what it says.
    fn unset(&self, sent: &Value, live: &Value) -> Vec<Path> {
        let is_excluded = EXCLUDED.iter().any(|words| self.message.contains(words));
        if !is_excluded || !self.reason.starts_with("FieldValue") {
            return Vec::new();
        }
        let Some(path) = Path::read(self.field, live) else { return Vec::new() };
        let is_left = |path: &Path| path.get(live).is_some() && path.get(sent).is_none();
        let (there, others): (Vec<_>, Vec<_>) =
            path.entries(live).into_iter().partition(|path| path.get(sent).is_none());
        let left: Vec<Path> = there.into_iter().filter(is_left).collect();
        if !left.is_empty() {
            return left;
        }
        others.iter().flat_map(|path| rivals(path, self.message, live)).filter(is_left).collect()
    }
}

/// The field beside a path that excludes it: the one that is named, or every one that is an object, as the types of a
/// volume are.
fn rivals(path: &Path, message: &str, live: &Value) -> Vec<Path> {
    let Some((_, parent)) = path.0.split_last() else { return Vec::new() };
    let parent = Path(parent.to_vec());
    let beside = parent.get(live).and_then(Value::as_object).into_iter().flatten();
    let is_rival = |key: &str, value: &Value| {
        message.contains(&format!("`{key}`")) || message.contains("more than 1") && value.is_object()
    };
    let rivals = beside.filter(|(key, value)| is_rival(key, value));
    rivals.map(|(key, _)| parent.and(Step::Field(key.clone()))).collect()
}

/// A field as the object has it, where the API server writes it otherwise.
fn renamed(field: &str) -> &str {
    match field {
        "spec.clusterIPs[0]" => "spec.clusterIP",
        "volumeMode" => "spec.volumeMode",
        "nodeAffinity" => "spec.nodeAffinity",
        "spec.attachedRequired" => "spec.attachRequired",
        _ => field,
    }
}

/// Whether a value says no more than another one: maps may have more keys there.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|whole| is_part(value, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        _ => part == whole,
    }
}
