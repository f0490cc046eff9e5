//! The command line: one file a command, and the only code that prints.

mod build;
mod schema;
mod schemas;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::problem::{self, Level, Problems};

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
    /// Print the JSON Schema by which editors complete and check the sources: schemas/editor.json
    Schema,
    /// Keep the schemas that objects are checked against
    Schemas(schemas::Arguments),
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
        Command::Schema => schema::run(&arguments.site),
        Command::Schemas(command) => schemas::run(&arguments.site, &command),
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "homebuild", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
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
    for problem in problem::said_once(problems) {
        let _ = writeln!(err, "{problem}");
    }
    let warnings = if warnings == 0 { String::new() } else { format!(", {}", count(warnings, "warning")) };
    let _ = writeln!(err, "{}{warnings}{end}", count(errors, "error"));
}
