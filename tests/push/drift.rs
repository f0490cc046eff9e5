//! What `status` and `plan` say of a cluster that is not as `out/`: who changed it, what admission made of it, which
//! pods a push restarts.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::site::{NAMESPACE, Site, config, deployment};
use crate::webhook::Webhook;

/// Changes a `ConfigMap` of the namespace `{n}` as a tool does.
fn patch(site: &Site, manager: &str, name: &str, data: &Value) {
    let (manager, data) = (format!("--field-manager={manager}"), json!({"data": data}).to_string());
    // the times of managed fields are whole seconds
    std::thread::sleep(std::time::Duration::from_millis(1100));
    site.kubectl(&["patch", "configmap", name, "-n", "{n}", &manager, "-p", &data]);
}

/// What a plan says of who changed the one field that it shows.
#[track_caller]
fn by(plan: &Value) -> &Value {
    let fields = &plan["stacks"][0]["steps"][0]["fields"];
    assert_eq!(fields.as_array().unwrap().len(), 1, "{plan:#}");
    &fields[0]["by"]
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_drifted_field_names_who_changed_it_and_when() {
    let site = Site::new("author");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    patch(&site, "kubectl-edit", "one", &json!({"key": "9"}));
    let plan = site.run(&["plan", "--json"]).ok().json();
    let by = by(&plan);
    assert_eq!((&by["manager"], &by["likely"]), (&"kubectl-edit".into(), &false.into()), "{plan:#}");
    let at = by["at"].as_str().unwrap().to_owned();
    site.run(&["plan"]).ok().says(&format!("ConfigMap one: set back: kubectl-edit changed data.key at {at}"));
    site.run(&["status"]).ok().says(&format!("ConfigMap one: data.key 9 -> 1 (kubectl-edit at {at})"));
    let status = site.run(&["status", "--json"]).ok().json();
    let drifted = status["stacks"].as_array().unwrap().iter().find(|of| of["stack"] == "author").unwrap();
    assert_eq!(drifted["drifted"][0], format!("ConfigMap one: data.key 9 -> 1 (kubectl-edit at {at})"));
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn who_removed_a_field_is_said_to_be_likely_or_is_not_said() {
    let site = Site::new("remover");
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two, namespace: '{n}'}\ndata: {a: '1', b: '2'}";
    site.stack("{n}", "", &[NAMESPACE, two]);
    site.push();
    patch(&site, "k9s", "two", &json!({"b": null}));
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert!(by(&plan).is_null(), "it left no trace: {plan:#}");
    patch(&site, "kubectl-edit", "two", &json!({"c": "3"}));
    site.run(&["plan"]).ok().says("set back: probably kubectl-edit removed data.b at 20");
    site.run(&["status"]).ok().says("ConfigMap two: data.b + \"2\" (probably kubectl-edit at 20");
    // two of them cannot be told apart
    patch(&site, "k9s", "two", &json!({"d": "4"}));
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert!(by(&plan).is_null(), "{plan:#}");
    // a field that is new in out/ was removed by nobody
    site.stack("{n}", "", &[NAMESPACE, &two.replace("{a: '1',", "{a: '1', e: '5',")]);
    let plan = site.built(&["plan", "--json"]).ok().json();
    let fields = plan["stacks"][0]["steps"][0]["fields"].as_array().unwrap();
    assert!(fields.iter().all(|field| field["by"].is_null()), "{plan:#}");
    site.run(&["push", "--yes"]).ok();
    site.run(&["status"]).ok().says("ok");
}

/// One of everything that a server writes in its own form.
const FORMS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: forms, namespace: '{n}', annotations: {a: ''}}\nspec:\n  replicas: 1\n  \
    selector: {matchLabels: {app: forms}}\n  template:\n    metadata: {labels: {app: forms}, annotations: {}}\n    spec:\n      \
    securityContext: {}\n      nodeSelector: {}\n      volumes: [{name: data, emptyDir: {}}]\n      containers:\n      \
    - {name: second, image: 'example/b:1', ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}\n      \
    - {name: first, image: 'example/a:1', stdin: false, args: [], env: [{name: EMPTY, value: ''}, {name: A, value: '1'}], \
    resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: 0.5, memory: 0.5Gi}}, volumeMounts: [{name: data, mountPath: /data, readOnly: false}]}";

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_admission_makes_of_an_object_is_shown_and_what_a_server_writes_otherwise_is_not() {
    let site = Site::new("overrides");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: one, namespace: '{n}'}\nstringData: {a: plain}";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: one, namespace: '{n}'}";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: one, namespace: '{n}'}\nspec: {selector: {app: forms}, ports: [{port: 80}, {port: 53, name: dns, protocol: UDP}]}";
    let service = service.replace("{port: 80}", "{port: 80, name: web, targetPort: 8080}");
    let mut web =
        deployment("web", "example/web:1", "").replace("spec:\n  selector", "spec:\n  replicas: 3\n  selector");
    site.stack("{n}", "", &[NAMESPACE, secret, account, &service, FORMS]);
    site.push();
    site.run(&["status"]).ok().says("ok");
    let patch = json!([
        {"op": "replace", "path": "/spec/replicas", "value": 2},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "mirror/web:1"},
        {"op": "remove", "path": "/spec/template/spec/containers/0/env"},
        {"op": "add", "path": "/spec/template/metadata/labels/added", "value": "yes"},
    ]);
    let webhook = Webhook::changing(&site, &patch);
    web.truncate(web.rfind("}]}").unwrap());
    web.push_str(", env: [{name: A, value: b}]}]}");
    site.stack("{n}", "", &[NAMESPACE, secret, account, &service, FORMS, &web]);
    site.push();
    site.run(&["plan", "--exit-code"]).ok();
    let said = site.run(&["status"]).ok().says("overridden: 1 object");
    for line in [
        "overridden by admission: Deployment web: spec.replicas: out/ has 3, the cluster has 2",
        "overridden by admission: Deployment web: spec.template.spec.containers[main].image: out/ has example/web:1, the cluster has mirror/web:1",
        "overridden by admission: Deployment web: spec.template.spec.containers[main].env: out/ has [{name: A, value: b}], the cluster has none",
    ] {
        assert!(said.out.contains(line), "{line}\n{}", said.out);
    }
    let status = site.run(&["status", "--stack", "{n}", "--json"]).ok().json();
    let stack = &status["stacks"][0];
    assert_eq!(
        (&stack["state"], &stack["overridden"][0]["fields"].as_array().unwrap().len()),
        (&"overridden".into(), &3)
    );
    // what it sets is not what somebody changed, also when it is pushed again
    web = web.replace("name: main,", "name: main, workingDir: /tmp,");
    site.stack("{n}", "", &[NAMESPACE, secret, account, &service, FORMS, &web]);
    site.push();
    site.run(&["status"]).ok().says("overridden: 1 object");
    drop(webhook);
    // a hand is a hand, whatever the webhook was
    site.kubectl(&[
        "patch",
        "deployment",
        "web",
        "-n",
        "{n}",
        "--field-manager=kubectl-edit",
        "-p",
        "{\"spec\":{\"replicas\":5}}",
    ]);
    let said = site.run(&["status"]).ok().says("drifted: 1 object").out;
    assert!(!said.contains("overridden"), "{said}");
    site.push();
    site.run(&["status"]).ok().says("ok");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_plan_sums_up_the_pods_that_it_restarts_and_says_why_an_adoption_does() {
    let site = Site::new("restarts");
    let two = |name: &str, image: &str| {
        deployment(name, image, "").replace("spec:\n  selector", "spec:\n  replicas: 2\n  selector")
    };
    site.stack("{n}", "", &[NAMESPACE, &deployment("a", "example/web:1", ""), &deployment("b", "example/web:1", "")]);
    site.push();
    let file = site.path().join("c.yaml");
    std::fs::write(&file, two("c", "example/web:1").replace("{n}", &site.name)).unwrap();
    site.kubectl(&["create", "-f", file.to_str().unwrap()]);
    site.kubectl(&["rollout", "status", "deployment/c", "-n", "{n}", "--timeout=60s"]);
    let (a, b) = (deployment("a", "example/web:2", ""), deployment("b", "example/web:1", ""));
    site.stack("{n}", "", &[NAMESPACE, &a, &b, &two("c", "example/web:3")]);
    let adopt = ["plan", "--adopt-from", "kubectl"];
    site.built(&adopt)
        .ok()
        .says("; restarts 3 pods, 2 of them by adopting")
        .says("restarts 1 pod")
        .says("restarts 2 pods, as it changes spec.template.spec.containers[main].image");
    let plan = site.run(&["plan", "--adopt-from", "kubectl", "--json"]).ok().json();
    assert_eq!(plan["pods_restarted"], json!({"all": 3, "adopted": 2}), "{plan:#}");
    let steps = plan["stacks"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["restarts"].as_u64().unwrap()).sum::<u64>(), 3);
    site.run(&["push", "--yes", "--adopt-from", "kubectl"]).ok();
    assert_eq!(site.run(&["plan", "--json"]).ok().json()["pods_restarted"], json!({"all": 0, "adopted": 0}));
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_watch_tells_what_became_different_and_nothing_else() {
    let site = Site::new("watched");
    site.stack("{n}-a", "", &[NAMESPACE, &config("one", "1")]);
    site.stack("{n}-b", "depends_on: ['{n}-a']\n", &[&config("two", "1")]);
    site.push();
    let stacks = ["status", "--watch", "--stack", "{n}-a", "--stack", "{n}-b"];
    let mut process = site.command(&stacks).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = |number: usize| lines.by_ref().take(number).collect::<Vec<_>>();
    let first = next(3);
    assert!(first[1].starts_with("watched-a") && first[2].starts_with("watched-b"), "{first:#?}");
    // only what is different is told: not how long ago something was
    std::thread::sleep(std::time::Duration::from_secs(7));
    patch(&site, "kubectl-edit", "two", &json!({"key": "9"}));
    let drifted = next(5);
    assert!(drifted[0].is_empty() && drifted[1].ends_with(" UTC"), "{drifted:#?}");
    assert!(drifted[3].starts_with("watched-b") && drifted[3].contains("drifted: 1 object"), "{drifted:#?}");
    assert!(drifted[4].contains("ConfigMap two: data.key 9 -> 1 (kubectl-edit at "), "{drifted:#?}");
    // `out/` is read again
    site.stack("{n}-a", "", &[NAMESPACE, &config("one", "2")]);
    site.build();
    let behind = next(5);
    assert!(behind[3].starts_with("watched-a") && behind[3].contains("behind: 1 object differ"), "{behind:#?}");
    // it ends when nobody reads any more
    drop(lines);
    site.run(&["push", "--yes"]).ok();
    assert!(process.wait().unwrap().success());
}
