//! One SOPS file, opened: every value decrypted and its MAC checked. A change is spliced into the text, and what comes of
//! it is read again before anybody gets it, so that no change can touch another value.
//!
//! Source of the format: `sops.go`, `stores/` and `stores/yaml/` of sops.

mod add;
mod change;
mod edit;
mod mac;
mod splice;

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::cipher::{Cipher, KEY, Unreadable, bound_to};
use super::{Keys, Kind, Value};
use crate::problem::{Place, Problem, Problems, Source};
use crate::secrets::{Rules, Secret, is_ciphertext};
use crate::yaml::{self, Data, Node, Part, Step, What};

/// The key of what sops says of the file itself.
const SOPS: &str = "sops";

/// A SOPS file with its values.
pub struct File {
    source: Arc<Source>,
    text: String,
    parts: Vec<Part>,
    held: Vec<Held>,
    rules: Rules,
    cipher: Cipher,
}

/// A value of a file, where it stands.
struct Held {
    path: Vec<Step>,
    value: Value,
    at: Range<usize>,
    is_encrypted: bool,
}

/// Someone who can open a file: their public key, and the file's key wrapped for them as an armored age file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// `age1...`, or an SSH public key.
    pub recipient: String,
    /// The file's key, wrapped.
    pub wrapped: String,
}

impl File {
    /// Opens a file with the first key that fits, and checks that nothing in it was changed without sops or homebuild.
    pub fn unlock(source: &Arc<Source>, keys: &Keys) -> Result<Self, Problems> {
        // what a build finds wrong in it is told as a build tells it
        Secret::load(std::slice::from_ref(source))?;
        let node = yaml::parse_one(source)?;
        let sops = node.get(SOPS).map_or_else(|| Node::map(&node.place), Clone::clone);
        if let Some(groups) = sops.get("key_groups") {
            return Err(Problem::error(
                "secrets",
                "this file's key is shared out among several groups of keys (`key_groups`)",
            )
            .at(&groups.place)
            .note("only `sops` can put it together; homebuild reads files that one key opens")
            .into());
        }
        let readers = readers(&sops);
        let key = keys.open(&readers).ok_or_else(|| {
            let recipients = readers.iter().map(|reader| reader.recipient.clone()).chain(others(&sops));
            keys.refusal(&recipients.collect::<Vec<_>>()).at(&Place::file(source))
        })?;
        let key = <[u8; KEY]>::try_from(key.as_slice()).map(Zeroizing::new).map_err(|_| {
            Problem::error("secrets", format!("the key in this file has {} bytes, not {KEY}", key.len()))
                .at(&sops.place)
        })?;
        let file = Self::read(source, source.text.clone(), Cipher::new(key))?;
        file.check_mac()?;
        Ok(file)
    }

    /// The file that a text is, with its values.
    fn read(source: &Arc<Source>, text: String, cipher: Cipher) -> Result<Self, Problems> {
        let place = |line, column| Place { line, column, length: 1, ..Place::file(source).without_text() };
        let parts = yaml::outline(&text).map_err(|unclear| {
            let at = place(crate::problem::fit(unclear.line), crate::problem::fit16(unclear.column));
            Problem::error("yaml", unclear.message).at(&at)
        })?;
        let parts = without_comments_as_items(parts);
        let sops = Source::new(source.path.as_str(), text.as_str());
        // the text may be one that its author has just typed, in plain
        let hidden = |problem: Problem| {
            let at = problem.place.map_or_else(|| Place::file(source), |place| place.without_text());
            Problem::error("yaml", "this line cannot be read: a value, a quote or a bracket is missing").at(&at)
        };
        let rules =
            Rules::read(yaml::parse_one(&sops).map_err(hidden)?.get(SOPS).unwrap_or(&Node::map(&Place::file(source))))?;
        let mut file = Self { source: source.clone(), text, parts, held: Vec::new(), rules, cipher };
        let mut problems = Problems::new();
        let values: Vec<_> = file.scalars().filter_map(|part| problems.take(file.hold(part))).flatten().collect();
        file.held = values;
        problems.or(file)
    }

    /// The scalars outside of what sops says of the file.
    fn scalars(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| matches!(part.what, What::Scalar(_)) && !is_sops(&part.path))
    }

    /// A scalar as a value; none where there is no value.
    fn hold(&self, part: &Part) -> Result<Option<Held>, Problem> {
        let What::Scalar(data) = &part.what else { return Ok(None) };
        let is_encrypted = self.rules.encrypts(&keys(&part.path));
        let value = match data {
            Data::Null | Data::Removed => return Ok(None),
            Data::Str(text) if is_encrypted => self.cipher.decrypt(text, &bound(&part.path)).map_err(|error| {
                let path = path_text(&part.path);
                Problem::error("secrets", format!("`{path}` cannot be decrypted: {}", why(error)))
                    .at(&self.place(part))
                    .note(match error {
                        Unreadable::Forged => {
                            "bring the file back from git: `git checkout FILE`; a value is moved with `secrets set`"
                        }
                        _ => "was it written by a newer sops, or by hand?",
                    })
            })?,
            data => plain(data, &self.text[part.at.clone()]),
        };
        Ok(Some(Held { path: part.path.clone(), value, at: part.at.clone(), is_encrypted }))
    }

    fn place(&self, part: &Part) -> Place {
        let line = self.text[..part.at.start].matches('\n').count() + 1;
        Place::line(&self.source, line).without_text()
    }

    /// Its path below the site.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// The file as it was read, to be compared with what is there when it is written.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether anything was changed since it was read.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.text != self.source.text
    }

    /// The value at a path, whose steps are keys and places in lists as text.
    #[must_use]
    pub fn value<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        self.held.iter().find(|held| is_at(&held.path, path)).map(|held| &held.value)
    }

    /// All values with their paths, in the order of the file.
    pub fn values(&self) -> impl Iterator<Item = (Vec<String>, &Value)> {
        self.held.iter().map(|held| (words(&held.path), &held.value))
    }

    /// Whether there is a map or a list at a path.
    #[must_use]
    pub fn is_collection<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.parts.iter().any(|part| matches!(part.what, What::Collection { .. }) && is_at(&part.path, path))
    }

    /// Those who can open it with an age or SSH key.
    #[must_use]
    pub fn readers(&self) -> Vec<Reader> {
        readers(&self.sops())
    }

    /// What else can open it: `pgp FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4`, `kms arn:...`. homebuild leaves them alone.
    #[must_use]
    pub fn other_readers(&self) -> Vec<String> {
        others(&self.sops())
    }

    fn sops(&self) -> Node {
        let source = Source::new(self.source.path.as_str(), self.text.as_str());
        let node = yaml::parse_one(&source).ok();
        node.and_then(|node| node.get(SOPS).cloned()).unwrap_or_else(|| Node::map(&Place::file(&source)))
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("path", &self.source.path).finish_non_exhaustive()
    }
}

/// Those who can open a file, and what else can, as [`File::other_readers`] has it; no key is needed to know it.
pub fn who_opens(source: &Arc<Source>) -> Result<(Vec<Reader>, Vec<String>), Problems> {
    Secret::load(std::slice::from_ref(source))?;
    let node = yaml::parse_one(source)?;
    Ok(node.get(SOPS).map(|sops| (readers(sops), others(sops))).unwrap_or_default())
}

fn readers(sops: &Node) -> Vec<Reader> {
    let list = sops.get("age").and_then(Node::as_list).unwrap_or_default();
    let text = |node: &Node, key| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
    list.iter().map(|one| Reader { recipient: text(one, "recipient"), wrapped: text(one, "enc") }).collect()
}

fn others(sops: &Node) -> Vec<String> {
    let kinds = [
        ("pgp", "fp"),
        ("kms", "arn"),
        ("gcp_kms", "resource_id"),
        ("azure_kv", "vault_url"),
        ("hc_vault", "vault_address"),
        ("hckms", "key_id"),
    ];
    let of_kind = |(kind, name): (&str, &str)| -> Vec<String> {
        let list = sops.get(kind).and_then(Node::as_list).unwrap_or_default();
        list.iter().map(|one| format!("{kind} {}", one.get(name).and_then(Node::as_str).unwrap_or("?"))).collect()
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

fn why(error: Unreadable) -> &'static str {
    match error {
        Unreadable::Shape => "it is not written as sops writes a value",
        Unreadable::Type => "its type is unknown",
        Unreadable::Forged => "it was changed, or moved here from another name or file",
    }
}

/// sops writes a comment that stands in a list as an item of it, and reads it as a comment again: it has no number, and
/// those behind it have one less.
fn without_comments_as_items(parts: Vec<Part>) -> Vec<Part> {
    let is_comment = |part: &&Part| match (&part.what, part.path.last()) {
        (What::Scalar(Data::Str(text)), Some(Step::Index(_))) => {
            is_ciphertext(text) && text.ends_with(",type:comment]")
        }
        _ => false,
    };
    let comments: Vec<Vec<Step>> = parts.iter().filter(is_comment).map(|part| part.path.clone()).collect();
    if comments.is_empty() {
        return parts;
    }
    let step = |path: &[Step], at: usize| match &path[at] {
        Step::Index(index) => {
            let earlier = |one: &&Vec<Step>| {
                let number = |step: &Step| if let Step::Index(number) = step { *number } else { usize::MAX };
                one.len() == at + 1 && one[..at] == path[..at] && number(&one[at]) < *index
            };
            Step::Index(index - comments.iter().filter(earlier).count())
        }
        key @ Step::Key(_) => key.clone(),
    };
    let moved = |part: Part| {
        let is_one = comments.contains(&part.path);
        let mut path: Vec<Step> = (0..part.path.len()).map(|at| step(&part.path, at)).collect();
        let what = match part.what {
            What::Scalar(Data::Str(text)) if is_one => {
                path.pop();
                What::Comment(text)
            }
            what => what,
        };
        Part { what, path, at: part.at }
    };
    parts.into_iter().map(moved).collect()
}

fn is_sops(path: &[Step]) -> bool {
    path.first().and_then(Step::key) == Some(SOPS)
}

/// The keys of a path: what encryption is bound to and rules look at.
fn keys(path: &[Step]) -> Vec<&str> {
    path.iter().filter_map(Step::key).collect()
}

fn bound(path: &[Step]) -> String {
    bound_to(keys(path))
}

/// A path in words, as references have it: places in lists are numbers.
fn words(path: &[Step]) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::Key(key) => key.to_string(),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(word).collect()
}

fn is_at<S: AsRef<str>>(path: &[Step], wanted: &[S]) -> bool {
    let same = |(step, word): (&Step, &S)| match step {
        Step::Key(key) => **key == *word.as_ref(),
        Step::Index(index) => index.to_string() == word.as_ref(),
    };
    path.len() == wanted.len() && path.iter().zip(wanted).all(same)
}

/// A path as people write it behind `secrets.`.
fn path_text(path: &[Step]) -> String {
    crate::secrets::reference::path_text(&words(path))
}

/// A value that stands there in plain, as sops stores it.
fn plain(data: &Data, text: &str) -> Value {
    let (kind, text) = match data {
        Data::Bool(true) => (Kind::Bool, "True".to_owned()),
        Data::Bool(false) => (Kind::Bool, "False".to_owned()),
        // what Go holds in an int; a longer number is text here, so that no digit is lost
        Data::Int(number) if i64::try_from(*number).is_ok() => (Kind::Int, number.to_string()),
        Data::Float(number) => (Kind::Float, number.to_string()),
        Data::Str(text) => return Value::str(text.as_bytes()),
        _ => (Kind::Str, text.to_owned()),
    };
    Value::new(kind, Zeroizing::new(text.into_bytes()))
}

#[cfg(test)]
mod tests;
