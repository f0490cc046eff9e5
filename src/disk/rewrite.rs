//! Writing a source again, for the commands that change what the author wrote.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};
use rustix::io::{Errno, Result};

use super::add::DRAFT;
use super::descriptor::{self, Unread};
use super::walk::{changing, failure};
use super::{LARGEST, Site};
use crate::problem::{Problem, Source};

impl Site {
    /// Puts another text into a source, in one step and with the mode that it has. If it is not any more what was read,
    /// it is left alone.
    pub fn rewrite(&self, source: &Source, text: &str) -> std::result::Result<(), Problem> {
        let (folder, name) = source.path.rsplit_once('/').unwrap_or((".", &source.path));
        let fail = |error| failure("write", &source.path, error);
        let mut parts = folder.split('/');
        let folder = parts
            .try_fold(self.descriptor().try_clone_to_owned().map_err(|_| fail(Errno::MFILE))?, |at, part| {
                descriptor::open_folder(at, part)
            })
            .map_err(fail)?;
        let mut bytes = Vec::new();
        match descriptor::read(folder.as_fd(), name, LARGEST, &mut bytes) {
            Ok(_) if bytes == source.text.as_bytes() => replace(&folder, name, text.as_bytes()).map_err(fail),
            Err(Unread::System(error)) => Err(fail(error)),
            Ok(_) | Err(_) => Err(changing(&source.path)),
        }
    }
}

fn replace(folder: &OwnedFd, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = format!("{DRAFT}{}", std::process::id());
    let done = write(folder, name, &temporary, bytes).and_then(|()| renameat(folder, &temporary, folder, name));
    if done.is_err_and(|error| error != Errno::EXIST) {
        let _ = unlinkat(folder, &temporary, AtFlags::empty());
    }
    done
}

fn write(folder: &OwnedFd, name: &str, temporary: &str, bytes: &[u8]) -> Result<()> {
    let mode = Mode::from_raw_mode(fstat(descriptor::open_file(folder, name)?)?.st_mode & 0o7777);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(folder, temporary, flags, mode)?;
    fchmod(&file, mode)?;
    descriptor::write_all(&file, bytes)?;
    // The author's text is in nothing else.
    rustix::fs::fsync(&file)
}
