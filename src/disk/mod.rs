//! Reading the site: the only code that looks at sources on the disk.
//!
//! Every file is read once, whole, through a descriptor that follows no symbolic link and never waits. What was seen of
//! it (see [`Seen`]) is kept, so that the next build can tell by a look at the metadata that nothing changed. What
//! cannot be read as a plain file below the site is a problem, and all of them are reported.

mod seen;

use std::path::Path;
use std::sync::Arc;

use crate::problem::{Problems, Source};
pub use seen::Seen;

/// The largest source file; what is larger is a mistake (a disk image, a core file), not a source.
pub const LARGEST: u64 = 16 << 20;

/// A site's folder, held open.
#[derive(Debug)]
pub struct Site {}

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

impl Site {
    /// The site whose `homebuild.yaml` lies in this folder. The path to it may lead through symbolic links; nothing
    /// below it may.
    pub fn open(_root: &Path) -> Result<Self, Problems> {
        todo!()
    }

    /// The names of the stacks, sorted: the folders of `stacks/` with a `stack.yaml`. Anything else there is a problem,
    /// but for a folder without any file (git cannot hold one), a `*.md` and a dot file.
    pub fn stacks(&self) -> Result<Vec<String>, Problems> {
        todo!()
    }

    /// One text file, or none where it does not exist (which is seen too: it may appear).
    pub fn file(&self, _path: &str, _seen: &mut Seen) -> Result<Option<Arc<Source>>, Problems> {
        todo!()
    }

    /// All files of a folder, at any depth; none where it does not exist. Leftovers of editors (`.#x`, `x~`, `.x.swp`,
    /// `#x#`) and `.DS_Store` are no files of the site.
    pub fn folder(&self, _path: &str) -> Result<Folder, Problems> {
        todo!()
    }
}
