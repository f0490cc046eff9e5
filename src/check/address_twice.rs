//! `address-twice`: two Services want one address.

use super::{Check, Run, Verdict};

/// Looked at across all stacks.
pub const CHECK: Check = Check {
    name: "address-twice",
    default: Verdict::Deny,
    means: "Two Services of type LoadBalancer ask for one address, and not with one `metallb.io/allow-shared-ip`.",
    matters: "The second stays without an address.",
    fix: "give one of them another address, or both the same sharing key.",
    run: Run::Across,
};
