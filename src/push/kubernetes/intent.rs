//! What a cluster keeps otherwise than it was told, though nobody else wrote it: a webhook, a policy or the API's own
//! rules made something else of the request. A dry run does not show it, since it is changed in the same way.
//!
//! Only fields that homebuild applied are looked at, path by path as the server took them, so that an entry of a list is
//! the same entry wherever it stands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::draft::subject;
use super::fields::{Path, Set, Step};
use super::object::{Object, comparable};
use super::plan::node;
use super::veil::veil;
use super::{Kubernetes, body, owners};
use crate::diff::{Difference, Effect, Field, Verb, compare_object};
use crate::kubernetes::quantity::Quantity;
use crate::secrets::reference::has_reference;

/// An object of which something was overridden: what `out/` has, and what is there.
pub(super) fn overridden(target: &Kubernetes<'_>, stack: &str, object: &Object, live: &Value) -> Option<Difference> {
    let wanted = object.value();
    let left = body::left(object, live).unwrap_or_default();
    let is_secret = object.id.group.is_empty() && object.id.kind == "Secret";
    let is_silent = |path: &Path| {
        let is_below = |top: &Path| path.is_below(top);
        left.iter().any(is_below) || is_secret && ["data", "stringData"].map(|key| Path::of([key])).iter().any(is_below)
    };
    let paths: BTreeSet<Path> = paths(&wanted, live).into_iter().filter(|path| !is_silent(path)).collect();
    if paths.is_empty() {
        return None;
    }
    let (mut intended, mut there) = (live.clone(), live.clone());
    for path in &paths {
        restore(path, &wanted, &mut intended);
    }
    veil(&wanted, &mut intended);
    veil(&wanted, &mut there);
    let subject = subject(stack, &object.module, &object.id, &object.file.source.path);
    let fields = compare_object(&subject, node(&comparable(&intended))?, node(&comparable(&there))?, target.kinds);
    // it is so already: nothing follows from it
    let fields: Vec<Field> = fields.into_iter().map(|field| Field { effect: Effect::None, ..field }).collect();
    (!fields.is_empty()).then_some(Difference { subject, verb: Verb::Changed, note: None, fields })
}

/// The paths that an object was applied with, and that it has otherwise; what is gone as a whole is named as a whole.
fn paths(wanted: &Value, live: &Value) -> Vec<Path> {
    let (own, others) = applied(live);
    let is_ours = |path: &Path| own.ends_at(path) && !has(&others, path);
    let is_kept =
        |path: &Path| is_kept(path.get(wanted).unwrap_or(&Value::Null), path.get(live).unwrap_or(&Value::Null));
    let differing = own.paths().into_iter().filter(|path| is_ours(path) && !is_kept(path));
    differing.map(|path| top(path, wanted, live)).collect()
}

/// Whether a path is in a set, or something in it is, or the whole that it is in.
fn has(set: &Set, path: &Path) -> bool {
    let is_in = |length| set.ends_at(&Path(path.0[..length].to_vec()));
    set.reaches(path) || (1..path.0.len()).any(is_in)
}

/// What homebuild applied to an object in the version in which it was read, and what others wrote.
fn applied(live: &Value) -> (Set, Set) {
    let entries = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let (mut own, mut others) = (Set::default(), Set::default());
    for entry in entries {
        let fields = Set::read(&entry["fieldsV1"]).unwrap_or_default();
        let is_own = entry["manager"] == owners::MANAGER && entry["operation"] == "Apply";
        match is_own {
            true if entry["apiVersion"] == live["apiVersion"] => own = own.union(&fields),
            true => {}
            false => others = others.union(&fields),
        }
    }
    (own, others)
}

/// The uppermost part of what is not there, of which something is wanted.
fn top(mut path: Path, wanted: &Value, live: &Value) -> Path {
    while path.0.len() > 1 {
        let above = Path(path.0[..path.0.len() - 1].to_vec());
        if above.get(live).is_some() || above.get(wanted).is_none() {
            break;
        }
        path = above;
    }
    path
}

/// Puts what is wanted at a path back into an object.
fn restore(path: &Path, wanted: &Value, object: &mut Value) {
    let Some(value) = path.get(wanted) else { return };
    let Some((Step::Key(_) | Step::Value(_), above)) = path.0.split_last() else {
        return path.put(object, value.clone());
    };
    let above = Path(above.to_vec());
    let list = above.get(object).and_then(Value::as_array).cloned().unwrap_or_default();
    above.put(object, list.into_iter().chain([value.clone()]).collect());
}

/// Whether a value is kept as it was told, however the server writes it: a quantity in its own form, nothing where it was
/// told an empty value, and more beside it. Of a secret it cannot be said, and is believed.
fn is_kept(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(ours), _) if has_reference(ours) => true,
        (ours, Value::Null) => is_nothing(ours),
        (Value::Null, _) => true,
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.iter().all(|(key, value)| is_kept(value, theirs.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_kept(ours, theirs))
        }
        (ours, theirs) => ours == theirs || is_same(&text(ours), &text(theirs)),
    }
}

/// Whether it says the same as saying nothing does: the server leaves it out.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_nothing),
        Value::Object(map) => map.values().all(is_nothing),
    }
}

/// Whether two texts are the same, or the same amount.
fn is_same(a: &str, b: &str) -> bool {
    a == b || Quantity::parse(a).is_some_and(|a| Some(a) == Quantity::parse(b))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(mut object: Value, fields: &Value, others: &Value) -> Value {
        object["metadata"]["managedFields"] = json!([
            {"manager": "homebuild", "operation": "Apply", "fieldsV1": fields},
            {"manager": "other", "operation": "Update", "fieldsV1": others},
        ]);
        object
    }

    fn differing(wanted: &Value, object: Value, fields: &Value, others: &Value) -> Vec<String> {
        paths(wanted, &live(object, fields, others)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_entry_of_a_list_is_found_by_its_name_and_what_others_wrote_is_theirs() {
        let fields = json!({"f:spec": {"f:replicas": {}, "f:containers": {
            r#"k:{"name":"a"}"#: {".": {}, "f:image": {}}, r#"k:{"name":"b"}"#: {".": {}, "f:image": {}, "f:name": {}}}}});
        let wanted = json!({"spec": {"replicas": 1, "containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}});
        let there = json!({"spec": {"replicas": 2, "containers": [{"name": "b", "image": "b:1"}, {"name": "a", "image": "mirror/a:1"}]}});
        assert_eq!(
            differing(&wanted, there.clone(), &fields, &json!({})),
            ["spec.containers[a].image", "spec.replicas"]
        );
        let others = json!({"f:spec": {"f:replicas": {}}});
        assert_eq!(differing(&wanted, there, &fields, &others), ["spec.containers[a].image"]);
        let gone = json!({"spec": {"replicas": 1, "containers": [{"name": "a", "image": "a:1"}]}});
        assert_eq!(differing(&wanted, gone, &fields, &json!({})), ["spec.containers[b]", "spec.containers[b]"]);
    }

    #[test]
    fn what_a_server_writes_in_its_own_form_is_kept() {
        for (ours, theirs) in [
            (json!("1000m"), json!("1")),
            (json!("1024Mi"), json!("1Gi")),
            (json!(1), json!("1")),
            (json!(1.0), json!(1)),
            (json!({}), Value::Null),
            (json!({"a": null, "b": []}), Value::Null),
            (json!({"emptyDir": {}}), json!({"emptyDir": {}, "more": 1})),
            (json!("x<secret:a#00000000>"), json!("xhunter2")),
        ] {
            assert!(is_kept(&ours, &theirs), "{ours} {theirs}");
        }
        for (ours, theirs) in [
            (json!(3), json!(2)),
            (json!("a"), Value::Null),
            (json!(["a", "b"]), json!(["a"])),
            (json!(true), json!(false)),
        ] {
            assert!(!is_kept(&ours, &theirs), "{ours} {theirs}");
        }
    }
}
