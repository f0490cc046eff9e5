//! What a shell completes.

use std::path::Path;
use std::process::Command;

/// What a script of bash prints, run in the folder of the small site with the program in its path.
fn shell(script: &str) -> String {
    let homebuild = Path::new(env!("CARGO_BIN_EXE_homebuild")).parent().unwrap();
    let script = format!("PATH='{}':$PATH; {script}", homebuild.display());
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base");
    let output = Command::new("bash").args(["-c", &script]).current_dir(site).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers for the last of some words, as it would on TAB.
fn bash(words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "set -e; source <(homebuild completions bash); COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9; \
         function=$(complete -p homebuild | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); \
         $function homebuild \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\" 2>&1; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    shell(&script).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_names_of_stacks() {
    assert_eq!(bash(&["homebuild", "build", "--stack", ""]), ["web"]);
    assert_eq!(bash(&["homebuild", "build", "--stack", "no"]), [""]);
}

#[test]
fn the_stacks_are_those_of_the_site_that_is_named() {
    assert_eq!(bash(&["homebuild", "--site", "../cases", "build", "--stack", ""]), [""]);
    assert_eq!(bash(&["homebuild", "--site=../base", "build", "--stack", "w"]), ["web"]);
}

#[test]
fn bash_completes_commands_words_and_layouts() {
    assert_eq!(bash(&["homebuild", "gra"]), ["graph"]);
    assert_eq!(bash(&["homebuild", "list", "vo"]), ["volumes"]);
    assert_eq!(bash(&["homebuild", "list", "values", "na"]), ["namespace"]);
    assert_eq!(bash(&["homebuild", "graph", "--format", "m"]), ["mermaid"]);
}

/// The scripts of the other shells ask in the same way.
#[test]
fn every_shell_asks_the_program() {
    for name in ["bash", "zsh", "fish"] {
        let script = shell(&format!("homebuild completions {name}"));
        assert!(script.contains("HOMEBUILD_COMPLETE=") && script.contains(" -- "), "{script}");
        let asked = format!("HOMEBUILD_COMPLETE={name} _CLAP_COMPLETE_INDEX=3 homebuild -- homebuild build --stack ''");
        assert!(shell(&asked).contains("web"), "{name}");
    }
}
