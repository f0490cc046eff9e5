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
];

/// Below a container.
const CONTAINER: &[(&str, Names)] = &[
    ("envFrom[].configMapRef", Map("ConfigMap")),
    ("envFrom[].secretRef", Map("Secret")),
    ("env[].valueFrom.configMapKeyRef", Map("ConfigMap")),
    ("env[].valueFrom.secretKeyRef", Map("Secret")),
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
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute") => {
            &[("spec.parentRefs[]", Map("Gateway")), ("spec.rules[].backendRefs[]", Map("Service"))]
        }
        ("traefik.io" | "traefik.containo.us", kind) => of_traefik(kind),
        _ => &[],
    }
}

fn of_traefik(kind: &str) -> &'static [(&'static str, Names)] {
    match kind {
        "IngressRoute" => &[
            ("spec.routes[].services[]", Map("Service")),
            ("spec.routes[].services[].serversTransport", Here("ServersTransport")),
            ("spec.routes[].middlewares[]", Map("Middleware")),
            ("spec.tls.secretName", Here("Secret")),
            ("spec.tls.options", Map("TLSOption")),
        ],
        "IngressRouteTCP" => &[
            ("spec.routes[].services[]", Map("Service")),
            ("spec.routes[].services[].serversTransport", Here("ServersTransportTCP")),
            ("spec.routes[].middlewares[]", Map("MiddlewareTCP")),
            ("spec.tls.secretName", Here("Secret")),
            ("spec.tls.options", Map("TLSOption")),
        ],
        "IngressRouteUDP" => &[("spec.routes[].services[]", Map("Service"))],
        "Middleware" => &[
            ("spec.errors.service", Map("Service")),
            ("spec.chain.middlewares[]", Map("Middleware")),
            ("spec.basicAuth.secret", Here("Secret")),
            ("spec.digestAuth.secret", Here("Secret")),
        ],
        "ServersTransport" => &[
            ("spec.certificatesSecrets[]", Here("Secret")),
            ("spec.rootCAsSecrets[]", Here("Secret")),
            ("spec.rootCAs[].secret", Here("Secret")),
            ("spec.rootCAs[].configMap", Here("ConfigMap")),
        ],
        "TLSOption" => &[("spec.clientAuth.secretNames[]", Here("Secret"))],
        "TLSStore" => &[("spec.defaultCertificate.secretName", Here("Secret"))],
        "TraefikService" => {
            &[("spec.weighted.services[]", Map("Service")), ("spec.mirroring.mirrors[]", Map("Service"))]
        }
        _ => &[],
    }
}

/// Kinds that live in no namespace, among those that a map may name.
const CLUSTER_WIDE: [&str; 2] = ["ClusterRole", "Namespace"];

/// Kinds that a map may name and that are no objects of the cluster.
const NO_OBJECTS: [&str; 2] = ["User", "Group"];

/// What the fields of an object name.
pub fn find<'a>(object: &Object<'a>, needs: &mut Vec<Need<'a>>) {
    let Some(root) = object.at(&[]) else { return };
    if let Some(namespace) = object.what.namespace {
        let what = Target { kind: "Namespace", namespace: None, name: namespace, part: None, is_guess: false };
        needs.push(need(what, "metadata.namespace"));
    }
    let own = fields(object.what.group, object.what.kind).iter().map(|field| (root, field));
    let of_pod = object.pod.into_iter().flat_map(|pod| POD.iter().map(move |field| (pod, field)));
    let of_container = object.containers().flat_map(|one| CONTAINER.iter().map(move |field| (one.node, field)));
    for (below, (path, names)) in own.chain(of_pod).chain(of_container) {
        each(below, path, &mut |node| named(object, node, path, *names, needs));
    }
    for container in object.containers() {
        each(container.node, "volumeMounts[]", &mut |mount| mounted(object, mount, needs));
    }
}

/// The volume that a container mounts; of a `ConfigMap` or Secret, the key that it takes alone.
fn mounted<'a>(object: &Object<'a>, mount: &'a Node, needs: &mut Vec<Need<'a>>) {
    let text = |key: &str| mount.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let Some(name) = text("name") else { return };
    let list = |node: Option<&'a Node>| node.and_then(Node::as_list).unwrap_or_default();
    let is_it = |node: &&Node| node.get("name").and_then(Node::as_str) == Some(name);
    let templates = list(object.at(&["spec", "volumeClaimTemplates"]));
    if templates.iter().filter_map(|template| template.get("metadata")).any(|node| is_it(&node)) {
        return;
    }
    let Some(volume) = list(object.pod.and_then(|pod| pod.get("volumes"))).iter().find(is_it) else {
        let what = Target { kind: "volume", namespace: None, name, part: None, is_guess: false };
        needs.push(need(what, "volumeMounts[].name"));
        return;
    };
    for (source, kind, key) in [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")] {
        let Some(source) = volume.get(source).filter(|source| source.get("items").is_none()) else { continue };
        let is_optional = source.get("optional").is_some_and(|node| node.data == Data::Bool(true));
        let name = source.get(key).and_then(Node::as_str).filter(|_| !is_optional);
        if let Some((name, path)) = name.zip(text("subPath")) {
            let part = path.split('/').next().map(Into::into);
            let what = Target { kind, namespace: object.what.namespace, name, part, is_guess: false };
            needs.push(need(what, "volumeMounts[].subPath"));
        }
    }
}

fn named<'a>(object: &Object<'a>, node: &'a Node, field: &'static str, names: Names, needs: &mut Vec<Need<'a>>) {
    let here = object.what.namespace;
    let mut add = |kind, namespace, name, part| {
        needs.push(need(Target { kind, namespace, name, part, is_guess: false }, field));
    };
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let (kind, says_kind) = match names {
        Here(kind) | Anywhere(kind) => {
            if let Some(name) = node.as_str().filter(|name| !name.is_empty() && !name.contains('@')) {
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

fn need<'a>(what: Target<'a>, field: &'static str) -> Need<'a> {
    Need { check: REFERENCE.name, text: what.name, what, field }
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
