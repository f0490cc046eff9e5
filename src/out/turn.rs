//! One build's turn at the site: the lock, the clock of the file system, and the journal of what is being written.

use super::Mode;
use crate::disk::Site;
use crate::problem::Problems;

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The site.
    pub site: &'a Site,
    /// Whether it writes.
    pub mode: Mode,
}

impl<'a> Turn<'a> {
    /// Waits up to ten seconds for another build of this site (saving in an editor while building by hand is common, and
    /// a build is shorter than that); then it is a problem that names the other's process. With [`Mode::Check`] a
    /// `.homebuild/` that cannot be written is no problem.
    pub fn begin(_site: &'a Site, _mode: Mode) -> Result<Self, Problems> {
        todo!()
    }
}
