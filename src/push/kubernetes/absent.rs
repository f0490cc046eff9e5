//! Objects whose kind or namespace the cluster does not have: they wait for what brings it, or nothing does.

use super::draft::Draft;
use super::look;
use super::object::Id;
use super::plan::{Planning, place};
use crate::problem::{Problem, Problems};
use crate::push::plan::{Action, Waits};

impl Planning<'_> {
    /// Whether a namespace is there, as far as it is known. A server waits before it says that one is not.
    pub(super) fn has_namespace(&self, name: &str) -> bool {
        let there = self.namespaces.get_or_init(|| look::namespaces(&self.target.cluster));
        name.is_empty() || there.as_ref().is_none_or(|there| there.contains(name))
    }

    /// An object whose kind the server does not have: something of the site brings it, or nothing does.
    pub(super) fn unserved(&self, draft: &mut Draft<'_>) -> Result<Action, Problems> {
        let object = draft.object;
        let served = self.target.cluster.served();
        let is_stale = served.is_stale(&object.id.group);
        let was_there =
            self.record(draft.stack).is_some_and(|record| record.members.contains_key(&object.id.to_string()));
        if let Some((stack, what)) = self.brought.get(&object.id.group).filter(|_| !(is_stale && was_there)) {
            draft.waits = Some(self.wait_for(draft.stack, stack, what));
            return Ok(Action::Create);
        }
        let kind = format!("{}/{}", object.api_version, object.id.kind);
        let problem = Problem::error("unknown-kind", format!("the server has no kind {kind}")).at(&place(object));
        Err(match served.preferred(&object.id.group, &object.id.kind) {
            Some(other) => problem.note(format!("it has it as {}", other.api_version)),
            None if is_stale => {
                problem.note("the APIService that serves its group does not answer: `kubectl get apiservices`")
            }
            None => problem.note("no stack makes its definition, and no chart says that it does (`provides:`)"),
        }
        .into())
    }

    /// An object whose namespace is not there.
    pub(super) fn homeless(&self, draft: &mut Draft<'_>) -> Result<Action, Problems> {
        let name = &draft.object.id.namespace;
        let namespace =
            Id { group: String::new(), kind: "Namespace".into(), namespace: String::new(), name: name.clone() };
        match self.wanted.get(&namespace) {
            Some(stack) => {
                draft.waits = Some(self.wait_for(draft.stack, stack, &namespace.words()));
                Ok(Action::Create)
            }
            None => Err(Problem::error("no-namespace", format!("there is no namespace `{name}`"))
                .at(&place(draft.object))
                .note("no stack makes it, and the cluster does not have it")
                .into()),
        }
    }

    /// What an object of a stack waits for: of the same stack or an earlier one it will be there in time.
    fn wait_for(&self, of: &str, stack: &str, what: &str) -> Waits {
        let at = |name: &str| self.order.get(name).copied().unwrap_or(0);
        match stack == of {
            true => Waits::Here(what.to_owned()),
            false if at(stack) < at(of) => Waits::Here(format!("{what} of stack {stack}")),
            false => Waits::Stack(stack.to_owned(), what.to_owned()),
        }
    }
}
