//! The stack's text.

use std::collections::BTreeSet;

use super::super::draft::{Draft, map, text};
use super::Taking;
use super::component::{Component, Value, original, raw};
use super::words::is_secret;
use crate::problem::{Place, Problem};
use crate::schema::What;
use crate::site::Site;
use crate::yaml::{Data, Entry, Map, Node};

/// The order of the values of a component.
const ORDER: [&str; 19] = [
    "when",
    "image",
    "pull_policy",
    "replicas",
    "strategy",
    "command",
    "args",
    "env",
    "files",
    "port",
    "ports",
    "service",
    "ingress",
    "volumes",
    "wait_for",
    "probes",
    "resources",
    "container",
    "pod",
];

/// Why a key has no counterpart, where there is more to say.
const WHY: [(&str, &str); 16] = [
    ("container_name", "Kubernetes names pods by itself"),
    ("restart", "pods are always started again; what runs once is layout `job`"),
    ("networks", "all pods reach each other, by the names of their Services"),
    ("network_mode", "all pods reach each other, by the names of their Services"),
    ("links", "all pods reach each other, by the names of their Services"),
    ("labels", "no program reads Docker's labels here; `ingress` routes, `pod_annotations` are what tools read"),
    ("logging", "nodes keep logs as they are set to"),
    ("ulimits", "limits are the node's"),
    ("build", "images are built elsewhere: name the one that is"),
    ("devices", "a device needs a device plugin, or `privileged` and a volume `host:/dev/...`"),
    ("version", "it says nothing"),
    ("depends_on", "nobody knows on which port the other one listens"),
    ("volumes", "a share or a claim takes its place; for the time zone give `env: {TZ: ...}`"),
    ("healthcheck", "a probe is a request, a connection or a command"),
    ("env_file", "the file does not lie beside it"),
    ("init", "the image's program is the first process"),
];

/// A stack's text but for its tier and what it accepts.
pub struct Text {
    name: String,
    head: String,
    body: String,
}

impl Text {
    /// The whole, in a tier, with checks that are accepted.
    pub fn with(&self, site: &Site, tier: Option<&str>, accepted: &BTreeSet<&str>) -> String {
        let mut draft = Draft::new(2);
        self.head.lines().for_each(|line| draft.comment(line));
        draft.entry("description", &text(&self.name));
        super::super::tier(site, tier, &mut draft);
        if !accepted.is_empty() {
            draft.comment("settle it, then take it away");
            let reason = "as the Compose file has it";
            draft.entry("accept", &map(accepted.iter().map(|name| (*name, text(reason)))));
        }
        draft.finish() + &self.body
    }
}

impl Taking<'_> {
    /// The text of all components, and of what else the file says.
    pub fn text(&mut self, components: Vec<Component>) -> Text {
        let mut body = Draft::default();
        let mut below = Draft::default();
        below.open("components");
        for (number, component) in components.into_iter().enumerate() {
            if number > 0 {
                below.gap();
            }
            self.component_text(component, &mut below);
        }
        let below = below.finish();
        self.variables_text(&mut body);
        let mut text = body.finish() + &below;
        text.push_str(&self.rest_text(&text));
        let text = self.without_secrets(text);
        let name = self.project.root.get("name").and_then(raw).map_or_else(String::new, |name| format!(" of {name}"));
        let head = format!("taken over from {}{name}: see what the comments say", self.project.file);
        Text { name: self.stack.to_owned(), head, body: text }
    }

    /// A text in which no secret stands that is not copied. Mostly it stood in a comment that says what was there.
    fn without_secrets(&mut self, mut text: String) -> String {
        for secret in &self.variables.withheld {
            if text.lines().any(|line| line.contains(secret.as_str()) && !line.trim_start().starts_with('#')) {
                let message = "a secret stands in the text of another value, too: there it is `...`";
                self.problems.push(Problem::warning("plain-secret", message).note("write its expression there"));
            }
            text = text.replace(secret.as_str(), "...");
        }
        text
    }

    fn variables_text(&mut self, draft: &mut Draft) {
        for (name, value) in &self.variables.inlined {
            if !self.variables.used.iter().any(|(used, ..)| used == name) {
                let value = if is_secret(name, value) { "" } else { value };
                draft.comment(&format!(
                    "${{{name}}} is written where it is used: {}",
                    if value.is_empty() { "(empty)" } else { value }
                ));
            }
        }
        if self.variables.used.is_empty() {
            return;
        }
        draft.open("vars");
        for (name, value, comment) in &self.variables.used {
            draft.comment(comment.as_deref().unwrap_or_default());
            draft.entry(name, &text(&super::variables::literal(value)));
        }
        draft.close();
    }

    fn component_text(&mut self, mut component: Component, draft: &mut Draft) {
        if component.name != component.service {
            draft.comment(&format!("{} in compose.yaml: change it where others name it", component.service));
            let message = format!(
                "the service `{}` is called `{}`, which is a name that Kubernetes takes",
                component.service, component.name
            );
            self.problems
                .push(Problem::warning("compose", message).at(&component.place).note("change it where others name it"));
        }
        draft.open(&component.name);
        draft.entry("layout", &text(&self.wish.layout));
        component.values.sort_by_key(|value| ORDER.iter().position(|key| *key == value.key));
        for value in &component.values {
            self.value_text(value, &component.place, draft);
        }
        self.rest(&component.rest, draft, "has no counterpart");
        draft.close();
    }

    /// A value; what the layout does not take of it is a comment.
    fn value_text(&mut self, value: &Value, place: &Place, draft: &mut Draft) {
        draft.comment(&value.comment);
        if is_nothing(&value.node) {
            return;
        }
        let layout = &self.wish.layout;
        let (good, bad) = if value.key != "when" && !self.declared.contains(value.key) {
            self.problems.push(
                Problem::warning("compose", format!("layout `{layout}` has no value `{}`: it is a comment", value.key))
                    .at(place),
            );
            (None, Some(value.node.clone()))
        } else {
            self.sorted_out(value)
        };
        if let Some(bad) = bad {
            let mut aside = Draft::default();
            written(value, &bad, &mut aside);
            draft.comment(&aside.finish());
            if good.is_some() || self.declared.contains(value.key) {
                let message = format!("layout `{layout}` does not take all of `{}`: the rest is a comment", value.key);
                self.problems.push(Problem::warning("compose", message).at(place));
            }
        }
        if let Some(good) = good {
            written(value, &good, draft);
        }
    }

    /// What the layout takes of a value, and what it does not: entry by entry, where they are the author's names.
    fn sorted_out(&self, value: &Value) -> (Option<Node>, Option<Node>) {
        let by_entry = ["env", "files", "volumes", "ports"].contains(&value.key);
        let Some(map) = value.node.as_map().filter(|_| by_entry) else {
            let node = Some(value.node.clone());
            return if self.takes(value.key, &value.node) { (node, None) } else { (None, node) };
        };
        let one = |entry: &Entry| Node::new(Data::Map(Map(vec![entry.clone()])), &Place::nowhere());
        let (good, bad): (Vec<_>, Vec<_>) = map.0.iter().cloned().partition(|entry| self.takes(value.key, &one(entry)));
        let node =
            |entries: Vec<Entry>| (!entries.is_empty()).then(|| Node::new(Data::Map(Map(entries)), &Place::nowhere()));
        (node(good), node(bad))
    }

    /// Whether the layout's schema has nothing against a value.
    fn takes(&self, key: &str, node: &Node) -> bool {
        let Some(layout) = self.site.layouts.get(&self.wish.layout).filter(|_| self.declared.contains(key)) else {
            return true;
        };
        let values = layout.schema.expand(map([(key, node.clone())]));
        let what = What::layout(&layout.name, key, &Place::nowhere());
        let problems = layout.schema.complete(values, &what).err();
        problems.into_iter().flatten().all(|problem| problem.code == "missing-value")
    }

    /// What is left, as a comment and as messages.
    fn rest(&mut self, rest: &Map, draft: &mut Draft, what: &str) {
        for Entry { key, place, value } in rest.0.iter().filter(|entry| !entry.value.is_null()) {
            draft.comment(&original(key, value));
            let mut problem = Problem::warning("compose", format!("`{key}` {what}: it is a comment")).at(place);
            if let Some((_, why)) = WHY.iter().find(|(known, _)| **known == **key) {
                problem = problem.note(*why);
            }
            self.problems.push(problem);
        }
    }

    /// What the file says outside of its services, where the services do not show it.
    fn rest_text(&mut self, text: &str) -> String {
        let mut rest = Map::default();
        let mut used = BTreeSet::new();
        self.services.iter().for_each(|(_, service)| places(service, &mut used));
        for entry in &self.project.root.0 {
            let shown = |node: &Node| is_shown(node, text, &used);
            let keep = match &*entry.key {
                "services" | "name" => continue,
                "configs" | "secrets" => !shown(&entry.value),
                key if key.starts_with("x-") => !shown(&entry.value),
                "volumes" | "networks" => {
                    entry.value.as_map().is_some_and(|map| map.iter().any(|(_, node)| !is_nothing(node)))
                }
                _ => true,
            };
            if keep {
                rest.0.push(entry.clone());
            }
        }
        let mut draft = Draft::default();
        if !rest.is_empty() {
            draft.gap();
            self.rest(&rest, &mut draft, "of the whole file has no counterpart");
        }
        draft.finish()
    }

    /// Services whose names would be one.
    pub fn same_names(&mut self, components: &[Component]) {
        for (at, component) in components.iter().enumerate() {
            if component.name.is_empty() {
                let message = format!("`{}` holds nothing that a name can be made of", component.service);
                self.problems.push(Problem::error("compose", message).at(&component.place));
            }
            if let Some(first) = components[..at].iter().find(|first| first.name == component.name) {
                let message = format!(
                    "`{}` and `{}` would both be called `{}`",
                    first.service, component.service, component.name
                );
                self.problems.push(Problem::error("compose", message).at(&component.place));
            }
        }
    }
}

fn written(value: &Value, node: &Node, draft: &mut Draft) {
    match node.as_map().filter(|_| !value.inside.is_empty()) {
        Some(map) => {
            draft.open(value.key);
            for (key, node) in map.iter() {
                draft.comment(value.inside.get(key).map_or("", String::as_str));
                draft.entry(key, node);
            }
            draft.close();
        }
        None => draft.entry(value.key, node),
    }
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || node.as_map().is_some_and(Map::is_empty)
}

/// Whether every value below a node is one that a service has by an alias, or stands in a text.
fn is_shown(node: &Node, text: &str, used: &BTreeSet<(u32, u16)>) -> bool {
    match &node.data {
        Data::Map(map) => map.iter().all(|(_, node)| is_shown(node, text, used)),
        Data::List(items) => items.iter().all(|item| is_shown(item, text, used)),
        Data::Null | Data::Removed => true,
        _ if used.contains(&(node.place.line, node.place.column)) => true,
        _ => raw(node).is_none_or(|raw| raw.lines().all(|line| text.contains(line.trim()))),
    }
}

/// Where the values below a node stand.
fn places(node: &Node, found: &mut BTreeSet<(u32, u16)>) {
    match &node.data {
        Data::Map(map) => map.iter().for_each(|(_, node)| places(node, found)),
        Data::List(items) => items.iter().for_each(|item| places(item, found)),
        _ => drop(found.insert((node.place.line, node.place.column))),
    }
}
