//! The record of a stack while it is pushed, and the right to write.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::{Record, State};
use super::report::{Event, Reporter};
use super::target::{Store, Unsaved};
use crate::problem::Problem;

/// Asked before every write and told of every write; shared by all threads that work on a stack.
pub struct Journal<'a> {
    stack: &'a str,
    store: &'a dyn Store,
    /// Whether the lease still holds.
    held: &'a (dyn Fn() -> Result<(), Problem> + Sync),
    reporter: &'a Reporter<'a>,
    kept: Mutex<Entry>,
    /// What each module was last said to wait for.
    said: Mutex<BTreeMap<String, String>>,
}

struct Entry {
    record: Record,
    version: Option<String>,
    saved: Record,
}

impl<'a> Journal<'a> {
    /// A journal over a record of this version.
    pub fn new(
        stack: &'a str,
        store: &'a dyn Store,
        held: &'a (dyn Fn() -> Result<(), Problem> + Sync),
        reporter: &'a Reporter<'a>,
        record: Record,
        version: Option<String>,
    ) -> Self {
        let saved = record.clone();
        Self {
            stack,
            store,
            held,
            reporter,
            kept: Mutex::new(Entry { record, version, saved }),
            said: Mutex::default(),
        }
    }

    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stack's name.
    #[must_use]
    pub fn stack(&self) -> &str {
        self.stack
    }

    /// Whether a write is allowed: the lease still holds.
    pub fn may_write(&self) -> Result<(), Problem> {
        (self.held)()
    }

    /// Tells what happens; what is waited for once, however often it is looked at.
    pub fn tell(&self, module: &str, event: Event) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match &event {
            Event::Waits(what) if said.get(module) == Some(what) => return,
            Event::Waits(what) => _ = said.insert(module.to_owned(), what.clone()),
            _ => _ = said.remove(module),
        }
        drop(said);
        (self.reporter)(self.stack, module, event);
    }

    /// An object was written, and is not known to be ready.
    pub fn applied(&self, id: &str, uid: &str, version: &str) {
        if let Some(member) = self.entry().record.members.get_mut(id) {
            member.state = State::Applying;
            member.uid = Some(uid.to_owned());
            member.version = Some(version.to_owned());
        }
    }

    /// An object is as it should be, and ready; its version then.
    pub fn owned(&self, id: &str, version: &str) {
        if let Some(member) = self.entry().record.members.get_mut(id) {
            member.state = State::Owned;
            member.version = Some(version.to_owned());
        }
    }

    /// An object is about to be deleted, to be made again. It is written down at once.
    pub fn replacing(&self, id: &str) -> Result<(), Problem> {
        if let Some(member) = self.entry().record.members.get_mut(id) {
            member.state = State::Replacing;
        }
        self.save()
    }

    /// An object is gone, or is not ours.
    pub fn gone(&self, id: &str) {
        self.entry().record.members.remove(id);
    }

    /// Changes the record as a whole.
    pub fn change(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.entry().record);
    }

    /// What the record says now.
    #[must_use]
    pub fn record(&self) -> Record {
        self.entry().record.clone()
    }

    /// The version of the record as it was written last.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.entry().version.clone()
    }

    /// Writes the record, if it differs from what was written last. A push that lost its lease, or whose record was
    /// written by somebody else, writes nothing more.
    pub fn save(&self) -> Result<(), Problem> {
        let mut entry = self.entry();
        if entry.record == entry.saved && entry.version.is_some() {
            return Ok(());
        }
        self.may_write()?;
        match self.store.save(self.stack, &entry.record, entry.version.as_deref()) {
            Ok(version) => {
                entry.version = Some(version);
                entry.saved = entry.record.clone();
                Ok(())
            }
            Err(Unsaved::Failed(problem)) => Err(problem),
            Err(Unsaved::Changed) => Err(Problem::error(
                "moved",
                format!("the record of stack `{}` was written by another push meanwhile", self.stack),
            )
            .note("nothing more was written; push again: it goes on from what is there")),
        }
    }
}
