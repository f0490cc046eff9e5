//! What comes before what, without what follows from the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::problem::Problems;
use crate::survey::{Stack, stacks};

/// The stacks by wave, and the dependencies that no other one implies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// By wave and name.
    pub stacks: Vec<Stack>,
    /// Sorted.
    pub edges: Vec<Edge>,
}

/// One stack comes before another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The stack that comes first.
    pub from: String,
    /// The one that depends on it.
    pub to: String,
}

/// Stacks of one wave that come after the same others, and that all or none of the rest needs: what a picture shows as
/// one thing.
#[derive(Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Their wave.
    pub wave: usize,
    /// The stacks that they come after.
    pub after: Vec<&'a str>,
    /// Whether others come after them.
    pub is_needed: bool,
    /// Themselves, by tier and name.
    pub stacks: Vec<&'a Stack>,
}

/// The graph of `out/`.
pub fn graph(tree: &Tree) -> Result<Graph, Problems> {
    let stacks = stacks(tree)?;
    // all that comes before a stack; those before it in `stacks` are known
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut edges = Vec::new();
    for stack in &stacks {
        let needs = || stack.depends_on.iter().map(String::as_str);
        let implied: BTreeSet<&str> = needs().flat_map(|need| &before[need]).copied().collect();
        let edge = |need: &str| Edge { from: need.to_owned(), to: stack.stack.clone() };
        edges.extend(needs().filter(|need| !implied.contains(need)).map(edge));
        before.insert(&stack.stack, needs().chain(implied.iter().copied()).collect());
    }
    edges.sort();
    Ok(Graph { stacks, edges })
}

impl Graph {
    /// The groups by wave; in a wave, those that others need come first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for edge in &self.edges {
            after.entry(&edge.to).or_default().push(&edge.from);
        }
        let needed: BTreeSet<&str> = self.edges.iter().map(|edge| edge.from.as_str()).collect();
        let mut groups: BTreeMap<(usize, bool, Vec<&str>), Vec<&Stack>> = BTreeMap::new();
        for stack in &self.stacks {
            let is_free = !needed.contains(&*stack.stack);
            let after = after.remove(&*stack.stack).unwrap_or_default();
            groups.entry((stack.wave, is_free, after)).or_default().push(stack);
        }
        groups
            .into_iter()
            .map(|((wave, is_free, after), mut stacks)| {
                stacks.sort_by_key(|stack| (&stack.tiers, &stack.stack));
                Group { wave, after, is_needed: !is_free, stacks }
            })
            .collect()
    }

    /// All tiers, sorted.
    #[must_use]
    pub fn tiers(&self) -> BTreeSet<&str> {
        self.stacks.iter().flat_map(|stack| stack.tiers.iter().map(String::as_str)).collect()
    }
}
