//! Paths in an object: what is there, what is taken out of it, what is taken away.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::step::is_default;
use super::{Path, Scalar, Set, Step};

impl Step {
    /// What is one step below a value.
    fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(map)) => map.get(name),
            (Self::Index(index), Value::Array(list)) => list.get(*index),
            (_, Value::Array(list)) => list.iter().find(|entry| self.names(entry)),
            _ => None,
        }
    }

    /// The same, to change it.
    fn get_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(map)) => map.get_mut(name),
            (Self::Index(index), Value::Array(list)) => list.get_mut(*index),
            (_, Value::Array(list)) => list.iter_mut().find(|entry| self.names(entry)),
            _ => None,
        }
    }

    /// The step, or every entry of a list for a place in it, with what is there.
    fn each<'a>(&self, value: Option<&'a Value>) -> Vec<(Self, Option<&'a Value>)> {
        let Self::Index(_) = self else { return vec![(self.clone(), value.and_then(|value| self.get(value)))] };
        let list = value.and_then(Value::as_array).into_iter().flatten().enumerate();
        let step = |(index, entry): (usize, &'a Value)| match entry.get("name") {
            Some(name) => (Self::Key([("name".to_owned(), Scalar::of(name))].into()), Some(entry)),
            None => (Self::Index(index), Some(entry)),
        };
        list.map(step).collect()
    }

    /// Whether an entry of a list is the one that is meant.
    fn names(&self, entry: &Value) -> bool {
        let has = |key: &String, wanted: &Scalar| {
            entry.get(key).map_or_else(|| is_default(key, wanted), |value| Scalar::of(value) == *wanted)
        };
        match self {
            Self::Key(keys) => entry.is_object() && keys.iter().all(|(key, wanted)| has(key, wanted)),
            Self::Value(wanted) => Scalar::of(entry) == *wanted,
            Self::Field(_) | Self::Index(_) => false,
        }
    }
}

impl Path {
    /// Reads the path of an answer, `.spec.ports[port=80,protocol="TCP"].name`, or one that a person wrote,
    /// `spec.containers[name=web].image`, with the help of an object that has it: a name with dots in it,
    /// `.metadata.labels.app.kubernetes.io/name`, is told from several by what is there. What the object does not have is
    /// read as if no name had dots.
    #[must_use]
    pub fn read(text: &str, object: &Value) -> Option<Self> {
        let mut steps = Vec::new();
        let (mut rest, mut here) = (text, Some(object));
        while !rest.is_empty() {
            let (step, length) = first(rest, here)?;
            here = here.and_then(|value| step.get(value));
            rest = &rest[length..];
            steps.push(step);
        }
        Some(Self(steps))
    }

    /// The value that an object has there.
    #[must_use]
    pub fn get<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, step| step.get(value))
    }

    /// Sets the value there, if the object has what is above it.
    pub fn put(&self, object: &mut Value, value: Value) {
        let Some((last, above)) = self.0.split_last() else { return };
        let Some(parent) = above.iter().try_fold(object, |value, step| step.get_mut(value)) else { return };
        match (last, parent) {
            (Step::Field(name), Value::Object(map)) => _ = map.insert(name.clone(), value),
            (step, parent) => step.get_mut(parent).into_iter().for_each(|there| *there = value.clone()),
        }
    }

    /// Sets the value there, or takes it out where there is none.
    pub fn set(&self, object: &mut Value, value: Option<&Value>) {
        match value {
            Some(value) => self.put(object, value.clone()),
            None => self.remove(object),
        }
    }

    /// Whether it is another path, or below that one.
    #[must_use]
    pub fn is_at(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Takes the value there out of an object, with all that is below.
    pub fn remove(&self, object: &mut Value) {
        [self.clone()].into_iter().collect::<Set>().remove(object);
    }
}

impl Path {
    /// The paths that it means where every place in a list stands for all of the list's entries: an answer counts them
    /// as the server has them, not as they are elsewhere. Entries with a name are told apart by it.
    #[must_use]
    pub fn entries(&self, object: &Value) -> Vec<Self> {
        let mut found = vec![(Self::default(), Some(object))];
        for step in &self.0 {
            let mut below = Vec::new();
            for (path, value) in found {
                below.extend(step.each(value).into_iter().map(|(step, value)| (path.and(step), value)));
            }
            found = below;
        }
        found.into_iter().map(|(path, _)| path).collect()
    }

    /// One step further.
    #[must_use]
    pub fn and(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

/// The first step of a written path, and how long it is.
fn first(text: &str, here: Option<&Value>) -> Option<(Step, usize)> {
    if let Some(rest) = text.strip_prefix('[') {
        let length = closing(rest)?;
        return Some((entry(&rest[..length])?, length + 2));
    }
    let rest = text.strip_prefix('.').unwrap_or(text);
    let skipped = text.len() - rest.len();
    let keys = here.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let ends = |key: &&String| {
        rest.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let known = keys.filter(ends).map(String::len).max();
    let length = known.or_else(|| rest.find(['.', '['])).unwrap_or(rest.len());
    (length > 0).then(|| (Step::Field(rest[..length].to_owned()), skipped + length))
}

/// Where the bracket of an entry closes: not inside a text of it.
fn closing(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            ']' if !is_quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// An entry as it stands between brackets: `0`, `="a"`, `name="web"`, `name=web`, `port=80,protocol="TCP"`, or the key of
/// a map.
fn entry(text: &str) -> Option<Step> {
    if let Ok(index) = text.parse() {
        return Some(Step::Index(index));
    }
    let scalar = |text: &str| serde_json::from_str::<Value>(text).ok().map(|value| Scalar::of(&value));
    if let Some(value) = text.strip_prefix('=') {
        return scalar(value).map(Step::Value);
    }
    if !text.contains('=') {
        return Some(Step::Field(text.to_owned()));
    }
    let (mut keys, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let (value, end) = if after.starts_with('"') {
            (values.next()?.ok()?, values.byte_offset())
        } else {
            // a person leaves out the quotes
            let word = after.split(',').next().unwrap_or_default();
            (serde_json::from_str(word).unwrap_or_else(|_| word.into()), word.len())
        };
        keys.insert(key.to_owned(), Scalar::of(&value));
        rest = after[end..].trim_start_matches(',');
    }
    Some(Step::Key(keys))
}

impl Set {
    /// The paths of it that an object has.
    #[must_use]
    pub fn within(&self, object: &Value) -> Self {
        let below = self.below.iter().filter_map(|(step, set)| Some((step.clone(), set.within(step.get(object)?))));
        Self { is_member: self.is_member, below: below.filter(|(_, set)| !set.is_empty()).collect() }
    }

    /// The part of an object that is in it: what a manager applied, where it is the manager's set. The keys of a list's
    /// entry are always there.
    #[must_use]
    pub fn extract(&self, object: &Value) -> Value {
        match object {
            _ if self.is_member && self.below.is_empty() => object.clone(),
            Value::Object(map) => {
                let of = |name: &String| self.below.get(&Step::Field(name.clone()));
                let fields = map.iter().filter_map(|(name, value)| Some((name.clone(), of(name)?.extract(value))));
                Value::Object(fields.collect())
            }
            Value::Array(list) => {
                let entries = list.iter().enumerate().filter_map(|(index, value)| {
                    let (step, set) = self.entry(index, value)?;
                    Some(with_keys(step, value, set.extract(value)))
                });
                Value::Array(entries.collect())
            }
            _ => object.clone(),
        }
    }

    /// Takes every value of it out of an object, with all that is below.
    pub fn remove(&self, object: &mut Value) {
        match object {
            Value::Object(map) => {
                map.retain(|name, value| {
                    let set = self.below.get(&Step::Field(name.clone()));
                    set.is_none_or(|set| set.keeps(value))
                });
            }
            Value::Array(list) => {
                let mut index = 0..;
                list.retain_mut(|value| {
                    let set = index.next().and_then(|index| self.entry(index, value));
                    set.is_none_or(|(_, set)| set.keeps(value))
                });
            }
            _ => {}
        }
    }

    fn keeps(&self, value: &mut Value) -> bool {
        if !self.is_member {
            self.remove(value);
        }
        !self.is_member
    }

    /// What is in it of a list's entry.
    fn entry(&self, index: usize, value: &Value) -> Option<(&Step, &Self)> {
        self.below.iter().find(|(step, _)| **step == Step::Index(index) || step.names(value))
    }
}

/// A part of a list's entry with the keys by which the entry is found.
fn with_keys(step: &Step, whole: &Value, mut part: Value) -> Value {
    if let (Step::Key(keys), Value::Object(whole), Value::Object(part)) = (step, whole, &mut part) {
        for (key, value) in whole.iter().filter(|(key, _)| keys.contains_key(*key)) {
            part.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    part
}
