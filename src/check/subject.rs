//! What checks look at, and what they find.

use crate::kubernetes::identity::Identity;
use crate::kubernetes::kinds::Kinds;
use crate::yaml::{Map, Node};

/// A document as checks see it.
#[derive(Debug)]
pub struct Object<'a> {
    /// What it is.
    pub what: What<'a>,
    /// What is in it.
    pub body: Body<'a>,
    /// The `PodSpec` in it, if it makes pods.
    pub pod: Option<&'a Node>,
    /// The labels of its pods, if it makes pods that have some.
    pub labels: Option<&'a Map>,
    /// The number of the job that made it, in its module.
    pub job: usize,
}

/// A document's kind and name.
#[derive(Debug, Clone, Copy)]
pub struct What<'a> {
    /// `apps/v1`
    pub api_version: &'a str,
    /// `apps`; empty for Kubernetes' first group.
    pub group: &'a str,
    /// `Deployment`
    pub kind: &'a str,
    /// Its namespace, if it is in one.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
}

/// What is in a document.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// An object of the Kubernetes API.
    Tree(&'a Node),
    /// A plain file.
    Text(&'a str),
}

/// A module as checks see it.
#[derive(Debug)]
pub struct Module<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace, if it has one.
    pub namespace: Option<&'a str>,
    /// The name of its tier and the tier's entry in the site's table, if it has one.
    pub tier: Option<(&'a str, &'a Node)>,
    /// Whether the tier's quota is for it.
    pub has_quota_of_tier: bool,
    /// What is known of kinds.
    pub kinds: &'a Kinds,
}

/// Something that a check holds against a module.
#[derive(Debug)]
pub struct Finding<'a> {
    /// The job of the object that it is in; none where it is in the module as a whole.
    pub job: Option<usize>,
    /// What is wrong, without the name of the object: the same mistake in many objects is said once.
    pub message: String,
    /// What it is in: `container `web` of Deployment ntfy/ntfy`; empty where it is the module.
    pub subject: String,
    /// The value that it is about, so that it is told where the author wrote that value.
    pub of: Of<'a>,
}

/// The value that a finding is about.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// None.
    Nothing,
    /// The value of some key with a text.
    Value(&'a str),
    /// The value of a key with a text.
    Key(&'a str, &'a str),
    /// A key.
    Field(&'a str),
    /// The value of a key with a text or, where no key is called so, of another one: a layout gave it its key.
    Scalar(&'a str, &'a str),
    /// A reference to a secret in a text.
    Secret(&'a str),
    /// A text that no message may show.
    Hidden(&'a str),
}

impl<'a> What<'a> {
    /// One of homebuild's own documents.
    fn own(kind: &'a str, name: &'a str) -> Self {
        What { api_version: "homebuild/v1", group: "homebuild", kind, namespace: None, name }
    }

    /// Whether it is of a group's kind.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl<'a> Object<'a> {
    /// An object of the Kubernetes API.
    #[must_use]
    pub fn new(identity: &'a Identity, object: &'a Node, job: usize) -> Self {
        let (group, kind, namespace, name) = identity.key();
        let what = What { api_version: &identity.api_version, group, kind, namespace, name };
        let path: &[&str] = match (group, kind) {
            ("", "Pod") => &["spec"],
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
                &["spec", "template", "spec"]
            }
            ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => &[],
        };
        let pod = if path.is_empty() { None } else { object.at(path.iter().copied()) };
        let labels =
            path.split_last().filter(|_| pod.is_some()).and_then(|(_, above)| object.at(above.iter().copied()));
        let labels = labels.and_then(|template| template.at(["metadata", "labels"])).and_then(Node::as_map);
        Self { what, body: Body::Tree(object), pod, labels, job }
    }

    /// A plain file.
    #[must_use]
    pub fn file(name: &'a str, text: &'a str, job: usize) -> Self {
        Self { what: What::own("ControlPlaneFile", name), body: Body::Text(text), pod: None, labels: None, job }
    }

    /// A cloud-init file.
    #[must_use]
    pub fn cloud_init(name: &'a str, spec: &'a Node, job: usize) -> Self {
        Self { what: What::own("CloudInit", name), body: Body::Tree(spec), pod: None, labels: None, job }
    }

    /// A value of it.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&'a Node> {
        match self.body {
            Body::Tree(node) => path.iter().try_fold(node, |node, key| node.get(key)),
            Body::Text(_) => None,
        }
    }

    /// What it is, for messages: `Deployment ntfy/ntfy`.
    #[must_use]
    pub fn label(&self) -> String {
        let What { kind, namespace, name, .. } = self.what;
        namespace.map_or_else(|| format!("{kind} {name}"), |namespace| format!("{kind} {namespace}/{name}"))
    }

    /// The containers of its pods, those that begin them first.
    pub fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let of = |key, init| {
            let list = self.pod.and_then(|pod| pod.get(key)).and_then(Node::as_list).unwrap_or_default();
            list.iter().map(move |node| Container { node, init })
        };
        of("initContainers", true).chain(of("containers", false))
    }

    /// Something in it.
    #[must_use]
    pub fn finding(&self, message: String, of: Of<'a>) -> Finding<'a> {
        Finding { job: Some(self.job), message, subject: self.label(), of }
    }

    /// Something in one of its containers.
    #[must_use]
    pub fn finding_in(&self, container: Container<'a>, message: String, of: Of<'a>) -> Finding<'a> {
        let subject = format!("container `{}` of {}", container.name(), self.label());
        Finding { subject, ..self.finding(message, of) }
    }
}

/// A container of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    pub node: &'a Node,
    /// Whether it begins the pod.
    pub init: bool,
}

impl<'a> Container<'a> {
    pub fn name(&self) -> &'a str {
        self.node.get("name").and_then(Node::as_str).unwrap_or_default()
    }

    /// Whether it goes on beside the others.
    pub fn stays(&self) -> bool {
        !self.init || self.node.get("restartPolicy").and_then(Node::as_str) == Some("Always")
    }
}

impl<'a> Module<'a> {
    /// The tier's entry where an object is in the module's namespace.
    #[must_use]
    pub fn tier_of(&self, object: &Object<'_>) -> Option<(&'a str, &'a Node)> {
        self.tier.filter(|_| self.namespace.is_some() && object.what.namespace == self.namespace)
    }
}

/// The text of a scalar, as it was written.
pub fn text(node: &Node) -> Option<&str> {
    node.as_str().or(node.plain.as_deref())
}

/// Whether a value is true.
pub fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.data == crate::yaml::Data::Bool(true))
}
