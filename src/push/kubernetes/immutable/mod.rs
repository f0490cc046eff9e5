//! Which fields cannot change in place, and what a refused change means.
//!
//! An API server refuses for many reasons with the same code and the same reason, 422 `Invalid`: a mistake, a policy, a
//! field that cannot change. Only the last is mended by deleting the object and making it again. So a refusal is read
//! cause by cause, and what is not known for certain is [`Refused::Unclear`]: then a dry-run of the same object under
//! another name, [`probe`], tells a wrong object from a refused change.

mod refusal;

use serde_json::{Value, json};

use crate::kubernetes::kinds;

pub use refusal::{Refused, refused};

/// Whether an object may be deleted and made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing is lost by it.
    Freely,
    /// Something is, which is said; the object or the command line must allow it.
    IfAllowed(&'static str),
    /// Never by homebuild; what to do by hand is said.
    Never(&'static str),
}

/// What happens to what an object made when it is deleted: its pods, above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// It is gone first, and what it made some time after.
    Background,
    /// It is gone when all that it made is.
    Foreground,
    /// What it made stays, and its successor takes it up.
    Orphan,
}

impl Propagation {
    /// The word of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

/// The group and kind of an object.
fn kind(object: &Value) -> (&str, &str) {
    (kinds::group_of(text(object, "apiVersion")), text(object, "kind"))
}

/// Whether a live object may be deleted and made again, for fields that cannot change.
#[must_use]
pub fn class(live: &Value) -> Class {
    match kind(live) {
        ("batch", "Job") if is_running(live) => {
            Class::IfAllowed("it still runs: its pods are stopped, and it starts anew")
        }
        ("", "Secret") if live["type"] == "kubernetes.io/service-account-token" => {
            Class::IfAllowed("its token is another one afterwards")
        }
        ("batch", "Job")
        | ("", "ConfigMap" | "Secret" | "Pod")
        | ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("networking.k8s.io", "IngressClass")
        | ("storage.k8s.io", "CSIDriver")
        | ("node.k8s.io", "RuntimeClass") => Class::Freely,
        ("apps", "StatefulSet") => {
            Class::IfAllowed("its pods and volumes stay and are taken up again; volumes keep their size and class")
        }
        ("apps", _) => Class::IfAllowed("its pods are stopped before new ones start"),
        ("", "Service") => Class::IfAllowed("it gets another address, and other node ports where none are written"),
        ("storage.k8s.io", _) => Class::IfAllowed("volumes that were made by it stay as they are"),
        ("", "PersistentVolumeClaim") => Class::Never(
            "its data would go with it: stop its pods, copy the data into a claim of another name, and name that one; or \
             delete it yourself once the data is safe, and push again",
        ),
        ("", "PersistentVolume") => Class::Never(
            "its data may go with it: see that its reclaim policy is `Retain`, delete the claim and then the volume \
             yourself, and push again",
        ),
        ("", "Namespace") => Class::Never("everything in it would go with it"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Class::Never(
            "all objects of its kind would go with it: save them (`kubectl get -A -o yaml`), delete the definition \
             yourself, push again, and put them back",
        ),
        _ => Class::IfAllowed("what it made may go with it"),
    }
}

/// Whether a Job has not come to its end.
fn is_running(job: &Value) -> bool {
    let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    let is_end =
        |condition: &Value| ["Complete", "Failed"].contains(&text(condition, "type")) && condition["status"] == "True";
    !conditions.into_iter().any(is_end) && job["status"]["active"].as_u64().unwrap_or_default() > 0
}

/// How an object is deleted before it is made again, for fields that cannot change.
#[must_use]
pub fn propagation(live: &Value, fields: &[String]) -> Propagation {
    let chooses_pods = fields.iter().any(|field| field.starts_with("spec.selector"));
    match kind(live) {
        // its successor finds the pods only by the selector that they were made for
        ("apps", "StatefulSet") if !chooses_pods => Propagation::Orphan,
        ("apps", _) | ("batch", "Job") => Propagation::Foreground,
        _ => Propagation::Background,
    }
}

/// What is sent as a dry-run `POST` to learn whether an object is valid in itself: it has another name, which need not
/// be free of others' marks, and nothing that only one object of the cluster can have.
#[must_use]
pub fn probe(sent: &Value, name: &str) -> Value {
    let mut object = sent.clone();
    object["metadata"]["name"] = json!(name);
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| !["uid", "resourceVersion", "managedFields"].contains(&key.as_str()));
    }
    if let (("", "Service"), Some(spec)) = (kind(sent), object["spec"].as_object_mut()) {
        let is_headless = spec.get("clusterIP").is_some_and(|ip| ip == "None");
        spec.retain(|key, _| is_headless || !["clusterIP", "clusterIPs"].contains(&key.as_str()));
        spec.retain(|key, _| !["healthCheckNodePort", "loadBalancerIP"].contains(&key.as_str()));
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            port.as_object_mut().map(|port| port.remove("nodePort"));
        }
    }
    object
}

#[cfg(test)]
mod tests;
