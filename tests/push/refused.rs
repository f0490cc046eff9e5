//! What the server refuses, and what becomes of it.

use base64::Engine as _;

use crate::site::{NAMESPACE, Site, config, deployment};

/// Pushes one object, then another state of it. What the second push says without being allowed more.
fn second(site: &Site, first: &str, then: &str) -> crate::site::Run {
    site.stack("{n}", "", &[NAMESPACE, first]);
    site.push();
    site.stack("{n}", "", &[NAMESPACE, then]);
    site.built(&["push", "--yes"])
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_loses_nothing_by_it_is_replaced_by_itself() {
    let fixed = |value: &str| config("one", value) + "\nimmutable: true";
    let binding = |role: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: one, namespace: '{{n}}'}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}\n\
             subjects: [{{kind: ServiceAccount, name: default, namespace: '{{n}}'}}]"
        )
    };
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: one, namespace: '{{n}}'}}\nspec:\n  template:\n    \
             spec: {{restartPolicy: Never, containers: [{{name: main, image: '{image}'}}]}}"
        )
    };
    let class = |value: u32| {
        format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: '{{n}}'}}\nvalue: {value}")
    };
    for (name, kind, first, then) in [
        ("imap", "configmap", fixed("1"), fixed("2")),
        ("ibinding", "rolebinding", binding("view"), binding("edit")),
        ("ijob", "job", job("example/a:1"), job("example/a:2")),
        ("iclass", "priorityclass", class(10), class(20)),
    ] {
        let site = Site::new(name);
        site.stack("{n}", "", &[NAMESPACE, &first]);
        site.push();
        let object = if kind == "priorityclass" { "{n}" } else { "one" };
        let namespace = if kind == "priorityclass" { "" } else { "{n}" };
        let before = site.get(kind, namespace, object)["metadata"]["uid"].clone();
        site.stack("{n}", "", &[NAMESPACE, &then]);
        let plan = site.built(&["plan", "--json"]).ok().json();
        assert_eq!(plan["summary"]["replace"], 1, "{name}: {plan:#}");
        site.run(&["push", "--yes"]).ok();
        assert_ne!(site.get(kind, namespace, object)["metadata"]["uid"], before, "{name}");
        site.run(&["push", "--yes"]).ok().says("nothing to do");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_selector_changes_only_where_that_is_allowed() {
    let site = Site::new("selector");
    let first = deployment("web", "example/web:1", "");
    let then = first.replace("{app: web}", "{app: web2}");
    second(&site, &first, &then).failed().says("--replace Deployment/web");
    site.run(&["push", "--yes", "--replace", "Deployment/web"]).ok();
    assert_eq!(site.get("deployment", "{n}", "web")["spec"]["selector"]["matchLabels"]["app"], "web2");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stateful_set_is_replaced_and_its_pods_stay() {
    let site = Site::new("stateful");
    let set = |service: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, namespace: '{{n}}', annotations: {{homebuild.dev/replace: allow}}}}\n\
             spec:\n  serviceName: {service}\n  selector: {{matchLabels: {{app: db}}}}\n  template:\n    metadata: {{labels: {{app: db}}}}\n    \
             spec: {{containers: [{{name: main, image: 'example/db:1'}}]}}"
        )
    };
    site.stack("{n}", "", &[NAMESPACE, &set("one")]);
    site.push();
    let pod = site.get("pod", "{n}", "db-0")["metadata"]["uid"].clone();
    assert!(pod.is_string());
    site.stack("{n}", "", &[NAMESPACE, &set("two")]);
    site.built(&["push", "--yes"]).ok();
    assert_eq!(site.get("statefulset", "{n}", "db")["spec"]["serviceName"], "two");
    assert_eq!(site.get("pod", "{n}", "db-0")["metadata"]["uid"], pod);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_claim_is_never_deleted_to_be_made_again() {
    let site = Site::new("claim");
    let claim = |class: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: '{{n}}', annotations: {{homebuild.dev/wait: none, \
             homebuild.dev/replace: allow}}}}\nspec: {{storageClassName: {class}, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}"
        )
    };
    second(&site, &claim("one"), &claim("two")).failed().says("its data would go with it");
    assert_eq!(site.get("persistentvolumeclaim", "{n}", "data")["spec"]["storageClassName"], "one");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_policy_that_denies_is_no_field_that_cannot_change() {
    let site = Site::new("policy");
    let policy = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: '{n}'}\nspec:\n  \
        failurePolicy: Fail\n  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}\n  \
        validations: [{expression: \"!has(object.data) || !('key' in object.data) || object.data['key'] != 'bad'\", message: no bad values}]";
    let binding = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: '{n}'}\nspec: \
        {policyName: '{n}', validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: '{n}'}}}}";
    site.stack("{n}", "", &[NAMESPACE, policy, binding, &config("one", "1")]);
    site.push();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let uid = site.get("configmap", "{n}", "one")["metadata"]["uid"].clone();
    site.stack("{n}", "", &[NAMESPACE, policy, binding, &config("one", "bad")]);
    site.built(&["push", "--yes"]).failed().says("no bad values");
    assert_eq!(site.get("configmap", "{n}", "one")["metadata"]["uid"], uid);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_quota_that_is_full_is_said_and_the_module_goes_back() {
    let site = Site::new("quota");
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: '{n}'}\nspec: {hard: {pods: '0'}}";
    site.stack("{n}", "timeout: 4s\n", &[NAMESPACE, quota, &deployment("web", "example/web:1", "")]);
    site.built(&["push", "--yes"]).failed().says("exceeded quota");
    assert!(site.get("deployment", "{n}", "web").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_namespace_that_is_being_deleted_is_waited_for_and_made_again() {
    let site = Site::new("terminating");
    site.kubectl(&["create", "namespace", "{n}"]);
    let object = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.org/hold"]}});
    site.raw("POST", "/api/v1/namespaces/{n}/configmaps", "test", &object);
    site.kubectl(&["delete", "namespace", "{n}", "--wait=false"]);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.build();
    let mut push = site.command(&["push", "--yes", "--adopt"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(push.try_wait().unwrap().is_none(), "it waits");
    let patch = serde_json::json!([{"op": "remove", "path": "/metadata/finalizers"}]);
    site.raw("PATCH", "/api/v1/namespaces/{n}/configmaps/held", "test", &patch);
    assert!(push.wait().unwrap().success());
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn no_value_of_a_secret_is_shown_in_a_plan_a_push_or_a_refusal() {
    let site = Site::new("hidden");
    let secret = |value: &str, kind: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: '{{n}}'}}\ntype: {kind}\nstringData: {{username: someone, password: {value}}}"
        )
    };
    site.stack("{n}", "checks: {plain-secret: allow}\n", &[NAMESPACE, &secret("aXc4Vb7Nm2Kq9", "Opaque")]);
    let mut said = String::new();
    let mut take = |run: crate::site::Run| said.push_str(&(run.out + &run.err));
    take(site.built(&["push", "--yes", "--verbose", "--json"]));
    site.stack("{n}", "checks: {plain-secret: allow}\n", &[NAMESPACE, &secret("bWd5Xc8Om3Lr0", "Opaque")]);
    take(site.built(&["plan"]));
    take(site.run(&["plan", "--json"]));
    take(site.run(&["push", "--yes", "--verbose"]));
    site.stack(
        "{n}",
        "checks: {plain-secret: allow}\n",
        &[NAMESPACE, &secret("cVe6Yd9Pn4Ms1", "kubernetes.io/dockerconfigjson")],
    );
    take(site.built(&["push", "--yes"]));
    take(site.run(&["history", "--stack", "{n}", "--json"]));
    assert!(said.contains("(secret, changed)"), "{said}");
    for value in ["aXc4Vb7Nm2Kq9", "bWd5Xc8Om3Lr0", "cVe6Yd9Pn4Ms1"] {
        assert!(!said.contains(value), "{said}");
        assert!(!said.contains(&base64::engine::general_purpose::STANDARD.encode(value)), "{said}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_record_of_another_cluster_is_refused_until_the_stack_is_to_go_on_here() {
    let site = Site::new("copied");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &config("two", "1")]);
    site.push();
    let record = "homebuild-stack-{n}";
    let uid = site.get("namespace", "", "kube-system")["metadata"]["uid"].clone();
    assert_eq!(site.get("configmap", "homebuild", record)["data"]["identity"], uid);
    // as a backup of another cluster brings it
    let set = |identity: &str| {
        let patch = format!("{{\"data\": {{\"identity\": {identity}}}}}");
        site.kubectl(&["patch", "configmap", record, "-n", "homebuild", "--type", "merge", "-p", &patch]);
    };
    set("\"0000-another\"");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2")]);
    site.built(&["push", "--yes"]).failed().says("0000-another").says("--new-cluster");
    site.run(&["destroy", "--stack", "{n}", "--yes"]).failed().says("0000-another");
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    site.run(&["push", "--yes", "--new-cluster"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "2");
    assert!(site.get("configmap", "{n}", "two").is_null());
    assert_eq!(site.get("configmap", "homebuild", record)["data"]["identity"], uid);
    // as an earlier homebuild wrote it
    set("null");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}
