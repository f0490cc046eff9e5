//! A difference for programs; the page `docs/diff.md` has its shape.

use serde_json::{Value, json};

use crate::cli::json;
use crate::diff::{Cause, Change, Difference, Edit, Effect, Field, Spot, Verb};

use super::Shown;

pub(super) fn everything(shown: &Shown) -> Value {
    let summary = &shown.summary;
    json::done(json!({
        "changed": !shown.differences.is_empty(),
        "revision": shown.revision,
        "commit": shown.commit,
        "causes": shown.causes.iter().map(cause).collect::<Vec<_>>(),
        "objects": shown.differences.iter().map(object).collect::<Vec<_>>(),
        "rewritten": shown.rewritten.iter().map(|path| format!("out/{path}")).collect::<Vec<_>>(),
        "warnings": json::problems(shown.warnings.clone()),
        "summary": {
            "stacks": summary.stacks,
            "added": summary.added,
            "changed": summary.changed,
            "removed": summary.removed,
            "risks": summary.risks,
            "restarts": summary.restarts,
            "reboots": summary.reboots,
        },
    }))
}

fn cause(cause: &Cause) -> Value {
    json!({
        "path": cause.path,
        "new": cause.is_new,
        "added": cause.lines.map(|(added, _)| added),
        "removed": cause.lines.map(|(_, removed)| removed),
    })
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Removed => "removed",
        Verb::Changed => "changed",
        Verb::Added => "added",
    }
}

fn object(difference: &Difference) -> Value {
    let subject = &difference.subject;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "change": verb(difference.verb),
        "stack": text(&subject.stack),
        "module": text(&subject.module),
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": text(&subject.name),
        "file": format!("out/{}", subject.path),
        "note": difference.note,
        "fields": difference.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

/// A field that changed.
pub(in crate::cli) fn field(field: &Field) -> Value {
    let (effect, reason) = match field.effect {
        Effect::Risk(reason) => (Some("risk"), Some(reason)),
        Effect::Restart => (Some("restart"), None),
        Effect::Reboot => (Some("reboot"), None),
        Effect::Left => (Some("left"), None),
        Effect::None => (None, None),
    };
    let mut value = json!({"path": field.path, "effect": effect, "reason": reason});
    let (kind, more) = change(&field.change);
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), more) {
        object.insert("type".to_owned(), kind.into());
        object.extend(more);
    }
    value
}

fn change(change: &Change) -> (&'static str, Value) {
    match change {
        Change::Moved(from, to) => ("moved", json!({"old": from, "new": to})),
        Change::Value(old, new) => ("value", json!({"old": old, "new": new})),
        Change::Entries(edits) => ("entries", json!({"edits": edits.iter().map(edit).collect::<Vec<_>>()})),
        Change::Order => ("order", json!({})),
        Change::Lines(edits) => ("lines", json!({"edits": edits.iter().map(edit).collect::<Vec<_>>()})),
        Change::Digest => ("digest", json!({})),
        Change::Secret(of) => ("secret", json!({"change": verb(*of)})),
    }
}

fn edit(edit: &Edit) -> Value {
    let mut value = json!({"change": verb(edit.verb), "text": edit.text});
    match &edit.place {
        None => {}
        Some(Spot::First) => value["first"] = true.into(),
        Some(Spot::After(before)) => value["after"] = before.as_str().into(),
    }
    value
}
