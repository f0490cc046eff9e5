//! Plans and pushes on a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use std::time::Duration;

use anstyle::Style;

use super::site::Site;
use crate::cli::count;
use crate::cli::diff::text::lines;
use crate::cli::style::{self, ATTENTION, BAD, BOLD, DIM, GOOD, paint};
use crate::diff::{Difference, Verb};
use crate::push::engine::{End, Plan, Pushed};
use crate::push::plan::{Action, By, Step, Waits};
use crate::push::report::Event;

/// What is said while the cluster is waited for.
pub(super) fn waits(what: &str) {
    let _ = writeln!(style::err(), "{}", paint(DIM, &format!("waiting: {what}")));
}

/// Where it goes.
pub(super) fn head<W>(plan: &Plan<W>, site: &Site) -> String {
    let name = &plan.name;
    let uid: String = name.identity.chars().take(8).collect();
    let commit = site.commit.as_ref().map_or_else(String::new, |commit| format!(", commit {commit}"));
    let stacks = match &plan.stacks[..] {
        [one] => format!("stack {}", one.stack),
        all => count(all.len(), "stack"),
    };
    let mut head =
        format!("{}  {} ({}, uid {uid}...), {stacks}{commit}\n", paint(BOLD, "cluster"), name.target, name.address);
    let assumed: Vec<&str> =
        site.elsewhere.iter().map(String::as_str).filter(|name| is_needed(plan, site, name)).collect();
    if !assumed.is_empty() {
        let _ = writeln!(head, "assumed  {}, which another target has", assumed.join(", "));
    }
    head
}

fn is_needed<W>(plan: &Plan<W>, site: &Site, name: &str) -> bool {
    let mut stacks = plan.stacks.iter().filter_map(|planned| site.stacks.iter().find(|of| of.name == planned.stack));
    stacks.any(|stack| stack.depends_on.iter().any(|other| other == name))
}

/// A whole plan.
pub(super) fn plan<W>(plan: &Plan<W>, site: &Site) -> String {
    let mut out = head(plan, site);
    let steps: Vec<&Step<W>> = plan.stacks.iter().flat_map(|planned| &planned.steps).collect();
    for action in Action::ALL {
        let of: Vec<&Step<W>> = steps.iter().copied().filter(|step| step.action == action).collect();
        if action == Action::Unchanged || of.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", paint(tone(action), title(action)));
        let differences: Vec<Difference> = of.iter().map(|step| difference(step)).collect();
        for line in lines(&differences) {
            let _ = writeln!(out, "  {line}");
        }
        for line in notes(&of) {
            let _ = writeln!(out, "  = {line}");
        }
    }
    let _ = writeln!(out, "\n{}", summary(plan));
    out
}

/// What is to be known of objects whose fields are shown: the same of many once.
fn notes<W>(steps: &[&Step<W>]) -> Vec<String> {
    let mut by_note: BTreeMap<String, Vec<&Step<W>>> = BTreeMap::new();
    for step in steps.iter().filter(|step| verb(step) == Verb::Changed) {
        let set_back = step.by.iter().map(set_back);
        step.notes.iter().cloned().chain(set_back).for_each(|note| by_note.entry(note).or_default().push(step));
    }
    let line = |(note, of): (String, Vec<&Step<W>>)| match of[..] {
        [one] => format!("{} {}: {note}", one.subject.kind, one.subject.name),
        _ => format!("{}: {note}", count(of.len(), "object")),
    };
    by_note.into_iter().map(line).collect()
}

/// `set back: kubectl-edit changed data.key at 2026-11-26T20:01:11Z`.
fn set_back(by: &By) -> String {
    let at = by.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    let who = if by.is_likely { format!("probably {} removed", by.who) } else { format!("{} changed", by.who) };
    format!("set back: {who} {}{at}", by.path)
}

fn title(action: Action) -> &'static str {
    match action {
        Action::Blocked => "blocked",
        Action::Prune => "deletes, as out/ has it no more",
        Action::Replace => "deletes and makes again",
        Action::Adopt => "adopts",
        Action::Move => "moves from another stack",
        Action::Configure => "changes",
        Action::Create => "makes",
        Action::Keep => "keeps, although out/ has it no more",
        Action::Unchanged => "the same",
    }
}

fn tone(action: Action) -> Style {
    match action {
        Action::Blocked | Action::Prune | Action::Replace => BAD,
        Action::Adopt | Action::Move | Action::Keep => ATTENTION,
        Action::Create => GOOD,
        Action::Configure | Action::Unchanged => BOLD,
    }
}

/// Of a step whose fields are not shown, the notes are.
fn verb<W>(step: &Step<W>) -> Verb {
    match step.action {
        Action::Create => Verb::Added,
        Action::Prune | Action::Keep | Action::Blocked => Verb::Removed,
        _ if step.fields.is_empty() => Verb::Removed,
        _ => Verb::Changed,
    }
}

/// A step as the difference that it makes.
fn difference<W>(step: &Step<W>) -> Difference {
    let verb = verb(step);
    let mut notes = step.notes.clone();
    match &step.waits {
        Some(Waits::Here(what)) => notes.push(format!("waits for {what}, and was not tried")),
        Some(Waits::Stack(stack, what)) => notes.push(format!("after stack {stack}, which makes {what}; not tried")),
        None => {}
    }
    if step.action == Action::Blocked {
        notes.extend(step.problem.as_ref().map(|problem| problem.message.clone()));
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Difference { subject: step.subject.clone(), verb, note, fields: step.fields.clone() }
}

/// `1 create, 2 configure, 409 the same`.
pub(super) fn summary<W>(plan: &Plan<W>) -> String {
    let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
    for action in Action::ALL {
        counts.insert(action, plan.stacks.iter().map(|planned| planned.count(action)).sum());
    }
    let restarts = match (restarts(plan), restarted(plan, Action::Adopt)) {
        (0, _) => String::new(),
        (all, 0) => format!("; restarts {}", count(all, "pod")),
        (all, adopted) => format!("; restarts {}, {adopted} of them by adopting", count(all, "pod")),
    };
    told(&counts) + &restarts
}

/// How many pods all changes start anew.
pub(super) fn restarts<W>(plan: &Plan<W>) -> usize {
    Action::ALL.into_iter().filter(|action| action.is_change()).map(|action| restarted(plan, action)).sum()
}

/// How many pods the steps that have an action start anew.
pub(super) fn restarted<W>(plan: &Plan<W>, action: Action) -> usize {
    plan.stacks.iter().map(|planned| planned.restarts(action)).sum()
}

fn told(counts: &BTreeMap<Action, usize>) -> String {
    let word = |action: Action| if action == Action::Unchanged { "the same" } else { action.word() };
    let some = counts.iter().filter(|(_, count)| **count > 0);
    let said: Vec<String> = some.map(|(action, count)| format!("{count} {}", word(*action))).collect();
    if said.is_empty() { "nothing at all".to_owned() } else { said.join(", ") }
}

/// What happens, as it happens: a line each.
pub(super) fn happened(stack: &str, module: &str, event: &Event, verbose: bool) {
    let place = if module.is_empty() || module == stack { stack.to_owned() } else { format!("{stack}/{module}") };
    let line = match event {
        Event::Begins | Event::Done | Event::Wrote(..) if !verbose => return,
        Event::Begins => "begins".to_owned(),
        Event::Waits(what) => format!("{} {what}", paint(DIM, "waiting")),
        Event::Wrote(word, object) => format!("{word} {object}"),
        Event::Warns(text) => format!("{} {text}", paint(ATTENTION, "the server warns:")),
        Event::Ready => paint(GOOD, "ready"),
        Event::Failed => paint(BAD, "failed"),
        Event::Stopped => paint(ATTENTION, "stopped"),
        Event::GoesBack => paint(ATTENTION, "goes back to its last good tree"),
        Event::Skipped(other) => format!("{} it depends on {other}, which is not ready", paint(ATTENTION, "skipped:")),
        Event::Done => paint(GOOD, "done"),
    };
    let _ = writeln!(style::err(), "{place:<24} {line}");
}

/// What became of all stacks.
pub(super) fn pushed(results: &[Pushed], took: Duration) -> String {
    let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
    for result in results {
        result.counts.iter().for_each(|(action, count)| *counts.entry(*action).or_default() += count);
    }
    if results.iter().all(|result| result.end == End::Nothing) {
        let objects = counts.get(&Action::Unchanged).copied().unwrap_or_default();
        return format!("nothing to do: {} as in out/ ({} ms)\n", count(objects, "object"), took.as_millis());
    }
    let mut out = String::new();
    let of = |end: &dyn Fn(&End) -> bool| -> Vec<&str> {
        results.iter().filter(|result| end(&result.end)).map(|result| result.stack.as_str()).collect()
    };
    let mut say = |style: Style, word: &str, stacks: Vec<&str>| {
        if !stacks.is_empty() {
            let _ = writeln!(out, "{:<10} {}", paint(style, word), stacks.join(", "));
        }
    };
    say(GOOD, "done", of(&|end| *end == End::Done));
    say(BAD, "failed", of(&|end| *end == End::Failed));
    say(BAD, "went back", of(&|end| *end == End::WentBack));
    say(ATTENTION, "stopped", of(&|end| *end == End::Stopped));
    say(ATTENTION, "skipped", of(&|end| matches!(end, End::Skipped(_))));
    for note in results.iter().flat_map(|result| &result.notes) {
        let _ = writeln!(out, "  = {note}");
    }
    let _ = writeln!(out, "{} ({:.1} s)", told(&counts), took.as_secs_f64());
    out
}
