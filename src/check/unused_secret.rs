//! `unused-secret`: a secret that nothing of the site names.

use super::{Check, Run, Verdict};

/// It is looked at across all stacks, because any of them may name a secret.
pub const CHECK: Check = Check {
    name: "unused-secret",
    default: Verdict::Warn,
    means: "A secret of the SOPS files is named by no stack and no target: no reference in `out/` leads to it.",
    matters: "It is a password or key that still opens something and that nobody looks after; or what should use it has a \
              typing\nerror.",
    fix: "take it out of the file, `homebuild secrets edit`, and where it came from; what is kept for people is accepted in \
          homebuild.yaml:\n`accept: {unused-secret: what it is for}`.",
    run: Run::Across,
};
