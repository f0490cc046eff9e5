//! The whole homelab of this repository, with stand-ins of its charts.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Kinds of the homelab's objects; the status of nodes changes all the time.
const KINDS: &str = "namespaces,configmaps,secrets,services,deployments,daemonsets,cronjobs,jobs,ingresses,serviceaccounts,\
    clusterroles,clusterrolebindings,roles,rolebindings,resourcequotas,persistentvolumes,persistentvolumeclaims,\
    middlewares.traefik.io,dnsendpoints.externaldns.k8s.io,clusterpolicies.kyverno.io";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is there before: a custom resource whose controller the site does not have yet; of each namespace with a quota
/// the limits that Kyverno would generate, without which no pod of it is made.
const BEFORE: &str = r#"
import json, os, pathlib, sys, yaml
sys.path.insert(0, "tests")
from practice import define, definitions, must
kubeconfig = os.environ["KUBECONFIG"]
files = [path for path in definitions() if "external-dns" in str(path)]
assert files
define(kubeconfig, files)
quotas = [yaml.safe_load(path.read_text()) for path in pathlib.Path("out").glob("*/*/resourcequota.*.yaml")]
names = sorted({quota["metadata"]["namespace"] for quota in quotas})
assert names
limit = {"type": "Container", "default": {"cpu": "100m", "memory": "64Mi"}, "defaultRequest": {"cpu": "10m", "memory": "16Mi"}}
objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
objects += [{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "tier", "namespace": name}, "spec": {"limits": [limit]}}
            for name in names]
must(kubeconfig, "apply", "--server-side", "--filename=-", given="".join(f"---\n{json.dumps(one)}\n" for one in objects))
"#;

fn site() -> TempDir {
    let before = Command::new("python3").args(["-c", BEFORE]).current_dir(root()).output().unwrap();
    assert!(before.status.success(), "{}", String::from_utf8_lossy(&before.stderr));
    let folder = tempfile::tempdir().unwrap();
    for name in ["stacks", "layouts", "partials", "schemas", "out", "homebuild.yaml", "secrets.sops.yaml", ".sops.yaml"]
    {
        if root().join(name).exists() {
            let copied = Command::new("cp").arg("-r").arg(root().join(name)).arg(folder.path()).status().unwrap();
            assert!(copied.success());
        }
    }
    fs::create_dir(folder.path().join(".homebuild")).unwrap();
    folder
}

fn homebuild(site: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    command.args(arguments).args(["--context", "practice"]).current_dir(site).stdin(Stdio::null());
    command.env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt"));
    command.output().unwrap()
}

#[track_caller]
fn done(site: &Path, arguments: &[&str]) -> String {
    let output = homebuild(site, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}:\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Every object of the homelab's stacks, their records and locks, each with its resource version; other tests have
/// stacks of their own.
fn versions() -> String {
    let stacks = fs::read_dir(root().join("out")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    let stacks: Vec<String> = stacks.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let of_homelab = format!("homebuild.dev/stack in ({})", stacks.join(","));
    let path = "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
    let marked = ["get", KINDS, "-A", "-l", &of_homelab, "-o", path];
    let records = ["get", "configmaps,leases", "-n", "homebuild", "-o", path];
    let get = |arguments: &[&str]| {
        let output = Command::new("kubectl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let is_ours = |line: &&str| stacks.iter().any(|stack| line.contains(&format!("/homebuild-stack-{stack} ")));
    let records = get(&records);
    get(&marked) + &records.lines().filter(is_ours).collect::<Vec<_>>().join("\n")
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn platform_comes_up_then_all_stacks_and_a_second_push_writes_nothing() {
    let folder = site();
    let site = folder.path();
    // the node and some namespaces are there
    let adopt = ["push", "--yes", "--adopt", "--stack", "platform"];
    let said = done(site, &adopt);
    assert!(said.contains("assumed  infra, which another target has"), "{said}");
    done(site, &["push", "--yes", "--adopt"]);
    let before = versions();
    assert!(before.lines().count() > 300, "{before}");
    let said = done(site, &["push", "--yes"]);
    assert!(said.contains("nothing to do"), "{said}");
    assert_eq!(versions(), before);
    let status: serde_json::Value = serde_json::from_str(&done(site, &["status", "--json"])).unwrap();
    for stack in status["stacks"].as_array().unwrap() {
        let is_ours = stack["version"].is_string();
        assert!(!is_ours || stack["state"] == "ok", "{stack:#}");
    }
}
