//! The program that builds: another one may build otherwise.

use std::fs::File;
use std::io::Read as _;

use rustix::fs::fstat;
use sha2::{Digest as _, Sha256};

use super::memory::{Header, Kept};
use crate::disk::{Fingerprint, Stamp, short};

/// An executable, known by its stamp and, where that is new, by its content.
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

    /// How it is known from now on, and its content: by what was kept where its stamp is the same. A program that cannot be
    /// read is always another one.
    pub(super) fn known(&self, header: &Header, clock: i64) -> (Kept, [u8; 16]) {
        let stamp = self.file.as_ref().and_then(|file| fstat(file).ok()).map(|stat| Stamp::of(&stat));
        let Some(stamp) = stamp else { return (Kept::default(), unknown(clock)) };
        let mut print = Fingerprint::default();
        // A running program cannot be written to, so that the clock of another file system would do as well.
        print.found(&stamp, stamp.device);
        let print = print.finish();
        if header.program.proves(&print) {
            return (header.program, header.program_content);
        }
        match self.content() {
            Some(content) => (Kept::new(&print, clock, clock), content),
            None => (Kept::default(), unknown(clock)),
        }
    }

    fn content(&self) -> Option<[u8; 16]> {
        let mut file = self.file.as_ref()?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; 1 << 16];
        loop {
            match file.read(&mut bytes).ok()? {
                0 => return Some(short(hash)),
                count => hash.update(&bytes[..count]),
            }
        }
    }
}

/// A value that no other build has.
fn unknown(clock: i64) -> [u8; 16] {
    short(Sha256::new_with_prefix(clock.to_le_bytes()))
}
