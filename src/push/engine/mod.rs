//! A push: what was planned is done, stack after stack, as soon as what each depends on is ready.
//!
//! A stack is pushed under its lease. Its record is written before the first object with all that may be there, and
//! after the last one with what is; a module that fails goes back to its last good tree, what depends on a stack that
//! failed is skipped, and all else goes on. Wherever it is killed, the next push goes on from what is there.

mod back;
mod destroy;
mod one;
mod refuse;
mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc;
use std::time::Duration;

use super::lease::{self, Leases};
use super::order;
use super::plan::{Action, Allowed, Planned, Step, Waits};
use super::record::{Outcome, Record};
use super::report::{Event, Reporter};
use super::stack::Stack;
use super::target::{Kept, Name, Target, World};
use crate::problem::{Problem, Problems};

pub use back::before;
pub use destroy::destroy;
pub use refuse::refuse;
pub use status::{State, Status, status};

/// Stacks that are pushed at one time.
const WIDTH: usize = 8;

/// What would be done, and what it was planned over.
#[derive(Debug)]
pub struct Plan<W> {
    /// Where.
    pub name: Name,
    /// The stacks that were chosen, in an order in which dependencies come first.
    pub stacks: Vec<Planned<W>>,
    /// All records.
    pub records: BTreeMap<String, Kept>,
}

/// Who pushes, and what they allow.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// What the user allows.
    pub allowed: Allowed,
    /// `user@host`.
    pub by: String,
    /// The git commit of `out/`.
    pub commit: Option<String>,
    /// How long a lock that another push holds is waited for.
    pub patience: Duration,
}

/// What became of a stack.
#[derive(Debug)]
pub struct Pushed {
    /// The stack.
    pub stack: String,
    /// How it ended.
    pub end: End,
    /// How many objects had each action.
    pub counts: BTreeMap<Action, usize>,
    /// What went wrong.
    pub problems: Problems,
    /// What is to be known: objects that wait for another stack, what could not be undone.
    pub notes: Vec<String>,
    /// The number of its release; none where nothing was written.
    pub release: Option<u64>,
}

/// How a stack ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// There was nothing to do.
    Nothing,
    /// All is as in `out/`, and ready.
    Done,
    /// Something failed, and stays as it is.
    Failed,
    /// Something failed, and went back to what it was.
    WentBack,
    /// It was interrupted or lost its lock.
    Stopped,
    /// It was not begun, since this stack, which it depends on, did not end well.
    Skipped(String),
}

impl End {
    /// Whether what depends on it can begin.
    fn is_good(&self) -> bool {
        matches!(self, Self::Nothing | Self::Done)
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Nothing | Self::Done => Outcome::Done,
            Self::WentBack => Outcome::WentBack,
            Self::Failed | Self::Stopped | Self::Skipped(_) => Outcome::Failed,
        }
    }
}

/// Looks what would be done for the chosen stacks. Nothing is written.
pub fn plan<T: Target>(
    target: &T,
    stacks: &[Stack],
    chosen: &[&Stack],
    allowed: &Allowed,
) -> Result<Plan<T::Work>, Problems> {
    let names: Vec<&str> = chosen.iter().map(|stack| stack.name.as_str()).collect();
    let records = records(target, &names, allowed)?;
    let world = world(stacks, &records);
    let planned = target.plan(&world, chosen, allowed)?;
    Ok(Plan { name: target.name().clone(), stacks: planned, records })
}

/// All records. One of a chosen stack that was written at another place is refused, or taken over.
fn records<T: Target>(target: &T, chosen: &[&str], allowed: &Allowed) -> Result<BTreeMap<String, Kept>, Problems> {
    let (mut records, mut problems) = (target.store().records()?, Problems::new());
    for name in chosen {
        let Some(Kept { record, .. }) = records.get_mut(*name) else { continue };
        match record.is_copy(&target.name().identity) {
            true if allowed.new_place => record.take_over(),
            true => problems.push(copied(name, record, target.name())),
            false => {}
        }
    }
    problems.or(records)
}

fn copied(stack: &str, record: &Record, name: &Name) -> Problem {
    let own = record.identity.as_deref().unwrap_or_default();
    let what = format!(
        "the record of stack `{stack}` is of another cluster: its uid is {own}, that of {} is {}",
        name.address, name.identity
    );
    Problem::error("other-cluster", what)
        .note("was it restored from a backup? the objects that it names are others than those that are here")
        .note("if the stack is to go on here: `--new-cluster`; what carries its mark is its own again")
}

fn world<'a>(stacks: &'a [Stack], records: &'a BTreeMap<String, Kept>) -> World<'a> {
    let order = order::waves(stacks).into_iter().flatten().map(|stack| stack.name.as_str()).collect();
    World { stacks: stacks.iter().collect(), order, records }
}

/// Does what was planned. What became of each stack, in the order of the plan.
pub fn push<T: Target>(
    target: &T,
    stacks: &[Stack],
    plan: &Plan<T::Work>,
    order: &Order,
    reporter: &Reporter<'_>,
) -> Vec<Pushed> {
    let holder = lease::holder(&order.by).unwrap_or_else(|_| format!("{}/{}", order.by, std::process::id()));
    lease::holding(target.store(), &holder, lease::SECONDS, |leases| {
        let push = Push { target, stacks, plan, order, reporter, leases };
        push.all()
    })
}

/// A push under way.
struct Push<'a, T: Target> {
    target: &'a T,
    stacks: &'a [Stack],
    plan: &'a Plan<T::Work>,
    order: &'a Order,
    reporter: &'a Reporter<'a>,
    leases: &'a Leases<'a>,
}

impl<T: Target> Push<'_, T> {
    /// Every stack as soon as those that it depends on are ready.
    fn all(&self) -> Vec<Pushed> {
        let mut left: Vec<&Planned<T::Work>> = self.plan.stacks.iter().collect();
        let mut free: VecDeque<&Planned<T::Work>> = VecDeque::new();
        let mut results: BTreeMap<String, Pushed> = BTreeMap::new();
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel::<Pushed>();
            let mut running = 0;
            loop {
                let (blocked, open): (Vec<_>, Vec<_>) =
                    left.drain(..).partition(|planned| self.waits(planned, &results));
                left = blocked;
                let (skipped, more): (Vec<_>, Vec<_>) =
                    open.into_iter().partition(|planned| self.failed_before(planned, &results).is_some());
                free.extend(more);
                while let Some(planned) = free.pop_front_if(|_| running < WIDTH) {
                    running += 1;
                    let sender = sender.clone();
                    scope.spawn(move || sender.send(self.one(planned)));
                }
                for planned in &skipped {
                    let failed = self.failed_before(planned, &results).unwrap_or_default().to_owned();
                    results.insert(planned.stack.clone(), self.skip(planned, &failed));
                }
                if skipped.is_empty() {
                    let Some(Ok(result)) = (running > 0).then(|| receiver.recv()) else { break };
                    running -= 1;
                    results.insert(result.stack.clone(), result);
                }
            }
        });
        self.deferred(&mut results);
        self.plan.stacks.iter().filter_map(|planned| results.remove(&planned.stack)).collect()
    }

    /// Whether a stack depends on one of this push that has not ended.
    fn waits(&self, planned: &Planned<T::Work>, results: &BTreeMap<String, Pushed>) -> bool {
        let is_planned = |name: &str| self.plan.stacks.iter().any(|other| other.stack == name);
        self.dependencies(&planned.stack).any(|name| !results.contains_key(name) && is_planned(name))
    }

    /// The stack that it depends on and that did not end well.
    fn failed_before(&self, planned: &Planned<T::Work>, results: &BTreeMap<String, Pushed>) -> Option<&str> {
        self.dependencies(&planned.stack).find(|name| results.get(*name).is_some_and(|result| !result.end.is_good()))
    }

    fn dependencies<'s>(&'s self, stack: &str) -> impl Iterator<Item = &'s str> {
        let of = self.stacks.iter().find(|other| other.name == stack);
        of.into_iter().flat_map(|stack| stack.depends_on.iter().map(String::as_str))
    }

    fn skip(&self, planned: &Planned<T::Work>, failed: &str) -> Pushed {
        (self.reporter)(&planned.stack, "", Event::Skipped(failed.to_owned()));
        Pushed {
            stack: planned.stack.clone(),
            end: End::Skipped(failed.to_owned()),
            counts: BTreeMap::new(),
            problems: Problems::new(),
            notes: Vec::new(),
            release: None,
        }
    }

    /// Objects that waited for a stack which is done now: their stacks are planned and pushed once more.
    fn deferred(&self, results: &mut BTreeMap<String, Pushed>) {
        let is_done = |name: &str| results.get(name).is_some_and(|result| result.end.is_good());
        let waits_for_done = |step: &Step<T::Work>| match &step.waits {
            Some(Waits::Stack(stack, _)) => is_done(stack),
            _ => false,
        };
        let again: BTreeSet<&str> = self
            .plan
            .stacks
            .iter()
            .filter(|planned| is_done(&planned.stack) && planned.steps.iter().any(waits_for_done))
            .map(|planned| planned.stack.as_str())
            .collect();
        if again.is_empty() || self.target.is_stopped() {
            return;
        }
        let chosen: Vec<&Stack> = self.stacks.iter().filter(|stack| again.contains(stack.name.as_str())).collect();
        let planned = match plan(self.target, self.stacks, &chosen, &self.order.allowed) {
            Ok(planned) => planned,
            Err(problems) => {
                let first = chosen.first().and_then(|stack| results.get_mut(&stack.name));
                if let Some(result) = first {
                    result.problems.extend(problems);
                }
                return;
            }
        };
        let push = Push {
            plan: &planned,
            target: self.target,
            stacks: self.stacks,
            order: self.order,
            reporter: self.reporter,
            leases: self.leases,
        };
        for planned in &planned.stacks {
            let mut second = push.one(planned);
            if let Some(first) = results.remove(&planned.stack) {
                for (action, count) in first.counts {
                    *second.counts.entry(action).or_default() += if action.is_change() { count } else { 0 };
                }
            }
            results.insert(planned.stack.clone(), second);
        }
    }
}

/// What is known at once to be impossible.
pub(super) fn nothing_of(stack: &str, problem: Problem) -> Pushed {
    Pushed {
        stack: stack.to_owned(),
        end: End::Failed,
        counts: BTreeMap::new(),
        problems: problem.into(),
        notes: Vec::new(),
        release: None,
    }
}
