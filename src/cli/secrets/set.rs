//! `homebuild secrets set`

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Answer;
use crate::cli::style;
use crate::disk;
use crate::problem::Problem;
use crate::secrets::reference::path_text;
use crate::sops::Value;

/// What is said of a value that ends as it probably should not.
const BREAK: &str = "note: the value ends with a line break; `--trim` leaves it out";

/// Arguments of `homebuild secrets set`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets set shop.password --trim < password.txt",
    "secrets set 'mail.accounts[\"me@example.org\"]' --from password.txt --trim"
))]
pub(super) struct Arguments {
    /// Its name, as it stands behind `secrets.`
    #[arg(add = crate::cli::complete::secrets())]
    name: String,
    /// A file whose bytes are the value; `-` is standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Leave out the line break at its end
    #[arg(long)]
    trim: bool,
    /// Say that a value without any byte is meant
    #[arg(long)]
    empty: bool,
    /// The secrets file that a new name goes into [default: the one with the map above it, else the first]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    let path = super::path(&arguments.name)?;
    if path[0] == "secrets" && path.len() > 1 {
        let message = format!("the name of a secret is what stands behind `secrets.`: `{}`", path_text(&path[1..]));
        return Err(Problem::error("secrets", message).into());
    }
    // the question comes before the lock: nobody waits for a person who thinks
    let mut value = read(&arguments.name, arguments.from.as_deref())?;
    if value.ends_with(b"\n") {
        if arguments.trim {
            let end = if value.ends_with(b"\r\n") { 2 } else { 1 };
            let length = value.len() - end;
            value.truncate(length);
        } else if !value[..value.len() - 1].contains(&b'\n') {
            let _ = writeln!(style::err(), "{BREAK}");
        }
    }
    if value.is_empty() && !arguments.empty {
        return Err(Problem::error("secrets", "the value is empty: did the command before the pipe fail?")
            .note("`--empty` says that it is meant")
            .into());
    }
    let mut open = super::open(root)?;
    open.vault.file_for(&path, arguments.file.as_deref())?.set(&path, &Value::str(std::mem::take(&mut *value)))?;
    let saved = open.save(&arguments.name, &format!("set {}", arguments.name))?;
    if super::users(&open.site, &arguments.name).is_empty() {
        let _ =
            writeln!(style::err(), "nothing uses it yet: name it in a source, `${{{{ secrets.{} }}}}`", arguments.name);
    }
    Ok(saved)
}

fn read(name: &str, from: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let standard = std::io::stdin();
    match from {
        Some(path) if path != Path::new("-") => disk::private(path),
        None if standard.is_terminal() => ask(name),
        _ => disk::read_private(standard.lock()).map_err(|error| unread(&error)),
    }
}

fn ask(name: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let ask = |question: &str| crate::cli::prompt::hidden(question).map_err(|error| unread(&error));
    let first = ask(&format!("{name} (it is not shown): "))?;
    if *first != *ask("once more: ")? {
        return Err(Problem::error("secrets", "these are two different values; nothing was changed"));
    }
    Ok(Zeroizing::new(first.as_bytes().to_vec()))
}

fn unread(error: &std::io::Error) -> Problem {
    Problem::error("secrets", format!("the value cannot be read: {error}"))
}
