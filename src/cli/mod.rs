//! The command line: one file a command, and the only code that prints.

mod build;
mod fmt;
mod schema;
mod watch;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::problem::{self, Level, Problem, Problems};

/// Exit codes: done or nothing to do; refused, stale or failed; wrong usage.
const FAILED: u8 = 1;

/// A homelab as a static site: `stacks/` through `layouts/` into `out/`, which people review and push applies.
#[derive(Debug, Parser)]
#[command(name = "homebuild", version, about, max_term_width = 100)]
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
    /// Print the JSON Schema by which editors complete and check the sources: schemas/editor.json
    Schema,
    /// Print what a shell needs to complete commands
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match arguments.command {
        Command::Build(command) => build::run(&arguments.site, &command),
        Command::Fmt(command) => fmt::run(&arguments.site, &command),
        Command::Schema => schema::run(&arguments.site),
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "homebuild", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}

/// Problems that are shown in full: nobody reads on.
const SHOWN: usize = 100;

/// Bytes of a thread's stack: templates may nest macros and values deeply before they are told that it is too deep.
const STACK: usize = 64 << 20;

/// Makes the threads that do the work; as many as there are cores where nothing is said.
fn threads(number: Option<u16>) -> Result<(), ExitCode> {
    let number = number.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number).stack_size(STACK).build_global();
    pool.map_err(|error| {
        let problem = Problem::error("threads", format!("the system gives no threads: {error}"));
        tell_problems(problem.note("try `--threads 1`, or raise the limit: `ulimit -v`, `ulimit -u`").into(), "");
        ExitCode::from(FAILED)
    })
}

/// A number and its word: `1 stack`, `2 stacks`.
fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Prints all problems, sorted, and how many there are.
fn tell_problems(problems: Problems, end: &str) {
    let mut err = std::io::stderr().lock();
    let problems = problems.sorted();
    let of = |level| problems.iter().filter(|problem| problem.level == level).count();
    let (errors, warnings) = (of(Level::Error), of(Level::Warning));
    let said = problem::said_once(problems);
    for problem in said.iter().take(SHOWN) {
        let _ = writeln!(err, "{problem}");
    }
    if said.len() > SHOWN {
        let _ = writeln!(err, "and {} more; --json has all of them\n", said.len() - SHOWN);
    }
    let warnings = if warnings == 0 { String::new() } else { format!(", {}", count(warnings, "warning")) };
    let _ = writeln!(err, "{}{warnings}{end}", count(errors, "error"));
}
