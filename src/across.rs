//! What no stack can know alone: dependencies, circles of them, objects that two stacks make, and secrets that two
//! places want to be generated differently. It is checked over summaries, which are kept of stacks that need no build.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::problem::{Place, Problem, Problems, Source, Spot, did_you_mean};
use crate::template::Generated;

/// What a stack is for the others.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The stacks that it depends on.
    pub depends_on: Vec<(String, Spot)>,
    /// Its objects by what makes them the ones that they are, and the component of each.
    pub objects: Vec<(String, Spot)>,
    /// The secrets that it says are generated.
    pub generated: Vec<Generated>,
}

/// How a file of the site is read again.
pub type Read<'a> = dyn Fn(&str) -> Option<Arc<Source>> + 'a;

/// The stacks of a site, each with its summary where one is known, and how to read a file of them again.
pub struct Stacks<'a> {
    /// All stacks of the site.
    pub names: BTreeSet<&'a str>,
    /// Those that were built now or are known from before.
    pub summaries: BTreeMap<&'a str, &'a Summary>,
    /// The text of a file, to show a line of it.
    pub read: Box<Read<'a>>,
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

    fn place(&self, spot: &Spot) -> Place {
        spot.place((self.read)(&spot.path).unwrap_or_else(|| Source::new(spot.path.clone(), "")))
    }

    fn dependencies(&self, name: &str, summary: &Summary) -> Problems {
        let mut problems = Problems::new();
        for (dependency, spot) in &summary.depends_on {
            if dependency == name {
                let problem = Problem::error("cycle", format!("stack `{name}` depends on itself"));
                let note = format!("what every stack depends on says `depends_on: []` in stacks/{name}/stack.yaml");
                problems.push(problem.at(&self.place(spot)).note(note));
            } else if !self.names.contains(dependency.as_str()) {
                let known = self.names.iter().copied().filter(|known| *known != name);
                let problem = Problem::error("unknown-stack", format!("there is no stack `{dependency}` to depend on"));
                problems.push(problem.at(&self.place(spot)).label(did_you_mean(dependency, known)));
            }
        }
        problems
    }

    fn made_twice(&self) -> Problems {
        let mut makers: BTreeMap<&str, (&str, &Spot)> = BTreeMap::new();
        let mut problems = Problems::new();
        for (name, summary) in &self.summaries {
            for (object, spot) in &summary.objects {
                let Some((_, first)) = makers.insert(object, (name, spot)).filter(|(maker, _)| maker != name) else {
                    continue;
                };
                let problem = Problem::error("twice", format!("`{object}` is made by two stacks"));
                problems.push(problem.at(&self.place(spot)).note(format!("first made at {}", self.place(first))));
            }
        }
        problems
    }

    fn generated_twice(&self) -> Problems {
        let mut known: BTreeMap<&str, &Generated> = BTreeMap::new();
        let mut problems = Problems::new();
        for one in self.summaries.values().flat_map(|summary| &summary.generated) {
            let first = *known.entry(&one.path).or_insert(one);
            if !first.agrees(one) {
                let message = format!("secret `{}` is generated in two ways", one.path);
                let way = format!("length {}, charset {}", first.length, first.charset);
                let note = format!("first {way} at {}", self.place(&first.spot));
                let label = format!("length {}, charset {}", one.length, one.charset);
                problems.push(Problem::error("generated", message).at(&self.place(&one.spot)).label(label).note(note));
            }
        }
        problems
    }

    /// A circle of dependencies, if there is one: told once, with its stacks in order.
    fn circle(&self) -> Option<Problem> {
        let mut left: BTreeMap<&str, Vec<(&str, &Spot)>> = BTreeMap::new();
        for (name, summary) in &self.summaries {
            let others = summary.depends_on.iter().filter(|(on, _)| on != name);
            left.insert(name, others.map(|(on, spot)| (on.as_str(), spot)).collect());
        }
        loop {
            let is_free = |on: &Vec<(&str, &Spot)>| !on.iter().any(|(name, _)| left.contains_key(name));
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
        let mut path: Vec<(&str, &Spot)> = Vec::new();
        while !path.iter().any(|(name, _)| *name == at) {
            let (next, spot) = left.get(at)?.iter().find(|(name, _)| left.contains_key(name))?;
            path.push((at, spot));
            at = next;
        }
        let begin = path.iter().position(|(name, _)| *name == at)?;
        let names: Vec<&str> = path[begin..].iter().map(|(name, _)| *name).chain([at]).collect();
        let message = format!("stacks depend on one another in a circle: {}", names.join(" -> "));
        let note = "what needs another stack only at run time needs no `depends_on`";
        Some(Problem::error("cycle", message).at(&self.place(path[begin].1)).note(note))
    }
}
