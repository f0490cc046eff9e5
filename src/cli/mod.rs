//! The command line: one file a command, and the only code that prints.

mod build;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "homebuild", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}
