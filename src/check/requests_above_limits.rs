//! `requests-above-limits`: a container asks for more than it may have.

use super::resources::{RESOURCES, amount, limit, own};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "requests-above-limits",
    default: Verdict::Deny,
    means: "A container requests more of a resource than its limit, or than the limit that its tier gives it.",
    matters: "The API server refuses the pod.",
    fix: "raise the limit, or lower the request.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let tier = module.tier_of(object).map(|(_, tier)| tier);
    for container in object.containers() {
        for resource in RESOURCES {
            let request = amount(own(container, "requests"), resource);
            let limit = limit(container, tier, resource);
            let Some((request, limit)) = request.zip(limit).filter(|(r, l)| r.quantity > l.quantity) else { continue };
            let whose = if amount(own(container, "limits"), resource).is_some() { "its" } else { "its tier's" };
            let message =
                format!("the request `{resource}: {}` is beyond {whose} limit, `{}`", request.text, limit.text);
            found.push(object.finding_in(container, message, Of::Key(resource, request.text)));
        }
    }
}
