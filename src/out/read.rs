//! Reading `out/` back: what runs, without a look at the sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::sums;
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
    /// Its text.
    pub lock_source: Arc<Source>,
    /// The `SHA256SUMS` of its modules, sorted by module.
    pub sums: Vec<(String, Arc<Source>)>,
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

/// Reads `out/`.
pub fn read(site: &disk::Site) -> Result<Tree, Problems> {
    read_as(site, true)
}

/// Reads `out/` without the values of its files: most of them nobody needs.
pub fn read_texts(site: &disk::Site) -> Result<Tree, Problems> {
    read_as(site, false)
}

fn read_as(site: &disk::Site, with_values: bool) -> Result<Tree, Problems> {
    let tree = Tree::of(&site.folder("out")?.files, with_values)?;
    if tree.stacks.is_empty() {
        let problem = Problem::error("no-out", "there is nothing in out/ to read");
        return Err(problem.note("run `homebuild build` first, or name the site's folder: `--site FOLDER`").into());
    }
    Ok(tree)
}

impl Tree {
    /// The files of `out/` put together. Folders without a `stack.lock` are not homebuild's and are left alone.
    pub fn of(sources: &[Arc<Source>], with_values: bool) -> Result<Self, Problems> {
        let read: Vec<_> = sources.par_iter().filter_map(|source| one(source, with_values)).collect();
        let mut tree = Self::default();
        let mut files: BTreeMap<String, Vec<Built>> = BTreeMap::new();
        let mut sums: BTreeMap<String, Vec<(String, Arc<Source>)>> = BTreeMap::new();
        let mut problems = Problems::new();
        for one in read {
            match problems.take(one) {
                Some(One::Site(lock)) => tree.site = Some(lock),
                Some(One::Stack(name, lock, lock_source)) => {
                    tree.stacks.push(Stack { name, lock, lock_source, sums: Vec::new(), files: Vec::new() });
                }
                Some(One::Sums(stack, module, source)) => sums.entry(stack).or_default().push((module, source)),
                Some(One::File(stack, built)) => files.entry(stack).or_default().push(built),
                None => {}
            }
        }
        for stack in &mut tree.stacks {
            stack.files = files.remove(&stack.name).unwrap_or_default();
            stack.sums = sums.remove(&stack.name).unwrap_or_default();
        }
        tree.stacks.sort_by(|a, b| a.name.cmp(&b.name));
        problems.or(tree)
    }
}

/// What one file is.
enum One {
    Site(Node),
    Stack(String, Node, Arc<Source>),
    Sums(String, String, Arc<Source>),
    File(String, Built),
}

fn one(source: &Arc<Source>, with_values: bool) -> Option<Result<One, Problem>> {
    let parts: Vec<&str> = source.path.splitn(4, '/').skip(1).collect();
    match parts.as_slice() {
        ["site.lock"] => Some(parse_one(source).map(One::Site)),
        [stack, "stack.lock"] => {
            Some(parse_one(source).map(|lock| One::Stack((*stack).to_owned(), lock, source.clone())))
        }
        [stack, module, path] if *path == sums::NAME => {
            Some(Ok(One::Sums((*stack).to_owned(), (*module).to_owned(), source.clone())))
        }
        [_, _, path] if path.starts_with(TEMPORARY) => None,
        [stack, module, path] => {
            Some(built(module, path, source, with_values).map(|file| One::File((*stack).to_owned(), file)))
        }
        _ => None,
    }
}

/// A file with its value. What lies beside the objects may be any text: a cloud-init file, a configuration.
fn built(module: &str, path: &str, source: &Arc<Source>, with_values: bool) -> Result<Built, Problem> {
    let is_value = with_values && (path.ends_with(".yaml") || path.ends_with(".json"));
    let must_be = !path.contains('/') || path.starts_with("proxmox/");
    let value = match is_value.then(|| parse_one(source)) {
        Some(Err(problem)) if must_be => return Err(problem.note("`homebuild build` writes it anew")),
        parsed => parsed.and_then(Result::ok),
    };
    Ok(Built { module: module.to_owned(), path: path.to_owned(), source: source.clone(), value })
}
