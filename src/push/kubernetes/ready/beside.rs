//! What else of the cluster must be known to judge some objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{is, items};

/// Objects that others are judged by: the `StorageClass` of a claim, the `EndpointSlice`s of a webhook's Service, and
/// the `CustomResourceDefinition` of a custom resource that this push changed. Whatever else is added is passed over.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The classes of storage, and whether each binds a claim at its first consumer.
    classes: BTreeMap<String, bool>,
    /// Namespaces and names of the Services that have a ready endpoint.
    answering: BTreeSet<(String, String)>,
    /// API versions and kinds of the custom resources whose status has conditions.
    telling: BTreeSet<(String, String)>,
}

impl Beside {
    /// Learns from an object of the cluster.
    pub fn add(&mut self, object: &Value) {
        if is(object, "storage.k8s.io", "StorageClass") {
            self.add_class(object);
        } else if is(object, "discovery.k8s.io", "EndpointSlice") {
            self.add_endpoints(object);
        } else if is(object, "apiextensions.k8s.io", "CustomResourceDefinition") {
            self.add_definition(object);
        }
    }

    fn add_class(&mut self, class: &Value) {
        self.classes.insert(text(&class["metadata"]["name"]), class["volumeBindingMode"] == "WaitForFirstConsumer");
    }

    fn add_endpoints(&mut self, slice: &Value) {
        let metadata = &slice["metadata"];
        // An endpoint that does not say whether it is ready is to be taken as ready.
        if items(&slice["endpoints"]).any(|endpoint| endpoint["conditions"]["ready"] != false) {
            let service = &metadata["labels"]["kubernetes.io/service-name"];
            self.answering.insert((text(&metadata["namespace"]), text(service)));
        }
    }

    fn add_definition(&mut self, definition: &Value) {
        let spec = &definition["spec"];
        let (group, kind) = (text(&spec["group"]), text(&spec["names"]["kind"]));
        for version in items(&spec["versions"]) {
            let status = &version["schema"]["openAPIV3Schema"]["properties"]["status"];
            if status["properties"]["conditions"].is_object() {
                self.telling.insert((format!("{group}/{}", text(&version["name"])), kind.clone()));
            }
        }
    }

    /// Whether a `StorageClass` binds a claim at its first consumer; none where there is no such class.
    pub(super) fn binds_at_first_consumer(&self, class: &str) -> Option<bool> {
        self.classes.get(class).copied()
    }

    /// Whether a Service has a ready endpoint.
    pub(super) fn answers(&self, namespace: &str, service: &str) -> bool {
        self.answering.contains(&(namespace.to_owned(), service.to_owned()))
    }

    /// Whether the schema of a custom resource has conditions.
    pub(super) fn expects_conditions(&self, object: &Value) -> bool {
        self.telling.contains(&(text(&object["apiVersion"]), text(&object["kind"])))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
