//! `no-readiness-probe`: a Service sends requests to pods that do not say when they are ready.

use super::selector::{labels, matches};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "no-readiness-probe",
    default: Verdict::Warn,
    means: "A Service of the module selects the pods of a workload, and one of its containers that has ports (or its \
            only\ncontainer) has no `readinessProbe`.",
    matters: "Requests reach a pod that is still starting, and a rollout of a broken version counts as done.",
    fix: "give a probe: `container: {readinessProbe: {httpGet: {path: /, port: 80}}}`.",
    run: Run::Module(run),
};

fn run<'a>(objects: &[Object<'a>], _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let services: Vec<_> = objects.iter().filter(|object| object.what.kind == "Service").collect();
    for object in objects.iter().filter(|object| !services.is_empty() && object.pod.is_some()) {
        let missing: Vec<_> = missing(object).map(|name| format!("`{name}`")).collect();
        let Some(service) = services.iter().find(|service| !missing.is_empty() && selects(service, object)) else {
            continue;
        };
        let message = "no `readinessProbe` says when the pods of a Service are ready".to_owned();
        let subject = format!("{} in {}, {}", missing.join(", "), object.label(), service.label());
        found.push(Finding { subject, ..object.finding(message, Of::Nothing) });
    }
}

fn missing<'a>(object: &Object<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let is_alone = object.containers().filter(|container| !container.init).count() == 1;
    let serves = move |node: &Node| is_alone || node.get("ports").is_some();
    let without = move |node: &Node| serves(node) && node.get("readinessProbe").is_none();
    object.containers().filter(move |one| !one.init && without(one.node)).map(|one| one.name())
}

fn selects(service: &Object<'_>, object: &Object<'_>) -> bool {
    let selector = service.at(&["spec", "selector"]).and_then(Node::as_map).filter(|selector| !selector.is_empty());
    let chosen = selector.zip(labels(object)).is_some_and(|(selector, labels)| matches(selector, labels));
    chosen && service.what.namespace == object.what.namespace
}
