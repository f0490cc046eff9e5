//! YAML: text to a tree that knows where each value stands, and back to canonical text.
//!
//! [`parse`] turns text into [`Node`]s, built straight from the parser's events, because the source text of a plain
//! scalar and the place of every value are needed later. [`emit`] turns a tree into the one canonical text of it. This
//! folder is the only home of the YAML crate.

mod emit;
mod format;
mod gaps;
mod outline;
mod parse;

pub use emit::{emit, emit_json, emit_line, emit_scalar};
pub use format::format;
pub use gaps::{Form, Gap};
pub use outline::{Part, Step, Unclear, What, outline};
pub use parse::{parse, parse_one, plain};

use crate::problem::Place;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// The text of a plain scalar that is not a string: `1.10`, `0x1f`, `~`, `True`.
    pub plain: Option<Box<str>>,
    /// Where it stands.
    pub place: Place,
}

/// What a value is. Numbers keep their kind: an integer is never a float.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing: `null`, `~`, or an empty value.
    Null,
    /// Taken away by a `null` laid over a value; made by [`crate::resolve`] only, never by the parser.
    Removed,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction or an exponent; always finite.
    Float(f64),
    /// A text.
    Str(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

/// A map in the order of its source; keys are unique.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(pub Vec<Entry>);

/// One key of a map and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: Box<str>,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value that was not read from a file as such, at the place of what caused it.
    #[must_use]
    pub fn new(data: Data, place: &Place) -> Self {
        Self { data, plain: None, place: place.clone() }
    }

    /// A text at a place.
    #[must_use]
    pub fn text(text: impl Into<Box<str>>, place: &Place) -> Self {
        Self::new(Data::Str(text.into()), place)
    }

    /// An empty map at a place.
    #[must_use]
    pub fn map(place: &Place) -> Self {
        Self::new(Data::Map(Map::default()), place)
    }

    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// The value below several keys.
    #[must_use]
    pub fn at<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        keys.into_iter().try_fold(self, Node::get)
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Data::Str(text) = &self.data { Some(text) } else { None }
    }

    /// The map, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Data::Map(map) = &self.data { Some(map) } else { None }
    }

    /// The map to change, if this is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Data::Map(map) = &mut self.data { Some(map) } else { None }
    }

    /// The list, if this is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        if let Data::List(list) = &self.data { Some(list) } else { None }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null | Data::Removed)
    }

    /// What it is, in the words of a message: `a map`, `text`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.data {
            Data::Null | Data::Removed => "nothing",
            Data::Bool(_) => "true or false",
            Data::Int(_) => "a whole number",
            Data::Float(_) => "a number",
            Data::Str(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }
}

impl Map {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|e| &*e.key == key).map(|e| &e.value)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|e| &*e.key == key).map(|e| &mut e.value)
    }

    /// The entry of a key, with the key's place.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|e| &*e.key == key)
    }

    /// Sets a key: in its place if it is there, else at the end.
    pub fn set(&mut self, key: impl Into<Box<str>>, value: Node) {
        let key = key.into();
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.0.push(Entry { key, place: value.place.clone(), value }),
        }
    }

    /// Takes a key away and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let index = self.0.iter().position(|e| &*e.key == key)?;
        Some(self.0.remove(index).value)
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|e| &*e.key)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|e| (&*e.key, &e.value))
    }

    /// Whether it has no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod dice;
