//! What is to be done in one stack's folder: nothing is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Dir, FileType, fstat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{Output, Text, path, sums, tree, turn::TEMPORARY};
use crate::disk::{Stamp, descriptor, failure};
use crate::problem::{Problem, Problems};

/// All that is to be done in one stack's folder.
#[derive(Debug)]
pub struct Job {
    /// The stack.
    pub stack: String,
    /// Its files, with `SHA256SUMS`, sorted by path.
    pub made: Vec<Made>,
    /// Whether the stack has no folder yet.
    pub fresh: bool,
    /// Files of earlier builds that are no longer made: paths below the stack, sorted.
    pub stale: Vec<String>,
    /// What an interrupted build left.
    pub leftovers: Vec<(String, FileType)>,
}

/// One file to be.
#[derive(Debug)]
pub struct Made {
    /// Path below the stack.
    pub path: String,
    /// All of it.
    pub text: Text,
    /// Its digest.
    pub digest: [u8; 32],
    /// What is at its path now.
    pub found: Found,
}

/// What is at the path of a file to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Other bytes, or a link.
    Other,
    /// The same bytes.
    Same(Stamp),
}

/// What is in a stack's folder, as far down as artifacts lie.
#[derive(Debug, Default)]
struct There {
    files: BTreeMap<String, FileType>,
    folders: BTreeMap<String, Dir>,
    leftovers: Vec<(String, FileType)>,
}

/// Compares what is to be with what is. `known` are paths below `out/` that an interrupted build was about to make.
pub fn compare(out: Option<BorrowedFd<'_>>, output: Output, known: &BTreeSet<String>) -> Result<Job, Problems> {
    let stack = output.stack.clone();
    let mut made = with_sums(output)?;
    let Some(folder) = open_stack(out, &stack)? else {
        return Ok(Job { stack, made, fresh: true, stale: Vec::new(), leftovers: Vec::new() });
    };
    let mut problems = Problems::new();
    let mut there = There::default();
    problems.take(survey(folder, "", &stack, &mut there).map_err(Problems::from));
    let mut bytes = Vec::new();
    for file in &mut made {
        problems.take(find(file, &stack, &there, &mut bytes).map_err(Problems::from));
    }
    let owned = owned(&there, known, &stack, made.is_empty());
    let is_made = |path: &str| made.binary_search_by(|made| made.path.as_str().cmp(path)).is_ok();
    let stale = owned.into_iter().filter(|path| there.files.contains_key(path) && !is_made(path)).collect();
    problems.or(Job { stack, made, fresh: false, stale, leftovers: there.leftovers })
}

/// The files of a stack with the digests of its modules, sorted by path.
fn with_sums(output: Output) -> Result<Vec<Made>, Problems> {
    let Output { stack, files } = output;
    let mut problems = Problems::new();
    let mut made: Vec<Made> = files
        .into_iter()
        .map(|(path, text)| {
            let digest = Sha256::digest(text.as_bytes()).into();
            Made { path: path.into(), text, digest, found: Found::Nothing }
        })
        .collect();
    made.sort_by(|a, b| a.path.cmp(&b.path));
    for file in &made {
        if let Some(why) = path::refuse(&file.path) {
            let path = format!("out/{stack}/{}", file.path.escape_debug());
            problems.push(Problem::error("bad-path", format!("`{path}` cannot be written: it has {why}")));
        }
    }
    for two in made.windows(2) {
        let (a, b) = (&two[0].path, &two[1].path);
        if a == b {
            problems.push(Problem::error("two-of-one-path", format!("two artifacts want `out/{stack}/{a}`")));
        }
    }
    let mut folded = BTreeMap::new();
    for path in made.iter().map(|made| made.path.as_str()) {
        let other = folded.insert(path.to_lowercase(), path).filter(|other| *other != path);
        problems.extend(other.map(|other| same_but_for_case(stack.as_str(), other, path)));
    }
    let paths: BTreeSet<&str> = made.iter().map(|made| made.path.as_str()).collect();
    for folder in made.iter().flat_map(|made| folders(&made.path)).collect::<BTreeSet<_>>() {
        if paths.contains(folder) {
            let message = format!("`out/{stack}/{folder}` would be a file and a folder");
            problems.push(Problem::error("two-of-one-path", message));
        }
    }
    let sums: Vec<Made> = modules(&made).map(|(module, files)| digests(module, files)).collect();
    made.extend(sums);
    made.sort_by(|a, b| a.path.cmp(&b.path));
    problems.or(made)
}

/// The problem of two names that are one to the file systems of many people's machines.
fn same_but_for_case(stack: &str, first: &str, second: &str) -> Problem {
    let message = format!("`out/{stack}/{first}` and `out/{stack}/{second}` differ only in the case of letters");
    Problem::error("two-of-one-path", message).note("macOS and Windows take them for one file: rename one")
}

/// The modules of files sorted by path, each with its files.
fn modules(made: &[Made]) -> impl Iterator<Item = (&str, &[Made])> {
    let module = |made: &Made| made.path.split_once('/').map(|(module, _)| module.len());
    made.chunk_by(move |a, b| module(a) == module(b) && module(a).is_none_or(|n| a.path[..n] == b.path[..n]))
        .filter_map(|files| Some((files[0].path.split_once('/')?.0, files)))
}

fn digests(module: &str, files: &[Made]) -> Made {
    let text = sums::text(files.iter().map(|made| (&made.path[module.len() + 1..], &made.digest)));
    let digest = Sha256::digest(text.as_bytes()).into();
    Made { path: format!("{module}/{}", sums::NAME), text: text.into(), digest, found: Found::Nothing }
}

/// The folders that a path leads through: `m/cloud-init/a` has `m` and `m/cloud-init`.
pub fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The stack's folder, if it has one.
fn open_stack(out: Option<BorrowedFd<'_>>, stack: &str) -> Result<Option<OwnedFd>, Problem> {
    let Some(out) = out else { return Ok(None) };
    match descriptor::open_folder(out, stack) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(in_the_way(&format!("out/{stack}"), error)),
    }
}

/// The problem of a link or a file where a folder must be.
pub fn in_the_way(path: &str, error: Errno) -> Problem {
    match error {
        Errno::LOOP | Errno::NOTDIR => {
            Problem::error("not-a-folder", format!("`{path}` is a link or a file, not a folder"))
                .note("homebuild writes into real folders only: take it away and build again")
        }
        _ => failure("read", path, error),
    }
}

/// Looks at a folder and those below it, two deep; links and what lies deeper are foreign.
fn survey(folder: OwnedFd, prefix: &str, stack: &str, there: &mut There) -> Result<(), Problem> {
    let here = format!("out/{stack}/{prefix}");
    let fail = |error| failure("read", here.trim_end_matches('/'), error);
    let (dir, names) = descriptor::list(folder).map_err(fail)?;
    for listed in names {
        // A name that is not UTF-8 is none of ours.
        let Ok(name) = listed.name.to_str() else { continue };
        let path = format!("{prefix}{name}");
        if name.starts_with(TEMPORARY) {
            there.leftovers.push((path, listed.kind));
            continue;
        }
        if listed.kind == FileType::Directory && prefix.matches('/').count() < 2 {
            let inner = descriptor::open_folder(dir.fd().map_err(fail)?, name).map_err(fail)?;
            survey(inner, &format!("{path}/"), stack, there)?;
        }
        there.files.insert(path, listed.kind);
    }
    there.folders.insert(prefix.trim_end_matches('/').to_owned(), dir);
    Ok(())
}

/// What is at a file's path now.
fn find(made: &mut Made, stack: &str, there: &There, bytes: &mut Vec<u8>) -> Result<(), Problem> {
    for folder in folders(&made.path) {
        match there.files.get(folder) {
            None => return Ok(()),
            Some(FileType::Directory) => {}
            Some(_) => return Err(in_the_way(&format!("out/{stack}/{folder}"), Errno::NOTDIR)),
        }
    }
    let (folder, name) = made.path.rsplit_once('/').unwrap_or(("", &made.path));
    let full = || format!("out/{stack}/{}", made.path);
    match (there.files.get(&made.path), there.folders.get(folder)) {
        (Some(FileType::Directory), _) => return Err(tree::refused("write", &full(), Errno::ISDIR)),
        (Some(FileType::RegularFile), Some(folder)) => {
            let found = folder.fd().and_then(|folder| same(folder, name, made.text.as_bytes(), bytes));
            made.found = found.map_err(|error| failure("read", &full(), error))?.map_or(Found::Other, Found::Same);
        }
        (Some(_), _) => made.found = Found::Other,
        (None, _) => {}
    }
    Ok(())
}

/// The stamp of a file that holds these bytes, taken before it was read.
fn same(at: BorrowedFd<'_>, name: &str, text: &[u8], bytes: &mut Vec<u8>) -> Result<Option<Stamp>, Errno> {
    let file = match descriptor::open_file(at, name) {
        // What may not be read may still be replaced.
        Err(Errno::NOENT | Errno::LOOP | Errno::ACCESS) => return Ok(None),
        opened => opened?,
    };
    let stamp = Stamp::of(&fstat(&file)?);
    if !stamp.is_file() || stamp.size != text.len() as u64 {
        return Ok(None);
    }
    bytes.clear();
    descriptor::fill(&file, text.len(), bytes)?;
    Ok((bytes == text).then_some(stamp))
}

/// What is at the path of a file of the site as a whole.
pub fn compare_file(folder: BorrowedFd<'_>, name: &str, text: &[u8]) -> Result<Found, Errno> {
    let there = descriptor::stamp(folder, name)?;
    if there.is_folder() {
        return Err(Errno::ISDIR);
    }
    let same = if there.is_file() { same(folder, name, text, &mut Vec::new())? } else { None };
    Ok(same.map_or(if there.exists() { Found::Other } else { Found::Nothing }, Found::Same))
}

/// The paths below a stack that earlier builds made: what its modules' digests list, the digests themselves, the stack's
/// lock, and what an interrupted build was about to make.
fn owned(there: &There, known: &BTreeSet<String>, stack: &str, gone: bool) -> BTreeSet<String> {
    let prefix = format!("{stack}/");
    let mut owned: BTreeSet<String> =
        known.range(prefix.clone()..).map_while(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect();
    if gone {
        owned.insert("stack.lock".to_owned());
    }
    let mut bytes = Vec::new();
    for (module, folder) in there.folders.iter().filter(|(path, _)| !path.is_empty() && !path.contains('/')) {
        let Ok(folder) = folder.fd() else { continue };
        if descriptor::read(folder, sums::NAME, u64::MAX >> 1, &mut bytes).is_ok() {
            let text = String::from_utf8_lossy(&bytes);
            owned.extend(sums::paths(&text).map(|path| format!("{module}/{path}")));
            owned.insert(format!("{module}/{}", sums::NAME));
        }
    }
    owned.retain(|path| there.files.get(path).is_some_and(|kind| *kind != FileType::Directory));
    owned
}
