//! What no stack can know alone: dependencies, circles of them, objects that two stacks make, and secrets that two
//! places want to be generated differently. It is checked over summaries, which are kept of stacks that need no build.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::template::Generated;

/// What a stack is for the others. Of many stacks it is read again in every build that has anything to do, hence few and
/// large pieces.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The stacks that it depends on.
    depends_on: Vec<(String, Spot)>,
    /// Its objects by what makes them the ones that they are, a line each.
    objects: String,
    /// The component of each.
    spots: Vec<Spot>,
    /// The secrets that it says are generated.
    pub generated: Vec<Generated>,
    /// The files in which all that stands.
    files: Vec<String>,
}

impl Summary {
    /// One more stack that it depends on.
    pub fn depends_on(&mut self, stack: &str, place: &Place) {
        let spot = self.spot(place);
        self.depends_on.push((stack.to_owned(), spot));
    }

    /// One more object.
    pub fn makes(&mut self, object: &str, place: &Place) {
        self.objects.extend(object.chars().map(|c| if c == '\n' { ' ' } else { c }));
        self.objects.push('\n');
        let spot = self.spot(place);
        self.spots.push(spot);
    }

    fn spot(&mut self, place: &Place) -> Spot {
        let path = &place.source.path;
        let file = self.files.iter().position(|file| file == path).unwrap_or(self.files.len());
        if file == self.files.len() {
            self.files.push(path.clone());
        }
        Spot { file, line: place.line, column: place.column, length: place.length }
    }

    fn objects(&self) -> impl Iterator<Item = (&str, At<'_>)> {
        self.objects.lines().zip(&self.spots).map(|(object, spot)| (object, self.at(spot)))
    }

    fn dependencies(&self) -> impl Iterator<Item = (&str, At<'_>)> {
        self.depends_on.iter().map(|(stack, spot)| (stack.as_str(), self.at(spot)))
    }

    fn at(&self, spot: &Spot) -> At<'_> {
        At { path: self.files.get(spot.file).map_or("", String::as_str), spot: *spot }
    }
}

/// A place without its text, to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Spot {
    file: usize,
    line: u32,
    column: u16,
    length: u16,
}

/// The same with its file.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    path: &'a str,
    spot: Spot,
}

/// The stacks of a site, each with its summary where one is known, and how to read a file of them again.
pub struct Stacks<'a> {
    /// All stacks of the site.
    pub names: BTreeSet<&'a str>,
    /// Those that were built now or are known from before.
    pub summaries: BTreeMap<&'a str, &'a Summary>,
    /// Those that were built now: what was built before was checked then.
    pub built: BTreeSet<&'a str>,
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

    fn place(&self, at: At<'_>) -> Place {
        let source = (self.read)(at.path).unwrap_or_else(|| Source::new(at.path, ""));
        Place { source, line: at.spot.line, column: at.spot.column, length: at.spot.length }
    }

    fn dependencies(&self, name: &str, summary: &Summary) -> Problems {
        let mut problems = Problems::new();
        for (dependency, spot) in summary.dependencies() {
            if dependency == name {
                let problem = Problem::error("cycle", format!("stack `{name}` depends on itself"));
                problems.push(problem.at(&self.place(spot)));
            } else if !self.names.contains(dependency) {
                let known = self.names.iter().copied().filter(|known| *known != name);
                let problem = Problem::error("unknown-stack", format!("there is no stack `{dependency}` to depend on"));
                problems.push(problem.at(&self.place(spot)).label(did_you_mean(dependency, known)));
            }
        }
        problems
    }

    fn made_twice(&self) -> Problems {
        let is_built = |name: &&str| self.built.contains(name);
        let mut makers: BTreeMap<&str, (&str, At<'_>)> = BTreeMap::new();
        let mut problems = Problems::new();
        let mut check = |name: &'_ str, object: &str, at: At<'_>, other: (&str, At<'_>)| {
            let (first, second) = if other.0 < name { (other.1, at) } else { (at, other.1) };
            let problem = Problem::error("twice", format!("`{object}` is made by two stacks"));
            problems.push(problem.at(&self.place(second)).note(format!("first made at {}", self.place(first))));
        };
        for (name, summary) in self.summaries.iter().filter(|(name, _)| is_built(name)) {
            for (object, at) in summary.objects() {
                if let Some(other) = makers.insert(object, (name, at)).filter(|(maker, _)| maker != name) {
                    check(name, object, at, other);
                }
            }
        }
        for (name, summary) in self.summaries.iter().filter(|(name, _)| !is_built(name)) {
            for (object, at) in summary.objects() {
                if let Some(other) = makers.get(object) {
                    check(name, object, at, *other);
                }
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
        let mut left: BTreeMap<&str, Vec<(&str, At<'_>)>> = BTreeMap::new();
        for (name, summary) in &self.summaries {
            left.insert(name, summary.dependencies().filter(|(on, _)| on != name).collect());
        }
        loop {
            let is_free = |on: &Vec<(&str, At<'_>)>| !on.iter().any(|(name, _)| left.contains_key(name));
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
        let mut path: Vec<(&str, At<'_>)> = Vec::new();
        while !path.iter().any(|(name, _)| *name == at) {
            let (next, spot) = left.get(at)?.iter().find(|(name, _)| left.contains_key(name))?;
            path.push((at, *spot));
            at = next;
        }
        let begin = path.iter().position(|(name, _)| *name == at)?;
        let names: Vec<&str> = path[begin..].iter().map(|(name, _)| *name).chain([at]).collect();
        let message = format!("stacks depend on one another in a circle: {}", names.join(" -> "));
        let note = "what needs another stack only at run time needs no `depends_on`";
        Some(Problem::error("cycle", message).at(&self.place(path[begin].1)).note(note))
    }
}
