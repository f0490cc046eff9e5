//! A file as the person who edits it sees it: decrypted, comments too, without what sops says of it.

use std::ops::Range;

use zeroize::Zeroizing;

use super::splice::is_flow;
use super::{Data, File, Kind, Node, Part, SOPS, Step, Value, What, bound, is_sops, keys, path_text, plain};
use crate::problem::{Place, Problem, Problems, fit, fit16};
use crate::sops::cipher::is_ciphertext;
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
            Some((held.at.clone(), Zeroizing::new(self.scalar(&held.path, &node))))
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
        let old = self.comments();
        for part in &parts {
            match self.encrypted(part, &parts, edited, &old) {
                Ok(Some(text)) => changes.push((part.at.clone(), Zeroizing::new(text))),
                Ok(None) => {}
                Err(problem) => problems.push(problem.at(&place(part))),
            }
        }
        problems.or(())?;
        let mut text = replaced(edited, &changes).to_string();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&self.text[self.sops_lines()]);
        *self = Self::read(&self.source, text, self.cipher.clone())?;
        Ok(())
    }

    /// What stands for a part of an edited text in the file; none where it stays as it is.
    fn encrypted(
        &self,
        part: &Part,
        parts: &[Part],
        edited: &str,
        old: &[Comment<'_>],
    ) -> Result<Option<String>, Problem> {
        match &part.what {
            What::Scalar(data) if *data != Data::Null && self.rules.encrypts(&keys(&part.path)) => {
                let text = self.value_text(part, data, &edited[part.at.clone()])?;
                Ok(Some(if is_flow(parts, &part.path) || text.is_empty() { format!("\"{text}\"") } else { text }))
            }
            What::Comment(text) if self.rules.encrypts(&keys(&part.path)) && !is_ciphertext(text) => {
                let known = old.iter().find(|old| *old.text == **text && old.path == part.path);
                let new = || {
                    let value = Value::new(Kind::Comment, Zeroizing::new(text.as_bytes().to_vec()));
                    self.cipher.encrypt(&value, &bound(&part.path)).map_err(|_| super::change::no_chance())
                };
                let text = known.map_or_else(new, |known| Ok(known.written.to_owned()))?;
                Ok(Some(format!("#{text}")))
            }
            _ => Ok(None),
        }
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
        match known {
            Some((old, before)) if *before == value => Ok(unquoted(old)),
            _ => self.cipher.encrypt(&value, &bound(&part.path)).map_err(|_| super::change::no_chance()),
        }
    }

    /// The encrypted comments that open. To which map sops bound one is not written anywhere: those around it are tried.
    fn comments(&self) -> Vec<Comment<'_>> {
        let open = |(index, part): (usize, &'_ Part)| -> Option<(usize, Zeroizing<String>, usize)> {
            let What::Comment(text) = &part.what else { return None };
            if !is_ciphertext(text) {
                return None;
            }
            let near = self.parts[..index].iter().rev().take(8).chain(self.parts[index..].iter().take(8));
            let mut paths: Vec<&[Step]> = vec![&part.path];
            paths.extend(near.flat_map(|part| (0..=part.path.len()).map(|length| &part.path[..length])));
            let value = paths.iter().find_map(|path| self.cipher.decrypt(text, &bound(path)).ok())?;
            Some((index, Zeroizing::new(value.text()?.to_owned()), index))
        };
        let opened = self.parts.iter().enumerate().filter_map(open);
        opened
            .map(|(index, text, _)| {
                let part = &self.parts[index];
                Comment {
                    text,
                    written: &self.text[part.at.start + 1..part.at.end],
                    path: &part.path,
                    at: part.at.clone(),
                }
            })
            .collect()
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

/// A text with other texts in some places, which are in order.
fn replaced(text: &str, changes: &[(Range<usize>, Zeroizing<String>)]) -> Zeroizing<String> {
    let added: usize = changes.iter().map(|(_, text)| text.len()).sum();
    // what grows leaves copies behind that nobody wipes
    let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
    let mut begin = 0;
    for (at, new) in changes {
        out.push_str(&text[begin..at.start]);
        out.push_str(new);
        begin = at.end;
    }
    out.push_str(&text[begin..]);
    out
}
