//! The command line: one file a command, and the only code that prints.

/// The end of a command's help: what one types. `tests/help.rs` runs every line.
macro_rules! examples {
    ($($line:literal),+) => { concat!("\x1b[1;4mExamples:\x1b[0m", $("\n  homebuild ", $line),+) };
}

mod build;
mod complete;
mod diff;
mod explain;
mod export;
mod fmt;
mod graph;
mod init;
mod json;
mod list;
mod new;
mod prompt;
mod push;
mod schema;
mod schemas;
mod secrets;
mod site;
mod style;
mod table;
mod watch;
mod watchdog;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use serde_json::Value;

use crate::problem::{self, Level, Problem, Problems};

/// Exit codes: done or nothing to do; refused, stale or failed; wrong usage.
const FAILED: u8 = 1;
/// Bytes of a thread's stack: templates may nest macros and values deeply before they are told that it is too deep.
const STACK: usize = 64 << 20;

/// A homelab as a static site: `stacks/` through `layouts/` into `out/`, which people review and push applies.
#[derive(Debug, Parser)]
#[command(name = "homebuild", version, about, max_term_width = 100)]
#[command(after_help = examples!("build", "list hosts", "explain Deployment/immich-server"))]
struct Arguments {
    /// The site's folder
    #[arg(long, global = true, default_value = ".", value_name = "FOLDER")]
    site: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Render stacks/ into out/
    Build(build::Arguments),
    /// Give the YAML sources one form; comments stay, and so does what they mean
    Fmt(fmt::Arguments),
    /// List stacks, hosts, images, volumes, VMs, secrets, or layouts and their values
    List(list::Arguments),
    /// Draw the stacks: waves, tiers and what depends on what
    Graph(graph::Arguments),
    /// Write the homelab as one page to look at: hosts, images, volumes, VMs, who needs whom
    Site(site::Arguments),
    /// Show what changes in out/ since a git revision, by meaning
    Diff(diff::Arguments),
    /// Show what a push would do, object by object, with the fields that change; nothing is written
    Plan(push::PlanArguments),
    /// Make the cluster what out/ says
    Push(push::PushArguments),
    /// Show how the stacks are: what is pushed, what drifted and who did it, what is not ready and why
    Status(push::StatusArguments),
    /// List the last releases of a stack
    History(push::History),
    /// List what homebuild made and no stack has any more
    Orphans(push::Orphans),
    /// Take away the lock of a push that will not come back
    Unlock(push::Unlock),
    /// Delete all that a stack has in the cluster
    Destroy(push::Destroy),
    /// Tell where a file of out/ comes from: the component, the layout, the lines
    Explain(explain::Arguments),
    /// Let Flux or Argo CD apply out/: write the objects that tell them to
    Export(export::Arguments),
    /// Begin a site: a small one that builds, to go on from
    Init(init::Arguments),
    /// Begin a stack, a module or a layout
    New(new::Arguments),
    /// Print schemas/editor.json, by which editors complete and check the sources
    #[command(after_help = examples!("schema"))]
    Schema,
    /// Keep the schemas that objects are checked against
    Schemas(schemas::Arguments),
    /// Keep the secrets: encrypted in git, in plain in memory only
    Secrets(secrets::Arguments),
    /// Print what a shell needs to complete commands, names of stacks too
    Completions(complete::Arguments),
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    complete::answer();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return told(&error),
    };
    match arguments.command {
        Command::Build(command) => build::run(&arguments.site, &command),
        Command::List(command) => list::run(&arguments.site, &command),
        Command::Graph(command) => graph::run(&arguments.site, &command),
        Command::Site(command) => site::run(&arguments.site, &command),
        Command::Diff(command) => diff::run(&arguments.site, &command),
        Command::Plan(command) => push::run_plan(&arguments.site, &command),
        Command::Push(command) => push::run_push(&arguments.site, &command),
        Command::Status(command) => push::run_status(&arguments.site, &command),
        Command::History(command) => push::run_history(&arguments.site, &command),
        Command::Orphans(command) => push::run_orphans(&arguments.site, &command),
        Command::Unlock(command) => push::run_unlock(&arguments.site, &command),
        Command::Destroy(command) => push::run_destroy(&arguments.site, &command),
        Command::Explain(command) => explain::run(&arguments.site, &command),
        Command::Export(command) => export::run(&arguments.site, command),
        Command::Init(command) => init::run(&command),
        Command::New(command) => new::run(&arguments.site, command),
        Command::Fmt(command) => fmt::run(&arguments.site, &command),
        Command::Schema => schema::run(&arguments.site),
        Command::Schemas(command) => schemas::run(&arguments.site, &command),
        Command::Secrets(command) => secrets::run(&arguments.site, command),
        Command::Completions(command) => complete::run(&command),
    }
}

/// Problems that are shown in full: nobody reads on.
const SHOWN: usize = 100;

/// Makes the threads that work, as many as there are cores where it is 0. What nests deeply begins in [`rayon::scope`]:
/// the main thread's own stack may be small.
fn pool(threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build_global();
    if let Err(error) = pool {
        let problem = Problem::error("threads", format!("the system gives no threads: {error}"));
        tell_problems(problem.note("try `--threads 1`, or raise the limit: `ulimit -v`, `ulimit -u`").into(), "");
        std::process::exit(FAILED.into());
    }
    watchdog::begin();
}

/// What clap has to say: help, or what is wrong with the arguments.
fn told(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if text.contains("PRIVATE KEY") || text.contains("AGE-SECRET-KEY") {
        let _ = writeln!(
            style::err(),
            "error: a private key stands among the arguments, which others can see; its public half is meant"
        );
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Arguments that do not go together.
fn misused(message: impl std::fmt::Display) -> ExitCode {
    told(&Arguments::command().error(clap::error::ErrorKind::ArgumentConflict, message))
}

/// Prints what a question found, as JSON or as text, or why it found nothing.
fn answer(is_json: bool, found: Result<(Value, String), Problems>) -> ExitCode {
    answered(is_json, found, "")
}

/// Prints what a command wrote, or why it wrote nothing.
fn wrote(is_json: bool, done: Result<(Value, String), Problems>) -> ExitCode {
    answered(is_json, done, "; nothing was written")
}

fn answered(is_json: bool, found: Result<(Value, String), Problems>, end: &str) -> ExitCode {
    match found {
        Ok((value, _)) if is_json => json::print(&json::done(value)),
        Ok((_, text)) => _ = write!(style::out(), "{text}"),
        Err(problems) => return failed(is_json, problems, end),
    }
    ExitCode::SUCCESS
}

/// Prints why nothing came of it.
fn failed(is_json: bool, problems: Problems, end: &str) -> ExitCode {
    if is_json {
        json::print(&json::failed(problems));
    } else {
        tell_problems(problems, end);
    }
    ExitCode::from(FAILED)
}

/// A number and its word: `1 stack`, `2 stacks`.
fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Prints all problems, sorted, and how many there are.
fn tell_problems(problems: Problems, end: &str) {
    let mut err = style::err().lock();
    let problems = problems.sorted();
    let of = |level| problems.iter().filter(|problem| problem.level == level).count();
    let (errors, warnings) = (of(Level::Error), of(Level::Warning));
    let said = problem::said_once(problems);
    for problem in said.iter().take(SHOWN) {
        let _ = writeln!(err, "{}", style::problem(&problem.to_string()));
    }
    if said.len() > SHOWN {
        let _ = writeln!(err, "and {} more; --json has all of them\n", said.len() - SHOWN);
    }
    let (bad, attention) = (style::BAD, style::ATTENTION);
    let said =
        [(errors, "error", bad), (warnings, "warning", attention)].into_iter().filter(|(number, ..)| *number > 0);
    let said: Vec<String> = said.map(|(number, word, style)| style::paint(style, &count(number, word))).collect();
    let _ = writeln!(err, "{}{end}", said.join(", "));
}
