//! Releases of charts, by the real helm: the newest and the oldest that push takes, against a practice cluster.
//!
//!     eval "$(tests/cluster up)"; PATH="$(tests/setup.sh cluster):$PATH"
//!     tests/push/charts.py cargo test --test helm -- --ignored

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use homebuild::diff;
use homebuild::kubernetes::kinds::Kinds;
use homebuild::problem::Source;
use homebuild::push::kubernetes::helm::{
    Access, Change, Helm, How, Installed, Release, Revision, Status, freed, read_from,
};
use homebuild::yaml::{emit_json, parse_one};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// What must never be seen.
const SECRET: &str = "canary-1f0e9b";

/// A helm, with a namespace of the practice cluster for a test.
struct Place {
    helm: Helm,
    namespace: String,
    folder: TempDir,
    access: Access,
}

/// Does a test with each helm, in a namespace of its own.
fn with_each(test: &str, does: impl Fn(&Place)) {
    let path = std::env::var_os("PATH").unwrap();
    let is_helm = |folder: &PathBuf| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("helm-"));
    let helms: Vec<PathBuf> = std::env::split_paths(&path).filter(is_helm).collect();
    assert_eq!(helms.len(), 2, "PATH=\"$(tests/setup.sh cluster):$PATH\"");
    for (number, folder) in helms.iter().enumerate() {
        let place = Place::new(folder.as_os_str(), &format!("helm-{test}-{number}"));
        does(&place);
        kubectl(&["delete", "namespace", &place.namespace, "--wait=false"]);
    }
}

impl Place {
    fn new(path: &OsStr, namespace: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        kubectl(&["create", "namespace", namespace]);
        Self {
            helm: Helm::find(path, folder.path()).unwrap(),
            namespace: namespace.to_owned(),
            folder,
            access: Access::Context("practice".to_owned()),
        }
    }

    /// The chart `web` from the repository with an index, with a secret and these values, undone when it fails.
    fn web(&self, version: &str, values: &Value) -> Release {
        self.release("web", version, values, &json!({"remediation": {"remediateLastFailure": true}}))
    }

    fn release(&self, chart: &str, version: &str, values: &Value, options: &Value) -> Release {
        self.from("https://charts.test", chart, version, values, options, SECRET)
    }

    fn from(&self, url: &str, chart: &str, version: &str, values: &Value, options: &Value, secret: &str) -> Release {
        let release = json!({
            "metadata": {"name": "web", "namespace": self.namespace},
            "spec": {
                "timeout": "20s", "releaseName": "web", "install": options, "upgrade": options, "values": values,
                "chart": {"spec": {"chart": chart, "version": version, "sourceRef": {"kind": "HelmRepository", "name": "r"}}},
                "valuesFrom": [{"kind": "Secret", "name": "web-values"}],
            },
        });
        let is_oci = url.starts_with("oci://");
        let repository =
            json!({"metadata": {"name": "r"}, "spec": {"url": url, "type": if is_oci { "oci" } else { "default" }}});
        Release::read(&release, &repository, &|_, _, _| Some(Zeroizing::new(format!("password: {secret}\n")))).unwrap()
    }

    fn how(&self) -> How<'_> {
        How { access: &self.access, adopt: false, stop: &|| false }
    }

    fn apply(&self, release: &Release) -> Result<(), homebuild::problem::Problem> {
        self.helm.apply(release, self.installed().as_ref(), &self.revisions(), self.how())
    }

    fn secrets(&self) -> Vec<Value> {
        let listed = kubectl(&["get", "secrets", "-l", "owner=helm", "-n", &self.namespace, "-o", "json"]);
        serde_json::from_str::<Value>(&listed).unwrap()["items"].as_array().unwrap().clone()
    }

    fn revisions(&self) -> Vec<Revision> {
        Revision::list(&self.secrets(), "web")
    }

    fn newest(&self) -> Option<Value> {
        let secrets = self.secrets();
        let newest = Revision::list(&secrets, "web").into_iter().next()?;
        secrets.into_iter().find(|secret| secret["metadata"]["name"] == newest.secret.as_str())
    }

    fn installed(&self) -> Option<Installed> {
        self.newest().map(|secret| Installed::read(&secret).unwrap())
    }

    fn changes(&self, release: &Release) -> Vec<Change> {
        let kinds = Kinds::new(&[]).unwrap();
        let installed = self.installed();
        let changes = self.helm.changes(release, installed.as_ref(), self.how(), ("web", "web"), &kinds);
        let changes = changes.unwrap_or_else(|problems| panic!("{problems:?}"));
        assert!(!format!("{changes:?}").contains("canary"), "{changes:?}");
        changes
    }

    fn object(&self, name: &str) -> String {
        kubectl(&["get", name, "-n", &self.namespace, "-o", "yaml", "--ignore-not-found"])
    }
}

fn kubectl(arguments: &[&str]) -> String {
    let output = Command::new("kubectl").args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What is said of the changes, shortly.
fn short(changes: &[Change]) -> Vec<String> {
    let object = |difference: &diff::Difference| {
        let subject = &difference.subject;
        let fields: Vec<String> =
            difference.fields.iter().map(|field| format!(" {} {:?}", field.path, field.change)).collect();
        format!("{:?} {} {}{}", difference.verb, subject.kind, subject.name, fields.join(";"))
    };
    let said = |change: &Change| match change {
        Change::Object(difference) => object(difference),
        other => format!("{other:?}"),
    };
    changes.iter().map(said).collect()
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn a_release_is_installed_upgraded_and_then_left_alone() {
    with_each("upgrade", |place| {
        let release = place.web("1.0.0", &json!({"greeting": "good morning"}));
        assert!(place.installed().is_none());
        let expected =
            ["Install(\"web\", \"1.0.0\")", "Added ConfigMap web", "Added Deployment web", "Added Secret web"];
        assert_eq!(short(&place.changes(&release)), expected);
        assert!(place.revisions().is_empty(), "a plan writes nothing");

        place.apply(&release).unwrap();
        let installed = place.installed().unwrap();
        assert_eq!((installed.revision, installed.status), (1, Status::Deployed));
        assert_eq!((installed.chart.as_str(), installed.version.as_str()), ("web", "1.0.0"));
        assert_eq!(installed.app_version, "2.4");
        assert!(installed.at.is_some());
        assert!(installed.is(&release) && installed.other_version(&release).is_none());
        assert_eq!(short(&place.changes(&release)), [""; 0]);

        let options = json!({});
        let values = json!({"replicas": 2});
        let next = place.from("oci://registry.test/charts", "web", "1.1.0", &values, &options, "canary-other");
        insta::allow_duplicates! {
            insta::assert_snapshot!(short(&place.changes(&next)).join("\n"), @r#"
        Chart("web 1.0.0", "web 1.1.0")
        Value { path: "greeting", verb: Removed, is_secret: false }
        Value { path: "password", verb: Changed, is_secret: true }
        Value { path: "replicas", verb: Added, is_secret: false }
        Changed ConfigMap web data.greeting Value(Some("good morning"), Some("hello")); data.url Value(Some("postgres://web:(secret, before)@db/web"), Some("postgres://web:(secret, now)@db/web"))
        Changed Deployment web metadata.labels[helm.sh/chart] Value(Some("web-1.0.0"), Some("web-1.1.0")); spec.replicas Value(Some("1"), Some("2"))
        Changed Secret web stringData.password Secret(Changed)
        "#);
        }
        assert!(
            installed.other_version(&next).unwrap().message.contains("runs chart web 1.0.0, and `out/` pins web 1.1.0")
        );
        place.apply(&next).unwrap();
        let installed = place.installed().unwrap();
        assert_eq!((installed.revision, installed.version.as_str()), (2, "1.1.0"));
        assert!(installed.is(&next), "values of the last revision are not kept");
        assert!(place.object("configmap/web").contains("greeting: hello"));
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn an_upgrade_that_fails_is_undone_if_it_is_atomic() {
    with_each("atomic", |place| {
        let bad = |options: &Value| place.release("web", "1.0.0", &json!({"outcome": "crash"}), options);
        let atomic = json!({"timeout": "5s", "remediation": {"remediateLastFailure": true}});
        let lasting = json!({"timeout": "5s"});

        let problem = place.apply(&bad(&atomic)).unwrap_err();
        assert_eq!(problem.message, "helm could not install release `web`");
        assert!(!problem.to_string().contains("canary"), "{problem}");
        assert!(place.revisions().is_empty() && place.object("deployment/web").is_empty());

        place.apply(&place.web("1.0.0", &json!({}))).unwrap();
        let problem = place.apply(&bad(&atomic)).unwrap_err();
        assert_eq!(problem.message, "helm could not upgrade release `web`");
        let statuses: Vec<_> = place.revisions().iter().map(|revision| (revision.number, revision.status)).collect();
        assert_eq!(statuses, [(3, Status::Deployed), (2, Status::Failed), (1, Status::Superseded)]);
        assert!(!place.object("deployment/web").contains("crash"));

        place.apply(&bad(&lasting)).unwrap_err();
        assert_eq!(place.installed().unwrap().status, Status::Failed);
        let good = place.web("1.0.0", &json!({}));
        assert!(place.changes(&good).contains(&Change::Redone("the last try failed")));
        place.apply(&good).unwrap();
        assert!(place.installed().unwrap().is(&good));
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn a_run_that_is_interrupted_leaves_nothing_pending() {
    with_each("stop", |place| {
        place.apply(&place.web("1.0.0", &json!({}))).unwrap();
        let bad = place.web("1.0.0", &json!({"outcome": "crash"}));
        let (began, installed) = (Instant::now(), place.installed());
        let stop = || began.elapsed() > Duration::from_secs(4);
        let how = How { stop: &stop, ..place.how() };
        let problem = place.helm.apply(&bad, installed.as_ref(), &place.revisions(), how).unwrap_err();
        assert_eq!(problem.message, "helm was ended before it could upgrade release `web`");
        let installed = place.installed().unwrap();
        assert_eq!((installed.revision, installed.status), (3, Status::Deployed), "it was undone");
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn a_release_whose_helm_was_killed_is_freed_and_no_object_is_deleted() {
    with_each("killed", |place| {
        let release = place.web("1.0.0", &json!({}));
        killed(place, &release);
        let installed = place.installed().unwrap();
        assert_eq!((installed.revision, installed.status), (1, Status::Pending));
        let problem = place.apply(&release).unwrap_err();
        assert!(problem.to_string().contains("another helm is at work on it"), "{problem}");

        let now = Timestamp::now();
        let until = installed.busy_until(&release, now).expect("a helm may be at work");
        assert!(installed.busy(until).to_string().contains("--free-release web"));
        assert_eq!(installed.busy_until(&release, until), None);

        let before = place.object("deployment/web");
        let uid = |text: &str| text.lines().find(|line| line.trim().starts_with("uid: ")).map(str::to_owned);
        assert!(uid(&before).is_some());
        replace(&freed(&place.newest().unwrap(), now).unwrap());
        assert_eq!(place.installed().unwrap().status, Status::Failed);
        place.apply(&place.web("1.0.0", &json!({"greeting": "at last"}))).unwrap();
        assert_eq!(place.installed().unwrap().status, Status::Deployed);
        assert_eq!(uid(&place.object("deployment/web")), uid(&before));
    });
}

/// Begins to install what does not become ready, and kills helm.
fn killed(place: &Place, release: &Release) {
    let script = format!(
        "helm upgrade web web --repo https://charts.test --version {} --install --wait --set outcome=crash -n {} & pid=$!
         until kubectl get deployment/web -n {} >/dev/null 2>&1; do sleep 0.1; done; kill -9 $pid",
        release.version, place.namespace, place.namespace,
    );
    let home = place.folder.path();
    let status = Command::new("sh").args(["-c", &script]).env("HELM_CACHE_HOME", home).stdin(Stdio::null()).status();
    assert!(status.unwrap().success());
}

fn replace(object: &Value) {
    let mut child = Command::new("kubectl").args(["replace", "-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), object.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn objects_that_helm_did_not_make_are_taken_only_when_told_to() {
    with_each("adopt", |place| {
        kubectl(&["create", "configmap", "web", "-n", &place.namespace, "--from-literal=greeting=mine"]);
        let release = place.web("1.0.0", &json!({}));
        let problem = place.apply(&release).unwrap_err();
        assert!(problem.to_string().contains("`--adopt` takes them"), "{problem}");
        let how = How { adopt: true, ..place.how() };
        place.helm.apply(&release, place.installed().as_ref(), &[], how).unwrap();
        assert!(place.object("configmap/web").contains("greeting: hello"));
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn a_chart_that_brings_the_kind_of_an_object_is_planned_without_the_server() {
    with_each("kinds", |place| {
        kubectl(&["delete", "crd", "greetings.homebuild.test", "--ignore-not-found"]);
        let release = |text: &str| place.release("kinds", "1.0.0", &json!({"text": text}), &json!({}));
        let expected = ["Install(\"kinds\", \"1.0.0\")", "Rough", "Added Greeting web"];
        assert_eq!(short(&place.changes(&release("hello"))), expected);
        place.apply(&release("hello")).unwrap();
        let changes = short(&place.changes(&release("bye")));
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert!(changes[1].starts_with("Changed Greeting web spec.text"), "{changes:?}");
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn what_is_wrong_is_told_without_secrets() {
    with_each("wrong", |place| {
        let none = place.apply(&place.web("9.9.9", &json!({}))).unwrap_err();
        assert!(none.to_string().contains("9.9.9"), "{none}");
        let elsewhere = place.from("https://nonesuch.test", "web", "1.0.0", &json!({}), &json!({}), SECRET);
        let elsewhere = place.apply(&elsewhere).unwrap_err();
        assert!(elsewhere.to_string().contains("nonesuch.test"), "{elsewhere}");
        let refused = place.from("https://charts.test", "web", "1.0.0", &json!({}), &json!({}), "canary-refused");
        let refused = place.apply(&refused).unwrap_err().to_string();
        assert!(refused.contains("password") && !refused.contains("canary"), "{refused}");
        // the server quotes what it refuses
        let invalid = place.from(
            "https://charts.test",
            "web",
            "1.0.0",
            &json!({"image": SECRET, "replicas": -1}),
            &json!({}),
            SECRET,
        );
        let invalid = place.apply(&invalid).unwrap_err().to_string();
        assert!(invalid.contains("replicas") && !invalid.contains("canary"), "{invalid}");
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn a_release_goes_back_and_goes() {
    with_each("back", |place| {
        let first = place.web("1.0.0", &json!({"greeting": "first", "hook": true}));
        let second = place.web("1.1.0", &json!({"greeting": "second", "hook": true}));
        place.apply(&first).unwrap();
        place.apply(&second).unwrap();
        place.helm.roll_back(&first, 1, place.how()).unwrap();
        let installed = place.installed().unwrap();
        assert_eq!(installed.revision, 3);
        assert!(installed.is(&first) && place.object("configmap/web").contains("greeting: first"));
        let missing = place.helm.roll_back(&first, 17, place.how()).unwrap_err();
        assert_eq!(missing.message, "helm could not roll back release `web`");
        for _ in 0..2 {
            place.helm.uninstall("web", &place.namespace, place.how()).unwrap();
            assert!(place.installed().is_none() && place.object("configmap/web").is_empty());
        }
    });
}

#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn secrets_are_in_no_argument_no_environment_and_no_file() {
    with_each("pipe", |place| {
        let recorder = Recorder::new();
        let helm = Helm::find(recorder.folder.path().as_os_str(), place.folder.path()).unwrap();
        let release = place.web("1.0.0", &json!({}));
        let kinds = Kinds::new(&[]).unwrap();
        helm.changes(&release, None, place.how(), ("web", "web"), &kinds).unwrap();
        helm.apply(&release, None, &[], place.how()).unwrap();
        let record = recorder.record();
        assert!(record.contains("--values -") && !record.contains("canary"), "{record}");
        let files = Command::new("grep").args(["-r", "canary"]).arg(place.folder.path()).output().unwrap();
        assert!(files.stdout.is_empty(), "{}", String::from_utf8_lossy(&files.stdout));
        assert!(!record.contains("HELM_KUBETOKEN"), "it is not led elsewhere");
    });
}

/// A `helm` that writes down what it was given, and is the real one then.
struct Recorder {
    folder: TempDir,
}

impl Recorder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        script(
            &folder.path().join("helm"),
            &format!("{{ echo \"$@\"; env; }} >>{}; exec helm \"$@\"", record.display()),
        );
        Self { folder }
    }

    fn record(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("record")).unwrap()
    }
}

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_helm_that_is_too_old_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let found = |text: &str| {
        script(&folder.path().join("helm"), text);
        Helm::find(folder.path().as_os_str(), folder.path()).map(|_| ()).map_err(|problem| problem.message)
    };
    let path = folder.path().display();
    for version in ["v3.16.4", "v2.17.0", "v5.0.0"] {
        let said = found(&format!("echo {version}")).unwrap_err();
        assert_eq!(said, format!("`{path}/helm` is helm {version}, which push cannot use"));
    }
    for version in ["v3.17.0", "v3.22.0", "v4.0.0", "v4.3.1"] {
        assert_eq!(found(&format!("echo {version}")), Ok(()));
    }
    assert!(found("echo what?; exit 1").unwrap_err().contains("does not say its version: what?"));
    std::fs::remove_file(folder.path().join("helm")).unwrap();
    let path: OsString = folder.path().into();
    assert_eq!(Helm::find(&path, folder.path()).unwrap_err().message, "the program `helm` is not on the PATH");
}

/// Whatever `out/` has is read, and its stand-in is installed.
#[test]
#[ignore = "needs tests/cluster and tests/push/charts.py"]
fn every_release_of_the_homelab_is_installed_and_then_left_alone() {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
    with_each("homelab", |place| {
        let mut found = 0;
        for file in walk(&out, "helmrelease.") {
            let object = read(&file);
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let mut here = object.clone();
            here["metadata"]["namespace"] = json!(place.namespace);
            let repository = read(&file.with_file_name(format!("helmrepository.{name}.yaml")));
            let from = |kind: &str, name: &str, key: &str| {
                assert!(read_from(&object).contains(&(kind, name)));
                let secret = read(&file.with_file_name(format!("{}.{name}.yaml", kind.to_lowercase())));
                Some(Zeroizing::new(secret["stringData"][key].as_str()?.to_owned()))
            };
            let release = Release::read(&here, &repository, &from).unwrap();
            place.helm.apply(&release, None, &[], place.how()).unwrap_or_else(|problem| panic!("{problem}"));
            let secrets = place.secrets();
            let revisions = Revision::list(&secrets, &name);
            let secret = secrets.iter().find(|secret| secret["metadata"]["name"] == revisions[0].secret.as_str());
            assert!(Installed::read(secret.unwrap()).unwrap().is(&release), "{name}");
            found += 1;
            place.helm.uninstall(&name, &place.namespace, place.how()).unwrap();
        }
        assert!(found >= 5);
    });
}

fn walk(folder: &Path, start: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path, start));
        } else if path.file_name().unwrap().to_string_lossy().starts_with(start) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let node = parse_one(&Source::new("object.yaml", text)).unwrap();
    serde_json::from_str(&emit_json(&node)).unwrap()
}
