//! The program run in a folder, and what is in one.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
