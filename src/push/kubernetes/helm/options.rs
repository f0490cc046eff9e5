//! What a `HelmRelease` says of how to install and upgrade, and what of it a run of helm cannot do.

use std::time::Duration;

use serde_json::Value;

use crate::kubernetes::duration;

/// What Flux waits where nothing is said.
const TIMEOUT: Duration = Duration::from_mins(5);

/// How one of both, an installation or an upgrade, is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// How long one step of it may take: until the objects are ready, or a hook is through.
    pub timeout: Duration,
    /// Whether helm undoes it when it fails.
    pub atomic: bool,
    /// Whether helm waits until the objects are ready.
    pub wait: bool,
    /// Whether an object that cannot be changed is made again.
    pub force: bool,
    /// Further flags, the same in every version of helm.
    pub flags: Vec<&'static str>,
}

/// What is not honoured, by its path. It is gathered, so that all of it is told at once.
#[derive(Debug, Default)]
pub(super) struct Refused(pub Vec<String>);

impl Refused {
    /// Takes note of the keys of a map that are not known, unless they say what is so anyway: nothing, `false`.
    pub fn others(&mut self, at: &str, map: &Value, known: &[&str]) {
        let said = map.as_object().into_iter().flatten().filter(|(_, value)| !is_nothing(value));
        self.0.extend(said.filter(|(key, _)| !known.contains(&key.as_str())).map(|(key, _)| format!("{at}.{key}")));
    }

    /// Takes note of a key whose value is not among those that can be done.
    pub fn value(&mut self, at: &str, map: &Value, key: &str, can: &[&str]) {
        let value = &map[key];
        let is_fine = is_nothing(value) || value.as_str().is_some_and(|value| can.contains(&value));
        self.note(!is_fine, || format!("{at}.{key}: {}", value.as_str().unwrap_or("(not a text)")));
    }

    /// Takes note of something if it is so.
    pub fn note(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if is_so {
            self.0.push(what());
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
        _ => false,
    }
}

/// What both have, and the flag of helm that does it.
const FLAGS: [(&str, &str); 5] = [
    ("disableHooks", "--no-hooks"),
    ("disableOpenAPIValidation", "--disable-openapi-validation"),
    ("disableSchemaValidation", "--skip-schema-validation"),
    ("createNamespace", "--create-namespace"),
    ("cleanupOnFail", "--cleanup-on-fail"),
];

/// Keys of both that are read here, and `disableTakeOwnership`, which is so: ownership is taken where push is told to.
const BOTH: [&str; 9] = [
    "timeout",
    "remediation",
    "disableWait",
    "disableWaitForJobs",
    "disableHooks",
    "disableOpenAPIValidation",
    "disableSchemaValidation",
    "disableTakeOwnership",
    "crds",
];

/// `spec.install`.
pub(super) fn install(spec: &Value, refused: &mut Refused) -> Options {
    let (at, map) = ("spec.install", &spec["install"]);
    refused.others(at, map, &[&BOTH[..], &["createNamespace", "skipCRDs"]].concat());
    // what a chart has in its folder `crds` is made if it is not there, never changed: so is helm
    refused.value(at, map, "crds", &["Create", "Skip"]);
    let mut options = options(at, spec, map, refused);
    if map["crds"] == "Skip" || is_set(map, "skipCRDs") {
        options.flags.push("--skip-crds");
    }
    options
}

/// `spec.upgrade`.
pub(super) fn upgrade(spec: &Value, refused: &mut Refused) -> Options {
    let (at, map) = ("spec.upgrade", &spec["upgrade"]);
    refused.others(at, map, &[&BOTH[..], &["force", "cleanupOnFail", "chartNameChangeStrategy"]].concat());
    refused.value(at, map, "crds", &["Skip"]);
    refused.value(at, map, "chartNameChangeStrategy", &["InPlaceUpdate"]);
    refused.value(&format!("{at}.remediation"), &map["remediation"], "strategy", &["rollback"]);
    options(at, spec, map, refused)
}

fn options(at: &str, spec: &Value, map: &Value, refused: &mut Refused) -> Options {
    let remediation = &map["remediation"];
    let below = format!("{at}.remediation");
    refused.others(&below, remediation, &["retries", "remediateLastFailure", "ignoreTestFailures", "strategy"]);
    let retries = remediation["retries"].as_i64().unwrap_or_default();
    refused.note(retries != 0, || format!("{below}.retries: {retries}"));
    let atomic = is_set(remediation, "remediateLastFailure");
    let wait = !is_set(map, "disableWait");
    refused.note(atomic && !wait, || format!("{at}.disableWait beside {below}.remediateLastFailure"));
    let mut flags: Vec<_> = FLAGS.iter().filter(|(key, _)| is_set(map, key)).map(|(_, flag)| *flag).collect();
    if wait && !is_set(map, "disableWaitForJobs") {
        flags.push("--wait-for-jobs");
    }
    let timeout = timeout(at, map, refused).or_else(|| timeout("spec", spec, refused)).unwrap_or(TIMEOUT);
    Options { timeout, atomic, wait, force: is_set(map, "force"), flags }
}

fn is_set(map: &Value, key: &str) -> bool {
    map[key].as_bool().unwrap_or_default()
}

fn timeout(at: &str, map: &Value, refused: &mut Refused) -> Option<Duration> {
    let text = map["timeout"].as_str()?;
    let timeout = duration::parse(text);
    refused.note(timeout.is_none(), || format!("{at}.timeout: {text}"));
    timeout
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_homelab_says_is_done() {
        let spec = json!({"timeout": "600s", "upgrade": {"remediation": {"remediateLastFailure": true}}});
        let mut refused = Refused::default();
        let (install, upgrade) = (install(&spec, &mut refused), upgrade(&spec, &mut refused));
        assert_eq!((install.timeout.as_secs(), install.atomic, install.wait), (600, false, true));
        assert_eq!((upgrade.atomic, upgrade.flags.as_slice()), (true, &["--wait-for-jobs"][..]));
        assert!(refused.0.is_empty(), "{refused:?}");
    }

    #[test]
    fn what_helm_cannot_do_is_named_and_what_is_so_anyway_is_not() {
        let spec = json!({
            "install": {"replace": true, "serverSideApply": false, "crds": "CreateReplace", "remediation": {"retries": 3}},
            "upgrade": {"preserveValues": true, "crds": "Skip", "disableWait": true,
                        "remediation": {"remediateLastFailure": true, "strategy": "uninstall"}},
        });
        let mut refused = Refused::default();
        install(&spec, &mut refused);
        upgrade(&spec, &mut refused);
        assert_eq!(
            refused.0,
            [
                "spec.install.replace",
                "spec.install.crds: CreateReplace",
                "spec.install.remediation.retries: 3",
                "spec.upgrade.preserveValues",
                "spec.upgrade.remediation.strategy: uninstall",
                "spec.upgrade.disableWait beside spec.upgrade.remediation.remediateLastFailure",
            ]
        );
    }
}
