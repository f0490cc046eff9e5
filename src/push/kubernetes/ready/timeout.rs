//! How long push waits for a module.

use std::time::Duration;

use serde_json::Value;

use super::is;
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
        Some(said) => parse(said),
        None => Ok(sent.into_iter().filter_map(deadline).fold(USUAL, Duration::max)),
    }
}

fn deadline(object: &Value) -> Option<Duration> {
    let seconds = object["spec"]["progressDeadlineSeconds"].as_u64()?;
    let has_one = is(object, "apps", "Deployment") && seconds < NEVER;
    has_one.then(|| Duration::from_secs(seconds) + AFTER_DEADLINE)
}

/// Reads a length of time: `90s`, `10m`, `1h30m`.
pub fn parse(text: &str) -> Result<Duration, Problem> {
    let wrong = || {
        Problem::error("timeout", format!("`{text}` is no length of time"))
            .note("write it in hours, minutes and seconds: `90s`, `10m`, `1h30m`")
    };
    seconds(text).filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(wrong)
}

fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    for (unit, length) in [('h', 3600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| digits)?;
        total = number.checked_mul(length)?.checked_add(total)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

/// A length of time for people: `14s`, `5m0s`, `1h30m0s`.
#[must_use]
pub fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
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

    #[test]
    fn lengths_of_time_are_read_as_go_writes_them() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("6000s", 6000), ("1h30m", 5400), ("1h0m5s", 3605)] {
            assert_eq!(parse(text).unwrap().as_secs(), seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_told() {
        for text in ["", "5", "m", "5x", "-5m", "+5m", "1.5h", "5m5m", "30s1h", "5 m", "0s", "99999999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
        insta::assert_snapshot!(parse("soon").unwrap_err(), @r"
        error[timeout]: `soon` is no length of time
           = write it in hours, minutes and seconds: `90s`, `10m`, `1h30m`
        ");
    }

    #[test]
    fn lengths_of_time_are_shown_with_their_smaller_units() {
        let shown = |seconds| shown(Duration::from_secs(seconds));
        assert_eq!([shown(14), shown(300), shown(5400)], ["14s", "5m0s", "1h30m0s"]);
    }
}
