//! `homebuild init`: a site that works as its README says.

mod sites;

use std::fs;
use std::path::Path;
use std::process::Command;

use sites::homebuild;

/// The commands of the README, in their order.
fn commands(folder: &Path) -> Vec<String> {
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// Runs a line of a shell with the program at hand.
fn shell(folder: &Path, line: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_homebuild")).parent().unwrap().display();
    let script = format!("PATH={program}:$PATH; export GIT_CONFIG_GLOBAL=/dev/null; {line}");
    let who =
        ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|key| (key, "me"));
    let output = Command::new("sh").args(["-c", &script]).envs(who).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert!(output.status.success(), "{line}: {}{}", text(output.stdout), text(output.stderr));
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!format!("{out}{err}").contains("warning["), "{line}: {out}{err}");
    out
}

#[test]
fn a_new_site_works_as_its_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("lab");
    homebuild(folder.path(), &["init", "lab"]).good();
    let commands = commands(&site);
    assert_eq!(commands.len(), 6, "{commands:?}");
    for line in &commands[..3] {
        shell(&site, line);
    }
    let stack = site.join("stacks/whoami/stack.yaml");
    fs::write(&stack, fs::read_to_string(&stack).unwrap().replace("v1.11.0", "v1.10.4")).unwrap();
    let said: Vec<String> = commands[3..].iter().map(|line| shell(&site, line)).collect();
    assert!(said[1].contains("out/notes/notes/ingress.notes.yaml"), "{}", said[1]);
    assert!(said[2].contains("traefik/whoami:v1.11.0 -> traefik/whoami:v1.10.4"), "{}", said[2]);
    homebuild(&site, &["build", "--check"]).good().without_warnings();
    assert_eq!(shell(&site, "git status --porcelain --ignored .homebuild"), "!! .homebuild/\n");
}

#[test]
fn its_editor_schema_is_what_the_program_makes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    homebuild(folder.path(), &["init"]).good();
    let schema = fs::read_to_string(folder.path().join("schemas/editor.json")).unwrap();
    assert_eq!(shell(folder.path(), "homebuild schema"), schema);
}

#[test]
fn it_is_small_and_explains_every_file() {
    let folder = tempfile::tempdir().unwrap();
    homebuild(folder.path(), &["init"]).good();
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    let mut lines = 0;
    for path in
        sites::paths(folder.path()).iter().filter(|path| path.is_file() && !path.ends_with("schemas/editor.json"))
    {
        let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap();
        let text = fs::read_to_string(path).unwrap();
        lines += text.lines().count();
        let explained = match name.split_once('/') {
            None if name == "README.md" => name,
            Some(("layouts", file)) => &format!("layouts/NAME.{}", file.split_once('.').unwrap().1),
            _ => name,
        };
        assert!(name == "README.md" || readme.contains(&format!("`{explained}`")), "{name} is not explained");
        assert!(text.starts_with('#') || text.starts_with("{#"), "{name} has no comment at its head");
    }
    assert!(lines < 200, "{lines} lines");
}

#[test]
fn a_folder_with_anything_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    homebuild(folder.path(), &["init", "."]).good();
    let before = sites::paths(folder.path());
    insta::assert_snapshot!(homebuild(folder.path(), &["init", "."]).bad().text);
    assert_eq!(before, sites::paths(folder.path()));
}
