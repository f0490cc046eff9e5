//! `cluster-admin`: a binding to the role that may do everything.

use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "cluster-admin",
    default: Verdict::Warn,
    means: "A ClusterRoleBinding or RoleBinding gives `cluster-admin`.",
    matters: "Who has it can read every secret and change every object; a pod that has it gives it to whoever breaks \
              into it.",
    fix: "bind a role with the rules that are needed, or accept it: `accept: {cluster-admin: why}`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let is_binding = matches!(object.what.kind, "ClusterRoleBinding" | "RoleBinding");
    let role = |key| object.at(&["roleRef", key]).and_then(Node::as_str);
    if is_binding && role("kind") == Some("ClusterRole") && role("name") == Some("cluster-admin") {
        let message = "a binding gives `cluster-admin`".to_owned();
        found.push(object.finding(message, Of::Value("cluster-admin")));
    }
}
