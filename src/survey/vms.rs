//! Templates and virtual machines of Proxmox.

use serde::Serialize;

use crate::out::{self, Built, Tree};
use crate::survey::{list, said};
use crate::yaml::{Map, Node};

/// A template or a VM, by what its own calls say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Vm {
    /// Its number.
    pub vmid: u64,
    /// Its name.
    pub name: String,
    /// `template` or `vm`.
    pub kind: &'static str,
    /// The node of Proxmox that it lies on.
    pub node: Option<String>,
    /// In MiB.
    pub memory: Option<u64>,
    /// Of the processor.
    pub cores: Option<u64>,
    /// The name of the template that it is a clone of; its number where `out/` has no such template.
    pub from: Option<String>,
    /// What cloud-init gives to its network cards: `10.0.20.10/24`, `dhcp`.
    pub addresses: Vec<String>,
    /// The stack that has it.
    pub stack: String,
}

/// Templates and VMs, sorted by number.
#[must_use]
pub fn vms(tree: &Tree) -> Vec<Vm> {
    let node = only_node(tree);
    let of_stack = |stack: &out::Stack| -> Vec<Vm> {
        let machines = stack.files.iter().filter_map(Built::machine);
        machines.filter_map(|machine| row(&stack.name, node.as_deref(), machine)).collect()
    };
    let mut vms: Vec<Vm> = tree.stacks.iter().flat_map(of_stack).collect();
    let templates: Vec<(String, String)> = vms.iter().map(|vm| (vm.vmid.to_string(), vm.name.clone())).collect();
    for from in vms.iter_mut().filter_map(|vm| vm.from.as_mut()) {
        if let Some((_, name)) = templates.iter().find(|(vmid, _)| vmid == from) {
            name.clone_into(from);
        }
    }
    vms.sort();
    vms
}

/// The node that the calls' `{node}` stands for: that of the one target of Proxmox.
fn only_node(tree: &Tree) -> Option<String> {
    let targets = tree.site.as_ref()?.get("targets")?.as_map()?;
    let is_proxmox = |target: &Node| said(target, ["type"]).as_deref() == Some("proxmox");
    let mut nodes = targets.iter().filter(|(_, target)| is_proxmox(target)).map(|(_, target)| said(target, ["node"]));
    nodes.next().filter(|_| nodes.next().is_none()).flatten()
}

fn row(stack: &str, node: Option<&str>, machine: &Node) -> Option<Vm> {
    let calls = list(machine, ["calls"]);
    let parameters = || calls.iter().filter_map(|call| call.get("parameters"));
    let number = |key| parameters().rev().find_map(|call| said(call, [key])?.parse().ok());
    let cards = parameters().filter_map(Node::as_map).flat_map(Map::iter);
    let addresses = cards.filter(|(key, _)| key.starts_with("ipconfig")).filter_map(|(_, value)| value.as_str());
    Some(Vm {
        vmid: said(machine, ["vmid"])?.parse().ok()?,
        name: said(machine, ["name"]).unwrap_or_default(),
        kind: if said(machine, ["kind"])? == "ProxmoxTemplate" { "template" } else { "vm" },
        node: parameters().find_map(|call| said(call, ["target"])).or_else(|| node.map(str::to_owned)),
        memory: number("memory"),
        cores: number("cores"),
        from: parameters().find(|call| call.get("newid").is_some()).and_then(|clone| said(clone, ["vmid"])),
        addresses: addresses.flat_map(of_card).map(str::to_owned).collect(),
        stack: stack.to_owned(),
    })
}

/// The addresses of one `ipconfig`: `ip=10.0.20.10/24,gw=10.0.20.1`.
fn of_card(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter_map(|part| part.strip_prefix("ip=").or_else(|| part.strip_prefix("ip6=")))
}
