//! What the author of a site is told: one [`Problem`] is one message at one [`Place`], with what to do about it.
//!
//! Problems are gathered, never thrown one by one: a stage reports every problem of its input, and [`Problems`]
//! prints them sorted by place, each with the line of the source and a caret below the value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

/// One file of the site as it was read: what a place points into.
#[derive(Debug)]
pub struct Source {
    /// Path below the site, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Where its lines begin, once somebody asked: ten thousand messages ask for ten thousand lines.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// A source that places can share.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// A line of it, from 1.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&str> {
        let ends = || self.text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = self.lines.get_or_init(|| std::iter::once(0).chain(ends()).collect());
        let start = *lines.get((number as usize).checked_sub(1)?)?;
        self.text[start..].lines().next()
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text) == (&other.path, &other.text)
    }
}

impl Eq for Source {}

/// Where a value stands: a file, a line and a column, and how many characters it takes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Line, from 1; 0 means the file as a whole.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u16,
    /// Length in characters on that line; at least 1 where known.
    pub length: u16,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(source: &Arc<Source>) -> Self {
        Self { source: source.clone(), line: 0, column: 0, length: 0 }
    }

    /// Of what stands in no file of the site.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::file(&Source::new("homebuild", ""))
    }

    /// Whether both begin at one line and column of one file.
    fn is_at(&self, other: &Self) -> bool {
        (&self.source.path, self.line, self.column) == (&other.source.path, other.line, other.column)
    }

    /// The same place, of which no text is shown.
    #[must_use]
    pub fn without_text(&self) -> Self {
        Self { source: Source::new(self.source.path.as_str(), ""), ..self.clone() }
    }

    /// A whole line of a file, from 1.
    #[must_use]
    pub fn line(source: &Arc<Source>, line: usize) -> Self {
        let text = source.line(fit(line)).unwrap_or_default();
        let column = text.chars().take_while(|c| c.is_whitespace()).count() + 1;
        let length = text.trim().chars().count();
        Self { source: source.clone(), line: fit(line), column: fit16(column), length: fit16(length) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.source.path),
            (line, 0) => write!(f, "{}:{line}", self.source.path),
            (line, column) => write!(f, "{}:{line}:{column}", self.source.path),
        }
    }
}

/// A place without its text, to be kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Spot {
    /// The file, below the site.
    pub path: String,
    line: u32,
    column: u16,
    length: u16,
}

impl Spot {
    /// Where a place is.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        Self { path: place.source.path.clone(), line: place.line, column: place.column, length: place.length }
    }

    /// A file as a whole.
    #[must_use]
    pub fn file(path: &str) -> Self {
        Self { path: path.to_owned(), line: 0, column: 0, length: 0 }
    }

    /// The place, with the file that it is in.
    #[must_use]
    pub fn place(&self, source: Arc<Source>) -> Place {
        Place { source, line: self.line, column: self.column, length: self.length }
    }
}

/// A line number that fits a place; what lies beyond is shown as the last.
#[must_use]
pub fn fit(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A column or length that fits a place; what lies beyond is shown as the last.
#[must_use]
pub fn fit16(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Level {
    /// Nothing is written.
    Error,
    /// The build goes on; the author should look.
    Warning,
}

/// One thing that the author is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Error or warning.
    pub level: Level,
    /// Name of the rule, in kebab-case: `unknown-value`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop, values in backticks.
    pub message: String,
    /// Where, if it is anywhere.
    pub place: Option<Place>,
    /// What stands beside the caret: `did you mean `port`?`.
    pub label: String,
    /// Further lines: the chain from layout to partial, what to do.
    pub notes: Vec<String>,
    /// The components whose rendering it is in, if it is in one; the first is the one that was rendered.
    pub within: Vec<Within>,
}

/// A component, for the chain from stack to layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// Its key.
    pub component: String,
    /// The path of its layout.
    pub layout: String,
    /// Where it stands.
    pub place: Place,
}

impl Problem {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            message: message.into(),
            place: None,
            label: String::new(),
            notes: Vec::new(),
            within: Vec::new(),
        }
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, message) }
    }

    /// The same at a place; a place that is there already stays.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    /// The same without a place: it stands in no text.
    #[must_use]
    pub fn nowhere(self) -> Self {
        Self { place: None, ..self }
    }

    /// The same with a text beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with one more note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same of a component; a problem without a place gets the component's.
    #[must_use]
    pub fn within(mut self, within: Within) -> Self {
        self = self.at(&within.place);
        self.within.push(within);
        self
    }

    fn order(&self, other: &Self) -> Ordering {
        let at = |place: Option<&Place>| place.map(|at| (at.source.path.clone(), at.line, at.column));
        let key = |p: &Self| (at(p.place.as_ref()), at(p.within.first().map(|within| &within.place)));
        (key(self), &self.message, &self.notes).cmp(&(key(other), &other.message, &other.notes))
    }

    /// What is the same in a mistake of a layout, whichever component it is found in; none for other mistakes.
    fn of_layout(&self) -> Option<String> {
        let within = self.within.first()?;
        let elsewhere = self.place.as_ref().filter(|place| !place.is_at(&within.place)).map(ToString::to_string);
        Some([self.code, &self.message, &within.layout, &elsewhere.unwrap_or_default()].join("\n"))
    }

    /// The line that says which components it is in.
    fn components(&self) -> Option<String> {
        let first = self.within.first()?;
        let is_here = self.place.as_ref().is_some_and(|place| place.is_at(&first.place));
        let place = if is_here { String::new() } else { format!(" ({})", first.place) };
        let component = format!("`{}`{place} of {}", first.component, first.layout);
        let number = self.within.len();
        Some(match number {
            1 => format!("in component {component}"),
            // several of its objects
            _ if self.within.iter().all(|one| one == first) => format!("in component {component}, {number} times"),
            _ => format!("in {number} components, first {component}"),
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        writeln!(f, "{level}[{}]: {}", self.code, visible(&self.message))?;
        if let Some(place) = &self.place {
            writeln!(f, "  --> {}", visible(&place.to_string()))?;
            f.write_str(&snippet(place, &visible(&self.label)))?;
        } else if !self.label.is_empty() {
            writeln!(f, "   = {}", visible(&self.label))?;
        }
        for note in &self.notes {
            let lines: Vec<_> = note.split('\n').map(visible).collect();
            writeln!(f, "   = {}", lines.join("\n     "))?;
        }
        self.components().map_or(Ok(()), |components| writeln!(f, "   = {}", visible(&components)))
    }
}

/// Whether a character would do something to the terminal or to the text around it: control characters, those that turn
/// the direction of writing, and those that nobody sees.
fn is_hidden(c: char) -> bool {
    let is_format =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || is_format
}

/// A text with what is hidden in it escaped.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .fold(String::new(), |all, c| {
            if is_hidden(c) { all + &c.escape_default().to_string() } else { all + c.encode_utf8(&mut [0; 4]) }
        })
        .into()
}

/// Characters of a source line that are shown.
const WIDTH: usize = 160;

/// The line of a place with a caret line below; nothing where the place is a whole file.
fn snippet(place: &Place, label: &str) -> String {
    let Some(line) = place.source.line(place.line) else {
        return if label.is_empty() { String::new() } else { format!("   = {label}\n") };
    };
    let start = usize::from(place.column).saturating_sub(1);
    let skip = if start > WIDTH / 2 { start - WIDTH / 4 } else { 0 };
    let shown: String = line.chars().skip(skip).take(WIDTH).map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let room = shown.chars().count().saturating_sub(start - skip).max(1);
    let carets = "^".repeat(usize::from(place.length).clamp(1, room));
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let mut text = String::new();
    let _ = writeln!(text, " {gutter} |\n {number} | {}", shown.trim_end());
    let _ = writeln!(text, "{}", format!(" {gutter} | {}{carets} {label}", " ".repeat(start - skip)).trim_end());
    text
}

/// All problems of a piece of work.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Those of another piece of work.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Problem>) {
        self.0.extend(others);
    }

    /// The value, or none with its problems kept here.
    pub fn take<T>(&mut self, result: Result<T, impl Into<Problems>>) -> Option<T> {
        result.map_err(|problems| self.extend(problems.into())).ok()
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|p| p.level == Level::Error)
    }

    /// The first one.
    #[must_use]
    pub fn first(&self) -> Option<&Problem> {
        self.0.first()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value if there is no error; warnings are lost with it only when errors are.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }

    /// Sorted by place, each said once: a mistake of a layout that many components show is one, with all of them.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Problem> {
        self.0.sort_by(Problem::order);
        self.0.dedup();
        let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
        let mut told: Vec<Problem> = Vec::with_capacity(self.0.len());
        for problem in self.0 {
            let index = problem.of_layout().map_or(told.len(), |key| *firsts.entry(key).or_insert(told.len()));
            match told.get_mut(index) {
                Some(first) => first.within.extend(problem.within),
                None => told.push(problem),
            }
        }
        told
    }

    /// Each changed by a function.
    #[must_use]
    pub fn map(self, change: impl Fn(Problem) -> Problem) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Places of one message that are listed before the rest is only counted.
const LISTED: usize = 4;

/// Sorted problems with each message said once: where else it applies are notes of the first.
#[must_use]
pub fn said_once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut said: Vec<(Problem, Vec<String>)> = Vec::new();
    let mut firsts = BTreeMap::new();
    for problem in problems {
        let what = (problem.level, problem.code, problem.message.clone(), problem.label.clone());
        let index = *firsts.entry(what).or_insert(said.len());
        match said.get_mut(index) {
            Some((first, others)) => {
                let place = problem.place.filter(|place| Some(place) != first.place.as_ref());
                others.push(
                    place.map_or_else(|| problem.notes.last().cloned().unwrap_or_default(), |place| place.to_string()),
                );
            }
            None => said.push((problem, Vec::new())),
        }
    }
    let with_others = |(problem, others): (Problem, Vec<String>)| match others.len() {
        0 => problem,
        number if number <= LISTED => {
            others.iter().fold(problem, |problem, place| problem.note(format!("also: {place}")))
        }
        number => {
            let listed = others.iter().take(LISTED - 1);
            let problem = listed.fold(problem, |problem, place| problem.note(format!("also: {place}")));
            problem.note(format!("and {} more of the same", number - (LISTED - 1)))
        }
    };
    said.into_iter().map(with_others).collect()
}

/// All values, or all problems of those that failed.
pub fn gather<T>(results: impl IntoIterator<Item = Result<T, Problems>>) -> Result<Vec<T>, Problems> {
    let mut problems = Problems::new();
    let values: Vec<T> = results.into_iter().filter_map(|r| problems.take(r)).collect();
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// The known word that is nearest to a mistyped one, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = word.chars().count().div_ceil(3).min(word.chars().count() / 2);
    known
        .into_iter()
        .filter(|k| *k != word)
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, k)| k)
}

/// `did you mean `x`?`, or nothing.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |k| format!("did you mean `{k}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_with_a_caret_below_the_value() {
        let source = Source::new("stacks/ntfy/stack.yaml", "components:\n  ntfy:\n    prot: 80\n");
        let place = Place { source, line: 3, column: 5, length: 4 };
        let problem = Problem::error("unknown-value", "layout `app` has no value `prot`")
            .at(&place)
            .label("did you mean `port`?")
            .note("in component `ntfy`");
        insta::assert_snapshot!(problem, @r"
        error[unknown-value]: layout `app` has no value `prot`
          --> stacks/ntfy/stack.yaml:3:5
           |
         3 |     prot: 80
           |     ^^^^ did you mean `port`?
           = in component `ntfy`
        ");
    }

    #[test]
    fn problems_come_sorted_by_place_and_once() {
        let source = Source::new("a.yaml", "x\ny\n");
        let at = |line| Problem::error("x", "wrong").at(&Place::line(&source, line));
        let sorted = [at(2), at(1), at(2)].into_iter().collect::<Problems>().sorted();
        assert_eq!(sorted, [at(1), at(2)]);
    }

    #[test]
    fn lines_are_those_of_any_text() {
        for text in ["", "a", "a\n", "a\r\n\r\nb", "\n\n", "a\nb\n"] {
            let source = Source::new("a.yaml", text);
            let lines: Vec<_> = (1..9).filter_map(|number| source.line(number)).collect();
            assert_eq!(lines, text.lines().collect::<Vec<_>>(), "{text:?}");
            assert_eq!(source.line(0), None);
        }
    }

    #[test]
    fn a_far_word_is_no_suggestion() {
        assert_eq!(nearest("prot", ["port", "ports"]), Some("port"));
        assert_eq!(nearest("image", ["port", "ports"]), None);
        assert_eq!(nearest("b", ["a", "b"]), None);
    }
}
