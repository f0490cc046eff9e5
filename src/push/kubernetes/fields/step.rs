//! A path of an object, and each of its steps.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// A path from the top of an object.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field, or a key of a map: `f:spec`.
    Field(String),
    /// The entry of a list with such keys: `k:{"name":"web"}`.
    Key(BTreeMap<String, Scalar>),
    /// The entry of a list that is such a value: `v:"ReadWriteOnce"`.
    Value(Scalar),
    /// The entry of a list at a place: `i:0`.
    Index(usize),
}

/// A value without fields of its own, as its JSON text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scalar(Box<str>);

impl Scalar {
    /// Of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// As people write it: a text without quotes.
    fn words(&self) -> String {
        let text = serde_json::from_str::<String>(&self.0);
        text.unwrap_or_else(|_| self.0.to_string())
    }
}

impl Step {
    /// Reads a key of `fieldsV1`.
    #[must_use]
    pub fn read(key: &str) -> Option<Self> {
        let (kind, rest) = key.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "v" => serde_json::from_str(rest).ok().map(|value: Value| Self::Value(Scalar::of(&value))),
            "i" => rest.parse().ok().map(Self::Index),
            "k" => {
                let keys: BTreeMap<String, Value> = serde_json::from_str(rest).ok()?;
                Some(Self::Key(keys.into_iter().map(|(key, value)| (key, Scalar::of(&value))).collect()))
            }
            _ => None,
        }
    }
}

/// As a key of `fieldsV1`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, "f:{name}"),
            Self::Value(value) => write!(f, "v:{}", value.0),
            Self::Index(index) => write!(f, "i:{index}"),
            Self::Key(keys) => {
                let keys = keys.iter().map(|(key, value)| format!("{}:{}", Value::from(&**key), value.0));
                write!(f, "k:{{{}}}", keys.collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Path {
    /// A path of fields.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        Self(fields.into_iter().map(|field| Step::Field(field.to_owned())).collect())
    }

    /// Whether it is another path or below it.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// With `*` for every entry of a list: `spec.containers[*].image`.
    #[must_use]
    pub fn pattern(&self) -> String {
        self.write(|_| "*".to_owned())
    }

    fn write(&self, entry: impl Fn(&Step) -> String) -> String {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Field(name) if is_plain(name) && text.is_empty() => text.push_str(name),
                Step::Field(name) if is_plain(name) => text.extend([".", name]),
                Step::Field(name) => text.extend(["[", name, "]"]),
                entry_of_list => text.extend(["[", &entry(entry_of_list), "]"]),
            }
        }
        text
    }
}

/// In people's words, as a diff shows it: `spec.template.spec.containers[web].image`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(entry))
    }
}

/// The name of a list's entry: its keys, but for a protocol that is what it is anyway.
fn entry(step: &Step) -> String {
    match step {
        Step::Field(name) => name.clone(),
        Step::Index(index) => index.to_string(),
        Step::Value(value) => value.words(),
        Step::Key(keys) => {
            let said = keys.iter().filter(|(key, value)| !is_default(key, value) || keys.len() == 1);
            said.map(|(_, value)| value.words()).collect::<Vec<_>>().join("/")
        }
    }
}

/// Whether a key of a list's entry has the value that it has where it is not written: all that Kubernetes has of these
/// is the protocol of a port.
pub(super) fn is_default(key: &str, value: &Scalar) -> bool {
    key == "protocol" && &*value.0 == "\"TCP\""
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}
