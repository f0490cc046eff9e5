//! What follows from a change: data about fields that cannot change in place, that choose pods, that restart them.

use super::{Change, Effect};

const IMMUTABLE: Effect = Effect::Risk("cannot change in place");

/// Fields below which the API server refuses every change, by kind.
const FIXED: [(&str, &[&str]); 12] = [
    ("Deployment", &["spec.selector"]),
    ("DaemonSet", &["spec.selector"]),
    ("ReplicaSet", &["spec.selector"]),
    ("StatefulSet", &["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"]),
    ("Job", &["spec.selector", "spec.template", "spec.completionMode"]),
    ("RoleBinding", &["roleRef"]),
    ("ClusterRoleBinding", &["roleRef"]),
    ("StorageClass", &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ("IngressClass", &["spec.controller"]),
    ("PriorityClass", &["value", "preemptionPolicy"]),
    ("CustomResourceDefinition", &["spec.group", "spec.scope", "spec.names"]),
    ("Secret", &["type"]),
];

/// Fields of a volume that may change; the rest of its `spec` may not.
const VOLUME: [&str; 7] = [
    "spec.resources",
    "spec.volumeAttributesClassName",
    "spec.capacity",
    "spec.persistentVolumeReclaimPolicy",
    "spec.mountOptions",
    "spec.nodeAffinity",
    "spec.claimRef",
];

/// Settings of a machine that a running one takes up when it is started again.
const REBOOT: [&str; 9] =
    ["memory", "cores", "sockets", "vcpus", "cpu", "bios", "machine", "scsihw", "numa"];

/// What follows from a change of a field.
pub fn of(kind: &str, path: &str, change: &Change) -> Effect {
    let below = |prefix: &&str| {
        path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let fixed = FIXED.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, fields)| fields);
    match kind {
        _ if fixed.iter().any(|prefix| below(prefix)) => IMMUTABLE,
        "PersistentVolumeClaim" | "PersistentVolume" if below(&"spec") => {
            if VOLUME.iter().any(|prefix| below(prefix)) { Effect::Risk("a volume changes") } else { IMMUTABLE }
        }
        "ConfigMap" | "Secret" if path == "immutable" && matches!(change, Change::Value(Some(_), _)) => IMMUTABLE,
        "Service" if below(&"spec.selector") => Effect::Risk("other pods are chosen"),
        "NetworkPolicy" if below(&"spec.podSelector") => Effect::Risk("other pods are chosen"),
        "PodDisruptionBudget" if below(&"spec.selector") => Effect::Risk("other pods are chosen"),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" if below(&"spec.template") => Effect::Restart,
        "ProxmoxVM" | "ProxmoxTemplate" if path == "vmid" => Effect::Risk("another machine is meant"),
        "ProxmoxVM" if below(&"clone") => Effect::Risk("only a machine that is made anew has it"),
        "ProxmoxVM" if REBOOT.iter().any(|name| is_setting(path, name)) => Effect::Reboot,
        _ => Effect::None,
    }
}

/// Whether a path is a setting of a machine's `config` call: `config.memory`, `config[2].memory`.
fn is_setting(path: &str, name: &str) -> bool {
    path.starts_with("config") && path.rsplit('.').next() == Some(name)
}

/// What a reviewer must know of an object that is removed.
pub fn of_removal(kind: &str, kept: bool) -> Option<&'static str> {
    match kind {
        _ if kept => Some("stays in the cluster: homebuild.dev/prune: keep"),
        "PersistentVolumeClaim" | "PersistentVolume" => Some("its data may go with it"),
        "Namespace" => Some("everything in it goes with it"),
        "CustomResourceDefinition" => Some("all objects of its kind go with it"),
        "ProxmoxVM" | "ProxmoxTemplate" => Some("a machine"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_change_is_known() {
        let change = Change::Order;
        assert_eq!(of("Deployment", "spec.selector.matchLabels.app", &change), IMMUTABLE);
        assert_eq!(of("Deployment", "spec.selectors", &change), Effect::None);
        assert_eq!(of("Deployment", "spec.template.spec.hostname", &change), Effect::Restart);
        assert_eq!(of("PersistentVolumeClaim", "spec.storageClassName", &change), IMMUTABLE);
        assert_eq!(of("PersistentVolumeClaim", "metadata.labels.a", &change), Effect::None);
        assert_eq!(of("ProxmoxVM", "config[2].memory", &change), Effect::Reboot);
    }
}
