//! What push remembers of a stack: the objects that it owns, its last releases, its last good trees.
//!
//! It is kept where the stack runs (a target's [`Store`](super::target::Store)), holds no secret, and is written by
//! compare-and-swap: before a push with all that it had and will have, after it with what is. So wherever a push is
//! killed, the record names every object that may be there.

mod entries;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::{Action, Step};
use crate::problem::Problem;

pub use entries::{Entries, Entry};

/// Releases that are remembered.
pub const RELEASES: usize = 20;
/// Characters of a reason that are remembered.
const WHY: usize = 500;

/// The record of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// What the place is told from any other by that it was written at ([`Name::identity`](super::target::Name)); none of
    /// one that an earlier homebuild wrote.
    pub identity: Option<String>,
    /// The objects, by their target's name for them: `apps/Deployment/ntfy/ntfy`.
    pub members: BTreeMap<String, Member>,
    /// The releases, the newest first; at most [`RELEASES`].
    pub releases: Vec<Release>,
    /// The last good trees of its modules.
    pub trees: BTreeMap<String, Trees>,
}

/// An object of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The module that it belongs to.
    pub module: String,
    /// What became of it.
    pub state: State,
    /// By what the target tells this very object from another one of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The target's version of it when it was last seen to be as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The digest of its text in `out/` of then.
    pub digest: String,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// From 1 on; [`Record::begin`] gives it.
    pub number: u64,
    /// The version of the stack.
    pub version: String,
    /// The git commit of `out/`; none outside of git. With a `+` at its end where files differed from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How a push of a stack ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl Record {
    /// Whether it was written at another place, and came to this one as a copy.
    #[must_use]
    pub fn is_copy(&self, identity: &str) -> bool {
        self.identity.as_deref().is_some_and(|own| own != identity)
    }

    /// It is this place's from now on. The objects that it names were others, so none of them is known to be as it should
    /// be, and each is told by its mark alone.
    pub fn take_over(&mut self) {
        self.identity = None;
        for member in self.members.values_mut() {
            (member.uid, member.version) = (None, None);
            member.state = State::Applying;
        }
    }

    /// A push begins: the record keeps all that it has, and gets all that is to be. What is not known to be as it should
    /// is [`State::Applying`] until it is. A record that would have no room at the end is refused now.
    pub fn begin<W>(
        &mut self,
        identity: &str,
        stack: &str,
        mut release: Release,
        steps: &[Step<W>],
    ) -> Result<(), Problem> {
        self.identity = Some(identity.to_owned()).filter(|identity| !identity.is_empty());
        for step in steps {
            match step.action {
                // it stays what it is until it is gone
                Action::Prune | Action::Blocked => {}
                Action::Keep => {
                    if let Some(member) = self.members.get_mut(&step.id) {
                        member.state = State::Kept;
                    }
                }
                _ => self.members.entry(step.id.clone()).or_default().begin(step),
            }
        }
        release.number = self.next_number();
        self.releases.insert(0, release);
        self.releases.truncate(RELEASES);
        self.has_room(stack)
    }

    /// The last push ended. Trees of modules that have no objects any more are forgotten.
    pub fn finish(&mut self, result: Outcome, at: &str, counts: BTreeMap<String, usize>, why: Option<&str>) {
        let modules: BTreeSet<&str> = self.members.values().map(|member| member.module.as_str()).collect();
        self.trees.retain(|module, _| modules.contains(module.as_str()));
        if let Some(release) = self.releases.first_mut() {
            release.result = result;
            at.clone_into(&mut release.at);
            release.counts = counts;
            release.why = why.map(|why| why.chars().take(WHY).collect());
        }
    }

    /// The number of the release that comes next.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.releases.first().map_or(1, |release| release.number + 1)
    }

    /// A module is ready with this tree. The good tree of before is kept beside it; the same tree again changes nothing.
    pub fn keep_tree(&mut self, module: &str, tree: Tree) {
        let trees = self.trees.entry(module.to_owned()).or_default();
        if trees.good.as_ref().is_none_or(|good| good.packed != tree.packed) {
            trees.previous = trees.good.replace(tree);
        }
    }
}

impl Member {
    /// It is about to become what a step says.
    fn begin<W>(&mut self, step: &Step<W>) {
        step.subject.module.clone_into(&mut self.module);
        if let Some(digest) = &step.digest {
            self.digest.clone_from(digest);
        }
        if step.action.is_change() || self.state != State::Owned {
            self.state = State::Applying;
            self.version = None;
        }
        if let Some((uid, version)) = step.seen.as_ref().filter(|_| self.state == State::Owned) {
            self.uid = Some(uid.clone());
            self.version = Some(version.clone());
        }
        if matches!(step.action, Action::Create | Action::Replace) {
            // another object of its name; the old uid would deny that it is ours, if we are killed before we know the new
            self.uid = None;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
