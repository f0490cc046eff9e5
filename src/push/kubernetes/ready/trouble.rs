//! Why a pod is not ready, as far as the pod itself says.

use serde_json::Value;

use super::condition::condition;
use super::pod::{is_ready, is_unschedulable};
use super::{items, text};

/// What keeps a pod from being ready; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// A container cannot start, or has ended when it should not.
    Broken,
    /// No node takes it.
    Homeless,
    /// It has failed as a whole: it was evicted, or its deadline has passed.
    Failed,
    /// It runs and says that it is not ready.
    Unready,
    /// It is being made.
    Starting,
}

/// What is wrong with one pod, or with one of its containers.
#[derive(Debug, Clone)]
pub(super) struct Trouble<'a> {
    /// How bad it is.
    pub grade: Grade,
    /// Its container, if it is one's.
    pub container: Option<&'a str>,
    /// In a word: `ImagePullBackOff`.
    pub reason: &'a str,
    /// What the cluster says of it.
    pub message: &'a str,
    /// How its container ended last.
    pub ended: Option<String>,
    /// How often its container was started again.
    pub restarts: i64,
}

impl<'a> Trouble<'a> {
    /// The worst of a pod; none where it is ready, done or being deleted.
    pub(super) fn of(pod: &'a Value) -> Option<Self> {
        let status = &pod["status"];
        let is_done = status["phase"] == "Succeeded" || !pod["metadata"]["deletionTimestamp"].is_null();
        if is_done || is_ready(pod) {
            return None;
        }
        let containers = items(&status["initContainerStatuses"]).chain(items(&status["containerStatuses"]));
        let as_a_whole = Self::of_pod(pod);
        containers.filter_map(Self::of_container).chain([as_a_whole]).min_by_key(|trouble| trouble.grade)
    }

    fn of_pod(pod: &'a Value) -> Self {
        let status = &pod["status"];
        let scheduled = condition(pod, "PodScheduled");
        let (grade, reason, message) = match status["phase"].as_str() {
            Some("Failed") => {
                (Grade::Failed, status["reason"].as_str().unwrap_or("Failed"), status["message"].as_str())
            }
            Some("Running") => (Grade::Unready, "not ready", None),
            _ if is_unschedulable(pod) => {
                (Grade::Homeless, "Unschedulable", scheduled.map(|scheduled| scheduled.message))
            }
            phase => (Grade::Starting, phase.unwrap_or("Pending"), None),
        };
        let unready = |container: &&Value| grade == Grade::Unready && container["ready"] == false;
        let container = items(&status["containerStatuses"]).find(unready).unwrap_or(&Value::Null);
        Self {
            grade,
            container: container["name"].as_str(),
            reason,
            message: message.unwrap_or_default(),
            ended: ended(&container["lastState"]["terminated"]),
            restarts: restarts(container),
        }
    }

    fn of_container(status: &'a Value) -> Option<Self> {
        let (waiting, terminated) = (&status["state"]["waiting"], &status["state"]["terminated"]);
        let (grade, reason, message) = match waiting["reason"].as_str() {
            // Said of a container whose turn has not come: the pod's other containers say why.
            Some("PodInitializing") => return None,
            Some("ContainerCreating") => (Grade::Starting, "ContainerCreating", ""),
            // Its message says only that it is so.
            Some("CrashLoopBackOff") => (Grade::Broken, "CrashLoopBackOff", ""),
            Some(reason) => (Grade::Broken, reason, waiting["message"].as_str().unwrap_or_default()),
            None if terminated["exitCode"].as_i64().is_some_and(|code| code != 0) => (Grade::Broken, "ended", ""),
            None => return None,
        };
        let last = if terminated.is_null() { &status["lastState"]["terminated"] } else { terminated };
        Some(Self {
            grade,
            container: status["name"].as_str(),
            reason,
            message,
            ended: ended(last),
            restarts: restarts(status),
        })
    }

    /// What became of its container so far: `exit code 1`, `3 restarts`.
    pub(super) fn history(&self) -> Vec<String> {
        let restarts = (self.restarts > 0).then(|| text::counted(self.restarts, "restart"));
        self.ended.clone().into_iter().chain(restarts).collect()
    }

    /// Whether its container has run, so that it has a log.
    pub(super) fn has_log(&self) -> bool {
        self.ended.is_some() || self.grade == Grade::Unready
    }
}

/// How a container ended: `exit code 1`, `OOMKilled, exit code 137`. What it wrote last stays unsaid: it may be a secret.
fn ended(terminated: &Value) -> Option<String> {
    let code = terminated["exitCode"].as_i64()?;
    match terminated["reason"].as_str().filter(|reason| !["Error", "Completed"].contains(reason)) {
        Some(reason) => Some(format!("{reason}, exit code {code}")),
        None => Some(format!("exit code {code}")),
    }
}

fn restarts(container: &Value) -> i64 {
    container["restartCount"].as_i64().unwrap_or_default()
}
