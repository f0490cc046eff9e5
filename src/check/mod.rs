//! The checks that build holds documents to: their names, their levels, and what is accepted with a reason.

mod secret_in_plain;

use std::collections::BTreeMap;

pub use secret_in_plain::secret_in_plain;

use crate::problem::{Level, Place, Problem, Problems, did_you_mean};
use crate::yaml::{Map, Node};

/// One named rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// A secret outside of Secrets, cloud-init files and Proxmox payloads.
    SecretInPlain,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::SecretInPlain];

    /// Its name in sources and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretInPlain => "secret-in-plain",
        }
    }

    fn default(self) -> Verdict {
        match self {
            Self::SecretInPlain => Verdict::Deny,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// What a check that fails means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
}

/// The levels of checks that somebody set.
#[derive(Debug, Clone, Default)]
pub struct Levels(BTreeMap<Check, Verdict>);

impl Levels {
    /// From a `checks:` map.
    pub fn new(node: Option<&Node>) -> Result<Self, Problems> {
        Self::default().with(node)
    }

    /// With those of a `checks:` map over them.
    pub fn with(&self, node: Option<&Node>) -> Result<Self, Problems> {
        let mut levels = self.clone();
        let mut problems = Problems::new();
        for entry in entries(node) {
            let verdict = match entry.value.as_str() {
                Some("allow") => Verdict::Allow,
                Some("warn") => Verdict::Warn,
                _ => Verdict::Deny,
            };
            match Check::named(&entry.key) {
                Some(check) => {
                    levels.0.insert(check, verdict);
                }
                None => problems.push(unknown(&entry.key, &entry.place)),
            }
        }
        problems.or(levels)
    }

    /// What a failed check means; none where it is allowed.
    #[must_use]
    pub fn level(&self, check: Check) -> Option<Level> {
        match self.0.get(&check).copied().unwrap_or_else(|| check.default()) {
            Verdict::Allow => None,
            Verdict::Warn => Some(Level::Warning),
            Verdict::Deny => Some(Level::Error),
        }
    }
}

/// The checks that an author accepts at one place, each with a reason.
#[derive(Debug, Clone, Default)]
pub struct Accepts(Vec<(Check, Place)>);

impl Accepts {
    /// From an `accept:` map.
    pub fn new(node: Option<&Node>) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut accepts = Vec::new();
        for entry in entries(node) {
            match Check::named(&entry.key) {
                Some(check) => accepts.push((check, entry.place.clone())),
                None => problems.push(unknown(&entry.key, &entry.place)),
            }
        }
        problems.or(Self(accepts))
    }

    /// Where a check is accepted, if it is.
    #[must_use]
    pub fn of(&self, check: Check) -> Option<&Place> {
        self.0.iter().find(|(accepted, _)| *accepted == check).map(|(_, place)| place)
    }

    /// A warning for each that nothing needed.
    #[must_use]
    pub fn unneeded(&self, needed: &[Place]) -> Problems {
        let unneeded = self.0.iter().filter(|(_, place)| !needed.contains(place));
        unneeded
            .map(|(check, place)| {
                Problem::warning("unneeded-accept", format!("nothing here needs `{}` to be accepted", check.name()))
                    .at(place)
                    .label("take it away")
            })
            .collect()
    }
}

fn entries(node: Option<&Node>) -> &[crate::yaml::Entry] {
    node.and_then(Node::as_map).map_or(&[], |Map(entries)| entries)
}

fn unknown(name: &str, place: &Place) -> Problem {
    Problem::error("unknown-check", format!("there is no check `{name}`"))
        .at(place)
        .label(did_you_mean(name, Check::ALL.into_iter().map(Check::name)))
}
