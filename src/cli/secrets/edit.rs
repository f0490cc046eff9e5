//! `homebuild secrets edit`

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::Answer;
use crate::cli::prompt;
use crate::cli::tell_problems;
use crate::disk::Scratch;
use crate::problem::{Problem, Problems, Source};
use crate::secrets::reference::path_text;
use crate::sops::{File, Keys, vault};

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
    let source = source(root, arguments.file.as_deref())?;
    let keys = super::keys();
    let before = File::unlock(&source, &keys)?;
    let name = source.path.rsplit('/').next().unwrap_or_default().replace(".sops", "");
    let scratch = Scratch::new(&name, before.decrypted().as_bytes(), std::process::id())?;
    let path = scratch.path().to_owned();
    prompt::leave_to_child(move || Scratch::wipe(&path));
    loop {
        show(scratch.path())?;
        let problems = match saved(root, &source, &keys, &before, &scratch.read()?) {
            Err(problems) if std::io::stdin().is_terminal() => problems,
            done => return done,
        };
        tell_problems(problems, "; nothing was written");
        let answer = prompt::line("Enter edits it again, `q` and Enter gives up: ");
        if answer.is_none_or(|line| !line.trim().is_empty()) {
            return Err(Problem::error("secrets", "given up").into());
        }
    }
}

/// The secrets file that is edited.
fn source(root: &Path, wanted: Option<&str>) -> Result<Arc<Source>, Problems> {
    let sources = super::sources(root)?;
    let known: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let found = sources.iter().find(|source| wanted.is_none_or(|wanted| wanted == source.path));
    found.cloned().ok_or_else(|| vault::no_file(wanted, known).into())
}

/// Takes what the editor saved over into the file as it is now, which another program may have changed meanwhile.
fn saved(root: &Path, source: &Source, keys: &Keys, before: &File, bytes: &[u8]) -> Answer {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::error("not-text", "what was saved is not UTF-8 text"))?;
    let mut after = File::unlock(before.source(), keys)?;
    after.edit(text)?;
    if before.values().next().is_some() && after.values().next().is_none() {
        return Err(Problem::error("secrets", "no secret is left in what was saved")
            .note("if that is meant: `homebuild secrets remove NAME...`")
            .into());
    }
    let told = changes(before, &after);
    let mut open = super::open(root)?;
    let gone = || Problem::error("secrets", format!("`{}` is not there any more", source.path));
    let now = open.vault.files_mut().iter_mut().find(|file| file.path() == source.path).ok_or_else(gone)?;
    if now.source().text == source.text {
        *now = after;
    } else {
        now.take_over(before, &after)?;
    }
    open.save(&source.path, &format!("edited {told}"))
}

/// What was changed, by names.
fn changes(before: &File, after: &File) -> String {
    let names = |from: &File, to: &File| -> Vec<String> {
        from.values().filter(|(path, value)| to.value(path) != Some(value)).map(|(path, _)| path_text(&path)).collect()
    };
    let set = names(after, before);
    let gone: Vec<String> =
        before.values().filter(|(path, _)| after.value(path).is_none()).map(|(path, _)| path_text(&path)).collect();
    let said = [("set", set), ("removed", gone)].into_iter().filter(|(_, names)| !names.is_empty());
    let said: Vec<String> = said.map(|(word, names)| format!("{word} {}", names.join(", "))).collect();
    if said.is_empty() { "comments or order".to_owned() } else { format!("({})", said.join("; ")) }
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
    Err(Problem::error("secrets", format!("the editor `{program}` ended with {status}")))
}
