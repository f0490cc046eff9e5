//! What is sent of an object.

use serde_json::Value;

use super::object::{self, Masks, Object, is_annotated};
use super::plan::Work;
use super::{Kubernetes, look, owners};
use crate::cluster::{Apply, Refusal, Resource, Written};
use crate::problem::{Problem, Problems};

/// The annotation with the paths that are set when the object is made and then left to their owner.
const LEAVE: &str = "homebuild.dev/leave";

/// The body of an object, and what must not be shown of it.
pub struct Body {
    /// It, with its marks.
    pub value: Value,
    /// Its secrets.
    pub masks: Masks,
}

impl Kubernetes<'_> {
    /// The body of an object for one that is there (`live`, whole or as far as it is known) or is to be made.
    pub(super) fn body(
        &self,
        object: &Object,
        stack: &str,
        live: Option<&Value>,
        work: &Work,
    ) -> Result<Body, Problems> {
        let (mut value, masks) = object.filled(self.fill, work.is_old)?;
        object::mark(&mut value, &object.id, stack);
        if let Some(live) = live {
            for path in left(object) {
                match at(live, &path) {
                    Some(theirs) => put(&mut value, &path, theirs.clone()),
                    None => remove(&mut value, &path),
                }
            }
            if let Some(uid) = live["metadata"]["uid"].as_str() {
                value["metadata"]["uid"] = uid.into();
            }
        }
        if let Some(live) = live.filter(|_| work.settles) {
            value = owners::settled(value, live);
        }
        for path in &work.yields {
            remove(&mut value, &steps(path));
        }
        Ok(Body { value, masks })
    }

    /// Applies a body.
    pub(super) fn send(
        &self,
        of: &Resource,
        object: &Object,
        body: &Value,
        force: bool,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let how = Apply { manager: object::MANAGER, force, dry_run };
        let text = zeroize::Zeroizing::new(body.to_string().into_bytes());
        self.cluster.apply(of, object::place(of, &object.id), &object.id.name, &text, how)
    }

    /// What is wrong with an object's apply, for a reader and without its secrets.
    pub(super) fn refused(&self, object: &Object, what: &str, refusal: &Refusal, masks: &Masks) -> Problem {
        let problem = look::refused(&self.cluster, &format!("cannot {what} {}", object.id.words()), refusal);
        let is_secret = object.id.group.is_empty() && object.id.kind == "Secret";
        let message = masks.hide(&problem.message);
        let message = if is_secret { unquoted(&message) } else { message };
        let notes = problem.notes.iter().map(|note| masks.hide(note)).collect();
        Problem { message, notes, ..problem }.at(&crate::problem::Place::file(&object.file.source))
    }
}

/// A message without the values that it quotes: `Invalid value: "..."`.
fn unquoted(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some((before, value)) = rest.split_once("Invalid value: ") {
        out.push_str(before);
        out.push_str("Invalid value: (secret)");
        let end = value.find("\": ").map(|at| at + 1).or_else(|| value.find("}: ").map(|at| at + 1));
        rest = end.map_or("", |end| &value[end..]);
    }
    out + rest
}

/// The paths that are left to their owner, as steps.
#[must_use]
pub fn left(object: &Object) -> Vec<Vec<String>> {
    let paths = object.annotation(LEAVE).unwrap_or_default();
    paths.split([',', ' ', '\n']).filter(|path| !path.is_empty()).map(steps).collect()
}

/// Whether push must look at the whole live object before it can say what it sends.
#[must_use]
pub fn needs_live(object: &Object) -> bool {
    object.annotation(LEAVE).is_some()
}

/// Whether nothing is waited for.
#[must_use]
pub fn waits_for_nothing(object: &Value) -> bool {
    is_annotated(object, "homebuild.dev/wait", "none")
}

/// `spec.template.spec.containers[name=web].image`, `.spec.replicas` as keys; `[name=web]` chooses an entry of a list,
/// and is a key of a map: `metadata.annotations[example.org/a]`.
fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' if !inside => {
                steps.push("[".to_owned());
                inside = true;
            }
            ']' if inside => {
                steps.push(String::new());
                inside = false;
            }
            '.' if !inside => steps.push(String::new()),
            c => steps.iter_mut().last().into_iter().for_each(|step| step.push(c)),
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

/// What stands in the brackets of a step, if it has any.
fn key(step: &str) -> &str {
    step.strip_prefix('[').unwrap_or(step)
}

/// The place of an entry that a step such as `[name=web`, `[web` or `[0` chooses.
fn entry(list: &[Value], step: &str) -> Option<usize> {
    let inner = key(step);
    let pairs: Vec<(&str, &str)> =
        inner.split(',').map(|pair| pair.split_once('=').unwrap_or(("name", pair))).collect();
    let says = |entry: &Value, key: &str, text: &str| match &entry[key] {
        Value::String(value) => value == text.trim_matches('"'),
        value => text == format!("{value}"),
    };
    let found = list.iter().position(|entry| pairs.iter().all(|(key, text)| says(entry, key, text)));
    found.or_else(|| inner.parse().ok().filter(|at: &usize| *at < list.len()))
}

fn at<'a>(value: &'a Value, steps: &[String]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match value {
        Value::Array(list) => entry(list, step).map(|at| &list[at]),
        Value::Object(map) => map.get(key(step)),
        _ => None,
    })
}

fn parent<'a>(value: &'a mut Value, steps: &[String]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match value {
        Value::Array(list) => entry(list, step).map(|at| &mut list[at]),
        Value::Object(map) => map.get_mut(key(step)),
        _ => None,
    })
}

fn put(value: &mut Value, steps: &[String], new: Value) {
    let Some((last, above)) = steps.split_last() else { return };
    match parent(value, above) {
        Some(Value::Object(map)) => _ = map.insert(key(last).to_owned(), new),
        Some(Value::Array(entries)) => {
            if let Some(at) = entry(entries, last) {
                entries[at] = new;
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, steps: &[String]) {
    let Some((last, above)) = steps.split_last() else { return };
    match parent(value, above) {
        Some(Value::Object(map)) => _ = map.remove(key(last)),
        Some(Value::Array(entries)) => {
            if let Some(at) = entry(entries, last) {
                entries.remove(at);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_names_entries_of_lists() {
        let mut value = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
        for path in ["spec.containers[name=b].image", ".spec.containers[name=\"b\"].image", "spec.containers[1].image"]
        {
            assert_eq!(at(&value, &steps(path)), Some(&json!("y")), "{path}");
        }
        put(&mut value, &steps("spec.containers[name=b].image"), json!("z"));
        assert_eq!(value["spec"]["containers"][1]["image"], "z");
        remove(&mut value, &steps("spec.containers[name=a].image"));
        assert_eq!(value["spec"]["containers"][0], json!({"name": "a"}));
        assert_eq!(at(&value, &steps("spec.nothing[0].here")), None);
        let value = json!({"annotations": {"a.b/c": "d"}, "ports": [{"port": 80, "protocol": "TCP"}]});
        assert_eq!(at(&value, &steps("annotations[a.b/c]")), Some(&json!("d")));
        assert!(at(&value, &steps(".ports[port=80,protocol=\"TCP\"]")).is_some());
    }

    #[test]
    fn a_message_about_a_secret_quotes_nothing() {
        let said = "Secret \"a\" is invalid: data: Invalid value: \"aHVudGVyMg==\": no, type: Invalid value: \"x\": no";
        let hidden = unquoted(said);
        assert!(!hidden.contains("aHVudGVyMg"), "{hidden}");
        assert!(hidden.ends_with(": no"), "{hidden}");
    }
}
