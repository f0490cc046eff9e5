//! A file of `schemas/`: kinds and the definitions of their objects, one a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of the file of Kubernetes' own kinds.
pub const KUBERNETES: &str = "kubernetes";

/// What one file says: JSON with a line for each kind and each definition, so that a change reads well in a diff.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct File {
    /// The version of Kubernetes, in the file of its own kinds.
    #[serde(default)]
    pub version: Option<String>,
    /// By `apps/v1/Deployment`.
    pub kinds: BTreeMap<String, Kind>,
    /// Schemas as in an `OpenAPI` document, by name; a `$ref` is such a name, of this file or of Kubernetes' own.
    #[serde(default)]
    pub definitions: BTreeMap<String, Value>,
}

/// What a file says of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// The name of its definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Box<str>>,
}

/// Files by their name in `schemas/` without `.json`: `kubernetes`, or an API group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files(pub BTreeMap<String, File>);

impl File {
    /// The text of the file: the same content is the same text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("{\n");
        if let Some(version) = &self.version {
            let _ = writeln!(text, "\"version\":{},", line(version));
        }
        text.push_str("\"kinds\":{");
        lines(&mut text, &self.kinds);
        text.push_str("},\n\"definitions\":{");
        lines(&mut text, &self.definitions);
        text.push_str("}\n}\n");
        text
    }

    /// The file with the kinds of a newer one in place of its own; kinds that only the old one has stay.
    #[must_use]
    pub fn under(mut self, newer: Self) -> Self {
        if newer.version.is_some() {
            return newer;
        }
        let names: BTreeSet<_> = newer.kinds.keys().map(|kind| unversioned(kind)).collect();
        self.kinds.retain(|kind, _| !names.contains(&unversioned(kind)));
        self.kinds.extend(newer.kinds);
        self.definitions.extend(newer.definitions);
        self.reachable()
    }

    /// The file without the definitions that no kind of it needs.
    #[must_use]
    pub fn reachable(mut self) -> Self {
        let mut needed = BTreeSet::new();
        let mut next: Vec<String> =
            self.kinds.values().filter_map(|kind| kind.schema.as_deref()).map(Into::into).collect();
        while let Some(name) = next.pop() {
            if let Some(definition) = self.definitions.get(&name).filter(|_| !needed.contains(&name)) {
                references(definition, &mut |to| next.push(to.to_owned()));
                needed.insert(name);
            }
        }
        self.definitions.retain(|name, _| needed.contains(name));
        self
    }
}

/// Calls a function with the name of every definition that a schema points at.
pub(super) fn references(schema: &Value, found: &mut dyn FnMut(&str)) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(to) if key == "$ref" => found(to.rsplit('/').next().unwrap_or(to)),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// `apps/Deployment` of `apps/v1/Deployment`.
fn unversioned(kind: &str) -> (&str, &str) {
    let (api_version, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
    (api_version.split_once('/').map_or("", |(group, _)| group), kind)
}

fn lines<T: Serialize>(text: &mut String, map: &BTreeMap<String, T>) {
    let mut end = "\n";
    for (key, value) in map {
        let _ = write!(text, "{end}{}:{}", line(key), line(value));
        end = ",\n";
    }
    if !map.is_empty() {
        text.push('\n');
    }
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
