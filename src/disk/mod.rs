//! The sources on the disk: the only code that reads them, or writes new ones.
//!
//! Every file is read once, whole, through a descriptor that follows no symbolic link and never waits. What was seen of
//! it (see [`Seen`]) is kept, so that the next build can tell by a look at the metadata that nothing changed. What
//! cannot be read as a plain file below the site is a problem, and all of them are reported.

mod above;
mod add;
pub(crate) mod descriptor;
mod keys;
mod lock;
mod memory;
mod rewrite;
mod scratch;
mod seen;
mod stamp;
mod texts;
mod walk;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::problem::{Place, Problem, Problems, Source};
pub use above::{Above, nearest};
pub use keys::{KeyFile, key_file, new_key_file};
pub use lock::Lock;
pub use memory::{memory_in_use, time_worked};
pub use scratch::{Scratch, private, read_private};
pub use seen::Seen;
pub(crate) use stamp::{Fingerprint, Print, Stamp, short};
pub use texts::texts;
pub(crate) use walk::failure;
use walk::{Walk, plain, printable};

/// What build makes beside the sources: it lies among them and is none.
pub const EDITOR: &str = "schemas/editor.json";

/// The largest source file; what is larger is a mistake (a disk image, a core file), not a source.
pub const LARGEST: u64 = 16 << 20;

/// A site's folder, held open.
#[derive(Debug)]
pub struct Site {
    folder: OwnedFd,
}

/// The files of one folder of the site.
#[derive(Debug, Default)]
pub struct Folder {
    /// Text files, sorted by path; paths are below the site.
    pub files: Vec<Arc<Source>>,
    /// Files that are not UTF-8, sorted by path: an error wherever a text is wanted.
    pub binaries: Vec<Binary>,
    /// What was seen of them and of their folders.
    pub seen: Seen,
}

/// A file that is not text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Path below the site.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// The stacks of a site.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    /// Their names, sorted.
    pub names: Vec<String>,
    /// How `stacks/` was just before it was listed.
    pub stamp: Option<Stamp>,
    /// Whether a change of the list would change that stamp.
    pub certain: bool,
}

impl Site {
    /// The site in this folder. The path to it may lead through symbolic links; nothing below it may.
    pub fn open(root: &Path) -> Result<Self, Problems> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, root, flags, Mode::empty()).map_err(|error| {
            let path = root.display();
            Problem::error("unreadable", format!("cannot open the site `{path}`: {}", describe(error)))
        })?;
        Ok(Self { folder })
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// The names of the stacks, sorted: the folders of `stacks/` with a `stack.yaml`. Anything else there is a problem,
    /// but for a folder without any file (git cannot hold one), a `*.md` and a dot file.
    pub fn stacks(&self) -> Result<Vec<String>, Problems> {
        self.list_stacks().map(|stacks| stacks.names)
    }

    pub(crate) fn list_stacks(&self) -> Result<Stacks, Problems> {
        let mut walk = Walk::default();
        let mut stacks = Stacks { certain: true, ..Stacks::default() };
        let Some((folder, stamp)) = walk.open(self.descriptor(), "stacks", "stacks") else {
            return walk.problems.or(stacks);
        };
        stacks.stamp = Some(stamp);
        let Some((dir, names)) = walk.list(folder, "stacks") else { return walk.problems.or(stacks) };
        let Ok(at) = dir.fd() else { return walk.problems.or(stacks) };
        for listed in names {
            let Some(name) = walk.name(&listed.name, "stacks/") else { continue };
            let path = format!("stacks/{name}");
            match listed.kind {
                FileType::Directory => {
                    let file = descriptor::stamp(at, &format!("{name}/stack.yaml"));
                    if file.is_ok_and(|stamp| stamp.exists()) {
                        stacks.names.push(name);
                        continue;
                    }
                    stacks.certain = false;
                    let inside = self.folder(&path).unwrap_or_default();
                    if !inside.files.is_empty() || !inside.binaries.is_empty() {
                        let problem = Problem::error("not-a-stack", format!("`{path}` has no `stack.yaml`"));
                        walk.problems.push(problem.note("a folder of `stacks/` is a stack: give it one, or move it"));
                    }
                }
                FileType::RegularFile if is_aside(&name) => {}
                FileType::RegularFile => {
                    let problem = Problem::error("not-a-stack", format!("`{path}` is a file, not a stack's folder"));
                    walk.problems.push(problem.note("a stack is a folder with a `stack.yaml`: move the file"));
                }
                kind => walk.problems.push(strange(&path, kind)),
            }
        }
        walk.problems.or(stacks)
    }

    /// One text file, or none where it does not exist (which is seen too: it may appear).
    pub fn file(&self, path: &str, seen: &mut Seen) -> Result<Option<Arc<Source>>, Problems> {
        if !plain(path) {
            return Err(Problem::error("bad-path", format!("`{}` is not a path below the site", printable(path)))
                .note("a path has names joined by `/`, without `..` and without a `/` at the start")
                .into());
        }
        let mut walk = Walk::default();
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let mut at = None;
        let mut prefix = String::new();
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            let parent = at.as_ref().map_or(self.descriptor(), AsFd::as_fd);
            prefix.push_str(part);
            let opened = walk.open(parent, part, &prefix);
            seen.add("", &prefix, opened.as_ref().map_or(Stamp::MISSING, |(_, stamp)| *stamp), None);
            let Some((opened, _)) = opened else { return walk.problems.or(None) };
            prefix.push('/');
            at = Some(opened);
        }
        let parent = at.as_ref().map_or(self.descriptor(), AsFd::as_fd);
        if descriptor::stamp(parent, name) == Ok(Stamp::MISSING) {
            seen.add("", path, Stamp::MISSING, None);
            return Ok(None);
        }
        walk.file(parent, &prefix, name);
        seen.extend(walk.seen.map(|_| (String::new(), path.to_owned())));
        walk.problems.extend(walk.binaries.iter().map(not_text));
        if walk.restless {
            walk.problems.push(walk::changing(path));
        }
        walk.problems.or(walk.files.pop())
    }

    /// Sees again what [`Self::file`] saw: a file, a folder on the way to one, or nothing.
    pub(crate) fn again(&self, path: &str) -> Result<Seen, Problems> {
        let mut seen = Seen::new();
        match descriptor::stamp(self.descriptor(), path) {
            Ok(stamp) if stamp.is_folder() => seen.add("", path, stamp, None),
            _ => self.file(path, &mut seen).map(|_| ())?,
        }
        Ok(seen)
    }

    /// All files of a stack.
    pub fn stack(&self, name: &str) -> Result<Folder, Problems> {
        let folder = self.folder(&format!("stacks/{name}"))?;
        let file = format!("stacks/{name}/stack.yaml");
        let there = folder.files.iter().any(|f| f.path == file) || folder.binaries.iter().any(|f| f.path == file);
        if there { Ok(folder) } else { Err(walk::changing(&file).into()) }
    }

    /// All files of a folder, at any depth; none where it does not exist. Leftovers of editors (`.#x`, `x~`, `.x.swp`,
    /// `#x#`), `.DS_Store` and [`EDITOR`] are no sources of the site.
    pub fn folder(&self, path: &str) -> Result<Folder, Problems> {
        let mut walk = Walk::default();
        for attempt in 0..4 {
            walk = Walk::default();
            match walk.open(self.descriptor(), path, path) {
                Some((folder, stamp)) => walk.folder(folder, stamp, &format!("{path}/"), 0),
                None => walk.seen.add(&format!("{path}/"), "", Stamp::MISSING, None),
            }
            if !walk.restless {
                break;
            }
            // Someone is saving files just now: let them finish.
            std::thread::sleep(Duration::from_millis(5 << attempt));
        }
        if walk.restless {
            walk.problems.push(walk::changing(path));
        }
        walk.files.sort_by(|a, b| a.path.cmp(&b.path));
        walk.binaries.sort_by(|a, b| a.path.cmp(&b.path));
        walk.seen.sort();
        walk.problems.or(Folder { files: walk.files, binaries: walk.binaries, seen: walk.seen })
    }
}

/// Whether a file in `stacks/` is there for readers or for tools, and no stack's.
fn is_aside(name: &str) -> bool {
    name.starts_with('.') || Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

/// The problem that a file is not text, for whoever wants one.
#[must_use]
pub fn not_text(binary: &Binary) -> Problem {
    let valid = std::str::from_utf8(&binary.bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = 1 + String::from_utf8_lossy(&binary.bytes[..valid]).matches('\n').count();
    Problem::error("not-utf8", format!("`{}` is not UTF-8 (line {line})", binary.path))
        .at(&Place::file(&Source::new(binary.path.as_str(), "")))
        .note("sources are text in UTF-8: save it as such")
}

/// What the system said, for people.
pub(crate) fn describe(error: Errno) -> String {
    let text = std::io::Error::from(error).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The problem of what is neither file nor folder.
fn strange(path: &str, kind: FileType) -> Problem {
    let (what, code) = match kind {
        FileType::Symlink => ("a symbolic link", "symlink"),
        FileType::Fifo => ("a named pipe", "special-file"),
        FileType::Socket => ("a socket", "special-file"),
        _ => ("a device", "special-file"),
    };
    Problem::error(code, format!("`{path}` is {what}"))
        .at(&Place::file(&Source::new(path, "")))
        .note("homebuild reads real files only, so that a site is whole by itself: put the file here, or take it away")
}
