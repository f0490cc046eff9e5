//! What a reviewer sees: `out/` of a git revision against the working tree's, by meaning and not by line.
//!
//! [`read`] turns a revision and a folder into two [`Tree`]s and the sources that changed beside them, [`compare()`]
//! turns any two trees into [`Difference`]s of objects, [`group()`] says what is the same in many objects once, the
//! dangerous first, and [`words`] has it in words. Values of secrets never leave [`compare()`]: all that becomes of them
//! is [`Change::Secret`].

mod compare;
mod delta;
mod effect;
mod fields;
mod group;
mod item;
mod read;
mod summary;
pub mod words;

use std::collections::BTreeMap;

pub use compare::{Comparison, compare, compare_object};
pub use effect::of_removal;
pub use group::{Group, Section, fold, group};
pub use read::{Read, head, read};
pub use summary::Summary;

/// Files of `out/` by their path below it.
pub type Tree = BTreeMap<String, String>;

/// What differs in one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which object.
    pub subject: Subject,
    /// What became of it.
    pub verb: Verb,
    /// What is to be known of an object that comes or goes: `its data may go with it`.
    pub note: Option<String>,
    /// Its fields that changed; empty unless it is [`Verb::Changed`].
    pub fields: Vec<Field>,
}

impl Difference {
    /// The stack that it was in before.
    #[must_use]
    pub fn old_stack(&self) -> &str {
        match self.fields.first().map(|field| &field.change) {
            Some(Change::Moved(from, _)) => from.split('/').next().unwrap_or_default(),
            _ => &self.subject.stack,
        }
    }
}

/// An object of `out/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The stack; empty for the site's own lock.
    pub stack: String,
    /// The module; empty for a stack's own lock.
    pub module: String,
    /// `Deployment`, `ProxmoxVM`, `stack.lock`.
    pub kind: String,
    /// The namespace, of an object that lives in one.
    pub namespace: Option<String>,
    /// Its name, a machine's with its number before it; empty where the kind says all.
    pub name: String,
    /// Its file below `out/`: the new one, or the old one of an object that is removed.
    pub path: String,
}

/// What became of an object, an entry, a line.
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
    /// Where it stands: `spec.template.spec.containers[web].image`; empty for the object as a whole.
    pub path: String,
    /// The same with `*` for every entry of a list, by which objects with other names are alike.
    pub pattern: String,
    /// How it changed.
    pub change: Change,
    /// What follows from it when it is pushed.
    pub effect: Effect,
}

/// How a value changed. Values stand on one line, as YAML's flow style has them, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The object moved: its stack and module before and now.
    Moved(String, String),
    /// From one value to another; none where the field was or is not there.
    Value(Option<String>, Option<String>),
    /// Of a list: the entries that went and those that came, in their order.
    Entries(Vec<Edit>),
    /// The same entries in another order.
    Order,
    /// Of a text: the lines that went and those that came, in their order.
    Lines(Vec<Edit>),
    /// The digest by which pods follow their configuration: what it says is said where the configuration is.
    Digest,
    /// A secret's value, of which nothing else is said.
    Secret(Verb),
}

/// An entry of a list or a line of a text that went or came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// [`Verb::Removed`] or [`Verb::Added`].
    pub verb: Verb,
    /// The entry or the line.
    pub text: String,
    /// Where an entry came to stand; none for a line, for what went, and where objects of a group differ in it.
    pub place: Option<Spot>,
}

/// Where in a list an entry came to stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// It is the first.
    First,
    /// It follows this entry.
    After(String),
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
    /// It is set when the object is made and then left to its owner.
    Left,
    /// Nothing else.
    None,
}

/// A source file that changed beside `out/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The path below the site.
    pub path: String,
    /// Lines that came and lines that went; none of a file that is not text, or that git does not know yet.
    pub lines: Option<(u64, u64)>,
    /// Whether git does not know the file yet.
    pub is_new: bool,
}
