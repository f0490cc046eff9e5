//! Secrets that homebuild makes, with the real program: all that are declared are found although a build fails, once made
//! they stay, and a rotation changes one.

mod toy;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use homebuild::sops::{File, Recipient};
use homebuild::yaml::Map;
use serde_json::Value;
use tempfile::TempDir;
use toy::{put, tree};

const FILE: &str = "secrets.sops.yaml";
const RECIPIENT: &str = "age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur";
const STACK: &str = r#"tier: 4-aux
generated:
  db.password: {length: 20, charset: hex}
  accounts["me@example.org"]: {}
components:
  conf:
    layout: config
    data:
      given: ${{ secrets.given }}
      password: ${{ secrets.db.password }}
      me: ${{ secrets.accounts["me@example.org"] }}
      pin: ${{ secrets.pin | generated(length=6, charset="digits") }}
      both: ${{ secrets.one | generated(length=8) }}-${{ secrets.two | generated(length=8) }}
      text: ${{ file("text.j2") }}
"#;
const TEXT: &str = "{{ secrets.three | generated(charset='[x-z]') }} {{ secrets.four | generated }}\n";
const ALL: [&str; 8] = ["accounts[\"me@example.org\"]", "db.password", "four", "one", "pin", "site", "three", "two"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A site that says of eight secrets that homebuild makes them, and has one that somebody else made.
fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path();
    for (path, bytes) in tree(&root().join("tests/base")) {
        put(site, &path, &String::from_utf8(bytes).unwrap());
    }
    let mut file = File::new(FILE, &[Recipient::parse(RECIPIENT).unwrap()], &Map::default()).unwrap();
    file.set(&["given"], &homebuild::sops::Value::str("x")).unwrap();
    put(site, FILE, &file.finish("2026-01-01T00:00:00Z").unwrap());
    let config = fs::read_to_string(site.join("homebuild.yaml")).unwrap();
    put(site, "homebuild.yaml", &format!("{config}generated: {{site: {{length: 5, charset: upper}}}}\n"));
    put(site, "stacks/web/stack.yaml", STACK);
    put(site, "stacks/web/files/text.j2", TEXT);
    folder
}

fn run(site: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    command.args(arguments).current_dir(site).env_clear();
    command.env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt")).env("PATH", std::env::var_os("PATH").unwrap());
    command.output().unwrap()
}

#[track_caller]
fn done(site: &Path, arguments: &[&str]) -> String {
    let output = run(site, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(site: &Path, arguments: &[&str]) -> String {
    let before = secrets(site);
    let output = run(site, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(secrets(site), before, "nothing is written");
    String::from_utf8(output.stderr).unwrap()
}

fn secrets(site: &Path) -> String {
    fs::read_to_string(site.join(FILE)).unwrap()
}

fn get(site: &Path, name: &str) -> String {
    done(site, &["secrets", "get", name, "--show"])
}

fn made(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["made"].clone()
}

#[test]
fn all_that_are_declared_are_made_at_once_and_stay() {
    let folder = site();
    let site = folder.path();
    let told = refused(site, &["build"]);
    let listed: Value = serde_json::from_str(&done(site, &["secrets", "list", "--json"])).unwrap();
    let missing: Vec<_> = listed["secrets"].as_array().unwrap().iter().filter(|one| one["missing"] == true).collect();
    assert_eq!(missing.len(), ALL.len(), "{listed}");
    for name in ["db.password", "pin", "accounts[\"me@example.org\"]"] {
        assert!(
            told.contains(&format!("the secret `{name}` is not made yet: run `homebuild secrets generate`")),
            "{told}"
        );
    }
    let before = secrets(site);
    assert_eq!(made(&done(site, &["secrets", "generate", "--dry-run", "--json"])), serde_json::json!(ALL));
    assert_eq!(secrets(site), before);
    let said = done(site, &["secrets", "generate"]);
    assert!(said.contains("8 secrets made in secrets.sops.yaml"), "{said}");
    done(site, &["build"]);
    let is_of = |name: &str, length, set: fn(char) -> bool| {
        let value = get(site, name);
        assert!(value.len() == length && value.chars().all(set), "{name}");
        assert!(!said.contains(&value) || value.len() < 7, "{name} is printed");
    };
    is_of("db.password", 20, |c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    is_of("accounts[\"me@example.org\"]", 32, |c| c.is_ascii_alphanumeric());
    is_of("pin", 6, |c| c.is_ascii_digit());
    is_of("three", 32, |c| ('x'..='z').contains(&c));
    is_of("four", 32, |c| c.is_ascii_alphanumeric());
    is_of("site", 5, |c| c.is_ascii_uppercase());
    let before = secrets(site);
    let said = done(site, &["secrets", "generate"]);
    assert_eq!(said, "8 secrets declared, none is missing\n");
    assert_eq!(secrets(site), before);
}

#[test]
fn other_mistakes_do_not_keep_one_from_making_secrets() {
    let folder = site();
    let site = folder.path();
    put(site, "stacks/other/stack.yaml", "tier: 4-aux\ncomponents: {web: {layout: wbe}}\n");
    put(site, "stacks/web/stack.yaml", &STACK.replace("secrets.given", "secrets.gvien"));
    let output = done(site, &["secrets", "generate"]);
    assert!(output.contains("the sources have other errors") && output.contains("db.password\n"), "{output}");
}

#[test]
fn two_declarations_that_disagree_are_an_error_of_build_and_generate() {
    let folder = site();
    let site = folder.path();
    put(
        site,
        "stacks/other/stack.yaml",
        "tier: false\nnamespace: false\ngenerated: {pin: {length: 4, charset: digits}}\n",
    );
    for command in [&["secrets", "generate"][..], &["secrets", "rotate", "given", "--length", "3"]] {
        let told = refused(site, command);
        assert!(
            told.contains("secret `pin` is generated in two ways") && told.contains("length 4, charset digits"),
            "{told}"
        );
        assert!(told.contains("stacks/other/stack.yaml:3:13"), "{told}");
    }
    put(site, "stacks/other/stack.yaml", "tier: false\nnamespace: false\ngenerated: {site: {}}\n");
    assert!(refused(site, &["build"]).contains("secret `site` is generated in two ways"));
    put(
        site,
        "stacks/other/stack.yaml",
        "tier: false\nnamespace: false\ngenerated: {site: {length: 5, charset: upper}}\n",
    );
    done(site, &["secrets", "generate"]);
    done(site, &["build"]);
}

#[test]
fn a_declaration_that_makes_no_secret_is_told() {
    let folder = site();
    let site = folder.path();
    for (declared, message) in [
        ("a b: {}", "`a b` is no name of a secret"),
        ("a: {length: 0}", "a length of 0 is not between 1 and 4096"),
        ("a: {length: 5000}", "a length of 5000 is not between"),
        ("a: {charset: hx}", "did you mean `hex`"),
        ("a: {charset: '[a]'}", "fewer than two characters"),
        ("a: {size: 3}", "size"),
    ] {
        put(site, "stacks/web/stack.yaml", &STACK.replace("generated:\n", &format!("generated:\n  {declared}\n")));
        let told = refused(site, &["build"]);
        assert!(told.contains(message) && told.contains("stacks/web/stack.yaml:3:"), "{declared}: {told}");
    }
    put(site, "stacks/web/stack.yaml", &STACK.replace("charset=\"digits\"", "charset=\"digit\""));
    assert!(refused(site, &["build"]).contains("did you mean `digits`"));
}

#[test]
fn a_rotation_changes_one_secret_and_says_who_uses_it() {
    let folder = site();
    let site = folder.path();
    done(site, &["secrets", "generate"]);
    done(site, &["build"]);
    let (before, password, pin) = (secrets(site), get(site, "db.password"), get(site, "pin"));
    let said = done(site, &["secrets", "rotate", "db.password"]);
    assert!(said.contains("db.password: used by web\n"), "{said}");
    let new = get(site, "db.password");
    assert!(new != password && new.len() == 20 && !said.contains(&new));
    assert_eq!(get(site, "pin"), pin);
    let after = secrets(site);
    let changed: Vec<&str> =
        after.lines().zip(before.lines()).filter(|(now, then)| now != then).map(|(now, _)| now.trim()).collect();
    let is_meant = |line: &&str| ["password:", "mac:", "lastmodified:"].iter().any(|key| line.starts_with(key));
    assert!(changed.len() <= 3 && changed.iter().all(is_meant), "{changed:?}");
    assert!(!run(site, &["build", "--check"]).status.success(), "out/ has the old reference");
    done(site, &["build"]);
}

#[test]
fn a_secret_of_somebody_else_is_rotated_only_where_it_is_said_how() {
    let folder = site();
    let site = folder.path();
    done(site, &["secrets", "generate"]);
    assert!(refused(site, &["secrets", "rotate", "given"]).contains("homebuild secrets set given"));
    assert!(refused(site, &["secrets", "rotate", "pin", "given"]).contains("`given` is not declared"));
    assert!(refused(site, &["secrets", "rotate", "nothing"]).contains("there is no secret `nothing`"));
    assert!(refused(site, &["secrets", "rotate", "db"]).contains("is a map or a list"));
    assert!(refused(site, &["secrets", "rotate", "pin", "--length", "8"]).contains("length 6, charset digits"));
    assert!(refused(site, &["secrets", "rotate", "given", "--charset", "hx"]).contains("did you mean `hex`"));
    done(site, &["secrets", "rotate", "given", "--length", "1", "--charset", "[ab]"]);
    let first = get(site, "given");
    done(site, &["secrets", "rotate", "given", "--length", "1", "--charset", "[ab]"]);
    assert!(first != get(site, "given") && ["a", "b"].contains(&first.as_str()), "always another one");
}
