//! A record as texts and bytes by name, to be kept anywhere; and packed trees.
//!
//! - `format`: `1`. A newer homebuild may write another one, which this one leaves alone.
//! - `identity`: of the place that it was written at, the uid of a cluster.
//! - `inventory`: the objects, sorted, one JSON object a line. A large one is packed, as `inventory.gz`.
//! - `releases`: the newest first, one JSON object a line.
//! - `trees`: which release brought the trees, one JSON object a line; `tree.<module>` and `previous.<module>` are the
//!   trees: `gunzip | jq -r '.files["service.ntfy.yaml"]'` shows a file.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Member, Record, Tree, Trees};
use crate::digest;
use crate::problem::Problem;

const CODE: &str = "record";
const FORMAT: &str = "1";
/// Bytes of an inventory that is kept as text.
const PLAIN: usize = 500_000;
/// Bytes of all entries: a `ConfigMap` of Kubernetes takes 1 MiB.
const ROOM: usize = 900_000;
/// Bytes of what is unpacked: a broken record does not eat the memory.
const LARGEST: u64 = 64 << 20;

/// A part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// For people, too.
    Text(String),
    /// Packed.
    Bytes(Vec<u8>),
}

/// A record as it is kept. A name has letters, digits, `-`, `_` and `.`.
pub type Entries = BTreeMap<String, Entry>;

impl Entry {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A line of the inventory.
#[derive(Serialize, Deserialize)]
struct Line<I, M> {
    id: I,
    #[serde(flatten)]
    member: M,
}

/// A line of `trees`: the releases that brought a module's trees.
#[derive(Serialize, Deserialize)]
struct Brought {
    module: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    good: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<u64>,
}

/// The files of a module, in a tree.
#[derive(Serialize, Deserialize)]
struct Files {
    lock: String,
    files: BTreeMap<String, String>,
}

/// Which tree of a module; those that are worth most come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Good,
    Previous,
}

impl Record {
    /// The record as it is kept. Trees that it has no room for are left out ([`Record::without_tree`]), objects never.
    pub fn to_entries(&self, stack: &str) -> Result<Entries, Problem> {
        let mut entries = self.basis()?;
        let used = used(&entries);
        if used > ROOM {
            return Err(too_large(stack, self.members.len(), used));
        }
        let mut index: BTreeMap<&str, Brought> = BTreeMap::new();
        for (which, module, tree) in self.fitting(ROOM - used) {
            let brought = index.entry(module).or_insert_with(|| Brought::none(module));
            match which {
                Which::Good => brought.good = Some(tree.release),
                Which::Previous => brought.previous = Some(tree.release),
            }
            entries.insert(which.key(module), Entry::Bytes(tree.packed.clone()));
        }
        entries.insert("trees".into(), Entry::Text(lines(index.values())?));
        Ok(entries)
    }

    /// The record that was kept.
    pub fn from_entries(stack: &str, mut entries: Entries) -> Result<Self, Problem> {
        match entries.remove("format") {
            Some(Entry::Text(format)) if format == FORMAT => {}
            Some(Entry::Text(format)) => return Err(newer(stack, &format)),
            _ => return Err(unreadable(stack, "it does not say its format")),
        }
        read(entries).map_err(|why| unreadable(stack, &why))
    }

    /// The modules whose last good tree is too large to be kept: they cannot go back to it.
    pub fn without_tree(&self) -> Result<Vec<&str>, Problem> {
        let fitting = self.fitting(ROOM.saturating_sub(used(&self.basis()?)));
        let is_kept = |name: &str| fitting.iter().any(|(which, module, _)| *which == Which::Good && *module == name);
        let good = self.trees.iter().filter(|(_, trees)| trees.good.is_some());
        Ok(good.map(|(module, _)| module.as_str()).filter(|module| !is_kept(module)).collect())
    }

    /// Whether the record has room when all its objects are there, each with a uid and a version.
    pub(super) fn has_room(&self, stack: &str) -> Result<(), Problem> {
        let mut grown = Self { members: self.members.clone(), releases: self.releases.clone(), ..Self::default() };
        for (id, member) in &mut grown.members {
            // as little to be packed as real ones
            member.uid.get_or_insert_with(|| digest::hex(id, 18));
            member.version.get_or_insert_with(|| digest::hex(id, 4));
        }
        let used = used(&grown.basis()?);
        if used > ROOM { Err(too_large(stack, self.members.len(), used)) } else { Ok(()) }
    }

    /// All but the trees.
    fn basis(&self) -> Result<Entries, Problem> {
        let inventory = lines(self.members.iter().map(|(id, member)| Line { id, member }))?;
        let (name, inventory) = if inventory.len() > PLAIN {
            ("inventory.gz", Entry::Bytes(packed(inventory.as_bytes())?))
        } else {
            ("inventory", Entry::Text(inventory))
        };
        let releases = Entry::Text(lines(&self.releases)?);
        let format = Entry::Text(FORMAT.into());
        let identity = self.identity.iter().map(|identity| ("identity", Entry::Text(identity.clone())));
        let basis = [("format", format), (name, inventory), ("releases", releases)].into_iter().chain(identity);
        Ok(basis.map(|(name, entry)| (name.into(), entry)).collect())
    }

    /// The trees that there is room for: all good ones before the first previous one, small ones before large ones, so
    /// that as many modules as can be may go back.
    fn fitting(&self, mut room: usize) -> Vec<(Which, &str, &Tree)> {
        let mut all: Vec<(Which, &str, &Tree)> = Vec::new();
        for (module, trees) in &self.trees {
            all.extend(trees.good.iter().map(|tree| (Which::Good, module.as_str(), tree)));
            all.extend(trees.previous.iter().map(|tree| (Which::Previous, module.as_str(), tree)));
        }
        all.sort_by_key(|(which, _, tree)| (*which, tree.packed.len()));
        all.retain(|(_, _, tree)| match room.checked_sub(tree.packed.len()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        });
        all
    }
}

impl Which {
    /// The name of the entry of a module's tree. A module may be called what no entry can be.
    fn key(self, module: &str) -> String {
        let prefix = match self {
            Self::Good => "tree",
            Self::Previous => "previous",
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if module.chars().all(is_plain) && module.len() < 200 {
            format!("{prefix}.{module}")
        } else {
            format!("{prefix}.of.{}", digest::hex(module, 16))
        }
    }
}

impl Brought {
    fn none(module: &str) -> Self {
        Self { module: module.to_owned(), good: None, previous: None }
    }

    fn trees(&self, entries: &mut Entries) -> Trees {
        let mut tree = |which: Which, release: Option<u64>| match entries.remove(&which.key(&self.module)) {
            Some(Entry::Bytes(packed)) => release.map(|release| Tree { release, packed }),
            _ => None,
        };
        Trees { good: tree(Which::Good, self.good), previous: tree(Which::Previous, self.previous) }
    }
}

impl Tree {
    /// The lock of a module as YAML and its files by path, packed. The same files give the same bytes.
    pub fn pack(release: u64, lock: &str, files: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let files = Files { lock: lock.to_owned(), files: files.clone() };
        let json = serde_json::to_vec(&files).map_err(|why| unwritable(&why))?;
        Ok(Self { release, packed: packed(&json)? })
    }

    /// The lock of the module and its files by path.
    pub fn unpack(&self) -> Result<(String, BTreeMap<String, String>), Problem> {
        let json = unpacked(&self.packed);
        let files = json.and_then(|json| serde_json::from_str::<Files>(&json).map_err(|why| why.to_string()));
        let files = files.map_err(|why| {
            Problem::error(CODE, format!("the tree of release {} cannot be read: {why}", self.release))
                .note("nothing was changed; go on with what is in out/")
        })?;
        Ok((files.lock, files.files))
    }
}

fn read(mut entries: Entries) -> Result<Record, String> {
    let mut of = |name: &str| text(entries.remove(name), name);
    let inventory = if let Some(plain) = of("inventory")? { Some(plain) } else { of("inventory.gz")? };
    let members: Vec<Line<String, Member>> = parsed("inventory", &inventory.ok_or("it has no inventory")?)?;
    let releases = parsed("releases", &of("releases")?.unwrap_or_default())?;
    let identity = of("identity")?;
    let brought: Vec<Brought> = parsed("trees", &of("trees")?.unwrap_or_default())?;
    Ok(Record {
        identity,
        members: members.into_iter().map(|line| (line.id, line.member)).collect(),
        releases,
        trees: brought.into_iter().map(|brought| (brought.module.clone(), brought.trees(&mut entries))).collect(),
    })
}

fn used(entries: &Entries) -> usize {
    entries.values().map(Entry::len).sum()
}

fn lines<T: Serialize>(all: impl IntoIterator<Item = T>) -> Result<String, Problem> {
    let mut text = String::new();
    for one in all {
        text.push_str(&serde_json::to_string(&one).map_err(|why| unwritable(&why))?);
        text.push('\n');
    }
    Ok(text)
}

/// What lines say.
fn parsed<T: DeserializeOwned>(name: &str, text: &str) -> Result<Vec<T>, String> {
    let value =
        |(number, line)| serde_json::from_str(line).map_err(|why| format!("`{name}`, line {}: {why}", number + 1));
    text.lines().enumerate().map(value).collect()
}

/// The text of an entry, unpacked where it is packed.
fn text(entry: Option<Entry>, name: &str) -> Result<Option<String>, String> {
    match entry {
        None => Ok(None),
        Some(Entry::Text(text)) => Ok(Some(text)),
        Some(Entry::Bytes(bytes)) => unpacked(&bytes).map(Some).map_err(|why| format!("`{name}`: {why}")),
    }
}

/// Packed by gzip, without a time: the same bytes give the same bytes.
fn packed(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|why| unwritable(&why))
}

fn unpacked(bytes: &[u8]) -> Result<String, String> {
    let mut text = String::new();
    GzDecoder::new(bytes).take(LARGEST).read_to_string(&mut text).map_err(|why| why.to_string())?;
    Ok(text)
}

fn unwritable(why: &dyn std::fmt::Display) -> Problem {
    Problem::error(CODE, format!("the record cannot be written: {why}"))
}

fn unreadable(stack: &str, why: &str) -> Problem {
    Problem::error(CODE, format!("the record of stack `{stack}` cannot be read: {why}"))
        .note("it says which objects are the stack's, so nothing is changed without it; bring back a copy of it")
}

fn newer(stack: &str, format: &str) -> Problem {
    Problem::error(
        CODE,
        format!("the record of stack `{stack}` has the format `{format}`, and this homebuild knows `{FORMAT}`"),
    )
    .note("a newer homebuild wrote it; use that one: nothing was changed")
}

fn too_large(stack: &str, members: usize, used: usize) -> Problem {
    Problem::error(
        CODE,
        format!(
            "stack `{stack}` has too many objects: its record of {members} takes {used} bytes, and {ROOM} can be kept"
        ),
    )
    .note("nothing was changed; make two stacks of it")
}
