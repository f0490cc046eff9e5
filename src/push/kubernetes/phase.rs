//! In which order the objects of a module are made.

use std::collections::{BTreeMap, BTreeSet};

use super::object::Id;
use crate::push::stack::Edge;

/// The phases, from what others need to what needs others. Between two of them push waits until what is in the first
/// one is ready, where its kind can be waited for.
const KINDS: [&[&str]; 10] = [
    &["Namespace"],
    &["CustomResourceDefinition"],
    &[
        "PriorityClass",
        "RuntimeClass",
        "IngressClass",
        "GatewayClass",
        "StorageClass",
        "VolumeSnapshotClass",
        "VolumeAttributesClass",
        "DeviceClass",
        "CSIDriver",
    ],
    &["ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "ClusterRole", "Role"],
    &["ClusterRoleBinding", "RoleBinding"],
    &["ConfigMap", "Secret"],
    &["PersistentVolume", "PersistentVolumeClaim"],
    &[
        "Service",
        "DaemonSet",
        "Deployment",
        "StatefulSet",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "HelmRepository",
        "HelmRelease",
    ],
    &["Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway"],
    &[
        "APIService",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    ],
];

/// The phase of what is in none of them: custom resources, whose controller may be a workload of the same module.
const OTHERS: usize = 8;
/// Jobs come last: they run once, against all the rest.
const JOBS: usize = 10;
/// Workloads: those before and after them.
const WORKLOADS: usize = 7;
/// So many sub-steps fit between two phases.
const STEPS: usize = 1000;

/// The phase of a kind, from 0 on.
#[must_use]
pub fn phase(kind: &str) -> usize {
    if matches!(kind, "Job" | "CronJob") {
        return JOBS;
    }
    KINDS.iter().position(|kinds| kinds.contains(&kind)).unwrap_or(OTHERS)
}

/// Whether what comes later waits until an object of this kind is ready.
#[must_use]
pub fn is_barrier(kind: &str) -> bool {
    phase(kind) <= 1 || phase(kind) == WORKLOADS
}

/// Objects that are made at the same time; the next ones wait until these are ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Their places in the list that was ordered.
    pub members: Vec<usize>,
}

/// The order of a module's objects, given as their file and identity: by phase, and by the module's own edges, which
/// beat the phases.
#[must_use]
pub fn order(objects: &[(&str, &Id)], edges: &[Edge]) -> Vec<Group> {
    let mut at: Vec<usize> = objects.iter().map(|(_, id)| phase(&id.kind) * STEPS).collect();
    let by_file: BTreeMap<&str, usize> = objects.iter().enumerate().map(|(at, (file, _))| (*file, at)).collect();
    let places =
        |files: &[String]| -> Vec<usize> { files.iter().filter_map(|f| by_file.get(f.as_str()).copied()).collect() };
    let edges: Vec<(Vec<usize>, Vec<usize>)> =
        edges.iter().map(|edge| (places(&edge.first), places(&edge.then))).collect();
    // each round settles at least one object; `build` refuses circles
    for _ in 0..objects.len() {
        let mut moved = false;
        for (first, then) in &edges {
            let Some(latest) = first.iter().map(|place| at[*place]).max() else { continue };
            for place in then {
                if at[*place] <= latest {
                    at[*place] = latest + 1;
                    moved = true;
                }
            }
        }
        if !moved {
            break;
        }
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for (place, position) in at.into_iter().enumerate() {
        groups.entry(position).or_default().members.push(place);
    }
    groups.into_values().collect()
}

/// The files that others wait for.
#[must_use]
pub fn waited_for(edges: &[Edge]) -> BTreeSet<&str> {
    edges.iter().flat_map(|edge| edge.first.iter().map(String::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(kinds: &[&str], edges: &[(&str, &str)]) -> Vec<Vec<String>> {
        let ids: Vec<Id> = kinds
            .iter()
            .map(|kind| Id { group: String::new(), kind: (*kind).into(), namespace: "n".into(), name: "x".into() })
            .collect();
        let objects: Vec<(&str, &Id)> = kinds.iter().copied().zip(&ids).collect();
        let edge = |(first, then): &(&str, &str)| Edge { first: vec![(*first).into()], then: vec![(*then).into()] };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        let groups = order(&objects, &edges);
        groups.iter().map(|group| group.members.iter().map(|at| kinds[*at].to_owned()).collect()).collect()
    }

    /// One kind of each phase, in their order.
    const ONE_OF_EACH: [&str; 11] = [
        "Namespace",
        "CustomResourceDefinition",
        "StorageClass",
        "ServiceAccount",
        "RoleBinding",
        "Secret",
        "PersistentVolumeClaim",
        "Deployment",
        "Ingress",
        "ValidatingWebhookConfiguration",
        "Job",
    ];

    #[test]
    fn each_phase_comes_before_the_next() {
        let mut turned = ONE_OF_EACH;
        turned.reverse();
        let ordered: Vec<String> = groups(&turned, &[]).into_iter().flatten().collect();
        assert_eq!(ordered, ONE_OF_EACH);
    }

    #[test]
    fn a_custom_resource_comes_after_the_workloads() {
        assert_eq!(groups(&["Middleware", "Deployment"], &[]), [["Deployment"], ["Middleware"]]);
    }

    #[test]
    fn an_edge_beats_the_phases() {
        assert_eq!(groups(&["Secret", "Job"], &[("Job", "Secret")]), [["Job"], ["Secret"]]);
        assert_eq!(
            groups(&["Secret", "Deployment", "Job"], &[("Job", "Secret"), ("Secret", "Deployment")]),
            [["Job"], ["Secret"], ["Deployment"]]
        );
    }

    #[test]
    fn a_circle_ends() {
        let ordered = groups(&["Secret", "Job"], &[("Job", "Secret"), ("Secret", "Job")]);
        assert_eq!(ordered.into_iter().flatten().count(), 2);
    }
}
