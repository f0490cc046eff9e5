//! What there is, from `out/` alone: stacks and how they depend on one another, hosts, images, volumes, VMs, secrets.
//!
//! Each function turns the [`Tree`] of `out/` into rows, sorted; the command line prints them as a table or as JSON, whose
//! keys are the fields' names.

mod graph;
mod hosts;
mod images;
mod secrets;
mod stacks;
mod vms;
mod volumes;

use serde::Serialize;

pub use graph::{Edge, Graph, Group, graph};
pub use hosts::{Host, Record, hosts};
pub use images::{Image, images};
pub use secrets::{Secret, secrets};
pub use stacks::{Stack, stacks};
pub use vms::{Vm, vms};
pub use volumes::{Volume, volumes};

use crate::out::{Built, Tree};
use crate::yaml::{Data, Node};

/// An object of `out/` by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// The stack that has it.
    pub stack: String,
    /// The namespace that it lies in.
    pub namespace: Option<String>,
    /// `Deployment`
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// An object of `out/` and the stack that has it.
struct Object<'a> {
    stack: &'a str,
    kind: &'a str,
    node: &'a Node,
}

impl Object<'_> {
    fn named(&self) -> Named {
        let part = |key| said(self.node, ["metadata", key]);
        Named {
            stack: self.stack.to_owned(),
            namespace: part("namespace"),
            kind: self.kind.to_owned(),
            name: part("name").unwrap_or_default(),
        }
    }

    /// Its pods' spec, if it makes pods.
    fn pod(&self) -> Option<&Node> {
        const PODS: [&[&str]; 3] =
            [&["spec"], &["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"]];
        let specs = PODS.iter().filter_map(|keys| self.node.at(keys.iter().copied()));
        specs.into_iter().find(|spec| spec.get("containers").is_some())
    }

    /// What a Helm release gives to its chart.
    fn chart_values(&self) -> Option<&Node> {
        self.node.at(["spec", "values"]).filter(|_| self.kind == "HelmRelease")
    }
}

fn objects(tree: &Tree) -> impl Iterator<Item = Object<'_>> {
    let files = tree.stacks.iter().flat_map(|stack| stack.files.iter().map(move |file| (stack, file)));
    files.filter_map(|(stack, file)| {
        let node = Built::object(file)?;
        Some(Object { stack: &stack.name, kind: node.get("kind")?.as_str()?, node })
    })
}

/// The objects of one kind.
fn of_kind<'a>(tree: &'a Tree, kind: &str) -> impl Iterator<Item = Object<'a>> {
    objects(tree).filter(move |object| object.kind == kind)
}

/// A text or a number as text.
fn scalar(node: &Node) -> Option<String> {
    match &node.data {
        Data::Str(text) => Some(text.to_string()),
        Data::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The scalar below several keys.
fn said<'a>(node: &Node, keys: impl IntoIterator<Item = &'a str>) -> Option<String> {
    node.at(keys).and_then(scalar)
}

/// The values of a list below several keys.
fn list<'a>(node: &'a Node, keys: impl IntoIterator<Item = &'a str>) -> &'a [Node] {
    node.at(keys).and_then(Node::as_list).unwrap_or_default()
}

/// Calls a function with every entry of every map in a tree.
fn each_entry<'a>(node: &'a Node, found: &mut dyn FnMut(&'a str, &'a Node)) {
    match &node.data {
        Data::List(list) => list.iter().for_each(|item| each_entry(item, found)),
        Data::Map(map) => map.iter().for_each(|(key, value)| {
            found(key, value);
            each_entry(value, found);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
