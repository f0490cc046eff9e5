//! New sources: what `homebuild new` writes.
//!
//! A source is made as text and then tried as a build would take it, before anything is written: what a layout needs
//! and nobody gave is told by the layout's own schema.

pub mod compose;
mod draft;

use std::sync::Arc;

use crate::disk;
use crate::links::Answer;
use crate::load;
use crate::problem::{Level, Place, Problem, Problems, Source, did_you_mean};
use crate::render::{self, Rendered};
use crate::resolve::{self, Stack};
use crate::site::{Layout, Site};
use crate::yaml::{Data, Map, Node};
use draft::{Draft, map, number, text};

/// Files to be written, and what their author should look at.
#[derive(Debug, Default)]
pub struct New {
    /// Paths below the site, and texts.
    pub files: Vec<(String, String)>,
    /// Warnings.
    pub warnings: Problems,
}

/// What is known of the component of a new stack or module.
#[derive(Debug)]
pub struct Wish {
    /// Its layout.
    pub layout: String,
    /// Its image.
    pub image: Option<String>,
    /// The port on which it listens.
    pub port: Option<u16>,
    /// The host by which it is reached.
    pub host: Option<String>,
    /// Further values, as YAML.
    pub values: Vec<(String, Node)>,
}

/// Namespaces that Kubernetes has already.
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// A stack with one component.
pub fn stack(disk: &disk::Site, site: &Site, name: &str, wish: &Wish) -> Result<New, Problems> {
    free(disk, name)?;
    let file = (format!("stacks/{name}/stack.yaml"), minimal(site, name, wish, 2)?);
    tried(site, name, &[], file)
}

/// A module with one component, in a stack that is there.
pub fn module(disk: &disk::Site, site: &Site, path: &str, wish: &Wish) -> Result<New, Problems> {
    let Some((stack, name)) = path.split_once('/') else {
        let problem = Problem::error("bad-name", format!("`{path}` is no module: it is written STACK/NAME"));
        return Err(problem.note("a stack of its own is made by `homebuild new stack`").into());
    };
    let stacks = disk.stacks()?;
    if !stacks.iter().any(|known| known == stack) {
        return Err(Problem::error("unknown-stack", format!("there is no stack `{stack}`"))
            .label(did_you_mean(stack, stacks.iter().map(String::as_str)))
            .into());
    }
    if name == "files" {
        return Err(reserved(name, "the texts of the stack lie in a folder of this name"));
    }
    free(disk, name)?;
    let file = (format!("stacks/{stack}/{name}/module.yaml"), minimal(site, name, wish, 3)?);
    tried(site, stack, &load::stack(disk, stack)?.0, file)
}

/// A layout that makes one object, to go on from.
pub fn layout(site: &Site, name: &str) -> Result<New, Problems> {
    label(name)?;
    if name == "types" {
        return Err(reserved(name, "layouts/types.schema.yaml holds the types that layouts share"));
    }
    if site.layouts.contains_key(name) {
        return Err(Problem::error("exists", format!("there is a layout `{name}` already")).into());
    }
    let files = [
        (format!("layouts/{name}.schema.yaml"), include_str!("layout.schema.yaml").replace("NAME", name)),
        (format!("layouts/{name}.yaml.j2"), include_str!("layout.yaml.j2").to_owned()),
    ];
    Ok(New { files: files.into(), warnings: Problems::new() })
}

/// Refuses what is no name of a namespace, or is one already.
fn free(disk: &disk::Site, name: &str) -> Result<(), Problems> {
    label(name)?;
    if NAMESPACES.contains(&name) {
        return Err(reserved(name, "it is a namespace of Kubernetes itself"));
    }
    for stack in disk.stacks()? {
        let path = format!("stacks/{stack}/{name}/module.yaml");
        if stack == name || disk.file(&path, &mut disk::Seen::new())?.is_some() {
            let what = if stack == name { format!("stack `{name}`") } else { format!("module `{stack}/{name}`") };
            let problem = Problem::error("exists", format!("there is a {what} already, and it has this namespace"));
            return Err(problem.note("take another name").into());
        }
    }
    Ok(())
}

fn reserved(name: &str, why: &str) -> Problems {
    Problem::error("reserved", format!("`{name}` cannot be the name: {why}")).into()
}

/// Refuses what is no DNS label.
fn label(name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inside = name.chars().all(|c| is_plain(c) || c == '-');
    if inside && name.len() <= 63 && name.starts_with(is_plain) && name.ends_with(is_plain) {
        return Ok(());
    }
    let problem = Problem::error("bad-name", format!("`{}` is no name", name.escape_debug())).note(
        "a name has small letters, digits and `-` between them, 63 at most: namespaces and hosts are called by it",
    );
    let better = dns_label(name);
    Err(if better.is_empty() { problem } else { problem.label(format!("such as `{better}`")) })
}

/// The nearest name that Kubernetes takes; empty where there is none.
fn dns_label(name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let plain = plain.trim_matches('-');
    plain[..plain.len().min(63)].trim_end_matches('-').to_owned()
}

/// A file with one component of the values that are known.
fn minimal(site: &Site, name: &str, wish: &Wish, above: usize) -> Result<String, Problems> {
    let values = values(site, wish)?;
    let mut draft = Draft::new(above);
    draft.comment("say in a line what it is");
    draft.entry("description", &text(name));
    tier(site, tiers(site).first().copied(), &mut draft);
    draft.open("components");
    draft.open(name);
    draft.entry("layout", &text(&wish.layout));
    values.iter().for_each(|(key, value)| draft.entry(key, value));
    draft.comment(&format!("go on here: layouts/{}.schema.yaml says which values there are", wish.layout));
    Ok(draft.finish())
}

/// The site's tiers, from the lowest priority.
fn tiers(site: &Site) -> Vec<&str> {
    let priority = |node: &Node| match node.get("priority").map(|node| &node.data) {
        Some(Data::Int(number)) => *number,
        _ => 0,
    };
    let mut tiers: Vec<_> = site.tiers.iter().collect();
    tiers.sort_by_key(|(_, node)| priority(node));
    tiers.into_iter().map(|(name, _)| name).collect()
}

/// The line of the tier, where the site has tiers.
fn tier(site: &Site, tier: Option<&str>, draft: &mut Draft) {
    let Some(tier) = tier else { return };
    draft.comment(&format!("one of {}", site.tiers.keys().collect::<Vec<_>>().join(", ")));
    draft.entry("tier", &text(tier));
}

fn layout_of<'a>(site: &'a Site, name: &str) -> Result<&'a Layout, Problem> {
    site.layouts.get(name).ok_or_else(|| {
        let known = site.layouts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let problem = site.no_layout(name, &Place::nowhere()).nowhere();
        problem.note(format!("--layout takes one of {known}"))
    })
}

/// The values of the wish, under the names that the layout has for them.
fn values(site: &Site, wish: &Wish) -> Result<Map, Problems> {
    let layout = layout_of(site, &wish.layout)?;
    let has = |name: &str| layout.schema.declared().any(|(declared, _)| declared == name);
    let mut values = Map::default();
    if let Some(image) = &wish.image {
        values.set("image", text(image));
    }
    if let Some(port) = wish.port {
        values.set("port", number(port));
        if has("probes") {
            values.set("probes", ready_at(port));
        }
    }
    if let Some(host) = &wish.host {
        values.set(if has("ingress") { "ingress" } else { "host" }, text(host));
    }
    wish.values.iter().for_each(|(key, value)| values.set(key.as_str(), value.clone()));
    Ok(values)
}

/// Ready as soon as someone listens.
fn ready_at(port: u16) -> Node {
    map([("readiness", map([("tcpSocket", map([("port", number(port))]))]))])
}

/// A new file among the others of its stack, if a build would take it.
fn tried(site: &Site, stack: &str, others: &[Arc<Source>], file: (String, String)) -> Result<New, Problems> {
    let sources: Vec<_> = others.iter().cloned().chain([Source::new(file.0.as_str(), file.1.as_str())]).collect();
    let (resolved, mut problems) = resolve::stack(site, stack, &sources);
    if let Some(resolved) = resolved.filter(|_| !problems.has_errors())
        && let Some(rendered) = problems.take(render::stack(site, &resolved))
    {
        problems.extend(missing_at_home(site, &resolved, &rendered));
    }
    let with_flags = |problem: Problem| match problem.code {
        "missing-value" => problem.note("give it: --image, --port, --host, or --set NAME=VALUE for any other"),
        _ => problem,
    };
    problems.map(with_flags).or(New { files: vec![file], warnings: Problems::new() })
}

/// What a module needs in its own namespace and does not make: nobody else will.
fn missing_at_home(site: &Site, stack: &Stack, rendered: &[Rendered]) -> Problems {
    let external = site.external_offers();
    let mut problems = Problems::new();
    for (module, made) in stack.modules.iter().zip(rendered) {
        let home = |key: &str| key.split([' ', '/']).nth(1) == module.namespace.as_deref();
        for asked in made.links.needs.iter().filter(|asked| home(&asked.need.key)) {
            let is_there = matches!(external.answer(&asked.need.key, asked.need.part.as_deref()), Answer::Yes(_));
            let problem = asked.problem(module, "").filter(|problem| problem.level == Level::Error && !is_there);
            problems.extend(problem);
        }
    }
    problems
}
