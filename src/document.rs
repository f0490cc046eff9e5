//! What a layout yields: a Kubernetes object, or one of homebuild's own kinds.

use crate::kubernetes::identity::Identity;
use crate::problem::{Place, Problem, Problems};
use crate::secrets;
use crate::yaml::{self, Data, Form, Map, Node};

/// The `apiVersion` of homebuild's own kinds.
pub const OWN: &str = "homebuild/v1";

/// One document of a layout.
#[derive(Debug, Clone)]
pub enum Document {
    /// An object of the Kubernetes API.
    Object {
        /// What it is.
        identity: Identity,
        /// All of it.
        object: Node,
    },
    /// A cloud-init file.
    CloudInit {
        /// Its name; Proxmox payloads name it as `<snippet:NAME>`.
        name: String,
        /// The cloud-config.
        spec: Node,
    },
    /// A template or VM: the calls of the Proxmox API that make it.
    Proxmox {
        /// `ProxmoxTemplate` or `ProxmoxVM`.
        kind: String,
        /// Its name.
        name: String,
        /// Its number in the cluster.
        vmid: u32,
        /// The calls in their order: `call` and `parameters`.
        calls: Vec<Node>,
    },
    /// A file for the API server's host.
    ControlPlaneFile {
        /// The file's name.
        name: String,
        /// Its text.
        text: String,
    },
}

/// One of homebuild's own documents.
pub fn own(node: &Node) -> Result<Document, Problems> {
    let kind = text(node, &["kind"])?.to_owned();
    let name = text(node, &["metadata", "name"])?.to_owned();
    if name.chars().count() > LONGEST || !name.chars().all(is_of_name) || name.starts_with('.') {
        let place = node.at(["metadata", "name"]).map_or(&node.place, |name| &name.place);
        let rule = format!("it has 1 to {LONGEST} letters, digits, `.`, `_` and `-`, and begins with no `.`");
        return Err(wrong(format!("`{}` is no possible `metadata.name`", name.escape_debug()), place)
            .note(rule)
            .into());
    }
    let spec = node.get("spec").cloned().ok_or_else(|| wrong("`spec` is missing", &node.place))?;
    match kind.as_str() {
        "CloudInit" => Ok(Document::CloudInit { name, spec }),
        "ProxmoxTemplate" | "ProxmoxVM" => proxmox(kind, name, &spec),
        "ControlPlaneFile" => control_plane(name, &spec),
        other => Err(wrong(
            format!("`{other}` is no kind of {OWN}: CloudInit, ProxmoxTemplate, ProxmoxVM, ControlPlaneFile"),
            &node.place,
        )
        .into()),
    }
}

/// Characters of the name of one of homebuild's own documents, which is a file's name.
const LONGEST: usize = 100;

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn wrong(message: impl Into<String>, place: &Place) -> Problem {
    Problem::error("document", message).at(place)
}

fn text<'a>(node: &'a Node, path: &[&str]) -> Result<&'a str, Problem> {
    let found = node.at(path.iter().copied());
    let place = found.map_or(&node.place, |found| &found.place);
    let text = found.and_then(Node::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(format!("`{}` must be text", path.join(".")), place))
}

fn proxmox(kind: String, name: String, spec: &Node) -> Result<Document, Problems> {
    let mut problems = Problems::new();
    let vmid = match spec.get("vmid").map(|node| &node.data) {
        Some(Data::Int(vmid)) if (100..=999_999_999).contains(vmid) => u32::try_from(*vmid).unwrap_or_default(),
        _ => {
            let place = spec.get("vmid").map_or(&spec.place, |node| &node.place);
            problems.push(wrong("`spec.vmid` must be a whole number from 100 to 999999999", place));
            0
        }
    };
    let calls = spec.get("calls").and_then(Node::as_list).unwrap_or_default().to_vec();
    if calls.is_empty() {
        problems.push(wrong("`spec.calls` must list the calls of the API", &spec.place));
    }
    for call in &calls {
        problems.take(text(call, &["call"]));
        if call.get("parameters").is_none_or(|node| node.as_map().is_none()) {
            problems.push(wrong("a call has `parameters`, a map", &call.place));
        }
    }
    problems.or(Document::Proxmox { kind, name, vmid, calls })
}

fn control_plane(name: String, spec: &Node) -> Result<Document, Problems> {
    match (spec.get("text").and_then(Node::as_str), spec.get("data")) {
        (Some(text), None) => Ok(Document::ControlPlaneFile { name, text: text.to_owned() }),
        (None, Some(data)) => {
            // push knows no form of such a file, and fills it in as a text
            let text = secrets::text::emit(data.clone(), Form::Yaml).map_err(|error| wrong(error, &data.place))?;
            Ok(Document::ControlPlaneFile { name, text })
        }
        _ => Err(wrong("`spec` of a ControlPlaneFile has either `text` or `data`", &spec.place).into()),
    }
}

impl Document {
    /// What it is, for messages: `Deployment ntfy/ntfy`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Object { identity, .. } => match &identity.namespace {
                Some(namespace) => format!("{} {namespace}/{}", identity.kind, identity.name),
                None => format!("{} {}", identity.kind, identity.name),
            },
            Self::CloudInit { name, .. } => format!("CloudInit {name}"),
            Self::Proxmox { kind, name, .. } => format!("{kind} {name}"),
            Self::ControlPlaneFile { name, .. } => format!("ControlPlaneFile {name}"),
        }
    }

    /// Where it stands: a value near its begin. None of what is only a text.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Object { object, .. } => Some(&object.get("kind").unwrap_or(object).place),
            Self::CloudInit { spec, .. } => Some(&spec.place),
            Self::Proxmox { calls, .. } => calls.first().map(|call| &call.place),
            Self::ControlPlaneFile { .. } => None,
        }
    }

    /// Its bytes in `out/`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Object { object, .. } => yaml::emit(object),
            Self::CloudInit { spec, .. } => format!("#cloud-config\n{}", yaml::emit(spec)),
            Self::Proxmox { kind, name, vmid, calls } => yaml::emit_json(&payload(kind, name, *vmid, calls)),
            Self::ControlPlaneFile { text, .. } => text.clone(),
        }
    }
}

fn payload(kind: &str, name: &str, vmid: u32, calls: &[Node]) -> Node {
    let place = calls.first().map_or_else(crate::problem::Place::nowhere, |call| call.place.clone());
    let mut map = Map::default();
    map.set("kind", Node::text(kind, &place));
    map.set("name", Node::text(name, &place));
    map.set("vmid", Node::new(Data::Int(vmid.into()), &place));
    map.set("calls", Node::new(Data::List(calls.to_vec()), &place));
    Node::new(Data::Map(map), &place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;

    #[test]
    fn data_of_a_file_is_a_text_in_which_any_value_of_a_secret_can_stand() {
        let text = "kind: ControlPlaneFile\nmetadata: {name: a.yaml}\nspec: {data: {key: <secret:k#00000000>}}\n";
        let document = own(&yaml::parse_one(&Source::new("x", text)).unwrap()).unwrap();
        assert_eq!(document.text(), "key: \"<secret:k|json#00000000>\"\n");
    }
}
