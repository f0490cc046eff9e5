//! `undeclared-dependency`: a stack needs another one and does not say so.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "undeclared-dependency",
    default: Verdict::Warn,
    means: "A stack names an object of another one that it does not depend on, not even through others.",
    matters: "Push makes stacks in the order of their dependencies: on an empty cluster this one may come first and fail.",
    fix: "say `depends_on: [other]`, or, where it needs the other only at run time, `accept: {undeclared-dependency: why}`.",
    run: Run::Across,
};
