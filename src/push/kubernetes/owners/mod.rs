//! Who wrote an object before homebuild did: the tools that are known, and how their fields are taken over.

mod author;
mod conflict;
mod defaults;
mod takeover;

use std::collections::BTreeMap;

use serde_json::Value;

pub use author::authors;
pub use conflict::{Answer, Conflict, Rules, conflicts};
pub use defaults::settled;
pub use takeover::{Takeover, claim, retag, take_over};

/// The field manager of everything that homebuild pushes.
pub const MANAGER: &str = "homebuild";

/// A tool that keeps objects as files of its own say, as homebuild does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Terraform and `OpenTofu`, by the Kubernetes provider.
    Terraform,
    /// kubectl, by hand or in a script.
    Kubectl,
    /// Helm, also when Terraform runs it.
    Helm,
    /// Flux.
    Flux,
    /// Argo CD.
    ArgoCd,
    /// Pulumi.
    Pulumi,
    /// kapp.
    Kapp,
}

/// Who a field manager is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// homebuild.
    Homebuild,
    /// A tool that can be the one to take an object over from.
    Tool(Tool),
    /// Somebody at a screen.
    Human,
    /// A program of the cluster.
    Controller,
}

/// Managers that are people: those whose names begin so.
const HUMANS: [&str; 9] =
    ["k9s", "Lens", "OpenLens", "freelens", "node-fetch", "headlamp", "dashboard", "Mozilla", "curl"];

/// Labels and annotations that a tool writes on what it keeps.
const MARKS: [(&str, &str, Tool); 8] = [
    ("labels", "kustomize.toolkit.fluxcd.io/name", Tool::Flux),
    ("labels", "helm.toolkit.fluxcd.io/name", Tool::Flux),
    ("annotations", "argocd.argoproj.io/tracking-id", Tool::ArgoCd),
    ("labels", "argocd.argoproj.io/instance", Tool::ArgoCd),
    ("annotations", "meta.helm.sh/release-name", Tool::Helm),
    ("labels", "kapp.k14s.io/app", Tool::Kapp),
    ("labels", "applyset.kubernetes.io/part-of", Tool::Kubectl),
    ("annotations", "kubectl.kubernetes.io/last-applied-configuration", Tool::Kubectl),
];

impl Tool {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Terraform, Self::Kubectl, Self::Helm, Self::Flux, Self::ArgoCd, Self::Pulumi, Self::Kapp];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
            Self::Flux => "flux",
            Self::ArgoCd => "argocd",
            Self::Pulumi => "pulumi",
            Self::Kapp => "kapp",
        }
    }

    /// The tool of a name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The tool that a field manager is.
    fn of(manager: &str) -> Option<Self> {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| manager.starts_with(prefix));
        match manager {
            "Terraform" | "HashiCorp" => Some(Self::Terraform),
            // what the server writes for all that was there before anything was applied
            "kubectl" | "before-first-apply" => Some(Self::Kubectl),
            // the provider's manager is the name of its program, which has its version
            "helm" => Some(Self::Helm),
            _ if begins(&["terraform-provider-helm"]) => Some(Self::Helm),
            "flux" | "kustomize-controller" | "helm-controller" => Some(Self::Flux),
            "argocd" | "argocd-controller" | "argocd-application-controller" => Some(Self::ArgoCd),
            "kapp" | "kapp-server" => Some(Self::Kapp),
            _ if begins(&["kubectl-"]) => Some(Self::Kubectl),
            _ if begins(&["pulumi-"]) => Some(Self::Pulumi),
            _ => None,
        }
    }
}

impl Who {
    /// Who a field manager is.
    #[must_use]
    pub fn of(manager: &str) -> Self {
        match Tool::of(manager) {
            _ if manager == MANAGER => Self::Homebuild,
            Some(tool) => Self::Tool(tool),
            None if HUMANS.iter().any(|human| manager.starts_with(human)) => Self::Human,
            None => Self::Controller,
        }
    }
}

/// The tools that keep an object, each with what shows it: a label, an annotation, or its field manager.
#[must_use]
pub fn tools(live: &Value) -> BTreeMap<Tool, String> {
    let metadata = &live["metadata"];
    let mut found = BTreeMap::new();
    for (place, name, tool) in MARKS {
        if !metadata[place][name].is_null() {
            found.entry(tool).or_insert_with(|| format!("metadata.{place}[{name}]"));
        }
    }
    for entry in metadata["managedFields"].as_array().into_iter().flatten() {
        let manager = entry["manager"].as_str().unwrap_or_default();
        if let Some(tool) = Tool::of(manager).filter(|_| entry["subresource"].as_str().is_none_or(str::is_empty)) {
            found.entry(tool).or_insert_with(|| format!("field manager `{manager}`"));
        }
    }
    found
}

#[cfg(test)]
mod tests;
