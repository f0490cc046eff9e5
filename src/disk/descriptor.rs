//! Opening, listing, reading and making by descriptor: no symbolic link is followed, nothing is waited for.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, mkdirat, openat, statat, unlinkat};
use rustix::io::{Errno, Result};

use super::Stamp;

/// Opens a folder to list it; a symbolic link is `ENOTDIR` or `ELOOP`.
pub fn open_folder(at: impl AsFd, name: &str) -> Result<OwnedFd> {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a file to read it. A FIFO or a device is opened without waiting; the caller must ask what it is.
pub fn open_file(at: impl AsFd, name: &str) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

/// What is at a name, without following it; a missing one is [`Stamp::MISSING`].
pub fn stamp(at: impl AsFd, name: &str) -> Result<Stamp> {
    match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Stamp::of(&stat)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(Stamp::MISSING),
        Err(error) => Err(error),
    }
}

/// One name in a folder.
#[derive(Debug)]
pub struct Listed {
    /// The name; bytes that are not UTF-8 stay as they are.
    pub name: Box<CStr>,
    /// What it is, without following it.
    pub kind: FileType,
}

/// All names in an open folder, sorted by bytes.
pub fn list(folder: OwnedFd) -> Result<(Dir, Vec<Listed>)> {
    let mut dir = Dir::new(folder)?;
    let mut names = Vec::new();
    while let Some(entry) = dir.read() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        names.push(Listed { name: name.into(), kind: entry.file_type() });
    }
    for listed in &mut names {
        if listed.kind == FileType::Unknown {
            let stat = statat(dir.fd()?, &*listed.name, AtFlags::SYMLINK_NOFOLLOW)?;
            listed.kind = FileType::from_raw_mode(stat.st_mode);
        }
    }
    names.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((dir, names))
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// What the system said.
    System(Errno),
    /// It is no regular file.
    Special,
    /// It is larger than the limit.
    Large(u64),
    /// It changed each time while it was read.
    Changing,
}

/// Reads a whole file and tells how it was: the same before and after the reading, or it is read again.
pub fn read(at: BorrowedFd<'_>, name: &str, limit: u64, bytes: &mut Vec<u8>) -> std::result::Result<Stamp, Unread> {
    for _ in 0..3 {
        let file = open_file(at, name).map_err(Unread::System)?;
        let before = Stamp::of(&fstat(&file).map_err(Unread::System)?);
        if !before.is_file() {
            return Err(Unread::Special);
        }
        if before.size > limit {
            return Err(Unread::Large(before.size));
        }
        bytes.clear();
        fill(&file, usize::try_from(before.size).unwrap_or(usize::MAX), bytes).map_err(Unread::System)?;
        let after = Stamp::of(&fstat(&file).map_err(Unread::System)?);
        if before == after && after.size == bytes.len() as u64 {
            return Ok(before);
        }
    }
    Err(Unread::Changing)
}

/// Reads to the end, or one byte further than the size that was told.
pub fn fill(file: impl AsFd, size: usize, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.resize(size.saturating_add(1), 0);
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::io::read(&file, &mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(())
}

/// Writes a new file; nothing may be at its name.
pub fn create(at: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> Result<Stamp> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(at, name, flags, Mode::from_raw_mode(0o666))?;
    let written = write_all(&file, bytes).and_then(|()| fstat(&file));
    if written.is_err() {
        let _ = unlinkat(at, name, AtFlags::empty());
    }
    written.map(|stat| Stamp::of(&stat))
}

/// Writes all of it.
pub fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Opens a folder below another, made where it is missing.
pub fn folder(at: impl AsFd, name: &str) -> Result<OwnedFd> {
    match open_folder(&at, name) {
        Err(Errno::NOENT) => {}
        opened => return opened,
    }
    match mkdirat(&at, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => open_folder(&at, name),
        Err(error) => Err(error),
    }
}
