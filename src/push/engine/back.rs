//! Going back: a module's last good tree is pushed once more, and what only the failed one had is deleted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Push, world};
use crate::problem::{Problem, Problems};
use crate::push::journal::Journal;
use crate::push::plan::{Action, Allowed, Step};
use crate::push::record::{Outcome, Record, State, Tree};
use crate::push::report::Event;
use crate::push::stack::{Module, Stack};
use crate::push::target::{Done, Kept, Target};

/// A stack as it was before its last release: each module with its tree of before; with its last good one where the last
/// release did not end well. A module that the last release brought is empty.
pub fn before(stack: &Stack, record: &Record) -> Result<Stack, Problems> {
    let Some(last) = record.releases.first() else {
        let problem = Problem::error("no-release", format!("stack `{}` was never pushed", stack.name));
        return Err(problem.note("there is nothing to go back to").into());
    };
    let mut back = Stack { modules: Vec::new(), ..stack.clone() };
    let mut reached = 0;
    for (name, trees) in &record.trees {
        let is_new =
            trees.good.as_ref().is_some_and(|good| good.release == last.number && last.result == Outcome::Done);
        if let Some(tree) = if is_new { trees.previous.as_ref() } else { trees.good.as_ref() } {
            reached = reached.max(tree.release);
            back.modules.push(Module::unpack(&stack.name, name, tree)?);
        }
    }
    if back.modules.is_empty() {
        let problem = Problem::error("no-release", format!("no earlier tree of stack `{}` is kept", stack.name));
        return Err(problem.note("`homebuild destroy` takes a stack away as a whole").into());
    }
    let release = record.releases.iter().find(|release| release.number == reached);
    back.version = release.map_or_else(String::new, |release| release.version.clone());
    Ok(back)
}

impl<T: Target> Push<'_, T> {
    /// Takes a module back to its last good tree; to nothing, where it has none. Whether all of it went.
    pub(super) fn go_back(
        &self,
        stack: &Stack,
        module: &Module,
        created: &BTreeSet<&str>,
        journal: &Journal<'_>,
        problems: &mut Problems,
    ) -> bool {
        journal.tell(&module.name, Event::GoesBack);
        let good = journal.record().trees.get(&module.name).and_then(|trees| trees.good.clone());
        match self.restore(stack, module, good.as_ref(), created, journal) {
            Ok(()) => {
                let to = good.map_or_else(
                    || "what it made was deleted".to_owned(),
                    |good| format!("it went back to release {}", good.release),
                );
                problems.push(went_back(stack, module, &to));
                true
            }
            Err(wrong) => {
                problems.push(
                    Problem::error("not-back", format!("{} could not go back", named(stack, module)))
                        .note("it is left as it is; mend it and push again"),
                );
                problems.extend(wrong);
                false
            }
        }
    }

    fn restore(
        &self,
        stack: &Stack,
        module: &Module,
        good: Option<&Tree>,
        created: &BTreeSet<&str>,
        journal: &Journal<'_>,
    ) -> Result<(), Problems> {
        let old = match good {
            Some(tree) => Module::unpack(&stack.name, &module.name, tree)?,
            None => Module { files: Vec::new(), ..module.clone() },
        };
        let mut stacks: Vec<Stack> = self.stacks.to_vec();
        for of in stacks.iter_mut().filter(|of| of.name == stack.name) {
            of.modules.iter_mut().filter(|of| of.name == module.name).for_each(|of| *of = old.clone());
        }
        let mut records: BTreeMap<String, Kept> = self.plan.records.clone();
        records.insert(stack.name.clone(), Kept { record: journal.record(), version: None });
        let allowed = Allowed { going_back: true, ..self.order.allowed.clone() };
        let chosen: Vec<&Stack> = stacks.iter().filter(|of| of.name == stack.name).collect();
        let planned = self.target.plan(&world(&stacks, &records), &chosen, &allowed)?;
        let steps = planned.iter().flat_map(|planned| &planned.steps);
        let steps: Vec<&Step<T::Work>> = steps.filter(|step| step.subject.module == module.name).collect();
        let blocked: Problems = steps.iter().filter_map(|step| step.problem.clone()).collect();
        blocked.or(())?;
        self.reapply(chosen[0], &steps, journal)?;
        let pruned: Vec<&Step<T::Work>> = steps
            .iter()
            .copied()
            .filter(|step| step.action == Action::Prune && created.contains(step.id.as_str()))
            .collect();
        self.target.prune(&pruned, journal).or(())?;
        // what was never made, and is not to be
        let is_left = |id: &str| steps.iter().any(|step| step.id == id && step.action != Action::Prune);
        let is_pruned = |id: &str| pruned.iter().any(|step| step.id == id);
        journal.change(|record| {
            record.members.retain(|id, member| member.module != module.name || is_left(id) || is_pruned(id));
        });
        Ok(())
    }

    fn reapply(&self, old: &Stack, steps: &[&Step<T::Work>], journal: &Journal<'_>) -> Result<(), Problems> {
        let is_made = |step: &&Step<T::Work>| !matches!(step.action, Action::Prune | Action::Keep | Action::Blocked);
        let made: Vec<&Step<T::Work>> = steps.iter().copied().filter(is_made).collect();
        journal.change(|record| {
            for step in &made {
                let member = record.members.entry(step.id.clone()).or_default();
                step.subject.module.clone_into(&mut member.module);
                member.digest = step.digest.clone().unwrap_or_default();
                member.state = State::Applying;
            }
        });
        let done = self.target.apply(old, &made, journal);
        let problems: Problems = done
            .into_values()
            .flat_map(|done| match done {
                Done::Ready => Problems::new(),
                Done::Failed(problems) => problems,
                Done::Stopped(problem) => problem.into(),
            })
            .collect();
        problems.or(())
    }
}

fn named(stack: &Stack, module: &Module) -> String {
    if stack.name == module.name {
        format!("stack `{}`", stack.name)
    } else {
        format!("{}/{}", stack.name, module.name)
    }
}

fn went_back(stack: &Stack, module: &Module, to: &str) -> Problem {
    Problem::warning("went-back", format!("{}: {to}", named(stack, module)))
        .note("values of secrets do not go back, nor what programs did to their data")
}
