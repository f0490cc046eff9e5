//! A step on its way: what is found out of one object.

use std::sync::Arc;

use super::object::{Id, Masks, Object};
use super::plan::Work;
use crate::cluster::Written;
use crate::diff::{Field, Subject};
use crate::problem::{Problem, Problems};
use crate::push::plan::{Action, Step, Waits};
use crate::push::stack::Stack;

/// A step on the way.
pub(super) struct Draft<'a> {
    pub stack: &'a str,
    pub object: &'a Object,
    pub fields: Vec<Field>,
    pub notes: Vec<String>,
    pub waits: Option<Waits>,
    pub problem: Option<Problem>,
    pub work: Work,
}

impl<'a> Draft<'a> {
    pub(super) fn new(stack: &'a Stack, object: &'a Object) -> Self {
        let work = Work { id: Some(object.id.clone()), object: Some(Arc::new(object.clone())), ..Work::default() };
        Self { stack: &stack.name, object, fields: Vec::new(), notes: Vec::new(), waits: None, problem: None, work }
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
