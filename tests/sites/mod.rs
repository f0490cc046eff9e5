//! Sites in folders of their own, and the program run in them.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What the program did.
pub struct Ran {
    pub code: i32,
    /// The command, its exit code and both streams.
    pub text: String,
}

impl Ran {
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.text);
        self
    }

    pub fn bad(self) -> Self {
        assert_eq!(self.code, 1, "{}", self.text);
        self
    }

    pub fn without_warnings(self) -> Self {
        assert!(!self.text.contains("warning["), "{}", self.text);
        self
    }
}

/// Runs the program in a folder.
pub fn homebuild(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(arguments).current_dir(folder).output().unwrap();
    let code = output.status.code().unwrap();
    let mut text = format!("$ homebuild {}\nexit code {code}\n", arguments.join(" "));
    for (name, stream) in [("stdout", output.stdout), ("stderr", output.stderr)] {
        let stream = String::from_utf8(stream).unwrap();
        let _ = if stream.is_empty() { Ok(()) } else { writeln!(text, "--- {name}\n{}", stream.trim_end()) };
    }
    Ran { code, text }
}

/// The repository's own site.
pub fn homelab() -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let site = tempfile::tempdir().unwrap();
    for name in ["homebuild.yaml", "secrets.sops.yaml"] {
        fs::copy(root.join(name), site.path().join(name)).unwrap();
    }
    for name in ["layouts", "partials", "schemas", "stacks"] {
        copy(&root.join(name), &site.path().join(name));
    }
    site
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Everything below a folder, sorted.
pub fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(paths(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
