//! Where artifacts lie: a path depends on the object's identity alone.

/// `deployment.ntfy.yaml`; with a namespace that is not the module's `role.kube-system.ntfy.yaml`; with a group where
/// two API groups have the kind, `ingress.extensions.ntfy.yaml`.
#[must_use]
pub fn kubernetes(_kind: &str, _group: Option<&str>, _namespace: Option<&str>, _name: &str) -> String {
    todo!()
}

/// `cloud-init/<name>.yaml`.
#[must_use]
pub fn cloud_init(_name: &str) -> String {
    todo!()
}

/// `proxmox/<vmid>-<name>.json`.
#[must_use]
pub fn proxmox(_vmid: u32, _name: &str) -> String {
    todo!()
}

/// `control-plane/<file>`.
#[must_use]
pub fn control_plane(_file: &str) -> String {
    todo!()
}

/// A name as a part of a file's name: characters outside letters, digits, `.`, `_`, `-` are percent-encoded.
#[must_use]
pub fn encode(_name: &str) -> String {
    todo!()
}
