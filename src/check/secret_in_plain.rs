//! `secret-in-plain`: a reference to a secret stands where everyone who may read the object can read it.

use crate::problem::Problem;
use crate::secrets::reference::has_reference;
use crate::yaml::{Data, Node};

/// The first field of an object that holds a secret, as a problem without level and place.
#[must_use]
pub fn secret_in_plain(label: &str, object: &Node) -> Option<Problem> {
    // paths are made only where something is found: every object passes here
    let path = holds(object).then(|| find(object, &mut String::new())).flatten()?;
    let message = format!("a secret stands in `{path}` of {label}, where it can be read");
    Some(
        Problem::error("secret-in-plain", message)
            .note("put it into a Secret, or accept it: `accept: {secret-in-plain: why}`"),
    )
}

fn holds(node: &Node) -> bool {
    match &node.data {
        Data::Str(text) => has_reference(text),
        Data::List(list) => list.iter().any(holds),
        Data::Map(map) => map.iter().any(|(_, value)| holds(value)),
        _ => false,
    }
}

fn find(node: &Node, path: &mut String) -> Option<String> {
    match &node.data {
        Data::Str(text) => has_reference(text).then(|| path.clone()),
        Data::List(list) => list.iter().enumerate().find_map(|(index, item)| below(path, &format!("[{index}]"), item)),
        Data::Map(map) => map.iter().find_map(|(key, value)| {
            let step = if path.is_empty() { key.to_owned() } else { format!(".{key}") };
            below(path, &step, value)
        }),
        _ => None,
    }
}

fn below(path: &mut String, step: &str, node: &Node) -> Option<String> {
    let length = path.len();
    path.push_str(step);
    let found = find(node, path);
    path.truncate(length);
    found
}
