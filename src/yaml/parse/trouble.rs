//! Text that is no YAML, in words that help its author.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::problem::{Place, Problem, Source, fit, fit16};
use crate::yaml::parse::DEPTH;

const QUOTE: &str = "an expression inside `{ }` or `[ ]`, or with `: ` or ` #` in it, must be quoted: \"${{ ... }}\"";

/// What no reader should be given.
pub(super) fn unreadable(source: &Arc<Source>) -> Result<(), Problem> {
    let Some(at) = source.text.bytes().position(|b| b == 0) else { return Ok(()) };
    let before = &source.text[..at];
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let place = Place {
        source: source.clone(),
        line: fit(before.matches('\n').count() + 1),
        column: fit16(before[start..].chars().count() + 1),
        length: 1,
    };
    Err(Problem::error("yaml", "a NUL character stands here").at(&place).note("is this a text file?"))
}

/// A plain scalar with an expression that does not end in it was cut by YAML.
pub(super) fn cut_expression(text: &str) -> Result<(), Problem> {
    let Some(at) = text.contains('$').then(|| text.rfind("${{")).flatten() else { return Ok(()) };
    if text[at..].contains("}}") || text[..at].ends_with('$') {
        return Ok(());
    }
    Err(Problem::error("yaml", "the expression `${{` does not end in this value").note(QUOTE))
}

/// A key without `:` inside `{ }`, most often the rest of a text that a comma cut.
pub(super) fn no_value(key: &str) -> Problem {
    Problem::error("yaml", format!("`{key}` is a key without a value"))
        .note("a text with `, ` in it must be quoted inside `{ }`; a key without a value is written `key: ~`")
}

/// Why a value cannot stand so deep.
pub(super) fn too_deep() -> String {
    format!("lists and maps stand in one another more than {DEPTH} levels deep")
}

/// What the parser could not read.
pub(super) fn scan(source: &Arc<Source>, error: &ScanError) -> Problem {
    let place = place(source, error);
    let (message, note) = words(error.kind());
    let mut problem = Problem::error("yaml", message).at(&place);
    let line = source.line(place.line).unwrap_or_default();
    if has_unquoted_expression(line) {
        problem = problem.note(QUOTE);
    } else if line.trim_start_matches(' ').starts_with('\t') && !matches!(error.kind(), ErrorKind::UnclosedQuotedScalar)
    {
        problem = Problem::error("yaml", words(&ErrorKind::TabInIndentation).0)
            .at(&Place { column: fit16(line.len() - line.trim_start_matches(' ').len() + 1), ..place });
    } else if !note.is_empty() {
        problem = problem.note(note);
    }
    problem
}

/// Where the parser stopped; the end of the file is shown as the end of its last line.
fn place(source: &Arc<Source>, error: &ScanError) -> Place {
    let at = error.marker();
    let last = source.text.lines().count().max(1);
    let (line, column) = if at.line() > last {
        (last, source.text.lines().last().unwrap_or_default().chars().count())
    } else {
        (at.line(), at.col())
    };
    Place { source: source.clone(), line: fit(line), column: fit16(column + 1), length: 1 }
}

/// Whether `${{` stands on a line outside of quotes.
fn has_unquoted_expression(line: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(q) if c == q && before != '\\' => quote = None,
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '{' | '[' | ',' | ':') => quote = Some(c),
            None if line[at..].starts_with("${{") => return true,
            _ => {}
        }
        before = c;
    }
    false
}

/// What is wrong, and what to do about it.
fn words(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as K;
    let (message, note) = match kind {
        K::MappingValueNotAllowed | K::InvalidColonPlacement | K::MappingKeyNotAllowed => (
            "a key cannot stand here",
            "a text with `: ` in it must be quoted; a key has the column of the keys beside it",
        ),
        K::SimpleKeyExpected | K::InvalidSimpleKey | K::ExpectedBlockMappingKey => (
            "a key with `:` is expected here",
            "a key has the column of the keys beside it; a text that begins with `*`, `&`, `!`, `|`, `>` or `%` is quoted",
        ),
        K::InvalidIndentation | K::InvalidFlowScalarIndent | K::InvalidQuotedScalarIndent => {
            ("this line is indented wrongly", "")
        }
        K::InvalidBlockScalarIndent => ("this line is indented less than the text it belongs to", ""),
        K::TabNotAllowed | K::TabInBlockIndentation | K::TabInIndentation | K::TabAtBlockScalarStart => {
            ("a tab stands where YAML takes spaces only", "")
        }
        K::TabInPlainScalar => ("a tab stands in an unquoted text", "quote the text, or use spaces"),
        K::UnclosedQuotedScalar => ("a quote is not closed", ""),
        K::InvalidTrailingDoubleQuotedScalar | K::InvalidTrailingSingleQuotedScalar => {
            ("something follows the closing quote", "a text that begins with a quote ends at the next one")
        }
        K::UnknownQuotedScalarEscape => {
            ("`\\` is followed by a character that it does not escape", "in single quotes `\\` is itself")
        }
        K::UnknownAnchor => {
            ("nothing above is named by `&` and this name", "a text that begins with `*` must be quoted")
        }
        K::MissingAnchorOrAliasName => {
            ("a name is missing after `*` or `&`", "a text that begins with `*` or `&` must be quoted")
        }
        K::UnexpectedCharacter { character } => {
            let what = character.escape_default();
            return (format!("a value cannot begin with `{what}`"), "a text that begins with it must be quoted");
        }
        K::RecursionLimitExceeded => return (too_deep(), ""),
        K::ExpectedFlowMappingSeparator => ("`,` or `}` is expected here", ""),
        K::ExpectedFlowSequenceSeparator => ("`,` or `]` is expected here", ""),
        K::UnclosedFlowCollection { open } => return (format!("the `{open}` is not closed"), ""),
        K::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("the `{open}` is closed by `{close}`"), "");
        }
        K::MisplacedFlowCollectionEnd => ("this bracket closes nothing", ""),
        K::BlockSequenceEntryNotAllowed | K::ExpectedBlockSequenceEntry => {
            ("a list item cannot stand here", "an item has the column of the items beside it")
        }
        K::CommentInterceptedScalar => ("a comment stands inside of an unquoted text of several lines", ""),
        other => return (other.to_string(), ""),
    };
    (message.to_owned(), note)
}
