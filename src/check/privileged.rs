//! `privileged`: a container that may do everything on its node.

use super::subject::is_true;
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "privileged",
    default: Verdict::Warn,
    means: "A container runs with `securityContext.privileged: true`.",
    matters: "It is root on its node: whoever breaks into it has the node, its secrets and its disks.",
    fix: "ask for the capabilities that it needs, `container: {securityContext: {capabilities: {add: [NET_ADMIN]}}}`, \
          or\naccept it: `accept: {privileged: why}`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    for container in object.containers().filter(|one| is_true(one.node.at(["securityContext", "privileged"]))) {
        let message = "a container is privileged".to_owned();
        found.push(object.finding_in(container, message, Of::Key("privileged", "true")));
    }
}
