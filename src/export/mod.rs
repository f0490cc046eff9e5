//! `out/` for other engines: the objects by which Flux or Argo CD apply it, a file a stack.
//!
//! A stack becomes one Kustomization or one Application over its folder. No engine but homebuild fills in a secret, so
//! all Secrets are left out, and so is every other object with a reference.

mod argocd;
mod flux;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use argocd::ArgoCd;
pub use flux::Flux;

use crate::out::{self, Tree};
use crate::problem::{Place, Problem, Problems};
use crate::secrets::reference::has_reference;
use crate::survey;
use crate::yaml::{self, Data, Map, Node};

/// Who applies `out/`, and what it must be told.
#[derive(Debug, Clone)]
pub enum Engine {
    /// Flux.
    Flux(Flux),
    /// Argo CD.
    ArgoCd(ArgoCd),
}

impl Engine {
    /// How each of its files begins, so that homebuild knows its own.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Flux(_) => "# Made by `homebuild export flux`, which writes it anew each time.\n",
            Self::ArgoCd(_) => "# Made by `homebuild export argocd`, which writes it anew each time.\n",
        }
    }
}

/// What an engine is given.
#[derive(Debug)]
pub struct Export {
    /// The files by name: `kustomization.immich.yaml`.
    pub files: BTreeMap<String, String>,
    /// The stacks by wave and name.
    pub stacks: Vec<Exported>,
}

/// A stack that an engine is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Its name.
    pub stack: String,
    /// Its wave, as [`survey::stacks`] says.
    pub wave: usize,
    /// The stacks for which the engine waits, sorted.
    pub depends_on: Vec<String>,
    /// The stacks that it depends on and that the engine is not given, sorted: they are taken to be there.
    pub assumed: Vec<String>,
    /// The files of `out/` that the engine is not given, sorted: Secrets, and others with references to secrets.
    pub left_out: BTreeSet<String>,
    /// Whether it has objects of kinds that only its own charts bring.
    pub needs_own_charts: bool,
}

/// What an engine is given of `out/`. Where the site has several Kubernetes targets, one is named.
pub fn export(tree: &Tree, engine: &Engine, target: Option<&str>) -> Result<Export, Problems> {
    let target = choose(tree, target)?;
    let taken: BTreeMap<&str, &out::Stack> = tree
        .stacks
        .iter()
        .filter(|stack| is_of(stack, target) && has_objects(stack))
        .map(|stack| (stack.name.as_str(), stack))
        .collect();
    taken.values().filter_map(|stack| mixed(stack)).chain(same_name(taken.keys())).collect::<Problems>().or(())?;
    let mut export = Export { files: BTreeMap::new(), stacks: Vec::new() };
    for row in survey::stacks(tree)? {
        let Some(stack) = taken.get(row.stack.as_str()) else { continue };
        let (depends_on, assumed) = row.depends_on.into_iter().partition(|name| taken.contains_key(name.as_str()));
        let left_out: BTreeSet<String> = left_out(stack).map(|file| path(stack, file)).collect();
        let needs_own_charts = needs_own_charts(stack);
        let one = Exported { stack: row.stack, wave: row.wave, depends_on, assumed, left_out, needs_own_charts };
        let (kind, object) = match engine {
            Engine::Flux(flux) => ("kustomization", flux.kustomization(stack, &one)),
            Engine::ArgoCd(argocd) => ("application", argocd.application(stack, &one)),
        };
        export.files.insert(format!("{kind}.{}.yaml", one.stack), text_of(engine, &object));
        export.stacks.push(one);
    }
    if let Engine::Flux(flux) = engine
        && let Some(repository) = flux.repository()
    {
        export.files.insert(format!("gitrepository.{}.yaml", flux.source), text_of(engine, &repository));
    }
    Ok(export)
}

/// The name of a stack's object: a stack may be called what no object can be, such as `osm_routing`.
fn object_name(stack: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = stack.chars().map(plain).collect();
    name.trim_matches('-').to_owned()
}

/// The problems that two stacks would have objects of one name, or one none at all.
fn same_name<'a>(stacks: impl Iterator<Item = &'a &'a str>) -> Vec<Problem> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let wrong = stacks.filter_map(|stack| {
        let name = object_name(stack);
        let what = match seen.insert(name.clone(), stack) {
            Some(other) => format!("the stacks `{other}` and `{stack}` would both be `{name}` to the engine"),
            None if name.is_empty() => format!("stack `{stack}` has no letter that an object's name can have"),
            None => return None,
        };
        Some(Problem::error("name", what).note("call one of them otherwise: the folder's name is the stack's"))
    });
    wrong.collect()
}

/// The target whose stacks are meant: the one named, or nothing where there is only one.
fn choose<'a>(tree: &Tree, named: Option<&'a str>) -> Result<Option<&'a str>, Problem> {
    let targets = tree.site.as_ref().and_then(|site| site.get("targets")?.as_map());
    let is_kubernetes = |target: &Node| target.get("type").and_then(Node::as_str) == Some("kubernetes");
    let known: Vec<&str> = targets
        .into_iter()
        .flat_map(Map::iter)
        .filter(|(_, target)| is_kubernetes(target))
        .map(|(name, _)| name)
        .collect();
    let these = format!("the site has these: {}", known.join(", "));
    match named {
        Some(name) if !known.contains(&name) => {
            Err(Problem::error("unknown-target", format!("there is no Kubernetes target `{name}`")).note(these))
        }
        None if known.len() > 1 => {
            Err(Problem::error("missing-target", "the site has several clusters, and an engine serves one")
                .note(these)
                .note("name one: `--target NAME`"))
        }
        _ => Ok(named),
    }
}

/// Whether a stack goes to a target; one that names none goes to the only one.
fn is_of(stack: &out::Stack, target: Option<&str>) -> bool {
    let own = stack.lock.get("target").and_then(Node::as_str);
    own.is_none() || target.is_none() || own == target
}

fn has_objects(stack: &out::Stack) -> bool {
    stack.files.iter().any(|file| file.object().is_some())
}

/// The problem that a stack has files of machines beside its objects, which an engine would take for objects.
fn mixed(stack: &out::Stack) -> Option<Problem> {
    let is_read = |path: &str| path.contains('/') && [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let file = stack.files.iter().find(|file| is_read(&file.path))?;
    let message = format!("stack `{}` has objects and files of machines; an engine would take both", stack.name);
    Some(
        Problem::error("mixed-stack", message)
            .at(&Place::file(&file.source))
            .note("give the machines a stack of their own, on which this one depends"),
    )
}

/// The files that an engine is not given.
fn left_out(stack: &out::Stack) -> impl Iterator<Item = &out::Built> {
    stack
        .files
        .iter()
        .filter(|file| file.object().is_some_and(|object| is_secret(object) || has_reference(&file.source.text)))
}

fn is_secret(object: &Node) -> bool {
    said(object, &["kind"]) == "Secret" && said(object, &["apiVersion"]) == "v1"
}

/// Whether a stack has objects of a group whose definitions come with a chart of its own.
fn needs_own_charts(stack: &out::Stack) -> bool {
    let modules = stack.lock.get("modules").and_then(Node::as_map);
    let provided = modules.into_iter().flat_map(Map::iter).filter_map(|(_, module)| module.get("provides")?.as_list());
    let definitions = provided.flatten().filter_map(|one| one.as_str()?.strip_prefix("CustomResourceDefinition/"));
    let groups: BTreeSet<&str> = definitions.filter_map(|name| Some(name.split_once('.')?.1)).collect();
    let objects = stack.files.iter().filter_map(out::Built::object);
    let group = |object| said(object, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
    objects.map(group).any(|group| groups.contains(group))
}

fn path(stack: &out::Stack, file: &out::Built) -> String {
    format!("out/{}/{}/{}", stack.name, file.module, file.path)
}

/// The text below several keys, empty where there is none.
fn said<'a>(node: &'a Node, keys: &[&str]) -> &'a str {
    node.at(keys.iter().copied()).and_then(Node::as_str).unwrap_or_default()
}

fn text_of(engine: &Engine, object: &Node) -> String {
    format!("{}{}", engine.mark(), yaml::emit(object))
}

fn text(text: impl Into<Box<str>>) -> Node {
    Node::text(text, &Place::nowhere())
}

fn number(number: i128) -> Node {
    Node::new(Data::Int(number), &Place::nowhere())
}

fn truth(truth: bool) -> Node {
    Node::new(Data::Bool(truth), &Place::nowhere())
}

fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::new(Data::List(items.into_iter().collect()), &Place::nowhere())
}

/// A map without the keys that have no value.
fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Option<Node>)>) -> Node {
    let mut map = Map::default();
    for (key, value) in entries {
        if let Some(value) = value {
            map.set(key, value);
        }
    }
    Node::new(Data::Map(map), &Place::nowhere())
}

/// A map of texts.
fn texts<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Node {
    map(entries.into_iter().map(|(key, value)| (key, Some(text(value)))))
}
