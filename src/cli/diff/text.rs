//! A difference on a terminal.

use std::fmt::Write as _;

use anstyle::Style;

use crate::cli::style::{ATTENTION, BAD, BOLD, GOOD, paint};
use crate::diff::{Cause, Change, Field, Group, Section, fold, group, words};

use super::Shown;

/// Causes that are listed before the rest is only counted.
const CAUSES: usize = 8;
/// Lines of a text or entries of a list that are listed before the rest is only counted.
const EDITS: usize = 20;
/// Entries of a list that stand on the field's own line.
const INLINE: usize = 3;
/// The widest that a column of place, object and field is made for the sake of one line.
const WIDEST: [usize; 3] = [20, 36, 72];

/// A line of a section: place, object, field; then free text.
type Row = ([String; 3], String);

pub(super) fn screen(shown: &Shown) -> String {
    let mut out = String::new();
    if shown.differences.is_empty() {
        let _ = writeln!(out, "out/ means the same as in {}", words::plain(&shown.revision));
    } else {
        let _ = writeln!(out, "{}  {}\n", paint(BOLD, "cause"), causes(&shown.causes));
        for (section, lines) in sections(shown) {
            let _ = writeln!(out, "{}", paint(tone(section), section.title()));
            for line in lines {
                let _ = writeln!(out, "  {line}");
            }
        }
        let _ = writeln!(out, "\n{}", shown.summary);
    }
    if let Some(rewritten) = rewritten(shown) {
        let _ = writeln!(out, "{rewritten}");
    }
    out
}

fn tone(section: Section) -> Style {
    match section {
        Section::Removes | Section::Risks => BAD,
        Section::Restarts | Section::Reboots => ATTENTION,
        Section::Changes => BOLD,
        Section::Adds => GOOD,
    }
}

pub(super) fn rewritten(shown: &Shown) -> Option<String> {
    let count = super::super::count(shown.rewritten.len(), "file");
    (!shown.rewritten.is_empty()).then(|| format!("only the writing differs in {count}"))
}

/// The sources that changed, what many stacks share first.
pub(super) fn causes(causes: &[Cause]) -> String {
    if causes.is_empty() {
        return "no source changed: another version of homebuild, or an `out/` that was not built".to_owned();
    }
    let is_own = |cause: &&Cause| cause.path.starts_with("stacks/");
    let shared = causes.iter().filter(|cause| !is_own(cause));
    let told = shared.chain(causes.iter().filter(is_own)).take(CAUSES).map(|cause| {
        let lines = match cause.lines {
            _ if cause.is_new => " (new)".to_owned(),
            Some((0, gone)) => format!(" (-{gone})"),
            Some((come, 0)) => format!(" (+{come})"),
            Some((come, gone)) => format!(" (+{come} -{gone})"),
            None => String::new(),
        };
        format!("{}{lines}", words::plain(&cause.path))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    let more = causes.len().saturating_sub(CAUSES);
    if more > 0 { format!("{told}, and {more} more") } else { told }
}

/// The sections that have anything, in lines.
pub(super) fn sections(shown: &Shown) -> Vec<(Section, Vec<String>)> {
    let folds = fold(group(&shown.differences));
    let of = |section| {
        let rows: Vec<Row> =
            folds.iter().filter(|fold| fold[0].section == section).flat_map(|fold| rows(fold)).collect();
        (section, aligned(&rows))
    };
    Section::ALL.into_iter().map(of).filter(|(_, lines)| !lines.is_empty()).collect()
}

fn rows(fold: &[Group]) -> Vec<Row> {
    let subjects: Vec<_> = fold.iter().flat_map(|group| group.subjects.iter().cloned()).collect();
    let mut subjects_sorted = subjects;
    subjects_sorted.sort();
    let first = &fold[0];
    let note = first.note.map_or_else(String::new, |note| format!("({note})"));
    let mut rows: Vec<Row> = vec![([String::new(), String::new(), String::new()], note)];
    if !first.fields.is_empty() {
        rows = first.fields.iter().flat_map(field).collect();
    }
    rows[0].0[0] = words::place(&subjects_sorted);
    rows[0].0[1] = words::objects(&subjects_sorted);
    if fold.len() > 1 {
        let others = subjects_sorted.len() - first.subjects.len();
        let text = format!("(so in {}; {others} others, each with values of its own)", words::place(&first.subjects));
        rows.push(([String::new(), String::new(), String::new()], text));
    }
    rows
}

/// A field's line and, below it, what does not fit there.
fn field(field: &Field) -> Vec<Row> {
    let below = |text: String| ([String::new(), String::new(), String::new()], text);
    let listed = match &field.change {
        Change::Lines(edits) => &edits[..],
        Change::Entries(edits) if edits.len() > INLINE => &edits[..],
        _ => &[],
    };
    let change = match &field.change {
        Change::Entries(edits) if edits.len() > INLINE => String::new(),
        change => words::change(change),
    };
    let effect = words::effect(field.effect).map_or_else(String::new, |effect| format!("  ({effect})"));
    let line = ([String::new(), String::new(), words::plain(&field.path)], format!("{change}{effect}"));
    let mut rows = vec![line];
    rows.extend(listed.iter().take(EDITS).map(|edit| below(words::edit(edit))));
    if listed.len() > EDITS {
        rows.push(below(format!("and {} more", listed.len() - EDITS)));
    }
    rows
}

/// Rows with their columns below one another.
fn aligned(rows: &[Row]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|(columns, _)| columns[column].chars().count());
        widths.filter(|width| *width <= WIDEST[column]).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let line = |(columns, text): &Row| {
        let is_empty = columns.iter().all(String::is_empty);
        let pad = |(column, width): (&String, usize)| match width {
            0 if column.is_empty() => String::new(),
            _ => format!("{column:<width$}  "),
        };
        // what stands below a field is indented under its object, not under its path
        let columns = if is_empty { &columns[..2] } else { &columns[..] };
        let columns: String = columns.iter().zip(widths).map(pad).collect();
        format!("{columns}{}{text}", if is_empty { "  " } else { "" }).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
