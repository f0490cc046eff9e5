//! `homebuild build --watch`: what is saved is built, what is wrong is told and forgotten when it is mended.

mod toy;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use toy::{put, tree};

/// No test waits longer than this for a line that does not come.
const FOREVER: Duration = Duration::from_mins(2);

const STACK: &str = "stacks/web/stack.yaml";

/// The small site of the cases, watched.
struct Watched {
    site: tempfile::TempDir,
    child: Arc<Mutex<Child>>,
    lines: BufReader<ChildStdout>,
}

impl Watched {
    fn begin(arguments: &[&str]) -> Self {
        let site = tempfile::tempdir().expect("a temporary folder");
        for (path, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base")) {
            put(site.path(), &path, &String::from_utf8(bytes).expect("text"));
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_homebuild"))
            .args(["build", "--watch"])
            .args(arguments)
            .current_dir(site.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("a stream"));
        let child = Arc::new(Mutex::new(child));
        let late = child.clone();
        thread::spawn(move || {
            thread::sleep(FOREVER);
            late.lock().expect("the child").kill()
        });
        Self { site, child, lines }
    }

    /// Saves a file as a whole, as careful editors do.
    fn put(&self, path: &str, text: &str) {
        put(self.site.path(), "new", text);
        let to = self.site.path().join(path);
        fs::create_dir_all(to.parent().expect("a folder")).expect("folders");
        fs::rename(self.site.path().join("new"), to).expect("a rename");
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.site.path().join(path)).expect("text")
    }

    /// The next line that the program says.
    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "nothing is said any more");
        line
    }

    /// What the next build did, as JSON.
    #[track_caller]
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON in one line")
    }

    /// Builds until one is as wanted: what is saved piece by piece may be seen piece by piece.
    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) {
        while !wanted(&self.next()) {}
    }

    /// Ctrl-C, and what was said since.
    fn stop(mut self) -> (String, String, Option<i32>) {
        let id = self.child.lock().expect("the child").id().to_string();
        Command::new("kill").args(["-INT", &id]).status().expect("a signal");
        let (mut out, mut err) = (String::new(), String::new());
        self.lines.read_to_string(&mut out).expect("text");
        let mut child = self.child.lock().expect("the child");
        child.stderr.take().expect("a stream").read_to_string(&mut err).expect("text");
        (out, err, child.wait().expect("an end").code())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut child = self.child.lock().expect("the child");
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn failed(said: &Value) -> bool {
    said["result"] == "failed"
}

fn changed(path: &str) -> impl Fn(&Value) -> bool {
    move |said| {
        let changes = said["changes"].as_object();
        let lists = changes.into_iter().flat_map(serde_json::Map::values).filter_map(|one| one.as_object());
        lists
            .flat_map(serde_json::Map::values)
            .any(|list| list.as_array().is_some_and(|list| list.contains(&path.into())))
    }
}

/// A ciphertext, as it is written.
const MAC: &str = "ENC[AES256_GCM,data:c,iv:c,tag:c,type:str]";

#[test]
fn a_save_is_built_a_mistake_is_told_and_mended() {
    let mut watched = Watched::begin(&["--json"]);
    assert_eq!(watched.next()["result"], "done");
    let good = watched.text(STACK);
    watched.put(STACK, &good.replace("nginx:1.29", "nginx:1.30"));
    watched.until(changed("out/web/web/deployment.web.yaml"));
    assert!(watched.text("out/web/web/deployment.web.yaml").contains("nginx:1.30"));
    watched.put(STACK, &good.replace("image:", "imag:"));
    watched.until(failed);
    assert!(watched.text("out/web/web/deployment.web.yaml").contains("nginx:1.30"), "nothing is written");
    watched.put(STACK, &good);
    watched.until(changed("out/web/web/deployment.web.yaml"));
    assert!(watched.text("out/web/web/deployment.web.yaml").contains("nginx:1.29"));
    let (said, _, code) = watched.stop();
    assert_eq!((said.as_str(), code), ("", Some(0)), "what is built is at rest, and Ctrl-C is an end like any other");
}

#[test]
fn a_mistake_taken_back_is_gone_though_nothing_changed() {
    let mut watched = Watched::begin(&["--json"]);
    watched.next();
    let good = watched.text(STACK);
    watched.put(STACK, "components: [\n");
    watched.until(failed);
    watched.put(STACK, &good);
    watched.until(|said| said["result"] == "done");
}

#[test]
fn saves_in_place_new_folders_layouts_and_secrets_are_seen() {
    let mut watched = Watched::begin(&["--json"]);
    watched.next();
    let good = watched.text(STACK);
    let root = watched.site.path().to_owned();
    fs::write(root.join(STACK), good.replace("nginx:1.29", "nginx:1.31")).expect("a save in place");
    watched.until(changed("out/web/web/deployment.web.yaml"));

    watched.put("stacks/new/stack.yaml", "tier: 4-aux\ncomponents:\n  new: {layout: web, image: \"a:1\"}\n");
    watched.until(changed("out/new/new/deployment.new.yaml"));
    watched.put("stacks/new/stack.yaml", "tier: 4-aux\ncomponents:\n  new: {layout: web, image: \"a:2\"}\n");
    watched.until(changed("out/new/new/deployment.new.yaml"));
    fs::remove_dir_all(root.join("stacks/new")).expect("gone");
    watched.until(changed("out/new/new/deployment.new.yaml"));
    assert!(!root.join("out/new").exists());

    let layout = watched.text("layouts/web.yaml.j2").replace("  replicas:", "  minReadySeconds: 1\n  replicas:");
    watched.put("layouts/web.yaml.j2", &layout);
    watched.until(changed("out/web/web/deployment.web.yaml"));

    let whole = format!("a: {MAC}\nsops:\n  age: [{{recipient: age1x}}]\n  mac: {MAC}\n");
    watched.put("secrets/team.sops.yaml", "not: encrypted\n");
    watched.until(failed);
    watched.put("secrets/team.sops.yaml", &whole);
    watched.until(|said| said["result"] == "done");
    let config = watched.text("homebuild.yaml");
    watched.put("homebuild.yaml", &format!("{config}secrets: [keys/one.sops.yaml]\n"));
    watched.until(failed);
    watched.put("keys/one.sops.yaml", &whole);
    watched.until(|said| said["result"] == "done");
    watched.put("keys/one.sops.yaml", "not: encrypted\n");
    watched.until(failed);
}

#[test]
fn folders_that_go_and_come_again_are_watched_again() {
    let mut watched = Watched::begin(&["--json"]);
    watched.next();
    let root = watched.site.path().to_owned();
    fs::rename(root.join("stacks"), root.join("away")).expect("a rename");
    watched.until(changed("out/web/web/deployment.web.yaml"));
    fs::rename(root.join("away"), root.join("stacks")).expect("a rename");
    watched.until(changed("out/web/web/deployment.web.yaml"));
    let good = watched.text(STACK);
    watched.put(STACK, &good.replace("nginx:1.29", "nginx:1.32"));
    watched.until(changed("out/web/web/deployment.web.yaml"));
}

#[test]
fn a_stack_alone_is_watched_alone() {
    let mut watched = Watched::begin(&["--json", "--stack", "web"]);
    assert_eq!(watched.next()["stacks"], 1);
    watched.put("stacks/new/stack.yaml", "tier: nosuch\n");
    let good = watched.text(STACK);
    watched.put(STACK, &good.replace("nginx:1.29", "nginx:1.33"));
    watched.until(changed("out/web/web/deployment.web.yaml"));
    assert!(!watched.site.path().join("out/new").exists());
}

#[test]
fn people_read_the_problems_and_what_is_watched() {
    let mut watched = Watched::begin(&[]);
    while !watched.line().starts_with("watching 1 stack; built in ") {}
    let good = watched.text(STACK);
    watched.put(STACK, &good.replace("image:", "imag:"));
    assert_eq!(watched.line(), "watching\n");
    watched.put(STACK, &good.replace("nginx:1.29", "nginx:1.34"));
    assert_eq!(watched.line(), "  changed  out/web/web/deployment.web.yaml\n");
    assert!(watched.line().starts_with("watching 1 stack; built in "));
    let (_, problems, _) = watched.stop();
    assert!(problems.starts_with("error[missing-value]: "), "{problems}");
    assert!(problems.ends_with("; nothing was written\n"), "{problems}");
}

#[test]
fn what_is_checked_is_not_watched() {
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(["build", "--watch", "--check"]).output();
    assert_eq!(output.expect("the program runs").status.code(), Some(2));
}
