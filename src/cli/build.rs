//! `homebuild build`

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::build::{Failure, Options, Report, Told, build};
use crate::disk::EDITOR;
use crate::out::{Changes, Mode};
use crate::problem::{Level, Problem};

/// How many changed files are listed before the rest is only counted.
const LISTED: usize = 20;
/// Work that takes no longer is not worth a line of progress, in milliseconds.
const QUICK: u64 = 300;

/// Arguments of `homebuild build`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; fail where out/ is not what the sources give
    #[arg(long)]
    check: bool,
    /// Only this stack (may be given several times)
    #[arg(long = "stack", value_name = "NAME")]
    stacks: Vec<String>,
    /// Threads; as many as there are cores where nothing is said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
    /// Build again whenever a source is saved, until Ctrl-C; with --json a line for each build
    #[arg(long, conflicts_with = "check")]
    watch: bool,
}

pub(super) fn run(site: &Path, arguments: &Arguments) -> ExitCode {
    if let Err(code) = super::threads(arguments.threads) {
        return code;
    }
    let mode = if arguments.check { Mode::Check } else { Mode::Write };
    let options = Options { mode, stacks: arguments.stacks.iter().cloned().collect() };
    if arguments.watch {
        return super::watch::run(site, &options, arguments.json);
    }
    let begin = Instant::now();
    let progress = Progress::new(begin);
    // in the pool: this thread's own stack may be small
    let result = rayon::scope(|_| build(site, &options, &|done, all| progress.show(done, all)));
    progress.clear();
    let stale = matches!(&result, Ok(report) if mode == Mode::Check && !is_same(report));
    let failed = result.is_err() || stale;
    if arguments.json {
        let _ = writeln!(std::io::stdout(), "{:#}", as_json(&result, stale));
    } else {
        match result {
            Ok(report) => tell(&report, stale, begin),
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

pub(super) fn tell_failure(failure: &Failure) {
    let end = if failure.writing {
        "; files that were written are whole, build again to finish"
    } else {
        "; nothing was written"
    };
    super::tell_problems(failure.problems.clone(), end);
}

pub(super) fn tell_warnings(report: &Report) {
    let mut err = std::io::stderr().lock();
    for Told { text, .. } in &report.warnings {
        let _ = writeln!(err, "{text}");
    }
}

/// What was added, changed and removed.
pub(super) fn list_changes(out: &mut impl Write, report: &Report) {
    list(out, &listed(report, ["added", "changed", "removed"]));
}

fn tell(report: &Report, stale: bool, begin: Instant) {
    tell_warnings(report);
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    if stale {
        let lines = listed(report, ["missing", "changed", "left"]);
        let stacks = report.changes.iter().filter(|(name, changes)| !name.is_empty() && !changes.is_empty()).count();
        let files = super::count(lines.len(), "file");
        let within = if stacks == 0 { String::new() } else { format!(" in {}", super::count(stacks, "stack")) };
        let what = if lines.iter().any(|(_, path)| path.starts_with("out/")) { "out/" } else { EDITOR };
        let _ = writeln!(err, "error: {what} is not what the sources give: {files}{within}");
        list(&mut err, &lines);
        let _ = writeln!(err, "  = run `homebuild build` and commit {what}");
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

fn list(out: &mut impl Write, lines: &[(&str, &String)]) {
    let mut last = "";
    for (word, path) in lines.iter().take(LISTED) {
        let shown = if *word == last { "" } else { word };
        let _ = writeln!(out, "  {shown:<8} {path}");
        last = word;
    }
    if lines.len() > LISTED {
        let _ = writeln!(out, "           and {} more", lines.len() - LISTED);
    }
}

pub(super) fn as_json(result: &Result<Report, Failure>, stale: bool) -> Value {
    match result {
        Ok(report) => json!({
            "result": if stale { "stale" } else { "done" },
            "stacks": report.stacks,
            "artifacts": report.artifacts,
            "changes": report.changes.iter().map(|(name, c)| {
                (name.as_str(), json!({"added": c.added, "changed": c.changed, "removed": c.removed}))
            }).collect::<BTreeMap<_, _>>(),
            "warnings": report.warnings.iter().map(|told| {
                json!({"code": told.code, "message": told.message, "place": told.place})
            }).collect::<Vec<_>>(),
        }),
        Err(Failure { problems, writing }) => json!({
            "result": "failed",
            "writing": writing,
            "problems": problems.clone().sorted().iter().map(problem_as_json).collect::<Vec<_>>(),
        }),
    }
}

pub(super) fn problem_as_json(problem: &Problem) -> Value {
    json!({
        "level": match problem.level { Level::Error => "error", Level::Warning => "warning" },
        "code": problem.code,
        "message": problem.message,
        "place": problem.place.as_ref().map(ToString::to_string),
        "label": problem.label,
        "notes": problem.notes,
        "components": problem.within.iter().map(|within| {
            json!({"component": within.component, "layout": within.layout, "place": within.place.to_string()})
        }).collect::<Vec<_>>(),
    })
}
