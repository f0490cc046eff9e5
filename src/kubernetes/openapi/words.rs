//! The forms of words in objects: names, keys, ports, schedules. The facts are those of Kubernetes' own validation.

use std::ops::RangeInclusive;

use crate::kubernetes::quantity::Quantity;

/// A form that a text can have.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Whether a text has it.
    pub is: fn(&str) -> bool,
    /// What it is, after "not".
    pub words: &'static str,
}

/// One part of a host name.
pub const LABEL: Form =
    Form { is: is_label, words: "1 to 63 lower-case letters, digits and `-`, with a letter or digit at both ends" };
/// The same, beginning with a letter: what Services are called.
pub const SERVICE: Form = Form {
    is: |text| is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()),
    words: "1 to 63 lower-case letters, digits and `-`, with a letter in front and a letter or digit at the end",
};
/// Parts of a host name, joined by dots: what most objects are called.
pub const SUBDOMAIN: Form = Form {
    is: is_subdomain,
    words: "lower-case letters, digits, `-` and `.`, at most 253, with a letter or digit at both ends of each part",
};
/// The same, or nothing: a class that is none.
pub const SUBDOMAIN_OR_NONE: Form = Form { is: |text| text.is_empty() || is_subdomain(text), words: SUBDOMAIN.words };
/// What roles and their bindings are called.
pub const PATH_SEGMENT: Form = Form {
    is: |text| !matches!(text, "" | "." | "..") && !text.contains(['/', '%']),
    words: "a name without `/` and `%` that is not `.` or `..`",
};
/// What a `CronJob` is called: its Jobs' names are 11 longer.
pub const CRON_JOB: Form = Form {
    is: |text| text.len() <= 52 && is_subdomain(text),
    words: "at most 52 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
};
/// A host, or `*.` and one.
pub const HOST: Form = Form {
    is: |text| is_subdomain(text.strip_prefix("*.").unwrap_or(text)) && text.parse::<std::net::IpAddr>().is_err(),
    words: "a host's name: parts of lower-case letters, digits and `-`, joined by dots",
};
/// The name of a port.
pub const PORT_NAME: Form = Form {
    is: is_port_name,
    words: "a port's name: at most 15 lower-case letters, digits and `-`, a letter among them",
};
/// The key of a label or annotation.
pub const KEY: Form = Form {
    is: is_key,
    words: "a name of at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, \
            or a domain, `/` and such a name",
};
/// The value of a label.
pub const LABEL_VALUE: Form = Form {
    is: |text| text.is_empty() || is_name(text),
    words: "at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
};
/// The key of data: the name of a file.
pub const DATA_KEY: Form = Form {
    is: |text| {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (1..=253).contains(&text.len()) && text.chars().all(is_fit) && text != "." && !text.starts_with("..")
    },
    words: "a file's name of at most 253 letters, digits, `-`, `_` and `.`",
};
/// The name of an environment variable.
pub const ENV_NAME: Form = Form {
    is: |text| !text.is_empty() && text.chars().all(|c| matches!(c, ' '..='~') && c != '='),
    words: "a variable's name: ASCII characters without `=`",
};
/// An amount.
pub const QUANTITY: Form =
    Form { is: |text| Quantity::parse(text).is_some(), words: "a quantity, such as `100m`, `2` or `1Gi`" };
/// The name of a time zone. Which there are is known to the cluster only.
pub const TIME_ZONE: Form = Form {
    is: |text| {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
        let is_part = |part: &str| !part.is_empty() && part.chars().all(is_fit);
        text.split('/').all(is_part) && !text.eq_ignore_ascii_case("local") && text.starts_with(char::is_alphabetic)
    },
    words: "a time zone's name, such as `Europe/Sofia` or `UTC`",
};
/// When a `CronJob` runs.
pub const SCHEDULE: Form = Form {
    is: is_schedule,
    words: "a schedule: minute, hour, day of the month, month and day of the week, such as `0 4 * * 1`, or `@daily` \
            and the like",
};
/// A path in a URL.
pub const URL_PATH: Form =
    Form { is: |text| text.is_empty() || text.starts_with('/'), words: "a path that begins with `/`" };
/// Where a volume is mounted.
pub const MOUNT_PATH: Form =
    Form { is: |text| !text.is_empty() && !text.contains(':'), words: "a path in the container, without `:`" };
/// A path below a volume.
pub const SUB_PATH: Form = Form {
    is: |text| !text.starts_with('/') && text.split('/').all(|part| part != ".."),
    words: "a path below the volume: without `/` in front and without `..`",
};
/// A share of a hundred.
pub const PERCENT: Form = Form {
    is: |text| text.strip_suffix('%').is_some_and(|number| number.parse::<u32>().is_ok()),
    words: "a whole number or a share such as `25%`",
};

/// What the objects of a kind are called.
#[must_use]
pub fn name_of(group: &str, kind: &str) -> &'static Form {
    match (group, kind) {
        ("", "Service") => &SERVICE,
        ("apps", "StatefulSet") => &LABEL,
        ("batch", "CronJob") => &CRON_JOB,
        ("rbac.authorization.k8s.io", _) => &PATH_SEGMENT,
        _ => &SUBDOMAIN,
    }
}

fn is_label(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(is_fit) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(is_fit) && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= 253 && text.split('.').all(is_part)
}

fn is_name(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_end = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len()) && text.chars().all(is_fit) && text.starts_with(is_end) && text.ends_with(is_end)
}

fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_name(name),
        None => is_name(text),
    }
}

fn is_port_name(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=15).contains(&text.len())
        && text.chars().all(is_fit)
        && text.contains(|c: char| c.is_ascii_lowercase())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn is_schedule(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    if let Some(word) = text.strip_prefix('@') {
        let named = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        return named.contains(&word) || word.strip_prefix("every ").is_some_and(is_duration);
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return false };
    is_field(minute, 0..=59, &[])
        && is_field(hour, 0..=23, &[])
        && is_field(day, 1..=31, &[])
        && is_field(month, 1..=12, &MONTHS)
        && is_field(weekday, 0..=6, &DAYS)
}

/// A field of a schedule: parts joined by commas, each a number, a range or `*`, with a step or without.
fn is_field(field: &str, range: RangeInclusive<u32>, names: &[&str]) -> bool {
    let number = |text: &str| {
        let word = names.iter().zip(*range.start()..).find(|(name, _)| text.eq_ignore_ascii_case(name));
        let is_digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        word.map(|(_, number)| number)
            .or_else(|| text.parse().ok().filter(|_| is_digits))
            .filter(|number| range.contains(number))
    };
    field.split(',').all(|part| {
        let (span, step) = part.split_once('/').unwrap_or((part, "1"));
        let is_span = match span.split_once('-') {
            _ if matches!(span, "*" | "?") => true,
            Some((low, high)) => number(low).zip(number(high)).is_some_and(|(low, high)| low <= high),
            None => number(span).is_some(),
        };
        is_span && step.parse::<u32>().is_ok_and(|step| step > 0)
    })
}

/// A duration as Go writes it, `1h30m`; days and weeks too, which custom resources' `format: duration` has.
#[must_use]
pub fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h", "d", "w"].into_iter().find(|unit| {
            let begins = after.strip_prefix(unit);
            begins.is_some_and(|next| !next.starts_with(|c: char| c.is_alphabetic()))
        });
        match unit {
            Some(unit) if number.parse::<f64>().is_ok() => rest = &after[unit.len()..],
            _ => return text == "0",
        }
    }
    !text.is_empty()
}
