//! What there is, from `out/` alone: stacks and how they depend on one another, hosts, images, volumes, VMs, secrets.
//!
//! Each function turns the [`Tree`](crate::out::Tree) of `out/` into rows, sorted; the command line prints them as a
//! table or as JSON, whose keys are the fields' names.

mod objects;
mod secrets;
mod stacks;
mod vms;

pub use objects::{Host, Image, Record, Volume, hosts, images, volumes};
pub use secrets::{Secret, secrets};
pub use stacks::{Stack, stacks};
pub use vms::{Vm, vms};

use crate::yaml::{Data, Node};

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

#[cfg(test)]
mod tests;
