//! A stack is taken away, by its record, whether `out/` has it or not.

use std::collections::BTreeMap;

use super::one::now;
use super::{Order, world};
use crate::problem::{Problem, Problems};
use crate::push::journal::Journal;
use crate::push::lease;
use crate::push::plan::{Action, Planned, Step};
use crate::push::record::{Outcome, Release, State};
use crate::push::report::Reporter;
use crate::push::stack::Stack;
use crate::push::target::{Kept, Target, Unsaved};

/// Asks whether to go on, once it is known what would be deleted.
pub type Asks<'a, W> = dyn FnOnce(&Planned<W>) -> Result<(), Problem> + 'a;

/// Deletes what the record of a stack has, the last phase first. What was planned, with what stays and why.
pub fn destroy<T: Target>(
    target: &T,
    stacks: &[Stack],
    name: &str,
    order: &Order,
    reporter: &Reporter<'_>,
    asks: Box<Asks<'_, T::Work>>,
) -> Result<Planned<T::Work>, Problems> {
    let holder = lease::holder(&order.by)?;
    let records: BTreeMap<String, Kept> = super::records(target, &[name], &order.allowed)?;
    let Some(kept) = records.get(name).cloned() else {
        return Err(Problem::error("unknown-stack", format!("no stack `{name}` was ever pushed there"))
            .note("`homebuild status` names those that were")
            .into());
    };
    let ids: Vec<String> = kept.record.members.keys().cloned().collect();
    let planned = target.deletion(&world(stacks, &records), name, &ids, &order.allowed)?;
    asks(&planned)?;
    lease::holding(target.store(), &holder, lease::SECONDS, |leases| {
        leases.take(name, order.patience, &|_| {})?;
        let held = || leases.held(name);
        let version = kept.version.clone();
        let journal = Journal::new(name, target.store(), &held, reporter, kept.record.clone(), version);
        let mut begun = Ok(());
        let release = Release { by: order.by.clone(), commit: order.commit.clone(), at: now(), ..Release::default() };
        journal.change(|record| begun = record.begin(&target.name().identity, name, release, &planned.steps));
        begun?;
        journal.save()?;
        let pruned: Vec<&Step<T::Work>> = planned.steps.iter().filter(|step| step.action == Action::Prune).collect();
        let problems = target.prune(&pruned, &journal);
        finish(target, &journal, &planned, &problems)?;
        leases.give_back(name);
        problems.or(())
    })?;
    Ok(planned)
}

/// Writes what is left; a record of nothing is taken away.
fn finish<T: Target>(
    target: &T,
    journal: &Journal<'_>,
    planned: &Planned<T::Work>,
    problems: &Problems,
) -> Result<(), Problem> {
    let outcome = if problems.is_empty() { Outcome::Destroyed } else { Outcome::Failed };
    journal.change(|record| {
        // what had no step is gone
        record.members.retain(|id, _| planned.steps.iter().any(|step| step.id == *id));
        record.members.values_mut().for_each(|member| member.state = State::Kept);
        let counts = Action::ALL.iter().map(|action| (action.word().to_owned(), planned.count(*action)));
        let counts = counts.filter(|(_, count)| *count > 0).collect();
        record.finish(outcome, &now(), counts, problems.first().map(|problem| problem.message.as_str()));
    });
    journal.save()?;
    let Some(version) = journal.version().filter(|_| journal.record().members.is_empty()) else { return Ok(()) };
    match target.store().forget(journal.stack(), &version) {
        Err(Unsaved::Failed(problem)) => Err(problem),
        Ok(()) | Err(Unsaved::Changed) => Ok(()),
    }
}
