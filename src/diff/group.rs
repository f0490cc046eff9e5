//! What is the same in many objects is said once, the dangerous first.

use std::collections::BTreeMap;

use super::{Difference, Effect, Field, Subject, Verb};

/// Where a reviewer finds a change, from what needs most care to what needs least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Objects that go.
    Removes,
    /// Fields that cannot change in place, selectors, volumes, other machines.
    Risks,
    /// What restarts pods.
    Restarts,
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
    /// The objects, sorted; all of one kind.
    pub subjects: Vec<Subject>,
    /// What is to be known of objects that come or go.
    pub note: Option<&'static str>,
    /// The fields that changed in the same way in all of them, sorted.
    pub fields: Vec<Field>,
}

impl Section {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Removes, Self::Risks, Self::Restarts, Self::Changes, Self::Adds];

    fn of(field: &Field) -> Self {
        match field.effect {
            Effect::Risk(_) => Self::Risks,
            Effect::Restart => Self::Restarts,
            Effect::Reboot | Effect::None => Self::Changes,
        }
    }
}

/// The differences as groups: by section, then what touches most objects first.
#[must_use]
pub fn group(differences: &[Difference]) -> Vec<Group> {
    let mut by_field: BTreeMap<(Section, &str, &Field), Vec<&Subject>> = BTreeMap::new();
    let mut whole: BTreeMap<(Section, &str, &str, Option<&'static str>), Vec<&Subject>> = BTreeMap::new();
    for Difference { subject, verb, note, fields } in differences {
        let section = match verb {
            Verb::Removed => Section::Removes,
            Verb::Added => Section::Adds,
            Verb::Changed => {
                for field in fields {
                    by_field.entry((Section::of(field), &subject.kind, field)).or_default().push(subject);
                }
                continue;
            }
        };
        whole.entry((section, &subject.kind, &subject.name, *note)).or_default().push(subject);
    }
    let mut by_subjects: BTreeMap<(Section, Vec<&Subject>), Vec<Field>> = BTreeMap::new();
    for ((section, _, field), mut subjects) in by_field {
        subjects.sort();
        by_subjects.entry((section, subjects)).or_default().push(field.clone());
    }
    let owned = |mut subjects: Vec<&Subject>| {
        subjects.sort();
        subjects.into_iter().cloned().collect::<Vec<_>>()
    };
    let mut groups: Vec<Group> = by_subjects
        .into_iter()
        .map(|((section, subjects), fields)| Group { section, subjects: owned(subjects), note: None, fields })
        .chain(whole.into_iter().map(|((section, _, _, note), subjects)| {
            Group { section, subjects: owned(subjects), note, fields: Vec::new() }
        }))
        .collect();
    groups.sort_by(|a, b| {
        let key = |group: &Group| (group.section, group.note.is_none(), usize::MAX - group.subjects.len());
        key(a).cmp(&key(b)).then_with(|| a.subjects.cmp(&b.subjects)).then_with(|| a.fields.cmp(&b.fields))
    });
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Change;

    fn changed(stack: &str, fields: &[&str]) -> Difference {
        let subject = Subject {
            stack: stack.into(),
            kind: "Ingress".into(),
            namespace: None,
            name: stack.into(),
            path: format!("{stack}/{stack}/ingress.yaml"),
        };
        let field = |path: &&str| Field { path: (*path).into(), change: Change::Order, effect: Effect::None };
        Difference { subject, verb: Verb::Changed, note: None, fields: fields.iter().map(field).collect() }
    }

    #[test]
    fn the_same_change_in_many_objects_is_said_once() {
        let groups = group(&[changed("a", &["x"]), changed("b", &["x", "y", "z"]), changed("c", &["x"])]);
        let shown: Vec<_> = groups.iter().map(|group| (group.subjects.len(), group.fields.len())).collect();
        assert_eq!(shown, [(3, 1), (1, 2)]);
    }
}
