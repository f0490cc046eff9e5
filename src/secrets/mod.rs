//! Secrets as a build sees them: the names and ciphertexts of SOPS files, never a value.
//!
//! A SOPS file keeps its keys readable, so a build needs no private key: it checks that a secret exists and writes a
//! [`Reference`] with the fingerprint of its ciphertext.

pub mod filter;
pub mod reference;
mod rules;
pub mod text;

use std::sync::Arc;

pub use filter::Filter;
pub use reference::{Piece, Reference};
pub use rules::Rules;

use crate::digest;
use crate::problem::{Problem, Problems, Source};
use crate::yaml::{self, Data, Node};

/// What stands below a key of the secrets.
#[derive(Debug, Clone, PartialEq)]
pub enum Secret {
    /// An encrypted value, by the fingerprint of its ciphertext.
    Value(Fingerprint),
    /// Further keys, in the order of the file.
    Map(Vec<(String, Secret)>),
}

/// The first 8 hex digits of the SHA-256 of a value's `ENC[...]` text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// The fingerprint of a ciphertext.
    #[must_use]
    pub fn of(ciphertext: &str) -> Self {
        Self(digest::hex(ciphertext, 4))
    }
}

impl Secret {
    /// No secrets.
    #[must_use]
    pub fn none() -> Self {
        Self::Map(Vec::new())
    }

    /// The keys and ciphertexts of SOPS files; a key in two files is an error.
    pub fn load(files: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut all: Vec<(String, Secret)> = Vec::new();
        for source in files {
            let Some(node) = problems.take(yaml::parse_one(source)) else { continue };
            let Some(map) = node.as_map() else {
                problems.push(Problem::error("secrets", "a SOPS file is a map of secrets").at(&node.place));
                continue;
            };
            if map.get("sops").is_none() {
                problems.push(
                    Problem::error("secrets", format!("`{}` is not encrypted: it has no key `sops`", source.path))
                        .at(&node.place)
                        .note("encrypt it: sops encrypt --in-place FILE"),
                );
                continue;
            }
            for (key, value) in map.iter().filter(|(key, _)| *key != "sops") {
                if all.iter().any(|(known, _)| known == key) {
                    problems.push(
                        Problem::error("secrets", format!("secret `{key}` stands in two files")).at(&value.place),
                    );
                }
                if let Some(secret) = problems.take(read(value)) {
                    all.push((key.to_owned(), secret));
                }
            }
        }
        problems.or(Self::Map(all))
    }

    /// Calls `found` with the path of every value, in the order of the files.
    pub fn walk<'a>(&'a self, path: &mut Vec<&'a str>, found: &mut impl FnMut(&[&'a str])) {
        match self {
            Self::Value(_) => found(path),
            Self::Map(keys) => {
                for (key, below) in keys {
                    path.push(key);
                    below.walk(path, found);
                    path.pop();
                }
            }
        }
    }

    /// What stands below a path of keys.
    #[must_use]
    pub fn get<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Secret> {
        path.into_iter().try_fold(self, |secret, key| match secret {
            Self::Value(_) => None,
            Self::Map(keys) => keys.iter().find(|(known, _)| known == key).map(|(_, below)| below),
        })
    }

    /// Checks every reference in a text of `out/`: its grammar, that the secret exists, and its fingerprint.
    pub fn check(&self, text: &str) -> Result<(), String> {
        for piece in reference::pieces(text)? {
            let Piece::Reference(found) = piece else { continue };
            match self.get(found.path.iter().map(String::as_str)) {
                Some(Self::Value(fingerprint)) if *fingerprint == found.fingerprint => {}
                _ => return Err(format!("`{found}` is not a secret of this site; `<secret::` is the literal text")),
            }
        }
        Ok(())
    }
}

/// A value of a SOPS file as names and fingerprints. Lists have their positions as keys.
fn read(node: &Node) -> Result<Secret, Problems> {
    match &node.data {
        Data::Map(map) => {
            let keys = map.iter().map(|(key, value)| Ok((key.to_owned(), read(value)?)));
            crate::problem::gather(keys).map(Secret::Map)
        }
        Data::List(list) => {
            let keys = list.iter().enumerate().map(|(index, value)| Ok((index.to_string(), read(value)?)));
            crate::problem::gather(keys).map(Secret::Map)
        }
        Data::Str(text) if text.starts_with("ENC[") => Ok(Secret::Value(Fingerprint::of(text))),
        // sops leaves an empty text as it is
        Data::Str(text) if text.is_empty() => Ok(Secret::Value(Fingerprint::of(text))),
        _ => Err(Problem::error("secrets", "a value in a SOPS file is not encrypted")
            .at(&node.place)
            .note("edit it with `sops`, which encrypts what it writes")
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "token: ENC[a]\naccounts:\n  info@x.org: ENC[b]\nempty: \"\"\nsops:\n  mac: ENC[c]\n";

    fn secrets() -> Secret {
        Secret::load(&[Source::new("secrets.sops.yaml", FILE)]).unwrap()
    }

    #[test]
    fn a_sops_file_gives_names_and_fingerprints_without_a_key() {
        let fingerprint = Fingerprint::of("ENC[b]");
        assert_eq!(fingerprint.0.len(), 8);
        assert_eq!(secrets().get(["accounts", "info@x.org"]), Some(&Secret::Value(fingerprint)));
        assert_eq!(secrets().get(["sops"]), None);
    }

    #[test]
    fn a_plain_value_and_a_plain_file_are_errors() {
        for text in ["token: hunter2\nsops: {}\n", "token: ENC[a]\n"] {
            assert!(Secret::load(&[Source::new("s.yaml", text)]).is_err());
        }
    }

    #[test]
    fn a_reference_to_nothing_or_with_an_old_fingerprint_is_found() {
        let good = format!("x <secret:token#{}> y", Fingerprint::of("ENC[a]").0);
        assert_eq!(secrets().check(&good), Ok(()));
        assert_eq!(secrets().check("<secret::token>"), Ok(()));
        assert!(secrets().check("<secret:token#00000000>").is_err());
        assert!(secrets().check("<secret:nothing#00000000>").is_err());
        assert!(secrets().check("<secret:token>").is_err());
    }
}
