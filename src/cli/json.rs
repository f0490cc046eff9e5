//! What `--json` prints: one object with a `result`, as `docs/json.md` says.

use std::io::Write;

use serde_json::{Value, json};

use crate::problem::{Level, Problem, Problems};

/// Prints it.
pub(super) fn print(value: &Value) {
    let _ = writeln!(super::style::out(), "{value:#}");
}

/// What was asked for, done: the keys of an object beside its `result`.
pub(super) fn done(answer: Value) -> Value {
    let mut whole = json!({ "result": "done" });
    if let (Some(whole), Value::Object(answer)) = (whole.as_object_mut(), answer) {
        whole.extend(answer);
    }
    whole
}

/// Why nothing was done.
pub(super) fn failed(problems: Problems) -> Value {
    json!({ "result": "failed", "problems": self::problems(problems) })
}

/// Problems in their order.
pub(super) fn problems(problems: Problems) -> Value {
    problems.sorted().iter().map(problem).collect()
}

fn problem(problem: &Problem) -> Value {
    json!({
        "level": match problem.level { Level::Error => "error", Level::Warning => "warning" },
        "code": problem.code,
        "message": problem.message,
        "place": problem.place.as_ref().map(ToString::to_string),
        "label": problem.label,
        "notes": problem.notes,
        "components": problem.within.iter().map(|within| {
            json!({"component": within.component, "layout": within.layout, "place": within.place.to_string()})
        }).collect::<Vec<_>>(),
    })
}
