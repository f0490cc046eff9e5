//! `homebuild secrets get`

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{FAILED, json, tell_problems};
use crate::problem::{Problem, Problems};

/// Arguments of `homebuild secrets get`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets get homepage_credentials.immich.token --show > token.txt"))]
pub(super) struct Arguments {
    /// Its name, as it stands behind `secrets.`
    #[arg(add = crate::cli::complete::secrets())]
    name: String,
    /// Say that it may be seen: its bytes are printed, with a line break behind them on a terminal
    #[arg(long)]
    show: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match print(root, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) if arguments.json => {
            json::print(&json::failed(problems));
            ExitCode::from(FAILED)
        }
        Err(problems) => {
            tell_problems(problems, "");
            ExitCode::from(FAILED)
        }
    }
}

fn print(root: &Path, arguments: &Arguments) -> Result<(), Problems> {
    if !arguments.show {
        return Err(Problem::error("secrets", format!("`{}` is not printed without `--show`", arguments.name))
            .note("whoever looks over your shoulder sees it, and what a pipe leads to may keep it")
            .into());
    }
    let vault = super::vault(root)?;
    let value = vault.wanted(&super::path(&arguments.name)?)?;
    if arguments.json {
        let text = value.text().ok_or_else(|| {
            Problem::error("secrets", format!("`{}` has bytes that are no text: JSON cannot hold it", arguments.name))
        })?;
        json::print(&json::done(json!({"name": arguments.name, "value": text})));
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    let end: &[u8] = if super::is_shown() && !value.bytes().ends_with(b"\n") { b"\n" } else { b"" };
    let written = out.write_all(value.bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush());
    written.map_err(|error| Problem::error("io", format!("it cannot be printed: {error}")).into())
}
