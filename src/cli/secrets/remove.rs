//! `homebuild secrets remove`

use std::io::Write as _;
use std::path::Path;

use super::Answer;
use crate::cli::style;
use crate::problem::Problems;

/// Arguments of `homebuild secrets remove`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets remove homepage_credentials.immich.token"))]
pub(super) struct Arguments {
    /// Names of secrets, or of maps of them, as they stand behind `secrets.`
    #[arg(required = true, add = crate::cli::complete::secrets())]
    names: Vec<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    let mut open = super::open(root)?;
    let mut problems = Problems::new();
    for name in &arguments.names {
        let removed = super::path(name).map_err(Problems::from).and_then(|path| {
            if !open.vault.file_for(&path, None)?.remove(&path)? {
                open.vault.wanted(&path)?;
            }
            Ok(())
        });
        problems.take(removed);
    }
    problems.or(())?;
    let names = arguments.names.join(", ");
    let saved = open.save(&names, &format!("removed {names}"))?;
    for name in &arguments.names {
        let users = super::users(&open.site, name);
        if !users.is_empty() {
            let _ = writeln!(
                style::err(),
                "note: {name} is still used by {}: a build fails until they do without",
                users.join(", ")
            );
        }
    }
    Ok(saved)
}
