//! `schema`: an object is not as the API says that its kind is.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};
use crate::kubernetes::openapi::shape::Shape;
use crate::kubernetes::openapi::walk::{What, mistakes};
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "schema",
    default: Verdict::Deny,
    means: "A field that the kind does not have, one that is missing, a value of another type, or one that cannot be: a \
            word\nthat is none of the choices, a quantity, port, schedule, label or name of the wrong form, two entries \
            of a list\nwith the same key. Kinds are as `schemas/` has them, for the site's version of Kubernetes. The \
            values of a Helm\nrelease are held against `schemas/charts/<chart>.json`, where there is one.",
    matters: "The API refuses the object, or drops what it does not know without a word, and push stops half-way.",
    fix: "write it as the API has it; an old schema is renewed by `homebuild schemas`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let (Body::Tree(tree), what) = (object.body, object.what) else { return };
    let kinds = module.kinds;
    let schema = kinds.kind(what.api_version, what.kind).and_then(|kind| kinds.schema(kind));
    hold(object, module, schema, What::Object(what.api_version, what.kind), tree, found);
    let chart = object.at(&["spec", "chart", "spec", "chart"]).filter(|_| what.kind == "HelmRelease");
    if let (Some(chart), Some(values)) = (chart.and_then(Node::as_str), object.at(&["spec", "values"])) {
        hold(object, module, kinds.values_of(chart), What::Values(chart), values, found);
    }
}

/// Holds a tree of an object against its schema, if there is one.
fn hold<'a>(
    object: &Object<'a>,
    module: &Module<'a>,
    schema: Option<Result<&'a Shape, &'a str>>,
    what: What<'a>,
    tree: &'a Node,
    found: &mut Vec<Finding<'a>>,
) {
    match schema {
        None => {}
        Some(Ok(shape)) => found.extend(mistakes(module.kinds, shape, what, tree).into_iter().map(|mistake| {
            let of = match mistake.text {
                None => Of::Field(mistake.key),
                // a secret that is written in plain is not shown either
                Some(text) if object.what.is("", "Secret") => Of::Hidden(text),
                Some(text) => Of::Scalar(mistake.key, text),
            };
            object.finding(mistake.message, of)
        })),
        Some(Err(why)) => {
            found.push(object.finding(format!("the schema of {what} cannot be read: {why}"), Of::Nothing));
        }
    }
}
