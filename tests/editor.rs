//! `schemas/editor.json` is a file that build makes, as those of `out/` are.

mod toy;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use homebuild::build::Options;
use homebuild::out::Mode;
use toy::{put, tree};

const FILE: &str = "schemas/editor.json";

/// The small site of the cases.
fn site() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base")) {
        put(root.path(), &path, &String::from_utf8(bytes).expect("text"));
    }
    root
}

fn homebuild(site: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_homebuild")).args(arguments).current_dir(site).output().expect("the program runs")
}

/// What a build says on its standard output.
#[track_caller]
fn build(site: &Path, arguments: &[&str]) -> String {
    let output = homebuild(site, &[&["build"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_site_without_schemas_gets_the_folder_and_the_file() {
    let site = site();
    assert!(!site.path().join("schemas").exists());
    assert!(build(site.path(), &[]).contains("schemas/editor.json"), "it is told");
    let printed = homebuild(site.path(), &["schema"]).stdout;
    assert_eq!(fs::read(site.path().join(FILE)).expect("bytes"), printed);
    assert!(build(site.path(), &[]).contains("nothing changed"));
}

#[test]
fn what_a_build_makes_for_editors_is_no_input_of_the_next() {
    let site = site();
    let built = || {
        let stacks = AtomicUsize::new(0);
        let options = Options { mode: Mode::Write, stacks: BTreeSet::new(), deny_warnings: false };
        let report = homebuild::build::build(site.path(), &options, &|done, _| stacks.store(done, Ordering::Relaxed));
        assert!(report.is_ok());
        stacks.into_inner()
    };
    assert!(!site.path().join("schemas").exists());
    assert_eq!((built(), built()), (1, 0));
    put(site.path(), "schemas/example.org.json", "{\"kinds\":{},\"definitions\":{}}");
    assert_eq!((built(), built()), (1, 0), "a schema is one");
}

#[test]
fn the_file_is_written_only_where_it_differs() {
    let site = site();
    let inode = || fs::metadata(site.path().join(FILE)).expect("metadata").ino();
    build(site.path(), &[]);
    let before = inode();
    fs::remove_dir_all(site.path().join(".homebuild")).expect("gone");
    build(site.path(), &[]);
    put(site.path(), "layouts/web.yaml.j2", &format!("{}\n", text(site.path(), "layouts/web.yaml.j2")));
    build(site.path(), &[]);
    assert_eq!(inode(), before, "what it is made of is the same");
    let schema = text(site.path(), "layouts/web.schema.yaml").replace("description:", "description: A web server.");
    put(site.path(), "layouts/web.schema.yaml", &schema);
    assert!(build(site.path(), &["--stack", "web"]).contains("changed  schemas/editor.json"));
}

#[test]
fn a_file_that_is_gone_or_edited_is_made_again() {
    let site = site();
    build(site.path(), &[]);
    let whole = text(site.path(), FILE);
    for _ in 0..2 {
        // the second time the look has only stamps to tell by
        put(site.path(), FILE, "{}");
        assert_eq!(homebuild(site.path(), &["build", "--check"]).status.code(), Some(1), "an edited file");
        assert!(build(site.path(), &[]).contains("changed  schemas/editor.json"));
        build(site.path(), &[]);
    }
    fs::remove_dir_all(site.path().join("schemas")).expect("gone");
    assert_eq!(homebuild(site.path(), &["build", "--check"]).status.code(), Some(1), "a file that is gone");
    assert!(!site.path().join("schemas").exists(), "a check writes nothing");
    assert!(build(site.path(), &[]).contains("added    schemas/editor.json"));
    assert_eq!(text(site.path(), FILE), whole);
}

#[test]
fn a_link_in_place_of_the_folder_is_an_error_and_one_in_place_of_the_file_is_replaced() {
    let site = site();
    build(site.path(), &[]);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    put(elsewhere.path(), "mine", "mine");
    fs::remove_file(site.path().join(FILE)).expect("gone");
    std::os::unix::fs::symlink(elsewhere.path().join("mine"), site.path().join(FILE)).expect("a link");
    build(site.path(), &[]);
    assert_eq!(text(elsewhere.path(), "mine"), "mine");
    fs::remove_dir_all(site.path().join("schemas")).expect("gone");
    std::os::unix::fs::symlink(elsewhere.path(), site.path().join("schemas")).expect("a link");
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1));
    assert!(!elsewhere.path().join("editor.json").exists());
}

fn text(site: &Path, path: &str) -> String {
    fs::read_to_string(site.join(path)).expect("text")
}
