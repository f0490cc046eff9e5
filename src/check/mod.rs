//! The checks that build holds documents to: their names, their levels, and what is accepted with a reason.
//!
//! A check is one file of this folder: its name, its level, its texts and its function, in one [`Check`]. It is known
//! by its line in [`Check::ALL`].

mod address_twice;
mod cluster_admin;
mod explain;
mod host_network;
mod host_path;
mod host_twice;
mod latest_tag;
mod limits_above_tier;
mod machine_twice;
mod no_readiness_probe;
mod no_requests;
mod no_schema;
mod no_tier_label;
mod node_port_twice;
mod plain_secret;
mod plain_source;
mod pod_security;
mod port_name;
mod privileged;
mod quota_exceeded;
mod reference;
mod requests_above_limits;
mod resources;
mod schema;
mod secret_in_plain;
mod selector;
mod subject;
mod undeclared_dependency;
mod unknown_host;
mod unused_secret;

use std::collections::BTreeMap;

pub use address_twice::CHECK as ADDRESS_TWICE;
pub use explain::{explain, page};
pub use host_twice::CHECK as HOST_TWICE;
pub use machine_twice::CHECK as MACHINE_TWICE;
pub use node_port_twice::CHECK as NODE_PORT_TWICE;
pub use plain_secret::CHECK as PLAIN_SECRET;
pub use plain_source::{Plain, in_sources};
pub use reference::CHECK as REFERENCE;
pub use subject::{Body, Finding, Module, Object, Of, What};
pub use undeclared_dependency::CHECK as UNDECLARED_DEPENDENCY;
pub use unknown_host::CHECK as UNKNOWN_HOST;
pub use unused_secret::CHECK as UNUSED_SECRET;

use crate::problem::{Level, Place, Problem, Problems, did_you_mean};
use crate::yaml::{Map, Node};

/// One named rule: all that there is of it stands in one file.
#[derive(Debug)]
pub struct Check {
    /// Its name in sources and messages.
    pub name: &'static str,
    default: Verdict,
    means: &'static str,
    matters: &'static str,
    fix: &'static str,
    run: Run,
}

/// What a check looks at.
#[derive(Debug)]
enum Run {
    /// One object after another.
    Object(for<'a> fn(&Object<'a>, &Module<'a>, &mut Vec<Finding<'a>>)),
    /// What no module can know alone: it is looked at across all stacks.
    Across,
    /// All of a module together.
    Module(for<'a> fn(&[Object<'a>], &Module<'a>, &mut Vec<Finding<'a>>)),
}

impl Check {
    /// All of them, by name.
    pub const ALL: [&'static Self; 26] = [
        &address_twice::CHECK,
        &cluster_admin::CHECK,
        &host_network::CHECK,
        &host_path::CHECK,
        &host_twice::CHECK,
        &latest_tag::CHECK,
        &limits_above_tier::CHECK,
        &machine_twice::CHECK,
        &no_readiness_probe::CHECK,
        &no_requests::CHECK,
        &no_schema::CHECK,
        &no_tier_label::CHECK,
        &node_port_twice::CHECK,
        &plain_secret::CHECK,
        &pod_security::CHECK,
        &port_name::CHECK,
        &privileged::CHECK,
        &quota_exceeded::CHECK,
        &reference::CHECK,
        &requests_above_limits::CHECK,
        &schema::CHECK,
        &secret_in_plain::CHECK,
        &selector::CHECK,
        &undeclared_dependency::CHECK,
        &unknown_host::CHECK,
        &unused_secret::CHECK,
    ];

    /// What it finds in the objects of a module.
    #[must_use]
    pub fn find<'a>(&self, objects: &[Object<'a>], module: &Module<'a>) -> Vec<Finding<'a>> {
        let mut found = Vec::new();
        match self.run {
            Run::Object(run) => objects.iter().for_each(|object| run(object, module, &mut found)),
            Run::Module(run) => run(objects, module, &mut found),
            Run::Across => {}
        }
        found
    }

    /// Where to read on, for a message.
    #[must_use]
    pub fn hint(&self) -> String {
        format!(
            "{}; more: `homebuild build --explain {}`",
            self.fix.replace('\n', " ").trim_end_matches('.'),
            self.name
        )
    }

    /// Whether no stack can know alone what it finds.
    #[must_use]
    pub fn is_across(&self) -> bool {
        matches!(self.run, Run::Across)
    }

    /// The check of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|check| check.name == name)
    }
}

/// Whether a problem of this code is what a check says, and can be accepted.
#[must_use]
pub fn is_known(code: &str) -> bool {
    Check::named(code).is_some()
}

/// Whether a text looks like a secret that somebody made, and not like a word that people write.
#[must_use]
pub fn is_made_by_chance(text: &str) -> bool {
    plain_secret::is_secret(text)
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

/// The levels of checks that somebody set, by name.
#[derive(Debug, Clone, Default)]
pub struct Levels(BTreeMap<&'static str, Verdict>);

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
                    levels.0.insert(check.name, verdict);
                }
                None => problems.push(unknown(&entry.key).at(&entry.place)),
            }
        }
        problems.or(levels)
    }

    /// What a failed check means; none where it is allowed.
    #[must_use]
    pub fn level(&self, check: &Check) -> Option<Level> {
        match self.0.get(check.name).copied().unwrap_or(check.default) {
            Verdict::Allow => None,
            Verdict::Warn => Some(Level::Warning),
            Verdict::Deny => Some(Level::Error),
        }
    }
}

/// The checks that an author accepts at one place, each with a reason.
#[derive(Debug, Clone, Default)]
pub struct Accepts(Vec<(&'static str, Place)>);

impl Accepts {
    /// From an `accept:` map.
    pub fn new(node: Option<&Node>) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut accepts = Vec::new();
        for entry in entries(node) {
            match Check::named(&entry.key) {
                Some(check) => accepts.push((check.name, entry.place.clone())),
                None => problems.push(unknown(&entry.key).at(&entry.place)),
            }
        }
        problems.or(Self(accepts))
    }

    /// Where a check is accepted, if it is.
    #[must_use]
    pub fn of(&self, check: &Check) -> Option<&Place> {
        self.0.iter().find(|(accepted, _)| *accepted == check.name).map(|(_, place)| place)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &(&'static str, Place)> {
        self.0.iter()
    }

    /// A warning for each that nothing needed, of those that a stack can judge alone.
    #[must_use]
    pub fn unneeded(&self, needed: &[Place]) -> Problems {
        let is_across = |name: &str| Check::named(name).is_some_and(Check::is_across);
        let unneeded = self.0.iter().filter(|(name, place)| !is_across(name) && !needed.contains(place));
        unneeded.map(|(name, place)| self::unneeded(name, place)).collect()
    }

    /// Those of checks that no stack can judge alone.
    pub fn across(&self) -> impl Iterator<Item = &(&'static str, Place)> {
        self.0.iter().filter(|(name, _)| Check::named(name).is_some_and(Check::is_across))
    }
}

/// The warning of an acceptance that nothing needs.
#[must_use]
pub fn unneeded(check: &str, place: &Place) -> Problem {
    Problem::warning("unneeded-accept", format!("nothing here needs `{check}` to be accepted"))
        .at(place)
        .label("take it away")
}

fn entries(node: Option<&Node>) -> &[crate::yaml::Entry] {
    node.and_then(Node::as_map).map_or(&[], |Map(entries)| entries)
}

fn unknown(name: &str) -> Problem {
    Problem::error("unknown-check", format!("there is no check `{name}`"))
        .label(did_you_mean(name, Check::ALL.into_iter().map(|check| check.name)))
}
