//! `homebuild fmt`: the form changes, the meaning never does.

mod toy;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use homebuild::problem::Source;
use homebuild::yaml;
use toy::{put, tree};

const STACK: &str = "stacks/web/stack.yaml";
const UGLY: &str = "tier:   4-aux\ncomponents:\n    web:   # the page\n        { layout: 'web', image: \"a:1\" }\n";

fn site() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base")) {
        put(root.path(), &path, &String::from_utf8(bytes).expect("text"));
    }
    root
}

fn fmt(site: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    command.arg("fmt").args(arguments).current_dir(site).output().expect("the program runs")
}

fn text(site: &Path, path: &str) -> String {
    fs::read_to_string(site.join(path)).expect("text")
}

/// The YAML of the repository, of the examples and of all cases, wrong ones too.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["stacks", "layouts", "out", "tests/base", "tests/cases", "benches", "src"] {
        for (path, bytes) in tree(&root.join(folder)) {
            if Path::new(&path).extension().is_some_and(|end| end == "yaml") {
                found.extend(String::from_utf8(bytes).ok().map(|text| (format!("{folder}/{path}"), text)));
            }
        }
    }
    found
}

/// What our reader takes a text for: canonical, with the numbers as they were written.
fn meaning(text: &str) -> Option<String> {
    let nodes = yaml::parse(&Source::new("a.yaml", text)).ok()?;
    let plain = |node: &yaml::Node| format!("{:?}", written(node));
    Some(nodes.iter().map(|node| yaml::emit(node) + &plain(node)).collect())
}

fn written(node: &yaml::Node) -> Vec<String> {
    let below = match &node.data {
        yaml::Data::List(list) => list.iter().flat_map(written).collect(),
        yaml::Data::Map(map) => map.iter().flat_map(|(_, value)| written(value)).collect(),
        _ => Vec::new(),
    };
    node.plain.iter().map(ToString::to_string).chain(below).collect()
}

/// The comments of a text, as far as a line tells them.
fn comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.trim_start().starts_with('#')).map(str::trim).collect()
}

#[test]
fn every_source_keeps_its_meaning_and_its_comments_and_has_one_form() {
    let (mut formatted, mut refused) = (0, Vec::new());
    for (path, text) in sources() {
        let Some(before) = meaning(&text) else { continue };
        match yaml::format(&Source::new(path.as_str(), text.as_str())) {
            Ok(now) => {
                formatted += 1;
                assert_eq!(meaning(&now).as_ref(), Some(&before), "{path}");
                assert_eq!(comments(&now), comments(&text), "{path}");
                let again = yaml::format(&Source::new(path.as_str(), now.as_str()));
                assert_eq!(again.as_deref(), Ok(now.as_str()), "{path}: once is enough");
            }
            Err(problem) => refused.push((path, problem.message)),
        }
    }
    assert!(formatted > 500, "{formatted}");
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn files_are_formatted_with_their_mode_and_listed() {
    let site = site();
    put(site.path(), STACK, UGLY);
    let mode = |mode| fs::set_permissions(site.path().join(STACK), fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o640);
    let check = fmt(site.path(), &["--check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&check.stderr).contains(STACK));
    assert_eq!(text(site.path(), STACK), UGLY, "a check writes nothing");
    let done = fmt(site.path(), &[]);
    assert_eq!(done.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&done.stdout).contains("1 file of "));
    let now = "tier: 4-aux\ncomponents:\n  web:   # the page\n    {layout: \"web\", image: \"a:1\"}\n";
    assert_eq!(text(site.path(), STACK), now);
    let metadata = fs::metadata(site.path().join(STACK)).expect("metadata");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert_eq!(fmt(site.path(), &["--check"]).status.code(), Some(0));
    let left = tree(site.path()).into_iter().filter(|(path, _)| path.contains("#homebuild"));
    assert_eq!(left.count(), 0);
}

#[test]
fn only_what_is_named_is_formatted() {
    let site = site();
    for stack in ["a", "b"] {
        put(site.path(), &format!("stacks/{stack}/stack.yaml"), UGLY);
        put(site.path(), &format!("stacks/{stack}/files/stack.yaml"), UGLY);
    }
    assert_eq!(fmt(site.path(), &["./stacks/a/"]).status.code(), Some(0));
    assert_ne!(text(site.path(), "stacks/a/stack.yaml"), UGLY);
    assert_eq!(text(site.path(), "stacks/b/stack.yaml"), UGLY);
    for path in ["stacks/nosuch", "stacks/b/files/stack.yaml", "../a", "/etc/passwd"] {
        assert_eq!(fmt(site.path(), &[path]).status.code(), Some(1), "{path}");
    }
    assert_eq!(fmt(site.path(), &[]).status.code(), Some(0));
    for stack in ["a", "b"] {
        assert_eq!(text(site.path(), &format!("stacks/{stack}/files/stack.yaml")), UGLY, "a text is the author's");
    }
}

#[test]
fn what_cannot_be_formatted_is_left_and_told_and_the_rest_is_done() {
    let site = site();
    put(site.path(), "stacks/a/stack.yaml", "tier: [\n");
    put(site.path(), "stacks/b/stack.yaml", "? tier\n:   4-aux\n");
    put(site.path(), "stacks/c/stack.yaml", UGLY);
    let output = fmt(site.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["changed"], serde_json::json!(["stacks/c/stack.yaml"]));
    let codes: Vec<_> = said["problems"].as_array().expect("a list").iter().map(|problem| &problem["code"]).collect();
    assert_eq!(codes, ["yaml", "format"]);
    assert_eq!(text(site.path(), "stacks/b/stack.yaml"), "? tier\n:   4-aux\n");
}
