//! A service as a component: what it runs, and in which environment.

use super::super::dns_label;
use super::super::draft::{list, text, truth};
use super::Taking;
use super::component::{Component, inside, original, raw, raws};
use super::resources::resources;
use super::variables::{names_secret, read_env};
use super::words::{is_secret, split};
use crate::problem::{Place, Problem};
use crate::yaml::{Data, Entry, Map, Node};

impl Taking<'_> {
    /// A service as a component.
    pub fn component(&mut self, entry: &Entry) -> Option<Component> {
        let Some(service) = entry.value.as_map() else {
            let problem = Problem::error("compose", format!("the service `{}` must be a map", entry.key));
            self.problems.push(problem.at(&entry.value.place));
            return None;
        };
        let name = dns_label(&entry.key);
        let (rest, extends) = self.extended(service);
        let service = entry.key.to_string();
        let mut c = Component { name, service, place: entry.place.clone(), values: Vec::new(), rest, listens: None };
        if let Some(extends) = extends {
            c.say("image", &original("extends", &extends));
        }
        self.network(&mut c); // it looks at the image
        self.image(&mut c);
        self.commands(&mut c);
        self.environment(&mut c);
        self.volumes(&mut c);
        self.waiting(&mut c);
        self.probe(&mut c);
        resources(&mut c);
        self.container(&mut c);
        profiles(&mut c);
        Some(c)
    }

    /// A service with what it extends in the same file laid under it.
    fn extended(&self, service: &Map) -> (Map, Option<Node>) {
        let mut service = service.clone();
        let base = service.get("extends").filter(|extends| extends.get("file").is_none()).and_then(|extends| {
            let name = extends.as_str().or_else(|| extends.get("service").and_then(Node::as_str))?;
            self.services.get(name)?.as_map()
        });
        let extends = base.and_then(|_| service.remove("extends"));
        for entry in base.into_iter().flat_map(|base| &base.0) {
            match (service.get_mut(&entry.key).map(|node| &mut node.data), &entry.value.data) {
                (None, _) => service.0.push(entry.clone()),
                (Some(Data::Map(over)), Data::Map(under)) => {
                    for entry in under.0.iter().filter(|entry| over.get(&entry.key).is_none()).collect::<Vec<_>>() {
                        over.0.push(entry.clone());
                    }
                }
                (Some(Data::List(over)), Data::List(under)) => drop(over.splice(0..0, under.iter().cloned())),
                _ => {}
            }
        }
        (service, extends)
    }

    /// A text with expressions instead of variables; its old form is a comment above `key` where it says something else.
    pub fn text_in(&mut self, c: &mut Component, key: &'static str, raw: &str, place: &Place) -> String {
        let (text, changed) = self.variables.text(raw, place);
        if changed {
            c.say(key, raw);
        }
        text
    }

    fn image(&mut self, c: &mut Component) {
        if let Some((image, place)) = c.take("image").and_then(|node| Some((raw(&node)?, node.place))) {
            let image = self.text_in(c, "image", &image, &place);
            c.set("image", &[], text(&image));
        } else {
            c.set("image", &[], text(&format!("registry.example.org/{}:1", c.name)));
            c.say("image", "built from sources: push the image to a registry and name it here");
        }
        if let Some(policy) = c.take("pull_policy") {
            let known = match policy.as_str() {
                Some("always") => "Always",
                Some("missing" | "if_not_present") => "IfNotPresent",
                Some("never") => "Never",
                _ => return c.leave("pull_policy", policy),
            };
            c.say("pull_policy", &original("pull_policy", &policy));
            c.set("pull_policy", &[], text(known));
        }
    }

    /// Docker's entrypoint is Kubernetes' command, and its command the arguments.
    fn commands(&mut self, c: &mut Component) {
        for (from, to) in [("entrypoint", "command"), ("command", "args")] {
            let Some(node) = c.take(from) else { continue };
            let words = match &node.data {
                Data::List(_) => raws(&node),
                _ => raw(&node).map(|line| split(&line)),
            };
            let Some(words) = words.filter(|words| !words.is_empty()) else {
                c.leave(from, node);
                continue;
            };
            if node.as_str().is_some_and(|line| words != [line]) {
                c.say(to, &original(from, &node));
            }
            let words = words.iter().map(|word| in_container(&self.text_in(c, to, word, &node.place)));
            let words = list(words.collect::<Vec<_>>().iter().map(|word| text(word)));
            c.set(to, &[], words);
        }
    }

    fn environment(&mut self, c: &mut Component) {
        let mut all: Vec<(String, Option<Node>, Place)> = Vec::new();
        if let Some(files) = c.take("env_file") {
            let left = self.env_files(c, &files, &mut all);
            c.leave("env_file", Node::new(Data::List(left), &files.place));
        }
        if let Some(environment) = c.take("environment") {
            match &environment.data {
                Data::Map(map) => {
                    all.extend(map.0.iter().map(|e| (e.key.to_string(), Some(e.value.clone()), e.place.clone())));
                }
                Data::List(items) => {
                    let (lines, left): (Vec<_>, Vec<_>) = items.iter().cloned().partition(|item| raw(item).is_some());
                    c.leave("environment", Node::new(Data::List(left), &environment.place));
                    for (line, place) in lines.iter().filter_map(|item| Some((raw(item)?, &item.place))) {
                        let (key, value) =
                            line.split_once('=').map_or((line.as_str(), None), |(key, value)| (key, Some(value)));
                        all.push((key.to_owned(), value.map(|value| Node::text(value, place)), place.clone()));
                    }
                }
                _ => c.leave("environment", environment),
            }
        }
        for (key, value, place) in all {
            let value =
                value.filter(|node| !node.is_null()).unwrap_or_else(|| Node::text(format!("${{{key}}}"), &place));
            let node = self.variable(c, &key, &value, &place);
            let before = c.value("env").node.get(&key).and_then(raw);
            if let Some(before) = before.filter(|before| Some(before) != raw(&node).as_ref()) {
                inside(c, "env", &key, &format!("said before: {before}"));
            }
            c.set("env", &[&key], node);
        }
    }

    /// The value of a variable of the environment.
    fn variable(&mut self, c: &mut Component, key: &str, value: &Node, place: &Place) -> Node {
        let Some(before) = raw(value) else { return value.clone() };
        let raw = self.with_new_names(key, &before);
        if raw != before {
            inside(c, "env", key, &format!("{key}={before}"));
        }
        if is_secret(key, &raw) && !raw.is_empty() && !names_secret(&raw) {
            let secret = self.variables.secret(key, &raw, place);
            let comment = if raw.contains('$') { format!("{key}={raw}") } else { String::new() };
            inside(c, "env", key, &comment);
            return text(&secret);
        }
        if let Some((url, changed)) = self.variables.url(key, &raw, place) {
            let comment = if changed { format!("{key}={raw}") } else { String::new() };
            inside(c, "env", key, &comment);
            return text(&in_container(&url));
        }
        if value.as_str().is_none() {
            return value.clone();
        }
        let (value, changed) = self.variables.text(&raw, place);
        if changed {
            inside(c, "env", key, &format!("{key}={raw}"));
        }
        text(&in_container(&value))
    }

    /// The variables of the files that a service reads; those that are not there are left.
    fn env_files(
        &mut self,
        c: &mut Component,
        files: &Node,
        all: &mut Vec<(String, Option<Node>, Place)>,
    ) -> Vec<Node> {
        let items = match &files.data {
            Data::List(items) => items.clone(),
            _ => vec![files.clone()],
        };
        let mut left = Vec::new();
        for item in items {
            let path = raw(&item).or_else(|| item.get("path").and_then(raw));
            let source = path.as_ref().and_then(|path| self.project.text(&self.variables.plain(path)));
            let (Some(path), Some(source)) = (path, source) else {
                left.push(item);
                continue;
            };
            c.say("env", &format!("with those of {path}"));
            if item.as_map().is_some() {
                c.say("env", &original("env_file", &item));
            }
            let place = Place::file(&source);
            all.extend(read_env(&source.text).into_iter().map(|(key, value)| {
                // what stands in such a file is taken as it is
                (key, Some(Node::text(value.replace('$', "$$"), &place)), item.place.clone())
            }));
        }
        left
    }
}

/// Kubernetes reads `$(NAME)` in commands and environments.
fn in_container(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// What runs only where its profile is asked for is there, and not made.
fn profiles(c: &mut Component) {
    if let Some(profiles) = c.take("profiles") {
        c.say("when", &format!("{}: only on request; `true` makes it", original("profiles", &profiles)));
        c.set("when", &[], truth(false));
    }
}
