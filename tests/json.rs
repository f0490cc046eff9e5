//! `docs/json.md` is what `--json` prints: the same keys, with the same kinds of values.

mod homelab;
mod shape;

use std::fs;
use std::path::Path;
use std::process::Command;

use homelab::{copy, homelab};
use serde_json::Value;
use shape::compare;

#[test]
fn every_example_has_the_keys_of_what_is_printed() {
    let page = fs::read_to_string(root().join("docs/json.md")).unwrap();
    let mut seen = 0;
    for section in page.split("\n### `homebuild ").skip(1) {
        let (command, rest) = section.split_once('`').unwrap();
        let (condition, _) = rest.split_once('\n').unwrap();
        let (_, block) = rest.split_once("\n```json\n").unwrap_or_else(|| panic!("{command} has no example"));
        let example: Value = serde_json::from_str(block.split("\n```").next().unwrap()).unwrap();
        let printed = printed(command, condition.trim());
        let mut wrong = Vec::new();
        compare(&example, &printed, "", &mut wrong);
        assert!(wrong.is_empty(), "{command}{condition}: {wrong:#?}");
        seen += 1;
    }
    assert!(seen >= 13, "examples are missing: {seen}");
}

/// Every command that has `--json` has an example.
#[test]
fn every_command_with_json_is_on_the_page() {
    let page = fs::read_to_string(root().join("docs/json.md")).unwrap();
    let help = |command: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(command).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let whole = help(&[]);
    let commands = whole.split_once("\nCommands:\n").unwrap().1.split("\n\n").next().unwrap();
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for name in names.filter(|name| !name.is_empty() && help(&[name]).contains("--json")) {
        assert!(page.contains(&format!("\n## {name}\n")), "docs/json.md says nothing of `{name}`");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a command prints in a copy of this repository's site, under a condition that the page names.
fn printed(command: &str, condition: &str) -> Value {
    let folder = homelab();
    let site = folder.path();
    let stack = site.join("stacks/excalidraw/stack.yaml");
    match condition {
        "" => {}
        "without out" => fs::remove_dir_all(site.join("out")).unwrap(),
        "after a change" => {
            copy(&root().join("docs"), &site.join("stacks/excalidraw/files")); // nothing reads them
            fs::write(&stack, fs::read_to_string(&stack).unwrap().replace("host: draw", "host: paint")).unwrap();
        }
        "after a mistake" => {
            fs::write(&stack, fs::read_to_string(&stack).unwrap().replace("port:", "prot:")).unwrap();
        }
        other => panic!("the test knows no condition `{other}`"),
    }
    let crd = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x.example.org}, spec: {group: \
               example.org, names: {kind: X}, scope: Cluster, versions: [{name: v1, served: true}]}}";
    fs::write(site.join("crds.yaml"), crd).unwrap();
    fs::write(site.join("terraform.tfvars"), "shop_password = \"x\"\n").unwrap();
    let words = command.split(' ');
    let mut program = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    program.args(words).current_dir(site).env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt"));
    let output = program.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command}: {error}"))
}
