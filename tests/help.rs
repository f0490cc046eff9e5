//! The help of every command, and what is printed in colours.

mod homelab;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use homelab::{copy, homelab};
use tempfile::TempDir;

/// Commands that ask a cluster.
const ASKS_A_CLUSTER: [&str; 8] = ["schemas pull", "plan", "push", "status", "history", "orphans", "unlock", "destroy"];

#[test]
fn every_command_shows_examples_that_work() {
    let site = site();
    let mut examples = Vec::new();
    for command in commands(&[]) {
        let help = help(&command);
        let (_, lines) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{command:?} has no examples"));
        for line in lines.lines() {
            let line =
                line.strip_prefix("  ").unwrap_or_else(|| panic!("{command:?} does not end in examples: {line}"));
            assert!(line.starts_with(&format!("homebuild {}", command.join(" "))), "{line}");
            examples.push(line.to_owned());
        }
    }
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/look.md")).unwrap();
    examples.extend(page.lines().filter_map(|line| line.strip_prefix("    $ ")).map(str::to_owned));
    // those that ask a cluster are run where there is one: tests/api_server.py, tests/push
    examples.retain(|line| !ASKS_A_CLUSTER.iter().any(|command| line.starts_with(&format!("homebuild {command}"))));
    assert!(examples.len() > 20);
    for line in examples {
        let output = bash(site.path(), &line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        bash(site.path(), "git checkout -q . && git clean -fdxq");
    }
}

/// A command and all below it, each as its words.
fn commands(above: &[String]) -> Vec<Vec<String>> {
    let help = help(above);
    let below = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    // a line that goes on is indented further
    let names = below.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned));
    let names = names.filter(|name| name != "help" && !name.is_empty());
    let all = names.flat_map(|name| commands(&[above, &[name]].concat()));
    std::iter::once(above.to_vec()).chain(all).collect()
}

fn help(command: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A copy of this repository's site in git, with what the examples name.
fn site() -> TempDir {
    let folder = homelab();
    let git = "git init -q && git add -A && git -c user.name=x -c user.email=x@example.org commit -qm x && git branch origin/main";
    fs::write(folder.path().join("password.txt"), "placeholder\n").unwrap();
    fs::write(folder.path().join("compose.yaml"), "services: {notes: {image: \"notes:1.4\", ports: [\"80:8080\"]}}\n")
        .unwrap();
    let definition =
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: a.example}}\n";
    fs::write(folder.path().join("crds.yaml"), definition).unwrap();
    fs::write(folder.path().join("values.schema.json"), "{}\n").unwrap();
    fs::write(folder.path().join("terraform.tfvars"), "shop_password = \"x\"\nmail_accounts = {}\n").unwrap();
    // someone who can be removed
    let other = "homebuild secrets recipients add age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
    let output = bash(folder.path(), &format!("{other} && {git}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// A line of bash with the program in its path.
fn bash(folder: &Path, line: &str) -> Output {
    let path = format!("PATH='{}':$PATH; set -o pipefail; {line}", program().parent().unwrap().display());
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/age.txt");
    let mut bash = Command::new("bash");
    bash.args(["-c", &path]).current_dir(folder).env("SOPS_AGE_KEY_FILE", key).env("EDITOR", "true");
    bash.stdin(std::process::Stdio::null()).output().unwrap()
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_homebuild"))
}

/// What a command prints on a terminal.
fn on_a_terminal(folder: &Path, arguments: &str, set: &str) -> String {
    let clean = "env -u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE TERM=xterm";
    let line = format!("{clean} {set} script -qec 'homebuild {arguments}' /dev/null");
    String::from_utf8(bash(folder, &line).stdout).unwrap()
}

#[test]
fn colours_are_on_a_terminal_only_and_not_where_they_are_not_wanted() {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base"), folder.path());
    let site = folder.path();
    let red = "\x1b[1m\x1b[31m";
    assert!(on_a_terminal(site, "build --check", "").contains(&format!("{red}error\x1b[0m: out/ is not what")));
    assert!(bash(site, "homebuild build").status.success());
    fs::write(site.join("stacks/web/stack.yaml"), "tier: 4-aux\ncomponents: {web: {layout: wbe}}\n").unwrap();
    let bold = "\x1b[1mstacks/web/stack.yaml:2:28\x1b[0m";
    for (arguments, coloured) in [
        ("build", format!("{red}error[unknown-layout]\x1b[0m")),
        ("build", bold.to_owned()),
        ("list", "\x1b[1mstack\x1b[0m".to_owned()),
        ("explain Namespace/nobody", format!("{red}error[unknown-file]\x1b[0m")),
        ("--help", "Examples:".to_owned()),
    ] {
        let told = on_a_terminal(site, arguments, "");
        assert!(told.contains(&coloured) && told.contains("\x1b["), "{arguments}: {told:?}");
        let plain = on_a_terminal(site, arguments, "NO_COLOR=1");
        assert!(!plain.contains('\x1b') && !plain.is_empty(), "{arguments}: {plain:?}");
        let piped = bash(site, &format!("homebuild {arguments} 2>&1")).stdout;
        assert!(!piped.contains(&0x1b) && !piped.is_empty(), "{arguments}");
    }
}
