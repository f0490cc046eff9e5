//! What the last build kept in `.homebuild/memory`, and the look that tells whether it still holds.

use std::collections::{BTreeMap, BTreeSet};

use super::{Turn, Written};
use crate::disk::Seen;
use crate::problem::{Problem, Problems};

/// The program that builds: another one may build otherwise.
#[derive(Debug)]
pub struct Program {}

impl Program {
    /// This very process's executable.
    #[must_use]
    pub fn running() -> Self {
        todo!()
    }
}

/// What a look says of one stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Sources and files in `out/` are as the last build saw and left them.
    Same,
    /// The last build did not know it.
    New,
    /// The program or a shared file (`homebuild.yaml`, layouts, partials, schemas, secrets) is not what it was built with.
    Shared,
    /// One of its sources changed, came or went.
    Sources,
    /// One of its files in `out/` is not what the build left.
    Outputs,
}

/// The state of the site against what the last build kept.
#[derive(Debug)]
pub struct Look {
    /// `site.lock` and the shared files.
    pub shared: State,
    /// Each stack that the site has now.
    pub stacks: BTreeMap<String, State>,
    /// Stacks that have a `stack.lock` in `out/` and are no longer in the site.
    pub gone: Vec<String>,
}

impl Look {
    /// Whether there is nothing to do, for the stacks in scope.
    #[must_use]
    pub fn is_quiet(&self, _scope: Option<&BTreeSet<String>>) -> bool {
        todo!()
    }

    /// The stacks in scope that must be built.
    #[must_use]
    pub fn stale(&self, _scope: Option<&BTreeSet<String>>) -> Vec<String> {
        todo!()
    }

    /// What the program kept of a stack that is [`State::Same`]: its warnings. Empty where none.
    #[must_use]
    pub fn warnings(&self, _stack: &str) -> &[u8] {
        todo!()
    }

    /// What the program kept of a stack that is [`State::Same`]: its summary.
    #[must_use]
    pub fn summary(&self, _stack: &str) -> &[u8] {
        todo!()
    }

    /// How many artifacts a stack that is [`State::Same`] has.
    #[must_use]
    pub fn artifacts(&self, _stack: &str) -> usize {
        todo!()
    }

    /// What the program kept of the site as a whole.
    #[must_use]
    pub fn site(&self) -> &[u8] {
        todo!()
    }
}

/// What the program wants kept: of a stack, or of the site as a whole (then `seen` are the shared files and the name is
/// empty).
#[derive(Debug, Default)]
pub struct Keep {
    /// The stack's name.
    pub stack: String,
    /// What was read to build it, as [`crate::disk::Folder::seen`] says.
    pub seen: Seen,
    /// Any bytes: read back by [`Look::warnings`]. Few stacks have any; they are all that a quiet build reads.
    pub warnings: Vec<u8>,
    /// Any bytes: read back by [`Look::summary`].
    pub summary: Vec<u8>,
}

/// Looks at the metadata of everything that the last build read and wrote. What is missing, corrupt, or of another
/// version in `.homebuild/` is a build from nothing, never a problem.
pub fn look(_turn: &Turn, _program: &Program) -> Result<Look, Problems> {
    todo!()
}

/// Ends a quiet build: what had to be read to be sure (a touched file, a fresh checkout) is looked at only next time.
pub fn refresh(_turn: &Turn, _look: Look) {
    todo!()
}

/// Keeps what this build saw. `site` is the site as a whole, `built` the stacks that were built; the rest stays as it
/// was. A failure is a warning: the build is done, only the next one is slower.
#[must_use]
pub fn save(_turn: &Turn, _look: Look, _written: &Written, _site: Keep, _built: Vec<Keep>) -> Option<Problem> {
    todo!()
}
