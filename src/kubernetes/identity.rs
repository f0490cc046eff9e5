//! What an object is, and what its file in `out/` is called.

use std::fmt::{self, Write as _};

use crate::digest;
use crate::kubernetes::kinds::{Kinds, group_of};
use crate::problem::{Problem, Problems};
use crate::yaml::{Data, Node};

/// Longest name of a file, in bytes. File systems take 255; what is left is for those who write beside it.
const LONGEST: usize = 240;

/// What an object is. Two versions of one group name the same object: compare by [`Identity::key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// `apps/v1`.
    pub api_version: Box<str>,
    /// `Deployment`.
    pub kind: Box<str>,
    /// `metadata.namespace`; none where the object lives in none or none is said.
    pub namespace: Option<Box<str>>,
    /// `metadata.name`.
    pub name: Box<str>,
}

impl Identity {
    /// Reads it from an object, with a problem for each part that is missing, no text, or no possible one.
    pub fn read(object: &Node) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let api_version = problems.take(text(object, "apiVersion", api_version_rule));
        let kind = problems.take(text(object, "kind", kind_rule));
        let is_namespace = kind.as_deref() == Some("Namespace");
        let name = problems.take(text(object, "metadata.name", if is_namespace { namespace_rule } else { name_rule }));
        let has_namespace = object.at(["metadata", "namespace"]).is_some_and(|node| !node.is_null());
        let namespace = has_namespace
            .then(|| text(object, "metadata.namespace", namespace_rule))
            .and_then(|namespace| problems.take(namespace));
        match (api_version, kind, name) {
            (Some(api_version), Some(kind), Some(name)) => problems.or(Self { api_version, kind, namespace, name }),
            _ => Err(problems),
        }
    }

    /// The group of its API: `apps`, nothing for Kubernetes' first.
    #[must_use]
    pub fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// What makes it the one object that it is: group, kind, namespace and name.
    #[must_use]
    pub fn key(&self) -> (&str, &str, Option<&str>, &str) {
        (self.group(), &self.kind, self.namespace.as_deref(), &self.name)
    }

    /// The same as one text: `Deployment.apps ntfy/ntfy`, `Namespace ntfy`.
    #[must_use]
    pub fn key_text(&self) -> Box<str> {
        let (group, kind, namespace, name) = self.key();
        let dot = if group.is_empty() { "" } else { "." };
        let slash = if namespace.is_none() { "" } else { "/" };
        format!("{kind}{dot}{group} {}{slash}{name}", namespace.unwrap_or_default()).into()
    }

    /// The name of its file in a module with this namespace. Two objects of kinds that are known never have one name.
    ///
    /// - `<kind>.<name>.yaml`, the kind in lower case; `<kind>.<namespace>.<name>.yaml` where the namespace is not the
    ///   module's, and where the name has a dot: it would read as a name in another namespace.
    /// - `<kind>.<group>.` and the rest where another group has the first claim on the kind's name, or several have
    ///   the same ([`Kinds::plain_group`]). The first dot of a rest that would read as another group's is encoded.
    /// - Characters outside ASCII letters, digits, `.`, `_`, `-` are percent-encoded.
    /// - What is too long for a file is cut and ends in `~` and a digest of the whole.
    #[must_use]
    pub fn file_name(&self, kinds: &Kinds, module_namespace: Option<&str>) -> String {
        let rest = match self.namespace.as_deref() {
            Some(namespace) if module_namespace != Some(namespace) || self.name.contains('.') => {
                format!("{}.{}", encoded(namespace).replace('.', "%2E"), encoded(&self.name))
            }
            _ => encoded(&self.name),
        };
        let plain = kinds.plain_group(&self.kind);
        let group = if plain == Some(self.group()) { "" } else { self.group() };
        let path = |rest: &str| if group.is_empty() { rest.into() } else { format!("{}.{rest}", encoded(group)) };
        let reads_as = |other: &str| {
            let is_longer = Some(other) != plain && other.len() > group.len();
            is_longer && path(&rest).strip_prefix(other).is_some_and(|after| after.starts_with('.'))
        };
        let is_unclear = kinds.groups(&self.kind).any(reads_as);
        let path = if is_unclear { path(&rest.replacen('.', "%2E", 1)) } else { path(&rest) };
        fitting(&format!("{}.{path}", encoded(&self.kind).to_ascii_lowercase()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// The text of one part, or what is wrong with it.
fn text(object: &Node, path: &str, rule_broken: fn(&str) -> Option<&'static str>) -> Result<Box<str>, Problem> {
    let problem = |node: &Node, message| Problem::error("identity", message).at(&node.place);
    let Some(node) = object.at(path.split('.')).filter(|node| !node.is_null()) else {
        let near = path.split('.').next().and_then(|first| object.get(first)).unwrap_or(object);
        let missing = problem(near, format!("the object has no `{path}`"));
        return Err(match object.at(["metadata", "generateName"]) {
            Some(_) if path == "metadata.name" => {
                missing.note("a name that the server makes up cannot be adopted again: give `name`")
            }
            _ => missing,
        });
    };
    let Some(text) = node.as_str() else {
        let said = problem(node, format!("`{path}` is {}, not text", node.kind()));
        return Err(if matches!(node.data, Data::List(_) | Data::Map(_)) {
            said
        } else {
            said.label("put it in quotes")
        });
    };
    match rule_broken(text) {
        None => Ok(text.into()),
        Some(rule) => Err(problem(node, format!("`{}` is no possible `{path}`", text.escape_debug())).label(rule)),
    }
}

fn api_version_rule(text: &str) -> Option<&'static str> {
    let (group, version) = text.split_once('/').unwrap_or(("g", text));
    let is_word = |text: &str, more: &str| {
        let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_fit)
    };
    (!is_word(group, ".-") || !is_word(version, "")).then_some("it is `version` or `group/version`")
}

fn kind_rule(text: &str) -> Option<&'static str> {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() <= 63;
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!is_word || !text.chars().all(is_fit)).then_some("it is one word of at most 63 letters and digits")
}

fn name_rule(text: &str) -> Option<&'static str> {
    let is_path = matches!(text, "" | "." | "..") || text.contains(['/', '%']);
    (is_path || text.len() > 253 || text.contains(char::is_control))
        .then_some("it has 1 to 253 characters, none of them `/`, `%` or a control character, and is not `.` or `..`")
}

fn namespace_rule(text: &str) -> Option<&'static str> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = (1..=63).contains(&text.len()) && text.chars().all(is_fit);
    (!is_label || text.starts_with('-') || text.ends_with('-'))
        .then_some("it has 1 to 63 lower-case letters, digits and `-`, and neither begins nor ends with `-`")
}

/// Percent-encoded where a character could be more than itself in a path.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => encoded.push(byte.into()),
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

/// The file's name, cut where it is too long. `~` stands in no other name, so a cut one is like no whole one.
fn fitting(stem: &str) -> String {
    const ENDING: &str = ".yaml";
    if stem.len() + ENDING.len() <= LONGEST {
        return format!("{stem}{ENDING}");
    }
    let digest = format!("~{}", digest::hex(stem, 16));
    let room = LONGEST - digest.len() - ENDING.len();
    format!("{}{digest}{ENDING}", stem.get(..room).unwrap_or_default())
}

#[cfg(test)]
mod tests;
