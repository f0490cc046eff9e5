//! `no-tier-label`: the namespace of a module with a tier does not say it.

use super::subject::text;
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "no-tier-label",
    default: Verdict::Deny,
    means: "A module has a tier, and its Namespace has no label `tier`, or that of another tier.",
    matters: "Policies find a namespace by this label: without it the tier's quota, defaults and priority are not there.",
    fix: "let the layout `namespace` give it, `tier: {{ module.tier }}`, or take the module's tier away: `tier: false`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let Some((tier, _)) = module.tier else { return };
    let is_it = object.what.kind == "Namespace" && Some(object.what.name) == module.namespace;
    let label = object.at(&["metadata", "labels", "tier"]).and_then(text);
    if is_it && label != Some(tier) {
        let is = label.map_or_else(|| "no label `tier`".to_owned(), |label| format!("`tier: {label}`"));
        let message = format!("a Namespace has {is}, and its module's tier is `{tier}`");
        found.push(object.finding(message, label.map_or(Of::Nothing, |label| Of::Key("tier", label))));
    }
}
