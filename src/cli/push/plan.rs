//! `homebuild plan`

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::site::{self, Site, Where, Which};
use super::{Permit, json, saved, text};
use crate::cli::{json as cli_json, style, tell_problems};
use crate::problem::Problems;
use crate::push::engine::{self, Plan};

/// Exit code where something would change, on request.
const CHANGED: u8 = 3;

/// Arguments of `homebuild plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "plan                           # what a push of all stacks would do",
    "plan --stack platform --exit-code",
    "plan --changed-since origin/main --save plan.json"
))]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    permit: Permit,
    /// Keep the plan in a file, for `push --plan FILE`
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Exit with 3 where something would change
    #[arg(long)]
    exit_code: bool,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match look(root, arguments) {
        Ok(changes) if changes && arguments.exit_code => ExitCode::from(CHANGED),
        Ok(_) => ExitCode::SUCCESS,
        Err(problems) => crate::cli::failed(arguments.json, problems, ""),
    }
}

/// Plans and prints. Whether anything would change.
fn look(root: &Path, arguments: &Arguments) -> Result<bool, Problems> {
    let site = Site::open(root, &arguments.place)?;
    let chosen = site.chosen(root, &arguments.place, &arguments.which)?;
    let stop = site::stop();
    let cluster = site.cluster(text::waits, &stop)?;
    let allowed = arguments.permit.allowed();
    site.with_target(&cluster, |target| {
        let plan = engine::plan(target, &site.stacks, &chosen, &allowed)?;
        let refused = engine::refuse(&plan, &site.stacks, &allowed);
        if let Some(path) = &arguments.save {
            saved::write(path, &saved::of(&plan, &site))?;
        }
        if arguments.json {
            cli_json::print(&cli_json::done(json::plan(&plan, &site, &refused)));
        } else {
            let _ = write!(style::out(), "{}", text::plan(&plan, &site));
            if !refused.is_empty() {
                tell_problems(refused, "; a push would be refused");
            }
        }
        Ok(has_changes(&plan))
    })
}

pub(super) fn has_changes<W>(plan: &Plan<W>) -> bool {
    plan.stacks.iter().any(|planned| planned.steps.iter().any(|step| step.action.is_change() || step.problem.is_some()))
}
