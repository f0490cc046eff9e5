//! What is being rendered just now. minijinja counts steps, but a single one may have no end: a list that was added to
//! itself again and again, read. No thread can be stopped from outside; whoever runs the program can end it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lock;
use crate::problem::Place;

static RUNNING: Mutex<BTreeMap<u64, Place>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Of the renderings of layouts and expressions that have not ended, the one that began first: its number, which no other
/// one gets, and the place of its text.
#[must_use]
pub fn oldest() -> Option<(u64, Place)> {
    lock(&RUNNING).first_key_value().map(|(number, place)| (*number, place.clone()))
}

/// One rendering, as long as it takes.
pub(super) struct Running(u64);

impl Running {
    pub(super) fn begin(place: Place) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&RUNNING).insert(number, place);
        Self(number)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&RUNNING).remove(&self.0);
    }
}
