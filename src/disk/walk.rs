//! The way through a folder: what is read, and what is said of what cannot be.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{Dir, FileType, fstat};
use rustix::io::Errno;

use super::descriptor::{self, Listed, Unread};
use super::{Binary, EDITOR, LARGEST, Seen, Stamp, describe, strange};
use crate::problem::{Place, Problem, Problems, Source};

/// Folders in folders beyond this are a mistake.
const DEEPEST: usize = 32;

/// What a walk has found so far.
#[derive(Debug, Default)]
pub struct Walk {
    pub files: Vec<Arc<Source>>,
    pub binaries: Vec<Binary>,
    pub seen: Seen,
    pub problems: Problems,
    /// Whether something changed while it was read.
    pub restless: bool,
}

impl Walk {
    /// Opens a folder and stamps it; none if it is missing, which is no problem, or is no folder.
    pub fn open(&mut self, at: BorrowedFd<'_>, name: &str, path: &str) -> Option<(OwnedFd, Stamp)> {
        let opened = descriptor::open_folder(at, name).and_then(|fd| fstat(&fd).map(|stat| (fd, Stamp::of(&stat))));
        match opened {
            Ok(opened) => return Some(opened),
            Err(Errno::NOENT) => {}
            Err(error) => match descriptor::stamp(at, name) {
                Ok(stamp) if stamp.is_link() => self.problems.push(strange(path, FileType::Symlink)),
                Ok(stamp) if stamp.exists() && !stamp.is_folder() => {
                    let problem = Problem::error("not-a-folder", format!("`{path}` is not a folder"));
                    self.problems.push(problem.at(&Place::file(&Source::new(path, ""))));
                }
                _ => self.problems.push(failure("read", path, error)),
            },
        }
        None
    }

    /// The names in a folder.
    pub fn list(&mut self, folder: OwnedFd, path: &str) -> Option<(Dir, Vec<Listed>)> {
        descriptor::list(folder).map_err(|error| self.problems.push(failure("read", path, error))).ok()
    }

    /// A name as text, if it is one that a path can be made of.
    pub fn name(&mut self, name: &CStr, prefix: &str) -> Option<String> {
        let problem = match name.to_str() {
            Ok(name) if !name.chars().any(char::is_control) => return Some(name.to_owned()),
            Ok(_) => "has a control character in its name",
            Err(_) => "has a name that is not UTF-8",
        };
        let path = printable(&format!("{prefix}{}", name.to_string_lossy()));
        self.problems.push(Problem::error("bad-name", format!("`{path}` {problem}")).note("rename it"));
        None
    }

    /// Everything in a folder. `prefix` is its path below the site with a `/` at the end.
    pub fn folder(&mut self, folder: OwnedFd, stamp: Stamp, prefix: &str, depth: usize) {
        let path = prefix.trim_end_matches('/');
        if depth > DEEPEST {
            let problem = Problem::error("too-deep", format!("`{path}` lies more than {DEEPEST} folders deep"));
            return self.problems.push(problem);
        }
        self.seen.add(prefix, "", stamp, None);
        let Some((dir, names)) = self.list(folder, path) else { return };
        let Ok(at) = dir.fd() else { return };
        for listed in names {
            if is_leftover(listed.name.to_bytes()) {
                continue;
            }
            let Some(name) = self.name(&listed.name, prefix) else { continue };
            let path = format!("{prefix}{name}");
            if path == EDITOR {
                continue;
            }
            match listed.kind {
                FileType::RegularFile => self.file(at, prefix, &name),
                FileType::Directory => match self.open(at, &name, &path) {
                    Some((folder, stamp)) => self.folder(folder, stamp, &format!("{path}/"), depth + 1),
                    None => self.restless |= descriptor::stamp(at, &name) == Ok(Stamp::MISSING),
                },
                kind => self.problems.push(strange(&path, kind)),
            }
        }
        // Names that came or went meanwhile may be half of what someone is about to save.
        self.restless |= fstat(at).is_ok_and(|stat| Stamp::of(&stat) != stamp);
    }

    /// One file that was listed.
    pub fn file(&mut self, at: BorrowedFd<'_>, prefix: &str, name: &str) {
        let path = format!("{prefix}{name}");
        let mut bytes = Vec::new();
        let problem = match descriptor::read(at, name, LARGEST, &mut bytes) {
            Ok(stamp) => {
                self.seen.add(prefix, name, stamp, Some(&bytes));
                match String::from_utf8(bytes) {
                    Ok(text) => self.files.push(Source::new(path, text)),
                    Err(error) => self.binaries.push(Binary { path, bytes: error.into_bytes() }),
                }
                return;
            }
            Err(Unread::System(Errno::LOOP)) => strange(&path, FileType::Symlink),
            Err(Unread::System(Errno::NOENT) | Unread::Changing) => {
                self.restless = true;
                return;
            }
            Err(Unread::System(error)) => failure("read", &path, error),
            Err(Unread::Special) => {
                let kind = rustix::fs::statat(at, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
                strange(&path, kind.map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)))
            }
            Err(Unread::Large(size)) => {
                let (size, limit) = (size >> 20, LARGEST >> 20);
                Problem::error("too-large", format!("`{path}` has {size} MiB; a source has {limit} MiB at most"))
                    .at(&Place::file(&Source::new(path.as_str(), "")))
                    .note("is it a source? a disk image or a dump does not belong into the site")
            }
        };
        self.problems.push(problem);
    }
}

/// The problem that the system refused something.
pub fn failure(verb: &str, path: &str, error: Errno) -> Problem {
    let problem = Problem::error("io", format!("cannot {verb} `{path}`: {}", describe(error)))
        .at(&Place::file(&Source::new(path, "")));
    match error {
        Errno::ACCESS | Errno::PERM => problem.note("make it readable for the user who builds"),
        Errno::MFILE | Errno::NFILE => problem.note("raise the limit of open files: `ulimit -n`"),
        _ => problem,
    }
}

/// The problem that a file does not hold still.
pub fn changing(path: &str) -> Problem {
    Problem::error("changing", format!("`{path}` changed while it was read"))
        .at(&Place::file(&Source::new(path, "")))
        .note("build again when the files are at rest")
}

/// What editors and systems leave beside files, even while a file is open.
fn is_leftover(name: &[u8]) -> bool {
    let swap = name.first() == Some(&b'.') && name.len() > 5 && name[name.len() - 4..].starts_with(b".sw");
    let hashes = name.len() > 2 && name.first() == Some(&b'#') && name.last() == Some(&b'#');
    name.starts_with(b".#") || name.last() == Some(&b'~') || swap || hashes || name == b".DS_Store"
}

/// Whether a path is made of plain names, and stays where it begins.
pub fn plain(path: &str) -> bool {
    !path.chars().any(char::is_control) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A text without what would disturb a terminal.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
