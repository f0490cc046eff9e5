//! A pod that stands by itself.

use std::time::Duration;

use serde_json::Value;

use super::condition::{condition, holds};
use super::{LONG_PATIENCE, Status, items, text};

/// How long a pod may be without a node before it is said to have failed.
const SCHEDULING: Duration = Duration::from_secs(15);

/// How far a pod has come.
pub(super) fn status(pod: &Value, waited: Duration) -> Status {
    match pod["status"]["phase"].as_str() {
        Some("Succeeded") => Status::CURRENT,
        Some("Failed") => {
            let reason = pod["status"]["reason"].as_str().unwrap_or_default();
            Status::failed(text::with_reason("has failed".to_owned(), reason, ""))
        }
        Some("Running") => running(pod),
        Some("Pending") if is_unschedulable(pod) && waited < SCHEDULING => Status::in_progress("has no node yet"),
        Some("Pending") if is_unschedulable(pod) => {
            Status::Failed { why: "fits on no node".to_owned(), patience: LONG_PATIENCE }
        }
        Some(phase) => Status::in_progress(format!("is in phase {phase}")),
        None => Status::in_progress("has not been seen by the scheduler"),
    }
}

fn running(pod: &Value) -> Status {
    if is_ready(pod) {
        return Status::CURRENT;
    }
    let crashing = |container: &&Value| container["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let containers = items(&pod["status"]["containerStatuses"]).filter(crashing);
    let names: Vec<&str> = containers.filter_map(|container| container["name"].as_str()).collect();
    if names.is_empty() {
        return Status::in_progress("runs and is not ready");
    }
    Status::Failed { why: format!("crashes again and again: container {}", names.join(", ")), patience: LONG_PATIENCE }
}

/// Whether a pod takes requests.
pub(super) fn is_ready(pod: &Value) -> bool {
    holds(pod, "Ready").is_some()
}

/// Whether the scheduler has found no node for a pod.
pub(super) fn is_unschedulable(pod: &Value) -> bool {
    condition(pod, "PodScheduled").is_some_and(|said| said.is_false() && said.reason == "Unschedulable")
}
