//! `limits-above-tier`: a container may have more than its tier lets any have.

use super::resources::{RESOURCES, amount, own};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "limits-above-tier",
    default: Verdict::Deny,
    means: "The limit of a container is beyond the `max` of its module's tier.",
    matters: "The tier's LimitRange has that maximum: the API server refuses the pod.",
    fix: "lower the limit, or give the module a higher tier.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let Some((name, tier)) = module.tier_of(object) else { return };
    for container in object.containers() {
        for resource in RESOURCES {
            let limit = amount(own(container, "limits"), resource);
            let max = amount(tier.get("max"), resource);
            let Some((limit, max)) = limit.zip(max).filter(|(l, m)| l.quantity > m.quantity) else { continue };
            let message =
                format!("the limit `{resource}: {}` is beyond that of tier `{name}`, `{}`", limit.text, max.text);
            found.push(object.finding_in(container, message, Of::Key(resource, limit.text)));
        }
    }
}
