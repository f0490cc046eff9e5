//! What holds for every site: determinism, and that `out/` is either as before or all new.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A copy of the small site, with so many stacks more.
fn site(stacks: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("tests/base"), folder.path());
    for number in 0..stacks {
        let stack = folder.path().join(format!("stacks/stack-{number}"));
        fs::create_dir_all(stack.join("files")).unwrap();
        let text = format!(
            "tier: 4-aux\ncomponents:\n  web: {{layout: web, image: \"x:{number}\", ports: {{a: {}}}}}\n  \
             conf: {{layout: config, data: {{text: \"${{{{ file('a.j2') }}}}\"}}}}\n",
            number + 1
        );
        fs::write(stack.join("stack.yaml"), text).unwrap();
        fs::write(stack.join("files/a.j2"), "{{ stack.name }} {{ vars.domain }}\n").unwrap();
    }
    folder
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
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

fn homebuild(site: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_homebuild")).args(arguments).current_dir(site).output().unwrap()
}

fn build(site: &Path, arguments: &[&str]) {
    let output = homebuild(site, &[&["build"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below `out/` and its bytes.
fn tree(site: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&site.join("out"), &mut found);
    found.into_iter().map(|(path, bytes)| (path.strip_prefix(site).unwrap().to_owned(), bytes)).collect()
}

#[test]
fn the_same_sources_give_the_same_bytes_on_any_number_of_threads() {
    let trees: Vec<_> = ["1", "2", "7"]
        .iter()
        .map(|threads| {
            let site = site(20);
            build(site.path(), &["--threads", threads]);
            tree(site.path())
        })
        .collect();
    assert!(trees[0].len() > 60);
    assert!(trees.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_build_without_memory_and_over_an_old_tree_gives_the_same_bytes() {
    let site = site(5);
    build(site.path(), &[]);
    let first = tree(site.path());
    fs::remove_dir_all(site.path().join(".homebuild")).unwrap();
    build(site.path(), &[]);
    assert_eq!(tree(site.path()), first);
    fs::remove_dir_all(site.path().join("out")).unwrap();
    build(site.path(), &[]);
    assert_eq!(tree(site.path()), first);
}

#[test]
fn a_build_that_fails_leaves_out_as_it_was() {
    let site = site(5);
    build(site.path(), &[]);
    let before = tree(site.path());
    fs::write(
        site.path().join("stacks/stack-1/stack.yaml"),
        "tier: 4-aux\ncomponents: {web: {layout: web, image: y}}\n",
    )
    .unwrap();
    fs::write(site.path().join("stacks/stack-3/stack.yaml"), "tier: nosuch\n").unwrap();
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1));
    assert_eq!(tree(site.path()), before);
}

#[test]
fn a_stack_that_is_removed_takes_its_files_with_it_and_leaves_foreign_ones() {
    let site = site(3);
    build(site.path(), &[]);
    fs::write(site.path().join("out/stack-1/NOTES"), "mine\n").unwrap();
    for stack in ["stack-1", "stack-2"] {
        fs::remove_dir_all(site.path().join("stacks").join(stack)).unwrap();
    }
    build(site.path(), &[]);
    let left: Vec<_> = tree(site.path()).into_keys().filter(|path| path.starts_with("out/stack-1")).collect();
    assert_eq!(left, [Path::new("out/stack-1/NOTES")]);
    assert!(!site.path().join("out/stack-2").exists());
}

#[test]
fn a_check_writes_nothing() {
    let site = site(2);
    assert_eq!(homebuild(site.path(), &["build", "--check"]).status.code(), Some(1));
    assert!(!site.path().join("out").exists());
    build(site.path(), &[]);
    assert!(homebuild(site.path(), &["build", "--check"]).status.success());
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let site = site(0);
    assert_eq!(homebuild(site.path(), &["bild"]).status.code(), Some(2));
    assert_eq!(homebuild(site.path(), &["build", "--threads", "0"]).status.code(), Some(2));
}

#[test]
fn digests_are_those_that_sha256sum_reads() {
    let site = site(2);
    build(site.path(), &[]);
    let output = Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(site.path().join("out/stack-1/stack-1"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_stacks_are_to_one_another_is_checked_after_every_change() {
    let site = site(3);
    let stack = |number: usize| site.path().join(format!("stacks/stack-{number}/stack.yaml"));
    let first = fs::read_to_string(stack(1)).unwrap();
    fs::write(stack(1), format!("depends_on: [stack-2]\n{first}")).unwrap();
    build(site.path(), &[]);
    let second = fs::read_to_string(stack(0)).unwrap();
    fs::write(stack(0), format!("depends_on: [nosuch]\n{second}")).unwrap();
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1), "an unknown dependency");
    fs::write(stack(0), &second).unwrap();
    let two = fs::read_to_string(stack(2)).unwrap();
    fs::write(stack(2), format!("depends_on: [stack-1]\n{two}")).unwrap();
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1), "a circle");
    fs::write(stack(2), format!("namespace: stack-0\n{two}")).unwrap();
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1), "an object of another stack");
    fs::remove_dir_all(stack(2).parent().unwrap()).unwrap();
    assert_eq!(homebuild(site.path(), &["build"]).status.code(), Some(1), "a dependency that is gone");
    fs::write(stack(1), first).unwrap();
    build(site.path(), &[]);
}
