//! An apply that was not forced, and what others own that it would change.

use serde_json::Value;

use super::super::fields::Path;
use super::{Tool, Who};

/// A field that somebody else owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field manager that owns it.
    pub manager: String,
    /// What it was written through, if not through the object: `scale`.
    pub subresource: Option<String>,
    /// The API version in which it was written, if it was not applied.
    pub version: Option<String>,
    /// The field.
    pub path: Path,
}

/// What is done about a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The field is left to its owner: it is taken out of what is applied.
    Yield,
    /// The fields of an earlier tool are taken over.
    TakeOver(Tool),
    /// It is set back by force, and shown: somebody changed it by hand, or the object says that it may be forced.
    SetBack,
    /// Nothing is applied: another tool keeps the object.
    Kept(Tool),
    /// Nothing is applied: a program of the cluster would change it again.
    Blocked,
}

/// What decides about the conflicts of an object.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'a> {
    /// The tools whose fields are taken over.
    pub tools: &'a [Tool],
    /// Whether an autoscaler sets the object's replicas.
    pub is_scaled: bool,
    /// The paths below which the object says that it may be forced (`homebuild.dev/force-fields`).
    pub forced: &'a [&'a str],
}

/// The conflicts of a refusal, with the help of the object that was sent; none where it was refused for another reason.
#[must_use]
pub fn conflicts(status: &Value, sent: &Value) -> Vec<Conflict> {
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    let causes = causes.filter(|cause| cause["reason"] == "FieldManagerConflict");
    causes.filter_map(|cause| read(cause["message"].as_str()?, cause["field"].as_str()?, sent)).collect()
}

/// Reads `conflict with "M" with subresource "scale" using apps/v1 at 2026-11-26T16:00:00Z`, of which only the first
/// part is always there.
fn read(message: &str, field: &str, sent: &Value) -> Option<Conflict> {
    let rest = message.strip_prefix("conflict with ")?;
    let (manager, rest) = quoted(rest)?;
    let subresource = rest.strip_prefix(" with subresource ").and_then(quoted);
    let rest = subresource.as_ref().map_or(rest, |(_, rest)| rest);
    let version = rest.strip_prefix(" using ").and_then(|rest| rest.split([' ', ':']).next());
    Some(Conflict {
        manager,
        subresource: subresource.map(|(subresource, _)| subresource),
        version: version.map(str::to_owned),
        path: Path::read(field, sent)?,
    })
}

/// A text in quotes at the beginning, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut texts = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let first = texts.next()?.ok()?;
    Some((first, &text[texts.byte_offset()..]))
}

impl Conflict {
    /// What is done about it.
    #[must_use]
    pub fn answer(&self, rules: Rules<'_>) -> Answer {
        let path = self.path.to_string();
        let is_below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let is_scaled = self.subresource.as_deref() == Some("scale") || rules.is_scaled && path == "spec.replicas";
        match Who::of(&self.manager) {
            _ if rules.forced.iter().any(|prefix| is_below(prefix)) => Answer::SetBack,
            _ if is_scaled => Answer::Yield,
            Who::Tool(tool) if rules.tools.contains(&tool) => Answer::TakeOver(tool),
            // homebuild's own fields never conflict; what kubectl wrote since was a hand's work
            Who::Human | Who::Homebuild | Who::Tool(Tool::Kubectl) => Answer::SetBack,
            Who::Tool(tool) => Answer::Kept(tool),
            Who::Controller => Answer::Blocked,
        }
    }

    /// What is wrong, and what to do about it, where nothing is applied because of it.
    #[must_use]
    pub fn words(&self, answer: Answer) -> Option<(String, String)> {
        let Self { manager, path, .. } = self;
        match answer {
            Answer::Yield | Answer::TakeOver(_) | Answer::SetBack => None,
            Answer::Kept(tool) => Some((
                format!("`{path}` belongs to {}: field manager `{manager}`", tool.name()),
                format!("`--adopt-from {}` takes the object over", tool.name()),
            )),
            Answer::Blocked => Some((
                format!("`{path}` belongs to `{manager}`, which would set it again"),
                "remove it from the manifest, or list it in `homebuild.dev/force-fields`".to_owned(),
            )),
        }
    }
}
