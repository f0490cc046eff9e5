//! One build's turn at the site: the lock, the clock of the file system, and the journal of what is being written.
//!
//! All of it lies in `.homebuild/`, which git ignores and anyone may delete while no build runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode as Bits, OFlags, flock, fstat, mkdirat, openat};
use rustix::io::Errno;

use super::{Mode, tree};
use crate::disk::{Site, Stamp, descriptor, failure};
use crate::problem::{Problem, Problems};

/// How temporary names begin, in `out/` and in `.homebuild/`.
pub(super) const TEMPORARY: &str = ".homebuild-";

/// How long a build waits for another.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The site.
    pub site: &'a Site,
    /// Whether it writes.
    pub mode: Mode,
    home: Option<OwnedFd>,
    lock: Option<OwnedFd>,
    clock: i64,
    device: u64,
}

impl<'a> Turn<'a> {
    /// Waits up to ten seconds for another build of this site (saving in an editor while building by hand is common, and
    /// a build is shorter than that); then it is a problem that names the other's process. With [`Mode::Check`] a
    /// `.homebuild/` that is missing or cannot be used is no problem.
    pub fn begin(site: &'a Site, mode: Mode) -> Result<Self, Problems> {
        let mut turn = Self { site, mode, home: None, lock: None, clock: i64::MIN, device: 0 };
        match mode {
            Mode::Check => turn.watch()?,
            Mode::Write => turn.take()?,
        }
        Ok(turn)
    }

    /// A check waits until nobody writes, where it can tell; it leaves no trace.
    fn watch(&mut self) -> Result<(), Problem> {
        let Ok(home) = descriptor::open_folder(self.site.descriptor(), ".homebuild") else { return Ok(()) };
        self.device = fstat(&home).map_or(0, |stat| Stamp::of(&stat).device);
        if let Ok(lock) = descriptor::open_file(&home, "lock") {
            wait(&lock, FlockOperation::NonBlockingLockShared)?;
            self.lock = Some(lock);
        }
        self.home = Some(home);
        Ok(())
    }

    fn take(&mut self) -> Result<(), Problem> {
        let site = self.site.descriptor();
        match mkdirat(site, ".homebuild", Bits::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(unusable(".homebuild/", error)),
        }
        let home = descriptor::open_folder(site, ".homebuild").map_err(|error| unusable(".homebuild/", error))?;
        self.device = Stamp::of(&fstat(&home).map_err(|error| unusable(".homebuild/", error))?).device;
        let lock = loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let lock = openat(&home, "lock", flags, Bits::from_raw_mode(0o666))
                .map_err(|error| unusable(".homebuild/lock", error))?;
            wait(&lock, FlockOperation::NonBlockingLockExclusive)?;
            // Whoever deleted `.homebuild/` meanwhile has left us with the lock of nothing.
            let named = descriptor::stamp(&home, "lock");
            if fstat(&lock).is_ok_and(|stat| named == Ok(Stamp::of(&stat))) {
                break lock;
            }
        };
        self.home = Some(home);
        self.lock = Some(lock);
        self.clock = self.tick().map_err(|error| unusable(".homebuild/lock", error))?;
        Ok(())
    }

    /// What the file system's clock says now: any change of a file from now on has this `ctime` or a later one.
    pub(super) fn tick(&self) -> Result<i64, Errno> {
        let lock = self.lock.as_ref().ok_or(Errno::BADF)?;
        let process = format!("{:<10}\n", std::process::id());
        rustix::io::pwrite(lock, process.as_bytes(), 0)?;
        Ok(Stamp::of(&fstat(lock)?).ctime)
    }

    /// The clock when the turn began.
    pub(super) fn clock(&self) -> i64 {
        self.clock
    }

    /// The file system that the clock belongs to.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// Reads a file of `.homebuild/`; none where that does not work.
    pub(super) fn recall(&self, name: &str) -> Option<Vec<u8>> {
        const LARGEST: u64 = 1 << 30;
        let mut bytes = Vec::new();
        descriptor::read(self.home.as_ref()?.as_fd(), name, LARGEST, &mut bytes).ok().map(|_| bytes)
    }

    /// Writes a file of `.homebuild/`.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Errno> {
        tree::replace(self.home()?, name, bytes).map(|_| ())
    }

    fn home(&self) -> Result<BorrowedFd<'_>, Errno> {
        self.home.as_ref().map(OwnedFd::as_fd).ok_or(Errno::BADF)
    }

    /// What a build that did not come to its end was about to make, as paths below `out/`; none if the last one did.
    pub(super) fn interrupted(&self) -> Option<BTreeSet<String>> {
        let bytes = self.recall("journal")?;
        let text = String::from_utf8_lossy(&bytes);
        // Without its last line the journal was not finished, and nothing of it had begun.
        Some(text.strip_suffix("end\n").unwrap_or_default().lines().map(str::to_owned).collect())
    }

    /// Notes what is about to be made, before it is.
    pub(super) fn announce(&self, paths: &BTreeSet<String>) -> Result<(), Problem> {
        let mut text = String::new();
        for path in paths {
            let _ = writeln!(text, "{path}");
        }
        text.push_str("end\n");
        self.keep("journal", text.as_bytes()).map_err(|error| unusable(".homebuild/journal", error))
    }

    /// All that was announced is done; what is left (of stacks out of scope) stays noted.
    pub(super) fn finish(&self, left: &BTreeSet<String>) -> Result<(), Problem> {
        if !left.is_empty() {
            return self.announce(left);
        }
        self.forget("journal").map_err(|error| unusable(".homebuild/journal", error))
    }

    /// Takes a file of `.homebuild/` away.
    pub(super) fn forget(&self, name: &str) -> Result<(), Errno> {
        tree::remove(self.home()?, name)
    }
}

fn wait(lock: &OwnedFd, operation: FlockOperation) -> Result<(), Problem> {
    let mut waited = Duration::ZERO;
    loop {
        match flock(lock, operation) {
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(Errno::WOULDBLOCK) => {
                let mut bytes = [0; 10];
                let count = rustix::io::pread(lock, &mut bytes, 0).unwrap_or(0);
                let process = String::from_utf8_lossy(&bytes[..count]).trim().to_owned();
                let problem =
                    Problem::error("busy", format!("another build of this site is running (process {process})"));
                return Err(
                    problem.note(format!("waited {} s for it; build again when it is done", PATIENCE.as_secs()))
                );
            }
            // Without locks (some network file systems) builds go on as if they were alone.
            Ok(()) | Err(_) => return Ok(()),
        }
    }
}

/// The problem that `.homebuild/` cannot be used for writing.
fn unusable(path: &str, error: Errno) -> Problem {
    match error {
        Errno::ROFS | Errno::ACCESS | Errno::PERM => {
            failure("write", path, error).note("a build needs it; `homebuild build --check` does not write at all")
        }
        Errno::LOOP | Errno::NOTDIR => {
            failure("use", path, error).note("it must be a folder, not a link: delete it, nothing is lost")
        }
        _ => super::tree::refused("write", path, error),
    }
}
