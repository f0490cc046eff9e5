//! What is sent of an object.

use serde_json::Value;

use super::fields::Path;
use super::filled::Filled;
use super::object::{self, Masks, Object};
use super::plan::Work;
use super::{Kubernetes, look, owners};
use crate::cluster::{Apply, Refusal, Resource, Written};
use crate::problem::{Place, Problem, Problems};

/// The annotation with the paths that are set when the object is made and then left to their owner.
const LEAVE: &str = "homebuild.dev/leave";

/// The body of an object, and what must not be shown of it.
pub struct Body {
    /// It, with its marks.
    pub value: Filled,
    /// Its secrets.
    pub masks: Masks,
}

impl Kubernetes<'_> {
    /// The body of an object for one that is there (`live`, whole or as far as it is known) or is to be made.
    pub(super) fn body(
        &self,
        object: &Object,
        stack: &str,
        live: Option<&Value>,
        work: &Work,
    ) -> Result<Body, Problems> {
        let (mut value, masks) = object.filled(self.fill, work.is_old)?;
        object::mark(&mut value, &object.id, stack);
        let left = left(object, live.unwrap_or(&value))?;
        if let Some(live) = live {
            for path in left {
                path.set(&mut value, path.get(live));
            }
            if let Some(uid) = live["metadata"]["uid"].as_str() {
                value["metadata"]["uid"] = uid.into();
            }
        }
        if let Some(live) = live.filter(|_| work.settles) {
            *value = owners::settled(std::mem::take(&mut *value), live);
        }
        for path in &work.yields {
            path.remove(&mut value);
        }
        Ok(Body { value, masks })
    }

    /// Applies a body.
    pub(super) fn send(
        &self,
        of: &Resource,
        object: &Object,
        body: &Value,
        force: bool,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let how = Apply { manager: owners::MANAGER, force, dry_run };
        self.cluster.apply(of, object::place(of, &object.id), &object.id.name, body, how)
    }

    /// What is wrong with an object's apply, for a reader and without its secrets.
    pub(super) fn refused(&self, object: &Object, what: &str, refusal: &Refusal, masks: &Masks) -> Problem {
        let problem = look::refused(&self.cluster, &format!("cannot {what} {}", object.id.words()), refusal);
        let is_secret = object.id.group.is_empty() && object.id.kind == "Secret";
        let message = masks.hide(&problem.message);
        let message = if is_secret { unquoted(&message) } else { message };
        let notes = problem.notes.iter().map(|note| masks.hide(note)).collect();
        Problem { message, notes, ..problem }.at(&Place::file(&object.file.source))
    }
}

/// A message without the values that it quotes: `Invalid value: "..."`.
fn unquoted(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some((before, value)) = rest.split_once("Invalid value: ") {
        out.push_str(before);
        out.push_str("Invalid value: (secret)");
        let end = value.find("\": ").map(|at| at + 1).or_else(|| value.find("}: ").map(|at| at + 1));
        rest = end.map_or("", |end| &value[end..]);
    }
    out + rest
}

/// The paths that are left to their owner, as a live object has them.
pub(super) fn left(object: &Object, live: &Value) -> Result<Vec<Path>, Problem> {
    let read = |path: String| {
        Path::read(&path, live).ok_or_else(|| {
            Problem::error("leave", format!("`{path}` is no path of a field, in `{LEAVE}` of {}", object.id.words()))
                .at(&Place::file(&object.file.source))
                .note("it is written as `spec.template.spec.containers[name=web].image`")
        })
    };
    object.paths(LEAVE).into_iter().map(read).collect()
}

/// Whether push must look at the whole live object before it can say what it sends.
#[must_use]
pub fn needs_live(object: &Object) -> bool {
    object.annotation(LEAVE).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_secret_quotes_nothing() {
        let said = "Secret \"a\" is invalid: data: Invalid value: \"aHVudGVyMg==\": no, type: Invalid value: \"x\": no";
        let hidden = unquoted(said);
        assert!(!hidden.contains("aHVudGVyMg"), "{hidden}");
        assert!(hidden.ends_with(": no"), "{hidden}");
    }
}
