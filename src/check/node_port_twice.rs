//! `node-port-twice`: two Services want one port of every node.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "node-port-twice",
    default: Verdict::Deny,
    means: "Two Services ask for one `nodePort`.",
    matters: "The API server refuses the second.",
    fix: "give one of them another `nodePort`, or none.",
    run: Run::Across,
};
