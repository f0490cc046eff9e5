//! A file of `out/` as the object that it is.

use crate::kubernetes::identity::Identity;
use crate::problem::{Place, Problem, Source};
use crate::yaml::{self, Data, Entry, Map, Node};

use super::Subject;

/// The annotations that tell push about one object.
const KEEP: (&str, &str) = ("homebuild.dev/prune", "keep");
const LEAVE: &str = "homebuild.dev/leave";
const REPLACE: (&str, &str) = ("homebuild.dev/replace", "allow");

/// The kind of what is no object and none of homebuild's files.
const FILE: &str = "file";

/// A file that was read.
#[derive(Debug)]
pub(super) struct Item {
    /// Which object it is.
    pub subject: Subject,
    /// The group of its API; nothing for files of homebuild's own.
    pub group: String,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// An object, a lock, a machine, a cloud-init file.
    Tree(Node),
    /// A text that homebuild made.
    Text(String),
    /// What it did not make, and of which nothing is known: it may be a secret.
    Unknown,
}

impl Item {
    /// One state of an object.
    pub fn of(subject: Subject, node: Node) -> Self {
        Self { subject, group: String::new(), content: Content::Tree(node) }
    }

    /// Reads a file; what is wrong with one is told without its text, which may hold a secret.
    pub fn read(path: &str, text: &str) -> Result<Self, Problem> {
        if let Some(line) = conflict(text) {
            return Err(Problem::error("merge-conflict", "an unresolved merge conflict of git stands in `out/`")
                .at(&blind(path, line, 1)));
        }
        let parts: Vec<&str> = path.split('/').collect();
        let own = |stack: &str, module: &str, kind: &str, name: &str| Subject {
            stack: stack.to_owned(),
            module: module.to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let subject = match parts[..] {
            ["site.lock"] => own("", "", "site.lock", ""),
            [stack, "stack.lock"] => own(stack, "", "stack.lock", ""),
            [stack, module, "nfs-exports.txt"] => own(stack, module, "nfs-exports.txt", ""),
            [stack, module, "cloud-init", file] => own(stack, module, "CloudInit", stem(file, ".yaml")),
            [stack, module, "control-plane", file] => own(stack, module, "ControlPlaneFile", stem(file, ".txt")),
            [stack, module, "proxmox", file] => own(stack, module, "ProxmoxVM", stem(file, ".json")),
            [stack, module, ..] if parts.len() > 2 => own(stack, module, FILE, &parts[2..].join("/")),
            [stack, name] => own(stack, "", FILE, name),
            _ => own("", "", FILE, path),
        };
        let is_tree = [".yaml", ".yml", ".lock", ".json"].iter().any(|ending| path.ends_with(ending));
        if !is_tree && subject.kind == FILE {
            return Ok(Self { subject, group: String::new(), content: Content::Unknown });
        }
        if !is_tree || subject.kind == "ControlPlaneFile" {
            return Ok(Self { subject, group: String::new(), content: Content::Text(text.to_owned()) });
        }
        let node = parse(path, text)?;
        Ok(match subject.kind.as_str() {
            "ProxmoxVM" => Self::machine(subject, &node),
            FILE => Self::object(subject, node),
            _ => Self { subject, group: String::new(), content: Content::Tree(node) },
        })
    }

    fn object(mut subject: Subject, node: Node) -> Self {
        let mut group = String::new();
        match Identity::read(&node) {
            Ok(identity) => {
                identity.group().clone_into(&mut group);
                subject.kind = identity.kind.into();
                subject.name = identity.name.into();
                subject.namespace = identity.namespace.map(Into::into);
            }
            // nobody's object, but its values may be a Secret's all the same
            Err(_) if text(&node, "kind") == Some("Secret") => "Secret".clone_into(&mut subject.kind),
            Err(_) => {}
        }
        Self { subject, group, content: Content::Tree(node) }
    }

    /// A payload with its calls as a map: `{vmid: 220, config: {memory: 4096}}`.
    fn machine(mut subject: Subject, node: &Node) -> Self {
        let mut map = Map::default();
        for (key, value) in node.as_map().into_iter().flat_map(Map::iter) {
            if key == "calls" {
                calls(value, &mut map);
            } else {
                map.set(key, value.clone());
            }
        }
        if let Some(kind) = text(node, "kind") {
            kind.clone_into(&mut subject.kind);
        }
        subject.name = subject.name.replacen('-', " ", 1);
        Self { subject, group: String::new(), content: Content::Tree(Node::new(Data::Map(map), &node.place)) }
    }

    /// Whether it is the same object as another one, wherever its file lies; a machine by its number or its name.
    pub fn is(&self, other: &Self) -> bool {
        let (a, b) = (&self.subject, &other.subject);
        let is_machine = a.kind.starts_with("Proxmox");
        let same_name = match (a.name.split_once(' '), b.name.split_once(' ')) {
            (Some(a), Some(b)) if is_machine => a.0 == b.0 || a.1 == b.1,
            _ => a.name == b.name,
        };
        let is_named = !a.name.is_empty() && a.kind != FILE;
        is_named && same_name && (&self.group, &a.kind, &a.namespace) == (&other.group, &b.kind, &b.namespace)
    }

    /// The calls of a machine, in their order.
    pub fn calls(&self) -> Vec<&str> {
        match &self.content {
            Content::Tree(node) if self.subject.kind.starts_with("Proxmox") => {
                let calls = node.as_map().into_iter().flat_map(Map::iter).filter(|(_, value)| value.as_map().is_some());
                calls.map(|(name, _)| name).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether its values are secrets.
    pub fn is_secret(&self) -> bool {
        self.subject.kind == "Secret"
    }

    /// Whether push leaves it in the cluster when it is gone from `out/`.
    pub fn is_kept(&self) -> bool {
        self.is_annotated(KEEP)
    }

    /// Whether push may delete it and make it again.
    pub fn may_be_replaced(&self) -> bool {
        self.is_annotated(REPLACE)
    }

    /// The paths that push sets only when it makes the object, as a field's path has them: `containers[web].image`.
    pub fn left(&self) -> Vec<String> {
        let paths = self.annotation(LEAVE).unwrap_or_default().split([',', ' ', '\n']).filter(|path| !path.is_empty());
        paths.map(|path| path.replace("[name=", "[")).collect()
    }

    fn is_annotated(&self, (key, value): (&str, &str)) -> bool {
        self.annotation(key) == Some(value)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        let Content::Tree(node) = &self.content else { return None };
        node.at(["metadata", "annotations", key]).and_then(Node::as_str)
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

fn stem<'a>(file: &'a str, ending: &str) -> &'a str {
    file.strip_suffix(ending).unwrap_or(file)
}

/// Calls by the last word of their path, the second of a name as `config[2]`; what they say in one map.
fn calls(list: &Node, map: &mut Map) {
    for call in list.as_list().unwrap_or_default() {
        let name = text(call, "call").unwrap_or_default();
        let word = name.rsplit(['/', ' ']).find(|part| !part.starts_with('{')).unwrap_or(name);
        let number = map.keys().filter(|key| key.split('[').next() == Some(word)).count() + 1;
        let key = if number == 1 { word.to_owned() } else { format!("{word}[{number}]") };
        map.0.push(Entry { key: key.into(), place: call.place.clone(), value: said(call) });
    }
}

/// A call and its parameters in one map, as long as it is nothing else.
fn said(call: &Node) -> Node {
    let parameters = call.get("parameters").and_then(Node::as_map).filter(|map| map.get("call").is_none());
    match (call.as_map(), parameters) {
        (Some(map), Some(parameters)) if map.0.len() == 2 => {
            let name = map.0.iter().filter(|entry| &*entry.key == "call");
            let entries = name.chain(&parameters.0).cloned().collect();
            Node::new(Data::Map(Map(entries)), &call.place)
        }
        _ => call.clone(),
    }
}

fn parse(path: &str, text: &str) -> Result<Node, Problem> {
    let source = Source::new(path, text);
    yaml::parse_one(&source).map_err(|problem| {
        let place = problem.place.map_or_else(|| blind(path, 0, 0), |at| blind(path, at.line, at.column));
        Problem::error("unreadable", "this file of `out/` is not YAML").at(&place)
    })
}

/// A place that shows nothing of its line.
fn blind(path: &str, line: u32, column: u16) -> Place {
    Place { source: Source::new(format!("out/{path}"), ""), line, column, length: 1 }
}

/// The line at which a merge conflict begins.
fn conflict(text: &str) -> Option<u32> {
    let starts = |mark: &str| text.lines().zip(1..).find(|(line, _)| line.starts_with(mark)).map(|(_, number)| number);
    starts("<<<<<<< ").filter(|_| starts(">>>>>>> ").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_its_number_or_its_name() {
        let read = |path: &str, vmid: u32| {
            Item::read(path, &format!(r#"{{"kind": "ProxmoxVM", "vmid": {vmid}, "calls": []}}"#)).unwrap()
        };
        let machine = read("infra/infra/proxmox/220-docker-registry.json", 220);
        assert_eq!(machine.subject.name, "220 docker-registry");
        assert!(machine.is(&read("infra/infra/proxmox/221-docker-registry.json", 221)));
        assert!(machine.is(&read("infra/infra/proxmox/220-registry.json", 220)));
        assert!(!machine.is(&read("infra/infra/proxmox/221-registry.json", 221)));
    }

    #[test]
    fn a_broken_file_is_told_without_its_text() {
        let problem = Item::read("a/a/secret.x.yaml", "stringData:\n  a: \"canary\n").unwrap_err();
        assert!(!problem.to_string().contains("canary"), "{problem}");
        let conflict = "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n";
        assert_eq!(Item::read("a/stack.lock", conflict).unwrap_err().code, "merge-conflict");
    }
}
