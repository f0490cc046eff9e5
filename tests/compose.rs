//! `homebuild new stack --from`: Compose files of the shapes that well-known projects have, taken over.
//!
//! A folder of `tests/compose/` is a project; `expected.snap` in it holds the files that it became and what was told.

mod homelab;
mod sites;

use std::fmt::Write as _;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;

use homebuild::problem::Source;
use homebuild::yaml::{Data, Node, parse_one};
use serde_json::Value;

use homelab::homelab;
use sites::homebuild;

/// A project as a stack.
struct Taken {
    name: String,
    /// Path and text of each file.
    files: Vec<(String, String)>,
    /// A line each.
    told: Vec<String>,
}

fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose");
    let mut projects: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    projects.sort();
    assert!(projects.len() >= 20);
    projects
}

/// Takes a project over into a site.
fn take(project: &Path, site: &Path) -> Taken {
    let name = project.file_name().unwrap().to_str().unwrap().to_owned();
    let site_text = site.to_str().unwrap();
    let from = format!("{name}/compose.yaml");
    let arguments = ["--site", site_text, "new", "stack", &name, "--from", &from, "--host", &name, "--json"];
    let program = env!("CARGO_BIN_EXE_homebuild");
    let output = Command::new(program).args(arguments).current_dir(project.parent().unwrap()).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["result"], "done", "{said:#}");
    let texts = |values: &Value| -> Vec<String> {
        values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let file = |path: String| (path.clone(), fs::read_to_string(site.join(path)).unwrap());
    let line = |told: &Value| {
        let [place, code, message] = ["place", "code", "message"].map(|key| told[key].as_str().unwrap_or("-"));
        let lines = std::iter::once(format!("{place} [{code}] {message}")).chain(texts(&told["notes"]));
        lines.collect::<Vec<_>>().join("\n    ")
    };
    Taken {
        name,
        files: texts(&said["files"]).into_iter().map(file).collect(),
        told: said["warnings"].as_array().unwrap().iter().map(line).collect(),
    }
}

#[test]
fn every_project_becomes_what_its_snapshot_holds() {
    let site = homelab();
    let mut failed = Vec::new();
    for project in projects() {
        let Taken { name, files, told } = take(&project, site.path());
        let mut text = String::new();
        for (path, content) in files {
            let _ = writeln!(text, "--- {path}\n{}", content.trim_end());
        }
        let _ = writeln!(text, "--- told\n{}", told.join("\n"));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&project);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let is_same = std::panic::catch_unwind(AssertUnwindSafe(|| {
            settings.bind(|| insta::assert_snapshot!("expected", text));
        }));
        failed.extend(is_same.err().map(|_| name));
    }
    assert!(failed.is_empty(), "these differ: {failed:?}");
    homebuild(site.path(), &["build"]).good();
}

#[test]
fn every_project_builds_with_other_layouts_too() {
    let folder = tempfile::tempdir().unwrap();
    homebuild(folder.path(), &["init", "."]).good();
    for project in projects() {
        take(&project, folder.path());
    }
    homebuild(folder.path(), &["build"]).good();
    homebuild(folder.path(), &["build", "--check"]).good();
}

#[test]
fn no_value_of_a_compose_file_is_lost_in_silence() {
    let (all, small) = (homelab(), tempfile::tempdir().unwrap());
    homebuild(small.path(), &["init", "."]).good();
    let mut lost = Vec::new();
    let mut seen = 0;
    for project in projects() {
        let text = fs::read_to_string(project.join("compose.yaml")).unwrap();
        let mut parts = Vec::new();
        leaves(&parse_one(&Source::new("compose.yaml", text)).unwrap(), false, &mut parts);
        for site in [all.path(), small.path()] {
            let Taken { name, files, told } = take(&project, site);
            let texts = files.into_iter().map(|(_, text)| text).chain(told);
            let there = plain(&texts.collect::<Vec<_>>().join("\n"));
            seen += parts.len();
            lost.extend(
                parts.iter().filter(|part| !there.contains(part.as_str())).map(|part| format!("{name}: {part}")),
            );
        }
    }
    assert!(seen > 1500, "{seen}");
    assert!(lost.is_empty(), "{lost:#?}");
}

/// The texts that must be somewhere: every value, in the parts that variables and `KEY=` cut it into.
fn leaves(node: &Node, is_environment: bool, parts: &mut Vec<String>) {
    match (&node.data, &node.plain) {
        (Data::Map(map), _) => map.iter().for_each(|(key, value)| leaves(value, key == "environment", parts)),
        (Data::List(items), _) => items.iter().for_each(|item| leaves(item, is_environment, parts)),
        (Data::Str(text), _) if is_environment => {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            parts.push(plain(key));
            variables(value, parts);
        }
        (Data::Str(text), _) => variables(text, parts),
        (_, Some(plain)) if !node.is_null() => parts.push(self::plain(plain)),
        _ => {}
    }
}

/// The parts of a text around its variables, their names and what else stands in their braces.
fn variables(text: &str, parts: &mut Vec<String>) {
    let text = text.replace("$$", "\0");
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        parts.extend(lines(&rest[..at]));
        rest = &rest[at + 1..];
        if let Some(inside) = rest.strip_prefix('{') {
            let end = inside.find('}').unwrap();
            let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(end).min(end);
            parts.push(plain(&inside[..name]));
            parts.extend(lines(inside[name..end].trim_start_matches([':', '-', '?', '+'])));
            rest = &inside[end + 1..];
        }
    }
    parts.extend(lines(rest));
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| plain(line.trim())).filter(|line| !line.is_empty()).collect()
}

/// A text without what writing it as YAML adds: quotes, escapes, and the expression around a secret, whose name is told
/// at the end; in small letters, as secrets have their names.
fn plain(text: &str) -> String {
    let (mut out, mut names, mut rest) = (String::new(), String::new(), text);
    while let Some((before, secret)) = rest.split_once("${{ secrets.") {
        let (expression, after) = secret.split_once(" }}").unwrap();
        let (name, value) = expression.split_once(" | default(").unwrap_or((expression, ""));
        out.push_str(before);
        out.push_str(value.trim_end_matches(')'));
        let _ = writeln!(names, "{name}");
        rest = after;
    }
    format!("{out}{rest}\n{names}").replace(['"', '\'', '\\', '\0', '$'], "").trim_end().to_lowercase()
}

#[test]
fn the_page_shows_what_comes_out() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/new.md")).unwrap();
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [compose, stack] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    let site = homelab();
    fs::write(site.path().join("compose.yaml"), compose).unwrap();
    homebuild(site.path(), &["new", "stack", "shelf", "--from", "compose.yaml", "--host", "shelf"]).good();
    let text = fs::read_to_string(site.path().join("stacks/shelf/stack.yaml")).unwrap();
    let without_tiers =
        |text: &str| text.lines().filter(|line| !line.starts_with("# one of")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_tiers(&text), without_tiers(stack.strip_prefix("# stacks/shelf/stack.yaml\n").unwrap()));
}

#[test]
fn what_is_no_compose_file_is_refused() {
    let site = homelab();
    let before = sites::paths(site.path());
    fs::write(site.path().join("list.yaml"), "- a\n").unwrap();
    fs::write(site.path().join("other.yaml"), "service: {web: {image: x}}\n").unwrap();
    fs::write(site.path().join("twice.yaml"), "services: {a_b: {image: x}, a.b: {image: y}, c: [d]}\n").unwrap();
    fs::write(site.path().join("broken.yaml"), "services: {web: {image: x}\n").unwrap();
    let said: String = ["list.yaml", "other.yaml", "twice.yaml", "broken.yaml", "missing.yaml", "no/folder.yaml"]
        .iter()
        .map(|file| homebuild(site.path(), &["new", "stack", "notes", "--from", file]).bad().text)
        .collect();
    insta::assert_snapshot!(said);
    for file in ["list.yaml", "other.yaml", "twice.yaml", "broken.yaml"] {
        fs::remove_file(site.path().join(file)).unwrap();
    }
    assert_eq!(before, sites::paths(site.path()));
}

#[test]
fn what_needs_a_look_is_told_with_its_place_and_no_secret() {
    let site = homelab();
    let compose = "services:\n  web:\n    image: nginx:1.29\n    environment: {DB_PASSWORD: geheim, API_TOKEN: x7Kq2mP9vL4wR8tZ}\n    cpuset: '0'\n    healthcheck: {test: check x7Kq2mP9vL4wR8tZ, start_interval: 1s}\n";
    fs::write(site.path().join("compose.yaml"), compose).unwrap();
    let said = homebuild(site.path(), &["new", "stack", "notes", "--from", "compose.yaml"]).good().text;
    assert!(!said.contains("geheim") && !said.contains("x7Kq2mP9vL4wR8tZ"), "{said}");
    insta::assert_snapshot!(said);
    let text = fs::read_to_string(site.path().join("stacks/notes/stack.yaml")).unwrap();
    assert!(!text.contains("x7Kq2mP9vL4wR8tZ"), "{text}");
}

#[test]
fn a_secret_that_the_site_has_is_named_alone() {
    let site = tempfile::tempdir().unwrap();
    homebuild(site.path(), &["init", "."]).good();
    let secrets = "notes:\n  db_password: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\nsops:\n  age: [{recipient: age1x}]\n  mac: ENC[AES256_GCM,data:c,iv:c,tag:c,type:str]\n";
    fs::write(site.path().join("secrets.sops.yaml"), secrets).unwrap();
    fs::write(
        site.path().join("compose.yaml"),
        "services: {web: {image: 'x:1', environment: {DB_PASSWORD: geheim}}}\n",
    )
    .unwrap();
    homebuild(site.path(), &["new", "stack", "notes", "--from", "compose.yaml"]).good().without_warnings();
    let text = fs::read_to_string(site.path().join("stacks/notes/stack.yaml")).unwrap();
    assert!(
        text.contains("DB_PASSWORD: ${{ secrets.notes.db_password }}")
            || text.contains("\"${{ secrets.notes.db_password }}\""),
        "{text}"
    );
}
