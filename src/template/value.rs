//! Between the tree of the sources and the values of templates, and values as JSON or text.

use std::fmt::{self, Write};

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::secret::{Leaf, Missing, many};
use crate::problem::Place;
use crate::secrets::reference;
use crate::secrets::text::{quoted, write_json as write_json_text};
use crate::yaml::{Data, Entry, Map, Node};

/// A tree as a template's value. A key that was taken away is not there.
#[must_use]
pub fn from_node(node: &Node) -> Value {
    match &node.data {
        Data::Null | Data::Removed => Value::from(()),
        Data::Bool(b) => Value::from(*b),
        Data::Int(i) => i64::try_from(*i).map_or_else(|_| Value::from(*i), Value::from),
        Data::Float(f) => Value::from(*f),
        Data::Str(text) => Value::from(&**text),
        Data::List(list) => list.iter().map(from_node).collect(),
        Data::Map(map) => {
            let there = map.iter().filter(|(_, value)| value.data != Data::Removed);
            Value::from_pairs(there.map(|(key, value)| (key, from_node(value))))
        }
    }
}

/// A map that grows, and is a value between: what it holds already is not made a value again.
#[derive(Debug, Clone, Default)]
pub struct Growing(Vec<(Box<str>, Value)>);

impl Growing {
    /// The entries of a map.
    #[must_use]
    pub fn new(node: &Node) -> Self {
        let entries = node.as_map().into_iter().flat_map(Map::iter).filter(|(_, value)| value.data != Data::Removed);
        Self(entries.map(|(key, value)| (key.into(), from_node(value))).collect())
    }

    /// Sets an entry; a value that was taken away takes it away.
    pub fn set(&mut self, key: &str, value: &Node) {
        let at = self.0.iter().position(|(known, _)| **known == *key);
        match (at, &value.data) {
            (Some(at), Data::Removed) => drop(self.0.remove(at)),
            (None, Data::Removed) => {}
            (Some(at), _) => self.0[at].1 = from_node(value),
            (None, _) => self.0.push((key.into(), from_node(value))),
        }
    }

    /// The map as it is now.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(key, value)| (&**key, value.clone())))
    }
}

/// A template's value as a tree at a place. What is undefined anywhere in it is an error that names its path.
pub fn to_node(value: &Value, place: &Place) -> Result<Node, Error> {
    node_below(value, place, &mut Path::default())
}

fn node_below(value: &Value, place: &Place, path: &mut Path) -> Result<Node, Error> {
    let data = match value.kind() {
        ValueKind::Undefined => return Err(undefined(path)),
        ValueKind::None => Data::Null,
        ValueKind::Bool => Data::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Data::Int(i128::try_from(value.clone())?),
        ValueKind::Number => Data::Float(finite(value)?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            path.take(text.len())?;
            Data::Str(text.into())
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut list = Vec::new();
            for (index, item) in value.try_iter()?.enumerate() {
                list.push(path.below(Step::Index(index), |path| node_below(&item, place, path))?);
            }
            Data::List(list)
        }
        ValueKind::Map => {
            if let Some(missing) = missing(value) {
                return Err(missing.error());
            }
            let mut map = Map::default();
            for key in value.try_iter()? {
                let name = text(&key)?;
                let item = value.get_item(&key)?;
                let item = path.below(Step::Key(key), |path| node_below(&item, place, path))?;
                map.0.push(Entry { key: name.into(), place: place.clone(), value: item });
            }
            Data::Map(map)
        }
        kind => match leaf(value) {
            Some(Leaf(reference)) => Data::Str(reference.to_string().into()),
            None => return Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} is not data"))),
        },
    };
    Ok(Node::new(data, place))
}

/// How deep values may nest, as in YAML files.
const DEPTH: usize = 128;

/// How large a value may be that an expression makes, in bytes: a `ConfigMap` holds an eighth of it.
pub(super) const LARGEST: usize = 8 << 20;
/// What a value in a list or a map counts.
const VALUE: usize = 64;

/// Where in a value something is: made text only where it is told. And how large all of it is so far.
#[derive(Default)]
struct Path(Vec<Step>, usize);

enum Step {
    Index(usize),
    Key(Value),
}

impl Path {
    fn below<T>(&mut self, step: Step, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.0.len() >= DEPTH {
            let message = format!("lists and maps stand in one another more than {DEPTH} levels deep");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        self.take(VALUE)?;
        self.0.push(step);
        let result = inner(self);
        self.0.pop();
        result
    }
}

impl Path {
    /// Counts bytes more.
    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        self.1 = self.1.saturating_add(bytes);
        if self.1 > LARGEST { Err(too_large()) } else { Ok(()) }
    }
}

/// The error of a value that nobody can want.
pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("this value has more than {} MiB", LARGEST >> 20))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, ".{key}"),
        })
    }
}

/// The value as a secret that is not there, if it is one.
pub(super) fn missing(value: &Value) -> Option<&Missing> {
    value.downcast_object_ref::<Missing>()
}

/// The value as a secret, if it is one alone.
pub(super) fn leaf(value: &Value) -> Option<&Leaf> {
    value.downcast_object_ref::<Leaf>()
}

fn undefined(path: &Path) -> Error {
    let detail = if path.0.is_empty() {
        "it is undefined".to_owned()
    } else {
        format!("`{}` in it is undefined", path.to_string().trim_start_matches('.'))
    };
    Error::new(ErrorKind::UndefinedError, detail)
}

fn finite(value: &Value) -> Result<f64, Error> {
    let number = f64::try_from(value.clone())?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Error::new(ErrorKind::InvalidOperation, format!("{number} cannot be written as data")))
    }
}

/// A scalar as the text that a person would write: `true`, not `True`. None, lists and maps are errors.
pub fn text(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write_text(&mut out, value)?;
    Ok(out)
}

/// Writes a scalar as text.
pub fn write_text(out: &mut impl Write, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String => out.write_str(value.as_str().unwrap_or_default())?,
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" })?,
        ValueKind::Number => write!(out, "{value}")?,
        ValueKind::Plain if leaf(value).is_some() => write!(out, "{value}")?,
        ValueKind::Undefined => return Err(undefined(&Path::default())),
        _ if missing(value).is_some() => {
            return Err(missing(value).map_or_else(|| undefined(&Path::default()), Missing::error));
        }
        _ if many(value).is_some() => return Err(many(value).unwrap_or_else(|| undefined(&Path::default()))),
        kind => {
            let kind = if kind == ValueKind::None { "none".to_owned() } else { format!("a {kind}") };
            let hint = "it has no text; use `| tojson`, `| default(...)` or a condition";
            return Err(Error::new(ErrorKind::InvalidOperation, format!("{kind} stands where text is wanted: {hint}")));
        }
    }
    Ok(())
}

/// How a text with references to secrets is written as JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// As they stand: the reader of the JSON is homebuild, which fills in data.
    Stay,
    /// With the filter `json`: push fills in a text, and the secret has to become part of a JSON string.
    AsJson,
}

/// Writes any value as JSON on one line, which is YAML too. What is undefined anywhere in it is an error.
pub fn write_json(out: &mut impl Write, value: &Value, references: References) -> Result<(), Error> {
    json_below(out, value, references, &mut Path::default())
}

fn json_below(out: &mut impl Write, value: &Value, references: References, path: &mut Path) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => return Err(undefined(path)),
        ValueKind::None => out.write_str("null")?,
        ValueKind::Bool | ValueKind::Number => {
            if value.kind() == ValueKind::Number && !value.is_integer() {
                finite(value)?;
            }
            write_text(out, value)?;
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            path.take(text.len())?;
            if references == References::AsJson && reference::has_reference(text) {
                out.write_str(&quoted(text).map_err(|error| Error::new(ErrorKind::InvalidOperation, error))?)?;
            } else {
                write_string(out, text)?;
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.write_char('[')?;
            for (index, item) in value.try_iter()?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                path.below(Step::Index(index), |path| json_below(out, &item, references, path))?;
            }
            out.write_char(']')?;
        }
        ValueKind::Map => {
            if let Some(missing) = missing(value) {
                return Err(missing.error());
            }
            out.write_char('{')?;
            for (index, key) in value.try_iter()?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                let name = text(&key)?;
                write_string(out, &name)?;
                out.write_str(": ")?;
                let item = value.get_item(&key)?;
                path.below(Step::Key(key), |path| json_below(out, &item, references, path))?;
            }
            out.write_char('}')?;
        }
        kind => match leaf(value) {
            Some(Leaf(reference)) if references == References::AsJson => {
                write!(out, "\"{}\"", reference.clone().filter("json"))?;
            }
            Some(Leaf(reference)) => write_string(out, &reference.to_string())?,
            None => return Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} is not data"))),
        },
    }
    Ok(())
}

/// A text as a JSON string.
fn write_string(out: &mut impl Write, text: &str) -> Result<(), Error> {
    out.write_char('"')?;
    write_json_text(out, text)?;
    out.write_char('"')?;
    Ok(())
}
