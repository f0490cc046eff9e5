//! What no stack can know alone: dependencies, circles of them, objects that two stacks make, and secrets that two
//! places want to be generated differently; and references between them. It is checked over summaries, which are kept
//! of stacks that need no build.

mod references;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use references::Unmet;

use crate::links::{Claimed, Needed};
use crate::problem::{Place, Problem, Problems, Source, Spot, did_you_mean, fit16};
use crate::secrets::Secret;
use crate::template::Generated;

/// What a stack is for the others.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The files that places of the summary point into.
    files: Vec<String>,
    /// Where its file begins.
    pub place: Mark,
    /// The cluster that its objects are for, where one is named.
    pub target: Option<Box<str>>,
    /// The stacks that it depends on.
    pub depends_on: Vec<(Box<str>, Mark)>,
    /// Its objects.
    pub objects: Vec<Object>,
    /// What its charts make and controllers make of its objects, `Kind/name`, and the namespace of each.
    pub provides: Vec<(Box<str>, Option<Box<str>>)>,
    /// What its objects name and it has not itself.
    pub needs: Vec<Needed<Mark>>,
    /// What only one can have.
    pub claims: Vec<Claimed<Mark>>,
    /// What it accepts that it cannot judge alone, by check.
    pub accepts: Vec<(Box<str>, Mark)>,
    /// The paths of the secrets that it names.
    pub secrets: BTreeSet<Box<str>>,
    /// The secrets that it says are generated.
    pub generated: Vec<Generated>,
}

/// An object of a stack.
#[derive(Debug, Serialize, Deserialize)]
pub struct Object {
    /// What makes it the one that it is: `Deployment.apps ntfy/ntfy`.
    pub key: Box<str>,
    /// The component that makes it.
    pub at: Mark,
    /// The ports of a Service, the keys of a `ConfigMap` or Secret.
    pub parts: Option<Vec<Box<str>>>,
}

/// A place without its text, to be kept: small, because every object has one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    file: u16,
    line: u32,
    column: u16,
    length: u16,
}

impl Summary {
    /// Where a place is, in this summary.
    pub fn mark(&mut self, place: &Place) -> Mark {
        let path = &place.source.path;
        let file = self.files.iter().position(|known| known == path).unwrap_or_else(|| {
            self.files.push(path.clone());
            self.files.len() - 1
        });
        Mark { file: fit16(file), line: place.line, column: place.column, length: place.length }
    }

    /// The path of a mark's file.
    fn path(&self, mark: Mark) -> &str {
        self.files.get(usize::from(mark.file)).map_or("", String::as_str)
    }
}

/// Reads a file of the site by its path.
type Read<'a> = dyn Fn(&str) -> Option<std::sync::Arc<Source>> + 'a;

/// The stacks of a site, each with its summary where one is known, and how to read a file of them again.
pub struct Stacks<'a> {
    /// All stacks of the site.
    pub names: BTreeSet<&'a str>,
    /// Those that were built now or are known from before.
    pub summaries: BTreeMap<&'a str, &'a Summary>,
    /// The secrets that the site itself says are generated.
    pub generated: &'a [Generated],
    /// What the site says exists although nobody here makes it.
    pub external: &'a [String],
    /// What secrets there are.
    pub secrets: &'a Secret,
    /// The paths of those that the site's own file names.
    pub used: BTreeSet<Box<str>>,
    /// The text of a file, to show a line of it.
    pub read: Box<Read<'a>>,
}

impl Stacks<'_> {
    /// All problems between the stacks, and what they need and nobody has. What the stacks that are not `new` make was
    /// compared before. References are looked at only where all stacks are known.
    #[must_use]
    pub fn check(&self, new: &BTreeSet<&str>) -> (Problems, Vec<Unmet>) {
        let mut problems = Problems::new();
        for (name, summary) in &self.summaries {
            problems.extend(self.dependencies(name, summary));
        }
        problems.extend(self.made_twice(new));
        let of_stacks = self.summaries.values().flat_map(|summary| &summary.generated);
        problems.extend(generated_twice(self.generated.iter().chain(of_stacks), &|path| self.source(path)));
        problems.extend(self.circle());
        if !self.are_all_known() {
            return (problems, Vec::new());
        }
        let found = references::check(self);
        problems.extend(found.problems);
        (problems, found.unmet)
    }

    /// The paths of secrets that neither a stack nor the site's own file names; what a stack says is generated counts.
    #[must_use]
    pub fn unused_secrets(&self) -> Vec<Vec<&str>> {
        let mut used = self.used.clone();
        for summary in self.summaries.values() {
            used.extend(summary.secrets.iter().cloned());
            used.extend(summary.generated.iter().map(|one| one.path.as_str().into()));
        }
        self.secrets.unused(&used)
    }

    /// Whether there is a summary of every stack.
    #[must_use]
    pub fn are_all_known(&self) -> bool {
        self.summaries.len() == self.names.len()
    }

    fn source(&self, path: &str) -> std::sync::Arc<Source> {
        (self.read)(path).unwrap_or_else(|| Source::new(path, ""))
    }

    fn place(&self, of: &Summary, mark: Mark) -> Place {
        let source = self.source(of.path(mark));
        Place { source, line: mark.line, column: mark.column, length: mark.length }
    }

    fn dependencies(&self, name: &str, summary: &Summary) -> Problems {
        let mut problems = Problems::new();
        for (dependency, mark) in &summary.depends_on {
            if **dependency == *name {
                let problem = Problem::error("cycle", format!("stack `{name}` depends on itself"));
                let note = format!("what every stack depends on says `depends_on: []` in stacks/{name}/stack.yaml");
                problems.push(problem.at(&self.place(summary, *mark)).note(note));
            } else if !self.names.contains(&**dependency) {
                let known = self.names.iter().copied().filter(|known| *known != name);
                let problem = Problem::error("unknown-stack", format!("there is no stack `{dependency}` to depend on"));
                problems.push(problem.at(&self.place(summary, *mark)).label(did_you_mean(dependency, known)));
            }
        }
        problems
    }

    fn made_twice(&self, new: &BTreeSet<&str>) -> Problems {
        let (now, before): (Vec<_>, Vec<_>) = self.summaries.iter().partition(|(name, _)| new.contains(*name));
        let mut makers: BTreeMap<(Option<&str>, &str), (&str, &Summary, Mark)> = BTreeMap::new();
        let mut problems = Problems::new();
        let mut compare = |object: &str, one: (&str, &Summary, Mark), other: (&str, &Summary, Mark)| {
            let (first, second) = if one.0 <= other.0 { (one, other) } else { (other, one) };
            let how = if one.0 == other.0 { "twice" } else { "by two stacks" };
            let problem = Problem::error("twice", format!("`{object}` is made {how}"));
            let note = format!("first made at {}", self.place(first.1, first.2));
            problems.push(problem.at(&self.place(second.1, second.2)).note(note));
        };
        for (name, summary) in now {
            for object in &summary.objects {
                let maker = (*name, *summary, object.at);
                if let Some(other) = makers.insert((summary.target.as_deref(), &object.key), maker) {
                    compare(&object.key, other, maker);
                }
            }
        }
        for (name, summary) in before {
            for object in &summary.objects {
                if let Some(other) = makers.get(&(summary.target.as_deref(), &*object.key)) {
                    compare(&object.key, *other, (*name, *summary, object.at));
                }
            }
        }
        problems
    }

    /// A circle of dependencies, if there is one: told once, with its stacks in order.
    fn circle(&self) -> Option<Problem> {
        let mut left: BTreeMap<&str, Vec<(&str, Mark)>> = BTreeMap::new();
        for (name, summary) in &self.summaries {
            let others = summary.depends_on.iter().filter(|(on, _)| **on != **name);
            left.insert(name, others.map(|(on, mark)| (&**on, *mark)).collect());
        }
        loop {
            let is_free = |on: &Vec<(&str, Mark)>| !on.iter().any(|(name, _)| left.contains_key(name));
            let free: Vec<&str> = left.iter().filter(|(_, on)| is_free(on)).map(|(name, _)| *name).collect();
            if free.is_empty() {
                break;
            }
            for name in free {
                left.remove(name);
            }
        }
        // what is left depends on something that is left: following it ends in a circle
        let mut at = *left.keys().next()?;
        let mut path: Vec<(&str, Mark)> = Vec::new();
        while !path.iter().any(|(name, _)| *name == at) {
            let (next, mark) = left.get(at)?.iter().find(|(name, _)| left.contains_key(name))?;
            path.push((at, *mark));
            at = next;
        }
        let begin = path.iter().position(|(name, _)| *name == at)?;
        let names: Vec<&str> = path[begin..].iter().map(|(name, _)| *name).chain([at]).collect();
        let message = format!("stacks depend on one another in a circle: {}", names.join(" -> "));
        let note = "what needs another stack only at run time needs no `depends_on`";
        let (name, mark) = *path.get(begin)?;
        Some(Problem::error("cycle", message).at(&self.place(self.summaries.get(name)?, mark)).note(note))
    }
}

/// The problems of secrets that two places want to be made differently. `source` reads a file, to show a line of it.
pub fn generated_twice<'a>(
    all: impl IntoIterator<Item = &'a Generated>,
    source: &dyn Fn(&str) -> std::sync::Arc<Source>,
) -> Problems {
    let at = |spot: &Spot| spot.place(source(&spot.path));
    let mut known: BTreeMap<&str, &Generated> = BTreeMap::new();
    let mut problems = Problems::new();
    for one in all {
        let first = *known.entry(&one.path).or_insert(one);
        if !first.agrees(one) {
            let message = format!("secret `{}` is generated in two ways", one.path);
            let note = format!("first {} at {}", first.way(), at(&first.spot));
            problems.push(Problem::error("generated", message).at(&at(&one.spot)).label(one.way()).note(note));
        }
    }
    problems
}
