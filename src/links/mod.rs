//! What objects are to one another: what they offer, what they need, and what only one of them can have.
//!
//! `fields` knows the fields of Kubernetes' objects that name another object, `text` finds the names of Services
//! in texts, and `claims` what two cannot share. Whether somebody makes what is needed is for those to say who know
//! all stacks.

mod claims;
mod fields;
mod kept;
mod makes;
mod offers;
mod text;

use std::collections::BTreeSet;
use std::fmt;

pub use claims::{Claim, claims_of_machine, claims_of_object};
pub use kept::{Claimed, Judged, Needed};
pub use makes::makes;
pub use offers::{Answer, Offers};

use crate::check::Object;
use crate::yaml::{Data, Map, Node};

/// Something that an object names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need<'a> {
    /// The check that fails where nobody offers it.
    pub check: &'static str,
    /// What must be there.
    pub what: Target<'a>,
    /// The field that names it; empty where it stands in a text.
    pub field: &'static str,
    /// The text that names it, by which the author's place is found.
    pub text: &'a str,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target<'a> {
    /// `Service`; [`ROUTED`] for what Traefik names in one word.
    pub kind: &'a str,
    /// Its namespace, if it lives in one.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// A port of a Service, a key of a `ConfigMap` or Secret.
    pub part: Option<Box<str>>,
    /// Whether it is meant only if there is a namespace of that name: `NAME.NS:PORT` may be a host elsewhere.
    pub is_guess: bool,
}

/// The kind of `NAMESPACE-NAME@kubernetescrd`: an object of Traefik, of which one word says namespace and name.
pub const ROUTED: &str = "@kubernetescrd";

impl Target<'_> {
    /// By what [`Offers`] find it.
    #[must_use]
    pub fn key(&self) -> Box<str> {
        key(self.kind, self.namespace, self.name)
    }

    /// Whether every cluster has it.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        const BROUGHT: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
        let in_system = self.namespace == Some("kube-system");
        match self.kind {
            "Namespace" => BROUGHT.contains(&self.name),
            "ServiceAccount" => self.name == "default" || in_system,
            "ConfigMap" => self.name == "kube-root-ca.crt",
            "ClusterRole" => {
                ["cluster-admin", "admin", "edit", "view"].contains(&self.name) || self.name.starts_with("system:")
            }
            "Role" => in_system && (self.name.starts_with("system:") || self.name.starts_with("extension-apiserver-")),
            "PriorityClass" => self.name.starts_with("system-"),
            "Service" => [(Some("default"), "kubernetes"), (Some("kube-system"), "kube-dns")]
                .contains(&(self.namespace, self.name)),
            "TLSOption" => self.name == "default",
            _ => false,
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == ROUTED { "object of Traefik" } else { self.kind };
        write!(f, "{kind} `{}`", self.name)?;
        let part = match self.kind {
            "Service" => "port",
            _ => "key",
        };
        self.part.as_ref().map_or(Ok(()), |name| write!(f, " with {part} `{name}`"))?;
        self.namespace.map_or(Ok(()), |namespace| write!(f, " in namespace `{namespace}`"))
    }
}

/// By what something is found: `Service ntfy/ntfy`, `Namespace ntfy`.
#[must_use]
pub fn key(kind: &str, namespace: Option<&str>, name: &str) -> Box<str> {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
    .into()
}

/// The ports of a Service, numbers and names; the keys of a `ConfigMap` or Secret. None: not known, so any.
#[must_use]
pub fn parts(object: &Object<'_>) -> Option<Vec<Box<str>>> {
    let keys = |field: &str| object.at(&[field]).and_then(Node::as_map).into_iter().flat_map(Map::iter);
    match (object.what.group, object.what.kind) {
        // its name leads to pods or elsewhere, where any port may be
        ("", "Service") if has_no_address(object) => None,
        ("", "Service") => {
            let ports = object.at(&["spec", "ports"]).and_then(Node::as_list).unwrap_or_default();
            let of = |port| ["port", "name"].into_iter().filter_map(move |key| scalar(Node::get(port, key)?));
            Some(ports.iter().flat_map(of).collect())
        }
        ("", "ConfigMap") => Some(keys("data").chain(keys("binaryData")).map(|(key, _)| key.into()).collect()),
        ("", "Secret") => match object.at(&["type"]).and_then(Node::as_str) {
            // the cluster fills it in
            Some("kubernetes.io/service-account-token") => None,
            _ => Some(keys("data").chain(keys("stringData")).map(|(key, _)| key.into()).collect()),
        },
        _ => None,
    }
}

/// Whether a Service is only a name: headless, or of type `ExternalName`.
fn has_no_address(object: &Object<'_>) -> bool {
    let says = |key: &str, text: &str| object.at(&["spec", key]).and_then(Node::as_str) == Some(text);
    says("clusterIP", "None") || says("type", "ExternalName")
}

/// What an object needs, each thing once; not what every cluster has.
#[must_use]
pub fn needs<'a>(object: &Object<'a>) -> Vec<Need<'a>> {
    let mut needs = Vec::new();
    fields::find(object, &mut needs);
    text::find(object, &mut needs);
    let mut seen = BTreeSet::new();
    needs.retain(|need| !need.what.is_everywhere() && seen.insert((need.check, need.what.clone())));
    needs
}

/// The text of a text or number.
fn scalar(node: &Node) -> Option<Box<str>> {
    match &node.data {
        Data::Str(text) => Some(text.clone()),
        Data::Int(number) => Some(number.to_string().into()),
        _ => None,
    }
}
