//! `homebuild secrets fill`

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::{FAILED, tell_problems};
use crate::disk::{self, Seen};
use crate::explain::below;
use crate::load;
use crate::problem::{Problem, Problems, Source};
use crate::secrets::Secret;
use crate::sops::{Vault, fill::fill};

/// Arguments of `homebuild secrets fill`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets fill out/immich/immich/secret.immich-server-env.yaml | grep -c PASSWORD",
    "secrets fill out/infra/infra/cloud-init/docker-registry.yaml --show"
))]
pub(super) struct Arguments {
    /// A file of out/
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    path: String,
    /// Print it on a terminal too, where whoever looks on sees it
    #[arg(long)]
    show: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match print(root, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            tell_problems(problems, "");
            ExitCode::from(FAILED)
        }
    }
}

fn print(root: &Path, arguments: &Arguments) -> Result<(), Problems> {
    if super::is_shown() && !arguments.show {
        return Err(Problem::error("secrets", "secrets are not printed on a terminal without `--show`")
            .note("whoever looks over your shoulder sees them; a pipe needs no `--show`")
            .into());
    }
    let site = disk::Site::open(root)?;
    let artifact = artifact(&site, &below(root, &arguments.path))?;
    let sources = load::secrets_only(&site)?;
    let names = Secret::load(&sources)?;
    let vault = Vault::open(&sources, &super::keys())?;
    let filled = fill(&artifact, &names, &|path: &[String]| vault.value(path))?;
    let mut out = std::io::stdout().lock();
    let written = out.write_all(filled.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Problem::error("io", format!("it cannot be printed: {error}")).into())
}

fn artifact(site: &disk::Site, path: &str) -> Result<Arc<Source>, Problems> {
    let wrong = |message: String| {
        Problem::error("unknown-file", message).note("name it by its path: out/shop/shop/secret.shop-env.yaml")
    };
    if !path.starts_with("out/") {
        return Err(wrong(format!("`{path}` is no file of out/, where references to secrets stand")).into());
    }
    site.file(path, &mut Seen::default())?.ok_or_else(|| wrong(format!("there is no `{path}`")).into())
}
