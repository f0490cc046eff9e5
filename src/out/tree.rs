//! The verbs of writing: each acts on one name in an open folder and never follows a link.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, mkdirat, renameat, unlinkat};
use rustix::io::{Errno, Result};

use super::turn::TEMPORARY;
pub use crate::disk::descriptor::{create, folder};
use crate::disk::{Stamp, descriptor, failure};
use crate::problem::Problem;

/// A name for a temporary file or folder that nobody else has. It begins as [`TEMPORARY`] says.
fn temporary() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{TEMPORARY}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Does something with temporary names until one is free.
fn with_free_name<T>(mut attempt: impl FnMut(&str) -> Result<T>) -> Result<(String, T)> {
    for _ in 0..1000 {
        let name = temporary();
        match attempt(&name) {
            Ok(made) => return Ok((name, made)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST)
}

/// Puts a whole file at a name, in one step, whatever file or link is there.
pub fn replace(at: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> Result<Stamp> {
    let (temporary, _) = with_free_name(|temporary| create(at, temporary, bytes))?;
    if let Err(error) = renameat(at, &temporary, at, name) {
        let _ = unlinkat(at, &temporary, AtFlags::empty());
        return Err(error);
    }
    descriptor::stamp(at, name)
}

/// Makes a folder under a temporary name.
pub fn prepare(at: BorrowedFd<'_>) -> Result<(String, OwnedFd)> {
    let (name, ()) = with_free_name(|name| mkdirat(at, name, Mode::from_raw_mode(0o777)))?;
    let folder = descriptor::open_folder(at, &name)?;
    Ok((name, folder))
}

/// Takes a file away; one that is gone already is no error.
pub fn remove(at: impl AsFd, name: &str) -> Result<()> {
    match unlinkat(at, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        done => done,
    }
}

/// Takes a folder away if it is empty.
pub fn prune(at: impl AsFd, name: &str) {
    let _ = unlinkat(at, name, AtFlags::REMOVEDIR);
}

/// Takes away a temporary file or folder that an interrupted build left, with what is in it.
pub fn sweep(at: BorrowedFd<'_>, name: &str, kind: FileType) -> Result<()> {
    if kind != FileType::Directory {
        return remove(at, name);
    }
    let (dir, names) = descriptor::list(descriptor::open_folder(at, name)?)?;
    for listed in names {
        if let Ok(inside) = listed.name.to_str() {
            sweep(dir.fd()?, inside, listed.kind)?;
        }
    }
    unlinkat(at, name, AtFlags::REMOVEDIR)
}

/// The problem that the system refused to write something, with what to do about it.
pub fn refused(verb: &str, path: &str, error: Errno) -> Problem {
    let problem = failure(verb, path, error);
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => problem
            .note("make room and build again: what is written so far are whole files, the next build does the rest"),
        Errno::ROFS => problem.note("it lies on a read-only file system"),
        Errno::LOOP | Errno::NOTDIR => problem.note("homebuild writes into real folders only: is it a link or a file?"),
        Errno::ISDIR | Errno::NOTEMPTY | Errno::EXIST => {
            problem.note("a folder stands where a file must be: move it away, then build again")
        }
        _ => problem,
    }
}

/// Whether an error will meet every other file, too.
pub fn is_hopeless(error: Errno) -> bool {
    matches!(error, Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::IO | Errno::MFILE | Errno::NFILE)
}
