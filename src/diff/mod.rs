//! What a reviewer sees: `out/` of a git revision against the working tree's, by meaning and not by line.
//!
//! [`read`] turns a revision and a folder into two [`Tree`]s and the sources that changed beside them, [`compare()`]
//! turns the trees into [`Difference`]s of objects, and [`group()`] says what is the same in many objects once, the
//! dangerous first. Values of secrets never leave [`compare()`]: what they become is [`Change::Secret`].

mod compare;
mod effect;
mod group;
mod read;

use std::collections::BTreeMap;

pub use compare::compare;
pub use group::{Group, Section, group};
pub use read::{Read, read};

/// Files of `out/` by their path below it.
pub type Tree = BTreeMap<String, String>;

/// What differs in one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which object.
    pub subject: Subject,
    /// What became of it.
    pub verb: Verb,
    /// What is to be known of an object that comes or goes: `its data goes with it`.
    pub note: Option<&'static str>,
    /// Its fields that changed; empty unless it is [`Verb::Changed`].
    pub fields: Vec<Field>,
}

/// An object of `out/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The stack; empty for the site's own lock.
    pub stack: String,
    /// `Deployment`, `ProxmoxVM`, `stack.lock`.
    pub kind: String,
    /// The namespace, of an object that lives in one.
    pub namespace: Option<String>,
    /// Its name; empty where the kind says all.
    pub name: String,
    /// Its file below `out/`: the new one, or the old one of an object that is removed.
    pub path: String,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It is no longer there.
    Removed,
    /// It is there in both, and differs.
    Changed,
    /// It was not there.
    Added,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Where it stands: `spec.template.spec.containers[name=web].image`.
    pub path: String,
    /// How it changed.
    pub change: Change,
    /// What follows from it when it is pushed.
    pub effect: Effect,
}

/// How a value changed. Values stand on one line, as YAML's flow style has them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// From one value to another; none where the field was or is not there.
    Value(Option<String>, Option<String>),
    /// Of a list whose order matters little to a reader: the entries that went, and those that came.
    Entries(Vec<String>, Vec<String>),
    /// The same entries in another order.
    Order,
    /// Of a text: the lines that went, and those that came.
    Lines(Vec<String>, Vec<String>),
    /// A secret's value, of which nothing is said.
    Secret(Verb),
}

/// What follows from a change when it is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The object must be made again, other pods are chosen, or another machine is meant; the reason.
    Risk(&'static str),
    /// The pods of a workload are restarted.
    Restart,
    /// A virtual machine shows it after its next reboot.
    Reboot,
    /// Nothing else.
    None,
}

/// A source file that changed beside `out/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The path below the site.
    pub path: String,
    /// Lines that came and lines that went; none of a file that is not text or not yet known to git.
    pub lines: Option<(u64, u64)>,
    /// Whether git does not know the file yet.
    pub untracked: bool,
}
