//! `homebuild secrets`

mod check;
mod edit;
mod fill;
mod generate;
mod get;
mod import;
mod init;
mod list;
mod recipients;
mod remove;
mod rotate;
mod rules;
mod set;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{prompt, style};
use crate::disk;
use crate::load;
use crate::out;
use crate::problem::{Problem, Problems, Source};
use crate::secrets::reference::parse_path;
use crate::sops::{Keys, Vault};
use crate::survey;

/// Arguments of `homebuild secrets`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets list", "secrets set shop.password --trim < password.txt"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Begin: a private key where it is missing, .sops.yaml and the secrets files
    Init(init::Arguments),
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
    /// List, add and remove those who can open the secrets
    Recipients(recipients::Arguments),
    /// Make the secrets that are declared and missing; what is there stays
    Generate(generate::Arguments),
    /// Give secrets that homebuild makes a new value
    Rotate(rotate::Arguments),
    /// Take secrets over from elsewhere
    Import(import::Arguments),
    /// Decrypt all, check the MAC of every file, and print nothing but names
    Check(check::Arguments),
    /// Print one file of out/ with its secrets filled in, as push sends it
    Fill(fill::Arguments),
}

pub(super) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    // the message of a panic may repeat what it is about
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(style::err(), "homebuild failed at {at}: this is a mistake in the program; please report it");
    }));
    match arguments.command {
        Command::List(command) => super::answer(command.json, list::run(root)),
        Command::Set(command) => super::wrote(command.json, set::run(root, &command)),
        Command::Get(command) => get::run(root, &command),
        Command::Remove(command) => super::wrote(command.json, remove::run(root, &command)),
        Command::Edit(command) => super::wrote(command.json, edit::run(root, &command)),
        Command::Init(command) => super::wrote(command.json, init::run(root, &command)),
        Command::Recipients(command) => recipients::run(root, &command),
        Command::Generate(command) => super::wrote(command.json, generate::run(root, &command)),
        Command::Rotate(command) => super::wrote(command.json, rotate::run(root, &command)),
        Command::Import(command) => import::run(root, &command),
        Command::Check(command) => super::answer(command.json, check::run(root)),
        Command::Fill(command) => fill::run(root, &command),
    }
}

/// What a command found or did: as JSON and as text.
type Answer = Result<(Json, String), Problems>;

/// A site whose secrets are about to change: nobody else changes them meanwhile.
struct Open {
    site: disk::Site,
    vault: Vault,
    keys: Keys,
    _lock: disk::Lock,
}

/// Opens the secrets of a site to change them.
fn open(root: &Path) -> Result<Open, Problems> {
    let site = disk::Site::open(root)?;
    let lock = lock(&site)?;
    let keys = keys();
    let vault = Vault::open(&load::secrets_only(&site)?, &keys)?;
    Ok(Open { site, vault, keys, _lock: lock })
}

fn lock(site: &disk::Site) -> Result<disk::Lock, Problem> {
    site.lock(|| {
        let _ = writeln!(style::err(), "waiting: another homebuild changes the secrets of this site");
    })
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

/// The stacks whose part of `out/` refers to a secret, or to one below it; `the site` for what is of none.
fn users(site: &disk::Site, name: &str) -> Vec<String> {
    let used = out::read(site).and_then(|tree| survey::secrets(&tree)).unwrap_or_default();
    let is_below =
        |path: &str| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let of = |one: survey::Secret| {
        if one.stacks.is_empty() { vec!["the site".to_owned()] } else { one.stacks.into_iter().collect() }
    };
    let mut users: Vec<String> = used.into_iter().filter(|one| is_below(&one.secret)).flat_map(of).collect();
    users.sort();
    users.dedup();
    users
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
pub(super) fn keys() -> Keys {
    Keys::found(&variable, Box::new(|question| prompt::hidden(question).ok()))
}

/// Warns of private keys that others can read.
fn warn_of_exposed(keys: &Keys) {
    for problem in keys.exposed() {
        let _ = writeln!(style::err(), "{}", style::problem(&problem.to_string()));
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
