//! Keeping what a build saw.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;

use rustix::io::Errno;

use super::look::{Look, print_of};
use super::memory::{self, Head, Header, Kept, Memory, Part, Record, decode};
use super::{Mode, Turn, Written, rest};
use crate::disk::{Seen, Stamp, descriptor};
use crate::problem::Problem;

/// What the program wants kept: of a stack, or of the site as a whole (then `seen` are the shared files and the name is
/// empty).
#[derive(Debug, Default)]
pub struct Keep {
    /// The stack's name.
    pub stack: String,
    /// What was read to build it, as [`crate::disk::Folder::seen`] says.
    pub seen: Seen,
    /// Any bytes: read back by [`Look::warnings`]. Few stacks have any; they are all that a quiet build reads.
    pub warnings: Vec<u8>,
    /// Any bytes: read back by [`Look::summary`].
    pub summary: Vec<u8>,
}

/// Ends a quiet build: what had to be read to be sure (a touched file, a fresh checkout) is looked at only next time.
pub fn refresh(turn: &Turn, look: &Look) {
    let old = &look.memory.header;
    let header = header(look);
    let same = (&old.stacks, &old.out) == (&header.stacks, &header.out);
    if turn.mode == Mode::Write && !(same && look.refreshed.is_empty()) {
        // The next build is slower if this fails, and nothing else.
        let _ = store(turn, header, look, &BTreeMap::new());
    }
}

/// Keeps what this build saw. `site` is the site as a whole, `built` the stacks that were built; the rest stays as it
/// was. A failure is a warning: the build is done, only the next one is slower.
#[must_use]
pub fn save(turn: &Turn, look: &Look, written: &Written, site: Keep, built: Vec<Keep>) -> Option<Problem> {
    if turn.mode == Mode::Check || !look.program.1 {
        return None;
    }
    keep(turn, look, written, site, built).err().map(|error| {
        let mut problem = super::tree::refused("write", ".homebuild/memory", error);
        problem.level = crate::problem::Level::Warning;
        problem.note("`out/` is complete; the next build will do all of it again")
    })
}

fn keep(turn: &Turn, look: &Look, written: &Written, mut site: Keep, built: Vec<Keep>) -> Result<(), Errno> {
    site.seen.sort();
    let world = memory::world(&look.program.0, &site.seen.digest());
    let mut header = header(look);
    header.out = out_kept(turn, look)?;
    // All of `out/` was written before this.
    let after = turn.tick()?;
    let mut records = BTreeMap::new();
    if !written.parts.contains_key("") {
        records.extend(same_site(look, &site).map(|record| (String::new(), record)));
    }
    for mut one in built.into_iter().chain([site]) {
        let Some(output) = written.parts.get(&one.stack) else { continue };
        one.seen.sort();
        let base = if one.stack.is_empty() { String::new() } else { format!("stacks/{}/", one.stack) };
        let input = Part::of_inputs(&one.seen, &base, turn.device());
        let artifacts = written.stacks.get(&one.stack).map_or(0, |changes| changes.artifacts);
        let record = Record {
            head: Head {
                name: &one.stack,
                artifacts: u32::try_from(artifacts).unwrap_or(u32::MAX),
                warnings: &one.warnings,
                summary: &one.summary,
            },
            world,
            inputs: input.names(turn.clock(), turn.clock()),
            outputs: output.names(turn.clock(), after),
        };
        let bytes = record.encode();
        records.insert(one.stack, bytes);
    }
    store(turn, header, look, &records)
}

/// The record of a site whose shared files and own outputs are what they were: only what is said of it is new.
fn same_site(look: &Look, site: &Keep) -> Option<Vec<u8>> {
    let old = decode(look.kept("")?)?;
    let head = Head { warnings: &site.warnings, summary: &site.summary, ..old.head };
    Some(Record { head, ..old }.encode())
}

fn header(look: &Look) -> Header {
    Header { stacks: look.stacks_kept, out: look.out_kept, lengths: Vec::new() }
}

/// The stamp of `out/`, taken before its names are looked at once more.
fn out_kept(turn: &Turn, look: &Look) -> Result<Kept, Errno> {
    let out = descriptor::open_folder(turn.site.descriptor(), "out")?;
    let print = print_of(&Stamp::of(&rustix::fs::fstat(&out)?), turn.device());
    if look.out_kept.proves(&print) {
        return Ok(look.out_kept);
    }
    let before = turn.tick()?;
    let rest = rest::survey(out.as_fd(), &|name| look.stacks.contains_key(name))?;
    Ok(if rest.is_empty() { Kept::new(&print, before, before) } else { Kept::default() })
}

fn store(turn: &Turn, header: Header, look: &Look, new: &BTreeMap<String, Vec<u8>>) -> Result<(), Errno> {
    let names = std::iter::once("").chain(look.stacks.keys().map(String::as_str));
    let records: Vec<&[u8]> =
        names.filter_map(|name| new.get(name).map(Vec::as_slice).or_else(|| look.kept(name))).collect();
    // A stack that is new and out of scope has no record: the list of stacks is then not that of the records, and its
    // files in `out/` are not missed when it goes.
    let mut header = header;
    let whole = records.len() == look.stacks.len() + 1;
    header.stacks.settled &= whole;
    header.out.settled &= whole;
    let bytes = Memory::encode(header, &records);
    // To rename over a file makes ext4 write the new one to the disk at once; to have no memory for a moment is harmless.
    turn.forget(memory::NAME)?;
    turn.keep(memory::NAME, &bytes)
}
