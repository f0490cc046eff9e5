//! Writing safely: whatever happens, `out/` has whole files only, nothing outside of it is touched, and the next build
//! finishes the work.

mod toy;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use homebuild::disk::Site;
use homebuild::out::{self, File, Keep, Mode, Output, Program, Turn};
use toy::{assert_clean, build, check, messages, put, run, site, source, tree};

fn text(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).expect("text")
}

fn inode(root: &Path, path: &str) -> u64 {
    fs::symlink_metadata(root.join(path)).expect("metadata").ino()
}

#[test]
fn a_module_has_digests_that_sha256sum_reads() {
    let root = site(&["a"]);
    let did = build(root.path()).expect("a build");
    assert_eq!(
        did.added(),
        ["site.lock", "a/a/cloud-init/b.yaml", "a/a/deployment.a.yaml", "a/other/service.c.yaml", "a/stack.lock"]
    );
    for module in ["a", "other"] {
        let mut check = Command::new("sha256sum");
        check
            .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
            .current_dir(root.path().join("out/a").join(module));
        assert!(check.status().expect("a status").success());
    }
    let sums = text(root.path(), "out/a/a/SHA256SUMS");
    let paths: Vec<_> = sums.lines().map(|line| line.split_once("  ").expect("two spaces").1).collect();
    assert_eq!(paths, ["cloud-init/b.yaml", "deployment.a.yaml"]);
}

#[test]
fn only_what_differs_is_written() {
    let root = site(&["a", "b"]);
    build(root.path()).expect("a build");
    let before = inode(root.path(), "out/a/a/cloud-init/b.yaml");
    put(root.path(), "stacks/a/stack.yaml", &source("a").replace("=one", "=1"));
    let did = build(root.path()).expect("a build");
    assert_eq!(did.changed(), ["a/a/deployment.a.yaml"], "the digests go without saying");
    assert_eq!(inode(root.path(), "out/a/a/cloud-init/b.yaml"), before);
    fs::remove_dir_all(root.path().join(".homebuild")).expect("gone");
    let did = build(root.path()).expect("a build");
    assert_eq!(did.built, ["a", "b"]);
    assert!(did.written.stacks.values().all(homebuild::out::Changes::is_empty));
    assert_eq!(did.written.stacks["a"].artifacts, 3);
}

#[test]
fn what_is_no_longer_made_is_removed_and_what_is_foreign_stays() {
    let root = site(&["a", "b"]);
    build(root.path()).expect("a build");
    put(root.path(), "out/README", "mine");
    put(root.path(), "out/mine/x/SHA256SUMS", "mine");
    put(root.path(), "out/b/b/notes.txt", "mine");
    put(root.path(), "out/a/other/deep/er/x", "mine");
    put(root.path(), "stacks/a/stack.yaml", "a/deployment.a.yaml=one\n");
    fs::remove_dir_all(root.path().join("stacks/b")).expect("gone");
    let did = build(root.path()).expect("a build");
    assert_eq!(
        did.removed(),
        [
            "a/a/cloud-init/b.yaml",
            "a/other/service.c.yaml",
            "b/b/cloud-init/b.yaml",
            "b/b/deployment.a.yaml",
            "b/other/service.c.yaml",
            "b/stack.lock"
        ]
    );
    let left: Vec<_> = tree(&root.path().join("out")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        left,
        [
            "README",
            "a/a/SHA256SUMS",
            "a/a/deployment.a.yaml",
            "a/other/deep/er/x",
            "a/stack.lock",
            "b/b/notes.txt",
            "mine/x/SHA256SUMS",
            "site.lock"
        ]
    );
    assert!(!root.path().join("out/b/other").exists() && !root.path().join("out/a/a/cloud-init").exists());
    assert!(build(root.path()).expect("a build").quiet);
}

#[test]
fn a_gone_stack_leaves_no_folder() {
    let root = site(&["a", "b"]);
    build(root.path()).expect("a build");
    fs::remove_dir_all(root.path().join("stacks/b")).expect("gone");
    build(root.path()).expect("a build");
    assert!(!root.path().join("out/b").exists());
}

#[test]
fn a_clone_without_digests_and_memory_is_taken_over() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    fs::remove_file(root.path().join("out/a/a/SHA256SUMS")).expect("gone");
    fs::remove_dir_all(root.path().join(".homebuild")).expect("gone");
    put(root.path(), "out/a/a/deployment.a.yaml", "old");
    let did = build(root.path()).expect("a build");
    assert_eq!(did.changed(), ["a/a/deployment.a.yaml"]);
    assert_clean(root.path(), "after it");
}

#[test]
fn digests_that_list_files_elsewhere_remove_nothing_there() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    put(root.path(), "out/a/foreign", "mine");
    let line = |path: &str| format!("{}  {path}\n", "0".repeat(64));
    let evil: String =
        ["../../../homebuild.yaml", "../foreign", "/etc/hostname", ".", "", "../stack.lock"].map(line).concat();
    put(root.path(), "out/a/a/SHA256SUMS", &evil);
    put(root.path(), "out/a/old/SHA256SUMS", &evil);
    build(root.path()).expect("a build");
    assert_eq!(text(root.path(), "homebuild.yaml"), "homebuild: 1\n");
    fs::remove_file(root.path().join("out/a/foreign")).expect("still there");
    assert_clean(root.path(), "after it");
}

#[test]
fn a_check_writes_nothing_and_lists_by_stack() {
    let root = site(&["a", "b"]);
    build(root.path()).expect("a build");
    put(root.path(), "stacks/a/stack.yaml", &source("a").replace("=one", "=1").replace("b.yaml", "d.yaml"));
    fs::remove_dir_all(root.path().join("stacks/b")).expect("gone");
    let before = tree(root.path());
    let did = check(root.path()).expect("a check");
    assert_eq!(did.written.stacks["a"].added, ["out/a/a/cloud-init/d.yaml"]);
    assert_eq!(did.written.stacks["a"].changed, ["out/a/a/deployment.a.yaml"]);
    assert_eq!(did.written.stacks["a"].removed, ["out/a/a/cloud-init/b.yaml"]);
    assert_eq!(did.written.stacks["b"].removed.len(), 4);
    assert_eq!(tree(root.path()), before);
}

#[test]
fn a_check_of_a_fresh_clone_leaves_no_trace() {
    let root = site(&["a"]);
    let before = tree(root.path());
    assert_eq!(check(root.path()).expect("a check").added().len(), 5);
    assert_eq!(tree(root.path()), before);
    assert!(!root.path().join(".homebuild").exists() && !root.path().join("out").exists());
}

#[test]
fn a_scope_touches_no_other_stack() {
    let root = site(&["a", "b", "c"]);
    build(root.path()).expect("a build");
    for stack in ["a", "b"] {
        put(root.path(), &format!("stacks/{stack}/stack.yaml"), "m/x.yaml=1\n");
    }
    fs::remove_dir_all(root.path().join("stacks/c")).expect("gone");
    let before: Vec<_> =
        tree(&root.path().join("out")).into_iter().filter(|(path, _)| !path.starts_with("a/")).collect();
    run(root.path(), Mode::Write, Some(&["a"])).expect("a build");
    let after: Vec<_> =
        tree(&root.path().join("out")).into_iter().filter(|(path, _)| !path.starts_with("a/")).collect();
    assert_eq!(before, after);
    assert!(root.path().join("out/a/m/x.yaml").exists() && !root.path().join("out/a/other").exists());
    build(root.path()).expect("a build");
    assert_clean(root.path(), "after it");
}

#[test]
fn a_link_in_the_way_is_never_followed() {
    for at in ["out", "out/a", "out/a/a", "out/a/a/cloud-init"] {
        let root = site(&["a"]);
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        put(elsewhere.path(), "keep", "mine");
        fs::create_dir_all(root.path().join(at).parent().expect("a folder")).expect("folders");
        symlink(elsewhere.path(), root.path().join(at)).expect("a link");
        let problems = messages(build(root.path()).expect_err(at));
        assert_eq!(problems, [format!("not-a-folder: `{at}` is a link or a file, not a folder")]);
        assert_eq!(tree(elsewhere.path()), [("keep".to_owned(), b"mine".to_vec())], "{at}");
    }
}

#[test]
fn what_stands_at_a_files_path_is_replaced_unless_it_is_a_folder() {
    let root = site(&["a"]);
    put(root.path(), "target", "mine");
    fs::create_dir_all(root.path().join("out/a/a/cloud-init")).expect("folders");
    symlink("../../../target", root.path().join("out/a/a/deployment.a.yaml")).expect("a link");
    let fifo = Command::new("mkfifo").arg(root.path().join("out/a/a/cloud-init/b.yaml")).status();
    assert!(fifo.expect("mkfifo").success());
    build(root.path()).expect("a build");
    assert_eq!(text(root.path(), "target"), "mine");
    assert_clean(root.path(), "after it");
    fs::remove_file(root.path().join("out/a/a/deployment.a.yaml")).expect("gone");
    fs::create_dir(root.path().join("out/a/a/deployment.a.yaml")).expect("a folder");
    let before = tree(root.path());
    let problems = messages(build(root.path()).expect_err("an error"));
    assert_eq!(problems, ["io: cannot write `out/a/a/deployment.a.yaml`: is a directory"]);
    let after = tree(root.path());
    assert_eq!(before.len(), after.len());
}

#[test]
fn names_that_lead_elsewhere_are_refused_before_anything_is_written() {
    let long = "x".repeat(300);
    for path in ["../x", "/etc/x", "m/../../x", "m//x", "m/", "", "m/SHA256SUMS", "m/.homebuild-1", "m/a\nb", &long] {
        let root = site(&["a"]);
        let site = Site::open(root.path()).expect("a site");
        let turn = Turn::begin(&site, Mode::Write).expect("a turn");
        let look = out::look(&turn, &Program::running()).expect("a look");
        let file = |path: &str| File { path: path.into(), text: "x".into() };
        let bad = Output::new("a", vec![file("m/good"), file(path)]);
        let problems = messages(out::write(&turn, &look, vec![], vec![bad], None).expect_err(path).problems);
        assert!(problems[0].starts_with("bad-path: "), "{problems:?}");
        let bad = Output::new(path, vec![file("m/good")]);
        assert!(path == "x" || out::write(&turn, &look, vec![], vec![bad], None).is_err());
        assert!(!root.path().join("out").exists());
    }
}

#[test]
fn two_artifacts_of_one_path_are_refused() {
    for (a, b, message) in [
        ("m/x", "m/x", "two-of-one-path: two artifacts want `out/a/m/x`"),
        ("m/x", "m/x/y", "two-of-one-path: `out/a/m/x` would be a file and a folder"),
    ] {
        let root = site(&[]);
        put(root.path(), "stacks/a/stack.yaml", &format!("{a}=1\n{b}=2\n"));
        assert_eq!(messages(build(root.path()).expect_err("an error")), [message]);
    }
}

#[test]
fn sources_that_are_no_plain_files_are_named_all_at_once() {
    let root = site(&["a", "b", "c", "d"]);
    let fifo = Command::new("mkfifo").arg(root.path().join("stacks/a/pipe")).status();
    assert!(fifo.expect("mkfifo").success());
    symlink("/etc/passwd", root.path().join("stacks/a/passwd")).expect("a link");
    symlink("nowhere", root.path().join("stacks/b/dangling")).expect("a link");
    symlink("/etc", root.path().join("stacks/b/files")).expect("a link");
    put(root.path(), "stacks/c/a\u{1b}[2Jb", "x");
    let name = std::ffi::OsString::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xe9"));
    fs::write(root.path().join("stacks/c").join(name), "x").expect("a file");
    fs::File::create(root.path().join("stacks/d/disk.img")).and_then(|f| f.set_len(17 << 20)).expect("a file");
    let problems = messages(build(root.path()).expect_err("an error"));
    assert_eq!(
        problems,
        [
            "bad-name: `stacks/c/a\\u{1b}[2Jb` has a control character in its name",
            "bad-name: `stacks/c/caf\u{fffd}` has a name that is not UTF-8",
            "symlink: `stacks/a/passwd` is a symbolic link",
            "special-file: `stacks/a/pipe` is a named pipe",
            "symlink: `stacks/b/dangling` is a symbolic link",
            "symlink: `stacks/b/files` is a symbolic link",
            "too-large: `stacks/d/disk.img` has 17 MiB; a source has 16 MiB at most",
        ]
    );
    assert!(!root.path().join("out").exists());
}

#[test]
fn a_link_out_of_the_site_is_an_error_wherever_it_stands() {
    for at in ["homebuild.yaml", "layouts", "stacks", "stacks/l", "secrets", ".homebuild"] {
        let root = site(&["a"]);
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        put(elsewhere.path(), "secrets.sops.yaml", "x");
        let path = root.path().join(at);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
        symlink(elsewhere.path(), &path).expect("a link");
        assert!(build(root.path()).is_err(), "{at}");
        assert_eq!(tree(elsewhere.path()).len(), 1, "{at}");
    }
}

#[test]
fn things_in_stacks_that_are_no_stacks_are_named() {
    let root = site(&["a"]);
    put(root.path(), "stacks/README.md", "x");
    put(root.path(), "stacks/.gitignore", "x");
    fs::create_dir_all(root.path().join("stacks/empty/files")).expect("folders");
    build(root.path()).expect("none of these is a mistake");
    put(root.path(), "stacks/b/stack.yml", "x");
    put(root.path(), "stacks/c.yaml", "x");
    let problems = messages(build(root.path()).expect_err("an error"));
    assert_eq!(
        problems,
        ["not-a-stack: `stacks/b` has no `stack.yaml`", "not-a-stack: `stacks/c.yaml` is a file, not a stack's folder"]
    );
}

#[test]
fn leftovers_of_editors_are_no_sources() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    symlink("me@host.1234", root.path().join("stacks/a/.#stack.yaml")).expect("a link");
    for name in ["stack.yaml~", ".stack.yaml.swp", "#stack.yaml#", ".DS_Store"] {
        put(root.path(), &format!("stacks/a/{name}"), "a/evil.yaml=1\n");
    }
    build(root.path()).expect("a build");
    assert!(!root.path().join("out/a/a/evil.yaml").exists());
}

#[test]
fn a_file_that_is_not_text_is_kept_apart() {
    let root = site(&["a"]);
    fs::write(root.path().join("stacks/a/logo.png"), b"\x89PNG\n\xff").expect("a file");
    let folder = Site::open(root.path()).expect("a site").stack("a").expect("a stack");
    assert_eq!(folder.files.len(), 1);
    assert_eq!(folder.binaries[0].bytes, b"\x89PNG\n\xff");
    let problem = homebuild::disk::not_text(&folder.binaries[0]);
    assert_eq!(problem.message, "`stacks/a/logo.png` is not UTF-8 (line 1)");
    fs::write(root.path().join("homebuild.yaml"), b"a: 1\nb: \xff\n").expect("a file");
    let problems = messages(build(root.path()).expect_err("an error"));
    assert_eq!(problems, ["not-utf8: `homebuild.yaml` is not UTF-8 (line 2)"]);
}

#[test]
fn files_that_come_and_go_during_a_build_never_break_it() {
    let root = site(&["a", "b"]);
    let path = root.path().to_owned();
    let restless = thread::spawn(move || {
        for round in 0..300 {
            let file = format!("stacks/a/files/{}/x", round % 3);
            put(&path, &file, &format!("a/x{}.yaml={round}\n", round % 3));
            if round % 2 == 0 {
                let _ = fs::remove_dir_all(path.join("stacks/a/files"));
            }
        }
    });
    while !restless.is_finished() {
        if let Err(problems) = build(root.path()) {
            for message in messages(problems) {
                assert!(message.starts_with("changing: "), "{message}");
            }
        }
    }
    restless.join().expect("no panic");
    build(root.path()).expect("a build");
    assert_clean(root.path(), "after it");
}

#[test]
fn builds_at_once_wait_for_each_other() {
    let root = site(&["a", "b", "c"]);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..5).for_each(|_| drop(build(root.path()).expect("a build"))));
            scope.spawn(|| (0..5).for_each(|_| drop(check(root.path()).expect("a check"))));
        }
    });
    assert_clean(root.path(), "after it");
}

#[test]
fn a_build_that_waits_too_long_says_for_whom() {
    let root = site(&["a"]);
    let site = Site::open(root.path()).expect("a site");
    let _turn = Turn::begin(&site, Mode::Write).expect("a turn");
    let problems = messages(build(root.path()).expect_err("an error"));
    assert_eq!(problems, [format!("busy: another build of this site is running (process {})", std::process::id())]);
}

/// What the kill test runs and kills.
#[test]
#[ignore = "run by `a_build_killed_at_any_moment_is_finished_by_the_next`"]
fn toy_build_in_this_folder() {
    build(Path::new(".")).expect("a build");
}

#[test]
fn a_build_killed_at_any_moment_is_finished_by_the_next() {
    let names: Vec<String> = (0..12).map(|n| format!("s{n}")).collect();
    let root = site(&[]);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut killed = 0;
    for round in 0..60 {
        for name in &names {
            let path = root.path().join("stacks").join(name);
            match next(4) {
                0 => drop(fs::remove_dir_all(path)),
                1 => {}
                _ => {
                    let lines: Vec<String> = (0..next(30)).map(|n| format!("m{}/x{n}.yaml={round}\n", n % 3)).collect();
                    put(root.path(), &format!("stacks/{name}/stack.yaml"), &lines.concat());
                }
            }
        }
        put(root.path(), "stacks/z/stack.yaml", &source("z"));
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--ignored", "--exact", "toy_build_in_this_folder"])
            .current_dir(root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        thread::sleep(Duration::from_micros(2000 + next(12_000)));
        child.kill().expect("a kill");
        killed += u32::from(!child.wait().expect("a status").success());
        for (path, bytes) in tree(&root.path().join("out")) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let temporary = path.contains(".homebuild-");
            let whole = bytes.ends_with(b"\n") && (!name.starts_with('x') || bytes.starts_with(b"p:"));
            assert!(temporary || whole, "round {round}: {path} is half written");
        }
        if round % 2 == 0 {
            build(root.path()).expect("the next build");
            assert_clean(root.path(), &format!("round {round}"));
            assert!(!root.path().join(".homebuild/journal").exists());
            assert!(build(root.path()).expect("a build").quiet);
        }
    }
    assert!(killed > 10, "only {killed} were killed in time");
}

/// A small file system of its own, or why there is none.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(at: &'a Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).expect("a folder");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).stderr(Stdio::null()).status();
        let mounted = done.is_ok_and(|status| status.success()).then_some(Self(at));
        if mounted.is_none() {
            eprintln!("not tried: only root can mount a small file system");
        }
        mounted
    }

    fn again(&self, options: &str) {
        let done = Command::new("mount").args(["-o", options]).arg(self.0).status();
        assert!(done.expect("mount").success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_whole_files_and_the_next_build_finishes() {
    let root = site(&[]);
    let big = "x".repeat(20_000);
    for stack in 0..20 {
        let lines: Vec<String> = (0..10).map(|n| format!("m/x{n}.yaml={big}\n")).collect();
        put(root.path(), &format!("stacks/s{stack:02}/stack.yaml"), &lines.concat());
    }
    let out = root.path().join("out");
    let Some(disk) = Mounted::new(&out, "size=1m") else { return };
    let problems = messages(build(root.path()).expect_err("a full disk"));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].ends_with("no space left on device"), "{problems:?}");
    for (path, bytes) in tree(&out) {
        assert!(bytes.ends_with(b"\n") && !path.contains(".homebuild-"), "{path} is half written");
    }
    disk.again("remount,size=20m");
    build(root.path()).expect("the next build");
    assert_clean(root.path(), "after it");
    // On another file system than `.homebuild/`, whose clock we do not have, contents are read each time.
    assert!(build(root.path()).expect("a build").quiet);
    put(root.path(), "out/s01/m/x1.yaml", &format!("p:{}\n", "y".repeat(20_000)));
    assert_eq!(build(root.path()).expect("a build").changed(), ["s01/m/x1.yaml"]);
}

#[test]
fn a_read_only_out_is_said_once_and_a_check_still_works() {
    let root = site(&["a", "b"]);
    let out = root.path().join("out");
    let Some(disk) = Mounted::new(&out, "size=1m") else { return };
    build(root.path()).expect("a build");
    put(root.path(), "stacks/a/stack.yaml", &source("a").replace("=one", "=1"));
    put(root.path(), "stacks/b/stack.yaml", &source("b").replace("=one", "=1"));
    disk.again("remount,ro");
    let problems = messages(build(root.path()).expect_err("read-only"));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].ends_with("read-only file system"), "{problems:?}");
    assert_eq!(check(root.path()).expect("a check").changed().len(), 2);
    disk.again("remount,rw");
    assert_eq!(build(root.path()).expect("a build").changed().len(), 2);
}

#[test]
fn a_read_only_site_can_be_checked() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let Some(mounted) = Mounted::new(disk.path(), "size=1m") else { return };
    let made = site(&["a"]);
    for (path, bytes) in tree(made.path()) {
        put(disk.path(), &path, &String::from_utf8_lossy(&bytes));
    }
    mounted.again("remount,ro");
    assert_eq!(check(disk.path()).expect("a check").added().len(), 5);
    let problems = messages(build(disk.path()).expect_err("read-only"));
    assert_eq!(problems, ["io: cannot write `.homebuild/`: read-only file system"]);
    mounted.again("remount,rw");
    build(disk.path()).expect("a build");
    mounted.again("remount,ro");
    assert!(check(disk.path()).expect("a check").quiet);
}

#[test]
fn what_cannot_be_kept_is_a_warning() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    fs::remove_file(root.path().join(".homebuild/memory")).expect("gone");
    fs::create_dir(root.path().join(".homebuild/memory")).expect("a folder");
    let did = build(root.path()).expect("a build");
    assert_eq!(did.warning.expect("a warning").level, homebuild::problem::Level::Warning);
}

#[test]
fn what_is_kept_comes_back() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    let site = Site::open(root.path()).expect("a site");
    let turn = Turn::begin(&site, Mode::Check).expect("a turn");
    let look = out::look(&turn, &Program::running()).expect("a look");
    assert_eq!(look.summary("a"), b"a");
    assert_eq!(look.site(), (b"".as_slice(), b"site".as_slice()));
    assert_eq!((look.artifacts("a"), look.warnings("a").len(), look.summary("nosuch").len()), (3, 0, 0));
    assert_eq!(Keep::default().summary.len(), 0);
}

#[test]
fn another_program_builds_everything_again() {
    let root = site(&["a"]);
    build(root.path()).expect("a build");
    let site = Site::open(root.path()).expect("a site");
    let turn = Turn::begin(&site, Mode::Check).expect("a turn");
    let other = root.path().join("other");
    fs::copy(std::env::current_exe().expect("this test"), &other).expect("a copy");
    let look = out::look(&turn, &Program::at(&other)).expect("a look");
    assert_eq!(look.stacks["a"], out::State::Shared);
    let look = out::look(&turn, &Program::at(Path::new("nosuch"))).expect("a look");
    assert!(!look.is_quiet(None));
}
