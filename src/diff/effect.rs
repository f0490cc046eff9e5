//! What follows from a change: data about fields that cannot change in place, that choose pods, that restart them.

use crate::kubernetes::fixed;

use super::{Change, Effect};

const FIXED_FIELD: &str = "cannot change in place: the object must be made again";
const CHOSEN: &str = "other pods are chosen";
const REPLACED: &str = "the object is deleted and made again, as it allows";

/// Settings of a machine that a running one takes up when it is started again.
const REBOOT: [&str; 9] = ["memory", "cores", "sockets", "vcpus", "cpu", "bios", "machine", "scsihw", "numa"];

/// What decides of an object's fields.
pub(super) struct Rules<'a> {
    /// The group of its API: `apps`; nothing for files of homebuild's own.
    pub group: &'a str,
    /// `Deployment`.
    pub kind: &'a str,
    /// Whether push may delete it and make it again.
    pub is_replaced: bool,
    /// The paths that push sets only when it makes the object.
    pub left: Vec<String>,
}

impl Rules<'_> {
    /// What follows from a change of a field.
    pub fn effect(&self, path: &str, change: &Change) -> Effect {
        let is_below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let immutable = Effect::Risk(if self.is_replaced { REPLACED } else { FIXED_FIELD });
        match self.kind {
            _ if self.left.iter().any(|prefix| is_below(prefix)) => Effect::Left,
            _ if fixed::is_fixed(self.group, self.kind, path) => immutable,
            "PersistentVolumeClaim" | "PersistentVolume" if is_below("spec") => Effect::Risk("a volume changes"),
            "ConfigMap" | "Secret" if path == "immutable" && matches!(change, Change::Value(Some(_), _)) => immutable,
            "Service" | "PodDisruptionBudget" if is_below("spec.selector") => Effect::Risk(CHOSEN),
            "NetworkPolicy" if is_below("spec.podSelector") => Effect::Risk(CHOSEN),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" if is_below("spec.template") => Effect::Restart,
            "ProxmoxVM" | "ProxmoxTemplate" if path == "vmid" => Effect::Risk("another machine is meant"),
            "ProxmoxVM" if is_below("clone") => Effect::Risk("only a machine that is made anew has it"),
            "ProxmoxVM" if REBOOT.iter().any(|name| is_setting(path, name)) => Effect::Reboot,
            _ => Effect::None,
        }
    }
}

/// Whether a path is a setting of a machine's `config` call: `config.memory`, `config[2].memory`.
fn is_setting(path: &str, name: &str) -> bool {
    path.starts_with("config") && path.rsplit('.').next() == Some(name)
}

/// What a reviewer must know of an object that is removed.
#[must_use]
pub fn of_removal(kind: &str, kept: bool) -> Option<&'static str> {
    match kind {
        _ if kept => Some("stays in the cluster: homebuild.dev/prune: keep"),
        "PersistentVolumeClaim" | "PersistentVolume" => Some("its data may go with it"),
        "Namespace" => Some("everything in it goes with it"),
        "CustomResourceDefinition" => Some("all objects of its kind go with it"),
        "HelmRelease" => Some("the chart is uninstalled"),
        "ProxmoxVM" | "ProxmoxTemplate" => Some("a machine"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_change_is_known() {
        let of = |kind: &str, path| {
            let group = if kind == "Deployment" { "apps" } else { "" };
            Rules { group, kind, is_replaced: false, left: vec![] }.effect(path, &Change::Order)
        };
        let immutable = Effect::Risk(FIXED_FIELD);
        assert_eq!(of("Deployment", "spec.selector.matchLabels.app"), immutable);
        assert_eq!(of("Deployment", "spec.selectors"), Effect::None);
        assert_eq!(of("Deployment", "spec.template.spec.hostname"), Effect::Restart);
        assert_eq!(of("PersistentVolumeClaim", "spec.storageClassName"), immutable);
        assert_eq!(of("PersistentVolumeClaim", "spec.resources.requests.storage"), Effect::Risk("a volume changes"));
        assert_eq!(of("PersistentVolumeClaim", "metadata.labels.a"), Effect::None);
        assert_eq!(of("ProxmoxVM", "config[2].memory"), Effect::Reboot);
        assert_eq!(of("ProxmoxVM", "config[2].nameserver"), Effect::None);
    }
}
