//! `schema`: an object is not as the API says that its kind is.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};
use crate::kubernetes::openapi::walk::{What, mistakes};

pub(super) const CHECK: Check = Check {
    name: "schema",
    default: Verdict::Deny,
    means: "A field that the kind does not have, one that is missing, a value of another type, or one that cannot be: \
            a word\nthat is none of the choices, a quantity, port, schedule, label or name of the wrong form, two entries \
            of a list\nwith the same key. Kinds are as `schemas/` has them, for the site's version of Kubernetes.",
    matters: "The API refuses the object, or drops what it does not know without a word, and push stops half-way.",
    fix: "write it as the API has it; an old schema is renewed by `homebuild schemas`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let (Body::Tree(tree), what) = (object.body, object.what) else { return };
    let Some(schema) = module.kinds.kind(what.api_version, what.kind).and_then(|kind| module.kinds.schema(kind)) else {
        return;
    };
    let what = What { api_version: what.api_version, kind: what.kind };
    match schema {
        Ok(shape) => {
            for mistake in mistakes(module.kinds, shape, what, tree) {
                let of = mistake.text.map_or(Of::Field(mistake.key), |text| Of::Scalar(mistake.key, text));
                found.push(object.finding(mistake.message, of));
            }
        }
        Err(why) => {
            let message = format!("the schema of {what} cannot be read: {why}");
            found.push(object.finding(message, Of::Nothing));
        }
    }
}
