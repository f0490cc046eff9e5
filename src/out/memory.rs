//! What a build keeps in `.homebuild/memory`: of each stack the names of what it read and wrote, with one fingerprint of
//! their metadata and one digest of their contents.
//!
//! The file is a line that names its version, a SHA-256 over the rest, a [`Header`], and a [`Record`] each for the site as
//! a whole (under the empty name) and for each stack, sorted by name. Names are a text of lines in the order of their
//! stamps: `folder/` is a folder and the one of the lines after it, `/` the stack's own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::disk::{Fingerprint, Print, Seen, Stamp, short};

/// The name of the file in `.homebuild/`.
pub const NAME: &str = "memory";

/// First line; another version of the format has another one.
const MAGIC: &[u8] = b"homebuild memory 2\n";

/// What is known of the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The folder `stacks/`.
    pub stacks: Kept,
    /// The folder `out/`, when nothing in it was left of stacks that are gone.
    pub out: Kept,
    /// How many bytes each record has.
    pub lengths: Vec<u32>,
}

/// A fingerprint, and whether it can be trusted: a fresh one can hide a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The fingerprint's sum.
    pub sum: [u8; 16],
    /// Whether a later change shows.
    pub settled: bool,
}

impl Kept {
    /// A fingerprint to keep; for the clocks see [`Print::is_settled`].
    pub fn new(print: &Print, before: i64, after: i64) -> Self {
        Self { sum: print.sum, settled: print.is_settled(before, after) }
    }

    /// Whether this print proves that nothing changed.
    pub fn proves(&self, print: &Print) -> bool {
        self.settled && self.sum == print.sum
    }
}

/// What is known of a stack, or of the site as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// What can be read without the rest.
    #[serde(borrow)]
    pub head: Head<'a>,
    /// The program and the shared files that it was built with.
    pub world: [u8; 16],
    /// What was read.
    #[serde(borrow)]
    pub inputs: Names<'a>,
    /// What was written.
    #[serde(borrow)]
    pub outputs: Names<'a>,
}

/// The beginning of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head<'a> {
    /// The stack's name.
    pub name: &'a str,
    /// How many artifacts it has.
    pub artifacts: u32,
    /// The program's own.
    pub warnings: &'a [u8],
    /// The program's own.
    pub summary: &'a [u8],
}

/// Some names, how they were, and what was in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names<'a> {
    /// One a line.
    pub paths: &'a str,
    /// Their metadata.
    pub kept: Kept,
    /// Their contents.
    pub content: [u8; 16],
}

/// The same while it is made.
#[derive(Debug, Default, Clone)]
pub struct Part {
    paths: String,
    print: Print,
    content: [u8; 16],
}

impl Part {
    /// What was read; `base` is the folder below which the names count.
    pub fn of_inputs(seen: &Seen, base: &str, device: u64) -> Self {
        let mut part = Writing::default();
        for entry in &seen.entries {
            part.line(entry.folder.strip_prefix(base).unwrap_or(&entry.folder), &entry.name);
            part.prints.found(&entry.stamp, device);
        }
        Self { paths: part.paths, print: part.prints.finish(), content: seen.digest() }
    }

    /// What was written: folders, and files with their digests, how they were left, and whether we made them. A file in
    /// none of the folders stands with its whole path.
    pub fn of_outputs<'a>(
        folders: &BTreeMap<&str, Stamp>,
        files: impl Iterator<Item = (&'a str, &'a [u8; 32], Option<&'a (Stamp, bool)>)>,
        device: u64,
    ) -> Self {
        let split = |path: &'a str| path.rsplit_once('/').filter(|(folder, _)| folders.contains_key(folder));
        let mut sorted: Vec<_> =
            files.map(|(path, digest, left)| (split(path).unwrap_or(("", path)), digest, left)).collect();
        sorted.sort_by_key(|(path, ..)| *path);
        let mut files = sorted.into_iter().peekable();
        let mut part = Writing::default();
        let mut content = Sha256::new();
        // Files of the base come first where the base itself is no part of it, as with the site's own files.
        let mut rest = folders.iter().peekable();
        loop {
            let next = files.peek().map(|((folder, _), ..)| *folder);
            if let Some((folder, stamp)) = rest.next_if(|(folder, _)| next.is_none_or(|next| **folder <= next)) {
                part.line(&format!("{folder}/"), "");
                part.prints.made(stamp, device);
                continue;
            }
            let Some(((folder, name), digest, left)) = files.next() else { break };
            part.line(folder, name);
            add_content(&mut content, folder, name, digest);
            match left {
                Some((stamp, true)) => part.prints.made(stamp, device),
                Some((stamp, false)) => part.prints.found(stamp, device),
                None => part.prints.found(&Stamp::MISSING, device),
            }
        }
        Self { paths: part.paths, print: part.prints.finish(), content: short(content) }
    }

    /// The part as it is kept.
    pub fn names(&self, before: i64, after: i64) -> Names<'_> {
        Names { paths: &self.paths, kept: Kept::new(&self.print, before, after), content: self.content }
    }
}

/// Adds a file to the digest of all contents.
pub fn add_content(content: &mut Sha256, folder: &str, name: &str, digest: &[u8; 32]) {
    content.update(folder.as_bytes());
    content.update([0]);
    content.update(name.as_bytes());
    content.update([0]);
    content.update(digest);
}

#[derive(Default)]
struct Writing {
    paths: String,
    prints: Fingerprint,
}

impl Writing {
    /// A file in the folder of the last folder's line, or a folder, which ends in `/`.
    fn line(&mut self, folder: &str, name: &str) {
        let _ = match name {
            "" if folder.is_empty() => writeln!(self.paths, "/"),
            "" => writeln!(self.paths, "{folder}"),
            name => writeln!(self.paths, "{name}"),
        };
    }
}

/// The folders of a text of names, each with its files: the first one, without a name, has those of the base.
pub fn folders(paths: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut rest = paths;
    let mut first = true;
    std::iter::from_fn(move || {
        let head = std::mem::take(&mut first);
        if rest.is_empty() && !head {
            return None;
        }
        let mut folder = None;
        if !head {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            (folder, rest) = (Some(line), after);
        }
        // The files reach to the next line that ends in `/`.
        let end = match (rest.starts_with('/'), rest.find("/\n")) {
            (true, _) => 0,
            (false, Some(at)) => rest[..at].rfind('\n').map_or(0, |at| at + 1),
            (false, None) => rest.len(),
        };
        let (files, after) = rest.split_at(end);
        rest = after;
        Some((folder, files))
    })
}

/// The file, read and found whole.
#[derive(Debug, Default)]
pub struct Memory {
    /// What is known of the whole.
    pub header: Header,
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Memory {
    /// What the bytes hold; none if they are not whole or of another version.
    pub fn decode(bytes: Vec<u8>) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (digest, body) = rest.split_at_checked(32)?;
        if Sha256::digest(body)[..] != *digest {
            return None;
        }
        let (header, records) = postcard::take_from_bytes::<Header>(body).ok()?;
        let mut at = bytes.len() - records.len();
        let mut ranges = Vec::with_capacity(header.lengths.len());
        for length in &header.lengths {
            let end = at.checked_add(usize::try_from(*length).ok()?)?;
            ranges.push(at..end);
            at = end;
        }
        (at == bytes.len()).then_some(Self { header, bytes, ranges })
    }

    /// The bytes of a file with these records.
    pub fn encode(mut header: Header, records: &[&[u8]]) -> Vec<u8> {
        header.lengths = records.iter().map(|record| u32::try_from(record.len()).unwrap_or(u32::MAX)).collect();
        let mut bytes = Vec::with_capacity(records.iter().map(|record| record.len() + 8).sum::<usize>() + 256);
        bytes.extend(MAGIC);
        bytes.extend([0; 32]);
        bytes.extend(postcard::to_stdvec(&header).unwrap_or_default());
        for record in records {
            bytes.extend_from_slice(record);
        }
        let start = MAGIC.len() + 32;
        let digest = Sha256::digest(&bytes[start..]);
        bytes[MAGIC.len()..start].copy_from_slice(&digest);
        bytes
    }

    /// Where the records lie.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The bytes of one record.
    pub fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

impl Record<'_> {
    /// The record as it is kept.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }
}

/// The record in some bytes.
pub fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    postcard::from_bytes(bytes).ok()
}

/// The beginning of the record in some bytes.
pub fn head(bytes: &[u8]) -> Option<Head<'_>> {
    postcard::take_from_bytes(bytes).ok().map(|(head, _)| head)
}

/// The program and the shared files, as one value.
pub fn world(program: &[u8; 16], shared: &[u8; 16]) -> [u8; 16] {
    short(Sha256::new_with_prefix(program).chain_update(shared))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record<'static> {
        let names = Names { paths: "/\nstack.yaml\n", kept: Kept::default(), content: [7; 16] };
        let head = Head { name: "ntfy", artifacts: 9, warnings: b"", summary: b"abc" };
        Record { head, world: [1; 16], inputs: names, outputs: names }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let bytes = Memory::encode(Header::default(), &[&record().encode(), &record().encode()]);
        let memory = Memory::decode(bytes).expect("whole");
        assert_eq!(memory.ranges().len(), 2);
        assert_eq!(decode(memory.bytes(&memory.ranges()[1])), Some(record()));
        assert_eq!(head(memory.bytes(&memory.ranges()[1])), Some(record().head));
    }

    #[test]
    fn a_memory_with_any_byte_changed_or_missing_is_none() {
        let bytes = Memory::encode(Header::default(), &[&record().encode()]);
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x40;
            assert!(Memory::decode(broken).is_none(), "byte {at}");
            assert!(Memory::decode(bytes[..at].to_vec()).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn names_are_read_folder_by_folder() {
        let all = |paths| folders(paths).map(|(f, n)| (f, n.lines().collect::<Vec<_>>())).collect::<Vec<_>>();
        assert_eq!(
            all("a\nsecrets/b\nlayouts/\nc\nlayouts/d/\nschemas/\n"),
            [
                (None, vec!["a", "secrets/b"]),
                (Some("layouts/"), vec!["c"]),
                (Some("layouts/d/"), vec![]),
                (Some("schemas/"), vec![])
            ]
        );
        assert_eq!(all("/\nstack.yaml\n"), [(None, vec![]), (Some("/"), vec!["stack.yaml"])]);
        assert_eq!(all(""), [(None, vec![])]);
    }
}
