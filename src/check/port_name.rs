//! `port-name`: a port is named that no container has.

use super::selector::{labels, matches};
use super::subject::Container;
use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::problem::did_you_mean;
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "port-name",
    default: Verdict::Deny,
    means: "The `targetPort` of a Service is a name that no container of the pods behind it gives to a port, or a probe or \
            lifecycle\nhook names a port that its container does not have.",
    matters: "Requests to such a port are refused; a probe of it never succeeds.",
    fix: "give the container's port that name, or say the number.",
    run: Run::Module(run),
};

/// Where a container names a port of its own.
const HOOKS: [&[&str]; 5] = [
    &["readinessProbe"],
    &["livenessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

fn run<'a>(objects: &[Object<'a>], _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    for object in objects {
        for container in object.containers() {
            of_container(object, container, found);
        }
        if object.what.is("", "Service") {
            of_service(object, objects, found);
        }
    }
}

fn of_container<'a>(object: &Object<'a>, container: Container<'a>, found: &mut Vec<Finding<'a>>) {
    for hook in HOOKS.iter().filter_map(|path| container.node.at(path.iter().copied())) {
        for action in ["httpGet", "tcpSocket"] {
            let name = hook.get(action).and_then(|action| action.get("port")).and_then(Node::as_str).filter(is_name);
            let Some(name) = name.filter(|name| !names(container).any(|known| known == *name)) else { continue };
            let hint = did_you_mean(name, names(container));
            let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
            let message = format!("a probe asks port `{name}`, which its container does not have{hint}");
            found.push(object.finding_in(container, message, Of::Key("port", name)));
        }
    }
}

fn of_service<'a>(service: &Object<'a>, objects: &[Object<'a>], found: &mut Vec<Finding<'a>>) {
    let Some(selector) = service.at(&["spec", "selector"]).and_then(Node::as_map).filter(|map| !map.is_empty()) else {
        return;
    };
    let is_behind = |other: &&Object<'a>| {
        other.what.namespace == service.what.namespace && labels(other).is_some_and(|labels| matches(selector, labels))
    };
    let Some(workload) = objects.iter().find(is_behind) else { return };
    let ports = service.at(&["spec", "ports"]).and_then(Node::as_list).unwrap_or_default();
    for name in ports.iter().filter_map(|port| port.get("targetPort").and_then(Node::as_str)).filter(is_name) {
        if !workload.containers().any(|container| names(container).any(|known| known == name)) {
            let message = format!("no container of the pods behind a Service has a port `{name}`");
            let subject = format!("{}, {}", service.label(), workload.label());
            found.push(Finding { subject, ..service.finding(message, Of::Value(name)) });
        }
    }
}

/// Whether a port is a name and no number in quotes.
fn is_name(port: &&str) -> bool {
    port.chars().any(|c| c.is_ascii_alphabetic())
}

fn names(container: Container<'_>) -> impl Iterator<Item = &str> {
    let ports = container.node.get("ports").and_then(Node::as_list).unwrap_or_default();
    ports.iter().filter_map(|port| port.get("name").and_then(Node::as_str))
}
