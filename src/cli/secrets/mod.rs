//! `homebuild secrets`

mod check;
mod edit;
mod get;
mod list;
mod remove;
mod set;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use super::style;
use crate::disk;
use crate::load;
use crate::problem::{Problem, Problems, Source};
use crate::secrets::reference::parse_path;
use crate::sops::{Keys, Vault};

/// Arguments of `homebuild secrets`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets list", "secrets set shop.password < password.txt"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the names of all secrets, who uses them, and which are unused or missing; needs no key
    List(list::Arguments),
    /// Set one secret: asked for on a terminal, else read from standard input or a file
    Set(set::Arguments),
    /// Print one secret
    Get(get::Arguments),
    /// Take secrets out
    Remove(remove::Arguments),
    /// Open a secrets file in your editor, decrypted, in memory
    Edit(edit::Arguments),
    /// Decrypt all, check the MAC of every file, and print nothing but names
    Check(check::Arguments),
}

pub(super) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::List(command) => super::answer(command.json, list::run(root)),
        Command::Set(command) => super::answer(command.json, set::run(root, &command)),
        Command::Get(command) => get::run(root, &command),
        Command::Remove(command) => super::answer(command.json, remove::run(root, &command)),
        Command::Edit(command) => super::answer(command.json, edit::run(root, &command)),
        Command::Check(command) => super::answer(command.json, check::run(root)),
    }
}

/// What a command found or did: as JSON and as text.
type Answer = Result<(Json, String), Problems>;

/// A site whose secrets are about to change: nobody else changes them meanwhile.
struct Open {
    site: disk::Site,
    vault: Vault,
    _lock: disk::Lock,
}

/// Opens the secrets of a site to change them.
fn open(root: &Path) -> Result<Open, Problems> {
    let site = disk::Site::open(root)?;
    let lock = site.lock(|| {
        let _ = writeln!(style::err(), "waiting: another homebuild changes the secrets of this site");
    })?;
    let vault = Vault::open(&load::secrets_only(&site)?, &keys())?;
    Ok(Open { site, vault, _lock: lock })
}

/// Opens the secrets of a site to look at them.
fn vault(root: &Path) -> Result<Vault, Problems> {
    Vault::open(&sources(root)?, &keys())
}

fn sources(root: &Path) -> Result<Vec<Arc<Source>>, Problems> {
    load::secrets_only(&disk::Site::open(root)?)
}

impl Open {
    /// Writes what changed, and says it.
    fn save(&self, name: &str, done: &str) -> Answer {
        let files = self.vault.save(&self.site, &now())?;
        let text = if files.is_empty() {
            format!("{name}: nothing changed\n")
        } else {
            format!("{done} in {}\nrun `homebuild build`: out/ refers to what it is now\n", files.join(", "))
        };
        Ok((json!({"changed": files}), text))
    }
}

/// The keys of a name as it stands behind `secrets.`.
fn path(name: &str) -> Result<Vec<String>, Problem> {
    parse_path(name).ok_or_else(|| {
        Problem::error("secrets", format!("`{name}` is not written as the name of a secret"))
            .note("keys stand behind one another with dots; others than letters, digits, `_` and `-` are quoted: accounts[\"me@example.org\"]")
    })
}

/// The time, as sops writes it.
fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// Whether a person would see what is printed.
fn is_shown() -> bool {
    std::io::stdout().is_terminal()
}

/// The private keys of who runs the program.
fn keys() -> Keys {
    Keys::found(&variable, Box::new(|question| rpassword::prompt_password(question).ok().map(Zeroizing::new)))
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
