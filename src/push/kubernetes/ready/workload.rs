//! Objects that make pods.

use serde_json::Value;

use super::condition::{condition, holds};
use super::{Status, text};

/// The deadline by which Kubernetes writes that there is none.
const NEVER: i64 = i32::MAX as i64;

/// How far a Deployment has come.
pub(super) fn deployment(object: &Value) -> Status {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    if object["spec"]["paused"] == true {
        return Status::noted("is paused: its pods stay as they are");
    }
    let progressing = condition(object, "Progressing");
    let deadline = object["spec"]["progressDeadlineSeconds"].as_i64().unwrap_or(NEVER);
    if progressing.is_some_and(|progressing| progressing.reason == "ProgressDeadlineExceeded") {
        return Status::failed(format!("has made no progress for {deadline} s"));
    }
    let rolled_out = progressing.is_some_and(|said| said.is_true() && said.reason == "NewReplicaSetAvailable");
    let available = holds(object, "Available").is_some();
    let (wanted, made, updated) = (replicas(object), count(object, "replicas"), count(object, "updatedReplicas"));
    lacks(made, wanted, "made")
        .or_else(|| lacks(updated, wanted, "updated"))
        .or_else(|| leftover(made, wanted))
        .or_else(|| lacks(count(object, "availableReplicas"), updated, "available"))
        .or_else(|| lacks(count(object, "readyReplicas"), wanted, "ready"))
        .or_else(|| (!rolled_out && deadline != NEVER).then(|| Status::in_progress("is not rolled out")))
        .or_else(|| (!available).then(|| Status::in_progress("is not available")))
        .unwrap_or(Status::CURRENT)
}

/// How far a `StatefulSet` has come.
pub(super) fn stateful_set(object: &Value) -> Status {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    let strategy = &object["spec"]["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return Status::noted("updates a pod only when it is deleted: `updateStrategy: OnDelete`");
    }
    let (wanted, made) = (replicas(object), count(object, "replicas"));
    let revision = |key| object["status"][key].as_str();
    let updated = || match strategy["rollingUpdate"]["partition"].as_i64() {
        Some(partition) => lacks(count(object, "updatedReplicas"), wanted - partition, "updated"),
        None => lacks(count(object, "currentReplicas"), wanted, "updated").or_else(|| {
            let differ = revision("currentRevision") != revision("updateRevision");
            differ.then(|| Status::in_progress("is still at its previous revision"))
        }),
    };
    lacks(made, wanted, "made")
        .or_else(|| lacks(count(object, "readyReplicas"), wanted, "ready"))
        .or_else(|| leftover(made, wanted))
        .or_else(updated)
        .unwrap_or(Status::CURRENT)
}

/// How far a `DaemonSet` has come.
pub(super) fn daemon_set(object: &Value) -> Status {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    let Some(wanted) = object["status"]["desiredNumberScheduled"].as_i64() else {
        return Status::in_progress("does not know yet on how many nodes it runs");
    };
    lacks(count(object, "currentNumberScheduled"), wanted, "made")
        .or_else(|| lacks(count(object, "updatedNumberScheduled"), wanted, "updated"))
        .or_else(|| lacks(count(object, "numberAvailable"), wanted, "available"))
        .or_else(|| lacks(count(object, "numberReady"), wanted, "ready"))
        .unwrap_or(Status::CURRENT)
}

/// How far a `ReplicaSet` has come.
pub(super) fn replica_set(object: &Value) -> Status {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    if let Some(failure) = holds(object, "ReplicaFailure") {
        return Status::in_progress(failure.told());
    }
    let wanted = replicas(object);
    lacks(count(object, "fullyLabeledReplicas"), wanted, "labelled")
        .or_else(|| lacks(count(object, "availableReplicas"), wanted, "available"))
        .or_else(|| lacks(count(object, "readyReplicas"), wanted, "ready"))
        .or_else(|| leftover(count(object, "replicas"), wanted))
        .unwrap_or(Status::CURRENT)
}

/// How far a Job has come.
pub(super) fn job(object: &Value) -> Status {
    if holds(object, "Complete").is_some() {
        return Status::CURRENT;
    }
    if let Some(failed) = holds(object, "Failed") {
        return Status::failed(text::with_reason("has failed".to_owned(), failed.reason, failed.message));
    }
    if holds(object, "Suspended").is_some() && object["spec"]["suspend"] == true {
        return Status::noted("is suspended");
    }
    let parallelism = object["spec"]["parallelism"].as_i64().unwrap_or(1);
    let wanted = object["spec"]["completions"].as_i64().unwrap_or(parallelism);
    Status::in_progress(format!("{} of {wanted} done", count(object, "succeeded")))
}

/// A workload that its controller has not seen at all: nothing of its status is about this object.
fn unseen(object: &Value) -> Option<Status> {
    let unseen = object["metadata"]["generation"].is_null() || object["status"]["observedGeneration"].is_null();
    unseen.then(|| Status::in_progress("has not been seen by its controller"))
}

fn replicas(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn count(object: &Value, key: &str) -> i64 {
    object["status"][key].as_i64().unwrap_or_default()
}

fn lacks(number: i64, wanted: i64, what: &str) -> Option<Status> {
    (number < wanted).then(|| Status::in_progress(format!("{number} of {wanted} {what}")))
}

fn leftover(made: i64, wanted: i64) -> Option<Status> {
    let too_many = || format!("has {} too many", text::counted(made - wanted, "pod"));
    (made > wanted).then(|| Status::in_progress(too_many()))
}
