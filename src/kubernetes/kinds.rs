//! Data about kinds: which are namespaced, what their objects look like, and how their lists merge.
//!
//! It comes from the files of `schemas/` (see [`super::openapi`]). Kubernetes' own kinds are inside the program too, for
//! a site that has no `schemas/kubernetes.json`. A definition is read when it is first asked for: most never are.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::openapi::chart;
use super::openapi::file::KUBERNETES;
use super::openapi::shape::{Index, Origin, Reader, Shape, Slot};
use crate::problem::{Place, Problem, Problems, Source, did_you_mean, fit, fit16};
use crate::yaml::{Data, Node};

/// Kubernetes' own kinds, of one version.
const CORE: &str = include_str!("../../schemas/kubernetes.json");

/// All that is known of kinds.
#[derive(Debug, Default)]
pub struct Kinds {
    /// The version of Kubernetes, and the file that says it: none where the program itself does.
    version: (Box<str>, Option<Arc<Source>>),
    /// By API version, then by kind.
    by_version: BTreeMap<Box<str>, BTreeMap<Box<str>, Kind>>,
    definitions: Vec<Definition>,
    /// Definitions by name.
    names: BTreeMap<Box<str>, Index>,
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
    /// Where the definition of its objects is; none where no file has one.
    definition: Option<Index>,
}

/// A type of Kubernetes' API, such as `PodSpec`.
pub type Type<'k> = &'k Shape;

/// A field of a type.
#[derive(Debug, Clone, Copy, Default)]
pub struct Field<'k> {
    /// The type of the value in the field, of a list's entries or, with `map`, of a map's values.
    pub of: Option<Type<'k>>,
    /// The field is a map with free keys.
    pub map: bool,
    /// The fields in which an entry of the list differs from all others; none: the list is one value.
    pub keys: &'k [Box<str>],
}

/// Who knows of a group's kind, the first claim on its short file name first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// Kubernetes' first group, which has no name.
    Nameless,
    /// The core set.
    Core,
    /// The site's custom resources.
    Site,
}

/// The schema of a type: its text until it is needed.
#[derive(Debug)]
struct Definition {
    name: Box<str>,
    json: Box<RawValue>,
    origin: Origin,
    shape: OnceLock<Result<Shape, String>>,
}

/// A file of `schemas/`, with its definitions unread.
#[derive(Deserialize)]
struct File {
    version: Option<Box<str>>,
    kinds: BTreeMap<Box<str>, FileKind>,
    #[serde(default)]
    definitions: BTreeMap<Box<str>, Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKind {
    namespaced: bool,
    schema: Option<Box<str>>,
}

impl<'k> Field<'k> {
    /// What the server takes a key of an entry for where the entry does not say it.
    #[must_use]
    pub fn default_of(&self, key: &str) -> Option<&'k Data> {
        self.of?.default_of(key)
    }
}

impl Kinds {
    /// Those of the files of `schemas/`, and of the program where no file has Kubernetes' own. All problems are told.
    pub fn new(files: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut kinds = Self::default();
        let own = files.iter().find(|source| stem(source) == Some(KUBERNETES));
        let text = own.map_or(CORE, |source| &source.text);
        let read = serde_json::from_str(text).map_err(|error| broken(own, &error));
        if let Some(file) = problems.take(read) {
            let added = kinds.add(file, Known::Core);
            problems
                .take(added.map_err(|problem| own.into_iter().fold(problem, |p, source| p.at(&Place::file(source)))));
            kinds.version.1 = own.cloned();
        }
        for source in files.iter().filter(|source| stem(source).is_some_and(|stem| stem != KUBERNETES)) {
            let read = serde_json::from_str(&source.text).map_err(|error| broken(Some(source), &error));
            let Some(file) = problems.take(read) else { continue };
            problems.take(kinds.add(file, Known::Site).map_err(|problem| problem.at(&Place::file(source))));
        }
        for source in files {
            let name = source.path.strip_prefix("schemas/charts/").and_then(|name| name.strip_suffix(".json"));
            problems.extend(name.and_then(|name| kinds.add_chart(name, source).err()));
        }
        problems.or(kinds)
    }

    /// What the values of a chart look like, or why that cannot be read; none where no file says it.
    #[must_use]
    pub fn values_of(&self, chart: &str) -> Option<Result<Type<'_>, &str>> {
        self.names.get(&*chart_name(chart)).map(|at| self.shape(*at))
    }

    /// The version of Kubernetes that the schemas are of, and the file that says it, if the site has one.
    #[must_use]
    pub fn version(&self) -> (&str, Option<&Arc<Source>>) {
        (&self.version.0, self.version.1.as_ref())
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
            "a custom resource is known by its definition: `homebuild schemas add crd.yaml`, or `schemas pull` from a \
             cluster that has it",
        )
    }

    /// The type of a kind's objects, or why its schema cannot be read; none where there is no schema.
    #[must_use]
    pub fn schema(&self, kind: &Kind) -> Option<Result<Type<'_>, &str>> {
        kind.definition.map(|at| self.shape(at))
    }

    /// The type of a kind's objects, if there is one.
    #[must_use]
    pub fn type_of(&self, kind: &Kind) -> Option<Type<'_>> {
        self.schema(kind)?.ok()
    }

    /// The type that a layout means by a short name: `Deployment` is what stands in a Deployment's `spec`, `Container`
    /// is one container.
    #[must_use]
    pub fn type_of_short_name(&self, name: &str) -> Option<Type<'_>> {
        let kind = |api, name| self.field(self.type_of(self.kind(api, name)?)?, "spec")?.of;
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

    /// A field of a type.
    #[must_use]
    pub fn field<'k>(&'k self, of: Type<'k>, name: &str) -> Option<Field<'k>> {
        let field = self.shape_of(of.field(name)?).ok()?;
        let (keys, map) = (field.merge_keys(), field.values());
        let of = field.entries().or(map).map_or(Some(field), |slot| self.shape_of(slot).ok());
        Some(Field { of, map: map.is_some(), keys })
    }

    /// The schema in a place, or why it cannot be read.
    pub fn shape_of<'k>(&'k self, slot: &'k Slot) -> Result<Type<'k>, &'k str> {
        match slot {
            Slot::Named(at) => self.shape(*at),
            Slot::Inline(shape) => Ok(shape),
        }
    }

    fn shape(&self, at: Index) -> Result<&Shape, &str> {
        let Definition { name, json, origin, shape } = &self.definitions[at];
        let find = |name: &str| self.names.get(name).copied();
        let read = || Reader { find: &find, origin: *origin }.definition(name, json.get());
        shape.get_or_init(read).as_ref().map_err(String::as_str)
    }

    /// All definitions with a name, whatever their API; all there are where it is empty.
    #[cfg(test)]
    pub(super) fn definitions_named(&self, name: &str) -> impl Iterator<Item = Result<Type<'_>, &str>> {
        let is_it = move |of: &Definition| name.is_empty() || of.name.rsplit('.').next() == Some(name);
        self.definitions.iter().enumerate().filter(move |(_, of)| is_it(of)).map(|(at, _)| self.shape(at))
    }

    /// The group whose objects are written with the kind alone: the one with the first claim, if there is only one.
    /// Kubernetes' first group comes before the rest of the core set, which comes before the site's custom resources.
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
        let own = known == Known::Core;
        let origin = if own { Origin::Kubernetes } else { Origin::Custom };
        if own {
            self.version.0 = file.version.unwrap_or_default();
        }
        for (name, json) in file.definitions {
            self.define(name, json, origin);
        }
        for (name, kind) in file.kinds {
            let Some((api_version, name)) = name.rsplit_once('/') else {
                return Err(Problem::error("schemas", format!("`{name}` is no API version and kind, as `v1/Pod` is")));
            };
            let find = |schema: &str| {
                let problem = || Problem::error("schemas", format!("`{schema}`, the schema of `{name}`, is not here"));
                self.names.get(schema).copied().ok_or_else(problem)
            };
            let definition = kind.schema.as_deref().map(find).transpose()?;
            let custom = !own && !self.is_core(api_version, name);
            self.insert(api_version, name, Kind { namespaced: kind.namespaced, custom, definition }, known);
        }
        Ok(())
    }

    fn define(&mut self, name: Box<str>, json: Box<RawValue>, origin: Origin) {
        let at = self.definitions.len();
        self.names.entry(name.clone()).or_insert(at);
        self.definitions.push(Definition { name, json, origin, shape: OnceLock::new() });
    }

    /// The schema of a chart's values.
    fn add_chart(&mut self, name: &str, source: &Arc<Source>) -> Result<(), Problem> {
        let schema = serde_json::from_str(&source.text).map_err(|error| broken(Some(source), &error))?;
        for (name, definition) in chart::definitions(&chart_name(name), &schema) {
            let json = RawValue::from_string(definition.to_string()).map_err(|error| broken(Some(source), &error))?;
            self.define(name.into(), json, Origin::Chart);
        }
        Ok(())
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

/// The name of the definition of a chart's values.
fn chart_name(chart: &str) -> String {
    format!("charts/{chart}")
}

/// The name of a file with schemas of objects; none where it holds something else.
fn stem(source: &Source) -> Option<&str> {
    let stem = source.path.strip_prefix("schemas/")?.strip_suffix(".json")?;
    (!stem.contains('/') && stem != "editor" && !stem.ends_with(".schema")).then_some(stem)
}

fn broken(source: Option<&Arc<Source>>, error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    let problem = Problem::error("schemas", "the schemas of objects cannot be read")
        .label(said.split(" at line ").next().unwrap_or_default())
        .note("`homebuild schemas` makes this file");
    let Some(source) = source else { return problem };
    let (line, column) = (fit(error.line()), fit16(error.column().max(1)));
    problem.at(&Place { source: source.clone(), line, column, length: 1 })
}

#[cfg(test)]
mod tests;
