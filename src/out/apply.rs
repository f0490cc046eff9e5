//! Does a stack's job: the only code that writes below `out/`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, renameat, unlinkat};
use rustix::io::Errno;

use super::compare::{Found, Job, Made, folders};
use super::memory::Part;
use super::{sums, tree};
use crate::disk::{Stamp, descriptor};
use crate::problem::{Problem, Problems};

/// A stamp, and whether we made the file just now.
pub type Left = (Stamp, bool);

/// One stack's folder while it is worked on.
struct Work<'a> {
    out: BorrowedFd<'a>,
    stack: &'a str,
    root: OwnedFd,
    open: BTreeMap<String, OwnedFd>,
    left: BTreeMap<String, Left>,
    problems: Problems,
    hopeless: &'a AtomicBool,
}

/// Does a job and tells what is there now. `hopeless` is set when nothing more can be written anywhere (a full disk): one
/// message is enough then.
pub fn apply(out: BorrowedFd<'_>, job: &Job, device: u64, hopeless: &AtomicBool) -> Result<Part, Problems> {
    let opened = || descriptor::open_folder(out, &job.stack).map(|folder| (job.stack.clone(), folder));
    let (name, root) = if job.fresh { tree::prepare(out) } else { opened() }
        .map_err(|error| report(hopeless, &format!("out/{}", job.stack), error))?;
    let (open, left) = (BTreeMap::new(), BTreeMap::new());
    let mut work = Work { out, stack: &job.stack, root, open, left, problems: Problems::new(), hopeless };
    work.all(job);
    if job.fresh {
        work.publish(&name);
    }
    work.finish(job, device)
}

impl Work<'_> {
    /// Files first, then what is stale, then the digests, and the stack's lock last: whenever it is cut short, what is
    /// there is listed somewhere.
    fn all(&mut self, job: &Job) {
        for (path, kind) in &job.leftovers {
            let (folder, name) = split(path);
            let done = self.folder(folder).and_then(|at| tree::sweep(at, name, *kind));
            self.note("remove", path, done);
        }
        for rank in 0..3 {
            for made in job.made.iter().filter(|made| rank_of(&made.path) == rank) {
                self.write(made, job.fresh);
            }
            for path in job.stale.iter().filter(|path| rank_of(path) == rank) {
                let (folder, name) = split(path);
                let done = self.folder(folder).and_then(|at| tree::remove(at, name));
                self.note("remove", path, done);
            }
            if !self.problems.is_empty() {
                return;
            }
        }
        let emptied: BTreeSet<&str> = job.stale.iter().flat_map(|path| folders(path)).collect();
        for path in emptied.into_iter().rev() {
            tree::prune(&self.root, path);
        }
        if job.made.is_empty() {
            tree::prune(self.out, self.stack);
        }
    }

    fn write(&mut self, made: &Made, fresh: bool) {
        if let Found::Same(stamp) = made.found {
            self.left.insert(made.path.clone(), (stamp, false));
            return;
        }
        if self.hopeless.load(Ordering::Relaxed) {
            return;
        }
        let (folder, name) = split(&made.path);
        let bytes = made.text.as_bytes();
        let write = if fresh { tree::create } else { tree::replace };
        let written = self.folder(folder).and_then(|at| write(at, name, bytes));
        let stamp = self.note("write", &made.path, written);
        self.left.extend(stamp.map(|stamp| (made.path.clone(), (stamp, true))));
    }

    /// A folder of the stack, made where it is missing.
    fn folder(&mut self, path: &str) -> Result<BorrowedFd<'_>, Errno> {
        if path.is_empty() {
            return Ok(self.root.as_fd());
        }
        if !self.open.contains_key(path) {
            let (parent, name) = split(path);
            let folder = tree::folder(self.folder(parent)?, name)?;
            self.open.insert(path.to_owned(), folder);
        }
        self.open.get(path).map(OwnedFd::as_fd).ok_or(Errno::BADF)
    }

    /// Gives a whole new folder its name, or takes it away if it is not whole.
    fn publish(&mut self, name: &str) {
        if self.problems.is_empty() && !self.hopeless.load(Ordering::Relaxed) {
            let done = renameat(self.out, name, self.out, self.stack);
            self.note("write", "", done);
        }
        if !self.problems.is_empty() || self.hopeless.load(Ordering::Relaxed) {
            let _ = tree::sweep(self.out, name, rustix::fs::FileType::Directory);
        }
    }

    fn note<T>(&mut self, verb: &str, path: &str, done: Result<T, Errno>) -> Option<T> {
        let full = format!("out/{}/{path}", self.stack);
        done.map_err(|error| self.problems.extend(report_as(self.hopeless, verb, full.trim_end_matches('/'), error)))
            .ok()
    }

    /// What is there now, for the next build's look.
    fn finish(mut self, job: &Job, device: u64) -> Result<Part, Problems> {
        if !self.problems.is_empty() || self.hopeless.load(Ordering::Relaxed) {
            return Err(self.problems);
        }
        let mut all: BTreeSet<&str> = job.made.iter().flat_map(|made| folders(&made.path)).collect();
        all.insert("");
        let mut found = BTreeMap::new();
        for folder in all {
            let stamp = self.folder(folder).and_then(rustix::fs::fstat).map(|stat| Stamp::of(&stat));
            found.extend(self.note("read", folder, stamp).map(|stamp| (folder, stamp)));
        }
        let files = job.made.iter().map(|made| (made.path.as_str(), &made.digest, self.left.get(&made.path)));
        let part = Part::of_outputs(&found, files, device);
        self.problems.or(part)
    }
}

/// 0 for artifacts, 1 for digests, 2 for the stack's lock.
fn rank_of(path: &str) -> usize {
    match split(path) {
        ("", _) => 2,
        (_, sums::NAME) => 1,
        _ => 0,
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn report(hopeless: &AtomicBool, path: &str, error: Errno) -> Problems {
    report_as(hopeless, "write", path, error)
}

/// The problem, unless the same was said of another file.
fn report_as(hopeless: &AtomicBool, verb: &str, path: &str, error: Errno) -> Problems {
    let said = tree::is_hopeless(error) && hopeless.swap(true, Ordering::Relaxed);
    let problem: Option<Problem> = (!said).then(|| tree::refused(verb, path, error));
    problem.into_iter().collect()
}

/// Takes away a temporary folder or file that an interrupted build left in `out/`.
pub fn tidy(out: BorrowedFd<'_>, name: &str) -> Result<(), Problem> {
    let done = match unlinkat(out, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => tree::sweep(out, name, rustix::fs::FileType::Directory),
        done => done,
    };
    done.map_err(|error| tree::refused("remove", &format!("out/{name}"), error))
}
