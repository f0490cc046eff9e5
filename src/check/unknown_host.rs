//! `unknown-host`: a text names a Service that is not there.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "unknown-host",
    default: Verdict::Deny,
    means: "A text names a Service as `NAME.NS.svc` or `NAME.NS:PORT`, or an environment variable one of its own namespace as\n`NAME:PORT`, and there is no such Service, or it has not that port. `NAME.NS:PORT` counts where NS is a namespace.",
    matters: "The program that reads it finds no host and fails, or waits, when it is first needed.",
    fix: "correct the name or port, or say that it exists: `provides: [Service/x]` of a component with a chart, `external: [host.ns:80]` in homebuild.yaml.",
    run: Run::Across,
};
