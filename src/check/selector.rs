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
    let pods: Vec<_> = objects.iter().filter(|object| object.pod.is_some()).collect();
    let releases: Vec<_> =
        objects.iter().filter(|object| object.what.is("helm.toolkit.fluxcd.io", "HelmRelease")).collect();
    for object in objects {
        if let Some(message) = mismatch(object) {
            found.push(object.finding(message, Of::Nothing));
        }
        let Some((selector, path)) = chooses(object) else { continue };
        let is_here = |other: &&&Object<'_>| other.what.namespace == object.what.namespace;
        if releases.iter().any(|release| is_here(&release)) {
            continue;
        }
        let matched = pods.iter().filter(is_here).filter(|other| chooses_pods_of(selector, other));
        let message = match matched.collect::<Vec<_>>().as_slice() {
            [_] => continue,
            [] => format!("`{path}` matches no pods: {}", shown(selector)),
            _ if object.what.kind == "PodDisruptionBudget" => continue,
            many => {
                let labels: Vec<String> = many.iter().map(|one| one.label()).collect();
                format!("`{path}` matches the pods of {}", labels.join(" and "))
            }
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

/// Whether the pods that an object makes have all labels of a selector.
pub(super) fn chooses_pods_of(selector: &Map, object: &Object<'_>) -> bool {
    let has = |(key, value): (&str, &Node)| {
        object.labels.and_then(|labels| labels.get(key)).is_some_and(|label| label.data == value.data)
            || value.as_str().is_some_and(|value| is_brought(object, key, value))
    };
    object.pod.is_some() && selector.iter().all(has)
}

/// Whether Kubernetes gives the pods of an object a label: to choose one pod of a `StatefulSet`, or those of a Job.
fn is_brought(object: &Object<'_>, key: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let after_name = || value.strip_prefix(object.what.name)?.strip_prefix('-');
    match (object.what.kind, key) {
        ("StatefulSet", "statefulset.kubernetes.io/pod-name") => after_name().is_some_and(is_number),
        ("StatefulSet", "apps.kubernetes.io/pod-index") => is_number(value),
        ("Job", "job-name" | "batch.kubernetes.io/job-name") => value == object.what.name,
        _ => false,
    }
}

/// A workload that does not select its own pods.
fn mismatch(object: &Object<'_>) -> Option<String> {
    let is_workload = matches!(object.what.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
    let selector = object.at(&["spec", "selector", "matchLabels"]).and_then(Node::as_map).filter(|_| is_workload)?;
    let none = Map::default();
    let labels = object.labels.unwrap_or(&none);
    let is_missed = |(key, value): &(&str, &Node)| labels.get(key).is_none_or(|label| label.data != value.data);
    let (key, value) = selector.iter().find(is_missed)?;
    let value = value.as_str().unwrap_or_default();
    Some(format!("`spec.selector` wants the label `{key}: {value}`, which the pods do not have"))
}

fn shown(selector: &Map) -> String {
    let pairs = selector.iter().map(|(key, value)| format!("`{key}: {}`", value.as_str().unwrap_or_default()));
    pairs.collect::<Vec<_>>().join(", ")
}
