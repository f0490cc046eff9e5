//! A small site that is pushed, and the cluster as `kubectl` sees it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::proxy::Proxy;

/// A site with stacks of raw objects. `{n}` in what is written stands for the test's own prefix.
pub struct Site {
    folder: TempDir,
    /// The prefix of all its names.
    pub name: String,
}

/// What a command of homebuild did.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// What it printed with `--json`.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }

    /// That it went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    /// That it failed, or was refused.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.code, 1, "{}\n{}", self.out, self.err);
        self
    }

    /// That it says something, on either stream.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "`{text}` is not in:\n{}\n{}", self.out, self.err);
        self
    }
}

impl Site {
    pub fn new(name: &str) -> Self {
        assert!(std::env::var_os("KUBECONFIG").is_some(), "start a cluster: tests/run.sh push");
        let site = Self { folder: tempfile::tempdir().unwrap(), name: name.to_owned() };
        let base = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["objects.schema.yaml", "objects.yaml.j2", "types.schema.yaml"] {
            let text = fs::read_to_string(base.join("layouts").join(file)).unwrap();
            site.write(&format!("layouts/{file}"), &text);
        }
        site.write(
            "homebuild.yaml",
            "homebuild: 1\nname: small\nkubernetes: 1.34.2\ntargets: {cluster: {type: kubernetes}}\n\
             tiers: {4-aux: {priority: 100}}\n\
             checks: {latest-tag: allow, no-readiness-probe: allow, reference: allow}\n",
        );
        site
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn named(&self, text: &str) -> String {
        text.replace("{n}", &self.name)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(self.named(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.named(text)).unwrap();
    }

    /// A stack of one module, with these objects; `more` are lines of its `stack.yaml`.
    pub fn stack(&self, name: &str, more: &str, objects: &[&str]) {
        let mut text = format!("{more}components:\n  all:\n    layout: objects\n    objects: [objects.yaml]\n");
        if !more.contains("tier:") {
            text.insert_str(0, "tier: 4-aux\nnamespace: false\n");
        }
        self.write(&format!("stacks/{name}/stack.yaml"), &text);
        let mut all = String::new();
        for object in objects {
            let _ = writeln!(all, "---\n{}", object.trim());
        }
        self.write(&format!("stacks/{name}/files/objects.yaml"), &all);
    }

    /// Tells the site of a kind, by its definition.
    #[track_caller]
    pub fn define(&self, definition: &str) {
        self.write("definition.yaml", definition);
        self.run(&["schemas", "add", "definition.yaml"]).ok();
    }

    pub fn remove(&self, stack: &str) {
        fs::remove_dir_all(self.path().join("stacks").join(self.named(stack))).unwrap();
    }

    #[track_caller]
    pub fn build(&self) {
        let run = self.run(&["build"]);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    }

    /// Builds, then runs a command.
    #[track_caller]
    pub fn built(&self, arguments: &[&str]) -> Run {
        self.build();
        self.run(arguments)
    }

    /// A command of homebuild.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
        let arguments: Vec<String> = arguments.iter().map(|text| self.named(text)).collect();
        command.args(&arguments).current_dir(self.path()).stdin(Stdio::null());
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/age.txt");
        command.env("SOPS_AGE_KEY_FILE", key);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        said(&self.command(arguments).output().unwrap())
    }

    /// The same, through a proxy.
    pub fn run_through(&self, proxy: &Proxy, arguments: &[&str]) -> Run {
        said(&self.command(arguments).env("KUBECONFIG", proxy.kubeconfig()).output().unwrap())
    }

    /// The same, where the proxy may kill it. Whether it did.
    pub fn killed_through(&self, proxy: &Proxy, arguments: &[&str]) -> bool {
        let mut command = self.command(arguments);
        command.env("KUBECONFIG", proxy.kubeconfig()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        proxy.aim_at(process.id());
        process.wait().unwrap().code().is_none()
    }

    /// Begins a command that is still at work when this returns.
    pub fn begin(&self, arguments: &[&str]) -> Begun {
        begun(self.command(arguments))
    }

    /// The same, through a proxy.
    pub fn begin_through(&self, proxy: &Proxy, arguments: &[&str]) -> Begun {
        let mut command = self.command(arguments);
        command.env("KUBECONFIG", proxy.kubeconfig());
        begun(command)
    }

    /// Pushes all stacks.
    #[track_caller]
    pub fn push(&self) -> Run {
        self.built(&["push", "--yes"]).ok()
    }

    /// Runs kubectl; what it printed.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let run = self.try_kubectl(arguments);
        assert_eq!(run.code, 0, "kubectl {arguments:?}: {}", run.err);
        run.out
    }

    pub fn try_kubectl(&self, arguments: &[&str]) -> Run {
        let arguments: Vec<String> = arguments.iter().map(|text| self.named(text)).collect();
        said(&Command::new("kubectl").args(&arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Sends an object to the API as a tool does, by its field manager.
    #[track_caller]
    pub fn raw(&self, method: &str, path: &str, manager: &str, body: &Value) -> Value {
        let kubeconfig: Value =
            serde_json::from_str(&fs::read_to_string(std::env::var_os("KUBECONFIG").unwrap()).unwrap()).unwrap();
        let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap();
        let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap();
        let kind = if body.is_array() { "application/json-patch+json" } else { "application/json" };
        let output = Command::new("curl")
            .args(["--silent", "--insecure", "--request", method, "--data", &self.named(&body.to_string())])
            .args(["--header", &format!("Authorization: Bearer {token}"), "--header", &format!("Content-Type: {kind}")])
            .arg(format!("{server}{}?fieldManager={manager}", self.named(path)))
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_ne!(answer["kind"], "Status", "{answer:#}");
        answer
    }

    /// An object as JSON; nothing where it is not there.
    #[track_caller]
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Value {
        let mut arguments = vec!["get", kind, name, "--ignore-not-found", "-o", "json"];
        if !namespace.is_empty() {
            arguments.extend(["-n", namespace]);
        }
        let text = self.kubectl(&arguments);
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Whether a stack is one of this site's: that of its name, or one that begins with it and a hyphen.
    fn has(&self, stack: &str) -> bool {
        stack.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The resource versions of all that carries the label of one of this site's stacks, and of its records.
    pub fn versions(&self) -> Vec<String> {
        let kinds = "namespaces,configmaps,secrets,services,deployments,serviceaccounts,jobs,statefulsets,leases";
        let text = self.kubectl(&[
            "get",
            kinds,
            "-A",
            "-o",
            "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.labels.homebuild\\.dev/stack} {.metadata.resourceVersion}{\"\\n\"}{end}",
        ]);
        let is_ours = |line: &&str| {
            let mut words = line.split(' ');
            let (id, stack) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            self.has(stack) || id.split_once("homebuild/homebuild-stack-").is_some_and(|(_, stack)| self.has(stack))
        };
        text.lines().filter(is_ours).map(str::to_owned).collect()
    }
}

fn begun(mut command: Command) -> Begun {
    let [out, err] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    command.stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
    Begun { process: command.spawn().unwrap(), out, err }
}

/// A command of homebuild at work.
pub struct Begun {
    process: Child,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Begun {
    /// What it has said until now beside its results.
    pub fn said(&self) -> String {
        fs::read_to_string(self.err.path()).unwrap()
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        assert!(Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let code = self.process.wait().unwrap().code().unwrap_or(-1);
        Run { code, out: fs::read_to_string(self.out.path()).unwrap(), err: self.said() }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What it did, once it has ended.
pub fn said(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A namespace.
pub const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: '{n}'}";

/// A `ConfigMap` of the namespace `{n}`.
pub fn config(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: '{{n}}'}}\ndata: {{key: '{value}'}}")
}

/// A Deployment of one pod; with the outcome `crash` its pods never become ready.
pub fn deployment(name: &str, image: &str, outcome: &str) -> String {
    let outcome = if outcome.is_empty() { String::new() } else { format!(", homebuild.test/outcome: {outcome}") };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: '{{n}}'}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}{outcome}}}}}\n    \
         spec: {{containers: [{{name: main, image: '{image}'}}]}}"
    )
}

/// The path of the cluster's kubeconfig.
pub fn kubeconfig() -> String {
    std::env::var_os("KUBECONFIG").expect("start a cluster: tests/run.sh push").into_string().unwrap()
}
