//! What must hold for leases in every store: each test is a function of a store, run here with one in memory and in
//! `kubernetes::store` with a real server.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::push::record::Record;
use crate::push::target::Kept;

/// Records or leases with their versions.
type Versions<T> = Mutex<BTreeMap<String, (T, u64)>>;

/// A store that forgets all at the end.
#[derive(Default)]
pub(crate) struct Memory {
    records: Versions<Record>,
    leases: Versions<Lease>,
    count: Mutex<u64>,
    is_away: AtomicBool,
}

impl Memory {
    fn write<T: Clone>(&self, all: &Versions<T>, stack: &str, new: &T, old: Option<&str>) -> Result<String, Unsaved> {
        self.answers().map_err(Unsaved::Failed)?;
        let mut all = lock(all);
        if all.get(stack).map(|(_, version)| version.to_string()).as_deref() != old {
            return Err(Unsaved::Changed);
        }
        *lock(&self.count) += 1;
        let version = *lock(&self.count);
        all.insert(stack.to_owned(), (new.clone(), version));
        Ok(version.to_string())
    }

    fn remove<T>(&self, all: &Versions<T>, stack: &str, old: &str) -> Result<(), Unsaved> {
        self.answers().map_err(Unsaved::Failed)?;
        let mut all = lock(all);
        match all.get(stack) {
            Some((_, version)) if version.to_string() != old => Err(Unsaved::Changed),
            _ => {
                all.remove(stack);
                Ok(())
            }
        }
    }

    fn answers(&self) -> Result<(), Problem> {
        if self.is_away.load(Ordering::Relaxed) { Err(Problem::error("away", "no answer")) } else { Ok(()) }
    }
}

impl Store for Memory {
    fn records(&self) -> Result<BTreeMap<String, Kept>, Problem> {
        let records = lock(&self.records).keys().cloned().collect::<Vec<_>>();
        records.into_iter().map(|stack| Ok((stack.clone(), self.record(&stack)?))).collect()
    }

    fn record(&self, stack: &str) -> Result<Kept, Problem> {
        self.answers()?;
        let found = lock(&self.records).get(stack).cloned();
        Ok(found.map_or_else(Kept::default, |(record, version)| Kept { record, version: Some(version.to_string()) }))
    }

    fn save(&self, stack: &str, record: &Record, old: Option<&str>) -> Result<String, Unsaved> {
        self.write(&self.records, stack, record, old)
    }

    fn forget(&self, stack: &str, old: &str) -> Result<(), Unsaved> {
        self.remove(&self.records, stack, old)
    }

    fn lease(&self, stack: &str) -> Result<Option<(Lease, String)>, Problem> {
        self.answers()?;
        Ok(lock(&self.leases).get(stack).map(|(lease, version)| (lease.clone(), version.to_string())))
    }

    fn leases(&self) -> Result<BTreeMap<String, Lease>, Problem> {
        Ok(lock(&self.leases).iter().map(|(stack, (lease, _))| (stack.clone(), lease.clone())).collect())
    }

    fn write_lease(&self, stack: &str, lease: &Lease, old: Option<&str>) -> Result<String, Unsaved> {
        self.write(&self.leases, stack, lease, old)
    }

    fn drop_lease(&self, stack: &str, version: &str) -> Result<(), Unsaved> {
        self.remove(&self.leases, stack, version)
    }
}

/// Seconds of a lease in tests.
const SHORT: u32 = 6;

fn take(leases: &Leases<'_>, stack: &str) -> Result<(), Problem> {
    leases.take(stack, Duration::ZERO, &|_| {})
}

fn lease(store: &dyn Store, stack: &str) -> Option<Lease> {
    store.lease(stack).unwrap().map(|(lease, _)| lease)
}

fn ago(seconds: i64) -> String {
    format!("{:.6}", Timestamp::now() - SignedDuration::from_secs(seconds))
}

/// Waits until it is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn of_two_that_want_a_lease_at_once_one_gets_it(store: &dyn Store) {
    let holders: Vec<String> = (0..6).map(|number| format!("ada@desk-{number}")).collect();
    let together = std::sync::Barrier::new(holders.len());
    let try_it = |holder: &str| {
        holding(store, holder, SHORT, |leases| {
            together.wait();
            let taken = take(leases, "race");
            together.wait(); // it is held until all have tried
            taken
        })
    };
    let try_it = &try_it;
    let results: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = holders.iter().map(|holder| scope.spawn(move || try_it(holder))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for problem in results.into_iter().filter_map(Result::err) {
        assert!(
            problem.message.starts_with("`ada@desk-") && problem.message.ends_with("pushes stack `race`"),
            "{problem}"
        );
    }
    assert_eq!(lease(store, "race"), None);
}

pub(crate) fn a_lease_is_renewed_for_longer_than_its_time_and_given_back(store: &dyn Store) {
    holding(store, "ada@desk", SHORT, |leases| {
        take(leases, "long").unwrap();
        let first = lease(store, "long").unwrap();
        thread::sleep(Duration::from_secs(u64::from(SHORT) + 1));
        leases.held("long").unwrap();
        let now = lease(store, "long").unwrap();
        assert_eq!((&now.holder, &now.acquired), (&"ada@desk".to_owned(), &first.acquired));
        assert!(now.renewed > first.renewed && !now.is_expired(Timestamp::now()));
        assert_eq!(store.leases().unwrap()["long"].holder, "ada@desk");
    });
    assert_eq!(lease(store, "long"), None);
}

pub(crate) fn a_lease_whose_holder_is_dead_is_taken_over_once_it_was_watched(store: &dyn Store) {
    let (holder, acquired, renewed) = ("eve@attic/1/f".to_owned(), ago(90), ago(30));
    let dead = Lease { holder, seconds: 3, acquired, renewed, transitions: 4 };
    store.write_lease("dead", &dead, None).unwrap();
    let (began, told) = (Instant::now(), Mutex::default());
    holding(store, "ada@desk", SHORT, |leases| {
        leases.take("dead", Duration::ZERO, &|text| lock::<Vec<_>>(&told).push(text)).unwrap();
        assert!(began.elapsed() >= Duration::from_secs(1));
        assert_eq!(*lock(&told), ["the lock of `eve@attic/1/f` has expired; is it renewed all the same?"]);
        let now = lease(store, "dead").unwrap();
        assert_eq!((now.holder.as_str(), now.seconds, now.transitions), ("ada@desk", SHORT, 5));
    });
}

pub(crate) fn a_lease_that_lives_by_another_clock_is_not_taken(store: &dyn Store) {
    let by_that_clock = || {
        let (holder, acquired, renewed) = ("eve@attic".into(), ago(6000), ago(5000));
        Lease { holder, seconds: SHORT, acquired, renewed, transitions: 0 }
    };
    let mut version = store.write_lease("skew", &by_that_clock(), None).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(500));
                version = store.write_lease("skew", &by_that_clock(), Some(&version)).unwrap();
            }
        });
        let result = holding(store, "ada@desk", SHORT, |leases| take(leases, "skew"));
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(result.unwrap_err().message, "`eve@attic` pushes stack `skew`");
    });
    assert_eq!(unlock(store, "skew").unwrap().unwrap().holder, "eve@attic");
}

pub(crate) fn a_lease_that_was_lost_allows_no_write(store: &dyn Store) {
    holding(store, "ada@desk", SHORT, |leases| {
        take(leases, "lost").unwrap();
        take(leases, "stolen").unwrap();
        leases.held("lost").unwrap();
        assert_eq!(unlock(store, "lost").unwrap().unwrap().holder, "ada@desk");
        assert_eq!(unlock(store, "stolen").unwrap().unwrap().holder, "ada@desk");
        holding(store, "bob@den", SHORT, |others| {
            take(others, "stolen").unwrap();
            until("it is found out", || leases.held("lost").is_err() && leases.held("stolen").is_err());
            others.held("stolen").unwrap();
            let problem = leases.held("stolen").unwrap_err();
            assert_eq!(problem.message, "the lock of stack `stolen` was lost: `bob@den` has it now");
            // what was lost is not made again, nor given back for another
            leases.give_back("stolen");
            assert_eq!(lease(store, "stolen").unwrap().holder, "bob@den");
        });
        assert_eq!(leases.held("lost").unwrap_err().message, "the lock of stack `lost` was lost: it was taken away");
        assert_eq!(lease(store, "lost"), None);
    });
    assert_eq!(unlock(store, "lost").unwrap(), None);
}

pub(crate) fn a_push_that_panics_leaves_no_lease(store: &dyn Store) {
    let panics = || {
        holding(store, "ada@desk", SHORT, |leases| {
            take(leases, "panic").unwrap();
            assert!(lease(store, "panic").is_none(), "on purpose");
        });
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(lease(store, "panic"), None);
}

pub(crate) fn a_lease_is_waited_for_as_long_as_is_wished(store: &dyn Store) {
    let told = Mutex::new(Vec::new());
    holding(store, "ada@desk", SHORT, |first| {
        take(first, "wait").unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                until("it waits", || !lock(&told).is_empty());
                first.give_back("wait");
            });
            holding(store, "bob@den", SHORT, |second| {
                second.take("wait", Duration::from_mins(1), &|text| lock(&told).push(text)).unwrap();
                assert_eq!(lease(store, "wait").unwrap().holder, "bob@den");
            });
        });
    });
    assert_eq!(*lock(&told), ["`ada@desk` pushes it"]);
}

pub(crate) fn of_two_writers_of_a_record_the_second_is_refused(store: &dyn Store) {
    let (mut record, other) = (Record::default(), crate::push::record::tests::large(3));
    assert_eq!(store.record("writers").unwrap().version, None);
    let first = store.save("writers", &record, None).unwrap();
    assert!(matches!(store.save("writers", &other, None), Err(Unsaved::Changed)));
    record.members.insert("a".into(), crate::push::record::Member::default());
    let second = store.save("writers", &record, Some(&first)).unwrap();
    assert!(matches!(store.save("writers", &other, Some(&first)), Err(Unsaved::Changed)));
    assert!(matches!(store.forget("writers", &first), Err(Unsaved::Changed)));
    let kept = store.record("writers").unwrap();
    assert_eq!((kept.record, kept.version), (record.clone(), Some(second.clone())));
    assert_eq!(store.records().unwrap()["writers"].record, record);
    store.forget("writers", &second).unwrap();
    assert_eq!(store.record("writers").unwrap().version, None);
    assert!(matches!(store.save("writers", &other, Some(&second)), Err(Unsaved::Changed)), "it is no more");
}

macro_rules! in_memory {
    ($($name:ident)*) => { mod in_memory { $(
        #[test]
        fn $name() { super::$name(&super::Memory::default()); }
    )* } };
}

in_memory! {
    of_two_that_want_a_lease_at_once_one_gets_it
    a_lease_is_renewed_for_longer_than_its_time_and_given_back
    a_lease_whose_holder_is_dead_is_taken_over_once_it_was_watched
    a_lease_that_lives_by_another_clock_is_not_taken
    a_lease_that_was_lost_allows_no_write
    a_push_that_panics_leaves_no_lease
    a_lease_is_waited_for_as_long_as_is_wished
    of_two_writers_of_a_record_the_second_is_refused
}

#[test]
fn while_the_store_is_away_no_write_is_allowed_after_half_the_time_and_again_once_it_is_back() {
    let store = Memory::default();
    holding(&store, "ada@desk", SHORT, |leases| {
        take(leases, "away").unwrap();
        store.is_away.store(true, Ordering::Relaxed);
        leases.held("away").unwrap();
        until("it is told", || leases.held("away").is_err());
        insta::assert_snapshot!(leases.held("away").unwrap_err(), @r"
        error[away]: no answer
           = so the lock of stack `away` could not be renewed, and nothing more was written
        ");
        store.is_away.store(false, Ordering::Relaxed);
        leases.held("away").unwrap();
    });
}

#[test]
fn a_locked_stack_says_by_whom_and_what_to_do() {
    let lease = Lease {
        holder: "ada@desk/4711/0f3a9c1e5b7d2846".into(),
        seconds: 60,
        acquired: "2026-11-26T16:00:00.123456Z".into(),
        renewed: "2026-11-26T16:01:00.123456Z".into(),
        transitions: 0,
    };
    insta::assert_snapshot!(locked("ntfy", &lease), @r"
    error[locked]: `ada@desk/4711/0f3a9c1e5b7d2846` pushes stack `ntfy`
       = since 2026-11-26T16:00:00.123456Z, and holds the lock until 2026-11-26T16:02:00Z if it is not renewed
       = wait for its end; where that push is no more, `homebuild unlock --stack ntfy` takes its lock away
    ");
}

#[test]
fn a_holder_is_told_from_all_others() {
    let one = holder("ada@desk").unwrap();
    assert!(one.starts_with(&format!("ada@desk/{}/", std::process::id())));
    assert_ne!(one, holder("ada@desk").unwrap());
}

#[test]
fn a_renewal_that_was_done_without_an_answer_loses_nothing() {
    let store = Memory::default();
    holding(&store, "ada@desk", SHORT, |leases| {
        take(leases, "lost answer").unwrap();
        let (lease, version) = store.lease("lost answer").unwrap().unwrap();
        store.write_lease("lost answer", &Lease { renewed: now(), ..lease }, Some(&version)).unwrap();
        thread::sleep(Duration::from_secs(u64::from(SHORT) + 1));
        leases.held("lost answer").unwrap();
    });
    assert_eq!(lease(&store, "lost answer"), None);
}
