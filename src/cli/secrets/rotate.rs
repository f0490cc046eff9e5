//! `homebuild secrets rotate`

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::{Answer, generate, list, now};
use crate::build::{self, Declared};
use crate::cli::count;
use crate::disk;
use crate::problem::{Problem, Problems};
use crate::secrets::charset;
use crate::secrets::reference::path_text;

/// Arguments of `homebuild secrets rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets rotate homepage_credentials.immich.token --length 40 --charset hex"))]
pub(super) struct Arguments {
    /// Names of secrets, as they stand behind `secrets.`
    #[arg(required = true, add = crate::cli::complete::secrets())]
    names: Vec<String>,
    /// How many characters the new values have, where no declaration says it
    #[arg(long, value_name = "NUMBER")]
    length: Option<u32>,
    /// Which characters, where no declaration says it: a name such as hex, or a set such as [a-z0-9_]
    #[arg(long, value_name = "CHARSET")]
    charset: Option<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A secret that gets a new value.
struct Rotated {
    path: Vec<String>,
    length: u32,
    charset: String,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    generate::checked(arguments.length, arguments.charset.as_deref())?;
    let mut open = super::open(root)?;
    let declared = build::declared(root)?;
    let mut problems = Problems::new();
    let mut all = Vec::new();
    for name in &arguments.names {
        let path = super::path(name).and_then(|path| open.vault.wanted(&path).map(|_| path));
        let rotated = path.and_then(|path| rotated(path, arguments, &declared));
        all.extend(problems.take(rotated));
    }
    problems.or(())?;
    for one in &all {
        let file = open.vault.file_for(&one.path, None)?;
        // a short one may be the same by chance
        while !file.set(&one.path, &generate::value(one.length, &one.charset)?)? {}
    }
    let files = open.vault.save(&open.site, &now())?;
    said(&open.site, &all, &files)
}

/// How a secret is made anew.
fn rotated(path: Vec<String>, arguments: &Arguments, declared: &Declared) -> Result<Rotated, Problem> {
    let name = path_text(&path);
    let is_said = arguments.length.is_some() || arguments.charset.is_some();
    let refused = |message: String| Problem::error("secrets", message);
    match declared.find(&name) {
        Some(one) if is_said => Err(refused(format!("`{name}` is declared: {}", one.way()))
            .note("change the declaration, then rotate without `--length` and `--charset`")),
        Some(one) => Ok(Rotated { path, length: one.length, charset: one.charset.clone() }),
        None if is_said => {
            let charset = arguments.charset.clone().unwrap_or_else(|| charset::DEFAULT.to_owned());
            Ok(Rotated { path, length: arguments.length.unwrap_or(charset::LENGTH), charset })
        }
        None => Err(refused(format!("`{name}` is not declared as a secret that homebuild makes"))
            .note(format!("somebody else gave it to you? set what they give you now: `homebuild secrets set {name}`"))
            .note("or say what to make: `--length 32 --charset hex`")),
    }
}

fn said(site: &disk::Site, all: &[Rotated], files: &[String]) -> Answer {
    let used = list::used(site)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for one in all {
        let name = path_text(&one.path);
        let secret = used.iter().find(|secret| secret.secret == name);
        let stacks: Vec<&String> = secret.iter().flat_map(|secret| &secret.stacks).collect();
        let users = stacks.iter().map(|stack| stack.as_str()).collect::<Vec<_>>().join(", ");
        let users = if users.is_empty() { "no stack uses it".to_owned() } else { format!("used by {users}") };
        let _ = writeln!(text, "{name}: {users}");
        rows.push(json!({"name": name, "stacks": stacks}));
    }
    let _ = writeln!(text, "{} in {}", count(all.len(), "new value"), files.join(", "));
    text.push_str("run `homebuild build`: what uses them gets another reference, and the next push restarts it\n");
    Ok((json!({"rotated": rows, "changed": files}), text))
}
