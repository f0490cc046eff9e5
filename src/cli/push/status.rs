//! `homebuild status`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::site::{self, Site, Where, Which};
use super::text;
use crate::cli::diff::json::field;
use crate::cli::json as cli_json;
use crate::cli::prompt;
use crate::cli::style::{self, ATTENTION, BAD, GOOD, paint};
use crate::cli::table::table;
use crate::cli::tell_problems;
use crate::cluster::Cluster;
use crate::diff::{Change, Difference, words};
use crate::problem::Problems;
use crate::push::engine::{self, State, Status};
use crate::push::record::Release;

/// How often `--watch` looks.
const PAUSE: Duration = Duration::from_secs(5);
/// Lines of a stack that are told before the rest is only counted.
const TOLD: usize = 5;

/// Arguments of `homebuild status`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("status", "status --stack nextcloud", "status --watch"))]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Where,
    /// Look again every five seconds, and say what became different, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Print it as JSON; with --watch a line each time
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match look(root, arguments) {
        _ if arguments.watch && prompt::is_stopped() => ExitCode::SUCCESS, // as it always ends
        Ok(()) => prompt::ended(ExitCode::SUCCESS),
        Err(problems) => prompt::ended(crate::cli::failed(arguments.json, problems, "")),
    }
}

fn look(root: &Path, arguments: &Arguments) -> Result<(), Problems> {
    let stop = site::stop();
    let site = Site::open(root, &arguments.place)?;
    let cluster = site.cluster(text::waits, &stop)?;
    let all = once(root, &site, &cluster, arguments)?;
    let is_told = tell(&all.iter().collect::<Vec<_>>(), &[], &all, &site, arguments);
    if arguments.watch && is_told.is_ok() {
        // the end of whoever reads it is the end of it, and no failure
        let _ = watch(root, &cluster, arguments, seen(&all));
    }
    Ok(())
}

/// Looks again and again, at what `out/` has then, and tells what became different. What cannot be seen for a while is
/// told once, and all of it when it is seen again.
fn watch(
    root: &Path,
    cluster: &Arc<Cluster>,
    arguments: &Arguments,
    mut before: BTreeMap<String, Value>,
) -> io::Result<()> {
    let mut trouble = String::new();
    loop {
        cluster.pause(PAUSE);
        let looked = Site::open(root, &arguments.place)
            .and_then(|site| once(root, &site, cluster, arguments).map(|all| (site, all)));
        if cluster.is_stopped() {
            return Ok(());
        }
        match looked {
            Ok((site, all)) => {
                let now = seen(&all);
                let differing: Vec<&Status> =
                    all.iter().filter(|status| before.get(&status.stack) != now.get(&status.stack)).collect();
                let gone: Vec<&str> =
                    before.keys().filter(|name| !now.contains_key(*name)).map(String::as_str).collect();
                if !differing.is_empty() || !gone.is_empty() {
                    say_when(arguments)?;
                    tell(&differing, &gone, &all, &site, arguments)?;
                }
                before = now;
                trouble.clear();
            }
            Err(problems) => {
                let said = cli_json::failed(problems.clone()).to_string();
                if said != trouble {
                    tell_trouble(problems, &said, arguments)?;
                    before.clear();
                    trouble = said;
                }
            }
        }
    }
}

/// What of each stack is compared with the last look: not how long ago something was.
fn seen(all: &[Status]) -> BTreeMap<String, Value> {
    all.iter().map(|status| (status.stack.clone(), one(status))).collect()
}

fn say_when(arguments: &Arguments) -> io::Result<()> {
    if arguments.json { Ok(()) } else { writeln!(style::out(), "\n{}", Timestamp::now().strftime("%H:%M:%S UTC")) }
}

fn tell_trouble(problems: Problems, said: &str, arguments: &Arguments) -> io::Result<()> {
    if arguments.json {
        return writeln!(style::out(), "{said}");
    }
    tell_problems(problems, "; it is looked for again");
    Ok(())
}

fn once(root: &Path, site: &Site, cluster: &Arc<Cluster>, arguments: &Arguments) -> Result<Vec<Status>, Problems> {
    // a stack that is only in the cluster can be named too
    let chosen = match site.chosen(root, &arguments.place, &Which::default()) {
        Ok(chosen) => chosen,
        Err(problems) if arguments.place.stacks.is_empty() => return Err(problems),
        Err(problems) => {
            let all = site.with_target(cluster, |target| engine::status(target, &site.stacks, &[], true))?;
            let named: Vec<Status> =
                all.into_iter().filter(|status| arguments.place.stacks.contains(&status.stack)).collect();
            return if named.is_empty() { Err(problems) } else { Ok(named) };
        }
    };
    let orphans = arguments.place.stacks.is_empty();
    site.with_target(cluster, |target| engine::status(target, &site.stacks, &chosen, orphans))
}

/// Tells of some stacks, and which are no more; a program is told of all.
fn tell(some: &[&Status], gone: &[&str], all: &[Status], site: &Site, arguments: &Arguments) -> io::Result<()> {
    let mut out = style::out();
    match (arguments.json, arguments.watch) {
        (true, true) => writeln!(out, "{}", as_json(all, site))?,
        (true, false) => cli_json::print(&as_json(all, site)),
        (false, _) => {
            if !some.is_empty() {
                write!(out, "{}", screen(some))?;
            }
            for name in gone {
                writeln!(out, "{name} is neither in out/ nor in the cluster any more")?;
            }
        }
    }
    out.flush()
}

fn screen(all: &[&Status]) -> String {
    let row = |status: &&Status| {
        let release = status.release.as_ref();
        [
            status.stack.clone(),
            status.wanted.clone().unwrap_or_else(|| "(not in out/)".to_owned()),
            release.map_or_else(String::new, |release| release.version.clone()),
            release.map_or_else(String::new, ago),
            release.map_or_else(String::new, |release| release.by.clone()),
            state(status),
        ]
    };
    let rows: Vec<[String; 6]> = all.iter().map(row).collect();
    let mut text = table(["stack", "out/", "pushed", "when", "by", "state"], &rows, None);
    for status in all {
        let overridden: Vec<String> = status.overridden.iter().flat_map(|(_, of)| overridden(of)).collect();
        let lines =
            || [&status.blocked, &status.drifted, &status.unready, &status.behind, &overridden].into_iter().flatten();
        for line in lines().take(TOLD) {
            let _ = writeln!(text, "  {}  {line}", status.stack);
        }
        let more = lines().count().saturating_sub(TOLD);
        if more > 0 {
            let _ = writeln!(text, "  {}  and {more} more: --json has all", status.stack);
        }
    }
    text
}

/// `overridden by admission: Deployment web: spec.replicas: out/ has 3, the cluster has 2`.
fn overridden(of: &Difference) -> impl Iterator<Item = String> {
    let object = words::objects(std::slice::from_ref(&of.subject));
    of.fields.iter().map(move |field| {
        let said = match &field.change {
            Change::Value(Some(ours), Some(theirs)) => {
                format!(": out/ has {}, the cluster has {}", words::value(ours), words::value(theirs))
            }
            Change::Value(Some(ours), None) => format!(": out/ has {}, the cluster has none", words::value(ours)),
            other => format!(" {}", words::change(other)),
        };
        format!("overridden by admission: {object}: {}{said}", field.path)
    })
}

fn state(status: &Status) -> String {
    let word = status.state.word();
    let style = match status.state {
        State::Ok => GOOD,
        State::Blocked | State::Drifted | State::Unready => BAD,
        State::Behind | State::Overridden | State::New | State::Orphan => ATTENTION,
    };
    let more = match status.state {
        State::Blocked => format!(": {}", status.blocked.len()),
        State::Drifted => format!(": {}", crate::cli::count(status.drifted.len(), "object")),
        State::Unready => format!(": {}", crate::cli::count(status.unready.len(), "object")),
        State::Behind => format!(": {} differ", crate::cli::count(status.behind.len(), "object")),
        State::Overridden => format!(": {}", crate::cli::count(status.overridden.len(), "object")),
        State::Orphan => format!(": {}; homebuild orphans", crate::cli::count(status.objects, "object")),
        State::New | State::Ok => String::new(),
    };
    let holder = status.holder.as_ref().map_or_else(String::new, |lease| format!(", {} pushes it now", lease.holder));
    format!("{}{more}{holder}", paint(style, word))
}

/// `3 hours ago`.
fn ago(release: &Release) -> String {
    let Ok(at) = release.at.parse::<Timestamp>() else { return release.at.clone() };
    let seconds = Timestamp::now().duration_since(at).as_secs().max(0);
    let (number, word) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", crate::cli::count(usize::try_from(number).unwrap_or_default(), word))
}

fn as_json(all: &[Status], site: &Site) -> Value {
    let stacks: Vec<Value> = all.iter().map(one).collect();
    cli_json::done(json!({"target": site.target, "stacks": stacks}))
}

fn one(status: &Status) -> Value {
    json!({
        "stack": status.stack,
        "state": status.state.word(),
        "version": status.wanted,
        "release": status.release.as_ref().map(super::json::release),
        "objects": status.objects,
        "behind": status.behind,
        "drifted": status.drifted,
        "unready": status.unready,
        "overridden": status.overridden.iter().map(as_overridden).collect::<Vec<_>>(),
        "blocked": status.blocked,
        "holder": status.holder.as_ref().map(|lease| &lease.holder),
    })
}

fn as_overridden((id, of): &(String, Difference)) -> Value {
    json!({
        "object": id,
        "module": of.subject.module,
        "kind": of.subject.kind,
        "namespace": of.subject.namespace,
        "name": of.subject.name,
        "fields": of.fields.iter().map(field).collect::<Vec<_>>(),
    })
}
