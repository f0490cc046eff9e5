//! `homebuild push`

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::site::{self, Site, Where, Which};
use super::{Permit, json, saved, text};
use crate::cli::{FAILED, json as cli_json, prompt, style, tell_problems};
use crate::problem::{Problem, Problems};
use crate::push::engine::{self, End, Order, Plan};
use crate::push::kubernetes::Kubernetes;
use crate::push::order::waves;
use crate::push::plan::Allowed;
use crate::push::stack::Stack;
use crate::push::target::Target as _;

/// Arguments of `homebuild push`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = examples!(
    "push --stack platform",
    "push --yes                     # in CI: nobody is asked",
    "push --plan plan.json --yes    # what was reviewed, or nothing"
))]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    permit: Permit,
    /// Apply this plan of `homebuild plan --save`, and only if it is still what would be done
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    plan: Option<PathBuf>,
    /// Go back to what a stack was before its last release
    #[arg(long, conflicts_with_all = ["plan", "with_dependencies", "wave", "changed_since"])]
    rollback: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Push out/ although it is not what the sources give
    #[arg(long)]
    stale: bool,
    /// Wait so many seconds for a lock that another push holds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait_for_lock: u64,
    /// Say every object that is written
    #[arg(long, short)]
    verbose: bool,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match push(root, arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(problems) => crate::cli::failed(arguments.json, problems, "; nothing was written"),
    }
}

/// Pushes. Whether all went well.
fn push(root: &Path, arguments: &Arguments) -> Result<bool, Problems> {
    let begin = Instant::now();
    if !arguments.stale && !arguments.rollback {
        site::is_fresh(root)?;
    }
    let site = Site::open(root, &arguments.place)?;
    let reviewed = arguments.plan.as_deref().map(saved::read).transpose()?;
    let mut place = arguments.place.clone();
    if let Some(reviewed) = &reviewed {
        place.stacks = saved::stacks(reviewed);
    }
    let chosen = site.chosen(root, &place, &arguments.which)?;
    let cluster = site.cluster(text::waits, &site::stop())?;
    let order = Order {
        allowed: Allowed { going_back: arguments.rollback, ..arguments.permit.allowed() },
        by: by(),
        commit: site.commit.clone(),
        patience: Duration::from_secs(arguments.wait_for_lock),
    };
    site.with_target(&cluster, |target| {
        let pushing = Pushing { arguments, site: &site, order: &order, begin };
        pushing.run(target, &chosen, reviewed.as_ref())
    })
}

/// One push from the command line.
struct Pushing<'a> {
    arguments: &'a Arguments,
    site: &'a Site,
    order: &'a Order,
    begin: Instant,
}

impl Pushing<'_> {
    fn run(
        &self,
        target: &Kubernetes<'_>,
        chosen: &[&Stack],
        reviewed: Option<&serde_json::Value>,
    ) -> Result<bool, Problems> {
        let site = self.site;
        let (mut stacks, mut chosen) = (site.stacks.clone(), chosen.to_vec());
        if self.arguments.rollback {
            let [stack] = chosen[..] else {
                return Err(Problem::error("which-stack", "one stack goes back at a time")
                    .note("`--stack NAME`")
                    .into());
            };
            let back = engine::before(stack, &target.store().record(&stack.name)?.record)?;
            stacks.iter_mut().filter(|of| of.name == back.name).for_each(|of| *of = back.clone());
        }
        chosen = stacks.iter().filter(|of| chosen.iter().any(|chosen| chosen.name == of.name)).collect();
        let order = chosen_order(&stacks);
        chosen.sort_by_key(|stack| order.iter().position(|name| *name == stack.name));
        let plan = engine::plan(target, &stacks, &chosen, &self.order.allowed)?;
        site.is_known(&plan.name, self.arguments.permit.new_cluster)?;
        if let Some(reviewed) = reviewed {
            saved::compare(reviewed, &saved::of(&plan, site))?;
        }
        let refused = engine::refuse(&plan, &stacks, &self.order.allowed);
        let changes = super::plan::has_changes(&plan);
        if !self.arguments.json && changes {
            let _ = writeln!(style::out(), "{}", text::plan(&plan, site).trim_end());
        }
        refused.or(())?;
        if changes && !self.arguments.yes {
            self.ask(&plan)?;
        }
        let verbose = self.arguments.verbose;
        let reporter = |stack: &str, module: &str, event| text::happened(stack, module, &event, verbose);
        let results = engine::push(target, &stacks, &plan, self.order, &reporter);
        let is_good = results.iter().all(|result| matches!(result.end, End::Nothing | End::Done));
        let problems: Problems = results.iter().flat_map(|result| result.problems.clone()).collect();
        if self.arguments.json {
            let mut value = json::pushed(&plan, &results, site);
            value["result"] = if is_good { "done" } else { "failed" }.into();
            cli_json::print(&value);
        } else {
            if !problems.is_empty() {
                tell_problems(problems, "");
            }
            let _ = write!(style::out(), "{}", text::pushed(&results, self.begin.elapsed()));
        }
        Ok(is_good)
    }

    /// Asks whether to go on, where somebody can answer.
    fn ask<W>(&self, plan: &Plan<W>) -> Result<(), Problem> {
        if self.arguments.json || !std::io::stdin().is_terminal() {
            return Err(Problem::error("not-asked", "nobody can be asked whether to push")
                .note("`--yes` pushes without a question; `homebuild plan` shows what it would do"));
        }
        let question = format!("\npush to {}? [y/N] ", plan.name.target);
        match prompt::line(&question).as_deref().map(str::trim) {
            Some("y" | "yes" | "Y") => Ok(()),
            _ => Err(Problem::error("not-wanted", "not pushed")),
        }
    }
}

/// The names of the stacks, dependencies first.
fn chosen_order(stacks: &[Stack]) -> Vec<String> {
    waves(stacks).into_iter().flatten().map(|stack| stack.name.clone()).collect()
}

/// Who pushes: `ada@desk`.
pub(super) fn by() -> String {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}
