//! This repository's own site, copied.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::Path;

/// What of this repository is the homelab.
const PARTS: [&str; 7] = ["homebuild.yaml", "secrets.sops.yaml", "stacks", "layouts", "partials", "schemas", "out"];

/// A copy of the homelab in a folder of its own.
pub fn homelab() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in PARTS {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name), &folder.path().join(name));
    }
    folder
}

/// Copies a file, or a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        copy(&path, &to.join(path.file_name().unwrap()));
    }
}
