//! `no-requests`: nobody says what a container needs.

use super::resources::{RESOURCES, request};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::{Map, Node};

pub(super) const CHECK: Check = Check {
    name: "no-requests",
    default: Verdict::Deny,
    means: "A container does not request a resource, and its tier, which says something of resources, has no default \
            for it.",
    matters: "A quota refuses a pod that does not say what it needs; without one, the scheduler takes it as needing \
              nothing.",
    fix: "request it, `container: {resources: {requests: {cpu: 50m, memory: 64Mi}}}`, or give the tier a \
          `defaultRequest`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let Some((name, tier)) = module.tier_of(object).filter(|(_, tier)| is_about_resources(tier)) else { return };
    for container in object.containers() {
        let is_missing = |resource: &&str| request(container, Some(tier), resource).is_none();
        let missing: Vec<&str> = RESOURCES.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            let message = format!("a container requests no {missing}, and tier `{name}` has no default");
            found.push(object.finding_in(container, message, Of::Nothing));
        }
    }
}

fn is_about_resources(tier: &Node) -> bool {
    let has = |key: &str| tier.get(key).and_then(Node::as_map).is_some_and(|map: &Map| !map.is_empty());
    ["default", "defaultRequest", "max", "quota"].into_iter().any(has)
}
