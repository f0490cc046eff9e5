//! `no-schema`: an object's kind is known, but not what its objects look like.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "no-schema",
    default: Verdict::Deny,
    means: "A file of `schemas/` names the kind of an object and whether it lies in a namespace, but has no schema of it.",
    matters: "Nobody looks at the object before the API does: a mistyped field is found by push, or by no one.",
    fix: "take the schema over, `homebuild schemas add crd.yaml` or `schemas pull`, or accept it: \
          `accept: {no-schema: why}`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let (Body::Tree(_), what) = (object.body, object.what) else { return };
    let kind = module.kinds.kind(what.api_version, what.kind);
    if kind.is_some_and(|kind| module.kinds.schema(kind).is_none()) {
        let message = format!("no schema says what a {} of {} looks like", what.kind, what.api_version);
        found.push(object.finding(message, Of::Key("kind", what.kind)));
    }
}
