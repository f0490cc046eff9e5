//! `homebuild init`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::disk;
use crate::init;
use crate::new::New;
use crate::problem::Problems;

/// Arguments of `homebuild init`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("init homelab"))]
pub(super) struct Arguments {
    /// The folder of the site: new, or empty but for .git
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let folder = arguments.folder.display().to_string();
    let into = format!("cd {folder}");
    let next: &[&str] = &[&into, "homebuild build", "read README.md"];
    super::new::tell(make(&arguments.folder), arguments.json, if folder == "." { &next[1..] } else { next })
}

fn make(folder: &Path) -> Result<New, Problems> {
    let new = init::site()?;
    disk::Site::fresh(folder)?.add(&new.files)?;
    Ok(new)
}
