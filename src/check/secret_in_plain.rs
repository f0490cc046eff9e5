//! `secret-in-plain`: a reference to a secret stands where everyone who may read the object can read it.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};
use crate::secrets::reference::has_reference;
use crate::yaml::{Data, Node};

pub(super) const CHECK: Check = Check {
    name: "secret-in-plain",
    default: Verdict::Deny,
    means: "A reference to a secret stands outside of Secrets, cloud-init files and Proxmox payloads.",
    matters: "Everyone who may read the object, or the file, reads the secret.",
    fix: "put it into a Secret, or accept it: `accept: {secret-in-plain: why}`",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    match object.body {
        Body::Text(text) if has_reference(text) => {
            let message = "a secret stands in a plain file".to_owned();
            found.push(object.finding(message, Of::Secret(text)));
        }
        // paths are made only where something is found: every object passes here
        Body::Tree(node) if !may_hold(object) && holds(node) => {
            let mut fields = Vec::new();
            find(node, &mut String::new(), &mut fields);
            let kind = object.what.kind;
            let message = |path: &str| format!("a secret stands in `{path}` of a {kind}, where it can be read");
            found.extend(fields.iter().map(|(path, text)| object.finding(message(path), Of::Secret(text))));
        }
        _ => {}
    }
}

/// Whether secrets belong there.
fn may_hold(object: &Object<'_>) -> bool {
    object.what.is("", "Secret") || object.what.is("homebuild", "CloudInit")
}

fn holds(node: &Node) -> bool {
    match &node.data {
        Data::Str(text) => has_reference(text),
        Data::List(list) => list.iter().any(holds),
        Data::Map(map) => map.iter().any(|(_, value)| holds(value)),
        _ => false,
    }
}

fn find<'a>(node: &'a Node, path: &mut String, found: &mut Vec<(String, &'a str)>) {
    match &node.data {
        Data::Str(text) if has_reference(text) => found.push((path.clone(), text)),
        Data::List(list) => {
            for (index, item) in list.iter().enumerate() {
                below(path, &format!("[{index}]"), |path| find(item, path, found));
            }
        }
        Data::Map(map) => {
            for (key, value) in map.iter() {
                let step = if path.is_empty() { key.to_owned() } else { format!(".{key}") };
                below(path, &step, |path| find(value, path, found));
            }
        }
        _ => {}
    }
}

fn below(path: &mut String, step: &str, inner: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(step);
    inner(path);
    path.truncate(length);
}
