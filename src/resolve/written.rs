//! Where the values of a component are written.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::problem::Place;
use crate::yaml::{Data, Node};

/// The values of a component by their texts, gathered when a message first asks: each of ten thousand finds its place at
/// once.
#[derive(Debug, Default)]
pub struct Written(OnceLock<ByText>);

/// For each text the keys that have it, and where.
type ByText = BTreeMap<Box<str>, Vec<(Box<str>, Place)>>;

impl Written {
    /// The place in the stack of the only value with a text: of the key that is said (that of its list, in a list), or
    /// of any.
    #[must_use]
    pub fn place(&self, values: &Node, key: Option<&str>, text: &str) -> Option<Place> {
        let found = self.0.get_or_init(|| gathered(values)).get(text)?;
        let is_it = |at: &str| key.is_none_or(|key| at == key);
        only(found.iter().filter(|(at, _)| is_it(at)).map(|(_, place)| place).collect())
    }
}

fn gathered(values: &Node) -> ByText {
    let mut all = ByText::new();
    each_text(values, &mut |key, text, place| all.entry(text.into()).or_default().push((key.into(), place.clone())));
    all
}

/// Each scalar: its key (that of its list, in a list), its text as it is written, and its place.
pub fn each_text<'a>(values: &'a Node, see: &mut dyn FnMut(&'a str, &'a str, &'a Place)) {
    fn walk<'a>(key: &'a str, node: &'a Node, see: &mut dyn FnMut(&'a str, &'a str, &'a Place)) {
        match &node.data {
            Data::List(list) => list.iter().for_each(|item| walk(key, item, see)),
            Data::Map(map) => map.iter().for_each(|(key, value)| walk(key, value, see)),
            _ => {
                if let Some(text) = node.as_str().or(node.plain.as_deref()) {
                    see(key, text, &node.place);
                }
            }
        }
    }
    walk("", values, see);
}

/// The only one of some places that is in the stack.
#[must_use]
pub fn only(mut places: Vec<&Place>) -> Option<Place> {
    places.retain(|place| place.source.path.starts_with("stacks/"));
    places.dedup();
    if let [only] = places.as_slice() { Some((*only).clone()) } else { None }
}
