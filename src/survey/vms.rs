//! Templates and virtual machines of Proxmox.

use serde::Serialize;

use crate::out::{Built, Tree};
use crate::survey::{list, said};
use crate::yaml::Node;

/// A template or a VM, by what its own calls say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Vm {
    /// Its number.
    pub vmid: u64,
    /// Its name.
    pub name: String,
    /// `template` or `vm`.
    pub kind: &'static str,
    /// In MiB.
    pub memory: Option<u64>,
    /// Of the processor.
    pub cores: Option<u64>,
    /// What cloud-init gives to its network cards: `10.0.20.10/24`, `dhcp`.
    pub addresses: Vec<String>,
    /// The stack that has it.
    pub stack: String,
}

/// Templates and VMs, sorted by number.
#[must_use]
pub fn vms(tree: &Tree) -> Vec<Vm> {
    let of_stack = |stack: &'_ crate::out::Stack| -> Vec<Vm> {
        stack.files.iter().filter_map(Built::machine).filter_map(|machine| row(&stack.name, machine)).collect()
    };
    let mut vms: Vec<Vm> = tree.stacks.iter().flat_map(of_stack).collect();
    vms.sort();
    vms
}

fn row(stack: &str, machine: &Node) -> Option<Vm> {
    let calls = list(machine, ["calls"]);
    let parameters = || calls.iter().filter_map(|call| call.get("parameters"));
    let number = |key| parameters().filter_map(|call| said(call, [key])?.parse().ok()).last();
    let cards = parameters().filter_map(Node::as_map).flat_map(crate::yaml::Map::iter);
    let addresses = cards.filter(|(key, _)| key.starts_with("ipconfig")).filter_map(|(_, value)| value.as_str());
    Some(Vm {
        vmid: said(machine, ["vmid"])?.parse().ok()?,
        name: said(machine, ["name"]).unwrap_or_default(),
        kind: if said(machine, ["kind"])? == "ProxmoxTemplate" { "template" } else { "vm" },
        memory: number("memory"),
        cores: number("cores"),
        addresses: addresses.flat_map(of_card).map(str::to_owned).collect(),
        stack: stack.to_owned(),
    })
}

/// The addresses of one `ipconfig`: `ip=10.0.20.10/24,gw=10.0.20.1`.
fn of_card(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter_map(|part| part.strip_prefix("ip=").or_else(|| part.strip_prefix("ip6=")))
}
