//! What push must know and objects do not say: `stack.lock`, `site.lock`, `nfs-exports.txt`.

use std::collections::{BTreeMap, BTreeSet};

use crate::problem::Place;
use crate::render::{Artifact, Rendered};
use crate::resolve::{Module, Stack};
use crate::site::Site;
use crate::yaml::{self, Data, Entry, Map, Node};

/// Version of the lock files.
const VERSION: i128 = 1;

/// A map that is written key by key; what is empty or missing is left out.
struct Lock {
    map: Map,
    place: Place,
}

impl Lock {
    fn new() -> Self {
        Self { map: Map::default(), place: Place::nowhere() }
    }

    fn node(mut self, key: &str, value: Option<Node>) -> Self {
        if let Some(value) = value {
            self.map.0.push(Entry { key: key.into(), place: self.place.clone(), value });
        }
        self
    }

    fn text(self, key: &str, value: Option<&str>) -> Self {
        let node = value.map(|text| Node::text(text, &self.place));
        self.node(key, node)
    }

    fn data(self, key: &str, data: Data) -> Self {
        let node = Node::new(data, &self.place);
        self.node(key, Some(node))
    }

    fn list<'a>(self, key: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let list: Vec<Node> = texts.into_iter().map(|text| Node::text(text, &self.place)).collect();
        if list.is_empty() { self } else { self.data(key, Data::List(list)) }
    }

    fn end(self) -> Node {
        Node::new(Data::Map(self.map), &self.place)
    }
}

/// `out/site.lock`.
#[must_use]
pub fn site(site: &Site) -> String {
    let mut lock = Lock::new().data("homebuild", Data::Int(VERSION)).text("name", Some(&site.name));
    for (key, version) in &site.versions {
        lock = lock.text(key, Some(version));
    }
    let targets = site.targets.as_map().is_some_and(|map| !map.is_empty()).then(|| site.targets.clone());
    yaml::emit(&lock.node("targets", targets).end())
}

/// `out/<stack>/stack.lock`.
#[must_use]
pub fn stack(stack: &Stack, rendered: &[Rendered]) -> String {
    let mut modules = Lock::new();
    for (module, made) in stack.modules.iter().zip(rendered) {
        modules = modules.node(&module.name, Some(self::module(module, &made.artifacts)));
    }
    let depends_on = Node::new(
        Data::List(stack.depends_on.iter().map(|(name, place)| Node::text(name.as_str(), place)).collect()),
        &stack.place,
    );
    let lock = Lock::new()
        .data("homebuild", Data::Int(VERSION))
        .text("stack", Some(&stack.name))
        .node("depends_on", Some(depends_on))
        .text("target", stack.target.as_deref())
        .node("modules", Some(modules.end()));
    yaml::emit(&lock.end())
}

fn module(module: &Module, artifacts: &[Artifact]) -> Node {
    let mut lock = Lock::new()
        .text("namespace", module.namespace.as_deref())
        .text("tier", module.tier.as_deref())
        .text("timeout", module.timeout.as_deref())
        .node("atomic", module.atomic.map(|atomic| Node::new(Data::Bool(atomic), &module.place)));
    let provides: BTreeSet<&str> =
        module.jobs.iter().filter(|job| job.made).flat_map(|job| job.provides.iter().map(String::as_str)).collect();
    lock = lock.list("provides", provides);
    let edges = order(module, artifacts);
    if edges.is_empty() { lock.end() } else { lock.data("order", Data::List(edges)).end() }
}

/// The order edges: the files of a component, and those that wait until they are ready.
fn order(module: &Module, artifacts: &[Artifact]) -> Vec<Node> {
    let mut by_component: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for artifact in artifacts {
        let file = artifact.path.split_once('/').map_or("", |(_, file)| file);
        by_component.entry(&module.jobs[artifact.job].component).or_default().insert(file);
    }
    let mut edges: BTreeSet<(&str, &str)> = BTreeSet::new();
    for job in &module.jobs {
        edges.extend(job.after.iter().map(|(first, _)| (first.as_str(), job.component.as_str())));
    }
    let files = |component: &str| by_component.get(component).into_iter().flatten().copied();
    edges
        .into_iter()
        .filter(|(first, then)| files(first).next().is_some() && files(then).next().is_some())
        .map(|(first, then)| Lock::new().list("first", files(first)).list("then", files(then)).end())
        .collect()
}

/// `nfs-exports.txt` of a module: the folders that it mounts, sorted; none where it mounts none.
#[must_use]
pub fn exports(artifacts: &[Artifact]) -> Option<String> {
    let all: BTreeSet<&(String, String)> = artifacts.iter().flat_map(|artifact| &artifact.mounts).collect();
    let lines: Vec<String> = all.iter().map(|(server, path)| format!("{server} {path}\n")).collect();
    (!lines.is_empty()).then(|| lines.concat())
}
