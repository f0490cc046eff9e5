//! What only one can have: a host and path, an address, a port of every node, what a machine is known by.

use std::collections::BTreeSet;

use super::fields::each;
use super::scalar;
use crate::check::{ADDRESS_TWICE, Check, HOST_TWICE, MACHINE_TWICE, NODE_PORT_TWICE, Object};
use crate::yaml::{Data, Node};

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
        ("", "Service") => node_ports(object).into_iter().chain(addresses(object)).collect(),
        _ => Vec::new(),
    }
}

fn hosts(object: &Object<'_>) -> Vec<Claim> {
    let mut claims = BTreeSet::new();
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let class = object.at(&["spec", "ingressClassName"]).and_then(Node::as_str).unwrap_or_default();
    if let Some(spec) = object.at(&["spec"]) {
        each(spec, "rules[]", &mut |rule| {
            let host = text(rule, "host").unwrap_or_else(|| "*".to_owned());
            each(rule, "http.paths[]", &mut |path| {
                let path = text(path, "path").unwrap_or_else(|| "/".to_owned());
                let class = if class.is_empty() { String::new() } else { format!(" (class {class})") };
                claims.insert(claim(&HOST_TWICE, format!("{host}{path}{class}")));
            });
        });
    }
    claims.into_iter().collect()
}

fn node_ports(object: &Object<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let ports = object.at(&["spec", "ports"]).and_then(Node::as_list).unwrap_or_default();
    for port in ports {
        let protocol = port.get("protocol").and_then(Node::as_str).unwrap_or("TCP");
        if let Some(number) = port.get("nodePort").and_then(scalar) {
            claims.push(claim(&NODE_PORT_TWICE, format!("{number}/{protocol}")));
        }
    }
    claims
}

/// The addresses that a Service asks `MetalLB` for; those with one sharing key are shared.
fn addresses(object: &Object<'_>) -> Vec<Claim> {
    let said = |end: &str| {
        let annotations = object.at(&["metadata", "annotations"])?;
        ["metallb.io/", "metallb.universe.tf/"]
            .iter()
            .find_map(|start| annotations.get(&format!("{start}{end}"))?.as_str())
    };
    let field = || object.at(&["spec", "loadBalancerIP"]).and_then(Node::as_str);
    let addresses = said("loadBalancerIPs").or_else(field).unwrap_or_default();
    let shared: Option<Box<str>> = said("allow-shared-ip").map(Into::into);
    let each = addresses.split(',').map(str::trim).filter(|address| !address.is_empty());
    each.map(|address| Claim { shared: shared.clone(), ..claim(&ADDRESS_TWICE, address) }).collect()
}

/// What a machine of Proxmox claims: its number, its hardware addresses and its own IP addresses.
#[must_use]
pub fn claims_of_machine(vmid: u32, calls: &[Node]) -> Vec<Claim> {
    let mut claims = BTreeSet::from([claim(&MACHINE_TWICE, format!("VM {vmid}"))]);
    let parameters = calls.iter().filter_map(|call| call.get("parameters")?.as_map());
    for (key, value) in parameters.flat_map(super::super::yaml::Map::iter) {
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
