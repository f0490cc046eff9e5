//! What controllers make of an object.

use super::fields::each;
use crate::check::Object;
use crate::yaml::Node;

/// Annotations by which cert-manager makes the certificates of an Ingress.
const CERTIFICATES: [&str; 3] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"];

/// What a database of `CloudNativePG` has: `Kind/NAME-`, and these after it.
const DATABASE: [&str; 5] = ["Service/-rw", "Service/-ro", "Service/-r", "Secret/-app", "Secret/-superuser"];

/// What controllers make of an object, in its namespace: `Kind/name`.
#[must_use]
pub fn makes(object: &Object<'_>) -> Vec<String> {
    let name = object.what.name;
    let text = |path: &[&str]| object.at(path).and_then(Node::as_str);
    match (object.what.group, object.what.kind) {
        ("apps", "StatefulSet") => claims(object),
        ("networking.k8s.io", "Ingress") if has_certificates(object) => texts(object, "spec.tls[].secretName"),
        ("cert-manager.io", "Certificate") => texts(object, "spec.secretName"),
        ("external-secrets.io", "ExternalSecret") => {
            vec![format!("Secret/{}", text(&["spec", "target", "name"]).unwrap_or(name))]
        }
        ("bitnami.com", "SealedSecret") | ("onepassword.com", "OnePasswordItem") => vec![format!("Secret/{name}")],
        ("postgresql.cnpg.io", "Cluster") => DATABASE.map(|said| said.replace('/', &format!("/{name}"))).to_vec(),
        _ => Vec::new(),
    }
}

fn has_certificates(object: &Object<'_>) -> bool {
    let annotations = object.at(&["metadata", "annotations"]);
    annotations.is_some_and(|all| CERTIFICATES.iter().any(|name| all.get(name).is_some()))
}

/// The Secrets that a field names.
fn texts(object: &Object<'_>, path: &str) -> Vec<String> {
    let mut made = Vec::new();
    let mut add = |node: &Node| made.extend(node.as_str().map(|name| format!("Secret/{name}")));
    object.at(&[]).into_iter().for_each(|root| each(root, path, &mut add));
    made
}

/// The claims of a `StatefulSet`'s templates, one a pod.
fn claims(object: &Object<'_>) -> Vec<String> {
    let templates = object.at(&["spec", "volumeClaimTemplates"]).and_then(Node::as_list).unwrap_or_default();
    let replicas = object.at(&["spec", "replicas"]).and_then(super::scalar).and_then(|text| text.parse().ok());
    let names = templates.iter().filter_map(|template| template.at(["metadata", "name"])?.as_str());
    let of = |template: &str, pod: u16| format!("PersistentVolumeClaim/{template}-{}-{pod}", object.what.name);
    names.flat_map(|template| (0..replicas.unwrap_or(1)).map(move |pod| of(template, pod))).collect()
}
