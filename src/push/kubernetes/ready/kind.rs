//! The kinds of Kubernetes itself that have a rule of their own.

use std::time::Duration;

use serde_json::Value;

use super::condition::{Condition, condition};
use super::{Beside, Status, group_kind, items, pod, workload};

/// How far an object of a kind with a rule of its own has come. The others of Kubernetes' kinds, an Ingress or a Role,
/// have none of the conditions that mean readiness, and so are ready when they are there.
pub(super) fn status(object: &Value, beside: &Beside, waited: Duration) -> Option<Status> {
    Some(match group_kind(object) {
        ("apps" | "extensions", "Deployment") => workload::deployment(object),
        ("apps" | "extensions", "DaemonSet") => workload::daemon_set(object),
        ("apps" | "extensions", "ReplicaSet") => workload::replica_set(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("batch", "Job") => workload::job(object),
        ("", "Pod") => pod::status(object, waited),
        ("", "PersistentVolumeClaim") => claim(object, beside),
        ("", "Service") => service(object),
        ("", "Namespace") => namespace(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => api_service(object),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            webhooks(object, beside)
        }
        _ => return None,
    })
}

fn claim(object: &Value, beside: &Beside) -> Status {
    let phase = match object["status"]["phase"].as_str() {
        Some("Bound") => return Status::CURRENT,
        phase => phase.unwrap_or("unknown"),
    };
    let Some(class) = object["spec"]["storageClassName"].as_str().filter(|class| !class.is_empty()) else {
        return Status::in_progress(format!("is not bound: its phase is {phase}, and it names no StorageClass"));
    };
    let has_node = !object["metadata"]["annotations"]["volume.kubernetes.io/selected-node"].is_null();
    match beside.binds_at_first_consumer(class) {
        Some(true) if phase == "Pending" && !has_node => Status::noted("waits for its first consumer"),
        Some(_) => Status::in_progress(format!("is not bound: its phase is {phase}")),
        None => Status::in_progress(format!("is not bound: there is no StorageClass `{class}`")),
    }
}

fn service(object: &Value) -> Status {
    let spec = &object["spec"];
    if spec["type"] != "LoadBalancer" {
        return Status::CURRENT;
    }
    if spec["clusterIP"].as_str().unwrap_or_default().is_empty() {
        return Status::in_progress("has no cluster IP");
    }
    match items(&object["status"]["loadBalancer"]["ingress"]).next() {
        Some(_) => Status::CURRENT,
        None => Status::in_progress("has no address: no LoadBalancer controller has given it one"),
    }
}

fn namespace(object: &Value) -> Status {
    match object["status"]["phase"].as_str() {
        Some("Active") => Status::CURRENT,
        phase => Status::in_progress(format!("is not active: its phase is {}", phase.unwrap_or("unknown"))),
    }
}

fn definition(object: &Value) -> Status {
    if let Some(names) = condition(object, "NamesAccepted").filter(Condition::is_false) {
        return Status::failed(names.told());
    }
    match condition(object, "Established") {
        Some(established) if established.is_true() => Status::CURRENT,
        Some(refused) if refused.is_false() && refused.reason != "Installing" => Status::failed(refused.told()),
        _ => Status::in_progress("is being installed"),
    }
}

fn api_service(object: &Value) -> Status {
    match condition(object, "Available") {
        Some(available) if available.is_true() => Status::CURRENT,
        Some(condition) => Status::in_progress(condition.told()),
        None => Status::in_progress("is not known to be available"),
    }
}

/// Webhooks that a Service of the cluster answers are ready when it does: before that the API server refuses what they
/// should see.
fn webhooks(object: &Value, beside: &Beside) -> Status {
    let silent = items(&object["webhooks"]).find_map(|webhook| {
        let service = &webhook["clientConfig"]["service"];
        let (namespace, name) = (service["namespace"].as_str()?, service["name"].as_str()?);
        (!beside.answers(namespace, name)).then(|| format!("{namespace}/{name}"))
    });
    silent.map_or(Status::CURRENT, |service| {
        Status::in_progress(format!("has no one to ask: Service `{service}` has no ready endpoint"))
    })
}
