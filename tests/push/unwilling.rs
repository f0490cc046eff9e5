//! Others of the cluster that do not want what push wants, or do not answer.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::script::{Script, until};
use crate::site::{NAMESPACE, Run, Site, config, deployment};
use crate::webhook::{Beside, Webhook};

/// A site whose stack was pushed with two `ConfigMaps`.
fn site(name: &str) -> Site {
    let site = Site::new(name);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &config("two", "1")]);
    site.push();
    site
}

/// The value of a `ConfigMap`.
fn value(site: &Site, name: &str) -> Value {
    site.get("configmap", "{n}", name)["data"]["key"].clone()
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_a_webhook_refuses_stops_the_push_before_anything_is_written() {
    let site = site("refusing");
    let webhook = Webhook::refusing(&site, false);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "bad"), &config("two", "2")]);
    let refused = site.built(&["push", "--yes"]).failed();
    refused.says("ConfigMap refusing/one").says("refusing.example.org").says("no bad values here");
    assert_eq!((value(&site, "one"), value(&site, "two")), ("1".into(), "1".into()));
    drop(webhook);
    site.run(&["push", "--yes"]).ok();
    assert_eq!((value(&site, "one"), value(&site, "two")), ("bad".into(), "2".into()));
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn of_what_a_webhook_refuses_after_the_dry_run_the_module_goes_back() {
    let site = site("refusinglate");
    let webhook = Webhook::refusing(&site, false);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "late"), &config("two", "2"), &config("three", "1")]);
    let refused = site.built(&["push", "--yes"]).failed();
    refused.says("refusinglate.example.org").says("no late values here").says("went back to release 1");
    assert_eq!((value(&site, "one"), value(&site, "two")), ("1".into(), "1".into()));
    assert!(site.get("configmap", "{n}", "three").is_null());
    drop(webhook);
    site.run(&["push", "--yes"]).ok();
    assert_eq!((value(&site, "one"), value(&site, "three")), ("late".into(), "1".into()));
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_webhook_that_is_dead_is_named_in_the_plan_and_push_waits_for_it() {
    let site = site("dead");
    let webhook = Webhook::refusing(&site, true);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2"), &config("two", "1")]);
    site.built(&["plan"]).ok().says("not tried: the webhook dead.example.org does not answer").says("data.key");
    let push = site.begin(&["push", "--yes"]);
    until("it does not wait", || push.said().contains("the webhook dead.example.org does not answer yet"));
    assert_eq!(value(&site, "one"), "1");
    webhook.wake();
    push.end().ok();
    assert_eq!(value(&site, "one"), "2");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

/// A definition of the kind `Thing` in a group of the site.
const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: 'things.{n}.example.org'}\nspec:\n  \
    group: '{n}.example.org'\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions: [{name: v1, served: true, storage: true, \
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]";
const THING: &str = "apiVersion: '{n}.example.org/v1'\nkind: Thing\nmetadata: {name: one, namespace: '{n}'}";
const SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";

/// An `APIService` of the group of the site, whose service has no endpoints.
fn dead() -> Value {
    json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.{n}.example.org"},
        "spec": {
            "group": "{n}.example.org", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15,
            "insecureSkipTLSVerify": true, "service": {"namespace": "default", "name": "nobody", "port": 443},
        },
    })
}

/// Waits until the server knows that nobody serves the group of the site.
fn await_death(site: &Site) {
    let is_available = "jsonpath={.status.conditions[?(@.type=='Available')].status}";
    let get = ["get", "apiservice", "v1.{n}.example.org", "-o", is_available];
    until("it is alive", || site.try_kubectl(&get).out == "False");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_api_service_that_is_dead_hinders_only_those_who_need_its_kinds() {
    let site = site("unserved");
    let _dead = Beside::make(&site, SERVICES, "apiservice", &dead());
    await_death(&site);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2")]);
    site.built(&["plan"]).ok();
    site.run(&["push", "--yes"]).ok();
    assert_eq!(value(&site, "one"), "2");
    assert!(value(&site, "two").is_null(), "what is no more is deleted");
    site.run(&["orphans"]).ok();
    site.define(DEFINITION);
    site.stack("{n}-b", "checks: {no-schema: allow}\n", &[&config("three", "1"), THING]);
    let refused = site.built(&["push", "--yes"]).failed();
    refused
        .says("the server has no kind unserved.example.org/v1/Thing")
        .says("the APIService that serves its group does not answer");
    assert!(value(&site, "three").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn objects_whose_api_service_died_are_kept_in_mind() {
    let site = site("forgotten");
    site.define(DEFINITION);
    site.stack("{n}", "", &[NAMESPACE, DEFINITION, THING]);
    site.push();
    // another one serves its group from now on: the server itself would keep its own alive
    site.kubectl(&["label", "apiservice", "v1.{n}.example.org", "kube-aggregator.kubernetes.io/automanaged-"]);
    let dead = Beside::of(&site, "apiservice", "v1.forgotten.example.org");
    site.raw(
        "PATCH",
        &format!("{SERVICES}/v1.{{n}}.example.org"),
        "test",
        &json!([{"op": "add", "path": "/spec", "value": self::dead()["spec"]}]),
    );
    await_death(&site);
    site.run(&["status"]).ok().says("the server has no kind");
    site.stack("{n}", "", &[NAMESPACE, DEFINITION]);
    site.built(&["plan"]).ok().says("keeps").says("the APIService that serves its kind does not answer");
    site.run(&["push", "--yes"]).ok();
    drop(dead);
    let is_there =
        || site.try_kubectl(&["get", "--raw", "/apis/{n}.example.org/v1/namespaces/{n}/things/one"]).code == 0;
    until("it does not come back", is_there);
    until("it is not deleted", || site.run(&["push", "--yes"]).ok().code == 0 && !is_there());
}

/// An operator that sets a field of an object of the site all the time.
fn operator(site: &Site, path: &str, change: &str) -> Script {
    let kubeconfig = crate::site::kubeconfig();
    let path = path.replace("{n}", &site.name);
    let script = Script::start("fight.py", TempDir::new().unwrap(), &[&kubeconfig, &path, change]);
    script.wrote("begun");
    script
}

/// The `ConfigMap` `one` in the API.
const ONE: &str = "/api/v1/namespaces/{n}/configmaps/one";

/// That the operator's field is where it wants it.
fn await_operator(site: &Site) {
    until("it does not fight", || value(site, "one") != "1");
}

#[track_caller]
fn says_who(run: Run) {
    run.says("ConfigMap")
        .says("`data.key` belongs to `fight-operator`, which would set it again")
        .says("homebuild.dev/force-fields");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_field_that_an_operator_sets_again_and_again_ends_the_push_and_is_named() {
    let site = site("fight");
    let _operator = operator(&site, ONE, r#"{"data": {"key": "9"}}"#);
    await_operator(&site);
    says_who(site.run(&["push", "--yes"]).failed());
    says_who(site.run(&["plan"]).ok());
    site.run(&["status"]).ok().says("blocked").says("fight-operator").says("data.key");
    let forced = config("one", "1")
        .replace("namespace: '{n}'", "namespace: '{n}', annotations: {homebuild.dev/force-fields: data.key}");
    site.stack("{n}", "", &[NAMESPACE, &forced, &config("two", "2")]);
    site.built(&["push", "--yes"]).ok().says("set back: fight-operator changed data.key");
    assert_eq!(value(&site, "two"), "2");
    await_operator(&site);
    site.run(&["status"]).ok().says("drifted").says("data.key 9 -> 1 (fight-operator at ");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_field_that_changes_all_the_time_is_settled_when_it_is_left_to_its_owner() {
    let site = site("settled");
    let left = config("one", "1")
        .replace("namespace: '{n}'", "namespace: '{n}', annotations: {homebuild.dev/leave: data.key}");
    let _operator = operator(&site, ONE, r#"{"data": {"key": "N"}}"#);
    await_operator(&site);
    for value in ["1", "2", "3"] {
        let more = left.replace("key: '1'", &format!("key: '1', more: '{value}'"));
        site.stack("{n}", "", &[NAMESPACE, &more, &config("two", "1")]);
        site.built(&["push", "--yes"]).ok();
        assert_eq!(site.get("configmap", "{n}", "one")["data"]["more"], value);
        site.run(&["push", "--yes"]).ok().says("nothing to do");
        site.run(&["status"]).ok().says("ok");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_operator_that_keeps_a_workload_from_becoming_ready_is_named() {
    let site = Site::new("unready");
    let web =
        deployment("web", "example/web:1", "").replace("spec:\n  selector", "spec:\n  minReadySeconds: 2\n  selector");
    site.stack("{n}", "timeout: 5s\n", &[NAMESPACE, &web]);
    let path = "/apis/apps/v1/namespaces/{n}/deployments/web";
    let operator = operator(&site, path, r#"{"spec": {"minReadySeconds": 300}}"#);
    let failed = site.built(&["push", "--yes"]).failed().says("Deployment unready/web did not become ready in 5s");
    failed.says("`spec.minReadySeconds` belongs to `fight-operator`, which would set it again");
    drop(operator);
    site.stack("{n}", "timeout: 60s\n", &[NAMESPACE, &web]);
    site.push();
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}
