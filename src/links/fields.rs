//! The fields of objects that name other objects.

use super::{Need, Target, scalar};
use crate::check::{Object, REFERENCE};
use crate::yaml::{Data, Node};

/// How a field names an object.
#[derive(Debug, Clone, Copy)]
enum Names {
    /// By its name alone, in the same namespace.
    Here(&'static str),
    /// By its name alone, of a kind that lives in no namespace.
    Anywhere(&'static str),
    /// By a map: `name`, `namespace`, `port`, `key`, the keys of `items`, and `kind` where it is not this one;
    /// `optional: true` needs nothing.
    Map(&'static str),
    /// By a map that says the kind.
    Kind,
}

use Names::{Anywhere, Here, Kind, Map};

/// Below a `PodSpec`.
const POD: &[(&str, Names)] = &[
    ("serviceAccountName", Here("ServiceAccount")),
    ("priorityClassName", Anywhere("PriorityClass")),
    ("runtimeClassName", Anywhere("RuntimeClass")),
    ("imagePullSecrets[].name", Here("Secret")),
    ("volumes[].configMap", Map("ConfigMap")),
    ("volumes[].secret", Map("Secret")),
    ("volumes[].persistentVolumeClaim.claimName", Here("PersistentVolumeClaim")),
    ("volumes[].projected.sources[].configMap", Map("ConfigMap")),
    ("volumes[].projected.sources[].secret", Map("Secret")),
    ("containers[].envFrom[].configMapRef", Map("ConfigMap")),
    ("containers[].envFrom[].secretRef", Map("Secret")),
    ("containers[].env[].valueFrom.configMapKeyRef", Map("ConfigMap")),
    ("containers[].env[].valueFrom.secretKeyRef", Map("Secret")),
    ("initContainers[].envFrom[].configMapRef", Map("ConfigMap")),
    ("initContainers[].envFrom[].secretRef", Map("Secret")),
    ("initContainers[].env[].valueFrom.configMapKeyRef", Map("ConfigMap")),
    ("initContainers[].env[].valueFrom.secretKeyRef", Map("Secret")),
];

/// Below an object, by group and kind.
fn fields(group: &str, kind: &str) -> &'static [(&'static str, Names)] {
    match (group, kind) {
        ("apps", "StatefulSet") => &[("spec.serviceName", Here("Service"))],
        ("networking.k8s.io", "Ingress") => &[
            ("spec.ingressClassName", Anywhere("IngressClass")),
            ("spec.defaultBackend.service", Map("Service")),
            ("spec.rules[].http.paths[].backend.service", Map("Service")),
            ("spec.tls[].secretName", Here("Secret")),
        ],
        ("", "PersistentVolumeClaim") => &[("spec.volumeName", Anywhere("PersistentVolume"))],
        ("autoscaling", "HorizontalPodAutoscaler") => &[("spec.scaleTargetRef", Kind)],
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            &[("roleRef", Kind), ("subjects[]", Kind)]
        }
        ("admissionregistration.k8s.io", _) => &[("webhooks[].clientConfig.service", Map("Service"))],
        ("apiregistration.k8s.io", "APIService") => &[("spec.service", Map("Service"))],
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            &[("spec.chart.spec.sourceRef", Kind), ("spec.valuesFrom[]", Kind)]
        }
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP") => &[
            ("spec.routes[].services[]", Map("Service")),
            ("spec.routes[].middlewares[]", Map("Middleware")),
            ("spec.tls.secretName", Here("Secret")),
        ],
        ("traefik.io" | "traefik.containo.us", "Middleware") => &[
            ("spec.errors.service", Map("Service")),
            ("spec.chain.middlewares[]", Map("Middleware")),
            ("spec.basicAuth.secret", Here("Secret")),
            ("spec.digestAuth.secret", Here("Secret")),
        ],
        ("traefik.io" | "traefik.containo.us", "ServersTransport") => {
            &[("spec.certificatesSecrets[]", Here("Secret")), ("spec.rootCAsSecrets[]", Here("Secret"))]
        }
        _ => &[],
    }
}

/// Kinds that live in no namespace, among those that a map may name.
const CLUSTER_WIDE: [&str; 2] = ["ClusterRole", "Namespace"];

/// Kinds that a map may name and that are no objects of the cluster.
const NO_OBJECTS: [&str; 3] = ["User", "Group", "TraefikService"];

/// What the fields of an object name.
pub fn find<'a>(object: &Object<'a>, needs: &mut Vec<Need<'a>>) {
    let Some(root) = object.at(&[]) else { return };
    if let Some(namespace) = object.what.namespace {
        let what = Target { kind: "Namespace", namespace: None, name: namespace, part: None, is_guess: false };
        needs.push(need(object, what, "metadata.namespace"));
    }
    let own = fields(object.what.group, object.what.kind).iter().map(|field| (root, field));
    let of_pod = object.pod.into_iter().flat_map(|pod| POD.iter().map(move |field| (pod, field)));
    for (below, (path, names)) in own.chain(of_pod) {
        each(below, path, &mut |node| named(object, node, path, *names, needs));
    }
}

fn named<'a>(object: &Object<'a>, node: &'a Node, field: &'static str, names: Names, needs: &mut Vec<Need<'a>>) {
    let here = object.what.namespace;
    let mut add = |kind, namespace, name, part| {
        needs.push(need(object, Target { kind, namespace, name, part, is_guess: false }, field));
    };
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let (kind, says_kind) = match names {
        Here(kind) | Anywhere(kind) => {
            if let Some(name) = node.as_str().filter(|name| !name.is_empty()) {
                add(kind, if matches!(names, Here(_)) { here } else { None }, name, None);
            }
            return;
        }
        Map(kind) => (Some(kind), text("kind")),
        Kind => (None, text("kind")),
    };
    let Some(kind) = says_kind.or(kind).filter(|kind| !NO_OBJECTS.contains(kind)) else { return };
    let name = text("name").or_else(|| text("secretName")).filter(|name| !name.contains('@'));
    let is_optional = node.get("optional").is_some_and(|node| node.data == Data::Bool(true));
    let Some(name) = name.filter(|_| !is_optional) else { return };
    let namespace = if CLUSTER_WIDE.contains(&kind) { None } else { text("namespace").or(here) };
    let part = |key: &str| node.get(key).and_then(scalar);
    let of_port = node.get("port").and_then(|port| ["number", "name"].iter().find_map(|key| scalar(port.get(key)?)));
    let items = node.get("items").and_then(Node::as_list).unwrap_or_default();
    let keys: Vec<_> = items.iter().filter_map(|item| scalar(item.get("key")?)).collect();
    let first = part("port").or(of_port).or_else(|| part("key")).or_else(|| part("valuesKey"));
    if keys.is_empty() {
        add(kind, namespace, name, first);
    }
    for key in keys {
        add(kind, namespace, name, Some(key));
    }
}

fn need<'a>(object: &Object<'a>, what: Target<'a>, field: &'static str) -> Need<'a> {
    Need { check: REFERENCE.name, text: what.name, what, field, subject: object.label(), job: object.job }
}

/// Every value at a path, in which `[]` stands for each entry of a list.
pub fn each<'a>(node: &'a Node, path: &str, found: &mut dyn FnMut(&'a Node)) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let (key, is_list) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
    let Some(value) = node.get(key) else { return };
    let mut go = |value: &'a Node| if rest.is_empty() { found(value) } else { each(value, rest, found) };
    match value.as_list() {
        Some(list) if is_list => list.iter().for_each(go),
        _ if is_list => {}
        _ => go(value),
    }
}
