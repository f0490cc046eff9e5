//! `homebuild secrets` with the real program: what is set is there, nothing is lost, nothing is shown that was not asked for.

mod toy;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use homebuild::sops::{File, Recipient};
use homebuild::yaml::Map;
use tempfile::TempDir;
use toy::{put, tree};

const FILE: &str = "secrets.sops.yaml";
const RECIPIENT: &str = "age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur";
/// What no output may hold.
const CANARY: &str = "canary-5f2b";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A site with an empty secrets file that the test key opens.
fn site() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    for (path, bytes) in tree(&root().join("tests/base")) {
        put(site.path(), &path, &String::from_utf8(bytes).unwrap());
    }
    let file = File::new(FILE, &[Recipient::parse(RECIPIENT).unwrap()], &Map::default()).unwrap();
    put(site.path(), FILE, &file.finish("2026-01-01T00:00:00Z").unwrap());
    site
}

fn command(site: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    command.arg("secrets").args(arguments).current_dir(site).env_clear();
    command.env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt")).env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn run(site: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = command(site, arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn done(site: &Path, arguments: &[&str], input: &[u8]) -> String {
    let output = run(site, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn refused(site: &Path, arguments: &[&str], input: &[u8], message: &str) {
    let before = fs::read(site.join(FILE)).unwrap_or_default();
    let output = run(site, arguments, input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(message) && !said.contains(CANARY), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read(site.join(FILE)).unwrap_or_default(), before, "nothing is written");
}

#[test]
fn values_are_kept_byte_for_byte() {
    let site = site();
    let all: Vec<u8> = (0..=255).collect();
    let large = vec![b'x'; 1 << 20];
    let values: [&[u8]; 8] = [b"", b"\0", b"a\r\nb\r\n", b"ends\n", b"\n", "é\u{1F600}".as_bytes(), &all, &large];
    for (index, value) in values.iter().enumerate() {
        let name = format!("map.v{index}");
        done(site.path(), &["set", &name, "--empty"], value);
        let output = run(site.path(), &["get", &name, "--show"], b"");
        assert!(output.status.success() && output.stdout == *value, "{index}");
    }
    put(site.path(), "value", "from a file\n");
    done(site.path(), &["set", "map.file", "--from", "value", "--trim"], b"");
    assert_eq!(run(site.path(), &["get", "map.file", "--show"], b"").stdout, b"from a file");
}

#[test]
fn a_value_is_shown_only_where_that_is_said() {
    let site = site();
    let said = done(site.path(), &["set", "shop.password"], CANARY.as_bytes());
    assert!(!said.contains(CANARY) && said.contains("set shop.password in secrets.sops.yaml"), "{said}");
    refused(site.path(), &["get", "shop.password"], b"", "without `--show`");
    refused(site.path(), &["get", "shop", "--show"], b"", "name one of the values in it: shop.password");
    refused(site.path(), &["get", "shop.pasword", "--show"], b"", "did you mean `shop.password`?");
    assert!(done(site.path(), &["get", "shop.password", "--show", "--json"], b"").contains(CANARY));
    for arguments in [&["list"][..], &["check"], &["list", "--json"], &["check", "--json"]] {
        let said = done(site.path(), arguments, b"");
        assert!(said.contains("shop.password") || said.contains("1 value"), "{said}");
        assert!(!said.contains(CANARY), "{said}");
    }
    assert!(!fs::read_to_string(site.path().join(FILE)).unwrap().contains(CANARY));
}

#[test]
fn names_that_do_not_fit_change_nothing() {
    let site = site();
    done(site.path(), &["set", "a.b"], b"1");
    for (name, message) in [
        ("a", "is a map or a list"),
        ("a.b.c", "is a value: nothing can stand below it"),
        ("sops.mac", "is no name of a secret"),
        ("a..b", "is not written as the name"),
        ("", "is not written as the name"),
    ] {
        refused(site.path(), &["set", name], CANARY.as_bytes(), message);
    }
    refused(site.path(), &["set", "new", "--file", "other.yaml"], CANARY.as_bytes(), "is no secrets file of this site");
    refused(site.path(), &["remove", "a.b", "nothing"], b"", "there is no secret `nothing`");
    done(site.path(), &["set", "mail[\"me@example.org\"]"], b"2");
    done(site.path(), &["remove", "a"], b"");
    assert!(done(site.path(), &["list"], b"").contains("mail[\"me@example.org\"]"));
}

#[test]
fn writers_at_once_lose_nothing() {
    let site = site();
    let names: Vec<String> = (0..12).map(|number| format!("k{}.v{number}", number % 3)).collect();
    let mut children = Vec::new();
    for name in &names {
        let mut command = command(site.path(), &["set", name]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(name.as_bytes()).unwrap();
        children.push(child);
    }
    assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
    for name in &names {
        assert_eq!(run(site.path(), &["get", name, "--show"], b"").stdout, name.as_bytes());
    }
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let site = site();
    done(site.path(), &["set", "a"], b"old");
    let large = vec![b'x'; 4 << 20];
    for pause in 0..20 {
        let mut command = command(site.path(), &["set", "b"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&large[pause..]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(u64::try_from(pause * 15).unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
        done(site.path(), &["check"], b"");
        assert_eq!(run(site.path(), &["get", "a", "--show"], b"").stdout, b"old");
    }
}

/// An editor: a script that gets the file as its argument.
fn editor(site: &Path, script: &str) -> String {
    put(site, "editor.sh", &format!("#!/bin/sh\n{script}\n"));
    let path = site.join("editor.sh");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn edited(site: &Path, script: &str) -> Output {
    let editor = editor(site, script);
    command(site, &["edit"]).env("EDITOR", editor).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn an_editor_sees_the_file_decrypted_and_nobody_else_does() {
    let site = site();
    done(site.path(), &["set", "shop.password"], CANARY.as_bytes());
    let script = format!(
        "grep -q {CANARY} \"$1\" && stat -c %a \"$1\" $(dirname \"$1\") > seen && echo \"$1\" >> seen\n\
        sed -i s/{CANARY}/other/ \"$1\" && echo 'new: 7' >> \"$1\""
    );
    let output = edited(site.path(), &script);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && !said.contains(CANARY), "{said}");
    let seen = fs::read_to_string(site.path().join("seen")).unwrap();
    let seen: Vec<_> = seen.lines().collect();
    assert_eq!(seen[..2], ["600", "700"]);
    assert!(!Path::new(seen[2]).exists(), "it is gone");
    assert_eq!(run(site.path(), &["get", "shop.password", "--show"], b"").stdout, b"other");
    assert_eq!(run(site.path(), &["get", "new", "--show"], b"").stdout, b"7");
    let before = fs::read(site.path().join(FILE)).unwrap();
    assert!(edited(site.path(), "true").status.success());
    assert_eq!(fs::read(site.path().join(FILE)).unwrap(), before, "an edit of nothing changes nothing");
}

#[test]
fn an_edit_that_fails_changes_nothing_and_leaves_nothing() {
    let site = site();
    done(site.path(), &["set", "shop.password"], CANARY.as_bytes());
    let before = fs::read(site.path().join(FILE)).unwrap();
    for (script, message) in [
        ("exit 3", "ended with"),
        ("echo 'a: [' >> \"$1\"", "secrets.sops.yaml:"),
        ("printf '\\377' > \"$1\"", "not UTF-8"),
        ("rm \"$1\"", "cannot read"),
        ("echo 'sops: {}' >> \"$1\"", "belongs to sops itself"),
    ] {
        let output = edited(site.path(), &format!("echo \"$1\" > seen; {script}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && said.contains(message) && !said.contains(CANARY),
            "{script}: {said}"
        );
        assert_eq!(fs::read(site.path().join(FILE)).unwrap(), before);
        let seen = fs::read_to_string(site.path().join("seen")).unwrap();
        assert!(!Path::new(seen.trim()).parent().unwrap().exists(), "{script}");
    }
    let output = command(site.path(), &["edit"]).env("EDITOR", "no-such-editor").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not start"));
}

#[test]
fn what_another_program_wrote_meanwhile_is_kept() {
    let site = site();
    done(site.path(), &["set", "a"], b"1");
    let meanwhile = |set: &str, typed: &str| {
        let program = env!("CARGO_BIN_EXE_homebuild");
        edited(
            site.path(),
            &format!("printf theirs | {program} secrets set {set} >&2 && sed -i 's/^a: .*/a: mine/' \"$1\"{typed}"),
        )
    };
    let output = meanwhile("b", "; echo 'c: 3' >> \"$1\"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, value) in [("a", "mine"), ("b", "theirs"), ("c", "3")] {
        assert_eq!(run(site.path(), &["get", name, "--show"], b"").stdout, value.as_bytes(), "{name}");
    }
    let program = env!("CARGO_BIN_EXE_homebuild");
    let output =
        edited(site.path(), &format!("sed -i 's/^a: .*/a: once/' \"$1\"; printf theirs | {program} secrets set a"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("`a` was changed by another program meanwhile"), "{said}");
    assert_eq!(run(site.path(), &["get", "a", "--show"], b"").stdout, b"theirs");
}

#[test]
fn a_rule_that_is_made_anew_names_all_who_can_open_the_files() {
    let site = site();
    let other = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
    done(site.path(), &["recipients", "add", other], b"");
    let _ = fs::remove_file(site.path().join(".sops.yaml"));
    done(site.path(), &["init"], b"");
    let rules = fs::read_to_string(site.path().join(".sops.yaml")).unwrap();
    assert!(rules.contains(RECIPIENT) && rules.contains(other), "{rules}");
}

#[test]
fn what_is_probably_a_slip_is_refused() {
    let site = site();
    done(site.path(), &["set", "shop.password"], b"1");
    refused(site.path(), &["set", "shop.password"], b"", "the value is empty");
    refused(site.path(), &["set", "secrets.shop.password"], b"1", "what stands behind `secrets.`: `shop.password`");
    refused(site.path(), &["set", "shop.host_unencrypted"], CANARY.as_bytes(), "would stand in plain");
    let output = run(site.path(), &["recipients", "add", "-----BEGIN OPENSSH PRIVATE KEY-----canary-5f2b"], b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("a private key stands") && !said.contains(CANARY),
        "{said}"
    );
    refused(site.path(), &["recipients", "add", "age-secret-key-1canary-5f2b"], b"", "is a private key");
    let output = edited(site.path(), "echo > \"$1\"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no secret is left"));
    assert_eq!(run(site.path(), &["get", "shop.password", "--show"], b"").stdout, b"1");
}
