//! Lengths of time as Go writes them, and Kubernetes with it: `90s`, `1h30m`, `1.5h`.

use std::time::Duration;

use crate::problem::Problem;

/// Units and the seconds that each stands for.
const UNITS: [(&str, f64); 4] = [("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];

/// A length of time; none where the text is none, or no time at all.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (_, seconds) = UNITS.iter().find(|(unit, _)| *unit == &rest[..end])?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[end..];
    }
    (!total.is_zero()).then_some(total)
}

/// How long something may take, as `timeout` says it.
pub fn timeout(text: &str) -> Result<Duration, Problem> {
    parse(text).ok_or_else(|| {
        Problem::error("timeout", format!("`{text}` is no length of time"))
            .note("write it in hours, minutes and seconds: `90s`, `10m`, `1h30m`")
    })
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

    #[test]
    fn a_length_of_time_is_read_as_go_writes_it() {
        let all = [("90s", 90_000), ("10m", 600_000), ("1h0m5s", 3_605_000), ("1.5h", 5_400_000), ("30s1h", 3_630_000)];
        for (text, milliseconds) in all.into_iter().chain([("1h1m1s1ms", 3_661_001)]) {
            assert_eq!(parse(text).unwrap().as_millis(), milliseconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_none() {
        let wrong = ["", "5", "m", "5x", "5d", "-5m", "+5m", "1..2s", "5 m", "0s", "90", "99999999999999999999h"];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
        let sum = "5000000000000000h".repeat(2);
        assert_eq!(parse(&sum), None);
    }

    #[test]
    fn a_timeout_that_is_none_is_told() {
        insta::assert_snapshot!(timeout("soon").unwrap_err(), @r"
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
