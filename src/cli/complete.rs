//! `homebuild completions`, and what the shell then asks for: the program itself knows what can follow.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCandidates, CompletionCandidate, Shell};

use crate::disk::Site;

/// The variable by which a shell asks.
const VARIABLE: &str = "HOMEBUILD_COMPLETE";
/// The name that a shell knows the program by.
const NAME: &str = "homebuild";

/// Arguments of `homebuild completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "completions bash     # in ~/.bashrc: source <(homebuild completions bash)",
    "completions zsh      # in ~/.zshrc, after compinit: the same with zsh",
    "completions fish     # in config.fish: homebuild completions fish | source"
))]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let mut script = Vec::new();
    let shell = arguments.shell.to_string();
    let written = (Shells::builtins().completer(&shell))
        .is_some_and(|shell| shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script).is_ok());
    if !written {
        return super::misused(format!("nothing is known of `{shell}`"));
    }
    let _ = super::style::out().write_all(&script);
    ExitCode::SUCCESS
}

/// Answers a shell that asks what can follow, and ends; does nothing where none does.
pub(super) fn answer() {
    CompleteEnv::with_factory(super::Arguments::command).var(VARIABLE).complete();
}

/// The names of the stacks.
pub(super) fn stacks() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(site().and_then(|site| site.stacks().ok()).unwrap_or_default()))
}

/// The names of the secrets, which need no key.
pub(super) fn secrets() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let sources = site().and_then(|site| crate::load::secrets_only(&site).ok()).unwrap_or_default();
        let secrets = crate::secrets::Secret::load(&sources).unwrap_or_else(|_| crate::secrets::Secret::none());
        let mut names = Vec::new();
        secrets.walk(&mut Vec::new(), &mut |path| names.push(crate::secrets::reference::path_text(path)));
        candidates(names)
    })
}

/// The names of the layouts.
pub(super) fn layouts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let files = site().and_then(|site| site.folder("layouts").ok()).unwrap_or_default().files;
        let name = |path: &str| Some(path.strip_prefix("layouts/")?.strip_suffix(".yaml.j2")?.to_owned());
        candidates(files.iter().filter_map(|file| name(&file.path)))
    })
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The site that the command line names so far, or the folder in which it is typed.
fn site() -> Option<Site> {
    let words: Vec<_> = std::env::args_os().collect();
    let named = words.windows(2).find(|pair| pair[0] == "--site").map(|pair| PathBuf::from(&pair[1]));
    let joined = || words.iter().filter_map(|word| word.to_str()?.strip_prefix("--site=")).map(PathBuf::from).next();
    Site::open(&named.or_else(joined).unwrap_or_else(|| OsStr::new(".").into())).ok()
}
