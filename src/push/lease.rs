//! Who pushes a stack now: a lease that has a holder and expires.
//!
//! A push takes the lease of a stack before it writes, renews it every quarter of its time, and asks before every write
//! whether it still holds. Where it was not renewed for half of its time, that write waits for a renewal, and is not done
//! without one. `watch` says when a lease is taken over.

mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::target::{Store, Unsaved};
use crate::problem::Problem;
use watch::{Seen, Watch};

const CODE: &str = "lock";
/// How long a lease holds without being renewed, in seconds.
pub const SECONDS: u32 = 60;

/// A lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it: `user@host/pid/random`.
    pub holder: String,
    /// How long it holds without being renewed, in seconds.
    pub seconds: u32,
    /// When it was taken: RFC 3339 with microseconds.
    pub acquired: String,
    /// When it was last renewed: RFC 3339 with microseconds. Every renewal changes it.
    pub renewed: String,
    /// How often it went from one holder to another.
    pub transitions: u32,
}

impl Lease {
    /// When it expires, as it says itself; none where it does not say it.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let renewed: Timestamp = self.renewed.parse().ok()?;
        renewed.checked_add(SignedDuration::from_secs(self.seconds.into())).ok()
    }

    /// Whether it has expired, if its clock is ours.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires().is_none_or(|expires| expires < now)
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1).into())
    }
}

/// The name of a holder, told from all others: `ada@desk/4711/0f3a9c1e5b7d2846`.
pub fn holder(by: &str) -> Result<String, Problem> {
    let random = getrandom::u64().map_err(|why| Problem::error(CODE, format!("there are no random numbers: {why}")))?;
    Ok(format!("{by}/{}/{random:016x}", std::process::id()))
}

/// Does work that takes leases ([`Leases::take`]). They are renewed meanwhile, and given back at its end, also where it
/// panics.
pub fn holding<T>(store: &dyn Store, holder: &str, seconds: u32, work: impl FnOnce(&Leases<'_>) -> T) -> T {
    let leases =
        Leases { store, holder, seconds, held: Mutex::default(), is_over: Mutex::default(), over: Condvar::new() };
    thread::scope(|scope| {
        let _end = End(&leases);
        scope.spawn(|| leases.renew_until_over());
        work(&leases)
    })
}

/// Takes a lease away from whoever holds it, and says who did; none where nobody has it.
pub fn unlock(store: &dyn Store, stack: &str) -> Result<Option<Lease>, Problem> {
    while let Some((lease, version)) = store.lease(stack)? {
        match store.drop_lease(stack, &version) {
            Ok(()) => return Ok(Some(lease)),
            Err(Unsaved::Changed) => {} // it was renewed just now
            Err(Unsaved::Failed(problem)) => return Err(problem),
        }
    }
    Ok(None)
}

/// The leases of one push.
pub struct Leases<'a> {
    store: &'a dyn Store,
    holder: &'a str,
    seconds: u32,
    held: Mutex<BTreeMap<String, Arc<Held>>>,
    is_over: Mutex<bool>,
    over: Condvar,
}

/// A lease that is ours.
struct Held {
    stack: String,
    /// It as it was written last, with its version; none once it is given back or lost. Locked while it is written.
    written: Mutex<Option<(Lease, String)>>,
    state: Mutex<State>,
}

/// What is known of a lease that is ours.
#[derive(Clone)]
enum State {
    /// It was renewed by what was sent then, by the clock that never jumps and by the one that goes on while the
    /// machine sleeps.
    Renewed(Instant, Timestamp),
    /// It is ours no more.
    Lost(Problem),
}

impl State {
    fn renewed_now() -> Self {
        Self::Renewed(Instant::now(), Timestamp::now())
    }

    /// Whether it was renewed within this time. A clock that was set makes it renewed too early, and never too late.
    fn is_younger(&self, time: Duration) -> Result<bool, Problem> {
        match self {
            Self::Renewed(at, clock) => {
                let by_clock = Timestamp::now().duration_since(*clock).unsigned_abs();
                Ok(at.elapsed().max(by_clock) < time)
            }
            Self::Lost(problem) => Err(problem.clone()),
        }
    }
}

impl Leases<'_> {
    /// Takes the lease of a stack. One that another push holds is waited for so long; `tell` is told of all waiting.
    pub fn take(&self, stack: &str, patience: Duration, tell: &dyn Fn(String)) -> Result<(), Problem> {
        let (began, mut watch) = (Instant::now(), Watch::default());
        // it is nearly always free: who holds it is asked only where it is not
        let (mut found, mut told) = (None, None);
        loop {
            match self.write_first(stack, found) {
                Ok(held) => {
                    lock(&self.held).insert(stack.to_owned(), Arc::new(held));
                    return Ok(());
                }
                Err(Unsaved::Changed) => {} // another push has it, or was faster
                Err(Unsaved::Failed(problem)) => return Err(problem),
            }
            found = loop {
                let Some((lease, version)) = self.store.lease(stack)? else { break None };
                let seen = watch.see(&lease, &version, Instant::now(), Timestamp::now());
                if seen == Seen::Alive && began.elapsed() >= patience {
                    return Err(locked(stack, &lease));
                }
                if !matches!(seen, Seen::Alive | Seen::Doubtful) {
                    break Some((lease, version));
                }
                if told.replace(seen) != Some(seen) {
                    tell(waiting(seen, &lease));
                }
                thread::sleep(self.tick());
            };
        }
    }

    /// Whether the lease of a stack still holds: asked before every write.
    pub fn held(&self, stack: &str) -> Result<(), Problem> {
        let held = lock(&self.held).get(stack).cloned();
        let held = held.ok_or_else(|| Problem::error(CODE, format!("the lock of stack `{stack}` was not taken")))?;
        let is_fresh = lock(&held.state).is_younger(self.time() / 2)?;
        if is_fresh { Ok(()) } else { self.renew(&held) }
    }

    /// Gives the lease of a stack back.
    pub fn give_back(&self, stack: &str) {
        let held = lock(&self.held).remove(stack);
        if let Some((_, version)) = held.and_then(|held| lock(&held.written).take()) {
            // where it cannot be given back, it expires
            let _ = self.store.drop_lease(stack, &version);
        }
    }

    fn write_first(&self, stack: &str, found: Option<(Lease, String)>) -> Result<Held, Unsaved> {
        let (state, now) = (State::renewed_now(), now());
        let (transitions, old) = found.map_or((0, None), |(lease, version)| (lease.transitions + 1, Some(version)));
        let (holder, seconds) = (self.holder.to_owned(), self.seconds);
        let lease = Lease { holder, seconds, acquired: now.clone(), renewed: now, transitions };
        let version = self.store.write_lease(stack, &lease, old.as_deref())?;
        let (written, state) = (Mutex::new(Some((lease, version))), Mutex::new(state));
        Ok(Held { stack: stack.to_owned(), written, state })
    }

    fn renew(&self, held: &Held) -> Result<(), Problem> {
        let mut written = lock(&held.written);
        // another thread may have renewed it while this one waited
        if lock(&held.state).is_younger(self.time() / 4)? {
            return Ok(());
        }
        loop {
            let Some((lease, version)) = written.as_ref() else { return Err(lost(&held.stack, None)) };
            let (state, renewed) = (State::renewed_now(), Lease { renewed: now(), ..lease.clone() });
            match self.store.write_lease(&held.stack, &renewed, Some(version)) {
                Ok(version) => {
                    *written = Some((renewed, version));
                    *lock(&held.state) = state;
                    return Ok(());
                }
                Err(Unsaved::Failed(problem)) => return Err(not_renewed(&held.stack, problem)),
                Err(Unsaved::Changed) => {}
            }
            let found = self.store.lease(&held.stack).map_err(|problem| not_renewed(&held.stack, problem))?;
            // one that is ours after all was renewed without an answer
            if found.as_ref().is_none_or(|(lease, _)| lease.holder != self.holder) {
                let problem = lost(&held.stack, found.as_ref().map(|(lease, _)| lease.holder.as_str()));
                *written = None;
                *lock(&held.state) = State::Lost(problem.clone());
                return Err(problem);
            }
            *written = found;
        }
    }

    fn renew_until_over(&self) {
        loop {
            let is_over = lock(&self.is_over);
            let waited = self.over.wait_timeout_while(is_over, self.tick(), |is_over| !*is_over);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            let all: Vec<_> = lock(&self.held).values().cloned().collect();
            for held in all {
                let is_young = lock(&held.state).is_younger(self.time() / 4);
                if is_young == Ok(false) {
                    // where it fails it is tried again soon, and `held` says why
                    let _ = self.renew(&held);
                }
            }
        }
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    fn tick(&self) -> Duration {
        self.time() / 60
    }
}

/// Ends the renewals and gives all leases back.
struct End<'a>(&'a Leases<'a>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *lock(&self.0.is_over) = true;
        self.0.over.notify_all();
        let stacks: Vec<_> = lock(&self.0.held).keys().cloned().collect();
        for stack in stacks {
            self.0.give_back(&stack);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

fn waiting(seen: Seen, lease: &Lease) -> String {
    match seen {
        Seen::Doubtful => format!("the lock of `{}` has expired; is it renewed all the same?", lease.holder),
        _ => format!("`{}` pushes it", lease.holder),
    }
}

fn locked(stack: &str, lease: &Lease) -> Problem {
    let problem = Problem::error("locked", format!("`{}` pushes stack `{stack}`", lease.holder));
    let until = lease
        .expires()
        .map_or_else(String::new, |time| format!(", and holds the lock until {time:.0} if it is not renewed"));
    problem.note(format!("since {}{until}", lease.acquired)).note(format!(
        "wait for its end; where that push is no more, `homebuild unlock --stack {stack}` takes its lock away"
    ))
}

fn lost(stack: &str, holder: Option<&str>) -> Problem {
    let why = holder.map_or_else(|| "it was taken away".to_owned(), |holder| format!("`{holder}` has it now"));
    Problem::error(CODE, format!("the lock of stack `{stack}` was lost: {why}"))
        .note("nothing more was written; push again: it goes on from what is there")
}

fn not_renewed(stack: &str, why: Problem) -> Problem {
    why.note(format!("so the lock of stack `{stack}` could not be renewed, and nothing more was written"))
}

#[cfg(test)]
pub(crate) mod tests;
