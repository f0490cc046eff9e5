//! Objects that something else made, or has a hand in.

use serde_json::json;

use crate::site::{NAMESPACE, Site, config, deployment};

/// A Deployment as Terraform's provider writes it: with the API's defaults, and more than `out/` wants.
fn terraform(site: &Site) {
    site.kubectl(&["create", "namespace", "{n}"]);
    let pod = json!({
        "automountServiceAccountToken": true, "enableServiceLinks": true, "shareProcessNamespace": false,
        "terminationGracePeriodSeconds": 30, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
        "containers": [{
            "name": "main", "image": "example/web:1", "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "env": [
                {"name": "OLD", "value": "1"},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "web", "key": "password", "optional": false}}},
            ],
        }],
    });
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "{n}", "labels": {"old": "label"}},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
        },
    });
    site.raw("POST", "/apis/apps/v1/namespaces/{n}/deployments", "HashiCorp", &object);
}

/// The same object as `out/` has it; with the variable `OLD` or without it.
fn wanted(old: bool) -> String {
    let old = if old { "{name: OLD, value: '1'}, " } else { "" };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: '{{n}}'}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: main, image: 'example/web:1', \
         env: [{old}{{name: PASSWORD, valueFrom: {{secretKeyRef: {{name: web, key: password}}}}}}]}}]}}"
    )
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_terraform_made_is_adopted_without_restarting_its_pods() {
    let site = Site::new("terraform");
    terraform(&site);
    let before = site.get("deployment", "{n}", "web");
    site.stack("{n}", "", &[NAMESPACE, &wanted(true)]);
    site.built(&["push", "--yes", "--adopt"]).failed().says("--adopt-from terraform");
    let plan = site.run(&["plan", "--json", "--adopt-from", "terraform"]).ok().json();
    let steps = plan["stacks"][0]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["kind"] == "Deployment").unwrap();
    let restarts = step["fields"].as_array().unwrap().iter().filter(|field| field["effect"] == "restart").count();
    assert_eq!((step["action"].as_str(), restarts), (Some("adopt"), 0), "{step:#}");
    site.run(&["push", "--yes", "--adopt-from", "terraform", "--adopt-from", "kubectl"]).ok();
    let after = site.get("deployment", "{n}", "web");
    assert_eq!(after["spec"]["template"], before["spec"]["template"]);
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(after["metadata"]["labels"]["old"].is_null(), "what was dropped goes away");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_field_that_is_dropped_after_adoption_goes_away() {
    let site = Site::new("dropped");
    terraform(&site);
    site.stack("{n}", "", &[NAMESPACE, &wanted(true)]);
    site.built(&["push", "--yes", "--adopt-from", "terraform", "--adopt-from", "kubectl"]).ok();
    site.stack("{n}", "", &[NAMESPACE, &wanted(false)]);
    site.built(&["push", "--yes"]).ok();
    let env = site.get("deployment", "{n}", "web")["spec"]["template"]["spec"]["containers"][0]["env"].clone();
    assert_eq!(env.as_array().unwrap().len(), 1, "{env:#}");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_a_person_changed_is_shown_with_their_tool_and_set_back() {
    let site = Site::new("hand");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    site.kubectl(&[
        "patch",
        "configmap",
        "one",
        "-n",
        "{n}",
        "--field-manager=kubectl-edit",
        "-p",
        "{\"data\": {\"key\": \"9\"}}",
    ]);
    site.run(&["plan"]).ok().says("set back: kubectl-edit changed data.key");
    site.run(&["status"]).ok().says("drifted: 1 object");
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    site.run(&["status"]).ok().says("ok");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_field_that_a_controller_owns_blocks_until_it_may_be_forced() {
    let site = Site::new("controller");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    site.kubectl(&[
        "patch",
        "configmap",
        "one",
        "-n",
        "{n}",
        "--field-manager=operator",
        "-p",
        "{\"data\": {\"key\": \"9\"}}",
    ]);
    site.run(&["push", "--yes"]).failed().says("belongs to `operator`");
    let forced = config("one", "1")
        .replace("namespace: '{n}'", "namespace: '{n}', annotations: {homebuild.dev/force-fields: data}");
    site.stack("{n}", "", &[NAMESPACE, &forced]);
    site.built(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn replicas_that_somebody_scales_are_left_to_them() {
    let site = Site::new("scaled");
    let web = deployment("web", "example/web:1", "").replace("spec:\n  selector", "spec:\n  replicas: 1\n  selector");
    site.stack("{n}", "", &[NAMESPACE, &web]);
    site.push();
    site.kubectl(&["scale", "deployment", "web", "-n", "{n}", "--replicas=3"]);
    site.stack("{n}", "", &[NAMESPACE, &web.replace("web:1", "web:2")]);
    site.built(&["push", "--yes"]).ok().says("spec.replicas is left to");
    let live = site.get("deployment", "{n}", "web");
    assert_eq!(live["spec"]["replicas"], 3);
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "example/web:2");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_is_left_to_its_owner_is_set_once_and_never_again() {
    let site = Site::new("leave");
    let path = "spec.template.spec.containers[name=main].image";
    let web = deployment("web", "example/web:1", "")
        .replace("namespace: '{n}'}", &format!("namespace: '{{n}}', annotations: {{homebuild.dev/leave: '{path}'}}}}"));
    site.stack("{n}", "", &[NAMESPACE, &web]);
    site.push();
    site.kubectl(&["set", "image", "deployment/web", "main=example/web:7", "-n", "{n}"]);
    site.stack("{n}", "", &[NAMESPACE, &web.replace("spec:\n  selector", "spec:\n  minReadySeconds: 1\n  selector")]);
    site.built(&["push", "--yes"]).ok();
    let live = site.get("deployment", "{n}", "web");
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "example/web:7");
    assert_eq!(live["spec"]["minReadySeconds"], 1);
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}
