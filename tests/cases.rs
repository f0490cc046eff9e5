//! Cases: a folder of `tests/cases/` is what a site adds to `tests/base/`, and `expected.snap` beside it holds what
//! `homebuild` then says and writes: the exit code, both streams, and every file of `out/`.
//!
//! A case may have `arguments` (default: `build`), one run a line, and `removed`, the files of the base that it does not
//! have. `tests/checks/` holds two cases for each check, one that `fails` and one that `passes`. A run of `put later`
//! copies the folder `later` of the case over the site between two builds. The site has its `schemas/editor.json`
//! already, where it can have one.

use std::fmt::Write as _;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of a case that holds what changes between two builds.
const LATER: &str = "later";

#[test]
fn every_case_says_and_writes_what_its_snapshot_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let checks = below(&root.join("checks"));
    let cases: Vec<PathBuf> =
        below(&root.join("cases")).into_iter().chain(checks.iter().flat_map(|c| below(c))).collect();
    let (mut failed, mut bad) = (Vec::new(), 0);
    for case in &cases {
        let text = run(&root.join("base"), case);
        bad += usize::from(text.contains("\nexit code 1\n"));
        let settings = settings(case);
        let name = case.strip_prefix(&root).unwrap().display().to_string();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            settings.bind(|| insta::assert_snapshot!("expected", text));
        }));
        if result.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these cases differ: {failed:?}");
    assert!(bad >= 120, "cases of bad input are missing: {bad}");
}

#[test]
fn every_check_is_seen_to_fail_and_to_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    let names: Vec<&str> = homebuild::check::Check::ALL.iter().map(|check| check.name).collect();
    let folders: Vec<String> =
        below(&root).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(folders, names);
    for name in names {
        let said = |verdict: &str| {
            let snapshot = fs::read_to_string(root.join(name).join(verdict).join("expected.snap")).unwrap();
            snapshot.contains(&format!("[{name}]:"))
        };
        assert!(said("fails"), "{name} does not fail");
        assert!(!said("passes"), "{name} does not pass");
    }
}

#[test]
fn the_page_of_checks_is_what_the_program_says_of_them() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md")).unwrap();
    assert_eq!(page, homebuild::check::page(), "homebuild build --explain all > docs/checks.md");
}

/// What lies in a folder, sorted.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn settings(case: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(case);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\d+ ms", "[time]");
    settings
}

/// A case in a folder of its own.
fn run(base: &Path, case: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path();
    copy(base, site);
    copy(case, site);
    for name in fs::read_to_string(case.join("removed")).unwrap_or_default().lines() {
        fs::remove_file(site.join(name)).unwrap();
    }
    let arguments = fs::read_to_string(case.join("arguments")).unwrap_or_else(|_| "build\n".to_owned());
    let mut text = String::new();
    editor_is_there(site);
    for line in arguments.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["put", LATER] {
            copy(&case.join(LATER), site);
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(&words).current_dir(site).output().unwrap();
        let _ = writeln!(text, "$ homebuild {line}\nexit code {}", output.status.code().unwrap());
        for (name, stream) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            let stream = String::from_utf8(stream).unwrap();
            let _ = if stream.is_empty() { Ok(()) } else { writeln!(text, "--- {name}\n{}", stream.trim_end()) };
        }
    }
    files(&site.join("out"), site, &mut text);
    text
}

/// Makes the file that every build would tell of otherwise.
fn editor_is_there(site: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).arg("schema").current_dir(site).output().unwrap();
    if output.status.success() {
        fs::create_dir_all(site.join("schemas")).unwrap();
        fs::write(site.join("schemas/editor.json"), output.stdout).unwrap();
    }
}

/// The files of `out/` with their texts, sorted; digests only by their number of lines.
fn files(folder: &Path, site: &Path, text: &mut String) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, site, text);
            continue;
        }
        let content = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(site).unwrap().display();
        let _ = if path.ends_with("SHA256SUMS") {
            writeln!(text, "--- {name}: {} lines", content.lines().count())
        } else {
            writeln!(text, "--- {name}\n{}", content.trim_end())
        };
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.ends_with(LATER) {
            continue;
        }
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else if !["expected.snap", "arguments", "removed"].iter().any(|name| path.ends_with(name)) {
            fs::copy(&path, &target).unwrap();
        }
    }
}
