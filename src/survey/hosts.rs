//! The ways in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::survey::{Object, list, of_kind, said, scalar};
use crate::yaml::{Map, Node};

/// A host and path that an Ingress leads to a Service, or a host that only has a DNS record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Host {
    /// `draw.example.com`; `*` where an Ingress takes any host.
    pub host: String,
    /// `/`; none where there is only a record.
    pub path: Option<String>,
    /// The stack that has the Ingress, or else the record.
    pub stack: String,
    /// The object's namespace.
    pub namespace: Option<String>,
    /// The Service's name.
    pub service: Option<String>,
    /// The number or the name of its port.
    pub port: Option<String>,
    /// What the Ingress tells its controller: who may come in, through which middlewares.
    pub annotations: BTreeMap<String, String>,
    /// What DNS says of the host: the `DNSEndpoint`s of all stacks.
    pub dns: BTreeSet<Record>,
}

/// One DNS record of an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Record {
    /// `CNAME`
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it leads.
    pub targets: Vec<String>,
}

/// The hosts, sorted.
#[must_use]
pub fn hosts(tree: &Tree) -> Vec<Host> {
    let mut records: BTreeMap<String, BTreeSet<Record>> = BTreeMap::new();
    let mut hosts: Vec<Host> = of_kind(tree, "Ingress").flat_map(|ingress| routes(&ingress)).collect();
    let routed: BTreeSet<String> = hosts.iter().map(|host| host.host.clone()).collect();
    for endpoints in of_kind(tree, "DNSEndpoint") {
        for endpoint in list(endpoints.node, ["spec", "endpoints"]) {
            let (Some(name), Some(record)) = (said(endpoint, ["dnsName"]), record(endpoint)) else { continue };
            records.entry(name.clone()).or_default().insert(record);
            if !routed.contains(&name) {
                hosts.push(bare(&endpoints, name));
            }
        }
    }
    for host in &mut hosts {
        host.dns = records.get(&host.host).cloned().unwrap_or_default();
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The hosts and paths of an Ingress.
fn routes(ingress: &Object) -> Vec<Host> {
    let annotations: BTreeMap<String, String> = (ingress.node.at(["metadata", "annotations"]).and_then(Node::as_map))
        .into_iter()
        .flat_map(Map::iter)
        .filter_map(|(key, value)| Some((key.to_owned(), scalar(value)?)))
        .collect();
    let mut hosts = Vec::new();
    for rule in list(ingress.node, ["spec", "rules"]) {
        let host = said(rule, ["host"]).unwrap_or_else(|| "*".to_owned());
        for path in list(rule, ["http", "paths"]) {
            let port = |key| said(path, ["backend", "service", "port", key]);
            hosts.push(Host {
                path: said(path, ["path"]).or_else(|| Some("/".to_owned())),
                service: said(path, ["backend", "service", "name"]),
                port: port("number").or_else(|| port("name")),
                annotations: annotations.clone(),
                ..bare(ingress, host.clone())
            });
        }
    }
    hosts
}

fn bare(object: &Object, host: String) -> Host {
    Host {
        host,
        path: None,
        stack: object.stack.to_owned(),
        namespace: object.named().namespace,
        service: None,
        port: None,
        annotations: BTreeMap::new(),
        dns: BTreeSet::new(),
    }
}

/// A record that leads to a host; others, such as TXT, make none.
fn record(endpoint: &Node) -> Option<Record> {
    let kind = said(endpoint, ["recordType"]).filter(|kind| ["A", "AAAA", "CNAME"].contains(&kind.as_str()))?;
    Some(Record { kind, targets: list(endpoint, ["targets"]).iter().filter_map(scalar).collect() })
}
