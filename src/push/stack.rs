//! What push takes of `out/`: stacks with their modules and files, held to their digests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest;
use crate::out::{self, Tree};
use crate::problem::{Place, Problem, Problems, Source};
use crate::yaml::{self, Data, Map, Node};

use super::each::each;
use super::record;

/// A stack as it is to be.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The first 12 hex digits of the SHA-256 over its `stack.lock` and `SHA256SUMS`.
    pub version: String,
    /// The stacks that must be ready before it begins.
    pub depends_on: Vec<String>,
    /// The target that it names, where the site has several of its kind.
    pub target: Option<String>,
    /// Its modules, sorted by name.
    pub modules: Vec<Module>,
}

/// A module: the unit of waiting and of going back.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// The namespace that it lives in.
    pub namespace: Option<String>,
    /// How long it may take to become ready: `10m`.
    pub timeout: Option<String>,
    /// Whether it goes back to its last good tree when it does not become ready.
    pub atomic: bool,
    /// What its charts bring: `CustomResourceDefinition/middlewares.traefik.io`.
    pub provides: Vec<String>,
    /// What waits for what, by the names of files.
    pub edges: Vec<Edge>,
    /// Its files, sorted by path.
    pub files: Vec<Arc<File>>,
    /// Its part of `stack.lock`.
    pub lock: String,
}

impl Module {
    /// Of its part of `stack.lock` and its files.
    fn new(name: &str, lock: &Node, files: Vec<Arc<File>>) -> Self {
        let text = |key: &str| lock.get(key).and_then(Node::as_str).map(str::to_owned);
        Self {
            name: name.to_owned(),
            namespace: text("namespace"),
            timeout: text("timeout"),
            atomic: !matches!(lock.get("atomic").map(|node| &node.data), Some(Data::Bool(false))),
            provides: texts(lock.get("provides")),
            edges: lock.get("order").and_then(Node::as_list).unwrap_or_default().iter().map(edge).collect(),
            files,
            lock: yaml::emit(lock),
        }
    }

    /// A module as it was once.
    pub fn unpack(stack: &str, name: &str, tree: &record::Tree) -> Result<Self, Problems> {
        let (lock, files) = tree.unpack()?;
        let lock = yaml::parse_one(&Source::new(format!("out/{stack}/stack.lock"), lock))?;
        let file = |(path, text): (String, String)| {
            let source = Source::new(format!("out/{stack}/{name}/{path}"), text);
            Arc::new(File::new(&path, &source))
        };
        Ok(Self::new(name, &lock, files.into_iter().map(file).collect()))
    }
}

/// Files that wait until others are ready.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// Those that come first.
    pub first: Vec<String>,
    /// Those that wait.
    pub then: Vec<String>,
}

/// One file of a module.
#[derive(Debug, Clone)]
pub struct File {
    /// Path below the module's folder: `service.ntfy.yaml`.
    pub path: String,
    /// The first 16 hex digits of the SHA-256 of its text.
    pub digest: String,
    /// Its text.
    pub source: Arc<Source>,
    /// The Kubernetes object that it is, if it is one.
    pub object: Option<Head>,
}

/// What makes an object the one that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl File {
    /// Of a file of a module. Only its head is kept of what it says: there may be ten thousand of them.
    fn new(path: &str, source: &Arc<Source>) -> Self {
        let is_object = path.ends_with(".yaml") && !path.contains('/');
        let node = is_object.then(|| yaml::parse_one(source).ok()).flatten();
        let object = node.as_ref().and_then(Head::of);
        Self { path: path.to_owned(), digest: digest::hex(&source.text, 8), source: source.clone(), object }
    }
}

impl Head {
    fn of(node: &Node) -> Option<Self> {
        let text = |keys: &[&str]| node.at(keys.iter().copied()).and_then(Node::as_str).map(str::to_owned);
        Some(Self {
            api_version: text(&["apiVersion"])?,
            kind: text(&["kind"])?,
            namespace: text(&["metadata", "namespace"]),
            name: text(&["metadata", "name"])?,
        })
    }
}

/// The stacks of `out/`. A file that is not what its digest says is a problem: it was edited by hand, or is half merged
/// or half written.
pub fn read(tree: &Tree) -> Result<Vec<Stack>, Problems> {
    let mut problems = Problems::new();
    let stacks = tree.stacks.iter().map(|stack| {
        problems.extend(differing(stack));
        self::stack(stack)
    });
    let stacks = stacks.collect();
    problems.or(stacks)
}

fn stack(read: &out::Stack) -> Stack {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let mut files: BTreeMap<&str, Vec<Arc<File>>> = BTreeMap::new();
    let each = each(&read.files, |built| Arc::new(File::new(&built.path, &built.source)));
    for (built, file) in read.files.iter().zip(each) {
        files.entry(&built.module).or_default().push(file);
    }
    let modules = read.lock.get("modules").and_then(Node::as_map).into_iter().flat_map(Map::iter);
    let modules = modules.map(|(name, lock)| Module::new(name, lock, files.remove(name).unwrap_or_default()));
    Stack {
        name: read.name.clone(),
        version: version(read),
        depends_on: texts(read.lock.get("depends_on")),
        target: text(&read.lock, "target"),
        modules: modules.collect(),
    }
}

fn edge(node: &Node) -> Edge {
    Edge { first: texts(node.get("first")), then: texts(node.get("then")) }
}

fn texts(list: Option<&Node>) -> Vec<String> {
    let list = list.and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// The version of a stack: over its lock and the digests of its modules.
fn version(stack: &out::Stack) -> String {
    let sums = stack.sums.iter().map(|(_, sums)| sums.text.as_str());
    digest::hex(std::iter::once(stack.lock_source.text.as_str()).chain(sums).collect::<String>(), 6)
}

/// The files that are not what `SHA256SUMS` says.
fn differing(stack: &out::Stack) -> Problems {
    let mut problems = Problems::new();
    let mut files: BTreeMap<&str, BTreeMap<&str, &Arc<Source>>> = BTreeMap::new();
    for built in &stack.files {
        files.entry(&built.module).or_default().insert(&built.path, &built.source);
    }
    for (module, sums) in &stack.sums {
        let mut there = files.remove(module.as_str()).unwrap_or_default();
        let lines = sums.text.lines().filter_map(|line| line.split_once("  "));
        for (digest, path) in lines {
            let problem = match there.remove(path) {
                Some(source) if digest::hex(&source.text, 32) == digest => continue,
                Some(source) => Problem::error("not-as-built", "it is not as it was built").at(&Place::file(source)),
                None => Problem::error("not-as-built", format!("`{path}` is missing")).at(&Place::file(sums)),
            };
            problems.push(rebuild(problem));
        }
        let left: BTreeSet<&str> = there.into_keys().collect();
        problems.extend(left.into_iter().map(|path| {
            let path = format!("{}/{module}/{path}", stack.name);
            rebuild(Problem::error("not-as-built", format!("`out/{path}` is in no SHA256SUMS")))
        }));
    }
    problems.extend(files.into_keys().map(|module| {
        let path = format!("{}/{module}", stack.name);
        rebuild(Problem::error("not-as-built", format!("`out/{path}` has no SHA256SUMS")))
    }));
    problems
}

fn rebuild(problem: Problem) -> Problem {
    problem.note("edited by hand, half merged or half written: `homebuild build` makes out/ anew")
}
