//! One object of `out/`: which it is, what is sent of it, and which of its values are secret.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::filled::Filled;
use crate::cluster::Resource;
use crate::kubernetes::kinds::group_of;
use crate::kubernetes::openapi::distil;
use crate::problem::{Problem, Problems, Source};
use crate::push::stack::File;
use crate::secrets::reference::{self, START};
use crate::yaml::parse_one;

/// The label with the stack of an object.
pub const STACK: &str = "homebuild.dev/stack";
/// The annotation with the owner of an object, which names the object itself: a copy of it on another object says
/// nothing.
pub const OWNER: &str = "homebuild.dev/owner";
/// Fills in the secrets of a file of `out/`; of an old one (`true`) whatever its fingerprints say.
pub type Fill<'a> = dyn Fn(&Arc<Source>, bool) -> Result<Zeroizing<String>, Problems> + Sync + 'a;

/// Which object it is, whatever the version of its API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// `apps`; nothing for Kubernetes' first group.
    pub group: String,
    /// `Deployment`.
    pub kind: String,
    /// Nothing where it lives in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Id {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '/').map(str::to_owned);
        let id = Self { group: parts.next()?, kind: parts.next()?, namespace: parts.next()?, name: parts.next()? };
        (!id.kind.is_empty() && !id.name.is_empty()).then_some(id)
    }

    /// Of an object that has what makes it one.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            group: group_of(object["apiVersion"].as_str()?).to_owned(),
            kind: text(&object["kind"])?,
            namespace: text(&object["metadata"]["namespace"]).unwrap_or_default(),
            name: text(&object["metadata"]["name"])?,
        })
    }

    /// Its namespace, if it lives in one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }

    /// The text of [`OWNER`].
    #[must_use]
    pub fn owner(&self, stack: &str) -> String {
        format!("v1;{stack};{self}")
    }

    /// For a reader: `Deployment ntfy/ntfy`, `ClusterRole view`.
    #[must_use]
    pub fn words(&self) -> String {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        format!("{} {}{slash}{}", self.kind, self.namespace, self.name)
    }
}

/// `apps/Deployment/ntfy/ntfy`, `/Namespace//ntfy`: it stands in records and in [`OWNER`].
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.group, self.kind, self.namespace, self.name)
    }
}

/// The stack that owns a live object, if its mark names this very object.
#[must_use]
pub fn owner<'a>(live: &'a Value, id: &Id) -> Option<&'a str> {
    let mark = live["metadata"]["annotations"][OWNER].as_str()?;
    let (stack, named) = mark.strip_prefix("v1;")?.split_once(';')?;
    (Id::parse(named).as_ref() == Some(id)).then_some(stack)
}

/// An object of a stack, as `out/` has it.
#[derive(Debug, Clone)]
pub struct Object {
    /// Which it is.
    pub id: Id,
    /// `apps/v1`.
    pub api_version: String,
    /// The module that it belongs to.
    pub module: String,
    /// Its file.
    pub file: Arc<File>,
}

impl Object {
    /// Of a file, if it holds an object.
    #[must_use]
    pub fn read(module: &str, file: &Arc<File>) -> Option<Self> {
        let head = file.object.as_ref()?;
        let id = Id {
            group: group_of(&head.api_version).to_owned(),
            kind: head.kind.clone(),
            namespace: head.namespace.clone().unwrap_or_default(),
            name: head.name.clone(),
        };
        Some(Self { id, api_version: head.api_version.clone(), module: module.to_owned(), file: file.clone() })
    }

    /// It as `out/` has it, with references in place of secrets.
    #[must_use]
    pub fn value(&self) -> Value {
        parse_one(&self.file.source).map_or(Value::Null, |node| distil::value(&node))
    }

    /// The text of one of its own annotations.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<String> {
        if !self.file.source.text.contains(key) {
            return None;
        }
        self.value()["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }

    /// Whether the server would be told a secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.file.source.text.contains(START)
    }

    /// The paths that one of its own annotations lists, with commas, blanks or line ends between them.
    #[must_use]
    pub fn paths(&self, key: &str) -> Vec<String> {
        let text = self.annotation(key).unwrap_or_default();
        text.split([',', ' ', '\n']).filter(|path| !path.is_empty()).map(str::to_owned).collect()
    }

    /// What is sent, without marks, and its secrets.
    pub fn filled(&self, fill: &Fill<'_>, is_old: bool) -> Result<(Filled, Masks), Problems> {
        let is_secret = self.id.group.is_empty() && self.id.kind == "Secret";
        if !is_secret && !self.has_secrets() {
            return Ok((self.value().into(), Masks::default()));
        }
        let text = fill(&self.file.source, is_old)?;
        let value = Filled::read(&text).ok_or_else(|| unreadable(&self.id))?;
        let mut masks = Masks::default();
        masks.gather(&self.value(), &value);
        Ok((value, masks))
    }
}

fn unreadable(id: &Id) -> Problem {
    Problem::error("secrets", format!("{} cannot be read with its secrets filled in", id.words()))
}

/// The values of an object that must not be shown.
#[derive(Default, Clone)]
pub struct Masks {
    values: Vec<Zeroizing<String>>,
}

/// The shortest text that is looked for in messages; a shorter one would hide what is no secret.
const SHORTEST: usize = 4;

impl Masks {
    /// Walks both forms side by side: where the text of `out/` has a reference, the other one has a secret.
    fn gather(&mut self, text: &Value, filled: &Value) {
        match (text, filled) {
            (Value::String(text), Value::String(filled)) if reference::has_reference(text) => self.add(filled),
            (Value::Array(texts), Value::Array(filled)) => {
                texts.iter().zip(filled).for_each(|(text, filled)| self.gather(text, filled));
            }
            (Value::Object(texts), Value::Object(filled)) => {
                for (key, value) in filled {
                    match texts.get(key) {
                        Some(text) => self.gather(text, value),
                        // `data` of a Secret, which was `stringData`
                        None => self.all(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(list) => list.iter().for_each(|value| self.all(value)),
            Value::Object(map) => map.values().for_each(|value| self.all(value)),
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if text.len() >= SHORTEST {
            self.values.push(Zeroizing::new(text.to_owned()));
        }
    }

    /// A message without them.
    #[must_use]
    pub fn hide(&self, message: &str) -> String {
        let mut hidden = message.to_owned();
        for value in &self.values {
            hidden = hidden.replace(value.as_str(), "(secret)");
        }
        hidden
    }
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.values.len())
    }
}

/// Adds the marks of ownership.
pub fn mark(body: &mut Value, id: &Id, stack: &str) {
    set(body, "labels", STACK, stack);
    set(body, "annotations", OWNER, &id.owner(stack));
}

fn set(body: &mut Value, map: &str, key: &str, text: &str) {
    let Some(metadata) = body["metadata"].as_object_mut() else { return };
    let map = metadata.entry(map).or_insert_with(|| json!({}));
    if !map.is_object() {
        *map = json!({});
    }
    map[key] = text.into();
}

/// What a reader compares: an object without what only the server sets and without the marks.
#[must_use]
pub fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"] {
            metadata.remove(field);
        }
        strip(metadata, "labels", &[STACK]);
        strip(metadata, "annotations", &[OWNER]);
    }
    object
}

fn strip(metadata: &mut Map<String, Value>, map: &str, keys: &[&str]) {
    let Some(entries) = metadata.get_mut(map).and_then(Value::as_object_mut) else { return };
    entries.retain(|key, _| !keys.contains(&key.as_str()));
    if entries.is_empty() {
        metadata.remove(map);
    }
}

/// Where an object is on a server.
#[must_use]
pub fn place<'a>(of: &Resource, id: &'a Id) -> Option<&'a str> {
    id.namespace().filter(|_| of.namespaced)
}
