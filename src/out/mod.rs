//! `out/`: artifacts become files, and only what differs is touched.
//!
//! A build takes its [`Turn`] (two builds never write at once), has a [`look`] at what the last one kept in
//! `.homebuild/`, and, unless that says that nothing changed, gives its [`Output`]s to [`write()`] and what it saw to
//! [`save`]:
//!
//! ```text
//! let site = disk::Site::open(root)?;
//! let turn = out::Turn::begin(&site, mode)?;
//! let look = out::look(&turn, &Program::running())?;
//! if look.is_quiet(scope) { out::refresh(&turn, &look); return }        // warnings and counts are in `look`
//! ... shared: site.file(...), site.folder("layouts") ...; each stale stack: site.stack(NAME)
//! let written = out::write(&turn, &look, site_files, built, scope)?;
//! let warning = out::save(&turn, &look, &written, kept, built_kept);
//! ```

pub mod path;

use std::ops::Range;
use std::sync::Arc;

mod apply;
mod compare;
mod keep;
mod look;
mod memory;
mod program;
mod put;
mod read;
mod rest;
mod save;
mod sums;
mod tree;
mod turn;
mod whole;
mod write;

pub use keep::{Kept, keep};
pub use look::{Look, State, look};
pub use program::Program;
pub use put::{folder, put, put_file};
pub use read::{Built, Stack, Tree, read, read_texts};
pub use save::{Keep, refresh, save};
pub use turn::Turn;
pub use write::{Changes, Unwritten, Written, write};

/// Whether a build writes or only compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `out/` becomes what the sources give.
    Write,
    /// Nothing is written anywhere; what would be is reported.
    Check,
}

/// One file to be, of a stack or of the site as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path below the stack's folder in `out/`: `stack.lock`, or `<module>/<file>`. A file of a module gets a line in the
    /// module's `SHA256SUMS`, which [`write()`] makes. Of the site: its path, `out/site.lock`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// All files of one stack. Their texts are held in one piece: all that a build makes stays in memory until all of it is
/// right, and many small pieces among the many that rendering makes and drops would keep those alive, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The stack's name.
    pub stack: String,
    files: Vec<(Box<str>, Text)>,
}

impl Output {
    /// The files of a stack, in any order.
    #[must_use]
    pub fn new(stack: impl Into<String>, files: Vec<File>) -> Self {
        let whole: Arc<str> = files.iter().map(|file| file.text.as_str()).collect::<Vec<_>>().concat().into();
        let mut at = 0;
        let file = |file: File| {
            let range = at..at + file.text.len();
            at = range.end;
            (file.path.into_boxed_str(), Text { whole: whole.clone(), range })
        };
        Self { stack: stack.into(), files: files.into_iter().map(file).collect() }
    }
}

/// A part of a larger text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    whole: Arc<str>,
    range: Range<usize>,
}

impl Text {
    fn as_bytes(&self) -> &[u8] {
        self.whole.as_bytes().get(self.range.clone()).unwrap_or_default()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { range: 0..text.len(), whole: text.into() }
    }
}
