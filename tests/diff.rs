//! `homebuild diff` in real git repositories: what it says, what it never says, and how it fails.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use homebuild::diff::{Tree, compare};
use homebuild::kubernetes::kinds::Kinds;
use homebuild::kubernetes::patch::is_same;
use homebuild::problem::Source;
use homebuild::yaml;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use tempfile::TempDir;

/// A site in a git repository.
struct Repo(TempDir);

impl Repo {
    /// With these files, committed.
    fn new(files: &[(&str, &str)]) -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.put_all("", files);
        repo.commit();
        repo
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn put_all(&self, folder: &str, files: &[(&str, impl AsRef<str>)]) {
        for (path, text) in files {
            self.put(&format!("{folder}{path}"), text.as_ref());
        }
    }

    /// A file with one text in the place of another, which it must have.
    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.root().join(path)).unwrap();
        assert!(text.contains(old), "{path} has no {old:?}");
        self.put(path, &text.replace(old, new));
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.args(identity).args(arguments).current_dir(self.root()).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "a state"]);
    }

    fn homebuild(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments).current_dir(self.root()).output().unwrap()
    }

    /// What `homebuild diff` prints, where it succeeds.
    fn diff(&self, arguments: &[&str]) -> String {
        let output = self.homebuild(&[&["diff"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The exit code and both streams.
    fn whole(&self, arguments: &[&str]) -> String {
        whole(&self.homebuild(&[&["diff"], arguments].concat()))
    }
}

fn whole(output: &Output) -> String {
    let mut text = format!("exit code {}\n", output.status.code().unwrap());
    for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let stream = String::from_utf8_lossy(stream);
        let _ = if stream.is_empty() { Ok(()) } else { writeln!(text, "--- {name}\n{}", stream.trim_end()) };
    }
    text
}

/// A Deployment with one container.
fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {name}\nspec:\n  \
         replicas: 1\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        \
         app: {name}\n    spec:\n      containers:\n      - name: {name}\n        image: {image}\n"
    )
}

fn object(kind: &str, name: &str, rest: &str) -> String {
    let api_version = match kind {
        "Ingress" | "NetworkPolicy" => "networking.k8s.io/v1",
        "HelmRelease" => "helm.toolkit.fluxcd.io/v2",
        _ => "v1",
    };
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {name}\n{rest}")
}

fn ingress(name: &str, middlewares: &str) -> String {
    object("Ingress", name, "spec:\n  ingressClassName: traefik\n").replace(
        "spec:",
        &format!("  annotations:\n    traefik.ingress.kubernetes.io/router.middlewares: {middlewares}\nspec:"),
    )
}

fn machine(vmid: u32, memory: u32) -> String {
    format!(
        r#"{{"kind": "ProxmoxVM", "name": "registry", "vmid": {vmid}, "calls": [
  {{"call": "POST /nodes/{{node}}/qemu/{{vmid}}/clone", "parameters": {{"newid": {vmid}, "name": "registry"}}}},
  {{"call": "POST /nodes/{{node}}/qemu/{{vmid}}/config", "parameters": {{"delete": "ide2"}}}},
  {{"call": "POST /nodes/{{node}}/qemu/{{vmid}}/config", "parameters": {{"memory": "{memory}", "cipassword": "<secret:vm#00000000>"}}}}
]}}"#
    )
}

fn lock(stack: &str, depends_on: &str) -> String {
    format!("homebuild: 1\nstack: {stack}\ndepends_on: [{depends_on}]\nmodules:\n  {stack}:\n    tier: 4-aux\n")
}

/// A bit of everything.
fn homelab() -> Repo {
    let middlewares = "traefik-rate-limit@kubernetescrd,traefik-csp-headers@kubernetescrd";
    Repo::new(&[
        ("homebuild.yaml", "name: lab\n"),
        ("partials/ingress.yaml.j2", "a\nb\n"),
        ("stacks/ntfy/stack.yaml", "a\n"),
        ("stacks/send/stack.yaml", "a\nb\n"),
        (
            "out/site.lock",
            "homebuild: 1\nname: lab\nkubernetes: 1.34.2\ntargets:\n  pve: {token: <secret:t#00000000>}\n",
        ),
        ("out/ntfy/stack.lock", &lock("ntfy", "infra")),
        ("out/ntfy/ntfy/SHA256SUMS", "0  deployment.ntfy.yaml\n"),
        ("out/ntfy/ntfy/deployment.ntfy.yaml", &deployment("ntfy", "binwiederhier/ntfy:v2.11.0")),
        ("out/ntfy/ntfy/ingress.ntfy.yaml", &ingress("ntfy", middlewares)),
        ("out/send/send/ingress.send.yaml", &ingress("send", middlewares)),
        (
            "out/send/send/service.send-old.yaml",
            &object("Service", "send", "spec: {}\n").replace("name: send\n", "name: send-old\n"),
        ),
        (
            "out/mail/mail/secret.mail-env.yaml",
            &object("Secret", "mail", "stringData:\n  PASSWORD: <secret:mail#00000000>\n"),
        ),
        ("out/infra/infra/proxmox/220-registry.json", &machine(220, 4196)),
    ])
}

#[test]
fn a_reviewer_sees_the_cause_first_and_harm_on_top() {
    let repo = homelab();
    let middlewares =
        "traefik-rate-limit@kubernetescrd,traefik-csp-headers@kubernetescrd,traefik-security-headers@kubernetescrd";
    repo.put("partials/ingress.yaml.j2", "a\nc\nd\n");
    repo.put("stacks/send/stack.yaml", "a\n");
    repo.put("stacks/ntfy/files/server.yml", "new\n");
    repo.put("README.md", "no cause\n");
    repo.put("out/ntfy/ntfy/SHA256SUMS", "1  deployment.ntfy.yaml\n");
    repo.put("out/ntfy/ntfy/deployment.ntfy.yaml", &deployment("ntfy", "binwiederhier/ntfy:v2.12.0"));
    repo.put("out/ntfy/ntfy/configmap.ntfy-files.yaml", &object("ConfigMap", "ntfy", "data: {a: b}\n"));
    repo.put("out/ntfy/ntfy/ingress.ntfy.yaml", &ingress("ntfy", middlewares));
    repo.put("out/send/send/ingress.send.yaml", &ingress("send", middlewares));
    repo.remove("out/send/send/service.send-old.yaml");
    repo.replace("out/mail/mail/secret.mail-env.yaml", "#00000000", "#11111111");
    repo.put("out/infra/infra/proxmox/220-registry.json", &machine(220, 8192));
    repo.replace("out/site.lock", "1.34.2", "1.35.0");
    repo.replace("out/ntfy/stack.lock", "[infra]", "[infra, platform]");
    insta::assert_snapshot!("screen", repo.diff(&[]));
    insta::assert_snapshot!("screen_of_one_stack", repo.diff(&["--stack", "ntfy"]));
    insta::assert_snapshot!("comment", repo.diff(&["--format", "markdown"]));
    let json = repo.diff(&["--json"]);
    insta::with_settings!({filters => vec![("[0-9a-f]{40}", "[commit]")]}, {
        insta::assert_snapshot!("json", json);
    });
    assert_eq!(json, repo.diff(&["--format", "json"]));
}

#[test]
fn what_cannot_be_taken_back_is_on_top() {
    let claim = object(
        "PersistentVolumeClaim",
        "db",
        "spec:\n  storageClassName: nfs\n  resources: {requests: {storage: 1Gi}}\n",
    );
    let service = object(
        "Service",
        "db",
        "spec:\n  selector: {app: db}\n  ports:\n  - {port: 80, protocol: TCP}\n  - {port: 53, protocol: UDP}\n",
    );
    let leave = "  annotations: {'homebuild.dev/leave': 'spec.template.spec.containers[name=ci].image'}\n  namespace";
    let left = deployment("ci", "ci:1").replace("  namespace", leave);
    let kept = object("ConfigMap", "db", "data: {}\n")
        .replace("  namespace", "  annotations: {homebuild.dev/prune: keep}\n  namespace");
    let repo = Repo::new(&[
        ("out/db/db/deployment.db.yaml", &deployment("db", "postgres:17")),
        ("out/db/db/persistentvolumeclaim.db.yaml", &claim),
        ("out/db/db/persistentvolumeclaim.old.yaml", &claim.replace("name: db\n", "name: old\n")),
        ("out/db/db/service.db.yaml", &service),
        ("out/db/db/configmap.db.yaml", &kept),
        ("out/db/proxmox/proxmox/220-registry.json", &machine(220, 4196)),
        ("out/ci/ci/deployment.ci.yaml", &left),
    ]);
    repo.replace("out/ci/ci/deployment.ci.yaml", "ci:1", "ci:2");
    repo.replace("out/db/db/deployment.db.yaml", "      app: db\n  template", "      app: pg\n  template");
    repo.replace("out/db/db/persistentvolumeclaim.db.yaml", "nfs", "ssd");
    repo.replace("out/db/db/persistentvolumeclaim.db.yaml", "1Gi", "2Gi");
    repo.remove("out/db/db/persistentvolumeclaim.old.yaml");
    repo.remove("out/db/db/configmap.db.yaml");
    repo.replace("out/db/db/service.db.yaml", "app: db", "app: pg");
    repo.replace("out/db/db/service.db.yaml", "{port: 53,", "{port: 5353, targetPort: dns,");
    repo.remove("out/db/proxmox/proxmox/220-registry.json");
    repo.put("out/db/proxmox/proxmox/221-registry.json", &machine(221, 4196));
    insta::assert_snapshot!("harm", repo.diff(&[]));
}

#[test]
fn lists_and_texts_are_compared_by_what_they_hold() {
    let pod = |containers: &str, args: &str| {
        deployment("web", "web:1").replace(
            "image: web:1\n",
            &format!("image: web:1\n        args: {args}\n        env: [{{name: A, value: '1'}}, {{name: B, value: '2'}}]\n{containers}"),
        )
    };
    let config = |text: &str| object("ConfigMap", "web", &format!("data:\n  nginx.conf: {text:?}\n"));
    let middleware = |rewrites: &str| object("Middleware", "web", &format!("spec: {{rewrites: {rewrites}}}\n"));
    let repo = Repo::new(&[
        ("out/web/web/deployment.web.yaml", &pod("      - name: log\n        image: log:1\n", "[serve, --port, '80']")),
        ("out/web/web/configmap.web.yaml", &config("a\nb\nc\n")),
        ("out/web/web/middleware.web.yaml", &middleware("[{regex: a, to: 1}, {regex: b, to: 2}]")),
        ("out/web/web/nfs-exports.txt", "10.0.0.1 /a\n10.0.0.1 /b\n"),
        ("out/web/web/cloud-init/node.yaml", "#cloud-config\npackages: [vim, git]\nruncmd:\n- [a, b]\n- [c]\n"),
    ]);
    let container = "      - name: proxy\n        image: proxy:1\n      - name: log\n        image: log:2\n";
    repo.put("out/web/web/deployment.web.yaml", &pod(container, "[serve, --fast, --port, '8080']"));
    repo.replace("out/web/web/deployment.web.yaml", "value: '2'", "value: \"3\"");
    repo.put("out/web/web/configmap.web.yaml", &config("a\nx\nc"));
    repo.put(
        "out/web/web/middleware.web.yaml",
        &middleware("[{regex: a, to: 1}, {regex: b, to: 3}, {regex: c, to: 4}]"),
    );
    repo.put("out/web/web/nfs-exports.txt", "10.0.0.1 /a\n");
    repo.put("out/web/web/cloud-init/node.yaml", "#cloud-config\npackages: [git, vim]\nruncmd:\n- [a, b]\n- [d]\n");
    insta::assert_snapshot!("lists", repo.diff(&[]));
}

#[test]
fn a_change_to_many_values_is_told_by_one_of_them() {
    let path = |host: &str| format!("out/{host}/{host}/configmap.{host}.yaml");
    let config = |host: &str| object("ConfigMap", host, &format!("data:\n  host: {host}.example.org\n"));
    let files = ["a", "b", "c", "d", "e"].map(|host| (path(host), config(host)));
    let repo = Repo::new(&files.each_ref().map(|(path, text)| (path.as_str(), text.as_str())));
    for (path, _) in &files {
        repo.replace(path, "example.org", "example.net");
    }
    insta::assert_snapshot!("many_values", repo.diff(&[]));
}

#[test]
fn the_calls_of_a_machine_have_an_order_and_a_way() {
    let calls = |calls: &[&str]| {
        let call = |call: &&str| format!("{{\"call\": \"{call}\", \"parameters\": {{\"vmid\": 220}}}}");
        let calls: Vec<String> = calls.iter().map(call).collect();
        format!("{{\"kind\": \"ProxmoxVM\", \"name\": \"a\", \"vmid\": 220, \"calls\": [{}]}}", calls.join(", "))
    };
    let path = "out/infra/infra/proxmox/220-a.json";
    let repo = Repo::new(&[(path, &calls(&["POST /qemu/{vmid}/config", "POST /qemu/{vmid}/status/start"]))]);
    repo.put(path, &calls(&["POST /qemu/{vmid}/status/start", "PUT /qemu/{vmid}/config", "PUT /qemu/{vmid}/resize"]));
    insta::assert_snapshot!("calls", repo.diff(&[]));
}

#[test]
fn what_is_only_written_differently_is_no_change() {
    let repo = Repo::new(&[(
        "out/web/web/service.web.yaml",
        &object("Service", "web", "spec: {type: ClusterIP, ports: []}\n"),
    )]);
    repo.put("out/web/web/service.web.yaml", &object("Service", "web", "spec:\n  ports: []\n  type: \"ClusterIP\"\n"));
    insta::assert_snapshot!(repo.whole(&["--exit-code"]), @r"
    exit code 0
    --- stdout
    out/ means the same as in HEAD
    only the writing differs in 1 file
    ");
}

#[test]
fn exit_codes_tell_same_from_changed_from_failed() {
    let repo = homelab();
    let code = |arguments: &[&str]| repo.homebuild(arguments).status.code().unwrap();
    assert_eq!(code(&["diff", "--exit-code"]), 0);
    repo.put("out/ntfy/ntfy/deployment.ntfy.yaml", &deployment("ntfy", "x:1"));
    assert_eq!(code(&["diff"]), 0);
    assert_eq!(code(&["diff", "--exit-code"]), 3);
    assert_eq!(code(&["diff", "--exit-code", "--stack", "mail"]), 0);
    assert_eq!(code(&["diff", "--exit-code", "--json"]), 3);
    assert_eq!(code(&["diff", "nothing-like-this"]), 1);
    assert_eq!(code(&["diff", "--json", "--format", "text"]), 2);
}

#[test]
fn an_object_that_moves_between_stacks_is_not_made_again() {
    let repo = Repo::new(&[
        ("out/old/old/deployment.a.yaml", &deployment("a", "web:1")),
        ("out/old/old/deployment.b.yaml", &deployment("b", "web:1")),
    ]);
    repo.remove("out/old/old/deployment.a.yaml");
    repo.remove("out/old/old/deployment.b.yaml");
    repo.put("out/new/web/deployment.a.yaml", &deployment("a", "web:1"));
    repo.put("out/new/web/deployment.b.yaml", &deployment("b", "web:2"));
    insta::assert_snapshot!(repo.diff(&[]));
    assert!(repo.diff(&["--stack", "old"]).contains("moved from old/old to new/web"));
}

#[test]
fn a_stack_that_comes_or_goes_is_told_as_a_whole() {
    let repo = homelab();
    for name in ["stack.lock", "ntfy/SHA256SUMS", "ntfy/deployment.ntfy.yaml", "ntfy/ingress.ntfy.yaml"] {
        repo.remove(&format!("out/ntfy/{name}"));
    }
    repo.put("out/new/stack.lock", &lock("new", ""));
    repo.put("out/new/new/deployment.new.yaml", &deployment("new", "web:1"));
    insta::assert_snapshot!(repo.diff(&[]));
}

/// Values that must never be seen, wherever they stand.
const CANARY: &str = "canary-5f1e";

#[test]
fn secrets_are_never_shown() {
    let reference = |fingerprint: &str| format!("<secret:{CANARY}.path#{fingerprint}>");
    let site = |fp: &str, plain: &str| {
        let reference = reference(fp);
        [
            (
                "secret.plain.yaml",
                object("Secret", "plain", &format!("type: Opaque\nstringData:\n  a: {plain}\ndata:\n  b: {plain}\n")),
            ),
            (
                "secret.text.yaml",
                object(
                    "Secret",
                    "text",
                    &format!("stringData:\n  conf: |\n    user = {plain}\n    pass = {reference}\n"),
                ),
            ),
            (
                "cloud-init/node.yaml",
                format!(
                    "#cloud-config\nruncmd:\n- echo {plain} {reference}\nusers:\n- name: a\n  passwd: {reference}\nwrite_files:\n- path: /a\n  content: |\n    {plain}\n    {reference}\n"
                ),
            ),
            ("control-plane/encryption.yaml.txt", format!("key: {plain}\nother: {reference}\n")),
            ("proxmox/220-registry.json", machine(220, 1).replace("<secret:vm#00000000>", &reference)),
            (
                "helmrelease.x.yaml",
                object(
                    "HelmRelease",
                    "x",
                    &format!(
                        "spec:\n  values:\n    token: {reference}\n    list: [a, '{reference}']\n    {fp}: {{deep: ['{reference}']}}\n"
                    ),
                ),
            ),
            (
                "deployment.env.yaml",
                deployment("env", "web:1")
                    + &if fp == "00000000" {
                        format!("        env:\n        - name: PASSWORD\n          value: {plain}\n")
                    } else {
                        "        env:\n        - name: PASSWORD\n          valueFrom: {secretKeyRef: {name: env, key: password}}\n".to_owned()
                    },
            ),
        ]
    };
    let repo = Repo::new(&[("out/site.lock", &format!("token: {}\n", reference("00000000")))]);
    let by_hand = |plain: &str| {
        let secret = object("Secret", "hand", &format!("stringData: {{a: {plain}}}\n"));
        for path in ["out/secret.yaml", "out/s/secret.yaml", "out/s/m/secret.yml", "out/s/m/proxmox/x/secret.json"] {
            repo.put(path, &secret);
        }
        repo.put("out/s/m/.env", &format!("PASSWORD={plain}\n"));
    };
    by_hand(&format!("{CANARY}-old"));
    let old = site("00000000", &format!("{CANARY}-old"));
    let new = site("11111111", &format!("{CANARY}-new"));
    repo.put_all("out/s/m/", &old);
    repo.put("out/s/m/secret.gone.yaml", &object("Secret", "gone", &format!("stringData: {{a: {CANARY}}}\n")));
    repo.put("out/s/m/secret.broken.yaml", &object("Secret", "broken", &format!("stringData: {{a: {CANARY}\n")));
    repo.commit();
    repo.put_all("out/s/m/", &new);
    by_hand(&format!("{CANARY}-new"));
    repo.remove("out/s/m/secret.gone.yaml");
    repo.put("out/s/m/secret.come.yaml", &object("Secret", "come", &format!("stringData: {{a: {CANARY}}}\n")));
    repo.put("out/s/m/secret.broken.yaml", &object("Secret", "broken", &format!("stringData: {{a: {CANARY}}}\n")));
    repo.put("out/site.lock", &format!("token: {}\n", reference("11111111")));
    insta::assert_snapshot!("secrets", repo.whole(&[]));
    for format in ["text", "markdown", "json"] {
        let said = repo.whole(&["--format", format]);
        let shown: Vec<_> = said.lines().filter(|line| line.contains(CANARY) || line.contains("<secret:")).collect();
        assert!(shown.is_empty(), "{format} shows {shown:#?}");
    }
    repo.put("out/s/m/secret.text.yaml", &format!("stringData:\n  a: {CANARY}: {CANARY}\n"));
    for format in ["text", "markdown", "json"] {
        let said = repo.whole(&["--format", format]);
        assert!(said.starts_with("exit code 1") && !said.contains(CANARY), "{format}: {said}");
    }
}

#[test]
fn what_cannot_be_compared_is_told() {
    let repo = homelab();
    let mut told = String::new();
    let mut tell = |what: &str, said: &str| _ = writeln!(told, "# {what}\n{said}");
    tell("no such revision", &repo.whole(&["origin/main"]));
    tell("no such revision, as JSON", &repo.whole(&["origin/main", "--json"]));
    tell("an option as a revision", &repo.whole(&["--", "--all"]));
    tell("a file as a revision", &repo.whole(&["HEAD:out/site.lock"]));
    tell("no such stack", &repo.whole(&["--stack", "ntfi"]));
    repo.put("out/ntfy/ntfy/deployment.ntfy.yaml", "kind: [a\n");
    repo.put("out/ntfy/stack.lock", "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n");
    tell("broken files here", &repo.whole(&[]));
    repo.commit();
    repo.put("out/ntfy/ntfy/deployment.ntfy.yaml", &deployment("ntfy", "web:1"));
    repo.put("out/ntfy/stack.lock", &lock("ntfy", ""));
    tell("broken files in the revision", &repo.whole(&[]));
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().to_str().unwrap();
    tell("not a repository", &repo.whole(&["--site", site]).replace(site, "FOLDER"));
    let empty = Repo::new(&[("README.md", "a\n")]);
    tell("no out/ at all", &empty.whole(&[]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    tell("no git", &whole(&command.arg("diff").env("PATH", "/nowhere").current_dir(repo.root()).output().unwrap()));
    insta::assert_snapshot!("failures", told);
}

#[test]
fn all_of_out_is_new_to_a_revision_without_it() {
    let repo = Repo::new(&[("homebuild.yaml", "name: lab\n")]);
    repo.put("out/web/web/deployment.web.yaml", &deployment("web", "web:1"));
    assert!(repo.diff(&[]).contains("1 added, 0 changed, 0 removed"));
}

#[test]
fn a_site_may_be_a_folder_of_a_repository() {
    let repo = Repo::new(&[
        ("sites/lab/stacks/web/stack.yaml", "a\n"),
        ("sites/lab/out/web/web/deployment.web.yaml", &deployment("web", "web:1")),
    ]);
    repo.put("sites/lab/out/web/web/deployment.web.yaml", &deployment("web", "web:2"));
    repo.put("sites/lab/stacks/web/stack.yaml", "b\n");
    repo.put("stacks/no-cause.yaml", "a\n");
    insta::assert_snapshot!(repo.diff(&["--site", "sites/lab"]));
}

#[test]
fn nothing_from_a_file_is_markup_in_a_comment() {
    let evil = "```\n</details>\n<img src=x onerror=alert(1)> @everyone #1 | **bold** [a](http://b) `````` ~~~~\n```\n";
    let map = |text: &str| {
        object("ConfigMap", "x", &format!("data:\n  text: {text:?}\n  \"@key ``` </details>\": {text:?}\n"))
    };
    let repo = Repo::new(&[("out/@all/`x`/configmap.x.yaml", &map("a")), ("stacks/@all/``` <b>.yaml", "a\n")]);
    repo.put("out/@all/`x`/configmap.x.yaml", &map(evil));
    repo.put("out/@all/`x`/service.@x.yaml", &object("Service", "'@x ```` </summary>'", "spec: {}\n"));
    repo.put("stacks/@all/``` <b>.yaml", "b\n");
    let comment = repo.diff(&["--format", "markdown"]);
    assert!(comment.contains("@everyone"), "the value is shown");
    let (mut in_block, mut outside) = (false, String::new());
    for event in Parser::new(&comment) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) | Event::Code(text) if !in_block => {
                outside.push_str(&text);
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link"),
            _ => {}
        }
    }
    insta::assert_snapshot!(outside);
}

#[test]
fn a_comment_is_never_too_long_and_says_what_it_leaves_out() {
    let repo = Repo::new(&[("homebuild.yaml", "name: lab\n")]);
    let config =
        |n: usize, text: &str| object("ConfigMap", &format!("config-{n}"), &format!("data:\n  k{n}: {text:?}\n"));
    for number in 0..1_500 {
        repo.put(&format!("out/s{number}/s/configmap.config-{number}.yaml"), &config(number, "a"));
    }
    repo.commit();
    for number in 0..1_500 {
        let value = "ü`".repeat(number % 300);
        repo.put(&format!("out/s{number}/s/configmap.config-{number}.yaml"), &config(number, &value));
    }
    let comment = repo.diff(&["--format", "markdown"]);
    assert!(comment.len() < 60_000 && comment.len() > 50_000, "{}", comment.len());
    let shown = comment.lines().filter(|line| line.contains("ConfigMap config-")).count();
    let said =
        comment.lines().find_map(|line| line.strip_suffix(" more lines than fit here: `homebuild diff` shows them"));
    let left: usize = said.expect("a count of what is left out").parse().unwrap();
    assert_eq!(shown + left, 1_500);
    assert_eq!(comment.matches("<details").count(), comment.matches("</details>").count());
}

/// What differs in meaning is told, and nothing else: each line of the repository's own `out/` changed in some ways.
#[test]
fn no_change_is_overlooked_and_none_is_made_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
    let kinds = Kinds::new(&[]).unwrap();
    let mut files = Vec::new();
    collect(&root, &mut files);
    let (mut told, mut same) = (0, 0);
    for file in files {
        let (path, text) = (file.strip_prefix(&root).unwrap().to_str().unwrap(), fs::read_to_string(&file).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        let tree = |text: &str| Tree::from([(path.to_owned(), text.to_owned())]);
        let parse = |text: &str| yaml::parse_one(&Source::new(path, text)).ok();
        let old = parse(&text).unwrap();
        // every line of a small file, some lines of a large one
        for at in (0..lines.len()).step_by(1 + lines.len() / 20) {
            let dropped = [&lines[..at], &lines[at + 1..]].concat();
            let twice = [&lines[..=at], &lines[at..]].concat();
            let other = lines[at].replace(|c: char| c.is_ascii_digit(), "7") + "x";
            let other = [&lines[..at], &[other.as_str()], &lines[at + 1..]].concat();
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for changed in [dropped, twice, other, swapped] {
                let changed = changed.join("\n") + "\n";
                let Some(new) = parse(&changed) else { continue };
                let Ok(compared) = compare(&tree(&text), &tree(&changed), &kinds) else { continue };
                let is_same = is_same(&old, &new);
                assert_eq!(compared.differences.is_empty(), is_same, "{path}:{}:\n{changed}", at + 1);
                *if is_same { &mut same } else { &mut told } += 1;
            }
        }
    }
    assert!(told > 5_000 && same > 500, "{told} told, {same} the same");
}

/// The YAML and JSON files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if !path.ends_with("SHA256SUMS") && path.extension().is_none_or(|end| end != "txt") {
            files.push(path);
        }
    }
}

/// The repository's own sources and `out/`, in a repository of their own.
fn own() -> Repo {
    let repo = Repo(tempfile::tempdir().unwrap());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parts = ["homebuild.yaml", "secrets.sops.yaml", "layouts", "partials", "schemas", "stacks", "out"];
    let copied =
        Command::new("cp").arg("-r").args(parts.map(|part| root.join(part))).arg(repo.root()).status().unwrap();
    assert!(copied.success());
    repo.put(".gitignore", "/.homebuild\n");
    repo.git(&["init", "--quiet", "--initial-branch=main"]);
    repo.commit();
    repo
}

#[test]
fn a_changed_partial_is_one_screen() {
    let repo = own();
    assert_eq!(repo.diff(&[]), "out/ means the same as in HEAD\n");
    repo.replace(
        "partials/ingress.yaml.j2",
        "    + i.middlewares %}",
        "    + [\"traefik-security-headers\"] + i.middlewares %}",
    );
    repo.replace(
        "stacks/platform/traefik/module.yaml",
        "      anti-ai-headers: {",
        "      security-headers: {headers: {stsSeconds: 31536000}}\n      anti-ai-headers: {",
    );
    let built = repo.homebuild(&["build"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let screen = repo.diff(&[]);
    assert!(screen.lines().count() <= 24, "{screen}");
    insta::assert_snapshot!("partial", screen);
}

#[test]
fn colours_only_where_they_are_seen() {
    let repo = homelab();
    repo.remove("out/send/send/service.send-old.yaml");
    assert!(!repo.diff(&[]).contains('\u{1b}'));
    let run = |set: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
        command.arg("diff").env_remove("NO_COLOR").env(set, "1").env("TERM", "xterm").current_dir(repo.root());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(run("CLICOLOR_FORCE").contains("\u{1b}[1m\u{1b}[31mremoves"));
    assert!(!run("NO_COLOR").contains('\u{1b}'));
}
