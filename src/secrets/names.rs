//! One SOPS file as a build reads it: its names and fingerprints, and what is wrong with it. No problem shows a line of
//! it, because what is wrong may be that a secret stands there.

use std::sync::Arc;

use super::{Fingerprint, Rules, Secret};
use crate::problem::{Place, Problem, Problems, Source, gather};
use crate::yaml::{self, Data, Map, Node};

/// Where sops keeps what it knows of a file.
const SOPS: &str = "sops";
/// Who may decrypt the file: lists of age recipients, of PGP keys, of keys of services, or of groups of those.
const RECIPIENTS: [&str; 8] = ["age", "pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "key_groups"];
/// What a ciphertext says of itself, in this order.
const PARTS: [&str; 4] = ["data:", "iv:", "tag:", "type:"];
const BEGIN: &str = "ENC[";

/// A secret of the top of a file.
pub(super) struct Named {
    pub key: String,
    /// Of its key.
    pub place: Place,
    pub secret: Secret,
}

/// The names and fingerprints of a file.
pub(super) fn read(source: &Arc<Source>) -> Result<Vec<Named>, Problems> {
    read_shown(source).map_err(|problems| problems.map(without_text))
}

fn without_text(problem: Problem) -> Problem {
    Problem { place: problem.place.as_ref().map(Place::without_text), ..problem }
}

fn read_shown(source: &Arc<Source>) -> Result<Vec<Named>, Problems> {
    let node = yaml::parse_one(source)?;
    let Some(map) = node.as_map() else {
        let message = format!("a SOPS file is a map of secrets, not {}", node.kind());
        return Err(Problem::error("secrets", message).at(&node.place).into());
    };
    let Some(sops) = map.get(SOPS) else { return Err(not_encrypted(source, map).into()) };
    let mut problems = metadata(sops, &source.path);
    let rules = problems.take(Rules::read(sops));
    let Some(rules) = rules else { return Err(problems) };
    let named = map.0.iter().filter(|entry| *entry.key != *SOPS).map(|entry| {
        let secret = secret(&entry.value, &mut vec![&entry.key], &rules)?;
        Ok(secret.map(|secret| Named { key: entry.key.to_string(), place: entry.place.clone(), secret }))
    });
    let named = problems.take(gather(named));
    problems.or(named.into_iter().flatten().flatten().collect())
}

/// A file without `sops:`: sops writes that last, so where values are encrypted the end is missing.
fn not_encrypted(source: &Arc<Source>, map: &Map) -> Problem {
    let path = &source.path;
    if map.iter().any(|(_, value)| has_ciphertext(value)) {
        return Problem::error("secrets", format!("`{path}` is cut off: the key `sops` at its end is missing"))
            .at(&Place::file(source))
            .note(format!("without it nobody can decrypt the file; take it from git: git checkout -- {path}"));
    }
    Problem::error("secrets", format!("`{path}` is not encrypted: it has no key `sops`"))
        .at(&Place::file(source))
        .note(format!("encrypt it: sops encrypt --in-place {path}"))
        .note("what was in git in plain is known: make new secrets of those")
}

fn has_ciphertext(node: &Node) -> bool {
    match &node.data {
        Data::Str(text) => text.starts_with(BEGIN),
        Data::List(list) => list.iter().any(has_ciphertext),
        Data::Map(map) => map.iter().any(|(_, value)| has_ciphertext(value)),
        _ => false,
    }
}

/// What is wrong with `sops:`. Only what no file can be decrypted without is looked for: the rest is for who decrypts.
fn metadata(sops: &Node, path: &str) -> Problems {
    let wrong = |message: String| {
        let problem = Problem::error("secrets", message).at(&sops.place);
        problem.note(format!("sops writes it; take the file from git: git checkout -- {path}"))
    };
    if sops.as_map().is_none() {
        return wrong(format!("`sops` is {}, not a map", sops.kind())).into();
    }
    let mut problems = Problems::new();
    if !sops.get("mac").and_then(Node::as_str).is_some_and(is_ciphertext) {
        problems.push(wrong("`sops` has no `mac`, without which nobody can tell that the file is whole".to_owned()));
    }
    let is_there = |key: &&str| sops.get(key).and_then(Node::as_list).is_some_and(|list| !list.is_empty());
    if !RECIPIENTS.iter().any(is_there) {
        problems.push(wrong("`sops` names nobody who may decrypt the file: it has no `age`".to_owned()));
    }
    problems
}

/// What stands below some keys; nothing for `null`, which sops leaves as it is. Lists have their positions as keys.
fn secret<'a>(node: &'a Node, keys: &mut Vec<&'a str>, rules: &Rules) -> Result<Option<Secret>, Problems> {
    let text = match &node.data {
        Data::Null | Data::Removed => return Ok(None),
        Data::Map(map) => {
            let below = map.iter().map(|(key, value)| {
                keys.push(key);
                let secret = secret(value, keys, rules);
                keys.pop();
                Ok(secret?.map(|secret| (key.to_owned(), secret)))
            });
            return gather(below).map(|all| Some(Secret::Map(all.into_iter().flatten().collect())));
        }
        Data::List(list) => {
            let below = list.iter().filter(|value| !is_comment(value)).enumerate();
            let below = below.map(|(at, value)| Ok(secret(value, keys, rules)?.map(|secret| (at.to_string(), secret))));
            return gather(below).map(|all| Some(Secret::Map(all.into_iter().flatten().collect())));
        }
        Data::Str(text) => Some(&**text),
        _ => node.plain.as_deref(),
    };
    let text = text.unwrap_or_default();
    // an empty text is left as it is by sops
    if text.is_empty() || is_ciphertext(text) || (!rules.encrypts(keys) && !text.starts_with(BEGIN)) {
        return Ok(Some(Secret::Value(Fingerprint::of(text))));
    }
    let name = keys.join(".");
    Err(if text.starts_with(BEGIN) {
        Problem::error("secrets", format!("`{name}` is not a whole ciphertext")).note(
            "one is `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`; take it from git, or set the secret again",
        )
    } else {
        Problem::error("secrets", format!("`{name}` is not encrypted"))
            .note(format!("take it out and let homebuild write it: `homebuild secrets set {name}`"))
            .note("what was in git in plain is known: make a new secret")
    }
    .at(&node.place)
    .into())
}

/// Whether an item of a list is a comment: sops writes those that stand in a list as items of it, and does not count them.
pub(super) fn is_comment(item: &Node) -> bool {
    item.as_str().is_some_and(|text| is_ciphertext(text) && text.ends_with(",type:comment]"))
}

/// Whether a text is written as sops writes a ciphertext. Source: `encre` in `aes/cipher.go` of sops.
#[must_use]
pub fn is_ciphertext(text: &str) -> bool {
    let inside = text.strip_prefix(BEGIN).and_then(|text| text.strip_suffix(']'));
    let Some(parts) = inside.and_then(|inside| inside.strip_prefix("AES256_GCM,")) else { return false };
    let parts: Vec<&str> = parts.split(',').collect();
    let is_part = |(part, start): (&&str, &&str)| part.strip_prefix(*start).is_some_and(|rest| !rest.is_empty());
    parts.len() == PARTS.len() && parts.iter().zip(&PARTS).all(is_part)
}
