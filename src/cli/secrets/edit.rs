//! `homebuild secrets edit`

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Command;

use zeroize::Zeroizing;

use super::Answer;
use crate::cli::{style, tell_problems};
use crate::disk::Scratch;
use crate::problem::{Problem, Problems};
use crate::sops::File;

/// Where the editor is named, in the order of sops; and what is taken where none is.
const EDITORS: [&str; 3] = ["SOPS_EDITOR", "VISUAL", "EDITOR"];
const EDITOR: &str = "vi";

/// Arguments of `homebuild secrets edit`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets edit", "secrets edit secrets.sops.yaml"))]
pub(super) struct Arguments {
    /// The secrets file [default: the first of the site]
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    let mut open = super::open(root)?;
    let wanted = arguments.file.as_deref();
    let known: Vec<String> = open.vault.files().iter().map(|file| file.path().to_owned()).collect();
    let file = open.vault.files_mut().iter_mut().find(|file| wanted.is_none_or(|wanted| wanted == file.path()));
    let file = file.ok_or_else(|| match wanted {
        Some(wanted) => Problem::error("secrets", format!("`{wanted}` is no secrets file of this site"))
            .note(format!("its files are {}", known.join(", "))),
        None => Problem::error("secrets", "this site has no secrets file").note("`homebuild secrets init` makes one"),
    })?;
    let path = file.path().to_owned();
    edit(file)?;
    open.save(&path, "edited")
}

/// Shows a file to its author until it can be read.
fn edit(file: &mut File) -> Result<(), Problems> {
    let name = file.path().rsplit('/').next().unwrap_or_default().replace(".sops", "");
    // Ctrl-C is for the editor: whoever ends this program would leave the file behind
    let _ = ctrlc::set_handler(|| {});
    let scratch = Scratch::new(&name, file.decrypted().as_bytes(), std::process::id())?;
    loop {
        show(scratch.path())?;
        let bytes = Zeroizing::new(scratch.read()?);
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::error("not-text", "what was saved is not UTF-8 text; nothing was changed"))?;
        let Err(problems) = file.edit(text) else { return Ok(()) };
        if !std::io::stdin().is_terminal() {
            return Err(problems);
        }
        tell_problems(problems, "");
        let _ = write!(style::err(), "Enter edits it again, `q` and Enter gives up: ");
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        if read.unwrap_or_default() == 0 || line.trim() == "q" {
            return Err(Problem::error("secrets", "given up; nothing was changed").into());
        }
    }
}

fn show(path: &Path) -> Result<(), Problem> {
    #[expect(clippy::disallowed_methods, reason = "the editor is the person's, not the site's")]
    let named = EDITORS.iter().filter_map(|name| std::env::var(name).ok()).find(|editor| !editor.trim().is_empty());
    if named.is_none() && !std::io::stdin().is_terminal() {
        return Err(Problem::error("secrets", "there is no terminal that an editor could use")
            .note("name a program that edits by itself: `EDITOR=...`; or use `homebuild secrets set NAME`"));
    }
    let editor = named.unwrap_or_else(|| EDITOR.to_owned());
    // as git does it: the words of `code --wait`
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or(EDITOR);
    let status = Command::new(program).args(words).arg(path).status().map_err(|error| {
        Problem::error("secrets", format!("the editor `{program}` does not start: {error}"))
            .note("name yours: `export EDITOR=nano`")
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Problem::error("secrets", format!("the editor `{program}` ended with {status}; nothing was changed")))
}
