//! The program that builds: another one may build otherwise.

use std::fs::File;

use rustix::fs::fstat;

use crate::disk::{Fingerprint, Stamp};

/// An executable, known by its stamp: a program that was linked or installed anew is another one, and builds everything
/// once. (Its content would tell more, but to digest it takes longer than a small site.)
#[derive(Debug)]
pub struct Program {
    file: Option<File>,
}

impl Program {
    /// This very process's executable: the file that runs, also if another one has its name by now.
    #[must_use]
    pub fn running() -> Self {
        let file = File::open("/proc/self/exe").or_else(|_| std::env::current_exe().and_then(File::open));
        Self { file: file.ok() }
    }

    /// The program of the file at a path, for tests.
    #[must_use]
    pub fn at(path: &std::path::Path) -> Self {
        Self { file: File::open(path).ok() }
    }

    /// What it is known by, and whether a later change of it would show. Only then anything is kept, so that a program that
    /// cannot be read is like no other.
    pub(super) fn sum(&self, clock: i64) -> ([u8; 16], bool) {
        let stamp =
            self.file.as_ref().and_then(|file| fstat(file).ok()).map_or(Stamp::MISSING, |stat| Stamp::of(&stat));
        let mut print = Fingerprint::default();
        // A running program cannot be written to, so that the clock of another file system does as well.
        print.found(&stamp, stamp.device);
        let print = print.finish();
        (print.sum, stamp.exists() && print.is_settled(clock, clock))
    }
}
