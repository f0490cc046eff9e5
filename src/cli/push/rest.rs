//! `homebuild history`, `orphans`, `unlock` and `destroy`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::site::{self, Site, Where};
use super::{Permit, apply, json as as_json, text};
use crate::cli::style;
use crate::cli::table::table;
use crate::cli::{answer, count, prompt, wrote};
use crate::problem::{Problem, Problems};
use crate::push::engine::{self, Order};
use crate::push::lease;
use crate::push::plan::{Action, Planned};
use crate::push::record::Release;
use crate::push::target::Target as _;

type Answer = Result<(Value, String), Problems>;

/// Arguments of `homebuild history`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("history --stack platform"))]
pub(in crate::cli) struct History {
    #[command(flatten)]
    place: Where,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `homebuild orphans`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("orphans"))]
pub(in crate::cli) struct Orphans {
    #[command(flatten)]
    place: Where,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `homebuild unlock`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("unlock --stack platform"))]
pub(in crate::cli) struct Unlock {
    #[command(flatten)]
    place: Where,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `homebuild destroy`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("destroy --stack ntfy", "destroy --stack ntfy --yes --prune-protected"))]
pub(in crate::cli) struct Destroy {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    permit: Permit,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn history(root: &Path, arguments: &History) -> ExitCode {
    answer(arguments.json, releases(root, &arguments.place))
}

pub(super) fn orphans(root: &Path, arguments: &Orphans) -> ExitCode {
    answer(arguments.json, left(root, &arguments.place))
}

pub(super) fn unlock(root: &Path, arguments: &Unlock) -> ExitCode {
    wrote(arguments.json, unlocked(root, &arguments.place))
}

pub(super) fn destroy(root: &Path, arguments: &Destroy) -> ExitCode {
    wrote(arguments.json, destroyed(root, arguments))
}

/// The one stack that is named.
fn only(place: &Where) -> Result<&str, Problem> {
    match &place.stacks[..] {
        [one] => Ok(one),
        _ => Err(Problem::error("which-stack", "one stack must be named").note("`--stack NAME`")),
    }
}

fn releases(root: &Path, place: &Where) -> Answer {
    let name = only(place)?;
    let site = Site::open(root, place)?;
    let cluster = site.cluster(text::waits, &site::stop())?;
    site.with_target(&cluster, |target| {
        let record = target.store().record(name)?.record;
        if record.releases.is_empty() {
            return Err(Problem::error("no-release", format!("stack `{name}` was never pushed there")).into());
        }
        let row = |release: &Release| {
            let counts: Vec<String> = release
                .counts
                .iter()
                .filter(|(word, _)| *word != Action::Unchanged.word())
                .map(|(word, count)| format!("{count} {word}"))
                .collect();
            [
                release.number.to_string(),
                release.version.clone(),
                release.at.clone(),
                release.by.clone(),
                release.commit.clone().unwrap_or_default(),
                release.why.as_ref().map_or_else(
                    || as_json::word(release.result).to_owned(),
                    |why| format!("{}: {why}", as_json::word(release.result)),
                ),
                counts.join(", "),
            ]
        };
        let rows: Vec<[String; 7]> = record.releases.iter().map(row).collect();
        let head = ["release", "version", "when", "by", "commit", "result", "objects"];
        let all: Vec<Value> = record.releases.iter().map(as_json::release).collect();
        Ok((json!({"stack": name, "releases": all}), table(head, &rows, None)))
    })
}

fn left(root: &Path, place: &Where) -> Answer {
    let site = Site::open(root, place)?;
    let cluster = site.cluster(text::waits, &site::stop())?;
    site.with_target(&cluster, |target| {
        let records = target.store().records()?;
        let marked = target.marked()?;
        let is_gone = |name: &str| !site.stacks.iter().any(|stack| stack.name == name);
        let stacks: BTreeMap<&str, usize> = records
            .iter()
            .filter(|(name, _)| is_gone(name))
            .map(|(name, kept)| (name.as_str(), kept.record.members.len()))
            .collect();
        let is_known = |id: &str, stack: &str| {
            records.get(stack).is_some_and(|kept| kept.record.members.contains_key(id))
        };
        let objects: Vec<&(String, String)> = marked.iter().filter(|(id, stack)| !is_known(id, stack)).collect();
        let mut said = String::new();
        for (stack, number) in &stacks {
            let _ = writeln!(
                said,
                "{stack}: {}, and out/ has it no more; `homebuild destroy --stack {stack}`",
                count(*number, "object")
            );
        }
        for (id, stack) in &objects {
            let _ = writeln!(said, "{id}: marked as of stack {stack}, which does not know it");
        }
        if said.is_empty() {
            said.push_str("no orphans\n");
        }
        let value = json!({
            "stacks": stacks.iter().map(|(stack, number)| json!({"stack": stack, "objects": number})).collect::<Vec<_>>(),
            "objects": objects.iter().map(|(id, stack)| json!({"object": id, "stack": stack})).collect::<Vec<_>>(),
        });
        Ok((value, said))
    })
}

fn unlocked(root: &Path, place: &Where) -> Answer {
    let name = only(place)?;
    let site = Site::open(root, place)?;
    let cluster = site.cluster(text::waits, &site::stop())?;
    site.with_target(&cluster, |target| {
        let held = lease::unlock(target.store(), name)?;
        let said = match &held {
            Some(lease) => {
                format!("{name}: the lock of {} is taken away; it was renewed at {}\n", lease.holder, lease.renewed)
            }
            None => format!("{name}: nobody holds a lock\n"),
        };
        Ok((json!({"stack": name, "holder": held.map(|lease| lease.holder)}), said))
    })
}

fn destroyed(root: &Path, arguments: &Destroy) -> Answer {
    let name = only(&arguments.place)?;
    let site = Site::open(root, &arguments.place)?;
    let cluster = site.cluster(text::waits, &site::stop())?;
    site.with_target(&cluster, |target| {
        site.is_known(target.name(), arguments.permit.new_cluster)?;
        let order = Order {
            allowed: arguments.permit.allowed(),
            by: apply::by(),
            commit: site.commit.clone(),
            ..Order::default()
        };
        let reporter = |stack: &str, module: &str, event| text::happened(stack, module, &event, false);
        let ask = Box::new(|planned: &Planned<_>| may_destroy(planned, arguments));
        let planned = engine::destroy(target, &site.stacks, name, &order, &reporter, ask)?;
        let of = |action: Action| planned.steps.iter().filter(move |step| step.action == action);
        let mut said = format!("{name}: {} deleted\n", count(of(Action::Prune).count(), "object"));
        for step in of(Action::Keep) {
            let _ = writeln!(said, "kept  {}: {}", step.id, step.notes.join("; "));
        }
        let ids = |action| of(action).map(|step| step.id.clone()).collect::<Vec<_>>();
        Ok((json!({"stack": name, "deleted": ids(Action::Prune), "kept": ids(Action::Keep)}), said))
    })
}

/// Asks for the stack's name, where somebody can answer.
fn may_destroy<W>(planned: &Planned<W>, arguments: &Destroy) -> Result<(), Problem> {
    if arguments.yes {
        return Ok(());
    }
    if arguments.json || !std::io::stdin().is_terminal() {
        return Err(Problem::error("not-asked", "nobody can be asked whether to destroy it")
            .note("`--yes` destroys it without a question"));
    }
    let mut out = style::out();
    for step in &planned.steps {
        let notes = if step.notes.is_empty() { String::new() } else { format!("  ({})", step.notes.join("; ")) };
        let _ = writeln!(out, "{:<7} {}{notes}", step.action.word(), step.id);
    }
    let question = format!("\nto destroy it, write its name: {}> ", planned.stack);
    match prompt::line(&question).as_deref().map(str::trim) {
        Some(answer) if answer == planned.stack => Ok(()),
        _ => Err(Problem::error("not-wanted", "not destroyed")),
    }
}
