//! `homebuild diff`

pub(super) mod json;
mod markdown;
pub(super) mod text;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::style;
use crate::diff::{Cause, Comparison, Difference, Read, Summary, compare, read};
use crate::problem::{Problem, Problems, did_you_mean};

/// Exit code where something would change, on request.
const CHANGED: u8 = 3;

/// Arguments of `homebuild diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "diff                           # since the last commit",
    "diff origin/main --stack immich",
    "diff origin/main --format markdown > comment.md"
))]
pub(super) struct Arguments {
    /// What out/ is compared with: a branch, a tag, a commit
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Only this stack (may be given several times)
    #[arg(long = "stack", value_name = "NAME", add = super::complete::stacks())]
    stacks: Vec<String>,
    /// Exit with 3 where something changes
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a comment on a pull request: folded, under 60,000 characters
    Markdown,
    /// For programs: everything, see docs/diff.md
    Json,
}

/// All that is printed.
struct Shown {
    revision: String,
    commit: String,
    causes: Vec<Cause>,
    differences: Vec<Difference>,
    rewritten: Vec<String>,
    warnings: Problems,
    summary: Summary,
}

pub(super) fn run(site: &Path, arguments: &Arguments) -> ExitCode {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let mut shown = match look(site, arguments) {
        Ok(shown) => shown,
        Err(problems) => return super::failed(format == Format::Json, problems, "; nothing was compared"),
    };
    let text = match format {
        Format::Text => text::screen(&shown),
        Format::Markdown => markdown::comment(&shown),
        Format::Json => format!("{:#}\n", json::everything(&shown)),
    };
    if format != Format::Json && !shown.warnings.is_empty() {
        super::tell_problems(std::mem::take(&mut shown.warnings), "");
    }
    let _ = style::out().write_all(text.as_bytes());
    let changed = arguments.exit_code && !shown.differences.is_empty();
    if changed { ExitCode::from(CHANGED) } else { ExitCode::SUCCESS }
}

fn look(site: &Path, arguments: &Arguments) -> Result<Shown, Problems> {
    let Read { commit, old, new, mut causes, kinds } = read(site, &arguments.revision)?;
    let Comparison { mut differences, mut rewritten, warnings } = compare(&old, &new, &kinds)?;
    if !arguments.stacks.is_empty() {
        let stack_of = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
        let known: Vec<String> = old.keys().chain(new.keys()).map(|path| stack_of(path)).collect();
        known_stacks(&arguments.stacks, &known)?;
        let is_asked = |stack: &str| arguments.stacks.iter().any(|name| name == stack);
        differences.retain(|difference| is_asked(&difference.subject.stack) || is_asked(difference.old_stack()));
        rewritten.retain(|path| is_asked(&stack_of(path)));
        causes.retain(|cause| cause.path.strip_prefix("stacks/").is_none_or(|rest| is_asked(&stack_of(rest))));
    }
    let summary = Summary::of(&differences);
    Ok(Shown { revision: arguments.revision.clone(), commit, causes, differences, rewritten, warnings, summary })
}

fn known_stacks(asked: &[String], known: &[String]) -> Result<(), Problems> {
    let unknown = asked.iter().filter(|name| !known.contains(name));
    let problem = |name: &String| {
        Problem::error("unknown-stack", format!("there is no stack `{name}` in `out/`, before or now"))
            .label(did_you_mean(name, known.iter().map(String::as_str)))
    };
    let problems: Problems = unknown.map(problem).collect();
    problems.or(())
}
