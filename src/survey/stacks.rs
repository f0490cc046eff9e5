//! The stacks, their waves and their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::{self, Tree};
use crate::problem::{Problem, Problems};
use crate::survey::{list, said};
use crate::yaml::Node;

/// One stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// Its name.
    pub stack: String,
    /// All that it depends on lies in waves with smaller numbers; the first is 0.
    pub wave: usize,
    /// The stacks that it depends on, sorted.
    pub depends_on: Vec<String>,
    /// Its modules, sorted.
    pub modules: Vec<String>,
    /// The namespaces of its modules, sorted.
    pub namespaces: BTreeSet<String>,
    /// The tiers of its modules, sorted.
    pub tiers: BTreeSet<String>,
    /// How many Kubernetes objects, Proxmox templates and VMs it has.
    pub objects: usize,
}

/// The stacks by wave and name. A dependency that is not in `out/`, or a circle of them, is a problem.
pub fn stacks(tree: &Tree) -> Result<Vec<Stack>, Problems> {
    let needs: BTreeMap<&str, BTreeSet<&str>> =
        tree.stacks.iter().map(|stack| (stack.name.as_str(), needs(&stack.lock))).collect();
    let waves = waves(tree, &needs)?;
    let row = |stack: &out::Stack| row(stack, waves[stack.name.as_str()], &needs[stack.name.as_str()]);
    let mut rows: Vec<Stack> = tree.stacks.iter().map(row).collect();
    rows.sort_by(|a, b| (a.wave, &a.stack).cmp(&(b.wave, &b.stack)));
    Ok(rows)
}

fn needs(lock: &Node) -> BTreeSet<&str> {
    list(lock, ["depends_on"]).iter().filter_map(Node::as_str).collect()
}

/// The wave of each stack: one more than the last of those that it depends on.
fn waves<'a>(
    tree: &'a Tree,
    needs: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> Result<BTreeMap<&'a str, usize>, Problems> {
    let mut problems = Problems::new();
    for stack in &tree.stacks {
        for missing in needs[stack.name.as_str()].iter().filter(|name| !needs.contains_key(**name)) {
            let message = format!("`{}` depends on `{missing}`, which is not in out/", stack.name);
            problems.push(Problem::error("unknown-stack", message).at(&stack.lock.place).note(BUILD));
        }
    }
    let mut waves = problems.or(BTreeMap::new())?;
    let mut left: Vec<&str> = needs.keys().copied().collect();
    for wave in 0.. {
        let (now, later): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|name| needs[name].iter().all(|need| waves.contains_key(need)));
        if now.is_empty() && !later.is_empty() {
            let message = format!("these stacks of out/ wait for one another: {}", later.join(", "));
            return Err(Problem::error("circle", message).note(BUILD).into());
        }
        waves.extend(now.into_iter().map(|name| (name, wave)));
        left = later;
        if left.is_empty() {
            break;
        }
    }
    Ok(waves)
}

/// What to do where `out/` contradicts itself.
const BUILD: &str = "a whole build sets it right: `homebuild build`";

fn row(stack: &out::Stack, wave: usize, needs: &BTreeSet<&str>) -> Stack {
    let modules: Vec<(&str, &Node)> =
        stack.lock.get("modules").and_then(Node::as_map).into_iter().flat_map(crate::yaml::Map::iter).collect();
    let all = |key| modules.iter().filter_map(|(_, module)| said(module, [key])).collect();
    let mut names: Vec<String> = modules.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    Stack {
        stack: stack.name.clone(),
        wave,
        depends_on: needs.iter().map(|name| (*name).to_owned()).collect(),
        modules: names,
        namespaces: all("namespace"),
        tiers: all("tier"),
        objects: stack.files.iter().filter(|file| file.object().is_some() || file.machine().is_some()).count(),
    }
}
