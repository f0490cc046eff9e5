//! `secret-in-plain`: a reference to a secret stands where everyone who may read the object can read it.

use crate::problem::Problem;
use crate::secrets::reference::has_reference;
use crate::yaml::{Data, Node};

/// The fields of an object that hold a secret: each as a problem without level and place, and its text.
#[must_use]
pub fn secret_in_plain<'a>(label: &str, object: &'a Node) -> Vec<(Problem, &'a str)> {
    let mut found = Vec::new();
    // paths are made only where something is found: every object passes here
    if holds(object) {
        find(object, &mut String::new(), &mut found);
    }
    let problem = |path: &str| {
        Problem::error("secret-in-plain", format!("a secret stands in `{path}` of {label}, where it can be read"))
            .note("put it into a Secret, or accept it: `accept: {secret-in-plain: why}`")
    };
    found.into_iter().map(|(path, text)| (problem(&path), text)).collect()
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
