//! Two trees to what differs in their objects.

use std::collections::BTreeMap;

use crate::kubernetes::kinds::Kinds;
use crate::problem::{Level, Problem, Problems};
use crate::yaml::Node;

use super::fields::fields;
use super::item::Item;
use super::{Change, Difference, Effect, Field, Subject, Tree, Verb, effect};

/// What two trees say differently.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The objects that differ, by path.
    pub differences: Vec<Difference>,
    /// Files that are written differently and mean the same.
    pub rewritten: Vec<String>,
    /// Files of the old tree that could not be read: their objects are taken for new.
    pub warnings: Problems,
}

/// Compares two trees. A file of the new tree that cannot be read is a problem.
pub fn compare(old: &Tree, new: &Tree, kinds: &Kinds) -> Result<Comparison, Problems> {
    let mut comparison = Comparison::default();
    let (before, broken) = items(old, new);
    let (after, wrong) = items(new, old);
    comparison.warnings.extend(broken.into_iter().map(|problem| Problem {
        level: Level::Warning,
        ..problem.note("it is so in the revision: what it was is not known, and what it is now is shown as added")
    }));
    let problems: Problems =
        wrong.into_iter().map(|problem| problem.note("`homebuild build` writes anew what it made")).collect();
    let (pairs, gone, come) = pair(before, after);
    for (old, new) in &pairs {
        let difference = changed(old, new, kinds);
        if difference.fields.is_empty() {
            comparison.rewritten.push(difference.subject.path);
        } else {
            comparison.differences.push(difference);
        }
    }
    comparison.differences.extend(gone.into_iter().map(removed));
    comparison.differences.extend(come.into_iter().map(added));
    comparison.differences.sort_by(|a, b| a.subject.path.cmp(&b.subject.path));
    problems.or(comparison)
}

/// The files of a tree that another one has not, or has otherwise; digests say nothing of their own.
fn items(tree: &Tree, other: &Tree) -> (Vec<Item>, Vec<Problem>) {
    let differing = tree.iter().filter(|(path, text)| !path.ends_with("SHA256SUMS") && other.get(*path) != Some(*text));
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in differing {
        match Item::read(path, text) {
            Ok(item) => items.push(item),
            Err(problem) => problems.push(problem),
        }
    }
    (items, problems)
}

/// What is there in both, by its path or as the same object elsewhere; what is only old; what is only new.
fn pair(old: Vec<Item>, new: Vec<Item>) -> (Vec<(Item, Item)>, Vec<Item>, Vec<Item>) {
    let mut by_path: BTreeMap<String, Item> = new.into_iter().map(|item| (item.subject.path.clone(), item)).collect();
    let (mut pairs, mut alone, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for item in old {
        match by_path.remove(&item.subject.path) {
            Some(other) => pairs.push((item, other)),
            None => alone.push(item),
        }
    }
    let mut by_kind: BTreeMap<(String, Option<String>), Vec<Item>> = BTreeMap::new();
    for item in by_path.into_values() {
        by_kind.entry((item.subject.kind.clone(), item.subject.namespace.clone())).or_default().push(item);
    }
    for item in alone {
        let alike = by_kind.get_mut(&(item.subject.kind.clone(), item.subject.namespace.clone()));
        let found = alike.and_then(|alike| Some(alike.remove(alike.iter().position(|other| item.is(other))?)));
        match found {
            Some(other) => pairs.push((item, other)),
            None => gone.push(item),
        }
    }
    (pairs, gone, by_kind.into_values().flatten().collect())
}

fn changed(old: &Item, new: &Item, kinds: &Kinds) -> Difference {
    let mut fields = fields(old, new, kinds);
    let from = |subject: &Subject| format!("{}/{}", subject.stack, subject.module);
    let (before, after) = (from(&old.subject), from(&new.subject));
    if before != after {
        let change = Change::Moved(before, after);
        fields.insert(0, Field { path: String::new(), pattern: String::new(), change, effect: Effect::None });
    }
    Difference { subject: new.subject.clone(), verb: Verb::Changed, note: None, fields }
}

fn removed(item: Item) -> Difference {
    let note = effect::of_removal(&item.subject.kind, item.is_kept()).map(str::to_owned);
    Difference { subject: item.subject, verb: Verb::Removed, note, fields: Vec::new() }
}

fn added(item: Item) -> Difference {
    Difference { subject: item.subject, verb: Verb::Added, note: None, fields: Vec::new() }
}

/// The fields in which two states of one object differ, in the order of the object.
#[must_use]
pub fn compare_object(subject: &Subject, old: Node, new: Node, kinds: &Kinds) -> Vec<Field> {
    let item = |node| Item::of(subject.clone(), node);
    fields(&item(old), &item(new), kinds)
}
