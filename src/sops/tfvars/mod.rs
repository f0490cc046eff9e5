//! A `terraform.tfvars` (HCL) or `*.tfvars.json` as trees of secrets.
//!
//! A value becomes a [`Value`], which is wiped, as soon as the parser gives it away. What cannot be wiped is what the
//! parsers themselves copied on the way: pieces of texts that grew, comments, numbers. It is freed with them, long before
//! the program ends. No message has text of the file, but names: a place is a line and a column.

mod hcl;
mod json;

use zeroize::Zeroizing;

use super::{Kind, Value};
use crate::problem::{Place, Problem, Problems, Source, fit, fit16};

/// What a file begins with that `git-crypt` keeps locked.
const LOCKED: &[u8] = b"\0GITCRYPT\0";

/// One variable: `NAME = VALUE`.
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where it stands; its source has no text.
    pub place: Place,
    /// Its value.
    pub tree: Tree,
}

/// What a variable is.
#[derive(Debug, PartialEq, Eq)]
pub enum Tree {
    /// `null`: not set.
    Null,
    /// A text, a number, `true` or `false`.
    Value(Value),
    /// In order.
    List(Vec<Tree>),
    /// By key, in the order of the file.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The values and the keys that lead to each, positions in lists as `0`, `1`.
    #[must_use]
    pub fn leaves(&self) -> Vec<(Vec<String>, &Value)> {
        let mut found = Vec::new();
        self.each(&mut Vec::new(), &mut found);
        found
    }

    fn each<'a>(&'a self, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Value)>) {
        let mut below = |key: String, tree: &'a Self| {
            path.push(key);
            tree.each(path, found);
            path.pop();
        };
        match self {
            Self::Null => {}
            Self::Value(value) => found.push((path.clone(), value)),
            Self::List(list) => list.iter().enumerate().for_each(|(index, tree)| below(index.to_string(), tree)),
            Self::Map(map) => map.iter().for_each(|(key, tree)| below(key.clone(), tree)),
        }
    }
}

/// The variables of a file, in its order; JSON where its path ends so.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Variable>, Problems> {
    let source = Source::new(path, "");
    let text = text(&source, bytes)?;
    let file = Text { source, text };
    let variables = if path.ends_with(".json") { json::read(&file)? } else { hcl::read(&file)? };
    let problems: Problems = variables.iter().filter_map(unfit).collect();
    problems.or(variables)
}

/// A file as text, without the mark that it is UTF-8.
fn text<'a>(source: &std::sync::Arc<Source>, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    if bytes.starts_with(LOCKED) {
        return Err(problem("this file is locked by git-crypt")
            .at(&Place::file(source))
            .note("unlock it first: `git-crypt unlock`, with the key that the repository was locked with"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        problem("this is no UTF-8, and so no tfvars file")
            .at(&Text { source: source.clone(), text: good }.place(good.len()))
            .note("Terraform reads UTF-8 only; a binary value stands in it as base64")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A file being read.
struct Text<'a> {
    source: std::sync::Arc<Source>,
    text: &'a str,
}

impl Text<'_> {
    /// The place of a byte.
    fn place(&self, at: usize) -> Place {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.at(line, column)
    }

    fn at(&self, line: usize, column: usize) -> Place {
        Place { source: self.source.clone(), line: fit(line), column: fit16(column), length: 0 }
    }
}

fn problem(message: impl Into<String>) -> Problem {
    Problem::error("tfvars", message)
}

/// A variable that no SOPS file can hold.
fn unfit(variable: &Variable) -> Option<Problem> {
    if variable.name == "sops" {
        let message = "no secret can be called `sops`: there a SOPS file keeps what it knows of itself";
        return Some(
            problem(message).at(&variable.place).note("give the variable another name, or leave it out with `--only`"),
        );
    }
    None
}

/// A number as SOPS keeps it: `42` is an int, `1.5` a float, `1e3` the int `1000`, which is what Terraform makes of it.
/// None where digits would be lost.
fn number(text: &str) -> Option<Value> {
    let value = |kind, text: String| Value::new(kind, Zeroizing::new(text.into_bytes()));
    if let Ok(whole) = text.parse::<i64>() {
        return Some(value(Kind::Int, whole.to_string()));
    }
    let kept = Zeroizing::new(text.parse::<f64>().ok().filter(|number| number.is_finite())?.to_string());
    if decimal(text)? != decimal(&kept)? {
        return None;
    }
    if kept.contains('.') {
        return Some(value(Kind::Float, (*kept).clone()));
    }
    kept.parse::<i64>().ok().map(|whole| value(Kind::Int, whole.to_string()))
}

/// A number as its sign, its digits without zeros around them, and the power of ten of the last one.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let power = exponent.parse::<i64>().ok()?.checked_add(i64::try_from(digits.len() - kept.len()).ok()?)?;
    let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let kept = kept.trim_start_matches('0');
    Some(if kept.is_empty() { (false, String::new(), 0) } else { (is_negative, kept.to_owned(), power) })
}

/// What is said of `null` in a list.
const NULL: &str = "null in a list: a secret cannot be null, and the places behind it would change";

/// A value of a list.
fn item_of_list(tree: Tree, place: &Place) -> Result<Tree, Problems> {
    if tree == Tree::Null { Err(problem(NULL).at(place).into()) } else { Ok(tree) }
}

fn lossy(place: &Place) -> Problem {
    problem("this number has more digits than SOPS keeps").at(place).note("quote it, so that it is text")
}

#[cfg(test)]
mod tests;
