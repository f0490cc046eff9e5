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

mod apply;
mod compare;
mod look;
mod memory;
mod program;
mod rest;
mod save;
mod sums;
mod tree;
mod turn;
mod write;

pub use look::{Look, State, look};
pub use program::Program;
pub use save::{Keep, refresh, save};
pub use turn::Turn;
pub use write::{Changes, Written, write};

/// Whether a build writes or only compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `out/` becomes what the sources give.
    Write,
    /// Nothing is written anywhere; what would be is reported.
    Check,
}

/// One file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path below the stack's folder in `out/`: `stack.lock`, or `<module>/<file>`. A file of a module gets a line in the
    /// module's `SHA256SUMS`, which [`write()`] makes.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// All files of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The stack's name.
    pub stack: String,
    /// Its files, in any order.
    pub files: Vec<File>,
}
