//! `homebuild export`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::disk;
use crate::export::{self, ArgoCd, Engine, Export, Exported, Flux};
use crate::out::{self, Kept};
use crate::problem::Problems;

/// Arguments of `homebuild export`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("export flux clusters/home"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    engine: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// A Kustomization a stack, with what it depends on
    Flux(FluxArguments),
    /// An Application a stack, with its wave
    Argocd(ArgoArguments),
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "export flux clusters/home",
    "export flux clusters/home --source homelab --url https://git.example.org/me/homelab"
))]
struct FluxArguments {
    #[command(flatten)]
    common: Common,
    /// The namespace of Flux' objects
    #[arg(long, value_name = "NAME", default_value = "flux-system")]
    namespace: String,
    /// The `GitRepository` that holds out/
    #[arg(long, value_name = "NAME", default_value = "flux-system")]
    source: String,
    /// Make that `GitRepository` too, for this address
    #[arg(long, value_name = "URL", requires = "source")]
    url: Option<String>,
    /// The branch of that `GitRepository`
    #[arg(long, value_name = "NAME", default_value = "main", requires = "url")]
    branch: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!("export argocd apps --repository https://git.example.org/me/homelab"))]
struct ArgoArguments {
    #[command(flatten)]
    common: Common,
    /// The address of the repository that holds out/
    #[arg(long, value_name = "URL")]
    repository: String,
    /// Its branch, tag or commit
    #[arg(long, value_name = "NAME", default_value = "HEAD")]
    revision: String,
    /// The namespace of Argo CD's objects
    #[arg(long, value_name = "NAME", default_value = "argocd")]
    namespace: String,
    /// The `AppProject`
    #[arg(long, value_name = "NAME", default_value = "default")]
    project: String,
    /// The address of the cluster's API, as Argo CD reaches it
    #[arg(long, value_name = "URL", default_value = "https://kubernetes.default.svc")]
    server: String,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The folder to write to; it is made where it is missing
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// The path of out/ in the repository
    #[arg(long, value_name = "PATH", default_value = "out")]
    out: String,
    /// The cluster, where the site has several
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Let the engine delete what leaves out/
    #[arg(long)]
    prune: bool,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    let (common, engine) = match arguments.engine {
        Command::Flux(FluxArguments { common, namespace, source, url, branch }) => {
            let (out, prune) = (common.below(), common.prune);
            (common, Engine::Flux(Flux { namespace, source, url, branch, out, prune }))
        }
        Command::Argocd(ArgoArguments { common, repository, revision, namespace, project, server }) => {
            let (out, prune) = (common.below(), common.prune);
            (common, Engine::ArgoCd(ArgoCd { namespace, repository, revision, out, project, server, prune }))
        }
    };
    super::wrote(common.json, write(root, &common, &engine))
}

impl Common {
    /// The path of `out/`, however it was written.
    fn below(&self) -> String {
        self.out.trim_start_matches("./").trim_matches('/').to_owned()
    }
}

fn write(root: &Path, common: &Common, engine: &Engine) -> Result<(Value, String), Problems> {
    let tree = out::read(&disk::Site::open(root)?)?;
    let export = export::export(&tree, engine, common.target.as_deref())?;
    let kept = out::keep(&common.folder, engine.mark(), &export.files)?;
    let value = json!({"stacks": export.stacks, "written": kept.written, "removed": kept.removed});
    Ok((value, told(&export, &kept)))
}

/// What was written, and what the engine cannot do.
fn told(export: &Export, kept: &Kept) -> String {
    let files = |number| super::count(number, "file");
    let stacks = super::count(export.stacks.len(), "stack");
    let mut text = format!("{stacks}: {} written, {} removed\n", files(kept.written.len()), files(kept.removed.len()));
    let assumed: BTreeSet<&str> =
        export.stacks.iter().flat_map(|stack| stack.assumed.iter().map(String::as_str)).collect();
    if !assumed.is_empty() {
        let names = assumed.into_iter().collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "\nnot in it, and taken to be there: {names}");
    }
    let named = |is: &dyn Fn(&Exported) -> Option<String>| export.stacks.iter().filter_map(is).collect::<Vec<_>>();
    let charts = named(&|stack| stack.needs_own_charts.then(|| stack.stack.clone()));
    if !charts.is_empty() {
        let _ = writeln!(
            text,
            "\nof kinds that their own charts bring; on an empty cluster the charts come first: {}",
            charts.join(", ")
        );
    }
    let left = named(&|stack| {
        (!stack.left_out.is_empty()).then(|| format!("{} ({})", stack.stack, files(stack.left_out.len())))
    });
    if !left.is_empty() {
        let _ = writeln!(
            text,
            "\nleft out, because no other engine fills in secrets: {}\ngive the cluster these yourself, by \
             `homebuild secrets fill FILE | kubectl apply --server-side -f -`; `--json` names them",
            left.join(", ")
        );
    }
    text
}
