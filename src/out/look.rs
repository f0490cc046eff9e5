//! The look that tells whether what the last build kept still holds.
//!
//! Metadata first: one fingerprint over the stamps of a stack's files. Where it differs, or where it was taken too soon
//! after a change to be trusted, the contents are read and compared; only those decide that a stack must be built.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rustix::fs::{FileType, Mode as Bits, OFlags, openat};
use sha2::{Digest as _, Sha256};

use super::memory::{self, Head, Kept, Memory, Names, Part, Record, decode};
use super::program::Program;
use super::{Turn, sums, turn::TEMPORARY};
use crate::disk::{Fingerprint, Print, Seen, Site, Stamp, descriptor};
use crate::problem::Problems;

/// What a look says of one stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Sources and files in `out/` are as the last build saw and left them.
    Same,
    /// The last build did not know it.
    New,
    /// The program or a shared file (`homebuild.yaml`, layouts, partials, schemas, secrets) is not what it was built with.
    Shared,
    /// One of its sources changed, came or went.
    Sources,
    /// One of its files in `out/` is not what the build left.
    Outputs,
}

/// The state of the site against what the last build kept.
#[derive(Debug)]
pub struct Look {
    /// The shared files, and what is made of them alone.
    pub shared: State,
    /// Each stack that the site has now.
    pub stacks: BTreeMap<String, State>,
    /// Whether something may be left in `out/` of stacks that are gone, or of an interrupted build.
    pub left: bool,
    pub(super) memory: Memory,
    pub(super) records: BTreeMap<String, Range<usize>>,
    /// Records that hold after contents were read, with the stamps of now.
    pub(super) refreshed: BTreeMap<String, Vec<u8>>,
    pub(super) program: ([u8; 16], bool),
    pub(super) stacks_kept: Kept,
    pub(super) out_kept: Kept,
}

impl Look {
    /// Whether there is nothing to do, for the stacks in scope.
    #[must_use]
    pub fn is_quiet(&self, scope: Option<&BTreeSet<String>>) -> bool {
        let whole = scope.is_some() || !self.left;
        whole && self.shared == State::Same && self.stale(scope).is_empty()
    }

    /// The stacks in scope that must be built, sorted.
    #[must_use]
    pub fn stale(&self, scope: Option<&BTreeSet<String>>) -> Vec<String> {
        let stale = self.stacks.iter().filter(|(_, state)| **state != State::Same).map(|(name, _)| name);
        stale.filter(|name| scope.is_none_or(|scope| scope.contains(*name))).cloned().collect()
    }

    /// What the program kept of a stack that is [`State::Same`]: its warnings. Empty where none.
    #[must_use]
    pub fn warnings(&self, stack: &str) -> &[u8] {
        self.record(stack).map_or(&[], |record| record.warnings)
    }

    /// What the program kept of a stack when it was last built: its summary. Empty where nothing is known of it.
    #[must_use]
    pub fn summary(&self, stack: &str) -> &[u8] {
        self.record(stack).map_or(&[], |record| record.summary)
    }

    /// How many artifacts a stack that is [`State::Same`] has.
    #[must_use]
    pub fn artifacts(&self, stack: &str) -> usize {
        self.record(stack).map_or(0, |record| record.artifacts as usize)
    }

    /// What the program kept of the site as a whole: its warnings and its summary.
    #[must_use]
    pub fn site(&self) -> (&[u8], &[u8]) {
        self.record("").map_or((&[], &[]), |record| (record.warnings, record.summary))
    }

    fn record(&self, name: &str) -> Option<Head<'_>> {
        memory::head(self.kept(name)?)
    }

    /// The bytes of a record, if there is one.
    pub(super) fn kept(&self, name: &str) -> Option<&[u8]> {
        let old = || self.records.get(name).map(|range| self.memory.bytes(range));
        self.refreshed.get(name).map(Vec::as_slice).or_else(old)
    }
}

/// Looks at the metadata of everything that the last build read and wrote. What is missing, corrupt, or of another
/// version in `.homebuild/` is a build from nothing, never a problem.
pub fn look(turn: &Turn, program: &Program) -> Result<Look, Problems> {
    let memory = turn.recall(memory::NAME).and_then(Memory::decode).unwrap_or_default();
    let interrupted = turn.interrupted();
    let (stacks_kept, names) = stack_names(turn, &memory)?;
    let mut look = Look {
        shared: State::New,
        stacks: names.into_iter().map(|name| (name, State::New)).collect(),
        left: true,
        records: BTreeMap::new(),
        refreshed: BTreeMap::new(),
        program: program.sum(turn.clock()),
        stacks_kept,
        out_kept: Kept::default(),
        memory,
    };
    let ranges = look.memory.ranges();
    let Some(eyes) = Eyes::open(turn) else { return Ok(look) };
    let Some(site) =
        ranges.first().and_then(|range| decode(look.memory.bytes(range))).filter(|r| r.head.name.is_empty())
    else {
        return Ok(look);
    };
    let shared = eyes.shared(&site);
    let content = shared.content.unwrap_or_default();
    let world = memory::world(&look.program.0, &content);
    let broken: BTreeSet<&str> =
        interrupted.iter().flatten().filter_map(|path| path.split_once('/')).map(|(stack, _)| stack).collect();
    let found: Vec<(Record<'_>, Range<usize>, Seeing)> = ranges[1..]
        .par_iter()
        .with_min_len(16)
        .filter_map(|range| {
            let record = decode(look.memory.bytes(range))?;
            let seeing = match look.stacks.contains_key(record.head.name) {
                true if record.world != world => Seeing::state(State::Shared),
                true if broken.contains(record.head.name) => Seeing::state(State::Outputs),
                true => eyes.stack(&record),
                false => return None,
            };
            Some((record, range.clone(), seeing))
        })
        .collect();
    let mut states = BTreeMap::new();
    let site_range = ranges[0].clone();
    let mut records = BTreeMap::from([(String::new(), site_range)]);
    let mut refreshed = BTreeMap::new();
    for (record, range, seeing) in found {
        records.insert(record.head.name.to_owned(), range);
        states.insert(record.head.name.to_owned(), seeing.state);
        refreshed.extend(seeing.fresh.map(|fresh| (record.head.name.to_owned(), fresh)));
    }
    refreshed.extend(shared.seeing.fresh.map(|fresh| (String::new(), fresh)));
    let (out_kept, left) = eyes.out(&look.memory.header.out, &look.stacks);
    let gone = records.len() < ranges.len();
    look.shared = if site.world == world { shared.seeing.state } else { State::Shared };
    look.left = left || gone || interrupted.is_some();
    look.out_kept = if look.left { Kept::default() } else { out_kept };
    look.stacks.extend(states);
    look.records = records;
    look.refreshed = refreshed;
    Ok(look)
}

/// The names of the stacks: those of the last build if `stacks/` proves to be unchanged, else what is there.
fn stack_names(turn: &Turn, memory: &Memory) -> Result<(Kept, Vec<String>), Problems> {
    let stamp = descriptor::stamp(turn.site.descriptor(), "stacks").unwrap_or(Stamp::MISSING);
    let old = &memory.header.stacks;
    if stamp.is_folder() && old.proves(&print_of(&stamp, turn.device())) {
        let known = memory.ranges().iter().filter_map(|range| memory::head(memory.bytes(range)));
        return Ok((*old, known.map(|head| head.name.to_owned()).filter(|name| !name.is_empty()).collect()));
    }
    let stacks = turn.site.list_stacks()?;
    let print = print_of(&stacks.stamp.unwrap_or(Stamp::MISSING), turn.device());
    let mut kept = Kept::new(&print, turn.clock(), turn.clock());
    kept.settled &= stacks.certain;
    Ok((kept, stacks.names))
}

/// The fingerprint of one stamp.
pub(super) fn print_of(stamp: &Stamp, device: u64) -> Print {
    let mut print = Fingerprint::default();
    print.found(stamp, device);
    print.finish()
}

/// What was seen of one record.
struct Seeing {
    state: State,
    /// The record with the stamps of now, where they differ from those of then and contents do not.
    fresh: Option<Vec<u8>>,
}

impl Seeing {
    fn state(state: State) -> Self {
        Self { state, fresh: None }
    }
}

struct Shared {
    seeing: Seeing,
    /// The digest of the shared files' contents, where they could be read.
    content: Option<[u8; 16]>,
}

/// The folders through which everything is looked at.
struct Eyes<'a> {
    site: &'a Site,
    stacks: OwnedFd,
    out: OwnedFd,
    clock: i64,
    device: u64,
}

impl<'a> Eyes<'a> {
    fn open(turn: &Turn<'a>) -> Option<Self> {
        let site = turn.site;
        let open = |name| open_path(site.descriptor(), name);
        let (stacks, out) = (open("stacks")?, open("out")?);
        Some(Self { site, stacks, out, clock: turn.clock(), device: turn.device() })
    }

    fn shared(&self, record: &Record<'_>) -> Shared {
        let inputs = self.confirm(&record.inputs, self.site.descriptor(), "", || {
            let mut seen = self.reread(record.inputs.paths)?;
            seen.sort();
            Some(Part::of_inputs(&seen, "", self.device))
        });
        let at = self.site.descriptor();
        let outputs = self.confirm(&record.outputs, at, "", || self.output(at, &record.outputs, "", ""));
        let content = match &inputs {
            Found::Proved => Some(record.inputs.content),
            Found::Read(part) => Some(part.names(self.clock, self.clock).content),
            Found::Unreadable => None,
        };
        Shared { seeing: self.judge(record, &inputs, &outputs), content }
    }

    fn stack(&self, record: &Record<'_>) -> Seeing {
        let name = record.head.name;
        let prefix = format!("{name}/");
        let base = format!("stacks/{name}/");
        let inputs = self.confirm(&record.inputs, self.stacks.as_fd(), &prefix, || {
            let folder = self.site.stack(name).ok()?;
            Some(Part::of_inputs(&folder.seen, &base, self.device))
        });
        let at = self.out.as_fd();
        let outputs = self.confirm(&record.outputs, at, &prefix, || self.output(at, &record.outputs, &prefix, name));
        self.judge(record, &inputs, &outputs)
    }

    /// Whether names are as they were, by their stamps or, where those do not prove it, by their contents.
    fn confirm(
        &self,
        names: &Names<'_>,
        at: BorrowedFd<'_>,
        prefix: &str,
        read: impl FnOnce() -> Option<Part>,
    ) -> Found {
        if names.kept.proves(&stamps(at, prefix, names.paths, self.device)) {
            return Found::Proved;
        }
        read().map_or(Found::Unreadable, Found::Read)
    }

    fn judge(&self, record: &Record<'_>, inputs: &Found, outputs: &Found) -> Seeing {
        if !inputs.hold(&record.inputs) {
            return Seeing::state(State::Sources);
        }
        if !outputs.hold(&record.outputs) {
            return Seeing::state(State::Outputs);
        }
        let fresh = Record {
            inputs: inputs.names(&record.inputs, self.clock),
            outputs: outputs.names(&record.outputs, self.clock),
            ..*record
        };
        Seeing { state: State::Same, fresh: (fresh != *record).then(|| fresh.encode()) }
    }

    /// Reads again what `paths` name below the site.
    fn reread(&self, paths: &str) -> Option<Seen> {
        let mut seen = Seen::new();
        let mut root = "";
        for (folder, files) in memory::folders(paths) {
            match folder {
                None => {
                    for name in files.lines() {
                        seen.extend(self.site.again(name).ok()?);
                    }
                }
                Some(folder) if !root.is_empty() && folder.starts_with(root) => {}
                Some(folder) => {
                    root = folder;
                    seen.extend(self.site.folder(folder.trim_end_matches('/')).ok()?.seen);
                }
            }
        }
        Some(seen)
    }

    /// Reads the outputs of a stack again, below `base`; none if one is missing, or a module is there that the stack does
    /// not have.
    fn output(&self, base: BorrowedFd<'_>, names: &Names<'_>, prefix: &str, stack: &str) -> Option<Part> {
        let mut known = BTreeMap::new();
        let mut files = Vec::new();
        let mut bytes = Vec::new();
        for (folder, inside) in memory::folders(names.paths) {
            let folder = folder.map(|folder| folder.trim_end_matches('/'));
            let path = format!("{prefix}{}", folder.unwrap_or_default());
            let path = path.trim_end_matches('/');
            let at = if path.is_empty() { base.try_clone_to_owned().ok()? } else { open_nofollow(base, path)? };
            if let Some(folder) = folder {
                known.insert(folder, Stamp::of(&rustix::fs::fstat(&at).ok()?));
            }
            for name in inside.lines() {
                let stamp = descriptor::read(at.as_fd(), name, u64::MAX >> 1, &mut bytes).ok()?;
                let folder = folder.unwrap_or_default();
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                let digest: [u8; 32] = Sha256::digest(&bytes).into();
                files.push((path, digest, (stamp, false)));
            }
        }
        if !stack.is_empty() && self.has_other_modules(stack, &known)? {
            return None;
        }
        let files = files.iter().map(|(path, digest, left)| (path.as_str(), digest, Some(left)));
        Some(Part::of_outputs(&known, files, self.device))
    }

    fn has_other_modules(&self, stack: &str, known: &BTreeMap<&str, Stamp>) -> Option<bool> {
        let (dir, names) = descriptor::list(descriptor::open_folder(&self.out, stack).ok()?).ok()?;
        let at = dir.fd().ok()?;
        Some(names.iter().filter(|listed| listed.kind == FileType::Directory).any(|listed| {
            let Ok(name) = listed.name.to_str() else { return false };
            let sums = || descriptor::stamp(at, &format!("{name}/{}", sums::NAME));
            name.starts_with(TEMPORARY) || (!known.contains_key(name) && sums().is_ok_and(|stamp| stamp.exists()))
        }))
    }

    /// Whether `out/` has anything of stacks that are gone; the folder's own stamp proves that nothing came.
    fn out(&self, old: &Kept, stacks: &BTreeMap<String, State>) -> (Kept, bool) {
        let Ok(stat) = rustix::fs::fstat(&self.out) else { return (Kept::default(), true) };
        let print = print_of(&Stamp::of(&stat), self.device);
        if old.proves(&print) {
            return (*old, false);
        }
        let gone = super::rest::survey(self.out.as_fd(), &|name| stacks.contains_key(name));
        match gone {
            Ok(rest) if rest.is_empty() => (Kept::new(&print, self.clock, self.clock), false),
            _ => (Kept::default(), true),
        }
    }
}

/// What a look at some names found.
enum Found {
    /// Their stamps prove that they are as they were.
    Proved,
    /// They were read.
    Read(Part),
    /// They could not be.
    Unreadable,
}

impl Found {
    fn hold(&self, then: &Names<'_>) -> bool {
        match self {
            Self::Proved => true,
            Self::Read(part) => {
                let now = part.names(i64::MIN, i64::MIN);
                now.content == then.content && now.paths == then.paths
            }
            Self::Unreadable => false,
        }
    }

    fn names<'a>(&'a self, then: &Names<'a>, clock: i64) -> Names<'a> {
        match self {
            Self::Read(part) => part.names(clock, clock),
            Self::Proved | Self::Unreadable => *then,
        }
    }
}

/// The fingerprint of names below `at`, each with a prefix.
fn stamps(at: BorrowedFd<'_>, prefix: &str, paths: &str, device: u64) -> Print {
    let mut print = Fingerprint::default();
    let mut path = String::with_capacity(256);
    let mut add = |at: BorrowedFd<'_>, name: &str| {
        print.found(&descriptor::stamp(at, name).unwrap_or(Stamp::MISSING), device);
    };
    for (folder, files) in memory::folders(paths) {
        let here = folder.unwrap_or("/");
        path.clear();
        path.push_str(prefix);
        path.push_str(if here == "/" { "" } else { here });
        if folder.is_some() {
            add(at, path.trim_end_matches('/'));
        }
        let start = path.len();
        // A folder that is opened once makes each name cheaper; a few names are not worth it.
        let opened = if files.len() > MANY { open_path(at, path.trim_end_matches('/')) } else { None };
        for name in files.lines() {
            if let Some(folder) = &opened {
                add(folder.as_fd(), name);
                continue;
            }
            path.truncate(start);
            let _ = write!(path, "{name}");
            add(at, &path);
        }
    }
    print.finish()
}

/// How many bytes of names make a folder worth opening.
const MANY: usize = 64;

/// Opens a folder for looking only.
fn open_path(at: impl AsFd, name: &str) -> Option<OwnedFd> {
    openat(at, name, OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Bits::empty()).ok()
}

/// Opens a folder some levels down; no level may be a link.
fn open_nofollow(at: BorrowedFd<'_>, path: &str) -> Option<OwnedFd> {
    path.split('/').try_fold(at.try_clone_to_owned().ok()?, open_path)
}
