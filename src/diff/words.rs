//! Differences in words, on one line each.

use std::collections::BTreeMap;

use super::{Change, Edit, Effect, Spot, Subject, Verb};

/// Objects of a group that are named before the rest is only counted.
const NAMED: usize = 6;
/// Characters of one value that are shown.
const WIDTH: usize = 72;

/// A text that stands on one line and moves no cursor: what is no plain character is escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    let is_odd = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escape = |c: char| if is_odd(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// A text of no more than so many characters.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// Where the objects of a group are: `ntfy`, `platform/traefik`, `61 stacks`.
#[must_use]
pub fn place(subjects: &[Subject]) -> String {
    let mut stacks: Vec<&str> = subjects.iter().map(|subject| subject.stack.as_str()).collect();
    stacks.dedup();
    let module = subjects.first().map_or("", |subject| &subject.module);
    let one_module = subjects.iter().all(|subject| subject.module == module);
    match stacks[..] {
        [""] => "site".to_owned(),
        [stack] if one_module && !module.is_empty() && module != stack => plain(&format!("{stack}/{module}")),
        [stack] => plain(stack),
        _ => format!("{} stacks", stacks.len()),
    }
}

/// What the objects of a group are: `Deployment ntfy`, `95 Ingresses`, `Service a, b; ConfigMap c`.
#[must_use]
pub fn objects(subjects: &[Subject]) -> String {
    if let [subject] = subjects {
        return object(subject);
    }
    let mut kinds: BTreeMap<&str, Vec<&Subject>> = BTreeMap::new();
    for subject in subjects {
        kinds.entry(&subject.kind).or_default().push(subject);
    }
    let whole = kinds.contains_key("stack.lock") && kinds.len() > 1;
    let many = subjects.iter().any(|subject| subject.stack != subjects[0].stack);
    let of_kind = |(kind, subjects): (&&str, &Vec<&Subject>)| match subjects[..] {
        _ if many && subjects.len() > 1 => format!("{} {}", subjects.len(), plural(&said(kind))),
        [subject] => object(subject),
        _ => {
            let names: Vec<String> = subjects.iter().take(NAMED).map(|subject| plain(&subject.name)).collect();
            let more = subjects.len() - names.len();
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("{} {}{more}", said(kind), names.join(", "))
        }
    };
    let told = kinds.iter().filter(|(kind, _)| !whole || **kind != "stack.lock").map(of_kind);
    let told = told.collect::<Vec<_>>().join("; ");
    if whole { format!("the whole stack: {told}") } else { told }
}

fn object(subject: &Subject) -> String {
    let namespace =
        subject.namespace.as_deref().filter(|namespace| ![&*subject.stack, &*subject.module].contains(namespace));
    let name = match namespace {
        Some(namespace) => format!("{namespace}/{}", subject.name),
        None => subject.name.clone(),
    };
    plain(format!("{} {name}", said(&subject.kind)).trim_end())
}

fn said(kind: &str) -> String {
    match kind {
        "ProxmoxVM" => "VM".to_owned(),
        "ProxmoxTemplate" => "VM template".to_owned(),
        _ => plain(kind),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        _ if kind.ends_with("ss") || kind.ends_with('x') => format!("{kind}es"),
        _ if kind.ends_with('y') && !kind.ends_with("way") => format!("{}ies", &kind[..kind.len() - 1]),
        _ if kind.ends_with('s') || kind.contains('.') => kind.to_owned(),
        _ => format!("{kind}s"),
    }
}

/// A value by itself.
#[must_use]
pub fn value(text: &str) -> String {
    cut(&plain(text), WIDTH)
}

/// How a value changed.
#[must_use]
pub fn change(change: &Change) -> String {
    match change {
        Change::Moved(from, to) => format!("moved from {} to {}", plain(from), plain(to)),
        Change::Value(None, None) => "(changed)".to_owned(),
        Change::Value(Some(old), Some(new)) => {
            let (old, new) = both(&plain(old), &plain(new));
            format!("{old} -> {new}")
        }
        Change::Value(Some(old), None) => format!("- {}", value(old)),
        Change::Value(None, Some(new)) => format!("+ {}", value(new)),
        Change::Entries(edits) => edits.iter().map(edit).collect::<Vec<_>>().join(", "),
        Change::Order => "(in another order)".to_owned(),
        Change::Lines(edits) => {
            let of = |verb| edits.iter().filter(|edit| edit.verb == verb).count();
            format!("(lines: +{} -{})", of(Verb::Added), of(Verb::Removed))
        }
        Change::Digest => "(follows its configuration)".to_owned(),
        Change::Secret(Verb::Added) => "(secret, added)".to_owned(),
        Change::Secret(Verb::Removed) => "(secret, removed)".to_owned(),
        Change::Secret(Verb::Changed) => "(secret, changed)".to_owned(),
    }
}

/// An entry or a line that went or came.
#[must_use]
pub fn edit(edit: &Edit) -> String {
    let sign = if edit.verb == Verb::Removed { '-' } else { '+' };
    let text = value(&edit.text);
    match &edit.place {
        None => format!("{sign} {text}"),
        Some(Spot::First) => format!("{sign} {text} (first)"),
        Some(Spot::After(before)) => format!("{sign} {text} (after {})", value(before)),
    }
}

/// Two values, cut so that what differs in them is seen.
fn both(old: &str, new: &str) -> (String, String) {
    const BESIDE: usize = 12;
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let is_long = old.chars().count().max(new.chars().count()) > WIDTH;
    let skipped = if is_long { same.saturating_sub(BESIDE) } else { 0 };
    let from = |text: &str| {
        let rest: String = text.chars().skip(skipped).collect();
        format!("{}{}", if skipped > 0 { "..." } else { "" }, cut(&rest, WIDTH))
    };
    (from(old), from(new))
}

/// What follows from a change of a field, if anything needs to be said.
#[must_use]
pub fn effect(effect: Effect) -> Option<&'static str> {
    match effect {
        Effect::Risk(reason) => Some(reason),
        Effect::Reboot => Some("at the next reboot"),
        Effect::Left => Some("left to its owner, once the object is there"),
        Effect::Restart | Effect::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_plural() {
        let plurals = ["Ingress", "NetworkPolicy", "Gateway", "Service", "Endpoints"].map(plural);
        assert_eq!(plurals, ["Ingresses", "NetworkPolicies", "Gateways", "Services", "Endpoints"]);
    }

    #[test]
    fn long_values_are_cut_where_they_begin_to_differ() {
        let long = "x".repeat(100);
        let shown = change(&Change::Value(Some(format!("{long}a")), Some(format!("{long}b"))));
        assert_eq!(shown, "...xxxxxxxxxxxxa -> ...xxxxxxxxxxxxb");
    }

    #[test]
    fn nothing_that_is_shown_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2J\n\u{202e}ü"), "a\\u{1b}[2J\\n\\u{202e}ü");
    }
}
