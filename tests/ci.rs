//! The workflows of `docs/ci.md`, run as far as they are shell: in a real repository, against a forge that only listens.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_yaml::Value;
use tempfile::TempDir;

const HOMEBUILD: &str = env!("CARGO_BIN_EXE_homebuild");
const MARK: &str = "<!-- homebuild diff -->";

/// A block of `docs/ci.md`, by the path in its first line.
fn block(path: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    let begin = page.find(&format!("# {path}\n")).unwrap_or_else(|| panic!("no block {path}"));
    page[begin..].split("```").next().unwrap().to_owned()
}

/// What a forge was asked.
#[derive(Debug)]
struct Request {
    line: String,
    token: String,
    body: String,
}

/// A forge that answers a list of comments, and all else with `status`.
fn forge(comments: &'static str, status: &'static str) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read(&stream);
            let (status, body) = if request.line.starts_with("GET") { ("200 OK", comments) } else { (status, "{}") };
            let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).unwrap();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let (mut lines, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = number.parse().unwrap();
        }
        lines.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let token = lines.iter().find_map(|line| line.strip_prefix("Authorization: token ")).unwrap_or_default();
    Request { line: lines[0].clone(), token: token.to_owned(), body: String::from_utf8(body).unwrap() }
}

/// A clone with a pull request's branch, beside its origin.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new() -> Self {
        let job = Self { folder: tempfile::tempdir().unwrap() };
        let site = job.site();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base");
        assert!(Command::new("cp").arg("-r").arg(base).arg(&site).status().unwrap().success());
        job.put("ci/comment.sh", &block("ci/comment.sh"));
        job.put(".gitignore", "/.homebuild\n/comment.*\n/.tools\n");
        // what a job installs is there already
        job.tool("homebuild", &format!("exec {HOMEBUILD} \"$@\""));
        job.tool("apt-get", ":");
        job.tool(
            "cargo",
            &format!(
                "while [ $# -gt 1 ]; do\n[ \"$1\" = --root ] && mkdir -p \"$2/bin\" && \
                 ln -sf {HOMEBUILD} \"$2/bin/homebuild\"\nshift\ndone\n:"
            ),
        );
        job.shell(
            "git init --quiet --initial-branch=main && homebuild build && git add --all && git commit --quiet -m a",
        );
        job.shell(
            "git clone --quiet --bare . ../origin && git remote add origin ../origin && git fetch --quiet origin",
        );
        job.shell("git switch --quiet -c change && sed -i s/:1.29/:1.30/ stacks/web/stack.yaml && homebuild build");
        job.shell("git add --all && git commit --quiet -m b");
        job
    }

    fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join("site").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn tool(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a step as a runner does.
    fn run(&self, script: &str, variables: &BTreeMap<String, String>) -> Output {
        let script = format!("PATH='{}':$PATH\n{script}", self.folder.path().join("bin").display());
        let mut command = Command::new("sh");
        command.args(["-e", "-c", &script]).current_dir(self.site()).envs(variables);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("no_proxy", "127.0.0.1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "a").env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        command.output().unwrap()
    }

    fn shell(&self, script: &str) {
        let output = self.run(script, &BTreeMap::new());
        assert!(output.status.success(), "{script}: {output:?}");
    }

    fn comment(&self) -> String {
        fs::read_to_string(self.site().join("comment.md")).unwrap()
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(value: &Value, key: &str) -> Vec<Value> {
    value.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default()
}

/// The text variables of a step.
fn variables(step: &Value, key: &str) -> BTreeMap<String, String> {
    let map = step.get(key).and_then(Value::as_mapping).cloned().unwrap_or_default();
    let pair = |(key, value): (Value, Value)| Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()));
    map.into_iter().filter_map(pair).collect()
}

/// The shell steps of the workflow for Actions, run one after the other; those that failed.
fn actions(job: &Job, api: &str) -> Vec<String> {
    let workflow: Value = serde_yaml::from_str(&block(".github/workflows/homebuild.yaml")).unwrap();
    let known = BTreeMap::from([
        ("github.base_ref", "main"),
        ("github.api_url", api),
        ("github.repository", "me/lab"),
        ("github.event.number", "7"),
        ("github.token", "a-token"),
    ]);
    let steps = list(&workflow["jobs"]["out"], "steps");
    let steps: Vec<&Value> = steps.iter().filter(|step| step.get("run").is_some()).collect();
    assert_eq!(steps.len(), 4);
    let mut failed = Vec::new();
    for step in steps {
        let script = text(step, "run");
        assert!(!script.contains("${{"), "what comes from outside is no part of a script: {script}");
        let mut variables = variables(step, "env");
        for value in variables.values_mut() {
            for (name, known) in &known {
                *value = value.replace(&format!("${{{{ {name} }}}}"), known);
            }
            assert!(!value.contains("${{"), "{value}");
        }
        variables.insert("GITHUB_STEP_SUMMARY".into(), "../summary.md".into());
        let output = job.run(&script, &variables);
        if !output.status.success() {
            failed.push(format!("{}: {}", text(step, "name"), String::from_utf8_lossy(&output.stderr)));
        }
    }
    failed
}

/// The commands of the pipeline for Woodpecker, each step in a shell of its own.
fn woodpecker(job: &Job, api: &str) {
    let pipeline: Value = serde_yaml::from_str(&block(".woodpecker/homebuild.yaml")).unwrap();
    let steps = list(&pipeline, "steps");
    assert_eq!(steps.len(), 3);
    for step in &steps {
        let commands: Vec<String> =
            list(step, "commands").iter().map(|command| command.as_str().unwrap().to_owned()).collect();
        let mut variables = variables(step, "environment");
        let set = [
            ("API", api),
            ("TOKEN", "a-token"),
            ("CI_REPO", "me/lab"),
            ("CI_COMMIT_PULL_REQUEST", "7"),
            ("CI_COMMIT_TARGET_BRANCH", "main"),
        ];
        variables.extend(set.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let output = job.run(&commands.join("\n"), &variables);
        assert!(output.status.success(), "{}: {output:?}", text(step, "name"));
    }
}

fn body(request: &Request) -> String {
    let value: Value = serde_yaml::from_str(&request.body).unwrap();
    text(&value, "body")
}

#[test]
fn actions_comment_what_changes_and_check_that_out_is_built() {
    let job = Job::new();
    let (api, requests) = forge("[{\"id\": 1, \"body\": \"well done\"}]", "201 Created");
    assert_eq!(actions(&job, &api), Vec::<String>::new());
    let comment = job.comment();
    assert!(comment.starts_with(MARK) && comment.contains("nginx:1.29 -> nginx:1.30"), "{comment}");
    assert_eq!(fs::read_to_string(job.folder.path().join("summary.md")).unwrap(), comment);
    let (asked, made) = (requests.recv().unwrap(), requests.recv().unwrap());
    assert!(asked.line.starts_with("GET /api/v1/repos/me/lab/issues/7/comments?"), "{}", asked.line);
    assert!(made.line.starts_with("POST /api/v1/repos/me/lab/issues/7/comments "), "{}", made.line);
    assert_eq!((asked.token.as_str(), made.token.as_str()), ("a-token", "a-token"));
    assert_eq!(body(&made), comment);
}

#[test]
fn a_comment_that_is_there_is_replaced() {
    let job = Job::new();
    let (api, requests) =
        forge("[{\"id\": 1, \"body\": \"a\"}, {\"id\": 23, \"body\": \"<!-- homebuild diff -->\\nold\"}]", "200 OK");
    assert_eq!(actions(&job, &api), Vec::<String>::new());
    let made = requests.into_iter().nth(1).unwrap();
    assert!(made.line.starts_with("PATCH /api/v1/repos/me/lab/issues/comments/23 "), "{}", made.line);
}

#[test]
fn a_stale_out_and_a_forge_that_refuses_fail_the_job() {
    let job = Job::new();
    job.shell("sed -i s/:1.30/:1.31/ stacks/web/stack.yaml");
    let (api, _requests) = forge("[]", "403 Forbidden");
    let failed = actions(&job, &api);
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].starts_with("Comment: ") && failed[0].contains("403"), "{failed:?}");
    assert!(failed[1].contains("out/ is not what the sources give"), "{failed:?}");
}

#[test]
fn woodpecker_does_the_same() {
    let job = Job::new();
    let (api, requests) = forge("[]", "201 Created");
    woodpecker(&job, &api);
    let made = requests.into_iter().nth(1).unwrap();
    assert!(made.line.starts_with("POST /api/v1/repos/me/lab/issues/7/comments "), "{}", made.line);
    assert_eq!(body(&made), job.comment());
}

#[test]
fn the_hook_stops_a_commit_of_sources_that_were_not_built() {
    let job = Job::new();
    job.put(".git/hooks/pre-commit", &format!("#!/bin/sh\n{}", block(".git/hooks/pre-commit")));
    job.shell("chmod +x .git/hooks/pre-commit && sed -i s/:1.30/:1.31/ stacks/web/stack.yaml && git add --all");
    assert!(!job.run("git commit --quiet -m c", &BTreeMap::new()).status.success());
    job.shell("homebuild build && git add --all && git commit --quiet -m c");
}
