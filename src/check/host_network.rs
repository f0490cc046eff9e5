//! `host-network`: a pod in the network of its node.

use super::subject::is_true;
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "host-network",
    default: Verdict::Warn,
    means: "A pod runs with `hostNetwork: true`.",
    matters: "It takes ports of its node, no network policy holds it, and it reaches what listens on the node only.",
    fix: "use a Service of type LoadBalancer, or accept it: `accept: {host-network: it answers broadcasts}`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    if object.pod.is_some_and(|pod| is_true(pod.get("hostNetwork"))) {
        let message = "a pod is in the network of its node".to_owned();
        found.push(object.finding(message, Of::Key("hostNetwork", "true")));
    }
}
