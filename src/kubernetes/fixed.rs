//! Fields of which the API server refuses every change, once the object is there.

/// A kind, below what it is fixed, and what may change all the same.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// As the validation of Kubernetes 1.34 has it; kinds of the API only, custom resources say it in their own schemas.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("apps", "Deployment", &["spec.selector"], &[]),
    ("apps", "DaemonSet", &["spec.selector"], &[]),
    ("apps", "ReplicaSet", &["spec.selector"], &[]),
    ("apps", "StatefulSet", &["spec"], &[
        "spec.replicas", "spec.ordinals", "spec.template", "spec.updateStrategy", "spec.revisionHistoryLimit",
        "spec.persistentVolumeClaimRetentionPolicy", "spec.minReadySeconds",
    ]),
    ("apps", "ControllerRevision", &["data"], &[]),
    ("batch", "Job", &[
        "spec.selector", "spec.template", "spec.completions", "spec.completionMode", "spec.podFailurePolicy",
        "spec.backoffLimitPerIndex", "spec.managedBy", "spec.successPolicy",
    ], &[]),
    ("", "Pod", &["spec"], &[
        "spec.activeDeadlineSeconds", "spec.terminationGracePeriodSeconds", "spec.tolerations", "spec.schedulingGates",
        // of its containers the image alone
        "spec.containers", "spec.initContainers",
    ]),
    ("", "PersistentVolumeClaim", &["spec"], &["spec.resources", "spec.volumeAttributesClassName"]),
    ("", "PersistentVolume", &["spec"], &[
        "spec.resources", "spec.volumeAttributesClassName", "spec.capacity", "spec.accessModes", "spec.storageClassName",
        "spec.persistentVolumeReclaimPolicy", "spec.mountOptions", "spec.nodeAffinity", "spec.claimRef",
    ]),
    ("", "Secret", &["type"], &[]),
    ("", "Service", &["spec.clusterIP", "spec.clusterIPs", "spec.loadBalancerClass", "spec.healthCheckNodePort"], &[]),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"], &[]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"], &[]),
    ("storage.k8s.io", "StorageClass", &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"], &[]),
    ("storage.k8s.io", "CSIDriver", &["spec.attachRequired", "spec.volumeLifecycleModes"], &[]),
    ("storage.k8s.io", "VolumeAttributesClass", &["driverName", "parameters"], &[]),
    ("networking.k8s.io", "IngressClass", &["spec.controller"], &[]),
    ("scheduling.k8s.io", "PriorityClass", &["value", "preemptionPolicy"], &[]),
    ("node.k8s.io", "RuntimeClass", &["handler"], &[]),
    ("discovery.k8s.io", "EndpointSlice", &["addressType"], &[]),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"], &[]),
];

/// Whether a field, written as a diff writes it, cannot change in place.
#[must_use]
pub fn is_fixed(group: &str, kind: &str, path: &str) -> bool {
    let is_below =
        |prefix: &&str| path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let row = TABLE.iter().find(|(of_group, of_kind, ..)| (*of_group, *of_kind) == (group, kind));
    row.is_some_and(|(.., fixed, free)| fixed.iter().any(is_below) && !free.iter().any(is_below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_change_in_place_is_known_by_group_kind_and_path() {
        assert!(is_fixed("apps", "Deployment", "spec.selector.matchLabels.app"));
        assert!(!is_fixed("apps", "Deployment", "spec.selectors"));
        assert!(!is_fixed("example.com", "Deployment", "spec.selector"), "another's kind of the same name");
        assert!(is_fixed("apps", "StatefulSet", "spec.volumeClaimTemplates[0].spec"));
        assert!(!is_fixed("apps", "StatefulSet", "spec.template.spec.hostname"));
        assert!(!is_fixed("", "PersistentVolumeClaim", "spec.resources.requests.storage"));
    }
}
