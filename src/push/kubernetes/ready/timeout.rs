//! How long push waits for a module.

use std::time::Duration;

use serde_json::Value;

use super::is;
use crate::kubernetes::duration;
use crate::problem::Problem;

/// How long where nothing else is said.
const USUAL: Duration = Duration::from_mins(5);

/// What is added to the deadline that a Deployment has set itself.
const AFTER_DEADLINE: Duration = Duration::from_secs(30);

/// The seconds by which Kubernetes writes that there is no deadline.
const NEVER: u64 = i32::MAX as u64;

/// How long push waits for a module: as its `stack.lock` says, else five minutes, or what the slowest of its Deployments
/// asks for. The objects are those that are sent: the deadline that the API server fills in is nobody's wish.
pub fn of_module<'a>(said: Option<&str>, sent: impl IntoIterator<Item = &'a Value>) -> Result<Duration, Problem> {
    match said {
        Some(said) => duration::timeout(said),
        None => Ok(sent.into_iter().filter_map(deadline).fold(USUAL, Duration::max)),
    }
}

fn deadline(object: &Value) -> Option<Duration> {
    let seconds = object["spec"]["progressDeadlineSeconds"].as_u64()?;
    let has_one = is(object, "apps", "Deployment") && seconds < NEVER;
    has_one.then(|| Duration::from_secs(seconds) + AFTER_DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(said: Option<&str>, deadlines: &[u64]) -> u64 {
        let deployment = |seconds: &u64| json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"progressDeadlineSeconds": seconds}});
        let mut sent: Vec<Value> = deadlines.iter().map(deployment).collect();
        sent.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}));
        of_module(said, &sent).unwrap().as_secs()
    }

    #[test]
    fn a_module_is_waited_for_five_minutes_or_as_long_as_its_slowest_deployment_asks() {
        assert_eq!(of(None, &[]), 300);
        assert_eq!(of(None, &[60, 200]), 300);
        assert_eq!(of(None, &[600, 900]), 930);
        assert_eq!(of(None, &[NEVER]), 300);
    }

    #[test]
    fn what_stack_lock_says_stands_whatever_the_deployments_ask_for() {
        assert_eq!(of(Some("90s"), &[600]), 90);
    }

    #[test]
    fn only_the_deadline_of_a_deployment_counts() {
        let other =
            json!({"apiVersion": "example.org/v1", "kind": "Deployment", "spec": {"progressDeadlineSeconds": 900}});
        assert_eq!(of_module(None, [&other]).unwrap(), USUAL);
    }
}
