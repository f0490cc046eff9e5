//! The homelab as one page to look at: its stacks by wave, and what each has. Nothing of it needs a network.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::survey::{self, Graph, Host, Stack, Vm, Volume};
use crate::template;

/// How the page begins, so that homebuild knows its own.
pub const MARK: &str = "<!doctype html>\n<!-- Made by `homebuild site`, which writes it anew each time. -->\n";
const TEMPLATE: &str = include_str!("page.html.j2");

/// What the page shows.
#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    style: &'static str,
    script: &'static str,
    /// The stacks and their dependencies, as SVG.
    picture: &'a str,
    tiers: BTreeSet<&'a str>,
    waves: Vec<Wave<'a>>,
    counts: Vec<Count>,
}

/// How many there are of what.
#[derive(Serialize)]
struct Count {
    number: usize,
    word: String,
}

#[derive(Serialize)]
struct Wave<'a> {
    number: usize,
    stacks: Vec<Card<'a>>,
}

/// One stack.
#[derive(Serialize)]
struct Card<'a> {
    stack: &'a Stack,
    description: Option<&'a str>,
    needed_by: Vec<&'a str>,
    links: Vec<Link<'a>>,
    images: Vec<&'a str>,
    volumes: Vec<&'a Volume>,
    vms: Vec<&'a Vm>,
    /// All that it can be found by.
    words: String,
}

/// A way in.
#[derive(Serialize)]
struct Link<'a> {
    /// None of a host that is only known by its pattern.
    url: Option<String>,
    text: String,
    /// What DNS says of it.
    dns: Vec<String>,
    service: Option<&'a str>,
}

/// The page of `out/`, with what the stacks say of themselves and a picture of them.
pub fn page(tree: &Tree, descriptions: &BTreeMap<String, String>, graph: &Graph, picture: &str) -> String {
    let name = tree.site.as_ref().and_then(|site| site.get("name")?.as_str()).unwrap_or("homelab");
    let (hosts, images, volumes, vms) =
        (survey::hosts(tree), survey::images(tree), survey::volumes(tree), survey::vms(tree));
    let mut waves: Vec<Wave> = Vec::new();
    for stack in &graph.stacks {
        let has = |stacks: &BTreeSet<String>| stacks.contains(&stack.stack);
        let mut card = Card {
            stack,
            description: descriptions.get(&stack.stack).map(String::as_str),
            needed_by: graph
                .stacks
                .iter()
                .filter(|other| other.depends_on.contains(&stack.stack))
                .map(name_of)
                .collect(),
            links: hosts.iter().filter(|host| host.stack == stack.stack).map(link).collect(),
            images: images.iter().filter(|image| has(&image.stacks)).map(|image| image.image.as_str()).collect(),
            volumes: volumes.iter().filter(|volume| has(&volume.stacks)).collect(),
            vms: vms.iter().filter(|vm| vm.stack == stack.stack).collect(),
            words: String::new(),
        };
        card.words = words(&card);
        if waves.last().is_none_or(|wave| wave.number != stack.wave) {
            waves.push(Wave { number: stack.wave, stacks: Vec::new() });
        }
        if let Some(wave) = waves.last_mut() {
            wave.stacks.push(card);
        }
    }
    let names: BTreeSet<&str> = hosts.iter().map(|host| host.host.as_str()).collect();
    let count =
        |number: usize, word: &str| Count { number, word: format!("{word}{}", if number == 1 { "" } else { "s" }) };
    let counts = vec![
        count(graph.stacks.len(), "stack"),
        count(names.len(), "host"),
        count(images.len(), "image"),
        count(volumes.len(), "volume"),
        count(vms.iter().filter(|vm| vm.kind == "vm").count(), "virtual machine"),
    ];
    let (style, script) = (include_str!("page.css"), include_str!("page.js"));
    let page = Page { name, style, script, picture, tiers: graph.tiers(), waves, counts };
    format!("{MARK}{}", template::html(TEMPLATE, &page))
}

fn name_of(stack: &Stack) -> &str {
    &stack.stack
}

fn link(host: &Host) -> Link<'_> {
    let path = host.path.as_deref().filter(|path| *path != "/").unwrap_or_default();
    let records = host.dns.iter().map(|record| format!("{} {}", record.kind, record.targets.join(", ")));
    Link {
        url: (!host.host.contains('*')).then(|| format!("https://{}{path}", host.host)),
        text: format!("{}{path}", host.host),
        dns: records.collect(),
        service: host.service.as_deref(),
    }
}

/// What a stack can be found by, in lower case.
fn words(card: &Card<'_>) -> String {
    let stack = card.stack;
    let mut words: Vec<&str> = vec![&stack.stack];
    words.extend(card.description);
    words.extend(stack.tiers.iter().chain(&stack.namespaces).chain(&stack.modules).map(String::as_str));
    words.extend(card.links.iter().map(|link| link.text.as_str()));
    words.extend(&card.images);
    words.extend(card.volumes.iter().map(|volume| volume.volume.as_str()));
    words.extend(card.vms.iter().map(|vm| vm.name.as_str()));
    words.dedup();
    words.join(" ").to_lowercase()
}
