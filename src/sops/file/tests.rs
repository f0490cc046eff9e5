use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;
use crate::sops::{Keys, Recipient};

const NOW: &str = "2026-11-26T10:00:00Z";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Arc<Source> {
    Source::new(path, std::fs::read_to_string(root().join(path)).unwrap())
}

#[test]
fn the_file_of_this_repository_opens() {
    let keys = Keys::of(&std::fs::read_to_string(root().join("tests/keys/age.txt")).unwrap());
    let file = File::open(&read("secrets.sops.yaml"), &keys).unwrap();
    assert!(file.values().count() > 100);
    let text = file.decrypted();
    assert!(!text.contains("ENC[") && !text.contains("sops:"), "{}", text.as_str());
}
