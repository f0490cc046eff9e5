//! Who changed an object since it was applied, as far as its managed fields tell.
//!
//! Who sets a field owns it then. Who takes one away leaves no trace of it: homebuild owns it no more, and nobody else
//! does. But the time of homebuild's own entry stays that of its last change, so whoever wrote after it, and is a person
//! or a tool, may have been it.

use std::cmp::Reverse;

use serde_json::Value;

use super::Who;
use super::takeover::Entry;
use crate::push::plan::By;

/// Who changed which of these fields of an object, each as a reader sees its path. `may_guess`: they were all applied as
/// they are wanted, so that one which belongs to nobody was taken away.
#[must_use]
pub fn authors<'a>(live: &Value, paths: impl Iterator<Item = &'a str>, may_guess: bool) -> Vec<By> {
    let entries = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut entries: Vec<Entry<'_>> = entries.filter_map(Entry::read).collect();
    entries.sort_by_key(|entry| Reverse(time(entry)));
    let (own, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.who == Who::Homebuild);
    let likely = likely(&own, &others).filter(|_| may_guess);
    let by = |path: &str| match others.iter().find(|entry| owns(entry, path)) {
        Some(entry) => Some(by(entry, path, false)),
        None if own.iter().any(|entry| owns(entry, path)) => None,
        None => likely.map(|entry| by(entry, path, true)),
    };
    paths.filter_map(by).collect()
}

/// The only person or tool that wrote the object after homebuild did.
fn likely<'e, 'a>(own: &[Entry<'a>], others: &'e [Entry<'a>]) -> Option<&'e Entry<'a>> {
    let applied = own.iter().filter_map(time).max()?;
    let is_whole = |entry: &&Entry<'_>| entry.json["subresource"].as_str().is_none_or(str::is_empty);
    let is_hand = |entry: &&Entry<'_>| matches!(entry.who, Who::Human | Who::Tool(_));
    let mut since = others.iter().filter(is_whole).filter(is_hand).filter(|entry| time(entry) > Some(applied));
    let first = since.next()?;
    since.all(|entry| entry.json["manager"] == first.json["manager"]).then_some(first)
}

fn time<'a>(entry: &Entry<'a>) -> Option<&'a str> {
    entry.json["time"].as_str()
}

fn by(entry: &Entry<'_>, path: &str, is_likely: bool) -> By {
    By {
        path: path.to_owned(),
        who: entry.json["manager"].as_str().unwrap_or_default().to_owned(),
        at: time(entry).map(str::to_owned),
        is_likely,
    }
}

/// Whether a field is somebody's: itself, something in it, or the whole that it is in.
fn owns(entry: &Entry<'_>, path: &str) -> bool {
    entry.fields.paths().iter().any(|owned| {
        let text = owned.to_string();
        is_in(&text, path) || entry.fields.ends_at(owned) && is_in(path, &text)
    })
}

fn is_in(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, time: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "time": time, "fieldsV1": fields})
    }

    fn told(entries: &[Value], path: &str) -> Option<String> {
        let live = json!({"metadata": {"managedFields": entries}});
        authors(&live, [path].into_iter(), true).first().map(By::name)
    }

    #[test]
    fn who_owns_a_field_changed_it() {
        let image = json!({"f:spec": {"f:containers": {r#"k:{"name":"web"}"#: {"f:image": {}}}}});
        let entries = [
            entry("homebuild", "Apply", "2026-11-26T20:00:00Z", &json!({"f:spec": {"f:replicas": {}}})),
            entry("k9s", "Update", "2026-11-26T20:05:00Z", &image),
        ];
        assert_eq!(told(&entries, "spec.containers[web].image").as_deref(), Some("k9s at 2026-11-26T20:05:00Z"));
        assert_eq!(told(&entries, "spec.replicas"), None, "it is homebuild's own: out/ changed, or a secret did");
    }

    #[test]
    fn who_took_a_field_away_is_only_likely_and_only_where_nobody_else_can_be_meant() {
        let own = entry("homebuild", "Apply", "2026-11-26T20:00:00Z", &json!({"f:data": {"f:a": {}}}));
        let wrote = |manager: &str, time: &str| entry(manager, "Update", time, &json!({"f:data": {"f:z": {}}}));
        let hand = wrote("kubectl-edit", "2026-11-26T20:05:00Z");
        let likely = Some("probably kubectl-edit at 2026-11-26T20:05:00Z".to_owned());
        assert_eq!(told(&[own.clone(), hand.clone()], "data.b"), likely);
        let operator = wrote("some-operator", "2026-11-26T20:06:00Z");
        assert_eq!(told(&[own.clone(), hand.clone(), operator.clone()], "data.b"), likely);
        assert_eq!(told(&[own.clone(), operator], "data.b"), None);
        let earlier = wrote("kubectl-edit", "2026-11-26T19:00:00Z");
        assert_eq!(told(&[own.clone(), earlier], "data.b"), None);
        let other = wrote("k9s", "2026-11-26T20:06:00Z");
        assert_eq!(told(&[own, hand, other], "data.b"), None);
    }

    #[test]
    fn a_part_of_what_is_owned_as_a_whole_is_its_owners_and_a_parent_is_not() {
        let fields = json!({"f:spec": {"f:selector": {}}, "f:metadata": {"f:labels": {".": {}, "f:a": {}}}});
        let entries = [entry("k9s", "Update", "2026-11-26T20:05:00Z", &fields)];
        assert!(told(&entries, "spec.selector.app").is_some());
        assert_eq!(told(&entries, "metadata.labels.b"), None);
    }
}
