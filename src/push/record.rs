//! What push remembers of a stack: the objects that it owns, its last releases, its last good trees.
//!
//! It is kept where the stack runs (a target's [`Store`](super::target::Store)), holds no secret, and is written by
//! compare-and-swap: before a push with all that it had and will have, after it with what is. So wherever a push is
//! killed, the record names every object that may be there.

use std::collections::BTreeMap;

/// Releases that are remembered.
pub const RELEASES: usize = 20;

/// The record of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The objects, by their target's name for them: `apps/Deployment/ntfy/ntfy`.
    pub members: BTreeMap<String, Member>,
    /// The releases, the newest first; at most [`RELEASES`].
    pub releases: Vec<Release>,
    /// The last good trees of its modules.
    pub trees: BTreeMap<String, Trees>,
}

/// An object of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// The module that it belongs to.
    pub module: String,
    /// What became of it.
    pub state: State,
    /// By what the target tells this very object from another one of its name.
    pub uid: Option<String>,
    /// The target's version of it when it was last seen to be as it should be.
    pub version: Option<String>,
    /// The digest of its text in `out/` of then.
    pub digest: String,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A push is about to make it or change it, or was when it was killed.
    #[default]
    Applying,
    /// It is there, and ours.
    Owned,
    /// It is deleted, to be made again.
    Replacing,
    /// It is in `out/` no more, and stays.
    Kept,
}

/// One push of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// From 1 on.
    pub number: u64,
    /// The version of the stack.
    pub version: String,
    /// The git commit of `out/`; none outside of git. With a `+` at its end where files differed from it.
    pub commit: Option<String>,
    /// Who pushed it: `user@host`.
    pub by: String,
    /// When it ended: RFC 3339, in UTC.
    pub at: String,
    /// How it ended.
    pub result: Outcome,
    /// How many objects had each action, by its word.
    pub counts: BTreeMap<String, usize>,
    /// Why it failed, in one line.
    pub why: Option<String>,
}

/// How a push of a stack ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It goes on, or was killed.
    #[default]
    Begun,
    /// All is as in `out/`, and ready.
    Done,
    /// A part of it failed, and is left as it is.
    Failed,
    /// A part of it failed, and went back to what it was.
    WentBack,
    /// Destroyed on request.
    Destroyed,
}

/// The trees of a module that were ready once: the files of `out/` as text, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trees {
    /// The last one.
    pub good: Option<Tree>,
    /// The one before it.
    pub previous: Option<Tree>,
}

/// The files of a module that were ready once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The number of the release that brought them.
    pub release: u64,
    /// The lock of the module as YAML and its files, packed: [`Tree::pack`], [`Tree::unpack`].
    pub packed: Vec<u8>,
}
