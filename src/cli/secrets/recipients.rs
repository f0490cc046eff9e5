//! `homebuild secrets recipients`

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::rules::Rules;
use super::{Answer, Open};
use crate::problem::{Problem, Problems, gather};
use crate::sops::file::who_opens;
use crate::sops::keys::is_same;
use crate::sops::{File, Keys, Recipient, vault};

/// What removing somebody does not do.
const GONE: &str = "\
who was removed has read every value so far, or can in git's history, and the files keep the key that they had:
  sops rotate --in-place FILE          a new key, before new values go in
  homebuild secrets rotate NAME        new values, made here; `secrets set NAME` for those that others give out
";

/// Arguments of `homebuild secrets recipients`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets recipients list"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List those who can open each secrets file; needs no key
    List(List),
    /// Let others open the secrets: ciphertexts stay, out/ does not change
    Add(Add),
    /// Let others not open the secrets from now on; what they could read until now has to be rotated
    Remove(Remove),
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets recipients list"))]
struct List {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets recipients add age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
))]
struct Add {
    /// Public keys: age1..., 'ssh-ed25519 AAAA...' or 'ssh-rsa AAAA...'
    #[arg(required = true, value_name = "PUBLIC-KEY")]
    recipients: Vec<String>,
    /// The secrets file [default: all of the site]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets recipients remove age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
))]
struct Remove {
    /// Public keys, as `recipients list` shows them
    #[arg(required = true, value_name = "PUBLIC-KEY")]
    recipients: Vec<String>,
    /// The secrets file [default: all of the site]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Remove your own last key, too: you cannot open the secrets afterwards
    #[arg(long)]
    lock_me_out: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Command::List(command) => crate::cli::answer(command.json, list(root)),
        Command::Add(command) => crate::cli::answer(command.json, add(root, command)),
        Command::Remove(command) => crate::cli::answer(command.json, remove(root, command)),
    }
}

fn list(root: &Path) -> Answer {
    let keys = super::keys();
    let mut text = String::new();
    let mut files = Vec::new();
    for source in super::sources(root)? {
        let (readers, others) = who_opens(&source)?;
        let _ = writeln!(text, "{}", source.path);
        let mut recipients = Vec::new();
        for reader in readers {
            let is_mine = keys.has(&reader.recipient);
            let _ = writeln!(text, "  {}{}", reader.recipient, if is_mine { " (you)" } else { "" });
            recipients.push(json!({"recipient": reader.recipient, "mine": is_mine}));
        }
        for other in &others {
            let _ = writeln!(text, "  {other} (for sops alone)");
        }
        files.push(json!({"file": source.path, "recipients": recipients, "others": others}));
    }
    if files.is_empty() {
        text = String::from("this site has no secrets file; `homebuild secrets init` makes one\n");
    }
    Ok((json!({"files": files}), text))
}

fn add(root: &Path, arguments: &Add) -> Answer {
    let parsed = arguments.recipients.iter().map(|text| Recipient::parse(text).map_err(Problems::from));
    let recipients = gather(parsed)?;
    let mut open = super::open(root)?;
    let mut rules = Rules::default();
    for path in chosen(&open, arguments.file.as_deref())? {
        for recipient in &recipients {
            rules.change(&open.site, root, &path, &recipient.to_string(), &|config, below| {
                config.with(below, recipient)
            })?;
        }
    }
    for file in open.vault.files_mut() {
        if arguments.file.as_ref().is_none_or(|wanted| wanted == file.path()) {
            for recipient in &recipients {
                file.add_reader(recipient)?;
            }
        }
    }
    let (changed, mut text) = save(&open, rules)?;
    if changed.is_empty() {
        text += "they can open the secrets already: nothing changed\n";
    } else {
        text += "they can read all of it once they have this version: commit it\n";
    }
    Ok((json!({"changed": changed}), text))
}

fn remove(root: &Path, arguments: &Remove) -> Answer {
    let mut open = super::open(root)?;
    let paths = chosen(&open, arguments.file.as_deref())?;
    known(&open, &paths, &arguments.recipients)?;
    let is_gone = |recipient: &str| arguments.recipients.iter().any(|gone| is_same(gone, recipient));
    let mut rules = Rules::default();
    for path in &paths {
        for gone in &arguments.recipients {
            let is_this = |recipient: &str| is_same(gone, recipient);
            rules.change(&open.site, root, path, gone, &|config, below| config.without(below, &is_this))?;
        }
    }
    for file in open.vault.files_mut().iter_mut().filter(|file| paths.iter().any(|path| path == file.path())) {
        let (gone, left): (Vec<String>, Vec<String>) =
            file.readers().into_iter().map(|reader| reader.recipient).partition(|recipient| is_gone(recipient));
        if gone.is_empty() {
            continue;
        }
        stays_open(file.path(), &gone, &left, &open.keys, arguments.lock_me_out)?;
        for recipient in gone {
            file.remove_reader(&recipient)?;
        }
    }
    let (changed, mut text) = save(&open, rules)?;
    text += GONE;
    Ok((json!({"changed": changed}), text))
}

/// Refuses to close a file for everybody, and for oneself where that is not wanted.
fn stays_open(file: &str, gone: &[String], left: &[String], keys: &Keys, is_wanted: bool) -> Result<(), Problem> {
    if left.is_empty() {
        return Err(Problem::error(
            "recipients",
            format!("nobody could open `{file}` any more: this is its last recipient"),
        )
        .note("add another one first: homebuild secrets recipients add PUBLIC-KEY"));
    }
    let has_mine = |all: &[String]| all.iter().any(|recipient| keys.has(recipient));
    if has_mine(gone) && !has_mine(left) && !is_wanted {
        return Err(Problem::error(
            "recipients",
            format!("you could not open `{file}` any more: this is your own key"),
        )
        .note("if this is meant: --lock-me-out"));
    }
    Ok(())
}

/// That each of them can open one of the files.
fn known(open: &Open, paths: &[String], gone: &[String]) -> Result<(), Problems> {
    let files = open.vault.files().iter().filter(|file| paths.iter().any(|path| path == file.path()));
    let mut all: Vec<String> = files.flat_map(File::readers).map(|reader| reader.recipient).collect();
    all.sort();
    all.dedup();
    let unknown = gone.iter().filter(|gone| !all.iter().any(|one| is_same(one, gone)));
    let problem = |gone: &String| {
        let shown = if gone.to_uppercase().contains("SECRET") { "this" } else { gone };
        Problem::error("recipients", format!("`{shown}` is no recipient of age or SSH of these files"))
            .note(format!("those are:\n  {}", all.join("\n  ")))
    };
    unknown.map(problem).collect::<Problems>().or(())
}

/// The paths of the files that a command is about.
fn chosen(open: &Open, wanted: Option<&str>) -> Result<Vec<String>, Problem> {
    let all: Vec<String> = open.vault.files().iter().map(|file| file.path().to_owned()).collect();
    match wanted {
        None if !all.is_empty() => Ok(all),
        Some(wanted) if all.iter().any(|path| path == wanted) => Ok(vec![wanted.to_owned()]),
        _ => Err(vault::no_file(wanted, all.iter().map(String::as_str))),
    }
}

/// Writes the files and rules that changed: their paths, and a text that says them.
fn save(open: &Open, rules: Rules) -> Result<(Vec<String>, String), Problems> {
    let mut changed = open.vault.save(&open.site, &super::now())?;
    changed.extend(rules.save(&open.site)?);
    let text = changed.iter().fold(String::new(), |all, path| all + "changed " + path + "\n");
    Ok((changed, text))
}
