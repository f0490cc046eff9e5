//! Objects of kinds without a rule of their own: by the conditions that controllers commonly set.

use std::time::Duration;

use serde_json::Value;

use super::condition::{Condition, condition};
use super::{Beside, Status, is};

/// Conditions that say together whether an object works, where it has no `Ready`.
const READY_LIKE: [&str; 5] = ["Available", "Healthy", "Reconciled", "Accepted", "Programmed"];

/// How long the controller of a changed object may take to say its first word.
const SILENCE: Duration = Duration::from_secs(10);

/// How far an object has come by its conditions; one that has none is ready.
pub(super) fn status(object: &Value, changed: bool, beside: &Beside, waited: Duration) -> Status {
    let said: Vec<Condition> = match condition(object, "Ready") {
        Some(ready) => vec![ready],
        None => READY_LIKE.iter().filter_map(|name| condition(object, name)).collect(),
    };
    if said.is_empty() {
        return silent(object, changed, beside, waited);
    }
    let lacking = said.iter().find_map(|condition| lacks(object, condition));
    let programmed = !is(object, "gateway.networking.k8s.io", "Gateway") || condition(object, "Programmed").is_some();
    match lacking {
        Some(why) => Status::InProgress { why },
        None if programmed => Status::CURRENT,
        None => Status::in_progress("is accepted and not programmed yet"),
    }
}

/// Why a condition does not hold yet.
fn lacks(object: &Value, condition: &Condition) -> Option<String> {
    let generation = object["metadata"]["generation"].as_i64();
    if condition.observed.is_some_and(|observed| generation > Some(observed)) {
        return Some("has conditions from before its last change".to_owned());
    }
    (!condition.is_true()).then(|| condition.told())
}

/// An object that says nothing of itself. Where its kind could, it is given some seconds to.
fn silent(object: &Value, changed: bool, beside: &Beside, waited: Duration) -> Status {
    let observed = !object["status"]["observedGeneration"].is_null();
    if observed || !changed || !beside.expects_conditions(object) {
        return Status::CURRENT;
    }
    if waited < SILENCE {
        return Status::in_progress("has no word from its controller yet");
    }
    Status::noted(format!("has no word from its controller after {} s", SILENCE.as_secs()))
}
