//! The whole program under bad conditions: killed, out of room, twice at once, replaced; see also `writing.rs` and
//! `never_lies.rs`, which try the stages below it.

mod toy;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use toy::{put, tree};

const PROGRAM: &str = env!("CARGO_BIN_EXE_homebuild");

fn run(site: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).arg("build").args(arguments).current_dir(site).output().expect("the program runs")
}

/// Both streams and the exit code of a build.
fn said(output: &Output) -> (String, Option<i32>) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (text, output.status.code())
}

#[track_caller]
fn succeeds(site: &Path) -> String {
    let (text, code) = said(&run(site, &[]));
    assert_eq!(code, Some(0), "{text}");
    text
}

/// The benchmark's site with so many stacks.
fn site(stacks: usize) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/site");
    for (path, bytes) in tree(&templates) {
        if path != "stack.yaml" {
            put(root.path(), &path, &String::from_utf8(bytes).expect("text"));
        }
    }
    for number in 0..stacks {
        stack(root.path(), number, 0);
    }
    root
}

fn stack(root: &Path, number: usize, round: usize) {
    let text = include_str!("../benches/site/stack.yaml");
    let mut text = text.replace("NAME", &format!("app-{number}")).replace("NUMBER", &format!("{number}{round}"));
    if round % 2 == 1 {
        text.truncate(text.find("    backup:\n").unwrap_or(text.len()));
    }
    put(root, &format!("stacks/app-{number}/stack.yaml"), &text);
}

/// `out/` is what a clean build of the same sources gives, and a check agrees.
#[track_caller]
fn assert_clean(root: &Path, when: &str) {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in tree(root) {
        if !path.starts_with("out/") && !path.starts_with(".homebuild/") {
            put(copy.path(), &path, &String::from_utf8(bytes).expect("text"));
        }
    }
    succeeds(copy.path());
    let (now, clean) = (tree(&root.join("out")), tree(&copy.path().join("out")));
    let wrong: Vec<_> = now.iter().filter(|file| !clean.contains(file)).map(|(path, _)| path).collect();
    let missing: Vec<_> = clean.iter().filter(|file| !now.contains(file)).map(|(path, _)| path).collect();
    assert!(
        wrong.is_empty() && missing.is_empty(),
        "{when}: wrong or too many {wrong:?}, wrong or missing {missing:?}"
    );
    let (text, code) = said(&run(root, &["--check"]));
    assert_eq!(code, Some(0), "{when}: {text}");
}

#[test]
fn killed_at_any_moment_the_next_build_finishes_the_work() {
    let root = site(12);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below).expect("a number")
    };
    for round in 0..30 {
        for number in 0..12 {
            match next(4) {
                0 => drop(fs::remove_dir_all(root.path().join(format!("stacks/app-{number}")))),
                1 => {}
                _ => stack(root.path(), number, round),
            }
        }
        let mut child = Command::new(PROGRAM)
            .arg("build")
            .current_dir(root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        thread::sleep(Duration::from_micros(500 + next(40_000) as u64));
        child.kill().expect("a kill");
        child.wait().expect("a status");
        for (path, bytes) in tree(&root.path().join("out")) {
            assert!(path.contains(".homebuild-") || bytes.ends_with(b"\n"), "round {round}: {path} is half written");
        }
        if round % 3 == 2 {
            succeeds(root.path());
            assert_clean(root.path(), &format!("round {round}"));
        }
    }
}

#[test]
fn out_of_room_files_are_whole_and_the_next_build_finishes_the_work() {
    let root = site(3);
    succeeds(root.path());
    for number in 0..6 {
        stack(root.path(), number, 1);
    }
    // No file can be larger than 512 bytes (sh counts in such blocks).
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {PROGRAM} build");
    let limited = Command::new("sh").args(["-c", &script]).current_dir(root.path()).output().expect("sh");
    let (text, code) = said(&limited);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("file too large") && text.contains("make room and build again"), "{text}");
    for (path, bytes) in tree(&root.path().join("out")) {
        assert!(bytes.ends_with(b"\n") && !path.contains(".homebuild-"), "{path} is half written");
    }
    succeeds(root.path());
    assert_clean(root.path(), "after it");
}

#[test]
fn two_programs_at_once_wait_for_each_other() {
    let root = site(20);
    let start = || {
        let mut command = Command::new(PROGRAM);
        command.arg("build").current_dir(root.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program runs")
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    for child in children {
        let (text, code) = said(&child.wait_with_output().expect("an output"));
        assert_eq!(code, Some(0), "{text}");
    }
    assert_clean(root.path(), "after four at once");
}

/// A copy that is older than the last tick of the clock: of a younger one nothing is kept yet.
fn copy_program(to: &Path) {
    fs::copy(PROGRAM, to).expect("a copy");
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn another_program_builds_everything_again_once() {
    let root = site(2);
    let tools = tempfile::tempdir().expect("a temporary folder");
    let program = tools.path().join("homebuild");
    let json = || {
        let output =
            Command::new(&program).args(["build", "--json"]).current_dir(root.path()).output().expect("it runs");
        assert!(output.status.success());
        fs::metadata(root.path().join(".homebuild/memory")).and_then(|metadata| metadata.modified()).expect("a memory")
    };
    copy_program(&program);
    // What was written in the last tick of the clock is read once more, and then kept as settled.
    let first = [json(), json(), json()][2];
    assert_eq!(json(), first, "with nothing to do nothing is kept anew");
    fs::remove_file(&program).expect("gone");
    copy_program(&program);
    assert_ne!(json(), first, "everything was built again");
}

#[test]
fn what_is_no_text_and_no_file_is_named_with_its_place() {
    let root = site(2);
    fs::write(root.path().join("stacks/app-0/stack.yaml"), b"description: caf\xe9\n").expect("a file");
    symlink("/etc/hostname", root.path().join("stacks/app-1/hostname")).expect("a link");
    let (text, code) = said(&run(root.path(), &[]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("`stacks/app-0/stack.yaml` is not UTF-8"), "{text}");
    assert!(text.contains("`stacks/app-1/hostname` is a symbolic link"), "{text}");
    assert!(!root.path().join("out").exists());
}

#[test]
fn a_problem_in_the_sources_changes_nothing() {
    let root = site(3);
    succeeds(root.path());
    let before = tree(root.path());
    stack(root.path(), 0, 1);
    put(root.path(), "stacks/app-1/stack.yaml", "componnents: {}\n");
    let (text, code) = said(&run(root.path(), &[]));
    assert_eq!(code, Some(1), "{text}");
    let kept = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(path, _)| path.starts_with("out/") || path.ends_with("memory")).collect()
    };
    assert!(kept(before) == kept(tree(root.path())), "out/ and what is kept are as they were");
    assert!(!root.path().join(".homebuild/journal").exists());
}
