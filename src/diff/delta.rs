//! Two sequences to what went and what came.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::secrets::reference::has_reference;

use super::{Change, Edit, Spot, Verb};

/// What stands for a secret.
pub(super) const SECRET: &str = "(secret)";

/// The parts of two sequences that differ.
pub(super) fn changes(old: &[String], new: &[String]) -> Vec<(Range<usize>, Range<usize>)> {
    let operations = capture_diff_slices(Algorithm::Histogram, old, new);
    let differing = operations.iter().filter(|operation| operation.tag() != DiffTag::Equal);
    differing.map(|operation| (operation.old_range(), operation.new_range())).collect()
}

/// The entries of a list that went and came, with the place of those that came.
pub(super) fn entries(old: &[String], new: &[String]) -> Change {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    if sorted(old) == sorted(new) {
        return Change::Order;
    }
    let place = |at: usize| match at.checked_sub(1).and_then(|before| new.get(before)) {
        Some(before) => Spot::After(shown(before)),
        None => Spot::First,
    };
    Change::Entries(edits(old, new, |at| (new.len() > 1).then(|| place(at))))
}

/// The lines of a text that went and came.
pub(super) fn lines(old: &str, new: &str) -> Change {
    let split = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let mut edits = edits(&split(old), &split(new), |_| None);
    for edit in &mut edits {
        let text = edit.text.strip_suffix('\n').map(str::to_owned);
        edit.text = text.unwrap_or_else(|| format!("{} (no line break)", edit.text));
    }
    Change::Lines(edits)
}

fn edits(old: &[String], new: &[String], place: impl Fn(usize) -> Option<Spot>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (gone, come) in changes(old, new) {
        edits.extend(gone.map(|at| Edit { verb: Verb::Removed, text: shown(&old[at]), place: None }));
        edits.extend(come.map(|at| Edit { verb: Verb::Added, text: shown(&new[at]), place: place(at) }));
    }
    edits
}

fn shown(text: &str) -> String {
    if has_reference(text) { SECRET.to_owned() } else { text.to_owned() }
}

/// The elements of a text that is a list with commas: words without spaces, braces or quotes.
pub(super) fn commas(text: &str) -> Option<Vec<String>> {
    let is_element = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | '"'))
    };
    let parts: Vec<&str> = text.split(',').collect();
    parts.iter().all(|part| is_element(part)).then(|| parts.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn said(change: &Change) -> String {
        crate::diff::words::change(change)
    }

    #[test]
    fn entries_say_where_they_came_to_stand() {
        assert_eq!(said(&entries(&list("a b c"), &list("a x b c y"))), "+ x (after a), + y (after c)");
        assert_eq!(said(&entries(&list("a b"), &list("x b"))), "- a, + x (first)");
        assert_eq!(said(&entries(&list("a"), &list("b"))), "- a, + b");
        assert_eq!(entries(&list("a b"), &list("b a")), Change::Order);
    }

    #[test]
    fn a_secret_among_entries_is_not_said() {
        let (old, new) = (list("a <secret:x#00000000>"), list("a <secret:x#11111111> b"));
        assert_eq!(said(&entries(&old, &new)), "- (secret), + (secret) (after a), + b (after (secret))");
    }

    #[test]
    fn a_text_with_commas_is_a_list_only_if_it_looks_like_one() {
        assert_eq!(commas("a@x,b@y").unwrap().len(), 2);
        for text in ["a, b", "{\"a\":1,\"b\":2}", "", "a,,b"] {
            assert_eq!(commas(text), None, "{text}");
        }
    }

    #[test]
    fn ten_thousand_lines_that_have_nothing_in_common_are_compared_at_once() {
        let text = |seed: u64| {
            (0..10_000_u64).flat_map(|n| [((n * 7919 + seed) % 65_537).to_string(), "\n".into()]).collect::<String>()
        };
        let Change::Lines(edits) = lines(&text(1), &text(40_000)) else { panic!("lines") };
        assert!(edits.len() > 1_000);
    }
}
