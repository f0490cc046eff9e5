//! A component on its way: what is known of it, and what is left of its service.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use crate::problem::Place;
use crate::yaml::{Data, Map, Node};

/// A service on its way.
pub struct Component {
    /// Its name in the stack.
    pub name: String,
    /// Its name in the Compose file.
    pub service: String,
    pub place: Place,
    pub values: Vec<Value>,
    /// What is not taken over yet; at the end, what has no counterpart.
    pub rest: Map,
    /// The first TCP port on which it listens.
    pub listens: Option<u16>,
}

/// A value of a component.
pub struct Value {
    pub key: &'static str,
    pub node: Node,
    /// What stands above it.
    pub comment: String,
    /// What stands above its entries.
    pub inside: BTreeMap<String, String>,
}

impl Component {
    pub fn take(&mut self, key: &str) -> Option<Node> {
        self.rest.remove(key).filter(|node| !node.is_null())
    }

    /// Puts back what is left of something.
    pub fn leave(&mut self, key: &str, node: Node) {
        let is_empty = match &node.data {
            Data::Map(map) => map.is_empty(),
            Data::List(list) => list.is_empty(),
            _ => false,
        };
        if !is_empty {
            self.rest.set(key, node);
        }
    }

    /// The value of a key, made where it is missing.
    pub fn value(&mut self, key: &'static str) -> &mut Value {
        let at = self.values.iter().position(|value| value.key == key).unwrap_or_else(|| {
            let node = Node::map(&Place::nowhere());
            self.values.push(Value { key, node, comment: String::new(), inside: BTreeMap::new() });
            self.values.len() - 1
        });
        &mut self.values[at]
    }

    /// Sets a value, or one below it.
    pub fn set(&mut self, key: &'static str, path: &[&str], node: Node) {
        let value = self.value(key);
        match value.node.as_map_mut().filter(|_| !path.is_empty()) {
            Some(map) => put(map, path, node),
            None => value.node = node,
        }
    }

    /// Adds to the comment above a value.
    pub fn say(&mut self, key: &'static str, comment: &str) {
        let value = self.value(key);
        if !value.comment.contains(comment) {
            value.comment.push_str(comment);
            value.comment.push('\n');
        }
    }
}

/// Sets a value below a map.
pub fn put(map: &mut Map, path: &[&str], node: Node) {
    match path {
        [] => {}
        [key] => map.set(*key, node),
        [key, rest @ ..] => {
            if map.get(key).and_then(Node::as_map).is_none() {
                map.set(*key, Node::map(&node.place));
            }
            if let Some(below) = map.get_mut(key).and_then(Node::as_map_mut) {
                put(below, rest, node);
            }
        }
    }
}

/// A key and its value as they stood in the Compose file.
pub fn original(key: &str, node: &Node) -> String {
    let mut draft = Draft::default();
    draft.entry(key, node);
    draft.finish().trim_end().to_owned()
}

/// The text of a plain value, as it is written.
pub fn raw(node: &Node) -> Option<String> {
    match (&node.data, &node.plain) {
        (Data::Str(text), _) => Some(text.to_string()),
        (Data::Bool(_) | Data::Int(_) | Data::Float(_), Some(plain)) => Some(plain.to_string()),
        _ => None,
    }
}

/// The texts of a list, or of one value.
pub fn raws(node: &Node) -> Option<Vec<String>> {
    match &node.data {
        Data::List(list) => list.iter().map(raw).collect(),
        _ => raw(node).map(|text| vec![text]),
    }
}

/// What stands above an entry of a value.
pub fn inside(c: &mut Component, key: &'static str, entry: &str, comment: &str) {
    if !comment.is_empty() {
        let said = c.value(key).inside.entry(entry.to_owned()).or_default();
        said.push_str(comment);
        said.push('\n');
    }
}

/// Takes a value below a map, and maps that are empty then.
pub fn take(map: &mut Map, path: &[&str]) -> Option<Node> {
    match path {
        [] => None,
        [key] => map.remove(key),
        [key, rest @ ..] => {
            let below = map.get_mut(key)?.as_map_mut()?;
            let taken = take(below, rest);
            if below.is_empty() {
                map.remove(key);
            }
            taken
        }
    }
}
