//! Artifacts of `out/` with the values that their references stand for, as push sends them.
//!
//! What is data (an object, a cloud-init file, the payload of a machine, a lock) is filled in as data: its tree is read,
//! the texts with references in it are taken out, the rest is written, and each text goes back filled in, as a JSON
//! string, which is YAML too. So no value can change the tree, whatever it is; and only those texts hold secrets, in
//! memory that is wiped. A text inside of data (the content of a file in a Secret) and a file for the API server's host
//! are filled in as text: who wrote it gave its references the filter that its language wants, as `toyaml` and `tojson`
//! do by themselves.
//!
//! A Secret's `stringData` becomes `data`: base64, over keys that `data` has already, as the API server does it.

mod buffer;
mod filling;
mod hash;

use std::sync::Arc;

use zeroize::Zeroizing;

use self::buffer::Buffer;
use self::filling::{At, Filling};
use super::Value;
use crate::problem::{Place, Problem, Problems, Source};
use crate::secrets::Secret;
use crate::secrets::reference::{START, path_text};
use crate::secrets::text::{base64, write_json};
use crate::yaml::{Data, Entry, Form, Gap, Map, Node, parse_one};

/// Gives the value at a path of keys.
pub type Values<'a> = &'a dyn Fn(&[String]) -> Option<&'a Value>;

/// One artifact filled in: `names` are the secrets of the site as a build sees them, `values` what is in the same files.
///
/// All problems are told, none with a value: a secret that is not there, one with another ciphertext than the artifact
/// was built with, a map of secrets, a value that its filter or its place cannot take.
pub fn fill<'a>(artifact: &Arc<Source>, names: &'a Secret, values: Values<'a>) -> Result<Zeroizing<String>, Problems> {
    filled(artifact, Filling { names, values, is_old: false, problems: Problems::new() })
}

/// The same for an artifact of an earlier build: its secrets are what they are now.
pub fn fill_old<'a>(
    artifact: &Arc<Source>,
    names: &'a Secret,
    values: Values<'a>,
) -> Result<Zeroizing<String>, Problems> {
    filled(artifact, Filling { names, values, is_old: true, problems: Problems::new() })
}

fn filled(artifact: &Arc<Source>, mut filling: Filling<'_>) -> Result<Zeroizing<String>, Problems> {
    let filled = match form(&artifact.path) {
        Some(form) => data(artifact, form, &mut filling),
        None => filling.text(&artifact.text, &At { field: "", place: &Place::file(artifact) }),
    };
    match filled {
        Some(filled) if filling.problems.is_empty() => Ok(filled),
        _ => Err(filling.problems),
    }
}

/// The data that an artifact is, by its path; none where it is a text.
fn form(path: &str) -> Option<Form> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["out", _, _, "control-plane", ..] => None,
        [.., file] if file.ends_with(".json") => Some(Form::Json),
        [.., file] if file.ends_with(".yaml") || file.ends_with(".lock") => Some(Form::Yaml),
        _ => None,
    }
}

fn data(artifact: &Arc<Source>, form: Form, filling: &mut Filling<'_>) -> Option<Zeroizing<String>> {
    let mut node = filling.problems.take(parse_one(artifact))?;
    let sent = if is_secret(&node) { filling.problems.take(send(&mut node))? } else { None };
    if sent.is_none() && !artifact.text.contains(START) {
        return Some(Zeroizing::new(artifact.text.clone()));
    }
    let gap = Gap::of(&node);
    let mut walk = Walk { filling, gap: &gap, sent, field: String::new(), texts: Vec::new() };
    walk.artifact(&mut node);
    let texts = walk.texts;
    let pieces = gap.cut(&node, form);
    let head = if form == Form::Yaml { head(&artifact.text) } else { "" };
    let length =
        head.len() + pieces.iter().map(String::len).sum::<usize>() + texts.iter().map(|t| t.len()).sum::<usize>();
    let mut out = Zeroizing::new(String::with_capacity(length));
    out.push_str(head);
    let mut texts = texts.iter();
    for piece in &pieces {
        out.push_str(piece);
        out.push_str(texts.next().map_or("", |text| text.as_str()));
    }
    Some(out)
}

/// The comments that a file begins with: `#cloud-config`.
fn head(text: &str) -> &str {
    let lines = text.split_inclusive('\n').take_while(|line| line.starts_with('#'));
    &text[..lines.map(str::len).sum()]
}

fn is_secret(node: &Node) -> bool {
    let said = |key| node.get(key).and_then(Node::as_str);
    said("apiVersion") == Some("v1") && said("kind") == Some("Secret")
}

/// Moves the `stringData` of a Secret behind its `data`. Gives the number of the first of them, if there is any.
fn send(secret: &mut Node) -> Result<Option<usize>, Problem> {
    let Some(map) = secret.as_map_mut() else { return Ok(None) };
    let Some(texts) = map.get("stringData").filter(|texts| !texts.is_null()) else { return Ok(None) };
    let Data::Map(texts) = &texts.data else {
        return Err(Problem::error("secret", "`stringData` of a Secret is no map").at(&texts.place));
    };
    let wrong = texts.iter().find(|(_, text)| text.as_str().is_none());
    if let Some((key, value)) = wrong {
        return Err(Problem::error("secret", format!("`{key}` in `stringData` is no text")).at(&value.place));
    }
    let mut data = match map.get("data").map(|data| &data.data) {
        Some(Data::Map(data)) => data.clone(),
        _ => Map::default(),
    };
    data.0.retain(|entry| texts.get(&entry.key).is_none());
    let first = data.0.len();
    data.0.extend(texts.0.iter().cloned());
    let at = map.0.iter().position(|entry| &*entry.key == "stringData").unwrap_or_default();
    map.0[at].key = "data".into();
    map.0[at].value.data = Data::Map(data);
    let mut index = 0;
    map.0.retain(|entry| {
        index += 1;
        index == at + 1 || &*entry.key != "data"
    });
    Ok(Some(first))
}

/// A tree on its way: texts with references are filled in and leave a gap.
struct Walk<'a, 'f> {
    filling: &'a mut Filling<'f>,
    gap: &'a Gap,
    /// From which of its values on the `data` of this Secret was its `stringData`.
    sent: Option<usize>,
    field: String,
    /// The texts as JSON, in the order of their gaps.
    texts: Vec<Zeroizing<String>>,
}

impl Walk<'_, '_> {
    /// A whole artifact.
    fn artifact(&mut self, node: &mut Node) {
        let (Some(first), Some(map)) = (self.sent, node.as_map_mut()) else { return self.node(node) };
        for entry in &mut map.0 {
            match &mut entry.value.data {
                Data::Map(data) if &*entry.key == "data" => {
                    let (data, texts) = data.0.split_at_mut(first);
                    self.below("data", |walk| data.iter_mut().for_each(|entry| walk.entry(entry)));
                    self.below("stringData", |walk| texts.iter_mut().for_each(|entry| walk.sent(entry)));
                }
                _ => self.entry(entry),
            }
        }
    }

    fn node(&mut self, node: &mut Node) {
        match &mut node.data {
            Data::Str(text) if text.contains(START) => {
                let at = At { field: &self.field, place: &node.place };
                let filled = self.filling.text(text, &at);
                self.leave(node, filled.map(|text| quoted(&text)));
            }
            Data::List(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    self.below(&format!("[{index}]"), |walk| walk.node(item));
                }
            }
            Data::Map(map) => map.0.iter_mut().for_each(|entry| self.entry(entry)),
            _ => {}
        }
    }

    fn entry(&mut self, entry: &mut Entry) {
        let key = entry.key.clone();
        self.key(entry);
        self.below(&path_text(&[&key]), |walk| walk.node(&mut entry.value));
    }

    /// A text of `stringData`, as `data` has it.
    fn sent(&mut self, entry: &mut Entry) {
        let key = entry.key.clone();
        self.key(entry);
        self.below(&path_text(&[&key]), |walk| {
            let at = At { field: &walk.field, place: &entry.value.place };
            let bytes = walk.filling.bytes(entry.value.as_str().unwrap_or_default(), &at);
            let text = bytes.map(|bytes| Zeroizing::new(base64(&*bytes)));
            walk.leave(&mut entry.value, text.map(|text| quoted(&text)));
        });
    }

    fn key(&mut self, entry: &mut Entry) {
        if entry.key.contains(START) {
            let at = At { field: &self.field, place: &entry.place };
            entry.key = self.filling.key(&entry.key, &at).unwrap_or_default();
        }
    }

    /// Leaves a gap for a text; none has a problem, and nothing will be written.
    fn leave(&mut self, node: &mut Node, json: Option<Zeroizing<String>>) {
        node.data = Data::Str(self.gap.text());
        self.texts.extend(json);
    }

    fn below(&mut self, step: &str, inner: impl FnOnce(&mut Self)) {
        let length = self.field.len();
        if length > 0 && !step.starts_with('[') {
            self.field.push('.');
        }
        self.field.push_str(step);
        inner(self);
        self.field.truncate(length);
    }
}

/// A text as a JSON string.
fn quoted(text: &str) -> Zeroizing<String> {
    let mut out = Buffer::new();
    out.push(b"\"");
    let _ = write_json(&mut out, text); // a buffer takes everything
    out.push(b"\"");
    buffer::text(out.bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
