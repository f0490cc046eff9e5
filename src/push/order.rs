//! Which stacks are pushed, and when.

use std::collections::{BTreeMap, BTreeSet};

use super::stack::Stack;
use crate::problem::{Problem, did_you_mean};

/// The stacks by wave: the dependencies of each lie in earlier waves. A dependency that is not among them counts as done.
#[must_use]
pub fn waves<'a>(stacks: &'a [Stack]) -> Vec<Vec<&'a Stack>> {
    let mut left: BTreeMap<&str, &Stack> = stacks.iter().map(|stack| (stack.name.as_str(), stack)).collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let is_free = |stack: &&Stack| stack.depends_on.iter().all(|name| !left.contains_key(name.as_str()));
        let mut wave: Vec<&'a Stack> = left.values().copied().filter(is_free).collect();
        if wave.is_empty() {
            // `build` refuses circles; a tree that has one is pushed in the order of names
            wave = left.values().copied().collect();
        }
        left.retain(|name, _| !wave.iter().any(|stack| stack.name == *name));
        waves.push(wave);
    }
    waves
}

/// Which stacks are meant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// These; all where none is named.
    pub stacks: Vec<String>,
    /// And those that they depend on.
    pub with_dependencies: bool,
    /// Only those of this wave, from 0 on.
    pub wave: Option<usize>,
    /// Only those.
    pub among: Option<BTreeSet<String>>,
}

/// The stacks that are meant, in an order in which dependencies come first.
pub fn choose<'a>(stacks: &'a [Stack], choice: &Choice) -> Result<Vec<&'a Stack>, Problem> {
    let waves = waves(stacks);
    if let Some(wave) = choice.wave.filter(|wave| *wave >= waves.len()) {
        let last = waves.len().saturating_sub(1);
        return Err(Problem::error("unknown-wave", format!("there is no wave {wave}: the last one is {last}"))
            .note("`homebuild graph` shows them"));
    }
    let mut named: BTreeSet<&str> = choice.stacks.iter().map(String::as_str).collect();
    for name in &named {
        if !stacks.iter().any(|stack| stack.name == *name) {
            return Err(unknown(name, stacks));
        }
    }
    if choice.with_dependencies {
        let mut more: Vec<&str> = named.iter().copied().collect();
        while let Some(name) = more.pop() {
            let of = stacks.iter().find(|stack| stack.name == name);
            let depends_on = of.into_iter().flat_map(|stack| &stack.depends_on);
            more.extend(depends_on.map(String::as_str).filter(|name| named.insert(name)));
        }
    }
    let is_meant = |stack: &&Stack| {
        (named.is_empty() || named.contains(stack.name.as_str()))
            && choice.among.as_ref().is_none_or(|among| among.contains(&stack.name))
    };
    let in_wave = |(number, _): &(usize, Vec<&Stack>)| choice.wave.is_none_or(|wave| wave == *number);
    let chosen = waves.into_iter().enumerate().filter(in_wave).flat_map(|(_, wave)| wave);
    Ok(chosen.filter(is_meant).collect())
}

/// The problem that `out/` has no stack of a name.
#[must_use]
pub fn unknown(name: &str, stacks: &[Stack]) -> Problem {
    let problem = Problem::error("unknown-stack", format!("out/ has no stack `{name}`"));
    let hint = did_you_mean(name, stacks.iter().map(|stack| stack.name.as_str()));
    let problem = if hint.is_empty() { problem } else { problem.note(hint) };
    problem.note("`homebuild list stacks` names all; `homebuild build` makes out/ of the sources")
}
