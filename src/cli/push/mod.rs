//! `homebuild plan`, `push` and what belongs to them.

mod apply;
mod json;
mod plan;
mod rest;
mod saved;
mod site;
mod status;
mod text;

use std::path::Path;
use std::process::ExitCode;

pub(super) use apply::Arguments as PushArguments;
pub(super) use plan::Arguments as PlanArguments;
pub(super) use rest::{Destroy, History, Orphans, Unlock};
pub(super) use status::Arguments as StatusArguments;

use super::prompt;
use crate::push::plan::Allowed;

pub(super) fn run_plan(root: &Path, arguments: &PlanArguments) -> ExitCode {
    prompt::ended(plan::run(root, arguments))
}

pub(super) fn run_push(root: &Path, arguments: &PushArguments) -> ExitCode {
    prompt::ended(apply::run(root, arguments))
}

pub(super) fn run_status(root: &Path, arguments: &StatusArguments) -> ExitCode {
    status::run(root, arguments)
}

pub(super) fn run_history(root: &Path, arguments: &History) -> ExitCode {
    prompt::ended(rest::history(root, arguments))
}

pub(super) fn run_orphans(root: &Path, arguments: &Orphans) -> ExitCode {
    prompt::ended(rest::orphans(root, arguments))
}

pub(super) fn run_unlock(root: &Path, arguments: &Unlock) -> ExitCode {
    prompt::ended(rest::unlock(root, arguments))
}

pub(super) fn run_destroy(root: &Path, arguments: &Destroy) -> ExitCode {
    prompt::ended(rest::destroy(root, arguments))
}

/// What the user allows.
#[derive(Debug, Clone, Default, clap::Args)]
struct Permit {
    /// Make objects that are there, and no stack's, this stack's own
    #[arg(long)]
    adopt: bool,
    /// The same for objects of a tool: its fields are taken over, so that what is dropped later goes away
    #[arg(long, value_name = "TOOL", value_parser = ["terraform", "kubectl", "helm", "flux", "argocd"])]
    adopt_from: Vec<String>,
    /// Delete an object and make it again where a field cannot change in place: Kind/name or its id
    #[arg(long, value_name = "OBJECT")]
    replace: Vec<String>,
    /// Delete namespaces, volumes and definitions that allow it by an annotation, too
    #[arg(long)]
    prune_protected: bool,
    /// Delete so many objects, although it is more than a push deletes without being told
    #[arg(long, value_name = "N")]
    yes_prune: Option<usize>,
    /// Go on in a cluster that is another one than at the last push from here, or than the stack's record says
    #[arg(long)]
    new_cluster: bool,
    /// Let adopting change the chart version of this release
    #[arg(long, value_name = "RELEASE")]
    chart_version_change: Vec<String>,
    /// Free this release of a chart, which is pending although no helm works on it
    #[arg(long, value_name = "RELEASE")]
    free_release: Vec<String>,
}

impl Permit {
    fn allowed(&self) -> Allowed {
        Allowed {
            adopt: self.adopt || !self.adopt_from.is_empty(),
            adopt_from: self.adopt_from.clone(),
            replace: self.replace.clone(),
            prune_protected: self.prune_protected,
            prune_count: self.yes_prune,
            chart_versions: self.chart_version_change.clone(),
            free_releases: self.free_release.clone(),
            new_place: self.new_cluster,
            going_back: false,
        }
    }
}
