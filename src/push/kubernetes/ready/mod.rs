//! Whether an object is ready, and why it is not yet.
//!
//! [`status`] turns an object, as a server has just given it, into a [`Status`]. The rules are kstatus', by which Flux,
//! kpt and Helm wait too, with our changes; `table.yaml` has a row for each rule and marks each change. [`reason`] says
//! for people what an object waits for, and [`timeout`] how long. Nothing here asks a server or knows the time.

mod beside;
mod condition;
mod custom;
mod event;
mod kind;
mod pod;
pub mod reason;
mod text;
pub mod timeout;
mod trouble;
mod workload;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

pub use beside::Beside;
use condition::holds;

/// The annotation by which an author says that push does not wait for an object: `none`.
const WAIT: &str = "homebuild.dev/wait";

/// How long an object stays failed before it is believed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same for what often mends itself: a pod without a node, or one that crashes until what it needs is there.
const LONG_PATIENCE: Duration = Duration::from_mins(1);

/// How far an object has come. What it says of the object is said behind its name: `1 of 3 ready`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is as it was sent, or nobody waits for it.
    Current {
        /// Why it counts as ready although it is not.
        note: Option<String>,
    },
    /// It is on its way.
    InProgress {
        /// What it lacks.
        why: String,
    },
    /// It has failed, if it stays so.
    Failed {
        /// What became of it.
        why: String,
        /// How long it must stay so.
        patience: Duration,
    },
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
}

impl Status {
    const CURRENT: Self = Self::Current { note: None };

    fn noted(note: impl Into<String>) -> Self {
        Self::Current { note: Some(note.into()) }
    }

    fn in_progress(why: impl Into<String>) -> Self {
        Self::InProgress { why: why.into() }
    }

    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), patience: PATIENCE }
    }

    /// Whether there is nothing left to wait for.
    #[must_use]
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Current { .. })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current { note: None } => "is ready",
            Self::Current { note: Some(said) } | Self::InProgress { why: said } | Self::Failed { why: said, .. } => {
                said
            }
            Self::Terminating => "is being deleted",
            Self::NotFound => "is not there",
        })
    }
}

/// What the server answered when this push changed an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    resource_version: String,
    generation: i64,
}

impl Applied {
    /// Reads it from the object that was answered.
    #[must_use]
    pub fn of(answer: &Value) -> Self {
        let metadata = &answer["metadata"];
        Self {
            resource_version: metadata["resourceVersion"].as_str().unwrap_or_default().to_owned(),
            generation: metadata["generation"].as_i64().unwrap_or_default(),
        }
    }

    /// Whether an object was read before this.
    fn is_newer_than(&self, object: &Value) -> bool {
        let read = Self::of(object);
        let versions = number(&read.resource_version).zip(number(&self.resource_version));
        versions.is_some_and(|(read, applied)| read < applied) || read.generation < self.generation
    }
}

/// What orders versions that are numbers, however long.
fn number(version: &str) -> Option<(usize, &str)> {
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((version.len(), version))
}

/// How far an object has come, `waited` after this push began to wait for it. `applied` is what its apply answered,
/// where this push changed it.
#[must_use]
pub fn status(object: &Value, applied: Option<&Applied>, beside: &Beside, waited: Duration) -> Status {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Status::Terminating;
    }
    if object["metadata"]["annotations"][WAIT] == "none" {
        return Status::noted(format!("is not waited for: `{WAIT}: none`"));
    }
    if applied.is_some_and(|applied| applied.is_newer_than(object)) {
        return Status::in_progress("was read before it was changed");
    }
    unobserved(object)
        .or_else(|| reconciling(object))
        .or_else(|| kind::status(object, beside, waited))
        .unwrap_or_else(|| custom::status(object, applied.is_some(), beside, waited))
}

/// What it means that an object of this push is not there (any more): the object as it was sent, and what was known of
/// it before.
#[must_use]
pub fn gone(sent: &Value, before: Option<&Status>) -> Status {
    let cleans_up = is(sent, "batch", "Job") && sent["spec"]["ttlSecondsAfterFinished"].is_u64();
    match before {
        Some(failed @ Status::Failed { .. }) if cleans_up => failed.clone(),
        _ if cleans_up => Status::noted("is done and has been cleaned up"),
        _ => Status::NotFound,
    }
}

/// An object whose controller has not seen its last change.
fn unobserved(object: &Value) -> Option<Status> {
    let generation = object["metadata"]["generation"].as_i64()?;
    let observed = object["status"]["observedGeneration"].as_i64()?;
    let why = || match observed {
        // as definitions have it for objects that no controller has seen
        ..0 => "has no word from its controller yet".to_owned(),
        _ => format!("is of generation {generation}, and its controller has seen {observed}"),
    };
    (generation != observed).then(|| Status::in_progress(why()))
}

/// An object that speaks kstatus' own words.
fn reconciling(object: &Value) -> Option<Status> {
    let reconciling = holds(object, "Reconciling").map(|condition| Status::in_progress(condition.told()));
    reconciling.or_else(|| holds(object, "Stalled").map(|condition| Status::failed(condition.told())))
}

/// The API group and kind of an object.
fn group_kind(object: &Value) -> (&str, &str) {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    (group, object["kind"].as_str().unwrap_or_default())
}

fn is(object: &Value, group: &str, kind: &str) -> bool {
    group_kind(object) == (group, kind)
}

/// The items of a list; none where there is no list.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
