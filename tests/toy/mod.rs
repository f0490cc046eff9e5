//! A build so small that it hides nothing: `stack.yaml` has lines `PATH=TEXT`, each a file of `out/`; `layouts/prefix`
//! stands before every text. Reading, looking, writing and keeping are the real ones.

#![allow(dead_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use homebuild::disk::Site;
use homebuild::out::{self, Changes, File, Keep, Look, Mode, Output, Program, Turn, Written};
use homebuild::problem::{Problem, Problems};

/// What a toy build did.
#[derive(Debug, Default)]
pub struct Did {
    /// Stacks that were built.
    pub built: Vec<String>,
    /// Whether the look said that nothing is to be done.
    pub quiet: bool,
    /// What was written, by stack.
    pub written: Written,
    /// A failure to keep.
    pub warning: Option<Problem>,
}

impl Did {
    /// All changes of one kind, below `out/`.
    pub fn all(&self, kind: impl Fn(&Changes) -> &Vec<String>) -> Vec<String> {
        let paths = self.written.stacks.values().flat_map(kind);
        paths.map(|path| path.strip_prefix("out/").expect("a path in out/").to_owned()).collect()
    }

    pub fn added(&self) -> Vec<String> {
        self.all(|changes| &changes.added)
    }

    pub fn changed(&self) -> Vec<String> {
        self.all(|changes| &changes.changed)
    }

    pub fn removed(&self) -> Vec<String> {
        self.all(|changes| &changes.removed)
    }
}

pub fn build(root: &Path) -> Result<Did, Problems> {
    run(root, Mode::Write, None)
}

pub fn check(root: &Path) -> Result<Did, Problems> {
    run(root, Mode::Check, None)
}

pub fn run(root: &Path, mode: Mode, scope: Option<&[&str]>) -> Result<Did, Problems> {
    let scope: Option<BTreeSet<String>> = scope.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let scope = scope.as_ref();
    let site = Site::open(root)?;
    let turn = Turn::begin(&site, mode)?;
    let look = out::look(&turn, &Program::running())?;
    if look.is_quiet(scope) {
        out::refresh(&turn, &look);
        return Ok(Did { quiet: true, ..Did::default() });
    }
    let (prefix, kept) = shared(&site)?;
    let stale = look.stale(scope);
    let mut outputs = Vec::new();
    let mut keeps = Vec::new();
    let mut problems = Problems::new();
    for stack in &stale {
        let Some((output, keep)) = problems.take(one(&site, stack, &prefix)) else { continue };
        outputs.push(output);
        keeps.push(keep);
    }
    if problems.has_errors() {
        return Err(problems);
    }
    finish(&turn, &look, outputs, kept, keeps, scope, stale)
}

fn finish(
    turn: &Turn,
    look: &Look,
    outputs: Vec<Output>,
    kept: Keep,
    keeps: Vec<Keep>,
    scope: Option<&BTreeSet<String>>,
    built: Vec<String>,
) -> Result<Did, Problems> {
    let site_lock = vec![File { path: "out/site.lock".into(), text: "name: toy\n".into() }];
    let written = out::write(turn, look, site_lock, outputs, scope).map_err(|unwritten| unwritten.problems)?;
    let warning = out::save(turn, look, &written, kept, keeps);
    Ok(Did { built, quiet: false, written, warning })
}

fn shared(site: &Site) -> Result<(String, Keep), Problems> {
    let mut seen = homebuild::disk::Seen::new();
    let _ = site.file("homebuild.yaml", &mut seen)?;
    let _ = site.file("secrets/secrets.sops.yaml", &mut seen)?;
    let mut prefix = String::new();
    for folder in ["layouts", "partials", "schemas"] {
        let folder = site.folder(folder)?;
        for file in &folder.files {
            prefix.push_str(&file.text);
        }
        seen.extend(folder.seen);
    }
    Ok((prefix, Keep { seen, summary: b"site".to_vec(), ..Keep::default() }))
}

fn one(site: &Site, stack: &str, prefix: &str) -> Result<(Output, Keep), Problems> {
    let folder = site.stack(stack)?;
    let mut files = vec![File { path: "stack.lock".into(), text: "{}\n".into() }];
    for source in &folder.files {
        for (path, text) in source.text.lines().filter_map(|line| line.split_once('=')) {
            files.push(File { path: path.into(), text: format!("{prefix}{text}\n") });
        }
    }
    let keep = Keep { stack: stack.into(), seen: folder.seen, warnings: Vec::new(), summary: stack.into() };
    Ok((Output::new(stack, files), keep))
}

/// A site of some stacks, each with two modules.
pub fn site(stacks: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    put(root.path(), "homebuild.yaml", "homebuild: 1\n");
    put(root.path(), "layouts/prefix", "p:");
    for stack in stacks {
        put(root.path(), &format!("stacks/{stack}/stack.yaml"), &source(stack));
    }
    root
}

/// The source of a stack.
pub fn source(stack: &str) -> String {
    format!("{stack}/deployment.a.yaml=one\n{stack}/cloud-init/b.yaml=two\nother/service.c.yaml=three\n")
}

/// Writes a file, and the folders on its way.
pub fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

/// All files below a folder and what is in them, sorted; a link is shown as such.
pub fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry")) {
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                folders.push(path);
            } else {
                let bytes = if kind.is_file() { fs::read(entry.path()).expect("bytes") } else { b"(special)".to_vec() };
                files.push((path.display().to_string(), bytes));
            }
        }
    }
    files.sort();
    files
}

/// What a clean build of the same sources gives.
pub fn clean(root: &Path) -> Vec<(String, Vec<u8>)> {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in tree(root) {
        if !path.starts_with("out/") && !path.starts_with(".homebuild/") {
            put(copy.path(), &path, &String::from_utf8(bytes).expect("text"));
        }
    }
    build(copy.path()).expect("a clean build");
    tree(&copy.path().join("out"))
}

/// The messages of problems, in order.
pub fn messages(problems: Problems) -> Vec<String> {
    problems.sorted().iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect()
}

/// `out/` is what a clean build of the same sources gives.
#[track_caller]
pub fn assert_clean(root: &Path, when: &str) {
    let (now, clean) = (tree(&root.join("out")), clean(root));
    let more: Vec<_> = now.iter().filter(|file| !clean.contains(file)).map(|(path, _)| path).collect();
    let less: Vec<_> = clean.iter().filter(|file| !now.contains(file)).map(|(path, _)| path).collect();
    assert!(more.is_empty() && less.is_empty(), "{when}: wrong or too many {more:?}, wrong or missing {less:?}");
}
