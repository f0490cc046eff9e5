//! `homebuild build`

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::build::{Failure, Options, Report, Told, build};
use crate::check;
use crate::disk::EDITOR;
use crate::out::{Changes, Mode};

use super::json;
use super::style::{self, BAD, BOLD, DIM, paint};

/// How many changed files are listed before the rest is only counted.
const LISTED: usize = 20;
/// Work that takes no longer is not worth a line of progress, in milliseconds.
const QUICK: u64 = 300;

/// Arguments of `homebuild build`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "build",
    "build --check                  # in CI: is out/ what the sources give?",
    "build --stack immich           # only this one",
    "build --explain latest-tag     # what a check means"
))]
pub(super) struct Arguments {
    /// Write nothing; fail where out/ is not what the sources give
    #[arg(long)]
    check: bool,
    /// Only this stack (may be given several times)
    #[arg(long = "stack", value_name = "NAME", add = super::complete::stacks())]
    stacks: Vec<String>,
    /// Threads; as many as there are cores where nothing is said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// With `deny`, warnings are errors
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    warnings: Warnings,
    /// Tell what a check means, why it matters, and how to fix or accept it; `all` prints docs/checks.md
    #[arg(long, value_name = "CHECK")]
    explain: Option<String>,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
    /// Build again whenever a source is saved, until Ctrl-C; with --json a line for each build
    #[arg(long, conflicts_with = "check")]
    watch: bool,
}

/// What warnings mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Warnings {
    /// The author should look
    Warn,
    /// They are errors
    Deny,
}

pub(super) fn run(site: &Path, arguments: &Arguments) -> ExitCode {
    if let Some(name) = &arguments.explain {
        return explain(name);
    }
    super::pool(arguments.threads.map_or(0, usize::from));
    let mode = if arguments.check { Mode::Check } else { Mode::Write };
    let deny_warnings = arguments.warnings == Warnings::Deny;
    let options = Options { mode, stacks: arguments.stacks.iter().cloned().collect(), deny_warnings };
    if arguments.watch {
        return super::watch::run(site, &options, arguments.json);
    }
    let begin = Instant::now();
    let progress = Progress::new(begin);
    let result = rayon::scope(|_| build(site, &options, &|done, all| progress.show(done, all)));
    progress.clear();
    let stale = matches!(&result, Ok(report) if mode == Mode::Check && !is_same(report));
    let denied = is_denied(&result, &options);
    let failed = result.is_err() || stale || denied;
    if arguments.json {
        json::print(&as_json(&result, stale, denied));
    } else {
        match result {
            Ok(report) => tell(&report, stale, denied, begin),
            Err(failure) => tell_failure(&failure),
        }
    }
    if failed { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS }
}

/// A line on a terminal, rewritten while stacks are rendered.
struct Progress {
    begin: Instant,
    terminal: bool,
    shown: AtomicU64,
}

impl Progress {
    fn new(begin: Instant) -> Self {
        Self { begin, terminal: std::io::stderr().is_terminal(), shown: AtomicU64::new(0) }
    }

    fn show(&self, done: usize, all: usize) {
        if !self.terminal {
            return;
        }
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.shown.load(Ordering::Relaxed);
        let due = now > last.max(QUICK) + 80;
        if due && self.shown.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let _ = write!(std::io::stderr(), "\r\x1b[K{done} of {all} stacks rendered");
        }
    }

    fn clear(&self) {
        if self.shown.load(Ordering::Relaxed) > 0 {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Whether there are warnings and they are errors: then nothing was written.
pub(super) fn is_denied(result: &Result<Report, Failure>, options: &Options) -> bool {
    matches!(result, Ok(report) if options.deny_warnings && !report.warnings.is_empty())
}

fn is_same(report: &Report) -> bool {
    report.changes.values().all(Changes::is_empty)
}

/// Everything that changed, in the words of the mode.
fn listed<'a>(report: &'a Report, words: [&'static str; 3]) -> Vec<(&'static str, &'a String)> {
    let of = |word, pick: fn(&Changes) -> &Vec<String>| {
        report.changes.values().flat_map(move |changes| pick(changes).iter().map(move |path| (word, path)))
    };
    of(words[0], |c| &c.added).chain(of(words[1], |c| &c.changed)).chain(of(words[2], |c| &c.removed)).collect()
}

/// What a check means, or which checks there are.
fn explain(name: &str) -> ExitCode {
    let text = if name == "all" { Ok(check::page()) } else { check::explain(name) };
    match text {
        Ok(text) => {
            let _ = write!(style::out(), "{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let _ = write!(style::err(), "{}", style::problem(&problem.to_string()));
            ExitCode::from(super::FAILED)
        }
    }
}

pub(super) fn tell_failure(failure: &Failure) {
    let end = if failure.writing {
        "; files that were written are whole, build again to finish"
    } else {
        "; nothing was written"
    };
    super::tell_problems(failure.problems.clone(), end);
}

pub(super) fn tell_warnings(report: &Report) {
    let mut err = style::err().lock();
    for (Told { text, .. }, more) in said_once(&report.warnings) {
        let more = if more == 0 { String::new() } else { format!("   = and {more} more of the same\n") };
        let _ = writeln!(err, "{}", style::problem(&format!("{text}{more}")));
    }
}

/// What was added, changed and removed.
pub(super) fn list_changes(out: &mut impl Write, report: &Report) {
    list(out, &listed(report, ["added", "changed", "removed"]));
}

fn tell(report: &Report, stale: bool, denied: bool, begin: Instant) {
    tell_warnings(report);
    let mut out = style::out().lock();
    let mut err = style::err().lock();
    if stale {
        let lines = listed(report, ["missing", "changed", "left"]);
        let stacks = report.changes.iter().filter(|(name, changes)| !name.is_empty() && !changes.is_empty()).count();
        let files = super::count(lines.len(), "file");
        let within = if stacks == 0 { String::new() } else { format!(" in {}", super::count(stacks, "stack")) };
        let what = if lines.iter().any(|(_, path)| path.starts_with("out/")) { "out/" } else { EDITOR };
        let _ = writeln!(err, "{}: {what} is not what the sources give: {files}{within}", paint(BAD, "error"));
        list(&mut err, &lines);
        let _ = writeln!(err, "{}", paint(DIM, &format!("  = run `homebuild build` and commit {what}")));
    }
    if denied {
        let (error, warnings) = (paint(BAD, "error"), super::count(report.warnings.len(), "warning"));
        let _ = writeln!(err, "{error}: {warnings}, and `--warnings deny` makes them errors; nothing was written");
    }
    if stale || denied {
        return;
    }
    let lines = listed(report, ["added", "changed", "removed"]);
    let of = |word| lines.iter().filter(|(w, _)| *w == word).count();
    let changes = if lines.is_empty() {
        "nothing changed".to_owned()
    } else {
        format!("{} added, {} changed, {} removed", of("added"), of("changed"), of("removed"))
    };
    let (stacks, artifacts) = (super::count(report.stacks, "stack"), super::count(report.artifacts, "artifact"));
    let warnings = match report.warnings.len() {
        0 => String::new(),
        number => format!("; {}", super::count(number, "warning")),
    };
    let _ = writeln!(out, "{stacks}, {artifacts}: {changes}, {} ms{warnings}", begin.elapsed().as_millis());
    list(&mut out, &lines);
}

/// Each message once: the first warning that says it, and how many more do.
fn said_once(warnings: &[Told]) -> Vec<(&Told, usize)> {
    let mut said: Vec<(&Told, usize)> = Vec::new();
    for told in warnings {
        match said.iter_mut().find(|(first, _)| (&first.code, &first.message) == (&told.code, &told.message)) {
            Some((_, more)) => *more += 1,
            None => said.push((told, 0)),
        }
    }
    said
}

fn list(out: &mut impl Write, lines: &[(&str, &String)]) {
    let mut last = "";
    for (word, path) in lines.iter().take(LISTED) {
        let shown = if *word == last { "" } else { word };
        let _ = writeln!(out, "  {shown:<8} {}", paint(BOLD, path));
        last = word;
    }
    if lines.len() > LISTED {
        let _ = writeln!(out, "           and {} more", lines.len() - LISTED);
    }
}

pub(super) fn as_json(result: &Result<Report, Failure>, stale: bool, denied: bool) -> Value {
    match result {
        Ok(report) => json!({
            "result": if denied { "warnings" } else if stale { "stale" } else { "done" },
            "stacks": report.stacks,
            "artifacts": report.artifacts,
            "changes": report.changes.iter().map(|(name, c)| {
                (name.as_str(), json!({"added": c.added, "changed": c.changed, "removed": c.removed}))
            }).collect::<BTreeMap<_, _>>(),
            "warnings": report.warnings.iter().map(|told| {
                json!({"code": told.code, "message": told.message, "place": told.place})
            }).collect::<Vec<_>>(),
        }),
        Err(Failure { problems, writing }) => {
            let mut failed = json::failed(problems.clone());
            failed["writing"] = Value::Bool(*writing);
            failed
        }
    }
}
