//! `host-twice`: two Ingresses want one host and path.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "host-twice",
    default: Verdict::Deny,
    means: "Two Ingresses of one class have the same host and path.",
    matters: "Which of them answers is chance, and changes.",
    fix: "give one of them another host or path.",
    run: Run::Across,
};
