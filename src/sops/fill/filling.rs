//! Texts filled in, one by one.

use zeroize::Zeroizing;

use super::buffer::{self, Buffer};
use super::{Values, hash};
use crate::problem::{Place, Problem, Problems, did_you_mean, fit, fit16};
use crate::secrets::reference::{self, Piece, START, path_text};
use crate::secrets::text::{base64, percent, write_json};
use crate::secrets::{Filter, Reference, Secret};

/// Keys of a map that a message names.
const NAMED: usize = 6;

/// The secrets of a site, and what is wrong so far.
pub(super) struct Filling<'a> {
    pub names: &'a Secret,
    pub values: Values<'a>,
    /// Whether the artifact is of an earlier build, and fingerprints may differ.
    pub is_old: bool,
    pub problems: Problems,
}

/// Where a text stands.
pub(super) struct At<'a> {
    /// The field of its artifact, `stringData["a.b"]`; empty where the artifact is nothing but a text.
    pub field: &'a str,
    pub place: &'a Place,
}

impl Filling<'_> {
    /// A text with values for its references; none with a problem.
    pub fn text(&mut self, text: &str, at: &At<'_>) -> Option<Zeroizing<String>> {
        let bytes = self.fill(text, at, false)?;
        buffer::text(bytes)
    }

    /// The same, which may be any bytes where the text is one reference.
    pub fn bytes(&mut self, text: &str, at: &At<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let is_one = Reference::exactly(text).is_some();
        self.fill(text, at, is_one)
    }

    /// A key: it holds no reference, but may hold the literal text.
    pub fn key(&mut self, key: &str, at: &At<'_>) -> Option<Box<str>> {
        if !reference::has_reference(key) {
            return Some(literal(key).into());
        }
        let message = format!("a secret stands in a key of {}, where push fills in nothing", at.shown());
        self.problems.push(Problem::error("secret", message).at(at.place));
        None
    }

    fn fill(&mut self, text: &str, at: &At<'_>, any_bytes: bool) -> Option<Zeroizing<Vec<u8>>> {
        let told = |message: String| Problem::error("secret", format!("{}: {message}", at.shown())).at(at.place);
        let pieces = self.problems.take(reference::pieces(text).map_err(told))?;
        let (mut out, mut is_whole) = (Buffer::new(), true);
        for piece in &pieces {
            match piece {
                Piece::Text(text) => out.push(literal(text).as_bytes()),
                Piece::Reference(reference) => match self.value(reference, any_bytes) {
                    Ok(bytes) => out.push(&bytes),
                    Err(wrong) => {
                        is_whole = false;
                        self.problems.push(wrong.problem(reference, at));
                    }
                },
            }
        }
        is_whole.then(|| out.bytes())
    }

    /// What stands for a reference.
    fn value(&self, reference: &Reference, any_bytes: bool) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        self.is_present(reference)?;
        let value = (self.values)(&reference.path).ok_or_else(|| {
            Wrong::new("has no value").note("the secrets were changed meanwhile, or a file of them was not opened")
        })?;
        let mut bytes = Zeroizing::new(value.bytes().to_vec());
        for filter in &reference.filters {
            let filter = Filter::read(filter).map_err(|error| format!("cannot be filled in: {error}"));
            bytes = filter.and_then(|filter| apply(filter, &bytes, &reference.path)).map_err(Wrong::new)?;
        }
        if any_bytes || std::str::from_utf8(&bytes).is_ok() {
            return Ok(bytes);
        }
        let wrong = Wrong::new("is no text: its bytes are not UTF-8");
        Err(wrong.note("bytes can be all of a value of a Secret; elsewhere give them a filter: `| b64encode`"))
    }

    /// Whether there is a value, with the ciphertext that the artifact was built with.
    fn is_present(&self, reference: &Reference) -> Result<(), Wrong> {
        let keys = || reference.path.iter().map(String::as_str);
        match self.names.get(keys()) {
            Some(Secret::Value(present)) if self.is_old || *present == reference.fingerprint => Ok(()),
            Some(Secret::Value(_)) => Err(Wrong::new("was changed since this was built")
                .note("run `homebuild build`, and look at what changes: `homebuild diff`")),
            Some(Secret::Map(below)) => {
                let names = below.iter().take(NAMED).map(|(key, _)| format!("`{key}`"));
                let more = if below.len() > NAMED { ", ..." } else { "" };
                let names = names.collect::<Vec<_>>().join(", ");
                Err(Wrong::new("is a map of secrets, not one value").note(format!("below it are {names}{more}")))
            }
            None => {
                let above = keys().take(reference.path.len().saturating_sub(1));
                let known = match self.names.get(above) {
                    Some(Secret::Map(known)) => known.as_slice(),
                    _ => &[],
                };
                let last = reference.path.last().map_or("", String::as_str);
                let hint = did_you_mean(last, known.iter().map(|(key, _)| key.as_str()));
                Err(Wrong { label: hint, ..Wrong::new("is not there") }
                    .note("run `homebuild build`: it says where the sources name it"))
            }
        }
    }
}

impl At<'_> {
    fn shown(&self) -> String {
        if self.field.is_empty() { "this file".to_owned() } else { format!("`{}`", self.field) }
    }

    /// Where a reference stands, below the place of the text that it is in.
    fn of(&self, reference: &Reference) -> Place {
        let text = reference.to_string();
        let source = &self.place.source;
        let begin = (self.place.line as usize).saturating_sub(1);
        let line =
            source.text.lines().enumerate().skip(begin).find_map(|(at, line)| Some((at, line.find(&text)?, line)));
        line.map_or_else(
            || self.place.clone(),
            |(at, byte, line)| Place {
                source: source.clone(),
                line: fit(at + 1),
                column: fit16(line[..byte].chars().count() + 1),
                length: fit16(text.chars().count()),
            },
        )
    }
}

/// Why a reference cannot be filled in.
struct Wrong {
    /// What its secret is or does: `is not there`.
    message: String,
    label: String,
    note: String,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: String::new(), note: String::new() }
    }

    fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    fn problem(self, reference: &Reference, at: &At<'_>) -> Problem {
        let message = format!("the secret `{}` in {} {}", path_text(&reference.path), at.shown(), self.message);
        let problem = Problem::error("secret", message).at(&at.of(reference)).label(self.label);
        if self.note.is_empty() { problem } else { problem.note(self.note) }
    }
}

/// A filter done; what a value cannot be made of is a sentence about its secret.
fn apply(filter: Filter, bytes: &[u8], path: &[String]) -> Result<Zeroizing<Vec<u8>>, String> {
    match filter {
        Filter::Json => {
            let text = std::str::from_utf8(bytes).map_err(|_| "is no text for JSON: its bytes are not UTF-8")?;
            let mut out = Buffer::new();
            write_json(&mut out, text).map_err(|_| "is no text for JSON")?;
            Ok(out.bytes())
        }
        Filter::Base64 => Ok(into_bytes(Zeroizing::new(base64(bytes)))),
        Filter::Percent => Ok(into_bytes(Zeroizing::new(percent(bytes)))),
        Filter::Bcrypt(cost) => hash::bcrypt(bytes, cost, path).map(into_bytes),
        Filter::Sha512Crypt(rounds) => hash::sha512_crypt(bytes, rounds, path).map(into_bytes),
    }
}

/// A text as bytes, without a copy.
fn into_bytes(mut text: Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::mem::take(&mut *text).into_bytes())
}

/// A text with `<secret::` as the `<secret:` that it stands for.
fn literal(text: &str) -> String {
    text.replace(&format!("{START}:"), START)
}
