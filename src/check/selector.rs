//! `selector`: labels that should choose pods choose none, or those of two workloads.

use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::{Map, Node};

pub(super) const CHECK: Check = Check {
    name: "selector",
    default: Verdict::Deny,
    means: "The selector of a Service or PodDisruptionBudget matches the pods of no workload of the module, or those of \
            two; or\na workload's own selector does not match its pods. A namespace with a Helm release is left out: its \
            pods are not known.",
    matters: "A Service without pods answers nobody, one with two workloads answers now from this and now from that; the \
              API\nserver refuses a workload that does not select its own pods.",
    fix: "make the selector say the labels of one workload's pods, or accept it: `accept: {selector: another stack's \
          pods}`.",
    run: Run::Module(run),
};

fn run<'a>(objects: &[Object<'a>], _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    for object in objects {
        if let Some(message) = mismatch(object) {
            found.push(object.finding(message, Of::Nothing));
        }
        let Some((selector, path)) = chooses(object) else { continue };
        let here = || objects.iter().filter(|other| other.what.namespace == object.what.namespace);
        if here().any(|other| other.what.is("helm.toolkit.fluxcd.io", "HelmRelease")) {
            continue;
        }
        let matched: Vec<String> = here()
            .filter(|other| labels(other).is_some_and(|labels| matches(selector, labels)))
            .map(Object::label)
            .collect();
        let message = match matched.as_slice() {
            [_] => continue,
            [] => format!("`{path}` matches no pods: {}", shown(selector)),
            many if object.what.kind == "PodDisruptionBudget" && !many.is_empty() => continue,
            many => format!("`{path}` matches the pods of {}", many.join(" and ")),
        };
        found.push(object.finding(message, Of::Nothing));
    }
}

/// The labels by which an object chooses pods of others, and where they stand.
fn chooses<'a>(object: &Object<'a>) -> Option<(&'a Map, &'static str)> {
    let (path, said): (&[&str], _) = match (object.what.group, object.what.kind) {
        ("", "Service") => (&["spec", "selector"], "spec.selector"),
        ("policy", "PodDisruptionBudget") => (&["spec", "selector", "matchLabels"], "spec.selector"),
        _ => return None,
    };
    let selector = object.at(path).and_then(Node::as_map).filter(|selector| !selector.is_empty());
    selector.map(|selector| (selector, said))
}

/// The labels of the pods that an object makes.
pub(super) fn labels<'a>(object: &Object<'a>) -> Option<&'a Map> {
    object.pod?;
    let path: &[&str] = match object.what.kind {
        "Pod" => &["metadata", "labels"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
        _ => &["spec", "template", "metadata", "labels"],
    };
    object.at(path).and_then(Node::as_map)
}

/// Whether labels say all that a selector does.
pub(super) fn matches(selector: &Map, labels: &Map) -> bool {
    selector.iter().all(|(key, value)| labels.get(key).is_some_and(|label| label.data == value.data))
}

/// A workload that does not select its own pods.
fn mismatch(object: &Object<'_>) -> Option<String> {
    let is_workload = matches!(object.what.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
    let selector = object.at(&["spec", "selector", "matchLabels"]).and_then(Node::as_map).filter(|_| is_workload)?;
    let none = Map::default();
    let labels = labels(object).unwrap_or(&none);
    let is_missed = |(key, value): &(&str, &Node)| labels.get(key).is_none_or(|label| label.data != value.data);
    let (key, value) = selector.iter().find(is_missed)?;
    let value = value.as_str().unwrap_or_default();
    Some(format!("`spec.selector` wants the label `{key}: {value}`, which the pods do not have"))
}

fn shown(selector: &Map) -> String {
    let pairs = selector.iter().map(|(key, value)| format!("`{key}: {}`", value.as_str().unwrap_or_default()));
    pairs.collect::<Vec<_>>().join(", ")
}
