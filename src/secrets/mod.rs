//! Secrets as a build sees them: the names and ciphertexts of SOPS files, never a value.
//!
//! A SOPS file keeps its keys readable, so a build needs no private key: it checks that a secret exists and writes a
//! [`Reference`] with the fingerprint of its ciphertext.

pub mod charset;
pub mod filter;
mod names;
pub mod reference;
mod rules;
pub mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use filter::Filter;
pub use names::is_ciphertext;
pub use reference::{Piece, Reference};
pub use rules::{DEFAULT_SUFFIX, OF_COMMENTS, OF_KEYS, Rules};

use names::Named;
use reference::path_text;

use crate::digest;
use crate::problem::{Place, Problem, Problems, Source};
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
        let mut all: Vec<Named> = Vec::new();
        for named in files.iter().filter_map(|source| problems.take(names::read(source))).collect::<Vec<_>>() {
            for one in named {
                match all.iter().find(|known| known.key == one.key) {
                    Some(first) => problems.push(twice(&one, first)),
                    None => all.push(one),
                }
            }
        }
        problems.or(Self::Map(all.into_iter().map(|one| (one.key, one.secret)).collect()))
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

    /// Checks every reference in a text of `out/`: its grammar, that the secret exists, and its fingerprint. They are
    /// returned in the order of the text.
    pub fn check(&self, text: &str) -> Result<Vec<Reference>, String> {
        let mut all = Vec::new();
        for piece in reference::pieces(text)? {
            let Piece::Reference(found) = piece else { continue };
            match self.get(found.path.iter().map(String::as_str)) {
                Some(Self::Value(fingerprint)) if *fingerprint == found.fingerprint => all.push(found),
                Some(Self::Map(keys)) => {
                    return Err(format!("`{found}` {}", of_many(keys.iter().map(|(key, _)| key.as_str()))));
                }
                _ => return Err(format!("`{found}` is not a secret of this site; `<secret::` is the literal text")),
            }
        }
        Ok(all)
    }

    /// The paths of what no reference of a set leads to; a map of which nothing is used is one path.
    #[must_use]
    pub fn unused(&self, used: &BTreeSet<Box<str>>) -> Vec<Vec<&str>> {
        let mut unused = Vec::new();
        if let Self::Map(keys) = self {
            let mut path = Vec::new();
            for (key, below) in keys {
                add_unused(key, below, used, &mut path, &mut unused);
            }
        }
        unused
    }

    fn is_used(&self, used: &BTreeSet<Box<str>>, path: &mut Vec<&str>) -> bool {
        match self {
            Self::Value(_) => used.contains(&*path_text(path)),
            Self::Map(keys) => keys.iter().any(|(key, below)| {
                let mut path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                below.is_used(used, &mut path)
            }),
        }
    }
}

fn add_unused<'a>(
    key: &'a str,
    below: &'a Secret,
    used: &BTreeSet<Box<str>>,
    path: &mut Vec<&'a str>,
    unused: &mut Vec<Vec<&'a str>>,
) {
    path.push(key);
    match below {
        Secret::Map(keys) if keys.is_empty() => {}
        _ if !below.is_used(used, &mut path.clone()) => unused.push(path.clone()),
        Secret::Value(_) => {}
        Secret::Map(keys) => keys.iter().for_each(|(key, below)| add_unused(key, below, used, path, unused)),
    }
    path.pop();
}

/// Where the keys of some paths stand in SOPS files, in the order of the paths; no text of them is shown.
#[must_use]
pub fn places(files: &[Arc<Source>], paths: &[Vec<&str>]) -> Vec<Option<Place>> {
    let nodes: Vec<Node> = files.iter().filter_map(|source| yaml::parse_one(source).ok()).collect();
    paths.iter().map(|path| nodes.iter().find_map(|node| place(node, path))).collect()
}

fn place(node: &Node, path: &[&str]) -> Option<Place> {
    let (key, below) = path.split_first()?;
    let (place, value) = match &node.data {
        Data::List(list) => {
            let mut items = list.iter().filter(|item| !names::is_comment(item));
            items.nth(key.parse().ok()?).map(|item| (&item.place, item))?
        }
        Data::Map(map) => map.entry(key).map(|entry| (&entry.place, &entry.value))?,
        _ => return None,
    };
    if below.is_empty() { Some(place.without_text()) } else { self::place(value, below) }
}

/// What is said of the keys of a map, or list, that stands where one secret is wanted.
#[must_use]
pub fn of_many<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let keys: Vec<&str> = keys.into_iter().collect();
    if keys.is_empty() {
        return "is empty, not one secret".to_owned();
    }
    if keys.iter().enumerate().all(|(at, key)| *key == at.to_string()) {
        return format!("is no secret but a list of {}: name one of them, the first is `[0]`", keys.len());
    }
    let names: Vec<String> = keys.iter().take(SHOWN).map(|key| format!("`{key}`")).collect();
    let more = if keys.len() > SHOWN { format!(" and {} more", keys.len() - SHOWN) } else { String::new() };
    format!("is no secret but a map of {}{more}: name one of them", names.join(", "))
}

/// What is said where a tree of references stands and one is wanted: `secrets.tls` and its keys.
#[must_use]
pub fn many(node: &Node) -> Option<String> {
    let keys: Vec<String> = match &node.data {
        Data::Map(map) => map.keys().map(str::to_owned).collect(),
        Data::List(list) => (0..list.len()).map(|at| at.to_string()).collect(),
        _ => return None,
    };
    let (mut leaf, mut depth) = (node, 0);
    while let Some(below) = leaf.as_map().and_then(|map| map.iter().next()).map(|(_, value)| value) {
        (leaf, depth) = (below, depth + 1);
    }
    if let Some(first) = node.as_list().and_then(<[Node]>::first) {
        (leaf, depth) = (first, 1);
    }
    let path = Reference::exactly(leaf.as_str()?)?.path;
    let above = path.len().checked_sub(depth)?;
    let name: Vec<&str> = ["secrets"].into_iter().chain(path[..above].iter().map(String::as_str)).collect();
    Some(format!("`{}` {}", path_text(&name), of_many(keys.iter().map(String::as_str))))
}

fn twice(one: &Named, first: &Named) -> Problem {
    Problem::error("secrets", format!("secret `{}` stands in two files", one.key))
        .at(&one.place.without_text())
        .note(format!("first at {}", first.place))
        .note("all files make one map of secrets, so a name belongs into one of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOPS: &str = "sops:\n  age: [{recipient: age1x}]\n  mac: ENC[AES256_GCM,data:c,iv:c,tag:c,type:str]\n";

    fn encrypted(data: &str) -> String {
        format!("ENC[AES256_GCM,data:{data},iv:b,tag:c,type:str]")
    }

    fn load(text: &str) -> Result<Secret, Problems> {
        Secret::load(&[Source::new("secrets.sops.yaml", format!("{text}\n{SOPS}"))])
    }

    fn secrets() -> Secret {
        let (a, b) = (encrypted("a"), encrypted("b"));
        load(&format!("token: {a}\naccounts:\n  info@x.org: {b}\nempty: \"\"\nnone:\nall: {{}}")).unwrap()
    }

    #[test]
    fn a_sops_file_gives_names_and_fingerprints_without_a_key() {
        let fingerprint = Fingerprint::of(&encrypted("b"));
        assert_eq!(fingerprint.0.len(), 8);
        assert_eq!(secrets().get(["accounts", "info@x.org"]), Some(&Secret::Value(fingerprint)));
        assert_eq!(secrets().get(["sops"]), None);
    }

    #[test]
    fn what_is_null_is_not_there_and_what_is_empty_is() {
        assert_eq!(secrets().get(["none"]), None);
        assert_eq!(secrets().get(["empty"]), Some(&Secret::Value(Fingerprint::of(""))));
        assert_eq!(secrets().get(["all"]), Some(&Secret::none()));
    }

    #[test]
    fn a_value_that_the_rules_of_its_file_leave_plain_is_a_name_too() {
        let plain = load("user_unencrypted: root\nports_unencrypted: [8080, {x: true}]").unwrap();
        assert_eq!(plain.get(["user_unencrypted"]), Some(&Secret::Value(Fingerprint::of("root"))));
        assert_eq!(plain.get(["ports_unencrypted", "0"]), Some(&Secret::Value(Fingerprint::of("8080"))));
        assert_eq!(plain.get(["ports_unencrypted", "1", "x"]), Some(&Secret::Value(Fingerprint::of("true"))));
    }

    #[test]
    fn what_is_wrong_is_told_without_a_line_of_the_file() {
        for text in
            ["token: hunter2", "a: [b, {c: hunter2}]", "port: 8080", "a: ENC[AES256_GCM,data:a,iv:b", "a: 1\na: 2"]
        {
            let told: String = load(text).unwrap_err().sorted().iter().map(ToString::to_string).collect();
            assert!(told.contains("secrets.sops.yaml:") && !told.contains("hunter2") && !told.contains('^'), "{told}");
        }
    }

    #[test]
    fn a_reference_to_nothing_or_with_an_old_fingerprint_is_found() {
        let good = format!("x <secret:token#{}> y", Fingerprint::of(&encrypted("a")).0);
        assert_eq!(secrets().check(&good).map(|all| all.len()), Ok(1));
        assert_eq!(secrets().check("<secret::token>"), Ok(Vec::new()));
        assert!(secrets().check("<secret:token#00000000>").is_err());
        assert!(secrets().check("<secret:nothing#00000000>").is_err());
        assert!(secrets().check("<secret:token>").is_err());
        let told = secrets().check("<secret:accounts#00000000>").unwrap_err();
        assert!(told.contains("`info@x.org`"), "{told}");
    }

    #[test]
    fn what_nobody_names_is_unused_and_a_map_of_it_once() {
        let used = |paths: &[&str]| paths.iter().map(|path| (*path).into()).collect::<BTreeSet<Box<str>>>();
        let all = load("a: {b: '', c: {d: '', e: ''}}\nf: ['', '']\nempty: {}").unwrap();
        assert_eq!(all.unused(&used(&[])), [vec!["a"], vec!["f"]]);
        assert_eq!(all.unused(&used(&["a.b", "f.0", "f.1"])), [vec!["a", "c"]]);
        assert_eq!(all.unused(&used(&["a.b", "a.c.d", "f.1"])), [vec!["a", "c", "e"], vec!["f", "0"]]);
    }
}
