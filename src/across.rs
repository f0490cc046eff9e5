//! What no stack can know alone: dependencies, circles of them, objects that two stacks make, and secrets that two
//! places want to be generated differently. It is checked over summaries, which are kept of stacks that need no build.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::problem::{Place, Problem, Problems, Source, did_you_mean, fit16};
use crate::template::Generated;

/// What a stack is for the others.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The files that places of the summary point into.
    files: Vec<String>,
    /// The stacks that it depends on.
    pub depends_on: Vec<(Box<str>, Spot)>,
    /// Its objects by what makes them the ones that they are, and the component of each.
    pub objects: Vec<(Box<str>, Spot)>,
    /// The secrets that it says are generated.
    pub generated: Vec<Generated>,
}

/// A place without its text, to be kept: small, because every object has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    file: u16,
    line: u32,
    column: u16,
    length: u16,
}

impl Summary {
    /// Where a place is, in this summary.
    pub fn spot(&mut self, place: &Place) -> Spot {
        let path = &place.source.path;
        let file = self.files.iter().position(|known| known == path).unwrap_or_else(|| {
            self.files.push(path.clone());
            self.files.len() - 1
        });
        Spot { file: fit16(file), line: place.line, column: place.column, length: place.length }
    }

    /// The path of a spot's file.
    fn path(&self, spot: Spot) -> &str {
        self.files.get(usize::from(spot.file)).map_or("", String::as_str)
    }
}

/// The stacks of a site, each with its summary where one is known, and how to read a file of them again.
pub struct Stacks<'a> {
    /// All stacks of the site.
    pub names: BTreeSet<&'a str>,
    /// Those that were built now or are known from before.
    pub summaries: BTreeMap<&'a str, &'a Summary>,
    /// The text of a file, to show a line of it.
    pub read: &'a dyn Fn(&str) -> Option<std::sync::Arc<Source>>,
}

impl Stacks<'_> {
    /// All problems between the stacks.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        for (name, summary) in &self.summaries {
            problems.extend(self.dependencies(name, summary));
        }
        problems.extend(self.made_twice());
        problems.extend(self.generated_twice());
        problems.extend(self.circle());
        problems.or(())
    }

    fn place(&self, of: &Summary, spot: Spot) -> Place {
        let path = of.path(spot);
        let source = (self.read)(path).unwrap_or_else(|| Source::new(path, ""));
        Place { source, line: spot.line, column: spot.column, length: spot.length }
    }

    fn dependencies(&self, name: &str, summary: &Summary) -> Problems {
        let mut problems = Problems::new();
        for (dependency, spot) in &summary.depends_on {
            if **dependency == *name {
                let problem = Problem::error("cycle", format!("stack `{name}` depends on itself"));
                problems.push(problem.at(&self.place(summary, *spot)));
            } else if !self.names.contains(&**dependency) {
                let known = self.names.iter().copied().filter(|known| *known != name);
                let problem = Problem::error("unknown-stack", format!("there is no stack `{dependency}` to depend on"));
                problems.push(problem.at(&self.place(summary, *spot)).label(did_you_mean(dependency, known)));
            }
        }
        problems
    }

    fn made_twice(&self) -> Problems {
        let mut makers: BTreeMap<&str, (&str, &Summary, Spot)> = BTreeMap::new();
        let mut problems = Problems::new();
        for (name, summary) in &self.summaries {
            for (object, spot) in &summary.objects {
                let before = makers.insert(object, (name, summary, *spot));
                let Some((_, maker, first)) = before.filter(|(maker, ..)| maker != name) else { continue };
                let problem = Problem::error("twice", format!("`{object}` is made by two stacks"));
                let first = self.place(maker, first);
                problems.push(problem.at(&self.place(summary, *spot)).note(format!("first made at {first}")));
            }
        }
        problems
    }

    fn generated_twice(&self) -> Problems {
        let mut known: BTreeMap<&str, (&Generated, &str)> = BTreeMap::new();
        let mut problems = Problems::new();
        for (name, summary) in &self.summaries {
            for one in &summary.generated {
                let (first, stack) = *known.entry(&one.path).or_insert((one, name));
                if first != one {
                    let message = format!(
                        "secret `{}` is generated in one way in stack `{stack}` and in another in `{name}`",
                        one.path
                    );
                    problems.push(Problem::error("generated", message));
                }
            }
        }
        problems
    }

    /// A circle of dependencies, if there is one: told once, with its stacks in order.
    fn circle(&self) -> Option<Problem> {
        let mut left: BTreeMap<&str, Vec<(&str, Spot)>> = BTreeMap::new();
        for (name, summary) in &self.summaries {
            let others = summary.depends_on.iter().filter(|(on, _)| **on != **name);
            left.insert(name, others.map(|(on, spot)| (&**on, *spot)).collect());
        }
        loop {
            let is_free = |on: &Vec<(&str, Spot)>| !on.iter().any(|(name, _)| left.contains_key(name));
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
        let mut path: Vec<(&str, Spot)> = Vec::new();
        while !path.iter().any(|(name, _)| *name == at) {
            let (next, spot) = left.get(at)?.iter().find(|(name, _)| left.contains_key(name))?;
            path.push((at, *spot));
            at = next;
        }
        let begin = path.iter().position(|(name, _)| *name == at)?;
        let names: Vec<&str> = path[begin..].iter().map(|(name, _)| *name).chain([at]).collect();
        let message = format!("stacks depend on one another in a circle: {}", names.join(" -> "));
        let note = "what needs another stack only at run time needs no `depends_on`";
        let (name, spot) = *path.get(begin)?;
        Some(Problem::error("cycle", message).at(&self.place(self.summaries.get(name)?, spot)).note(note))
    }
}
