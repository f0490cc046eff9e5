//! Compare and write.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Look, Output, Turn};
use crate::problem::Problems;

/// What a build changed (or, checking, would change) in one stack; paths are below `out/`, sorted. `SHA256SUMS` files are
/// listed only where nothing else of their module differs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Files that were not there.
    pub added: Vec<String>,
    /// Files whose bytes differ.
    pub changed: Vec<String>,
    /// Files of earlier builds that are no longer made.
    pub removed: Vec<String>,
    /// How many files of modules (artifacts, without locks and digests) the stack has now.
    pub artifacts: usize,
}

/// What [`write`] did.
#[derive(Debug, Default)]
pub struct Written {
    /// By stack, built and gone ones, those without a change too; `site.lock` stands under the empty name.
    pub stacks: BTreeMap<String, Changes>,
}

/// Makes `out/` what the outputs say. `site_files` is `site.lock`, `built` are the stacks that were built; other stacks of
/// `look` are left alone, and stacks that are gone lose their files, unless `scope` (`--stack`) says which stacks may be
/// touched. Checking, nothing is written.
///
/// A failure leaves whole files only; all are reported, and the next build finishes the work.
pub fn write(
    _turn: &Turn,
    _look: &Look,
    _site_files: Vec<File>,
    _built: Vec<Output>,
    _scope: Option<&BTreeSet<String>>,
) -> Result<Written, Problems> {
    todo!()
}
