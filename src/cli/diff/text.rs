//! A difference on a terminal.

use std::fmt::Write as _;

use anstyle::Style;

use crate::cli::style::{ATTENTION, BAD, BOLD, GOOD, paint};
use crate::diff::{Cause, Change, Difference, Field, Group, Section, Subject, fold, group, words};

use super::Shown;

/// Causes that are listed before the rest is only counted.
const CAUSES: usize = 8;
/// Lines of a text or entries of a list that are listed before the rest is only counted.
const EDITS: usize = 20;
/// Entries of a list that stand on the field's own line.
const INLINE: usize = 3;
/// The widest that a column of place, object and field is made for the sake of one line.
const WIDEST: [usize; 3] = [20, 36, 72];

/// A line of a section.
#[derive(Default)]
struct Row {
    /// Place, objects and field.
    columns: [String; 3],
    /// What stands behind them.
    text: String,
}

impl Row {
    /// A line that goes on about what stands above it.
    fn below(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

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
    let count = crate::cli::count(shown.rewritten.len(), "file");
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

/// All differences in lines, whatever their section.
pub(in crate::cli) fn lines(differences: &[Difference]) -> Vec<String> {
    let rows: Vec<Row> = fold(group(differences)).iter().flat_map(|fold| rows(fold)).collect();
    aligned(&rows)
}

fn rows(fold: &[Group]) -> Vec<Row> {
    let first = &fold[0];
    let mut subjects: Vec<Subject> = fold.iter().flat_map(|group| group.subjects.iter().cloned()).collect();
    subjects.sort();
    let mut rows: Vec<Row> = first.fields.iter().flat_map(field).collect();
    if rows.is_empty() {
        rows.push(Row::below(first.note.as_ref().map_or_else(String::new, |note| format!("({note})"))));
    }
    rows[0].columns[0] = words::place(&subjects);
    rows[0].columns[1] = words::objects(&subjects);
    if fold.len() > 1 {
        let (place, others) = (words::place(&first.subjects), subjects.len() - first.subjects.len());
        rows.push(Row::below(format!("(so in {place}; {others} others, each with values of its own)")));
    }
    rows
}

/// A field's line and, below it, what does not fit there.
fn field(field: &Field) -> Vec<Row> {
    let (change, listed) = match &field.change {
        Change::Entries(edits) if edits.len() > INLINE => (String::new(), &edits[..]),
        Change::Lines(edits) => (words::change(&field.change), &edits[..]),
        change => (words::change(change), &[][..]),
    };
    let effect = words::effect(field.effect).map_or_else(String::new, |effect| format!("  ({effect})"));
    let columns = [String::new(), String::new(), words::plain(&field.path)];
    let mut rows = vec![Row { columns, text: format!("{change}{effect}") }];
    rows.extend(listed.iter().take(EDITS).map(|edit| Row::below(words::edit(edit))));
    if listed.len() > EDITS {
        rows.push(Row::below(format!("and {} more", listed.len() - EDITS)));
    }
    rows
}

/// Rows with their columns below one another.
fn aligned(rows: &[Row]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row.columns[column].chars().count());
        widths.filter(|width| *width <= WIDEST[column]).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let pad = |(column, width): (&String, usize)| match width {
        0 if column.is_empty() => String::new(),
        _ => format!("{column:<width$}  "),
    };
    let line = |Row { columns, text }: &Row| {
        // what stands below a field is indented under its object, not under its path
        let is_below = columns.iter().all(String::is_empty);
        let (columns, indent) = if is_below { (&columns[..2], "  ") } else { (&columns[..], "") };
        let columns: String = columns.iter().zip(widths).map(pad).collect();
        format!("{columns}{indent}{text}").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
