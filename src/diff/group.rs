//! What is the same in many objects is said once, the dangerous first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Difference, Edit, Effect, Field, Subject, Verb};

/// Groups that differ in their values only and are so many are shown as one.
const MANY: usize = 4;

/// Where a reviewer finds a change, from what needs most care to what needs least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Objects that go.
    Removes,
    /// Fields that cannot change in place, selectors, volumes, other machines.
    Risks,
    /// What restarts pods.
    Restarts,
    /// What waits for a machine's next reboot.
    Reboots,
    /// All other changes.
    Changes,
    /// Objects that come.
    Adds,
}

/// The same change of one or many objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where it is shown.
    pub section: Section,
    /// The objects, sorted.
    pub subjects: Vec<Subject>,
    /// What is to be known of objects that come or go.
    pub note: Option<String>,
    /// The fields that changed in the same way in all of them; none of objects that come or go.
    pub fields: Vec<Field>,
}

impl Section {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [Self::Removes, Self::Risks, Self::Restarts, Self::Reboots, Self::Changes, Self::Adds];

    /// Its heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Removes => "removes",
            Self::Risks => "needs care",
            Self::Restarts => "restarts pods",
            Self::Reboots => "waits for a reboot",
            Self::Changes => "changes",
            Self::Adds => "adds",
        }
    }

    fn of(field: &Field) -> Self {
        match field.effect {
            Effect::Risk(_) => Self::Risks,
            Effect::Restart => Self::Restarts,
            Effect::Reboot => Self::Reboots,
            Effect::Left | Effect::None => Self::Changes,
        }
    }
}

/// The differences as groups: by section, then what touches most objects first.
#[must_use]
pub fn group(differences: &[Difference]) -> Vec<Group> {
    let mut groups: Vec<Group> = changes(differences);
    groups.extend(whole(differences, Verb::Removed, Section::Removes));
    groups.extend(whole(differences, Verb::Added, Section::Adds));
    groups.sort_by(|a, b| {
        let key = |group: &Group| (group.section, group.note.is_none(), usize::MAX - group.subjects.len());
        key(a).cmp(&key(b)).then_with(|| a.subjects.cmp(&b.subjects))
    });
    groups
}

/// Groups of which many change the same fields of the same kinds, to other values each, beside one another: where they
/// are many, one tells enough of all.
#[must_use]
pub fn fold(groups: Vec<Group>) -> Vec<Vec<Group>> {
    let mut folds: Vec<Vec<Group>> = Vec::new();
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    for group in groups {
        let kinds: BTreeSet<String> = group.subjects.iter().map(|subject| subject.kind.clone()).collect();
        let fields: Vec<String> = group.fields.iter().map(|field| field.pattern.clone()).collect();
        let at = *alike.entry((group.section, kinds, fields)).or_insert(folds.len());
        match folds.get_mut(at) {
            Some(fold) if !group.fields.is_empty() => fold.push(group),
            _ => folds.push(vec![group]),
        }
    }
    let few = |fold: Vec<Group>| {
        if fold.len() < MANY { fold.into_iter().map(|group| vec![group]).collect() } else { vec![fold] }
    };
    folds.into_iter().flat_map(few).collect()
}

/// The fields that changed: each with all its objects, then those of the same objects together.
fn changes(differences: &[Difference]) -> Vec<Group> {
    let mut alike: BTreeMap<Field, Vec<Told>> = BTreeMap::new();
    for Difference { subject, fields, .. } in differences {
        let told = fields.iter().enumerate().map(|(order, field)| Told { order, field, subject });
        told.for_each(|told| alike.entry(bare(told.field, true)).or_default().push(told));
    }
    let mut by_subjects: BTreeMap<(Section, Vec<&Subject>), Numbered> = BTreeMap::new();
    for told in alike.into_values().flat_map(split) {
        let mut subjects: Vec<&Subject> = told.iter().map(|told| told.subject).collect();
        subjects.sort();
        subjects.dedup();
        let field = common(&told);
        by_subjects.entry((Section::of(&field), subjects)).or_default().push((told[0].order, field));
    }
    let group = |((section, subjects), mut fields): ((Section, Vec<&Subject>), Numbered)| {
        fields.sort();
        let subjects = subjects.into_iter().cloned().collect();
        Group { section, subjects, note: None, fields: fields.into_iter().map(|(_, field)| field).collect() }
    };
    by_subjects.into_iter().map(group).collect()
}

/// Fields with their order in the object.
type Numbered = Vec<(usize, Field)>;

/// A field of an object, and which of its fields it is.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    order: usize,
    field: &'a Field,
    subject: &'a Subject,
}

/// Within one object each entry of a list is told by its name.
fn split(told: Vec<Told>) -> Vec<Vec<Told>> {
    let is_one = told.iter().all(|other| other.subject == told[0].subject);
    if is_one { told.into_iter().map(|told| vec![told]).collect() } else { vec![told] }
}

/// What is the same in all of them.
fn common(told: &[Told]) -> Field {
    let first = told[0].field;
    let same_path = told.iter().all(|other| other.field.path == first.path);
    let same_places = told.iter().all(|other| other.field.change == first.change);
    let field = if same_places { first.clone() } else { bare(first, false) };
    if same_path { field } else { Field { path: field.pattern.clone(), ..field } }
}

/// A field without the places of its entries, since a list may have other neighbours in each object, and, if so wished,
/// without the names of entries.
fn bare(field: &Field, nameless: bool) -> Field {
    let edit = |edit: &Edit| Edit { place: None, ..edit.clone() };
    let change = match &field.change {
        Change::Entries(edits) => Change::Entries(edits.iter().map(edit).collect()),
        change => change.clone(),
    };
    let path = if nameless { &field.pattern } else { &field.path };
    Field { change, path: path.clone(), ..field.clone() }
}

/// Objects that come or go: one of the same kind and name in several stacks once, the others by stack.
fn whole(differences: &[Difference], verb: Verb, section: Section) -> Vec<Group> {
    let of_verb = || differences.iter().filter(|difference| difference.verb == verb);
    let whole_stacks: BTreeSet<&str> =
        of_verb().filter(|d| d.subject.kind == "stack.lock").map(|d| d.subject.stack.as_str()).collect();
    let mut by_name: BTreeMap<_, Vec<&Subject>> = BTreeMap::new();
    for Difference { subject, note, .. } in of_verb() {
        let stack = whole_stacks.get(subject.stack.as_str());
        by_name.entry((note.as_deref(), stack, &subject.kind, &subject.name)).or_default().push(subject);
    }
    let mut groups: BTreeMap<_, Vec<&Subject>> = BTreeMap::new();
    for ((note, stack, kind, name), subjects) in by_name {
        let is_shared = stack.is_none() && subjects.iter().any(|subject| subject.stack != subjects[0].stack);
        let key = if is_shared { ("", kind.as_str(), name.as_str()) } else { (subjects[0].stack.as_str(), "", "") };
        groups.entry((note, key)).or_default().extend(subjects);
    }
    let group = |(note, mut subjects): (Option<&str>, Vec<&Subject>)| {
        subjects.sort();
        let subjects = subjects.into_iter().cloned().collect();
        Group { section, subjects, note: note.map(str::to_owned), fields: Vec::new() }
    };
    groups.into_iter().map(|((note, _), subjects)| group((note, subjects))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(stack: &str, kind: &str, name: &str) -> Subject {
        Subject {
            stack: stack.into(),
            module: stack.into(),
            kind: kind.into(),
            namespace: None,
            name: name.into(),
            path: format!("{stack}/{stack}/{kind}.{name}.yaml"),
        }
    }

    fn changed(stack: &str, fields: &[(&str, Change)]) -> Difference {
        let field = |(path, change): &(&str, Change)| Field {
            path: path.replace('*', stack),
            pattern: (*path).into(),
            change: change.clone(),
            effect: Effect::None,
        };
        let subject = subject(stack, "Ingress", stack);
        Difference { subject, verb: Verb::Changed, note: None, fields: fields.iter().map(field).collect() }
    }

    #[test]
    fn the_same_change_in_many_objects_is_said_once() {
        let [x, y, z] = ["x", "y", "z"].map(|path| (path, Change::Order));
        let groups =
            group(&[changed("a", std::slice::from_ref(&x)), changed("b", &[x.clone(), z, y]), changed("c", &[x])]);
        let shown: Vec<_> = groups.iter().map(|group| (group.subjects.len(), group.fields.len())).collect();
        assert_eq!(shown, [(3, 1), (1, 2)]);
        assert_eq!(groups[1].fields[0].path, "z", "in the order of the object");
    }

    #[test]
    fn an_entry_with_other_neighbours_is_the_same_change() {
        let entry = |place: &str| {
            let place = Some(super::super::Spot::After(place.into()));
            ("list", Change::Entries(vec![Edit { verb: Verb::Added, text: "x".into(), place }]))
        };
        let groups = group(&[changed("a", &[entry("p")]), changed("b", &[entry("q")])]);
        assert_eq!(groups.len(), 1);
        assert_eq!(crate::diff::words::change(&groups[0].fields[0].change), "+ x");
        let groups = group(&[changed("a", &[entry("p")]), changed("b", &[entry("p")])]);
        assert_eq!(crate::diff::words::change(&groups[0].fields[0].change), "+ x (after p)");
    }

    #[test]
    fn entries_of_other_names_are_alike_in_many_objects() {
        let groups =
            group(&[changed("a", &[("list[*].x", Change::Order)]), changed("b", &[("list[*].x", Change::Order)])]);
        assert_eq!(groups[0].fields[0].path, "list[*].x");
        let groups = group(&[changed("a", &[("list[*].x", Change::Order)])]);
        assert_eq!(groups[0].fields[0].path, "list[a].x");
    }

    #[test]
    fn what_differs_in_its_values_only_is_folded_where_it_is_much() {
        let value = |new: &str| ("host", Change::Value(Some("a".into()), Some(new.into())));
        let all = ["b", "c", "d", "e"].map(|new| changed(new, &[value(new)]));
        assert_eq!(fold(group(&all)).len(), 1);
        assert_eq!(fold(group(&all[1..])).len(), 3);
    }

    #[test]
    fn objects_that_come_are_told_by_stack_or_once_for_all() {
        let added = |stack, kind, name| Difference {
            subject: subject(stack, kind, name),
            verb: Verb::Added,
            note: None,
            fields: Vec::new(),
        };
        let groups = group(&[
            added("a", "Secret", "tls"),
            added("b", "Secret", "tls"),
            added("b", "Service", "b"),
            added("b", "Service", "c"),
            added("new", "stack.lock", ""),
            added("new", "Secret", "tls"),
        ]);
        let said: Vec<_> = groups.iter().map(|group| crate::diff::words::objects(&group.subjects)).collect();
        assert_eq!(said, ["2 Secrets", "Service b, c", "the whole stack: Secret tls"]);
    }
}
