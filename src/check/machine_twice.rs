//! `machine-twice`: two machines have one number or address.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "machine-twice",
    default: Verdict::Deny,
    means: "Two machines of Proxmox have the same number, MAC address or IP address.",
    matters: "Push would take one for the other; two machines with one address reach nobody.",
    fix: "give one of them another.",
    run: Run::Across,
};
