//! Needs and claims on their way to where all stacks are known: with places `P` that are those of sources while these are
//! at hand, and marks in a summary later.

use serde::{Deserialize, Serialize};

use crate::problem::Level;

/// What it means that a check finds something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged<P> {
    /// How bad it is; none where it is allowed, and of what is not made, of which only the acceptance matters.
    pub level: Option<Level>,
    /// Where it is accepted.
    pub accept: Option<P>,
}

/// Something that an object needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Needed<P> {
    /// The check that fails where nobody has it.
    pub check: Box<str>,
    /// By what it is found: `Service ntfy/ntfy`.
    pub key: Box<str>,
    /// A port of a Service, a key of a `ConfigMap` or Secret.
    pub part: Option<Box<str>>,
    /// Whether it is meant only if there is its namespace.
    pub is_guess: bool,
    /// That nobody has it.
    pub missing: Judged<P>,
    /// That another stack has it and does not come first.
    pub undeclared: Judged<P>,
}

/// Something that only one can have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claimed<P> {
    /// The check that fails where two have it.
    pub check: Box<str>,
    /// What it is: `draw.example.org/`, `10.0.20.101`, `VM 220`.
    pub what: Box<str>,
    /// Those that say the same share it.
    pub shared: Option<Box<str>>,
    /// What claims it: `Ingress draw/draw`.
    pub subject: Box<str>,
    /// That two have it.
    pub judged: Judged<P>,
    /// The component that claims it.
    pub at: P,
}

impl<P> Judged<P> {
    /// That it is allowed.
    pub const ALLOWED: Self = Self { level: None, accept: None };

    /// The same with other places.
    pub fn at<Q>(&self, place: &mut impl FnMut(&P) -> Q) -> Judged<Q> {
        Judged { level: self.level, accept: self.accept.as_ref().map(place) }
    }
}

impl<P> Needed<P> {
    /// The same with other places.
    pub fn at<Q>(&self, place: &mut impl FnMut(&P) -> Q) -> Needed<Q> {
        Needed {
            check: self.check.clone(),
            key: self.key.clone(),
            part: self.part.clone(),
            is_guess: self.is_guess,
            missing: self.missing.at(place),
            undeclared: self.undeclared.at(place),
        }
    }
}

impl<P> Claimed<P> {
    /// The same with other places.
    pub fn at<Q>(&self, place: &mut impl FnMut(&P) -> Q) -> Claimed<Q> {
        Claimed {
            check: self.check.clone(),
            what: self.what.clone(),
            shared: self.shared.clone(),
            subject: self.subject.clone(),
            judged: self.judged.at(place),
            at: place(&self.at),
        }
    }
}
