//! Data about kinds: which are namespaced, and how their lists merge.
//!
//! The core set comes from Kubernetes' own `OpenAPI` and discovery files and is inside the program; a site adds its
//! custom resources in `schemas/kinds.json` (both are made by `tools/kinds.py`, whose docstring has the format).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::problem::{Place, Problem, Source, did_you_mean, fit, fit16};
use crate::yaml::{Data, Node};

/// The core set: the kinds of one Kubernetes version.
const CORE: &str = include_str!("kinds.json");

/// All that is known of kinds.
#[derive(Debug, Default)]
pub struct Kinds {
    /// By API version, then by kind.
    by_version: BTreeMap<Box<str>, BTreeMap<Box<str>, Kind>>,
    types: Vec<Fields>,
    /// Types by their name in the `OpenAPI` file.
    names: BTreeMap<Box<str>, Type>,
    /// By the kind in lower case: the groups that have it.
    groups: BTreeMap<Box<str>, Vec<(Box<str>, Known)>>,
}

/// What is known of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether it is a custom resource: not one of the core set.
    pub custom: bool,
    /// The type of its objects; none where no list below it has keys.
    pub of: Option<Type>,
}

/// A type of Kubernetes' API, such as `PodSpec`. It belongs to the [`Kinds`] that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type(usize);

/// A field of a type from which something follows.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The type of the object in the field, of a list's entries or, with `map`, of a map's values.
    pub of: Option<Type>,
    /// The field is a map with free keys.
    pub map: bool,
    /// The fields in which an entry of the list differs from all others; none: the list is one value.
    pub keys: Vec<Box<str>>,
    /// What such a field is where an entry does not say.
    pub defaults: Vec<(Box<str>, Data)>,
}

/// Who knows of a group's kind, the first claim on its short file name first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// Kubernetes' first group, which has no name.
    Nameless,
    /// The core set.
    Core,
    /// The site's `schemas/kinds.json`.
    Site,
}

#[derive(Debug, Default)]
struct Fields {
    name: Box<str>,
    fields: Vec<(Box<str>, Field)>,
}

#[derive(Deserialize)]
struct File {
    kinds: BTreeMap<Box<str>, FileKind>,
    #[serde(default)]
    types: BTreeMap<Box<str>, BTreeMap<Box<str>, FileField>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKind {
    namespaced: bool,
    #[serde(rename = "type")]
    of: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileField {
    of: Option<Box<str>>,
    #[serde(default)]
    map: bool,
    #[serde(default)]
    keys: Vec<Box<str>>,
    #[serde(default)]
    defaults: BTreeMap<Box<str>, KeyDefault>,
}

/// The default of a key.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeyDefault {
    Bool(bool),
    Int(i64),
    Text(Box<str>),
}

impl Kinds {
    /// The core set and, over it, the site's `schemas/kinds.json`.
    pub fn new(site: Option<&Arc<Source>>) -> Result<Self, Problem> {
        let mut kinds = Self::default();
        let core = serde_json::from_str(CORE).map_err(|e| Problem::error("kinds", format!("the core set: {e}")))?;
        kinds.add(core, Known::Core)?;
        if let Some(source) = site {
            let file = serde_json::from_str(&source.text).map_err(|e| broken(source, &e))?;
            kinds.add(file, Known::Site).map_err(|problem| problem.at(&Place::file(source)))?;
        }
        Ok(kinds)
    }

    /// What is known of a kind.
    #[must_use]
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        self.by_version.get(api_version)?.get(kind)
    }

    /// What is known of an object's kind.
    #[must_use]
    pub fn of(&self, object: &Node) -> Option<&Kind> {
        let text = |key| object.get(key).and_then(Node::as_str);
        self.kind(text("apiVersion")?, text("kind")?)
    }

    /// What an author is told of a kind that is not known, without a place.
    #[must_use]
    pub fn unknown(&self, api_version: &str, kind: &str) -> Problem {
        let elsewhere: Vec<_> =
            self.by_version.iter().filter(|(_, of)| of.contains_key(kind)).map(|(v, _)| &**v).collect();
        let label = match (&elsewhere[..], self.by_version.get(api_version)) {
            ([_, ..], _) => format!("`{kind}` is in `{}`", elsewhere.join("`, `")),
            ([], Some(kinds)) => did_you_mean(kind, kinds.keys().map(|k| &**k)),
            ([], None) => did_you_mean(api_version, self.by_version.keys().map(|v| &**v)),
        };
        Problem::error("unknown-kind", format!("no kind `{kind}` is known in `{api_version}`")).label(label).note(
            "a custom resource is known by `schemas/kinds.json`: its API version, kind, and whether it lies in a namespace",
        )
    }

    /// The type that a layout means by a short name: `Deployment` is what stands in a Deployment's `spec`, `Container`
    /// is one container.
    #[must_use]
    pub fn type_of_short_name(&self, name: &str) -> Option<Type> {
        let kind = |api, name| self.field(self.kind(api, name)?.of?, "spec")?.of;
        match name {
            "Container" => self.field(kind("v1", "Pod")?, "containers")?.of,
            "Pod" | "Service" => kind("v1", name),
            "Deployment" | "StatefulSet" | "DaemonSet" => kind("apps/v1", name),
            "Job" | "CronJob" => kind("batch/v1", name),
            _ => None,
        }
    }

    /// The names that [`Kinds::type_of_short_name`] knows.
    pub const SHORT_NAMES: [&str; 8] =
        ["Container", "CronJob", "DaemonSet", "Deployment", "Job", "Pod", "Service", "StatefulSet"];

    /// A field of a type, if something follows from it.
    #[must_use]
    pub fn field(&self, of: Type, name: &str) -> Option<&Field> {
        self.types.get(of.0)?.fields.iter().find(|(field, _)| &**field == name).map(|(_, field)| field)
    }

    /// The name of a type, without the API that it is in: `PodSpec`.
    #[must_use]
    pub fn name(&self, of: Type) -> &str {
        self.types.get(of.0).and_then(|t| t.name.rsplit('.').next()).unwrap_or_default()
    }

    /// The names of all types, without their API.
    #[cfg(test)]
    pub(super) fn type_names(&self) -> impl Iterator<Item = &str> {
        (0..self.types.len()).map(|index| self.name(Type(index)))
    }

    /// The group whose objects are written with the kind alone: the one with the first claim, if there is only one.
    /// Kubernetes' first group comes before the rest of the core set, which comes before the site's `kinds.json`.
    #[must_use]
    pub fn plain_group(&self, kind: &str) -> Option<&str> {
        let groups = self.groups.get(&*kind.to_ascii_lowercase())?;
        let first = groups.iter().map(|(_, known)| *known).min()?;
        let mut best = groups.iter().filter(|(_, known)| *known == first);
        best.next().filter(|_| best.next().is_none()).map(|(group, _)| &**group)
    }

    /// The groups that have a kind, whatever its case.
    pub fn groups(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.groups.get(&*kind.to_ascii_lowercase()).into_iter().flatten().map(|(group, _)| &**group)
    }

    fn add(&mut self, file: File, known: Known) -> Result<(), Problem> {
        for (name, fields) in file.types {
            let of = self.intern(&name);
            let fields = fields.into_iter().map(|(name, field)| (name, self.compile(field))).collect();
            self.types[of.0].fields = fields;
        }
        for (name, kind) in file.kinds {
            let Some((api_version, name)) = name.rsplit_once('/') else {
                return Err(Problem::error("kinds", format!("`{name}` is no API version and kind, as `v1/Pod` is")));
            };
            let of = kind.of.map(|of| self.intern(&of));
            let custom = known != Known::Core && !self.is_core(api_version, name);
            self.insert(api_version, name, Kind { namespaced: kind.namespaced, custom, of }, known);
        }
        Ok(())
    }

    fn compile(&mut self, field: FileField) -> Field {
        let data = |default| match default {
            KeyDefault::Bool(value) => Data::Bool(value),
            KeyDefault::Int(value) => Data::Int(value.into()),
            KeyDefault::Text(value) => Data::Str(value),
        };
        Field {
            of: field.of.map(|of| self.intern(&of)),
            map: field.map,
            keys: field.keys,
            defaults: field.defaults.into_iter().map(|(key, value)| (key, data(value))).collect(),
        }
    }

    fn intern(&mut self, name: &str) -> Type {
        if let Some(of) = self.names.get(name) {
            return *of;
        }
        let of = Type(self.types.len());
        self.types.push(Fields { name: name.into(), fields: Vec::new() });
        self.names.insert(name.into(), of);
        of
    }

    fn insert(&mut self, api_version: &str, name: &str, kind: Kind, known: Known) {
        let group = group_of(api_version);
        let known = if group.is_empty() { Known::Nameless } else { known };
        let groups = self.groups.entry(name.to_ascii_lowercase().into()).or_default();
        match groups.iter_mut().find(|(of, _)| &**of == group) {
            Some((_, old)) => *old = known.min(*old),
            None => groups.push((group.into(), known)),
        }
        self.by_version.entry(api_version.into()).or_default().insert(name.into(), kind);
    }

    fn is_core(&self, api_version: &str, kind: &str) -> bool {
        let group = group_of(api_version);
        let groups = self.groups.get(&*kind.to_ascii_lowercase()).into_iter().flatten();
        groups.into_iter().any(|(of, known)| &**of == group && *known <= Known::Core)
    }
}

/// The group of an API version: `apps` of `apps/v1`, nothing of `v1`.
#[must_use]
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn broken(source: &Arc<Source>, error: &serde_json::Error) -> Problem {
    let place =
        Place { source: source.clone(), line: fit(error.line()), column: fit16(error.column().max(1)), length: 1 };
    let said = error.to_string();
    Problem::error("kinds", "the data about kinds cannot be read")
        .at(&place)
        .label(said.split(" at line ").next().unwrap_or_default())
        .note("`tools/kinds.py` makes this file")
}

#[cfg(test)]
mod tests;
