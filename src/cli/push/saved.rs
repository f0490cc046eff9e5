//! A plan in a file: what was reviewed is what is applied, or nothing is.

use std::path::Path;

use serde_json::{Value, json};

use super::{json as as_json, site::Site};
use crate::disk;
use crate::out;
use crate::problem::{Problem, Problems};
use crate::push::engine::Plan;

/// What must be the same when it is applied: the cluster, the stacks' versions and records, and every step.
pub(super) fn of<W>(plan: &Plan<W>, site: &Site) -> Value {
    let stacks: Vec<Value> = plan
        .stacks
        .iter()
        .map(|planned| {
            let version = site.stacks.iter().find(|stack| stack.name == planned.stack).map(|stack| &stack.version);
            let record = plan.records.get(&planned.stack).and_then(|kept| kept.version.as_deref());
            let changes = planned.steps.iter().filter(|step| step.action.is_change() || step.problem.is_some());
            let steps: Vec<Value> = changes.map(as_json::step).collect();
            json!({"stack": planned.stack, "version": version, "record": record, "steps": steps})
        })
        .collect();
    json!({"homebuild_plan": 1, "cluster": plan.name.identity, "address": plan.name.address, "stacks": stacks})
}

pub(super) fn write(path: &Path, plan: &Value) -> Result<(), Problem> {
    out::put_file(path, &format!("{plan:#}\n"))
}

/// Reads the plan of a file, and the stacks that it has.
pub(super) fn read(path: &Path) -> Result<Value, Problems> {
    let wrong = |what: &str| Problem::error("plan", format!("`{}` {what}", path.display()));
    let texts = disk::texts(path, &[".json"])?;
    let text = texts.first().ok_or_else(|| wrong("is no plan"))?;
    let plan: Value = serde_json::from_str(&text.text).map_err(|error| wrong(&format!("is no JSON: {error}")))?;
    if plan["homebuild_plan"] != 1 {
        return Err(wrong("is no plan of this version: `homebuild plan --save FILE` writes one").into());
    }
    Ok(plan)
}

/// The stacks of a plan.
pub(super) fn stacks(plan: &Value) -> Vec<String> {
    let stacks = plan["stacks"].as_array().into_iter().flatten();
    stacks.filter_map(|stack| stack["stack"].as_str().map(str::to_owned)).collect()
}

/// Holds a new plan to the one that was reviewed.
pub(super) fn compare(reviewed: &Value, now: &Value) -> Result<(), Problems> {
    if reviewed["cluster"] != now["cluster"] {
        return Err(Problem::error("moved", "the plan is for another cluster").into());
    }
    let of = |plan: &Value, name: &str| {
        let mut stacks = plan["stacks"].as_array().into_iter().flatten();
        stacks.find(|stack| stack["stack"] == *name).cloned().unwrap_or_default()
    };
    let mut problems = Problems::new();
    for name in stacks(reviewed) {
        let (old, new) = (of(reviewed, &name), of(now, &name));
        let what = if old["version"] != new["version"] {
            "out/ has another version of it"
        } else if old["record"] != new["record"] {
            "it was pushed since"
        } else if old["steps"] != new["steps"] {
            "objects changed in the cluster"
        } else {
            continue;
        };
        problems.push(
            Problem::error("moved", format!("stack `{name}` is not as it was when the plan was made: {what}"))
                .note("plan again, and look at what is different"),
        );
    }
    problems.or(())
}
