//! What keeps a push from beginning.

use super::Plan;
use crate::problem::{Problem, Problems};
use crate::push::plan::{Action, Allowed, Planned};
use crate::push::stack::Stack;

/// Objects that may be pruned without being asked: so many, or that part of the stack.
const FEW: usize = 5;
const PART: usize = 5;

/// Why what was planned is not done: objects that are blocked, too many that would go, dependencies that are not there.
#[must_use]
pub fn refuse<W>(plan: &Plan<W>, stacks: &[Stack], allowed: &Allowed) -> Problems {
    let mut problems = Problems::new();
    for planned in &plan.stacks {
        problems.extend(planned.steps.iter().filter_map(|step| step.problem.clone()));
        problems.extend(never_pushed(plan, stacks, &planned.stack));
    }
    problems.extend(brake(plan, allowed));
    problems
}

/// The dependencies of a stack that are in `out/` for this target, and neither pushed before nor now.
fn never_pushed<W>(plan: &Plan<W>, stacks: &[Stack], stack: &str) -> Problems {
    let depends_on = stacks.iter().find(|of| of.name == stack).map_or(&[][..], |of| &of.depends_on);
    let is_missing = |name: &&String| {
        stacks.iter().any(|of| of.name == **name)
            && !plan.stacks.iter().any(|planned| planned.stack == **name)
            && !plan.records.contains_key(*name)
    };
    let problem = |name: &String| {
        Problem::error("never-pushed", format!("stack `{stack}` depends on `{name}`, which was never pushed"))
            .note(format!("push it too: `--with-dependencies`, or first: `homebuild push --stack {name}`"))
    };
    depends_on.iter().filter(is_missing).map(problem).collect()
}

/// The brake: a push does not delete much without being told how much.
fn brake<W>(plan: &Plan<W>, allowed: &Allowed) -> Problems {
    let total: usize = plan.stacks.iter().map(|planned| planned.count(Action::Prune)).sum();
    let is_much = |planned: &Planned<W>| {
        let members = plan.records.get(&planned.stack).map_or(0, |kept| kept.record.members.len());
        planned.count(Action::Prune) > FEW.max(members / PART)
    };
    let much: Vec<&str> = plan.stacks.iter().filter(|planned| is_much(planned)).map(|p| p.stack.as_str()).collect();
    if much.is_empty() || allowed.prune_count == Some(total) {
        return Problems::new();
    }
    Problem::error("brake", format!("{total} objects would be deleted, in {}", much.join(", ")))
        .note("that is more than a fifth of a stack: is out/ what it should be?")
        .note(format!("if it is: `--yes-prune {total}`"))
        .into()
}
