//! A step on its way: what is found out of one object.

use std::sync::Arc;

use serde_json::Value;

use super::object::{Id, Masks, Object};
use super::plan::Work;
use crate::cluster::Written;
use crate::diff::{Effect, Field, Subject};
use crate::problem::{Problem, Problems};
use crate::push::plan::{Action, By, Step, Waits};
use crate::push::stack::Stack;

/// A step on the way.
pub(super) struct Draft<'a> {
    pub stack: &'a str,
    pub object: &'a Object,
    pub fields: Vec<Field>,
    pub by: Vec<By>,
    pub restarts: usize,
    pub notes: Vec<String>,
    pub waits: Option<Waits>,
    pub problem: Option<Problem>,
    pub work: Work,
}

impl<'a> Draft<'a> {
    pub(super) fn new(stack: &'a Stack, object: &'a Object) -> Self {
        let work = Work { id: Some(object.id.clone()), object: Some(Arc::new(object.clone())), ..Work::default() };
        let (fields, by, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { stack: &stack.name, object, fields, by, restarts: 0, notes, waits: None, problem: None, work }
    }

    /// The step of what was found out, or of what is wrong.
    pub(super) fn end(mut self, judged: Result<Action, Problems>) -> Step<Work> {
        match judged {
            Ok(action) => self.step(action),
            Err(problems) => {
                let mut problems = problems.into_iter();
                self.problem = problems.next();
                self.notes.extend(problems.map(|problem| problem.message));
                self.step(Action::Blocked)
            }
        }
    }

    /// Keeps what the server warns of, without the secrets of the object.
    pub(super) fn warn(&mut self, written: &Written, masks: &Masks) {
        let warnings = written.warnings.iter().map(|header| masks.hide(&warning(header)));
        self.notes.extend(warnings.map(|text| format!("the server warns: {text}")));
    }

    /// Counts the pods that are started anew, as the object is made again or their template changes; of an adoption it
    /// is said why, as nobody asked for it.
    pub(super) fn restart(&mut self, there: &Value, action: Action) {
        let causes = self.fields.iter().filter(|field| field.effect == Effect::Restart);
        let causes: Vec<&str> = causes.map(|field| field.path.as_str()).collect();
        if self.restarts > 0 || causes.is_empty() && action != Action::Replace {
            return;
        }
        let status = &there["status"];
        let pods = status["replicas"].as_u64().or_else(|| status["currentNumberScheduled"].as_u64()).unwrap_or(0);
        self.restarts = usize::try_from(pods).unwrap_or(usize::MAX);
        let why = if action == Action::Adopt { format!(", as it changes {}", some(&causes)) } else { String::new() };
        if pods > 0 {
            self.notes.push(format!("restarts {pods} pod{}{why}", if pods == 1 { "" } else { "s" }));
        }
    }

    pub(super) fn subject(&self) -> Subject {
        subject(self.stack, &self.object.module, &self.object.id, &self.object.file.source.path)
    }

    /// The step that it is.
    pub(super) fn step(self, action: Action) -> Step<Work> {
        Step {
            id: self.object.id.to_string(),
            subject: self.subject(),
            action,
            fields: self.fields,
            by: self.by,
            restarts: self.restarts,
            notes: self.notes,
            waits: self.waits,
            digest: Some(self.object.file.digest.clone()),
            seen: self
                .work
                .live
                .as_ref()
                .filter(|_| action == Action::Unchanged)
                .map(|live| (live.uid.clone(), live.version.clone())),
            problem: self.problem,
            work: self.work,
        }
    }
}

/// The first of some names, and how many more there are.
fn some(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

/// An object for a reader; `path` is that of its file, or nothing.
pub(super) fn subject(stack: &str, module: &str, id: &Id, path: &str) -> Subject {
    Subject {
        stack: stack.to_owned(),
        module: module.to_owned(),
        kind: id.kind.clone(),
        namespace: id.namespace().map(str::to_owned),
        name: id.name.clone(),
        path: path.strip_prefix("out/").unwrap_or(path).to_owned(),
    }
}

/// `299 - "text"` without what stands around the text.
pub(super) fn warning(header: &str) -> String {
    let text = header.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map_or(header, |(text, _)| text);
    text.replace("\\\"", "\"")
}
