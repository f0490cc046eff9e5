//! Conditions: what a controller says of an object.

use serde_json::Value;

use super::text;

/// One entry of `status.conditions`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    name: &'a str,
    status: &'a str,
    /// Why, in one word.
    pub reason: &'a str,
    /// Why, in a sentence.
    pub message: &'a str,
    /// The generation that it was said of.
    pub observed: Option<i64>,
}

/// The condition of this name, if the object has it.
pub(super) fn condition<'a>(object: &'a Value, name: &str) -> Option<Condition<'a>> {
    let found = super::items(&object["status"]["conditions"]).find(|condition| condition["type"] == name)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    Some(Condition {
        name: text("type"),
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        observed: found["observedGeneration"].as_i64(),
    })
}

/// The condition of this name, if it is true.
pub(super) fn holds<'a>(object: &'a Value, name: &str) -> Option<Condition<'a>> {
    condition(object, name).filter(Condition::is_true)
}

impl Condition<'_> {
    pub(super) fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub(super) fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// `has Ready=False: InstallFailed "no such chart"`.
    pub(super) fn told(&self) -> String {
        text::with_reason(format!("has {}={}", self.name, self.status), self.reason, self.message)
    }
}
