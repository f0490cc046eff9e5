//! The shortcut of a build with nothing to do never lies: whatever changes is seen, however fast and however small.

mod toy;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use toy::{assert_clean, build, check, put, site, source, tree};

/// Builds until the look is quiet by itself, and once more.
fn settle(root: &Path) {
    build(root).expect("a build");
    for _ in 0..2 {
        assert!(build(root).expect("a build").quiet, "a second build has nothing to do");
    }
}

/// After a change the next build sees it, `out/` is that of a clean build, and the build after has nothing to do.
fn seen(root: &Path, what: &str) {
    let stale = check(root).map(|did| !did.quiet);
    assert!(stale.is_err() || stale == Ok(true), "{what}: a check sees it");
    assert!(!build(root).expect(what).quiet, "{what}: a build sees it");
    assert_clean(root, what);
    assert!(build(root).expect(what).quiet, "{what}: then there is nothing to do");
}

#[test]
fn a_build_with_nothing_to_do_is_quiet_at_once_and_for_ever() {
    let root = site(&["a", "b"]);
    settle(root.path());
    let before = tree(root.path());
    assert!(check(root.path()).expect("a check").quiet);
    assert_eq!(tree(root.path()), before, "a check writes nothing");
}

#[test]
fn a_source_changed_within_the_same_tick_and_size_is_seen() {
    // Not settled before: the file is as fresh as can be when it is built, and changed right after.
    for round in 0..40 {
        let root = site(&["a"]);
        build(root.path()).expect("a build");
        let text = source("a").replace("=one", if round % 2 == 0 { "=eno" } else { "=neo" });
        put(root.path(), "stacks/a/stack.yaml", &text);
        assert!(!build(root.path()).expect("a build").quiet, "round {round}");
        assert_clean(root.path(), "after it");
    }
}

#[test]
fn a_file_of_out_changed_right_after_the_build_is_seen() {
    for round in 0..40 {
        let root = site(&["a"]);
        build(root.path()).expect("a build");
        put(root.path(), "out/a/a/deployment.a.yaml", "p:eno\n");
        assert!(!build(root.path()).expect("a build").quiet, "round {round}");
        assert_eq!(fs::read_to_string(root.path().join("out/a/a/deployment.a.yaml")).expect("text"), "p:one\n");
    }
}

#[test]
fn a_source_with_its_old_time_put_back_is_seen() {
    let root = site(&["a", "b"]);
    settle(root.path());
    let file = root.path().join("stacks/a/stack.yaml");
    let time = fs::metadata(&file).expect("metadata").modified().expect("a time");
    fs::write(&file, source("a").replace("=one", "=eno")).expect("a file");
    fs::File::options().write(true).open(&file).expect("a file").set_modified(time).expect("a time");
    seen(root.path(), "touch -d");
}

#[test]
fn a_source_swapped_by_rename_is_seen() {
    let root = site(&["a", "b"]);
    put(root.path(), "other", &source("a").replace("=one", "=eno"));
    settle(root.path());
    fs::rename(root.path().join("other"), root.path().join("stacks/a/stack.yaml")).expect("a rename");
    seen(root.path(), "mv");
}

#[test]
fn any_change_of_sources_is_seen() {
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 12] = [
        ("a new stack", |root| put(root, "stacks/c/stack.yaml", &source("c"))),
        ("a removed stack", |root| fs::remove_dir_all(root.join("stacks/b")).expect("gone")),
        ("a new file", |root| put(root, "stacks/a/files/x", "a/x.yaml=new\n")),
        ("a new file deep down", |root| put(root, "stacks/a/files/y/z", "a/z.yaml=new\n")),
        ("a layout", |root| put(root, "layouts/prefix", "q:")),
        ("a new partial", |root| put(root, "partials/more", "m:")),
        ("a new schema", |root| put(root, "schemas/v1/x", "s:")),
        ("a secrets file", |root| put(root, "secrets/secrets.sops.yaml", "a: ENC[x]\n")),
        ("homebuild.yaml", |root| put(root, "homebuild.yaml", "homebuild: 1 # more\n")),
        ("a removed file", |root| fs::remove_file(root.join("stacks/a/files/x")).expect("gone")),
        ("a removed layout", |root| fs::remove_file(root.join("layouts/prefix")).expect("gone")),
        ("a stack that became empty", |root| put(root, "stacks/a/stack.yaml", "")),
    ];
    let root = site(&["a", "b"]);
    settle(root.path());
    for (what, change) in changes {
        change(root.path());
        seen(root.path(), what);
    }
}

#[test]
fn any_change_of_out_is_seen() {
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 8] = [
        ("a changed artifact", |root| put(root, "out/a/a/deployment.a.yaml", "p:eno\n")),
        ("a deleted artifact", |root| fs::remove_file(root.join("out/a/a/cloud-init/b.yaml")).expect("gone")),
        ("a changed lock", |root| put(root, "out/a/stack.lock", "[]\n")),
        ("a changed site.lock", |root| put(root, "out/site.lock", "name: yot\n")),
        ("changed digests", |root| put(root, "out/a/a/SHA256SUMS", "")),
        ("a deleted module", |root| fs::remove_dir_all(root.join("out/a/other")).expect("gone")),
        ("a deleted stack", |root| fs::remove_dir_all(root.join("out/b")).expect("gone")),
        ("a deleted out/", |root| fs::remove_dir_all(root.join("out")).expect("gone")),
    ];
    let root = site(&["a", "b"]);
    settle(root.path());
    for (what, change) in changes {
        change(root.path());
        seen(root.path(), what);
    }
}

#[test]
fn what_git_brings_back_of_an_old_build_is_seen() {
    let root = site(&["a", "b"]);
    build(root.path()).expect("a build");
    let old = tree(&root.path().join("out"));
    put(root.path(), "stacks/a/stack.yaml", "a/new.yaml=one\n");
    fs::remove_dir_all(root.path().join("stacks/b")).expect("gone");
    settle(root.path());
    for (path, bytes) in &old {
        if path.starts_with("b/") || path.starts_with("a/other/") {
            put(root.path(), &format!("out/{path}"), &String::from_utf8_lossy(bytes));
        }
    }
    seen(root.path(), "git checkout of an old out/");
}

#[test]
fn a_module_moved_away_and_linked_is_an_error() {
    let root = site(&["a"]);
    settle(root.path());
    fs::rename(root.path().join("out/a/a"), root.path().join("moved")).expect("a rename");
    symlink("../../moved", root.path().join("out/a/a")).expect("a link");
    let problems = toy::messages(build(root.path()).expect_err("an error"));
    assert_eq!(problems, ["not-a-folder: `out/a/a` is a link or a file, not a folder"]);
}

#[test]
fn touched_sources_and_a_fresh_checkout_build_nothing() {
    let root = site(&["a", "b"]);
    settle(root.path());
    let touch = Command::new("touch")
        .args(["stacks/a/stack.yaml", "layouts/prefix", "out/b/other/service.c.yaml", "out/site.lock", "stacks", "out"])
        .current_dir(root.path())
        .status();
    assert!(touch.expect("touch").success());
    assert!(build(root.path()).expect("a build").quiet, "contents are the same");
    assert!(build(root.path()).expect("a build").quiet);
}

#[test]
fn one_changed_stack_is_built_alone() {
    let root = site(&["a", "b", "c"]);
    settle(root.path());
    put(root.path(), "stacks/b/stack.yaml", &source("b").replace("=two", "=2"));
    let did = build(root.path()).expect("a build");
    assert_eq!(did.built, ["b"]);
    assert_eq!(did.changed(), ["b/b/cloud-init/b.yaml"]);
    assert!(did.added().is_empty() && did.removed().is_empty());
}

#[test]
fn a_stack_that_was_out_of_scope_is_still_seen() {
    let root = site(&["a", "b"]);
    settle(root.path());
    put(root.path(), "layouts/prefix", "q:");
    let did = toy::run(root.path(), homebuild::out::Mode::Write, Some(&["a"])).expect("a build");
    assert_eq!(did.built, ["a"]);
    assert_eq!(build(root.path()).expect("a build").built, ["b"]);
    assert_clean(root.path(), "after it");
}

#[test]
fn a_new_stack_out_of_scope_is_still_seen() {
    let root = site(&["a", "b"]);
    settle(root.path());
    put(root.path(), "stacks/c/stack.yaml", &source("c"));
    put(root.path(), "stacks/a/stack.yaml", "a/x.yaml=1\n");
    toy::run(root.path(), homebuild::out::Mode::Write, Some(&["a"])).expect("a build");
    toy::run(root.path(), homebuild::out::Mode::Write, Some(&["a"])).expect("a build");
    seen(root.path(), "the new stack");
}

#[test]
fn a_stack_that_was_never_in_scope_is_missed_when_it_goes() {
    let root = site(&["a", "b"]);
    settle(root.path());
    fs::remove_dir_all(root.path().join(".homebuild")).expect("gone");
    toy::run(root.path(), homebuild::out::Mode::Write, Some(&["a"])).expect("a build");
    fs::remove_dir_all(root.path().join("stacks/b")).expect("gone");
    seen(root.path(), "the stack that went");
    assert!(!root.path().join("out/b").exists());
}

#[test]
fn an_empty_folder_that_becomes_a_stack_is_seen() {
    let root = site(&["a"]);
    fs::create_dir_all(root.path().join("stacks/b/files")).expect("folders");
    settle(root.path());
    put(root.path(), "stacks/b/stack.yaml", &source("b"));
    seen(root.path(), "a stack in an old folder");
}

#[test]
fn a_memory_that_is_broken_is_no_memory() {
    let root = site(&["a", "b"]);
    settle(root.path());
    let memory = root.path().join(".homebuild/memory");
    let whole = fs::read(&memory).expect("a memory");
    let old = [b"homebuild memory 0\n".as_slice(), &whole[19..]].concat();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for broken in [b"".as_slice(), b"nonsense", &whole[..whole.len() / 2], &flipped, &old] {
        fs::write(&memory, broken).expect("a file");
        let did = build(root.path()).expect("a build");
        assert_eq!(did.built, ["a", "b"]);
        assert!(did.changed().is_empty() && did.added().is_empty(), "and nothing differs");
        assert!(build(root.path()).expect("a build").quiet);
    }
    fs::remove_file(&memory).expect("gone");
    fs::create_dir(&memory).expect("a folder in its place");
    let did = build(root.path()).expect("a build");
    assert!(did.warning.is_some(), "it is said that nothing can be kept");
}
