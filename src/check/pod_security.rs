//! `pod-security`: pods ask for more than the Pod Security level of their tier lets them have.
//!
//! The rules are those of Kubernetes' Pod Security Standards, version 1.34.

use super::subject::{Container, is_true};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::{Data, Node};

pub(super) const CHECK: Check = Check {
    name: "pod-security",
    default: Verdict::Deny,
    means: "The tier's `pod_security` in homebuild.yaml is `baseline` or `restricted`, and a pod of the module breaks a rule \
            of that\nlevel of Kubernetes' Pod Security Standards.",
    matters: "With the namespace's label `pod-security.kubernetes.io/enforce` the API server refuses the pod; without it, a \
              pod has\nrights that its tier should not have.",
    fix: "take the right away, give the module another tier, or accept it: `accept: {pod-security: why}`.",
    run: Run::Object(run),
};

/// Capabilities that `baseline` lets a container add.
const ADDABLE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel parameters that `baseline` lets a pod set.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
];

/// Volumes that `restricted` lets a pod have.
const VOLUMES: [&str; 9] = [
    "name",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn run<'a>(object: &Object<'a>, module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let Some((tier, table)) = module.tier_of(object) else { return };
    let level = table.get("pod_security").and_then(Node::as_str).unwrap_or("privileged");
    let (Some(pod), true) = (object.pod, level != "privileged") else { return };
    let says = |rule: &str| format!("{rule}, and tier `{tier}` is `{level}`");
    let strict = level == "restricted";
    let rules = of_pod(pod).into_iter().chain(of_volumes(pod, strict));
    found.extend(rules.map(|rule| object.finding(says(&rule), Of::Nothing)));
    for container in object.containers() {
        let mut rules = baseline(container);
        if strict {
            rules.extend(restricted(container, pod));
        }
        found.extend(rules.iter().map(|rule| object.finding_in(container, says(rule), Of::Nothing)));
    }
}

fn of_pod(pod: &Node) -> Vec<String> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|key| is_true(pod.get(key)));
    let mut rules: Vec<String> = shared.map(|key| format!("`{key}` is true")).collect();
    let sysctls = pod.at(["securityContext", "sysctls"]).and_then(Node::as_list).unwrap_or_default();
    let names = sysctls.iter().filter_map(|one| one.get("name").and_then(Node::as_str));
    rules.extend(names.filter(|name| !SYSCTLS.contains(name)).map(|name| format!("the sysctl `{name}` is not safe")));
    rules.extend(pod.get("securityContext").into_iter().flat_map(of_context));
    rules
}

fn of_volumes(pod: &Node, strict: bool) -> Vec<String> {
    let volumes = pod.get("volumes").and_then(Node::as_list).unwrap_or_default();
    let kinds = volumes.iter().filter_map(Node::as_map).flat_map(|volume| volume.iter().map(|(key, _)| key));
    let is_wrong = |kind: &&str| if strict { !VOLUMES.contains(kind) } else { *kind == "hostPath" };
    kinds.filter(is_wrong).map(|kind| format!("a volume is a `{kind}`")).collect()
}

/// What a security context of a pod or container must not say.
fn of_context(context: &Node) -> Vec<String> {
    let text = |path: [&str; 2]| context.at(path).and_then(Node::as_str);
    let mut rules = Vec::new();
    if text(["seccompProfile", "type"]) == Some("Unconfined") {
        rules.push("`seccompProfile` is `Unconfined`".to_owned());
    }
    if text(["appArmorProfile", "type"]) == Some("Unconfined") {
        rules.push("`appArmorProfile` is `Unconfined`".to_owned());
    }
    let has = |key| context.at(["seLinuxOptions", key]).is_some_and(|node| node.as_str() != Some(""));
    if has("user") || has("role") {
        rules.push("`seLinuxOptions` sets a user or role".to_owned());
    }
    rules
}

fn baseline(container: Container<'_>) -> Vec<String> {
    let context = container.node.get("securityContext");
    let mut rules: Vec<String> = context.into_iter().flat_map(of_context).collect();
    if is_true(context.and_then(|context| context.get("privileged"))) {
        rules.push("`privileged` is true".to_owned());
    }
    let added = capabilities(container, "add").filter(|name| !ADDABLE.contains(name));
    rules.extend(added.map(|name| format!("the capability `{name}` is added")));
    let ports = container.node.get("ports").and_then(Node::as_list).unwrap_or_default();
    if ports.iter().any(|port| port.get("hostPort").is_some_and(|port| port.data != Data::Int(0))) {
        rules.push("a `hostPort` is taken".to_owned());
    }
    let mount = context.and_then(|context| context.get("procMount")).and_then(Node::as_str);
    rules.extend(mount.filter(|mount| *mount != "Default").map(|mount| format!("`procMount` is `{mount}`")));
    rules
}

fn restricted(container: Container<'_>, pod: &Node) -> Vec<String> {
    let own = |key: &str| container.node.at(["securityContext", key]);
    let either = |key: &str| own(key).or_else(|| pod.at(["securityContext", key]));
    let mut rules = Vec::new();
    if own("allowPrivilegeEscalation").is_none_or(|node| node.data != Data::Bool(false)) {
        rules.push("`allowPrivilegeEscalation` is not false".to_owned());
    }
    if !is_true(either("runAsNonRoot")) {
        rules.push("`runAsNonRoot` is not true".to_owned());
    }
    if either("runAsUser").is_some_and(|node| node.data == Data::Int(0)) {
        rules.push("`runAsUser` is 0".to_owned());
    }
    let seccomp = either("seccompProfile").and_then(|profile| profile.get("type")).and_then(Node::as_str);
    if !matches!(seccomp, Some("RuntimeDefault" | "Localhost")) {
        rules.push("`seccompProfile` is neither `RuntimeDefault` nor `Localhost`".to_owned());
    }
    if !capabilities(container, "drop").any(|name| name == "ALL") {
        rules.push("not `ALL` capabilities are dropped".to_owned());
    }
    if capabilities(container, "add").any(|name| name != "NET_BIND_SERVICE") {
        rules.push("more than the capability `NET_BIND_SERVICE` is added".to_owned());
    }
    rules
}

fn capabilities<'a>(container: Container<'a>, which: &str) -> impl Iterator<Item = &'a str> {
    let list = container.node.at(["securityContext", "capabilities", which]).and_then(Node::as_list);
    list.unwrap_or_default().iter().filter_map(Node::as_str)
}
