//! A file as the person who edits it sees it: decrypted, comments too, without what sops says of it.

use std::ops::Range;

use zeroize::Zeroizing;

use super::splice::{in_flow, is_flow};
use super::{Data, File, Kind, Node, Part, SOPS, Step, Value, What, bound, is_sops, keys, path_text, plain};
use crate::problem::{Place, Problem, Problems, fit, fit16};
use crate::secrets::is_ciphertext;
use crate::yaml;

/// A comment of a file, decrypted, and how it stands in the file.
struct Comment<'a> {
    text: Zeroizing<String>,
    written: &'a str,
    path: &'a [Step],
    at: Range<usize>,
}

impl File {
    /// The decrypted text. A value that is no text stays a ciphertext in it, and is not changed where it is left so.
    #[must_use]
    pub fn decrypted(&self) -> Zeroizing<String> {
        let place = Place::file(&self.source);
        let values = self.held.iter().filter(|held| held.is_encrypted).filter_map(|held| {
            let text = held.value.text()?;
            let node = match held.value.kind() {
                Kind::Str => Node::text(text, &place),
                Kind::Bytes | Kind::Time | Kind::Comment => return None,
                Kind::Int | Kind::Float | Kind::Bool => {
                    return Some((held.at.clone(), Zeroizing::new(text.to_owned())));
                }
            };
            // lines that are empty at the end would not be told from those of the file
            let shown =
                if text.ends_with("\n\n") || text == "\n" { in_flow(&node) } else { self.scalar(&held.path, &node) };
            Some((held.at.clone(), Zeroizing::new(shown)))
        });
        let comments = self
            .comments()
            .into_iter()
            .map(|comment| (comment.at.start..comment.at.end, Zeroizing::new(format!("#{}", comment.text.as_str()))));
        let sops = self.sops_lines();
        let mut changes: Vec<_> = values.chain(comments).chain([(sops, Zeroizing::default())]).collect();
        changes.sort_by_key(|(at, _)| at.start);
        replaced(&self.text, &changes)
    }

    /// Takes an edited text over. What did not change keeps its ciphertext. Messages repeat nothing of the text.
    pub fn edit(&mut self, edited: &str) -> Result<(), Problems> {
        let parts = yaml::outline(edited).map_err(|unclear| {
            let file = Place::file(&self.source).without_text();
            let at = Place { line: fit(unclear.line), column: fit16(unclear.column), length: 1, ..file };
            Problem::error("yaml", unclear.message).at(&at)
        })?;
        let place = |part: &Part| {
            let line = fit(edited[..part.at.start].matches('\n').count() + 1);
            Place { line, column: 1, length: 1, ..Place::file(&self.source).without_text() }
        };
        if let Some(part) = parts.iter().find(|part| is_sops(&part.path)) {
            return Err(Problem::error("secrets", format!("the key `{SOPS}` belongs to sops itself"))
                .at(&place(part))
                .into());
        }
        let mut changes = Vec::new();
        let mut problems = Problems::new();
        let mut old = self.comments();
        for part in &parts {
            match self.encrypted(part, &parts, edited, &mut old) {
                Ok(Some(text)) => changes.push((part.at.clone(), Zeroizing::new(text))),
                Ok(None) => {}
                Err(problem) => problems.push(problem.at(&place(part))),
            }
        }
        problems.or(())?;
        changes.sort_by_key(|(at, _)| at.start);
        let mut text = replaced(edited, &changes).to_string();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&self.text[self.sops_lines()]);
        let file = Self::read(&self.source, text, self.cipher.clone())?;
        let wanted = parts.iter().filter_map(|part| Some((&part.path, wanted(part, edited)?)));
        let made = file.held.iter().map(|held| (&held.path, &held.value));
        if wanted.clone().count() != file.held.len() || !wanted.zip(made).all(|(wanted, made)| is_made(&wanted, &made))
        {
            return Err(Problem::error(
                "secrets",
                "this text is written in a way that homebuild cannot encrypt safely",
            )
            .at(&Place::file(&self.source).without_text())
            .note("write values on the line of their key, in quotes, or as a block (`key: |`)")
            .into());
        }
        *self = file;
        Ok(())
    }

    /// What stands for a part of an edited text in the file; none where it stays as it is.
    fn encrypted(
        &self,
        part: &Part,
        parts: &[Part],
        edited: &str,
        old: &mut Vec<Comment<'_>>,
    ) -> Result<Option<String>, Problem> {
        match &part.what {
            What::Scalar(data) if *data != Data::Null && self.rules.encrypts(&keys(&part.path)) => {
                let text = self.value_text(part, data, &edited[part.at.clone()])?;
                Ok(Some(if is_flow(parts, &part.path) || text.is_empty() { format!("\"{text}\"") } else { text }))
            }
            What::Comment(text) if self.rules.encrypts(&keys(&part.path)) && !is_ciphertext(text) => {
                let known = old.iter().position(|old| *old.text == **text && old.path == part.path);
                let known = known.map(|at| old.remove(at));
                let new = || {
                    let value = Value::new(Kind::Comment, Zeroizing::new(text.as_bytes().to_vec()));
                    self.cipher.encrypt(&value, &bound(&part.path)).map_err(|_| super::change::no_chance())
                };
                let text = known.map_or_else(new, |known| Ok(known.written.to_owned()))?;
                Ok(Some(format!("#{text}")))
            }
            // in plain: a number to one reader and a text to another has to be in quotes
            What::Scalar(Data::Str(_)) if self.stands_there(part, edited) => Ok(None),
            What::Scalar(Data::Str(text)) => {
                Ok(needs_quotes(text, &edited[part.at.clone()])
                    .then(|| in_flow(&Node::text(&**text, &Place::nowhere()))))
            }
            What::Scalar(Data::Int(number)) if i64::try_from(*number).is_err() => Ok(Some(format!("\"{number}\""))),
            What::Key => {
                let key = part.path.last().and_then(Step::key).unwrap_or_default();
                Ok(needs_quotes(key, &edited[part.at.clone()]).then(|| in_flow(&Node::text(key, &Place::nowhere()))))
            }
            _ => Ok(None),
        }
    }

    /// Whether a value in plain is written as it was before.
    fn stands_there(&self, part: &Part, edited: &str) -> bool {
        let mut same = self.held.iter().filter(|held| held.path == part.path);
        same.any(|held| self.text[held.at.clone()] == edited[part.at.clone()])
    }

    /// The ciphertext of an edited value.
    fn value_text(&self, part: &Part, data: &Data, written: &str) -> Result<String, Problem> {
        let known = self.held.iter().find(|held| held.path == part.path && held.is_encrypted);
        let known = known.map(|held| (&self.text[held.at.clone()], &held.value));
        let unquoted = |text: &str| text.trim_matches(['"', '\'']).to_owned();
        if let Data::Str(text) = data {
            match known {
                Some((old, _)) if unquoted(old) == **text => return Ok(text.to_string()),
                _ if is_ciphertext(text) && self.text.contains(&**text) => return Ok(text.to_string()),
                _ if is_ciphertext(text) => {
                    let message = format!("`{}` is a ciphertext that was not there before", path_text(&part.path));
                    return Err(Problem::error("secrets", message)
                        .note("write the value itself; it is encrypted when you save"));
                }
                _ => {}
            }
        }
        let value = plain(data, written);
        let is_shown = |before: &Value| {
            !matches!(data, Data::Str(_)) && before.kind() != Kind::Str && before.text() == Some(written)
        };
        match known {
            Some((old, before)) if is_shown(before) => Ok(unquoted(old)),
            Some((old, before)) if *before == value => Ok(unquoted(old)),
            _ => self.cipher.encrypt(&value, &bound(&part.path)).map_err(|_| super::change::no_chance()),
        }
    }

    /// The encrypted comments that open. To which map sops bound one is not written anywhere: those around it are tried.
    fn comments<'a>(&'a self) -> Vec<Comment<'a>> {
        let open = |(index, part): (usize, &'a Part)| -> Option<Comment<'a>> {
            let What::Comment(written) = &part.what else { return None };
            if !is_ciphertext(written) || !self.text[part.at.start..].starts_with('#') {
                return None;
            }
            let near = self.parts[..index].iter().rev().take(8).chain(self.parts[index..].iter().take(8));
            let mut paths: Vec<&[Step]> = vec![&part.path];
            paths.extend(near.flat_map(|part| (0..=part.path.len()).map(|length| &part.path[..length])));
            let value = paths.iter().find_map(|path| self.cipher.decrypt(written, &bound(path)).ok())?;
            let text = Zeroizing::new(value.text()?.to_owned());
            Some(Comment { text, written, path: &part.path, at: part.at.clone() })
        };
        self.parts.iter().enumerate().filter_map(open).collect()
    }

    /// The lines of what sops says of the file.
    fn sops_lines(&self) -> Range<usize> {
        let mut within = self.parts.iter().filter(|part| is_sops(&part.path)).map(|part| part.at.clone());
        let Some(first) = within.next() else { return self.text.len()..self.text.len() };
        let last = within.map(|at| at.end).max().unwrap_or(first.end);
        let begin = self.text[..first.start].rfind('\n').map_or(0, |line| line + 1);
        begin..self.text[last..].find('\n').map_or(self.text.len(), |end| last + end + 1)
    }
}

/// Whether a text that stands there without quotes would be something else to another reader of YAML.
fn needs_quotes(text: &str, written: &str) -> bool {
    let is_plain = !written.starts_with(['"', '\'', '|', '>', '!', '&', '*', '?']);
    is_plain && yaml::emit_line(&Node::text(text, &Place::nowhere())).starts_with('"')
}

/// What an edited scalar shall be.
#[derive(Clone)]
enum Wanted {
    /// A ciphertext stays what it is.
    Kept,
    Value(Value),
}

/// What an edited scalar shall be; none for those that hold nothing and for comments in lists.
fn wanted(part: &Part, edited: &str) -> Option<Wanted> {
    match &part.what {
        What::Scalar(Data::Null) => None,
        What::Scalar(Data::Str(text)) if is_ciphertext(text) => {
            (!text.ends_with(",type:comment]")).then_some(Wanted::Kept)
        }
        What::Scalar(data) => Some(Wanted::Value(plain(data, &edited[part.at.clone()]))),
        _ => None,
    }
}

fn is_made((path, wanted): &(&Vec<Step>, Wanted), (made, value): &(&Vec<Step>, &Value)) -> bool {
    let is_it = match wanted {
        Wanted::Kept => true,
        // a number may be kept in another form
        Wanted::Value(wanted) => wanted == *value || value.kind() != Kind::Str,
    };
    keys(path) == keys(made) && is_it
}

/// A text with other texts in some places, which are in order. What lies inside of another goes with it.
fn replaced(text: &str, changes: &[(Range<usize>, Zeroizing<String>)]) -> Zeroizing<String> {
    let added: usize = changes.iter().map(|(_, text)| text.len()).sum();
    // what grows leaves copies behind that nobody wipes
    let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
    let mut begin = 0;
    for (at, new) in changes {
        let Some(between) = text.get(begin..at.start) else { continue };
        out.push_str(between);
        out.push_str(new);
        begin = at.end;
    }
    out.push_str(text.get(begin..).unwrap_or_default());
    out
}
