//! Plans and pushes for programs; `docs/json.md` has their shape.

use serde_json::{Value, json};

use super::site::Site;
use super::text;
use crate::cli::diff::json::field;
use crate::cli::json as cli_json;
use crate::diff::Field;
use crate::problem::Problems;
use crate::push::engine::{End, Plan, Pushed};
use crate::push::plan::{Action, Planned, Step, Waits};
use crate::push::record::{Outcome, Release};

pub(super) fn plan<W>(plan: &Plan<W>, site: &Site, refused: &Problems) -> Value {
    let all = |action| plan.stacks.iter().map(|planned| planned.count(action)).sum::<usize>();
    let summary: serde_json::Map<String, Value> =
        Action::ALL.iter().map(|action| (action.word().to_owned(), all(*action).into())).collect();
    json!({
        "changed": super::plan::has_changes(plan),
        "target": target(plan),
        "commit": site.commit,
        "assumed": site.elsewhere,
        "stacks": plan.stacks.iter().map(|planned| stack(planned, site)).collect::<Vec<_>>(),
        "summary": summary,
        "pods_restarted": {"all": text::restarts(plan), "adopted": text::restarted(plan, Action::Adopt)},
        "refused": cli_json::problems(refused.clone()),
    })
}

fn target<W>(plan: &Plan<W>) -> Value {
    json!({"name": plan.name.target, "address": plan.name.address, "uid": plan.name.identity})
}

fn stack<W>(planned: &Planned<W>, site: &Site) -> Value {
    let of = site.stacks.iter().find(|stack| stack.name == planned.stack);
    let shown = planned.steps.iter().filter(|step| step.action != Action::Unchanged || step.problem.is_some());
    json!({
        "stack": planned.stack,
        "version": of.map(|stack| &stack.version),
        "unchanged": planned.count(Action::Unchanged),
        "steps": shown.map(step).collect::<Vec<_>>(),
    })
}

pub(super) fn step<W>(step: &Step<W>) -> Value {
    let waits = step.waits.as_ref().map(|waits| match waits {
        Waits::Here(what) => json!({"for": what, "stack": null}),
        Waits::Stack(stack, what) => json!({"for": what, "stack": stack}),
    });
    json!({
        "action": step.action.word(),
        "object": step.id,
        "module": step.subject.module,
        "kind": step.subject.kind,
        "namespace": step.subject.namespace,
        "name": step.subject.name,
        "fields": step.fields.iter().map(|field| with_by(field, step)).collect::<Vec<_>>(),
        "restarts": step.restarts,
        "notes": step.notes,
        "waits": waits,
        "problem": step.problem.as_ref().map(|problem| cli_json::problems(problem.clone().into())[0].clone()),
    })
}

/// A field, and who changed it.
fn with_by<W>(of: &Field, step: &Step<W>) -> Value {
    let mut value = field(of);
    let by = step.by(&of.path);
    value["by"] = by.map_or(Value::Null, |by| json!({"manager": by.who, "at": by.at, "likely": by.is_likely}));
    value
}

/// A release of a record.
pub(super) fn release(release: &Release) -> Value {
    json!({
        "number": release.number,
        "version": release.version,
        "commit": release.commit,
        "by": release.by,
        "at": release.at,
        "result": word(release.result),
        "counts": release.counts,
        "why": release.why,
    })
}

/// How a release ended, in a word.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Begun => "begun",
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::WentBack => "went-back",
        Outcome::Destroyed => "destroyed",
    }
}

pub(super) fn pushed<W>(plan: &Plan<W>, results: &[Pushed], site: &Site) -> Value {
    let stacks: Vec<Value> = results.iter().map(|result| one(result, site)).collect();
    json!({"target": target(plan), "commit": site.commit, "stacks": stacks})
}

fn one(result: &Pushed, site: &Site) -> Value {
    let counts: serde_json::Map<String, Value> =
        result.counts.iter().map(|(action, count)| (action.word().to_owned(), (*count).into())).collect();
    let (end, skipped) = match &result.end {
        End::Nothing => ("nothing", None),
        End::Done => ("done", None),
        End::Failed => ("failed", None),
        End::WentBack => ("went-back", None),
        End::Stopped => ("stopped", None),
        End::Skipped(stack) => ("skipped", Some(stack)),
    };
    json!({
        "stack": result.stack,
        "version": site.stacks.iter().find(|stack| stack.name == result.stack).map(|stack| &stack.version),
        "end": end,
        "because_of": skipped,
        "release": result.release,
        "counts": counts,
        "notes": result.notes,
        "problems": cli_json::problems(result.problems.clone()),
    })
}
