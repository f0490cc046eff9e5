//! Reading `out/` back: what runs, without a look at the sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::turn::TEMPORARY;
use crate::disk;
use crate::problem::{Problem, Problems, Source};
use crate::yaml::{Node, parse_one};

/// All of `out/`, as it lies there.
#[derive(Debug, Default)]
pub struct Tree {
    /// `site.lock`, if it is there.
    pub site: Option<Node>,
    /// The stacks, sorted by name.
    pub stacks: Vec<Stack>,
}

/// The folder of one stack.
#[derive(Debug)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// `stack.lock`.
    pub lock: Node,
    /// The files of its modules, sorted by module and path; digests are not among them.
    pub files: Vec<Built>,
}

/// One file of a module.
#[derive(Debug)]
pub struct Built {
    /// The module's name.
    pub module: String,
    /// Path below the module's folder: `service.ntfy.yaml`, `proxmox/220-registry.json`.
    pub path: String,
    /// Its text.
    pub source: Arc<Source>,
    /// Its value, if it is one YAML or JSON document.
    pub value: Option<Node>,
}

impl Built {
    /// The Kubernetes object, if it is one.
    #[must_use]
    pub fn object(&self) -> Option<&Node> {
        self.value.as_ref().filter(|_| !self.path.contains('/')).filter(|value| value.get("apiVersion").is_some())
    }

    /// The template or VM of Proxmox, if it is one.
    #[must_use]
    pub fn machine(&self) -> Option<&Node> {
        self.value.as_ref().filter(|_| self.path.starts_with("proxmox/"))
    }
}

/// Reads `out/`. Folders without a `stack.lock` are not homebuild's and are left alone.
pub fn read(site: &disk::Site) -> Result<Tree, Problems> {
    let folder = site.folder("out")?;
    let mut tree = Tree::default();
    let mut locks: BTreeMap<String, Node> = BTreeMap::new();
    let mut files: BTreeMap<String, Vec<Built>> = BTreeMap::new();
    let mut problems = Problems::new();
    for source in folder.files {
        let parts: Vec<String> = source.path.splitn(4, '/').skip(1).map(str::to_owned).collect();
        match parts.as_slice() {
            [file] if file == "site.lock" => tree.site = problems.take(parse_one(&source)),
            [stack, file] if file == "stack.lock" => {
                locks.extend(problems.take(parse_one(&source)).map(|lock| (stack.clone(), lock)));
            }
            [_, _, path] if path == "SHA256SUMS" || path.starts_with(TEMPORARY) => {}
            [stack, module, path] => {
                let built = problems.take(built(module, path, source));
                files.entry(stack.clone()).or_default().extend(built);
            }
            _ => {}
        }
    }
    let stack = |(name, lock)| Stack { files: files.remove(&name).unwrap_or_default(), name, lock };
    tree.stacks = locks.into_iter().map(stack).collect();
    if !problems.has_errors() && tree.stacks.is_empty() {
        let problem = Problem::error("no-out", "there is nothing in out/ to read");
        return Err(problem.note("run `homebuild build` first, or name the site's folder: `--site FOLDER`").into());
    }
    problems.or(tree)
}

/// A file with its value. What lies beside the objects may be any text: a cloud-init file, a configuration.
fn built(module: &str, path: &str, source: Arc<Source>) -> Result<Built, Problem> {
    let is_value = path.ends_with(".yaml") || path.ends_with(".json");
    let must_be = !path.contains('/') || path.starts_with("proxmox/");
    let value = match is_value.then(|| parse_one(&source)) {
        Some(Err(problem)) if must_be => return Err(problem.note("`homebuild build` writes it anew")),
        parsed => parsed.and_then(Result::ok),
    };
    Ok(Built { module: module.to_owned(), path: path.to_owned(), source, value })
}
