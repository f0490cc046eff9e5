//! What a check means, in the texts of its file.

use std::fmt::Write as _;

use super::{Check, Verdict, unknown};
use crate::problem::Problem;

const INTRODUCTION: &str = "\
# Checks

What `homebuild build` holds documents to. A check has a level, `allow`, `warn` or `deny`; another one than the default
stands in `checks:` of `homebuild.yaml`, of a stack or of a module. A single case is accepted where it is meant, in a
component, module or stack, with a reason: `accept: {host-network: it answers broadcasts}`. An acceptance that nothing
needs is a warning. `homebuild build --warnings deny` makes warnings errors.

This page is what `homebuild build --explain all` prints.
";

/// What a check means, why it matters, and how to fix or accept it.
pub fn explain(name: &str) -> Result<String, Problem> {
    let check = Check::named(name).ok_or_else(|| {
        let names: Vec<&str> = Check::ALL.iter().map(|check| check.name).collect();
        unknown(name).note(format!("the checks: {}", names.join(", ")))
    })?;
    Ok(section(check))
}

/// The page of all checks.
#[must_use]
pub fn page() -> String {
    Check::ALL.iter().fold(INTRODUCTION.to_owned(), |mut page, check| {
        let _ = write!(page, "\n## {}", section(check));
        page
    })
}

fn section(check: &Check) -> String {
    let level = match check.default {
        Verdict::Allow => "allow",
        Verdict::Warn => "warn",
        Verdict::Deny => "deny",
    };
    let Check { name, means, matters, fix, .. } = check;
    format!("{name} ({level})\n\n{means}\n\nWhy: {matters}\n\nTo do: {fix}\n")
}
