//! `homebuild secrets generate`

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Answer, now};
use crate::build::{self, Declared};
use crate::cli::count;
use crate::problem::{Problem, Problems};
use crate::secrets::charset::Charset;
use crate::sops::{Value, generate};

/// Arguments of `homebuild secrets generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets generate", "secrets generate --dry-run"))]
pub(super) struct Arguments {
    /// Name what would be made, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    let declared = build::declared(root)?;
    let names: Vec<&str> = declared.missing().map(|one| one.path.as_str()).collect();
    if arguments.dry_run || names.is_empty() {
        // that needs no key
        return Ok((json(&declared, &names, &[]), said(&declared, &names, "would be made")));
    }
    let mut open = super::open(root)?;
    // somebody else may have made some while the lock was theirs
    let declared = build::declared(root)?;
    let mut names = Vec::new();
    for one in declared.missing() {
        let value = value(one.length, &one.charset)?;
        let path = one.keys();
        open.vault.file_for(&path, None)?.set(&path, &value)?;
        names.push(one.path.as_str());
    }
    let files = open.vault.save(&open.site, &now())?;
    let made = if files.is_empty() { String::new() } else { format!("made in {}", files.join(", ")) };
    let mut text = said(&declared, &names, &made);
    if !names.is_empty() {
        text.push_str("run `homebuild build`: out/ can refer to them now\n");
    }
    Ok((json(&declared, &names, &files), text))
}

fn json(declared: &Declared, names: &[&str], files: &[String]) -> Json {
    json!({"made": names, "changed": files, "complete": !declared.problems.has_errors()})
}

/// A new value.
pub(super) fn value(length: u32, charset: &str) -> Result<Value, Problem> {
    let wrong = |message| Problem::error("generated", message);
    let charset = Charset::read(charset).map_err(wrong)?;
    generate::make(&charset, length).map_err(|_| wrong("the system gives no random bytes".to_owned()))
}

fn said(declared: &Declared, names: &[&str], how: &str) -> String {
    let mut text = String::new();
    for name in names {
        let _ = writeln!(text, "{name}");
    }
    let all = declared.names().len();
    let _ = match names.len() {
        0 if all == 0 => writeln!(text, "no secret is declared as one that homebuild makes"),
        0 => writeln!(text, "{} declared, none is missing", count(all, "secret")),
        number => writeln!(text, "{} {how}", count(number, "secret")),
    };
    if declared.problems.has_errors() {
        text.push_str(HIDDEN);
    }
    text
}

const HIDDEN: &str = "note: the sources have other errors, behind which more may be declared: \
                      `homebuild build` tells them; mend them and run this again\n";

/// Whether a length or a charset from the command line is one.
pub(super) fn checked(length: Option<u32>, charset: Option<&str>) -> Result<(), Problems> {
    let wrong = |message| Problem::error("generated", message);
    let length = length.map_or(Ok(0), crate::secrets::charset::length).map_err(wrong).map(|_| ());
    let charset = charset.map_or(Ok(()), |charset| Charset::read(charset).map(|_| ())).map_err(wrong);
    [length.err(), charset.err()].into_iter().flatten().collect::<Problems>().or(())
}
