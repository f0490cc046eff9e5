//! Values of a chart: a tree that may hold secrets, wiped when it is dropped.

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::cluster;
use crate::problem::Source;
use crate::push::kubernetes::filled::wipe;
use crate::yaml::{emit_json, parse_one};

/// A map of values.
#[derive(Default)]
pub struct Values(Map<String, Value>);

impl Values {
    /// A tree of a document; none where it is no map. What is not there is an empty map.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::default()),
            Value::Object(map) => Some(Self(map.clone())),
            _ => None,
        }
    }

    /// A text of YAML; none where it is no map. What is wrong with it is not told, as it may hold secrets.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let source = Source::new("values", text);
        let json = Zeroizing::new(emit_json(&parse_one(&source).ok()?));
        match serde_json::from_str(&json).ok()? {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// Lays others over these as Flux does: maps key by key, anything else as a whole. `null` stays, as helm takes a
    /// chart's own value away by it.
    pub(super) fn lay(&mut self, over: &Self) {
        lay(&mut self.0, &over.0);
    }

    /// The text that helm reads.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = cluster::json(&self.0);
        Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default())
    }

    /// Whether both give a chart the same: `1` and `1.0` are one number.
    pub(super) fn are(&self, other: &Self) -> bool {
        maps_are(&self.0, &other.0)
    }

    /// Every value that is not a map, with its path. A list is one value.
    pub(super) fn leaves(&self) -> Vec<(Path, &Value)> {
        let mut found = Vec::new();
        collect(&self.0, &Path::default(), &mut found);
        found
    }

    /// The value at a path.
    pub(super) fn at(&self, path: &Path) -> Option<&Value> {
        let (first, rest) = path.0.split_first()?;
        rest.iter().try_fold(self.0.get(first)?, |value, key| value.get(key))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(..)")
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Keys from the top of a tree to a value in it.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// Whether one of both leads through the other.
    pub fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }

    /// Whether a key of it says that what it leads to is secret.
    pub fn sounds_secret(&self) -> bool {
        let sounds = ["password", "passwd", "token", "secret", "privatekey", "apikey"];
        let plain = |key: &String| key.to_lowercase().replace(['-', '_', '.'], "");
        self.0.iter().map(plain).any(|key| sounds.iter().any(|sound| key.contains(sound)))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, key) in self.0.iter().enumerate() {
            if key.contains(['.', '[', ' ']) || key.is_empty() {
                write!(f, "[\"{key}\"]")?;
            } else {
                let dot = if number == 0 { "" } else { "." };
                write!(f, "{dot}{key}")?;
            }
        }
        Ok(())
    }
}

fn lay(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        if let (Some(Value::Object(under)), Value::Object(over)) = (under.get_mut(key), value) {
            lay(under, over);
        } else if let Some(mut old) = under.insert(key.clone(), value.clone()) {
            wipe(&mut old);
        }
    }
}

fn collect<'a>(map: &'a Map<String, Value>, above: &Path, found: &mut Vec<(Path, &'a Value)>) {
    for (key, value) in map {
        let mut path = above.clone();
        path.0.push(key.clone());
        match value {
            Value::Object(map) if !map.is_empty() => collect(map, &path, found),
            _ => found.push((path, value)),
        }
    }
}

/// Whether two values give a chart the same.
pub(super) fn are(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => maps_are(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are(a, b)),
        (Value::Number(x), Value::Number(y)) => a == b || x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}

fn maps_are(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| are(value, other)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: &Value) -> Values {
        Values::of(value).unwrap()
    }

    #[test]
    fn what_is_laid_over_wins_key_by_key_and_lists_as_a_whole() {
        let mut under = values(&json!({"a": {"x": 1, "y": [1, 2]}, "b": "under", "c": {"d": 1}}));
        under.lay(&values(&json!({"a": {"y": [3], "z": null}, "b": {"now": "a map"}, "c": "a text"})));
        let text = under.text();
        assert_eq!(*text, r#"{"a":{"x":1,"y":[3],"z":null},"b":{"now":"a map"},"c":"a text"}"#);
    }

    #[test]
    fn numbers_are_compared_by_what_they_are() {
        assert!(values(&json!({"a": 1, "b": [1.5]})).are(&values(&json!({"b": [1.5], "a": 1.0}))));
        assert!(!values(&json!({"a": 1})).are(&values(&json!({"a": "1"}))));
        assert!(!values(&json!({"a": 1})).are(&values(&json!({"a": 1, "b": null}))));
    }

    #[test]
    fn a_path_is_written_as_one_types_it() {
        let values = values(&json!({"server": {"env": {"A": 1}}, "podAnnotations": {"diun.enable": "true"}, "e": {}}));
        let paths: Vec<String> = values.leaves().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, ["server.env.A", "podAnnotations[\"diun.enable\"]", "e"]);
    }

    #[test]
    fn nothing_of_them_is_in_a_debug_print() {
        assert_eq!(format!("{:?}", values(&json!({"password": "canary"}))), "Values(..)");
    }
}
