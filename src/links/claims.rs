//! What only one can have: a host and path, an address, a port of every node, what a machine is known by.

use std::collections::BTreeSet;

use super::fields::each;
use super::scalar;
use crate::check::{ADDRESS_TWICE, Check, HOST_TWICE, MACHINE_TWICE, NODE_PORT_TWICE, Object};
use crate::yaml::{Data, Map, Node};

/// Something that only one can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The name of the check that fails where two have it.
    pub check: &'static str,
    /// `draw.example.org/`, `10.0.20.101`, `VM 220`.
    pub what: Box<str>,
    /// Those that say the same share it.
    pub shared: Option<Box<str>>,
}

fn claim(check: &Check, what: impl Into<Box<str>>) -> Claim {
    Claim { check: check.name, what: what.into(), shared: None }
}

/// What an object of the Kubernetes API claims.
#[must_use]
pub fn claims_of_object(object: &Object<'_>) -> Vec<Claim> {
    match (object.what.group, object.what.kind) {
        ("networking.k8s.io", "Ingress") => hosts(object),
        ("traefik.io" | "traefik.containo.us", "IngressRoute") => routes(object),
        ("", "Service") => node_ports(object).into_iter().chain(addresses(object)).collect(),
        _ => Vec::new(),
    }
}

fn hosts(object: &Object<'_>) -> Vec<Claim> {
    let mut claims = BTreeSet::new();
    let annotation = |name: &str| object.at(&["metadata", "annotations", name]).and_then(Node::as_str);
    let Some(spec) = object.at(&["spec"]).filter(|_| annotation(CANARY) != Some("true")) else { return Vec::new() };
    let class =
        spec.get("ingressClassName").and_then(Node::as_str).or_else(|| annotation("kubernetes.io/ingress.class"));
    let class = class.map(|class| format!("class {class}"));
    let entry =
        annotation("traefik.ingress.kubernetes.io/router.entrypoints").map(|names| format!("entry point {names}"));
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    each(spec, "rules[]", &mut |rule| {
        let host = text(rule, "host").unwrap_or_else(|| "*".to_owned());
        each(rule, "http.paths[]", &mut |path| {
            let exact = text(path, "pathType").filter(|kind| kind == "Exact").map(|_| "exact".to_owned());
            let path = text(path, "path").unwrap_or_else(|| "/".to_owned());
            claims.insert(claim(&HOST_TWICE, format!("{host}{path}{}", within([&class, &exact, &entry]))));
        });
    });
    claims.into_iter().collect()
}

/// The annotation of an Ingress that takes some of the requests of another one.
const CANARY: &str = "nginx.ingress.kubernetes.io/canary";

/// What else makes a host and path another one, in brackets.
fn within(parts: [&Option<String>; 3]) -> String {
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The rules of Traefik's own routes, as they are written.
fn routes(object: &Object<'_>) -> Vec<Claim> {
    let mut claims = BTreeSet::new();
    let Some(spec) = object.at(&["spec"]) else { return Vec::new() };
    let entries = spec.get("entryPoints").and_then(Node::as_list).unwrap_or_default();
    let entries: Vec<&str> = entries.iter().filter_map(Node::as_str).collect();
    let entries = Some(entries).filter(|all| !all.is_empty()).map(|all| format!("entry point {}", all.join(",")));
    let tls = spec.get("tls").filter(|tls| !tls.is_null()).map(|_| "TLS".to_owned());
    each(spec, "routes[]", &mut |route| {
        let priority = route.get("priority").and_then(scalar).map(|number| format!("priority {number}"));
        if let Some(rule) = route.get("match").and_then(Node::as_str) {
            claims.insert(claim(&HOST_TWICE, format!("{}{}", rule.trim(), within([&tls, &priority, &entries]))));
        }
    });
    claims.into_iter().collect()
}

fn node_ports(object: &Object<'_>) -> Vec<Claim> {
    let ports = object.at(&["spec", "ports"]).and_then(Node::as_list).unwrap_or_default();
    let health = object.at(&["spec", "healthCheckNodePort"]).and_then(scalar);
    let of = |port: &Node| {
        let protocol = port.get("protocol").and_then(Node::as_str).unwrap_or("TCP");
        Some(format!("{}/{protocol}", port.get("nodePort").and_then(scalar)?))
    };
    let numbers = ports.iter().filter_map(of).chain(health.map(|number| format!("{number}/TCP")));
    numbers.filter(|number| !number.starts_with("0/")).map(|number| claim(&NODE_PORT_TWICE, number)).collect()
}

/// Annotations by which a Service asks for addresses, and those that make it share them.
const ADDRESSES: [&str; 4] = [
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
];
const SHARING: [&str; 3] =
    ["metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip", "lbipam.cilium.io/sharing-key"];

/// The addresses that a Service asks for; those with one sharing key are shared.
fn addresses(object: &Object<'_>) -> Vec<Claim> {
    let text = |path: &[&str]| object.at(path).and_then(Node::as_str);
    if text(&["spec", "type"]) != Some("LoadBalancer") {
        return Vec::new();
    }
    let said = |names: &[&str]| names.iter().find_map(|name| text(&["metadata", "annotations", name]));
    let addresses = said(&ADDRESSES).or_else(|| text(&["spec", "loadBalancerIP"])).unwrap_or_default();
    let shared: Option<Box<str>> = said(&SHARING).map(Into::into);
    let each = addresses.split(',').map(str::trim).filter(|address| !address.is_empty());
    each.map(|address| Claim { shared: shared.clone(), ..claim(&ADDRESS_TWICE, address) }).collect()
}

/// What a machine of Proxmox claims: its number, its hardware addresses and its own IP addresses.
#[must_use]
pub fn claims_of_machine(vmid: u32, calls: &[Node]) -> Vec<Claim> {
    let mut claims = BTreeSet::from([claim(&MACHINE_TWICE, format!("VM {vmid}"))]);
    let parameters = calls.iter().filter_map(|call| call.get("parameters")?.as_map());
    for (key, value) in parameters.flat_map(Map::iter) {
        let Data::Str(text) = &value.data else { continue };
        let options = text.split(',').filter_map(|option| option.split_once('='));
        for (name, value) in options {
            if key.starts_with("net") && is_mac(value) {
                claims.insert(claim(&MACHINE_TWICE, format!("MAC {}", value.to_ascii_uppercase())));
            }
            let address = value.split('/').next().unwrap_or_default();
            if key.starts_with("ipconfig") && (name == "ip" || name == "ip6") && address.contains(['.', ':']) {
                claims.insert(claim(&MACHINE_TWICE, format!("IP {address}")));
            }
        }
    }
    claims.into_iter().collect()
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit()))
}
