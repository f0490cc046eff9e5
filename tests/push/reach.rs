//! How the cluster is reached: contexts, programs that log in, proxies, a pod's own cluster; and what is said when it is not.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::script::Script;
use crate::site::{NAMESPACE, Run, Site, config};

fn there() -> Value {
    serde_json::from_str(&std::fs::read_to_string(std::env::var_os("KUBECONFIG").unwrap()).unwrap()).unwrap()
}

/// A site, and its own kubeconfig that is the one of the cluster with a change.
fn site(name: &str, change: impl Fn(&mut Value)) -> Site {
    let site = Site::new(name);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.build();
    let mut kubeconfig = there();
    change(&mut kubeconfig);
    site.write("kubeconfig", &kubeconfig.to_string());
    site
}

/// Runs a command with the site's own kubeconfig, and with nothing of a proxy in its environment.
fn run(site: &Site, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = site.command(arguments);
    for name in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.env("KUBECONFIG", site.path().join("kubeconfig")).envs(environment.iter().copied());
    crate::site::said(&command.output().unwrap())
}

/// That a push goes there.
#[track_caller]
fn arrives(site: &Site, environment: &[(&str, &str)]) {
    run(site, &["push", "--yes"], environment).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    run(site, &["push", "--yes"], environment).ok().says("nothing to do");
}

/// A program that gives out a token, as the user of a kubeconfig.
fn program(command: &str, arguments: &[&str]) -> Value {
    let version = "client.authentication.k8s.io/v1";
    json!({"exec": {"apiVersion": version, "interactiveMode": "Never", "command": command, "args": arguments}})
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_program_of_the_kubeconfig_logs_in() {
    let site = site("program", |kubeconfig| {
        let token = kubeconfig["users"][0]["user"]["token"].clone();
        let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}});
        kubeconfig["users"][0]["user"] = program("echo", &[&credential.to_string()]);
    });
    arrives(&site, &[]);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_program_that_cannot_log_in_is_told_without_what_it_printed() {
    let failing = site("nologin", |kubeconfig| {
        kubeconfig["users"][0]["user"] = program("sh", &["-c", "echo hunter2; echo hunter2 >&2; exit 3"]);
    });
    let run = run(&failing, &["plan"], &[]).failed().says("cannot log in").says("exit status: 3");
    assert!(!(run.out + &run.err).contains("hunter2"));
    let missing = site("nologin", |kubeconfig| kubeconfig["users"][0]["user"] = program("nonesuch", &[]));
    self::run(&missing, &["plan"], &[]).failed().says("cannot log in").says("cannot be started");
}

/// A name that leads nowhere but through a proxy; the server's certificate has it.
const NAME: &str = "https://kubernetes.default.svc:6443";

fn tunnel() -> (Script, String) {
    let tunnel = Script::start("tunnel.py", TempDir::new().unwrap(), &[&crate::site::kubeconfig()]);
    let address = tunnel.wrote("address");
    (tunnel, address)
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_proxy_of_the_kubeconfig_is_gone_through() {
    let (tunnel, address) = tunnel();
    let site = site("proxyurl", |kubeconfig| {
        kubeconfig["clusters"][0]["cluster"]["server"] = NAME.into();
        kubeconfig["clusters"][0]["cluster"]["proxy-url"] = address.clone().into();
    });
    arrives(&site, &[]);
    assert!(tunnel.wrote("log").contains("kubernetes.default.svc:6443"));
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_proxy_of_the_environment_is_gone_through_unless_no_proxy_has_the_server() {
    let (tunnel, address) = tunnel();
    let through = site("proxyenv", |kubeconfig| kubeconfig["clusters"][0]["cluster"]["server"] = NAME.into());
    arrives(&through, &[("HTTPS_PROXY", &address)]);
    let log = tunnel.wrote("log");
    assert!(log.contains("kubernetes.default.svc:6443"));
    let beside = site("proxynot", |_| {});
    arrives(&beside, &[("HTTPS_PROXY", &address), ("NO_PROXY", "127.0.0.1")]);
    assert_eq!(tunnel.wrote("log"), log);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_pod_pushes_to_its_own_cluster_with_the_token_of_its_account() {
    let site = site("pod", |_| {});
    site.kubectl(&["create", "serviceaccount", "pusher-{n}"]);
    let _rights = Rights::give(&site);
    site.write("token", &site.kubectl(&["create", "token", "pusher-{n}"]));
    let cluster = &there()["clusters"][0]["cluster"];
    std::fs::copy(cluster["certificate-authority"].as_str().unwrap(), site.path().join("ca.crt")).unwrap();
    site.write("namespace", "default");
    let (_, port) = cluster["server"].as_str().unwrap().rsplit_once(':').unwrap();
    // its files are there for this program alone
    let script = "mount -t tmpfs none /var/run && folder=/var/run/secrets/kubernetes.io/serviceaccount && mkdir -p $folder && \
        cp token ca.crt namespace $folder && exec \"$@\"";
    let push = |arguments: &[&str]| {
        let homebuild = site.command(arguments);
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(homebuild.get_program());
        command.args(homebuild.get_args()).current_dir(site.path()).env_remove("KUBECONFIG").env("HOME", site.path());
        command.envs([("KUBERNETES_SERVICE_HOST", "127.0.0.1"), ("KUBERNETES_SERVICE_PORT", port)]);
        crate::site::said(&command.output().unwrap())
    };
    push(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    push(&["push", "--yes"]).ok().says("nothing to do");
    assert!(!Path::new("/var/run/secrets/kubernetes.io/serviceaccount").exists());
}

/// All rights of the account of a site, as long as this lasts.
struct Rights<'a>(&'a Site);

impl<'a> Rights<'a> {
    fn give(site: &'a Site) -> Self {
        let binding = "--serviceaccount=default:pusher-{n}";
        site.kubectl(&["create", "clusterrolebinding", "pusher-{n}", "--clusterrole=cluster-admin", binding]);
        Self(site)
    }
}

impl Drop for Rights<'_> {
    fn drop(&mut self) {
        self.0.try_kubectl(&["delete", "clusterrolebinding,serviceaccount", "pusher-{n}"]);
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_context_that_is_not_there_is_told_with_those_that_are() {
    let site = site("context", |_| {});
    for command in ["plan", "push", "status"] {
        let run = run(&site, &[command, "--context", "practise"], &[]).failed();
        run.says("no context `practise`").says("did you mean `practice`").says("its contexts are `practice`");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_server_that_is_not_there_is_told_in_seconds() {
    let site =
        site("nowhere", |kubeconfig| kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into());
    let begin = Instant::now();
    let run = run(&site, &["plan"], &[]).failed();
    run.says("waiting: no answer: connection refused").says("cannot reach https://127.0.0.1:1").says("is it running");
    assert!(begin.elapsed() < Duration::from_secs(25), "{:?}", begin.elapsed());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_server_with_another_certificate_is_told_at_once() {
    let other = |kubeconfig: &mut Value| {
        kubeconfig["clusters"][0]["cluster"].as_object_mut().unwrap().remove("certificate-authority");
    };
    let name =
        |kubeconfig: &mut Value| kubeconfig["clusters"][0]["cluster"]["tls-server-name"] = "elsewhere.test".into();
    for site in [site("certificate", other), site("certificate", name)] {
        let begin = Instant::now();
        run(&site, &["push", "--yes"], &[]).failed().says("certificate").says("`certificate-authority`");
        assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_token_that_the_server_does_not_know_is_told_and_not_shown() {
    let site = site("token", |kubeconfig| kubeconfig["users"][0]["user"]["token"] = "hunter2".into());
    let run = run(&site, &["plan"], &[]).failed().says("does not know who asks (401)").says("log in again");
    assert!(!(run.out + &run.err).contains("hunter2"));
}
