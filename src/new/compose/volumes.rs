//! Where a service keeps its data: volumes, folders and files of the Docker host, configs and secrets.

use super::super::dns_label;
use super::super::draft::{map, text, truth};
use super::Taking;
use super::component::{Component, inside, original, raw};
use crate::problem::{Place, Problem};
use crate::yaml::{Data, Map, Node};

/// Folders of a host that are no data: what a pod wants there is the node's own.
const SYSTEM: [&str; 10] =
    ["/dev", "/proc", "/sys", "/run", "/var/run", "/lib", "/usr", "/etc", "/var/log", "/var/lib/docker"];
/// What a cluster has no need of: a container has its own, and `TZ`.
const TIME: [&str; 2] = ["/etc/localtime", "/etc/timezone"];

/// A volume as it is mounted.
#[derive(Default)]
struct Mount {
    kind: String,
    source: String,
    target: String,
    read_only: bool,
    subpath: Option<String>,
    size: Option<String>,
    /// What is left of it.
    rest: Map,
}

impl Taking<'_> {
    /// Volumes, tmpfs and shared memory; configs and secrets.
    pub fn volumes(&mut self, c: &mut Component) {
        if let Some(node) = c.take("volumes") {
            let mut left = Vec::new();
            for item in node.as_list().unwrap_or_default() {
                left.extend(self.mount(c, item));
            }
            let left = if node.as_list().is_some() { Data::List(left) } else { node.data };
            c.leave("volumes", Node::new(left, &node.place));
        }
        if let Some(node) = c.take("tmpfs") {
            let lines = super::component::raws(&node);
            if lines.is_none() {
                c.leave("tmpfs", node.clone());
            }
            for line in lines.unwrap_or_default() {
                let target = line.split(':').next().unwrap_or_default();
                memory(c, target, None, &original("tmpfs", &node));
            }
        }
        if let Some(node) = c.take("shm_size") {
            let size = raw(&node).and_then(|text| super::words::memory(&self.variables.plain(&text)));
            memory(c, "/dev/shm", size, &original("shm_size", &node));
        }
        self.given_files(c, "configs", "/");
        self.given_files(c, "secrets", "/run/secrets/");
    }

    /// One volume; what cannot be taken over is given back.
    fn mount(&mut self, c: &mut Component, item: &Node) -> Option<Node> {
        let plain = self.without_variables(item);
        let named = raw(item).zip(raw(&plain)).map(|(before, now)| self.with_source(&before, now, &item.place));
        let mount = if plain.as_map().is_some() { long(&plain) } else { named.and_then(|text| short(&text)) };
        let Some(mount) = mount.filter(|mount| mount.target.starts_with('/')) else { return Some(item.clone()) };
        let before = raw(item).unwrap_or_else(|| original("volume", item));
        match mount.kind.as_str() {
            "tmpfs" => memory(c, &mount.target.clone(), mount.size.clone(), &before),
            "volume" if mount.source.is_empty() => {
                volume(
                    c,
                    &mount.target,
                    text(&format!("empty:{}", dns_label(&mount.target))),
                    &format!("{before} (lost with the pod)"),
                );
            }
            "volume" => {
                let name = mount.source.clone();
                self.data(c, &mount, &name, &before);
            }
            "bind" if TIME.contains(&mount.source.as_str()) => return Some(item.clone()),
            "bind" => self.bind(c, &mount, &before, &item.place),
            _ => return Some(item.clone()),
        }
        if mount.rest.is_empty() { None } else { Some(Node::new(Data::Map(mount.rest), &item.place)) }
    }

    /// A volume whose source is a variable without a value is called like the variable.
    fn with_source(&mut self, before: &str, now: String, place: &Place) -> String {
        let variable = before.trim_start_matches(['$', '{']).split([':', '}', '-', '?']).next().unwrap_or_default();
        if !now.starts_with(':') || !before.starts_with('$') {
            return now;
        }
        let message = "a variable that says where data lies has no value: its name is the folder's";
        self.problems.push(Problem::warning("no-value", message).at(place));
        format!("{}{now}", dns_label(variable))
    }

    /// A folder or file of the Docker host.
    fn bind(&mut self, c: &mut Component, mount: &Mount, before: &str, place: &Place) {
        let source = mount.source.as_str();
        if source.is_empty()
            || SYSTEM.iter().any(|folder| {
                source == *folder || source.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            })
        {
            let from = text(&format!("host:{}", if source.is_empty() { "/" } else { source }));
            let message = "a path of the Docker host is one of the node on which the pod runs";
            self.problems.push(
                Problem::warning("compose", message).at(place).note("see whether every node has it, or take it away"),
            );
            return volume(c, &mount.target, with_options(from, mount), before);
        }
        let is_relative = !source.starts_with(['/', '~']);
        if is_relative && let Some(found) = self.project.text(source) {
            let name = file_name(source);
            self.files.insert(name.clone(), found.text.clone());
            return file(c, &mount.target, text(&name), before);
        }
        if is_file(source) && is_file(&mount.target) {
            let message = "a file is mounted that does not lie beside the Compose file";
            let todo = format!("put it into stacks/{}/files/ and name it, instead of the empty text", self.stack);
            self.problems.push(Problem::warning("compose", message).at(place).note(todo));
            return file(c, &mount.target, map([("text", text(""))]), before);
        }
        let name = self.folder_name(source);
        self.data(c, mount, &name, before);
    }

    /// A folder for data: on the first share of the site, or a claim.
    fn data(&mut self, c: &mut Component, mount: &Mount, name: &str, before: &str) {
        if !mount.read_only && self.declared.contains("strategy") {
            c.set("strategy", &[], text("Recreate")); // two at once would write the same data
        }
        let name = dns_label(name);
        let name = if name.is_empty() { dns_label(&mount.target) } else { name };
        let share = self.site.vars.get("shares").and_then(Node::as_map).and_then(|shares| shares.keys().next());
        let from = match share {
            Some(share) => text(&format!("{share}:{}/{name}", self.stack)),
            None if self.claims.insert(name.clone()) => {
                return volume(
                    c,
                    &mount.target,
                    with_options(with(text(&format!("claim:{name}")), "size", text("1Gi")), mount),
                    before,
                );
            }
            None => text(&format!("pvc:{name}")),
        };
        volume(c, &mount.target, with_options(from, mount), before);
    }

    /// The last part of a path, or all of it where another path has that name.
    fn folder_name(&mut self, source: &str) -> String {
        let last = dns_label(source.rsplit('/').next().unwrap_or_default());
        let is_free = |name: &String| !name.is_empty() && self.folders.get(name).is_none_or(|other| other == source);
        let name = Some(last).filter(is_free).unwrap_or_else(|| dns_label(source));
        self.folders.insert(name.clone(), source.to_owned());
        name
    }

    /// Configs and secrets that a service gets as files.
    fn given_files(&mut self, c: &mut Component, key: &'static str, folder: &str) {
        let Some(node) = c.take(key) else { return };
        let mut left = Vec::new();
        for item in node.as_list().unwrap_or_default() {
            let source = raw(item).or_else(|| item.get("source").and_then(raw));
            let Some(source) = source else {
                left.push(item.clone());
                continue;
            };
            let target = item.get("target").and_then(raw).unwrap_or_else(|| source.clone());
            let target = if target.starts_with('/') { target } else { format!("{folder}{target}") };
            let what = self.project.root.get(key).and_then(|all| all.get(&source)).cloned();
            let content = self.content(key, &source, what.as_ref(), &item.place);
            let before = original(key.trim_end_matches('s'), item);
            file(
                c,
                &target,
                content,
                &what.map_or(before.clone(), |what| format!("{before}\n{}", original(&source, &what))),
            );
        }
        c.leave(key, Node::new(Data::List(left), &node.place));
    }

    /// What a config or secret holds. A secret's file is never read: its text would stand in a source.
    fn content(&mut self, key: &str, source: &str, what: Option<&Node>, place: &Place) -> Node {
        let given = |name: &str| what.and_then(|what| what.get(name)).and_then(raw);
        if key == "secrets" {
            let name = given("environment");
            let value = name.as_ref().map_or_else(String::new, |name| format!("${{{name}}}"));
            return map([("text", text(&self.variables.secret(source, &value, place)))]);
        }
        if let Some(content) = given("content") {
            return map([("text", text(&self.variables.text(&content, place).0))]);
        }
        if let Some(path) = given("file").map(|path| self.variables.plain(&path))
            && let Some(found) = self.project.text(&path)
        {
            let name = file_name(&path);
            self.files.insert(name.clone(), found.text.clone());
            return text(&name);
        }
        let message = "a config does not lie beside the Compose file";
        self.problems
            .push(Problem::warning("compose", message).at(place).note("give its text instead of the empty one"));
        map([("text", text(""))])
    }
}

fn volume(c: &mut Component, target: &str, from: Node, before: &str) {
    inside(c, "volumes", target, before);
    c.set("volumes", &[target], from);
}

fn file(c: &mut Component, target: &str, content: Node, before: &str) {
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let is_taken =
        c.value("files").node.as_map().is_some_and(|map| map.keys().any(|other| name(other) == name(target)));
    let key = target.trim_start_matches('/').replace('/', "-");
    let content = match (is_taken, content.as_str()) {
        (false, _) => content,
        (true, Some(file)) => map([("file", text(file)), ("key", text(&key))]),
        (true, None) => with(content, "key", text(&key)),
    };
    inside(c, "files", target, before);
    c.set("files", &[target], content);
}

/// A volume with one more option.
fn with(from: Node, key: &str, value: Node) -> Node {
    let mut node = if from.as_map().is_some() { from } else { map([("from", from)]) };
    if let Some(map) = node.as_map_mut() {
        map.set(key, value);
    }
    node
}

fn with_options(from: Node, mount: &Mount) -> Node {
    let from = if mount.read_only { with(from, "readOnly", truth(true)) } else { from };
    mount.subpath.as_ref().map_or(from.clone(), |path| with(from, "subPath", text(path)))
}

fn memory(c: &mut Component, target: &str, size: Option<String>, before: &str) {
    let name = format!("empty:{}", dns_label(target));
    let size = size.map(|size| ("sizeLimit", text(&size)));
    let entries = [("from", text(&name)), ("medium", text("Memory"))].into_iter().chain(size);
    volume(c, target, map(entries), before);
}

/// `{type: bind, source: ./library, target: /data, read_only: true}`
fn long(node: &Node) -> Option<Mount> {
    let mut rest = node.as_map()?.clone();
    let mut take = |key: &str| rest.remove(key).and_then(|node| raw(&node));
    let mut mount = Mount {
        kind: take("type")?,
        source: take("source").unwrap_or_default(),
        target: take("target")?.trim_end_matches('/').to_owned(),
        read_only: take("read_only").is_some_and(|text| text == "true"),
        ..Mount::default()
    };
    for (part, key) in [("volume", "subpath"), ("tmpfs", "size")] {
        let found =
            rest.get_mut(part).and_then(Node::as_map_mut).and_then(|map| map.remove(key)).and_then(|node| raw(&node));
        *(if key == "size" { &mut mount.size } else { &mut mount.subpath }) = found;
    }
    mount.size = mount.size.and_then(|size| super::words::memory(&size));
    mount.rest = super::container::without_empty(rest);
    Some(mount)
}

/// A name below `files/`.
fn file_name(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    parts.map(|part| part.trim_start_matches('.')).collect::<Vec<_>>().join("/")
}

/// Whether the last name of a path has an ending, as a file does.
fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(start, ending)| if start.is_empty() { "" } else { ending });
    (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric()) && ending != "d"
}

/// `./library:/data:ro`
fn short(text: &str) -> Option<Mount> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts.as_slice() {
        [target] => ("", *target, ""),
        [source, target] => (*source, *target, ""),
        [source, target, options] => (*source, *target, *options),
        _ => return None,
    };
    let kind = if source.starts_with(['.', '/', '~']) || source.contains('/') { "bind" } else { "volume" };
    Some(Mount {
        kind: kind.to_owned(),
        source: source.trim_end_matches('/').to_owned(),
        target: if target == "/" { target } else { target.trim_end_matches('/') }.to_owned(),
        read_only: options.split(',').any(|option| option == "ro"),
        ..Mount::default()
    })
}
