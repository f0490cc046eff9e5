//! What was seen of inputs: enough to tell later, by metadata alone, that nothing changed.

use sha2::{Digest as _, Sha256};

use super::{Stamp, short};

/// Files and folders as they were when they were read. Opaque: made by [`super::Site`], kept by [`crate::out::save`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(crate) entries: Vec<Entry>,
}

/// One name that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The folder's path below the site, with a `/` at the end; empty for the site itself.
    pub folder: String,
    /// The name in it; empty for the folder itself.
    pub name: String,
    /// How it was just before it was read.
    pub stamp: Stamp,
    /// The digest of what was read; zeros for a folder and for what is missing.
    pub digest: [u8; 32],
}

impl Entry {
    /// Whether it is a folder of the site itself, of which only what lies in it counts.
    fn says_nothing(&self) -> bool {
        self.name.is_empty() && self.folder.matches('/').count() == 1
    }
}

impl Seen {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was seen elsewhere, too.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    pub(super) fn add(&mut self, folder: &str, name: &str, stamp: Stamp, bytes: Option<&[u8]>) {
        let digest = bytes.map(|bytes| Sha256::digest(bytes).into()).unwrap_or_default();
        self.entries.push(Entry { folder: folder.into(), name: name.into(), stamp, digest });
    }

    /// The same under other names.
    pub(super) fn map(mut self, name: impl Fn(&Entry) -> (String, String)) -> Self {
        for entry in &mut self.entries {
            (entry.folder, entry.name) = name(entry);
        }
        self
    }

    /// In the order of their paths, each once.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
        self.entries.dedup_by(|a, b| (&a.folder, &a.name) == (&b.folder, &b.name));
    }

    /// The digest of all that was read, by path and content; what is sorted before. A folder of the site that is not there
    /// is one with nothing in it: a build that makes `schemas/` for what editors read changes no input.
    pub(crate) fn digest(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        for entry in self.entries.iter().filter(|entry| !entry.says_nothing()) {
            hash.update(entry.folder.as_bytes());
            hash.update(entry.name.as_bytes());
            hash.update([0, entry.stamp.kind()]);
            hash.update(entry.digest);
        }
        short(hash)
    }
}
