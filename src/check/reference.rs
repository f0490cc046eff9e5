//! `reference`: a field or annotation names an object that nobody makes.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "reference",
    default: Verdict::Deny,
    means: "An object names another one, or a port or key of it, and nobody makes it: no stack here, no chart that says so\nin `provides`, and `external` of homebuild.yaml does not have it.",
    matters: "A pod waits for ever for a ConfigMap, Secret or claim that is not there; an Ingress or a binding to nothing does\nnothing, in silence.",
    fix: "correct the name, make the object, or say that it exists: `provides: [Service/x]` of a component with a chart, `external: [Secret/ns/x]` in homebuild.yaml.",
    run: Run::Across,
};
