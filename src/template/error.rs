//! Errors of templates and expressions as problems of the author.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use crate::problem::{Place, Problem, Problems, Source};
use crate::yaml::Node;

/// What lies behind an error beside its message.
#[derive(Debug)]
pub enum Fault {
    /// A value of the component, by its path.
    Value(Vec<String>),
    /// A file of data with problems of its own.
    File(Problems),
}

impl Fault {
    pub(super) fn value(path: Vec<String>) -> Self {
        Self::Value(path)
    }

    pub(super) fn file(problems: Problems) -> Self {
        Self::File(problems)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(path) => write!(f, "values.{}", path.join(".")),
            Self::File(_) => f.write_str("a file of data"),
        }
    }
}

impl std::error::Error for Fault {}

/// The problems behind an error. See [`super::Engine::problems`].
pub(super) fn problems(
    error: &Error,
    source: &dyn Fn(&str) -> Option<Arc<Source>>,
    cause: &Place,
    values: Option<&Node>,
) -> Problems {
    let (chain, fault) = causes(error);
    if let Some(Fault::File(problems)) = fault {
        let note = format!("read by {cause}");
        let read_by = |problem: Problem| if problem.notes.contains(&note) { problem } else { problem.note(&*note) };
        return problems.clone().map(read_by);
    }
    let deepest = chain.last().copied().unwrap_or(error);
    let problem = Problem::error(code(deepest), message(deepest));
    let at_value = match fault {
        Some(Fault::Value(path)) => values.and_then(|values| deepest_place(values, path)),
        _ => None,
    };
    let mut places: Vec<Place> = chain.iter().rev().filter_map(|error| place(error, &source(error.name()?)?)).collect();
    places.dedup();
    let problem = match (at_value, places.split_first()) {
        (Some(value), _) => through("said by", problem.at(&value), &places),
        (None, Some((first, outer))) => {
            let of_expression = Some(cause).filter(|cause| values.is_none() && cause.source.path != first.source.path);
            through("called by", problem.at(first), outer.iter().chain(of_expression))
        }
        (None, None) => problem.at(cause),
    };
    hint(deepest).into_iter().fold(problem, Problem::note).into()
}

/// An error with those behind it, the deepest last, and what lies behind the deepest.
fn causes(error: &Error) -> (Vec<&Error>, Option<&Fault>) {
    let (mut chain, mut fault, mut next) = (vec![error], None, error.source());
    while let Some(inner) = next {
        chain.extend(inner.downcast_ref::<Error>());
        fault = inner.downcast_ref::<Fault>().or(fault);
        next = inner.source();
    }
    (chain, fault)
}

/// A problem with the places that led to it.
fn through<'a>(how: &str, problem: Problem, places: impl IntoIterator<Item = &'a Place>) -> Problem {
    places.into_iter().fold(problem, |problem, place| problem.note(format!("{how} {place}")))
}

fn code(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::UndefinedError => "undefined",
        ErrorKind::SyntaxError => "syntax",
        _ => "template",
    }
}

fn message(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        // the only plain objects here are secrets
        (ErrorKind::InvalidOperation | ErrorKind::UndefinedError, Some(detail)) => {
            detail.replace("plain object", "secret")
        }
        (ErrorKind::UndefinedError, None) => "this is undefined".to_owned(),
        (ErrorKind::OutOfFuel, _) => "rendering takes too long; is there a loop without an end?".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    let detail = error.detail().unwrap_or_default();
    (detail.contains("- operator") || detail.contains("operator -"))
        .then_some("a key with a hyphen is written in brackets: secrets[\"a-b\"]")
}

/// The place of a value, or of what is nearest above it.
fn deepest_place(values: &Node, path: &[String]) -> Option<Place> {
    let mut at = values;
    for key in path {
        match at.get(key) {
            Some(below) => at = below,
            None => break,
        }
    }
    (!std::ptr::eq(at, values)).then(|| at.place.clone())
}

/// The place in a template that an error names: its line, and its columns where they are known.
fn place(error: &Error, source: &Arc<Source>) -> Option<Place> {
    let line = error.line()?;
    let mut place = Place::line(source, line);
    let start: usize = source.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    if let Some(range) = error.range()
        && let (Some(before), Some(inside)) = (source.text.get(start..range.start), source.text.get(range.clone()))
        && !inside.is_empty()
        && !inside.contains('\n')
    {
        place.column = crate::problem::fit16(before.chars().count() + 1);
        place.length = crate::problem::fit16(inside.chars().count());
    }
    Some(place)
}
