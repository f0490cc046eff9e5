//! Objects that others have or had a hand in: adoption, conflicts, and changes that the server refuses.

use serde_json::Value;

use super::body::Body;
use super::plan::{Draft, Planning};
use crate::cluster::{Refusal, Resource};
use crate::problem::{Problem, Problems};
use crate::push::plan::Action;

impl Planning<'_> {
    /// An object that is there and nobody's.
    pub(super) fn adoption(&self, draft: &mut Draft<'_>, _there: &Value) -> Result<Action, Problems> {
        if !self.allowed.adopt {
            let problem = Problem::error("adopt", format!("{} is there, and no stack's", draft.object.id.words()));
            draft.problem = Some(problem.note("to make it this stack's: `--adopt`"));
        }
        Ok(Action::Adopt)
    }

    /// Fields that belong to others.
    pub(super) fn conflict(
        &self,
        draft: &mut Draft<'_>,
        _of: &Resource,
        refusal: &Refusal,
    ) -> Result<Action, Problems> {
        Err(Problem::error("conflict", format!("{}: {}", draft.object.id.words(), refusal.message())).into())
    }

    /// A change that the server calls invalid.
    pub(super) fn invalid(
        &self,
        draft: &mut Draft<'_>,
        _of: &Resource,
        body: &Body,
        refusal: &Refusal,
    ) -> Result<Action, Problems> {
        Err(self.target.refused(draft.object, "apply", refusal, &body.masks).into())
    }
}
