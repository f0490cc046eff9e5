//! An object that secrets are filled into, overwritten when it is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroize as _;

use crate::kubernetes::openapi::distil;
use crate::problem::Source;
use crate::yaml::{Data, Node, parse_one};

/// A tree whose texts are overwritten when it is dropped.
#[derive(Clone, Default, PartialEq)]
pub struct Filled(Value);

impl Filled {
    /// Reads a text that has secrets. The trees and texts between are overwritten too; what is wrong with one that is no
    /// YAML is not told.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let source = Source::new("", text);
        let mut node = parse_one(&source).ok()?;
        let filled = Self(distil::value(&node));
        wipe_node(&mut node);
        drop(node);
        if let Some(mut source) = Arc::into_inner(source) {
            source.text.zeroize();
        }
        Some(filled)
    }
}

impl From<Value> for Filled {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Deref for Filled {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for Filled {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filled(..)")
    }
}

/// Overwrites the texts of a tree. Its keys and numbers stay.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

fn wipe_node(node: &mut Node) {
    node.plain.zeroize();
    match &mut node.data {
        Data::Str(text) => text.zeroize(),
        Data::List(list) => list.iter_mut().for_each(wipe_node),
        Data::Map(map) => map.0.iter_mut().for_each(|entry| wipe_node(&mut entry.value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_text_is_overwritten_wherever_it_is() {
        let mut tree = json!({"stringData": {"a": "secret"}, "list": ["secret", {"b": "secret"}], "number": 1});
        wipe(&mut tree);
        assert_eq!(tree, json!({"stringData": {"a": ""}, "list": ["", {"b": ""}], "number": 1}));
        let mut node = parse_one(&Source::new("", "a: secret\nb: [secret, 0x1f]\n")).unwrap();
        wipe_node(&mut node);
        let zeros = "\0".repeat(6);
        assert_eq!(distil::value(&node), json!({"a": zeros, "b": [zeros, 31]}));
    }

    #[test]
    fn what_is_read_is_the_object_and_a_mistake_says_nothing_of_it() {
        let filled = Filled::read("kind: Secret\nstringData: {a: secret}\n").unwrap();
        assert_eq!(*filled, json!({"kind": "Secret", "stringData": {"a": "secret"}}));
        assert_eq!(format!("{filled:?}"), "Filled(..)");
        assert!(Filled::read("a: [secret").is_none());
    }
}
