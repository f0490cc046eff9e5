//! What Kubernetes objects say: hosts, images, volumes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::{Built, Stack, Tree};
use crate::survey::{list, said};
use crate::yaml::{Data, Node};

/// One way in: a host and path that an Ingress leads to a Service, or a host that only has a DNS record.
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
    /// What DNS says of the host: the `DNSEndpoint`s of all stacks.
    pub dns: Vec<Record>,
}

/// One DNS record.
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
    let mut hosts = BTreeSet::new();
    for (_, _, object) in objects(tree, "DNSEndpoint") {
        for endpoint in list(object, ["spec", "endpoints"]) {
            if let Some(name) = said(endpoint, ["dnsName"]) {
                records.entry(name).or_default().insert(record(endpoint));
            }
        }
    }
    let dns = |host: &str| records.get(host).into_iter().flatten().cloned().collect();
    for (stack, _, object) in objects(tree, "Ingress") {
        for rule in list(object, ["spec", "rules"]) {
            let host = said(rule, ["host"]).unwrap_or_else(|| "*".to_owned());
            for path in list(rule, ["http", "paths"]) {
                let port = ["number", "name"].into_iter().find_map(|key| said(path, ["backend", "service", "port", key]));
                hosts.insert(Host {
                    path: Some(said(path, ["path"]).unwrap_or_else(|| "/".to_owned())),
                    service: said(path, ["backend", "service", "name"]),
                    port,
                    dns: dns(&host),
                    ..bare(stack, object, host.clone())
                });
            }
        }
    }
    let routed: BTreeSet<String> = hosts.iter().map(|host| host.host.clone()).collect();
    for (stack, _, object) in objects(tree, "DNSEndpoint") {
        let names = list(object, ["spec", "endpoints"]).iter().filter_map(|endpoint| said(endpoint, ["dnsName"]));
        for host in names.filter(|host| !routed.contains(host)) {
            hosts.insert(Host { dns: dns(&host), ..bare(stack, object, host) });
        }
    }
    hosts.into_iter().collect()
}

fn bare(stack: &Stack, object: &Node, host: String) -> Host {
    let namespace = said(object, ["metadata", "namespace"]);
    Host { host, path: None, stack: stack.name.clone(), namespace, service: None, port: None, dns: Vec::new() }
}

fn record(endpoint: &Node) -> Record {
    let targets = list(endpoint, ["targets"]).iter().filter_map(super::scalar).collect();
    Record { kind: said(endpoint, ["recordType"]).unwrap_or_default(), targets }
}

/// An image and a workload that runs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Image {
    /// As the workload names it.
    pub image: String,
    /// The workload's stack.
    pub stack: String,
    /// The workload's namespace.
    pub namespace: Option<String>,
    /// `Deployment ntfy`
    pub workload: String,
}

/// The images of pods, sorted; of a Helm release those of the containers that its values add.
#[must_use]
pub fn images(tree: &Tree) -> Vec<Image> {
    const PODS: [&[&str]; 3] =
        [&["spec"], &["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"]];
    let mut images = BTreeSet::new();
    for (stack, kind, object) in tree.stacks.iter().flat_map(all_objects) {
        let mut found = Vec::new();
        for pod in PODS.iter().filter_map(|keys| object.at(keys.iter().copied())) {
            of_pod(pod, &mut found);
        }
        if let Some(values) = object.at(["spec", "values"]).filter(|_| kind == "HelmRelease") {
            everywhere(values, &mut found);
        }
        let name = said(object, ["metadata", "name"]).unwrap_or_default();
        images.extend(found.into_iter().map(|image| Image {
            image,
            stack: stack.name.clone(),
            namespace: said(object, ["metadata", "namespace"]),
            workload: format!("{kind} {name}"),
        }));
    }
    images.into_iter().collect()
}

fn of_pod(pod: &Node, found: &mut Vec<String>) {
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        found.extend(list(pod, [key]).iter().filter_map(|container| said(container, ["image"])));
    }
}

fn everywhere(node: &Node, found: &mut Vec<String>) {
    of_pod(node, found);
    match &node.data {
        Data::Map(map) => map.iter().for_each(|(_, value)| everywhere(value, found)),
        Data::List(list) => list.iter().for_each(|value| everywhere(value, found)),
        _ => {}
    }
}

/// Where data lies: a folder of an NFS server, or a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Volume {
    /// `nfs` or `claim`.
    pub kind: &'static str,
    /// The NFS server; none of a claim.
    pub server: Option<String>,
    /// The folder on the server, or the claim as `namespace/name`.
    pub path: String,
    /// What a claim asks for: `100Gi`.
    pub size: Option<String>,
    /// What a claim is bound to: its volume, or else its class.
    pub from: Option<String>,
    /// The stack that has it.
    pub stack: String,
    /// The module of it.
    pub module: String,
}

/// The volumes: NFS folders by server and path, then claims.
#[must_use]
pub fn volumes(tree: &Tree) -> Vec<Volume> {
    let mut volumes = BTreeSet::new();
    for (stack, file) in tree.stacks.iter().flat_map(|stack| stack.files.iter().map(move |file| (stack, file))) {
        if file.path == "nfs-exports.txt" {
            volumes.extend(file.source.text.lines().filter_map(|line| export(stack, file, line)));
        }
        let is_claim = |object: &&Node| object.get("kind").and_then(Node::as_str) == Some("PersistentVolumeClaim");
        volumes.extend(file.object().filter(is_claim).map(|object| claim(stack, file, object)));
    }
    let mut volumes: Vec<Volume> = volumes.into_iter().collect();
    volumes.sort_by_key(|volume| volume.kind != "nfs");
    volumes
}

fn export(stack: &Stack, file: &Built, line: &str) -> Option<Volume> {
    let (server, path) = line.split_once(' ')?;
    Some(Volume {
        kind: "nfs",
        server: Some(server.to_owned()),
        path: path.to_owned(),
        size: None,
        from: None,
        stack: stack.name.clone(),
        module: file.module.clone(),
    })
}

fn claim(stack: &Stack, file: &Built, object: &Node) -> Volume {
    let part = |key| said(object, ["metadata", key]).unwrap_or_default();
    Volume {
        kind: "claim",
        server: None,
        path: format!("{}/{}", part("namespace"), part("name")),
        size: said(object, ["spec", "resources", "requests", "storage"]),
        from: ["volumeName", "storageClassName"].into_iter().find_map(|key| said(object, ["spec", key])),
        stack: stack.name.clone(),
        module: file.module.clone(),
    }
}

/// Every object with its stack and kind.
fn all_objects(stack: &Stack) -> impl Iterator<Item = (&Stack, &str, &Node)> {
    let objects = stack.files.iter().filter_map(Built::object);
    objects.filter_map(move |object| Some((stack, object.get("kind")?.as_str()?, object)))
}

/// The objects of one kind.
fn objects<'a>(tree: &'a Tree, kind: &str) -> impl Iterator<Item = (&'a Stack, &'a str, &'a Node)> {
    tree.stacks.iter().flat_map(all_objects).filter(move |(_, found, _)| *found == kind)
}
