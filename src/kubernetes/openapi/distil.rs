//! What Kubernetes publishes to the files of `schemas/`.
//!
//! There are two sources: the `OpenAPI` documents of an API server (or of Kubernetes' own Go module), and the manifests
//! of custom resource definitions. Of the same custom resource both give the same bytes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::Value;

use super::file::{File, Files, KUBERNETES, Kind, references};
use super::simplify::Simplify;
use crate::problem::Problem;
use crate::yaml::{Data, Node};

/// How the names of the definitions of Kubernetes' own types begin.
const OWN: [&str; 4] =
    ["io.k8s.api.", "io.k8s.apimachinery.", "io.k8s.apiextensions-apiserver.", "io.k8s.kube-aggregator."];

/// Kinds of different documents, which every Kubernetes has.
const WHOLE: [&str; 3] = ["v1/Namespace", "apps/v1/Deployment", "rbac.authorization.k8s.io/v1/Role"];

/// Schemas, and what is left out of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distilled {
    /// The files, each of them whole.
    pub files: Files,
    /// Patterns that the check cannot try: Go reads them, our reader does not.
    pub left_out: BTreeSet<String>,
}

/// The files of an API server: Kubernetes' own kinds, and a file for each API group that was added to them.
///
/// A document is what the server answers at a path below `/openapi/v3`: `api/v1`, `apis/apps/v1`. All of them belong
/// together. The version is what the server answers at `/version`, `1.34.2`; documents do not say it.
pub fn documents(version: &str, documents: &[Value]) -> Result<Distilled, Problem> {
    let mut definitions: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut namespaced: BTreeMap<String, bool> = BTreeMap::new();
    for document in documents {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        definitions.extend(schemas.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)));
        for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            if let Some((kind, lies_in_one)) = resource(path, item) {
                *namespaced.entry(kind).or_default() |= lies_in_one;
            }
        }
    }
    let roots: BTreeMap<String, &str> =
        definitions.iter().filter_map(|(name, schema)| Some((only_kind(schema)?, *name))).collect();
    let mut files = BTreeMap::new();
    for (kind, namespaced) in namespaced {
        let Some(root) = roots.get(&kind) else {
            return Err(Problem::error("schemas", format!("the OpenAPI documents have no schema of `{kind}`")));
        };
        let name = if is_own(root) { KUBERNETES } else { group(&kind) };
        let file: &mut File = files.entry(name.to_owned()).or_default();
        let schema = Some(kept_name(root, definitions[root]).into());
        file.kinds.insert(kind, Kind { namespaced, schema });
    }
    if files.get(KUBERNETES).is_some_and(|file| !WHOLE.iter().all(|kind| file.kinds.contains_key(*kind))) {
        return Err(Problem::error("schemas", "these are not all OpenAPI documents of a Kubernetes")
            .note("they are one file, `schemas/kubernetes.json`: give all of them together"));
    }
    let left_out = RefCell::default();
    for (name, file) in &mut files {
        let is_kubernetes = name == KUBERNETES;
        file.version = is_kubernetes.then(|| version.to_owned());
        let roots: Vec<&str> = file.kinds.keys().map(|kind| roots[kind]).collect();
        file.definitions = reached(&definitions, &roots, is_kubernetes, &left_out);
    }
    Ok(Distilled { files: Files(files), left_out: left_out.into_inner() })
}

/// The files of custom resource definitions.
pub fn definitions(manifests: &[Value]) -> Result<Distilled, Problem> {
    let left_out = RefCell::default();
    let simplify = Simplify { own: false, name: &str::to_owned, pattern: &|pattern| can_try(pattern, &left_out) };
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for manifest in manifests {
        let text = |path: &str| manifest.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (group, of, name) = (text("/spec/group"), text("/spec/names/kind"), text("/metadata/name"));
        if text("/apiVersion") != "apiextensions.k8s.io/v1" {
            let message = format!("the custom resource definition `{name}` is of `{}`", text("/apiVersion"));
            return Err(Problem::error("schemas", message).note("`apiextensions.k8s.io/v1` is what can be read"));
        }
        let versions = manifest.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
        let file = files.entry(group.to_owned()).or_default();
        for version in versions.filter(|version| version.get("served") == Some(&Value::Bool(true))) {
            let api = version.get("name").and_then(Value::as_str).unwrap_or_default();
            let kind = format!("{group}/{api}/{of}");
            let schema = version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
            let namespaced = text("/spec/scope") == "Namespaced";
            file.definitions.insert(kind.clone(), simplify.root(schema));
            file.kinds.insert(kind.clone(), Kind { namespaced, schema: Some(kind.into()) });
        }
    }
    Ok(Distilled { files: Files(files), left_out: left_out.into_inner() })
}

/// A manifest that was read as YAML.
#[must_use]
pub fn value(node: &Node) -> Value {
    match &node.data {
        Data::Null | Data::Removed => Value::Null,
        Data::Bool(value) => (*value).into(),
        Data::Int(value) => number(*value).unwrap_or_else(|| node.plain.as_deref().into()),
        Data::Float(value) => (*value).into(),
        Data::Str(value) => (**value).into(),
        Data::List(list) => list.iter().map(value).collect(),
        Data::Map(map) => map.iter().map(|(key, node)| (key.to_owned(), value(node))).collect(),
    }
}

fn number(value: i128) -> Option<Value> {
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok()
}

/// The kind of the objects at a path, and whether they lie in a namespace; none where the path is of anything else.
fn resource(path: &str, item: &Value) -> Option<(String, bool)> {
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let head = match parts.first() {
        Some(&"api") => 2,
        Some(&"apis") => 3,
        _ => return None,
    };
    let rest = parts.split_off(head.min(parts.len()));
    let api = parts.get(1..)?.join("/");
    let (rest, namespaced) = match &rest[..] {
        ["namespaces", "{namespace}", rest @ ..] => (rest, true),
        rest => (rest, false),
    };
    let ([_] | [_, "{name}"]) = rest else { return None };
    let marks = item.as_object()?.values().find_map(|method| method.get("x-kubernetes-group-version-kind"))?;
    let kind = kind_of(marks);
    (kind.rsplit_once('/')?.0 == api).then_some((kind, namespaced))
}

/// The kind whose objects a definition describes, if there is one alone.
fn only_kind(schema: &Value) -> Option<String> {
    match schema.get("x-kubernetes-group-version-kind")?.as_array()?.as_slice() {
        [only] => Some(kind_of(only)),
        _ => None,
    }
}

/// `apps/v1/Deployment`
fn kind_of(mark: &Value) -> String {
    let text = |key: &str| mark.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("group"), text("version"), text("kind")) {
        ("", version, kind) => format!("{version}/{kind}"),
        (group, version, kind) => format!("{group}/{version}/{kind}"),
    }
}

fn group(kind: &str) -> &str {
    kind.split_once('/').map_or("", |(group, _)| group)
}

fn is_own(name: &str) -> bool {
    OWN.iter().any(|start| name.starts_with(start))
}

/// The name of a definition in our files: a custom resource's is its kind, which is what a manifest can say too.
fn kept_name(name: &str, schema: &Value) -> String {
    only_kind(schema).filter(|_| !is_own(name)).unwrap_or_else(|| name.to_owned())
}

/// The definitions that kinds need: Kubernetes' own, or all others.
fn reached(
    all: &BTreeMap<&str, &Value>,
    roots: &[&str],
    own: bool,
    left_out: &RefCell<BTreeSet<String>>,
) -> BTreeMap<String, Value> {
    let name = |name: &str| all.get(name).map_or_else(|| name.to_owned(), |schema| kept_name(name, schema));
    let simplify = Simplify { own, name: &name, pattern: &|pattern| can_try(pattern, left_out) };
    let mut found: BTreeMap<&str, Value> = BTreeMap::new();
    let mut next: Vec<&str> = roots.to_vec();
    while let Some(at) = next.pop() {
        let Some((at, schema)) = all.get_key_value(at).filter(|(at, _)| is_own(at) == own && !found.contains_key(*at))
        else {
            continue;
        };
        let schema = if roots.contains(at) { without_status(schema) } else { (*schema).clone() };
        references(&schema, &mut |to| next.extend(all.get_key_value(to).map(|(to, _)| *to)));
        let is_root = roots.contains(at);
        found.insert(at, if is_root { simplify.root(&schema) } else { simplify.schema(&schema) });
    }
    found.into_iter().map(|(at, schema)| (name(at), schema)).collect()
}

fn without_status(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_remove("status");
    }
    schema
}

/// Whether our reader of patterns understands one that is written for Go's; it is remembered where it does not.
fn can_try(pattern: &str, left_out: &RefCell<BTreeSet<String>>) -> bool {
    let can = Regex::new(pattern).is_ok();
    if !can {
        left_out.borrow_mut().insert(pattern.to_owned());
    }
    can
}
