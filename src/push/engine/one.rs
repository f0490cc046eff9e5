//! One stack.

use std::collections::{BTreeMap, BTreeSet};

use super::{End, Push, Pushed, nothing_of};
use crate::problem::{Problem, Problems};
use crate::push::journal::Journal;
use crate::push::plan::{Action, Planned, Step};
use crate::push::record::{Record, Release, State, Tree};
use crate::push::report::Event;
use crate::push::stack::{Module, Stack};
use crate::push::target::{Done, Kept, Target};

impl<T: Target> Push<'_, T> {
    /// Pushes one stack, under its lease.
    pub(super) fn one(&self, planned: &Planned<T::Work>) -> Pushed {
        let name = planned.stack.as_str();
        let kept = self.plan.records.get(name).cloned().unwrap_or_default();
        let Some(stack) = self.stacks.iter().find(|stack| stack.name == name) else {
            return nothing_of(name, Problem::error("unknown-stack", format!("out/ has no stack `{name}`")));
        };
        if !needs_work(planned, &kept.record) {
            return Pushed { end: End::Nothing, problems: Problems::new(), ..result(planned) };
        }
        if self.target.is_stopped() {
            return self.ended(nothing_of(name, Problem::error("interrupted", "interrupted before it was begun")));
        }
        let say = |what: String| (self.reporter)(name, "", Event::Waits(what));
        if let Err(problem) = self.leases.take(name, self.order.patience, &say) {
            return self.ended(nothing_of(name, problem));
        }
        (self.reporter)(name, "", Event::Begins);
        let result = self.ended(self.leased(stack, planned, kept));
        self.leases.give_back(name);
        let event = match result.end {
            End::Done => Event::Done,
            End::Stopped => Event::Stopped,
            _ => Event::Failed,
        };
        (self.reporter)(name, "", event);
        result
    }

    /// What did not come to its end while all is to stop was stopped, and did not fail.
    fn ended(&self, result: Pushed) -> Pushed {
        match result.end {
            End::Failed if self.target.is_stopped() => Pushed { end: End::Stopped, ..result },
            _ => result,
        }
    }

    fn leased(&self, stack: &Stack, planned: &Planned<T::Work>, kept: Kept) -> Pushed {
        let mut result = result(planned);
        let held = || self.leases.held(&stack.name);
        let journal = Journal::new(&stack.name, self.target.store(), &held, self.reporter, kept.record, kept.version);
        let (mut begun, identity) = (Ok(()), &self.target.name().identity);
        let now: Vec<Step<T::Work>> = planned.steps.iter().filter(|step| !step.is_deferred()).cloned().collect();
        journal.change(|record| begun = record.begin(identity, &stack.name, self.release(stack), &now));
        if let Err(problem) = begun.and_then(|()| journal.save()) {
            result.problems.push(problem);
            return result;
        }
        result.release = journal.record().releases.first().map(|release| release.number);
        result.end = self.work(stack, planned, &journal, &mut result.problems);
        end(planned, &journal, &mut result);
        result
    }

    fn release(&self, stack: &Stack) -> Release {
        Release {
            version: stack.version.clone(),
            commit: self.order.commit.clone(),
            by: self.order.by.clone(),
            at: now(),
            ..Release::default()
        }
    }

    /// Makes, waits, goes back where it must, and prunes where all is well.
    fn work(&self, stack: &Stack, planned: &Planned<T::Work>, journal: &Journal<'_>, problems: &mut Problems) -> End {
        let record = journal.record();
        let is_open = |step: &&Step<T::Work>| {
            !step.is_deferred()
                && match step.action {
                    Action::Prune | Action::Keep | Action::Blocked => false,
                    Action::Unchanged => record.members.get(&step.id).is_some_and(|m| m.state != State::Owned),
                    _ => true,
                }
        };
        let steps: Vec<&Step<T::Work>> = planned.steps.iter().filter(is_open).collect();
        let done = self.target.apply(stack, &steps, journal);
        let mut failed: Vec<&Module> = Vec::new();
        let mut is_stopped = false;
        for (name, done) in done {
            let module = stack.modules.iter().find(|module| module.name == name);
            match done {
                Done::Ready => {
                    journal.tell(&name, Event::Ready);
                    if let Some(module) = module {
                        keep(journal, module);
                    }
                }
                Done::Failed(why) => {
                    journal.tell(&name, Event::Failed);
                    problems.extend(why);
                    failed.extend(module);
                }
                Done::Stopped(why) => {
                    journal.tell(&name, Event::Stopped);
                    is_stopped = true;
                    problems.push(why);
                }
            }
        }
        if is_stopped {
            return End::Stopped;
        }
        if failed.is_empty() {
            let pruned: Vec<&Step<T::Work>> =
                planned.steps.iter().filter(|step| step.action == Action::Prune).collect();
            let wrong = self.target.prune(&pruned, journal);
            let is_good = wrong.is_empty();
            problems.extend(wrong);
            return if is_good { End::Done } else { End::Failed };
        }
        let created: BTreeSet<&str> =
            steps.iter().filter(|step| step.action == Action::Create).map(|step| step.id.as_str()).collect();
        let mut end = End::WentBack;
        for module in failed {
            if !module.atomic || !self.go_back(stack, module, &created, journal, problems) {
                end = End::Failed;
            }
        }
        end
    }
}

/// Writes what is.
fn end<W>(planned: &Planned<W>, journal: &Journal<'_>, result: &mut Pushed) {
    let wanted: BTreeSet<&str> = planned.steps.iter().map(|step| step.id.as_str()).collect();
    let why = result.problems.first().map(|problem| problem.message.clone());
    let counts: BTreeMap<String, usize> =
        result.counts.iter().map(|(action, count)| (action.word().to_owned(), *count)).collect();
    journal.change(|record| {
        if result.end == End::Done {
            // what had no step is gone, or another stack's
            record.members.retain(|id, _| wanted.contains(id.as_str()));
        }
        record.finish(result.end.outcome(), &now(), counts, why.as_deref());
    });
    if let Err(problem) = journal.save() {
        result.problems.push(problem);
        if result.end == End::Done {
            result.end = End::Failed;
        }
    }
}

/// What is known of a result before anything is done.
fn result<W>(planned: &Planned<W>) -> Pushed {
    let counts = Action::ALL.into_iter().map(|action| (action, planned.count(action)));
    let deferred = planned.steps.iter().filter(|step| step.is_deferred());
    Pushed {
        stack: planned.stack.clone(),
        end: End::Failed,
        counts: counts.filter(|(_, count)| *count > 0).collect(),
        problems: Problems::new(),
        notes: deferred.map(|step| format!("{} waits for a stack that is not pushed yet", step.id)).collect(),
        release: None,
    }
}

/// Whether anything is to be written: a change, or what a push that was killed left unconfirmed.
fn needs_work<W>(planned: &Planned<W>, record: &Record) -> bool {
    let is_open = |step: &Step<W>| {
        let member = record.members.get(&step.id);
        match step.action {
            Action::Unchanged => member.is_none_or(|member| member.state != State::Owned),
            Action::Keep => false,
            _ => !step.is_deferred(),
        }
    };
    planned.steps.iter().any(is_open)
}

/// Keeps the tree of a module that is ready.
fn keep(journal: &Journal<'_>, module: &Module) {
    let files = module.files.iter().map(|file| (file.path.clone(), file.source.text.clone())).collect();
    let release = journal.record().releases.first().map_or(0, |release| release.number);
    if let Ok(tree) = Tree::pack(release, &module.lock, &files) {
        journal.change(|record| record.keep_tree(&module.name, tree));
    }
}

/// The time, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
