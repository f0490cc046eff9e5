//! Which fields of an object belong to whom: the sets of paths in `metadata.managedFields`.
//!
//! The API server writes such a set as JSON, `fieldsV1`: a key for every step of a path, `.` where the path itself is
//! meant beside what is below it. A list whose entries have names is not a value but a place, as a map is.

mod object;
mod step;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use step::{Path, Scalar, Step};

/// The mark of a path that is meant itself, beside what is below it.
const ITSELF: &str = ".";

/// A set of paths of an object, as a tree of their steps.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Set {
    /// Whether the path up to here is in the set.
    is_member: bool,
    /// What is below; never an empty set.
    below: BTreeMap<Step, Set>,
}

impl Set {
    /// Reads a `fieldsV1`; none where it is not one.
    #[must_use]
    pub fn read(fields: &Value) -> Option<Self> {
        Self::read_below(fields.as_object()?)
    }

    fn read_below(fields: &Map<String, Value>) -> Option<Self> {
        let mut set = Self::default();
        for (key, value) in fields {
            if key == ITSELF {
                set.is_member = true;
                continue;
            }
            let mut below = Self::read_below(value.as_object()?)?;
            below.is_member |= below.below.is_empty();
            set.below.insert(Step::read(key)?, below);
        }
        Some(set)
    }

    /// The set as `fieldsV1`: the same set is always the same text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let itself = (self.is_member && !self.below.is_empty()).then(|| (ITSELF.to_owned(), Value::Object(Map::new())));
        let below = self.below.iter().map(|(step, set)| (step.to_string(), set.to_json()));
        Value::Object(itself.into_iter().chain(below).collect())
    }

    /// Whether there is no path in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_member && self.below.is_empty()
    }

    /// Whether a path is in it.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.at(&path.0).is_some_and(|set| set.is_member)
    }

    /// Whether a path, or one below it, is in it.
    #[must_use]
    pub fn reaches(&self, path: &Path) -> bool {
        self.at(&path.0).is_some()
    }

    /// Whether a path, or one below it, is in it, and nothing below that path.
    #[must_use]
    pub fn ends_at(&self, path: &Path) -> bool {
        self.at(&path.0).is_some_and(|set| set.below.is_empty())
    }

    fn at(&self, steps: &[Step]) -> Option<&Self> {
        steps.iter().try_fold(self, |set, step| set.below.get(step))
    }

    /// One more path.
    pub fn insert(&mut self, path: &Path) {
        path.0.iter().fold(self, |set, step| set.below.entry(step.clone()).or_default()).is_member = true;
    }

    /// Takes away a path and all that is below it.
    pub fn cut(&mut self, path: &Path) {
        self.cut_steps(&path.0);
    }

    fn cut_steps(&mut self, steps: &[Step]) {
        match steps {
            [] => *self = Self::default(),
            [step, rest @ ..] => {
                let Some(set) = self.below.get_mut(step) else { return };
                set.cut_steps(rest);
                if set.is_empty() {
                    self.below.remove(step);
                }
            }
        }
    }

    /// The paths that are in this set or in another.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.is_member |= other.is_member;
        for (step, set) in &other.below {
            let mine = self.below.remove(step).unwrap_or_default();
            self.below.insert(step.clone(), mine.union(set));
        }
        self
    }

    /// The paths of this set that are not in another.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.pick(Some(other), &|mine, other| mine && !other.is_some_and(|set| set.is_member))
    }

    /// The paths that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.pick(Some(other), &|mine, other| mine && other.is_some_and(|set| set.is_member))
    }

    fn pick(&self, other: Option<&Self>, is_picked: &dyn Fn(bool, Option<&Self>) -> bool) -> Self {
        let below = self.below.iter().map(|(step, set)| {
            let other = other.and_then(|set| set.below.get(step));
            (step.clone(), set.pick(other, is_picked))
        });
        Self { is_member: is_picked(self.is_member, other), below: below.filter(|(_, set)| !set.is_empty()).collect() }
    }

    /// The set with every field that holds something of it: `securityContext` where `securityContext.privileged` is in
    /// it. So the server takes a set of which it removes what is no longer applied.
    #[must_use]
    pub fn with_parents(&self) -> Self {
        let below = self.below.iter().map(|(step, set)| {
            let mut set = set.with_parents();
            set.is_member |= matches!(step, Step::Field(_));
            (step.clone(), set)
        });
        Self { is_member: self.is_member, below: below.collect() }
    }

    /// All its paths, in their order.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        self.list(true)
    }

    /// Its paths without those that are below another of it.
    #[must_use]
    pub fn tops(&self) -> Vec<Path> {
        self.list(false)
    }

    fn list(&self, goes_on: bool) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect(&mut Path::default(), goes_on, &mut found);
        found
    }

    fn collect(&self, path: &mut Path, goes_on: bool, found: &mut Vec<Path>) {
        if self.is_member {
            found.push(path.clone());
        }
        if goes_on || !self.is_member {
            for (step, set) in &self.below {
                path.0.push(step.clone());
                set.collect(path, goes_on, found);
                path.0.pop();
            }
        }
    }
}

impl FromIterator<Path> for Set {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path));
        set
    }
}

#[cfg(test)]
mod tests;
