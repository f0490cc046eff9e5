//! The commands beside push: saved plans, going back, status, history, orphans, destroy, unlock, deferred objects.

use crate::shape::compare;
use crate::site::{NAMESPACE, Site, config, deployment};

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_plan_that_was_reviewed_is_applied_only_if_nothing_moved() {
    let site = Site::new("saved");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2")]);
    site.built(&["plan", "--save", "plan.json"]).ok();
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
    site.run(&["push", "--plan", "plan.json", "--yes"]).failed().says("objects changed in the cluster");
    site.run(&["plan", "--save", "plan.json"]).ok();
    site.run(&["push", "--plan", "plan.json", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "2");
    site.run(&["push", "--plan", "plan.json", "--yes"]).failed().says("it was pushed since");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stack_goes_back_on_request_and_forward_again() {
    let site = Site::new("request");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2"), &config("two", "1")]);
    site.push();
    site.run(&["push", "--rollback", "--stack", "{n}", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    assert!(site.get("configmap", "{n}", "two").is_null());
    site.run(&["status"]).ok().says("behind: 2 objects differ");
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "2");
    let history = site.run(&["history", "--stack", "{n}", "--json"]).ok().json();
    assert_eq!(history["releases"].as_array().unwrap().len(), 4, "{history:#}");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_object_in_a_namespace_of_a_later_stack_comes_right_after_it() {
    let site = Site::new("later");
    let late = config("late", "1").replace("namespace: '{n}'", "namespace: '{n}-b'");
    site.stack("{n}-a", "", &[NAMESPACE, &config("one", "1"), &late]);
    site.stack("{n}-b", "depends_on: ['{n}-a']\n", &["apiVersion: v1\nkind: Namespace\nmetadata: {name: '{n}-b'}"]);
    site.built(&["plan"]).ok().says("after stack later-b, which makes Namespace later-b");
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}-b", "late")["data"]["key"], "1");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stack_that_is_gone_is_an_orphan_until_it_is_destroyed() {
    let site = Site::new("orphan");
    site.stack("{n}-a", "", &[NAMESPACE]);
    site.stack("{n}-b", "", &[&config("one", "1"), &deployment("web", "example/web:1", "")]);
    site.built(&["push", "--yes", "--stack", "{n}-a"]).ok();
    site.run(&["push", "--yes", "--stack", "{n}-b"]).ok();
    site.remove("{n}-b");
    site.built(&["push", "--yes"]).ok().says("nothing to do");
    site.run(&["status"]).ok().says("orphan: 2 objects");
    site.run(&["orphans"]).ok().says("homebuild destroy --stack orphan-b");
    site.run(&["destroy", "--stack", "{n}-b"]).failed().says("--yes");
    site.run(&["destroy", "--stack", "{n}-b", "--yes"]).ok().says("2 objects deleted");
    assert!(site.get("configmap", "{n}", "one").is_null());
    assert!(site.get("configmap", "homebuild", "homebuild-stack-{n}-b").is_null(), "a record of nothing goes too");
    site.run(&["destroy", "--stack", "{n}-a", "--yes"]).ok().says("kept");
    assert!(!site.get("namespace", "", "{n}").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_lock_that_somebody_left_is_named_and_taken_away() {
    let site = Site::new("locked");
    site.stack("{n}", "", &[NAMESPACE]);
    site.push();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let lease = serde_json::json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "homebuild-stack-{n}", "labels": {"homebuild.dev/record": "v1"}, "annotations": {"homebuild.dev/stack": "{n}"}},
        "spec": {"holderIdentity": "ada@desk/1/a", "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now},
    });
    site.raw("POST", "/apis/coordination.k8s.io/v1/namespaces/homebuild/leases", "test", &lease);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.built(&["push", "--yes"]).failed().says("ada@desk");
    assert!(site.get("configmap", "{n}", "one").is_null());
    site.run(&["unlock", "--stack", "{n}"]).ok().says("ada@desk");
    site.run(&["push", "--yes"]).ok();
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_protected_kind_goes_only_where_it_is_said_twice() {
    let site = Site::new("protected");
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: '{n}', annotations: {homebuild.dev/wait: none}}\n\
        spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}";
    let class =
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: '{n}'}\nprovisioner: example.org/none";
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: '{n}'}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], \
        hostPath: {path: /nowhere}, storageClassName: other}";
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.{n}.example.org}\nspec:\n  \
        group: '{n}.example.org'\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions: [{name: v1, served: true, storage: true, \
        schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]";
    site.stack("{n}", "", &[NAMESPACE, &config("stays", "1"), claim, class, volume, definition]);
    site.push();
    site.stack("{n}", "", &[NAMESPACE, &config("stays", "1")]);
    let plan = site.built(&["plan", "--json", "--prune-protected"]).ok().json();
    assert_eq!((&plan["summary"]["keep"], &plan["summary"]["prune"]), (&4.into(), &0.into()), "{plan:#}");
    site.run(&["push", "--yes", "--prune-protected"]).ok();
    for (kind, namespace, name) in [
        ("persistentvolumeclaim", "{n}", "data"),
        ("storageclass", "", "{n}"),
        ("persistentvolume", "", "{n}"),
        ("customresourcedefinition", "", "things.{n}.example.org"),
    ] {
        assert!(!site.get(kind, namespace, name).is_null(), "{kind}");
        let mut annotate = vec!["annotate", kind, name, "homebuild.dev/prune=allow"];
        if !namespace.is_empty() {
            annotate.extend(["-n", namespace]);
        }
        site.kubectl(&annotate);
    }
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert_eq!(plan["summary"]["keep"], 4, "{plan:#}");
    let plan = site.run(&["plan", "--json", "--prune-protected"]).ok().json();
    assert_eq!(plan["summary"]["prune"], 4, "{plan:#}");
    site.run(&["push", "--yes", "--prune-protected"]).ok();
    site.kubectl(&["wait", "--for=delete", "customresourcedefinition/things.{n}.example.org", "--timeout=30s"]);
}

/// The examples of `docs/json.md` that ask a cluster, in their order: plan, push, status, history, orphans, unlock, destroy.
#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_is_printed_with_json_is_what_the_page_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let site = Site::new("shape");
    site.stack("ntfy-{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.push();
    site.stack("ntfy-{n}", "", &[NAMESPACE, &config("one", "2"), &deployment("web", "example/web:1", "")]);
    site.build();
    let mut seen = 0;
    for section in page.split("\n### On a cluster: `homebuild ").skip(1) {
        let (command, rest) = section.split_once('`').unwrap();
        let (_, block) = rest.split_once("\n```json\n").unwrap();
        let example: serde_json::Value = serde_json::from_str(block.split("\n```").next().unwrap()).unwrap();
        let command = command.replace("--stack ntfy", "--stack ntfy-{n}");
        let words: Vec<&str> = command.split(' ').collect();
        let printed = site.run(&words).ok().json();
        let mut wrong = Vec::new();
        compare(&example, &printed, "", &mut wrong);
        assert!(wrong.is_empty(), "{command}: {wrong:#?}");
        seen += 1;
    }
    assert_eq!(seen, 7);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn commands_end_with_the_codes_of_the_page_of_push() {
    let site = Site::new("codes");
    site.stack("{n}", "", &[NAMESPACE]);
    site.build();
    let code = |arguments: &[&str]| site.run(arguments).code;
    let of_stack = |command| code(&[command, "--stack", "{n}"]);
    assert_eq!((of_stack("history"), code(&["destroy", "--stack", "{n}", "--yes"])), (1, 1), "never pushed");
    assert_eq!((of_stack("plan"), code(&["plan", "--exit-code"]), of_stack("push")), (0, 3, 1), "nobody can be asked");
    assert_eq!((code(&["push", "--yes"]), code(&["push", "--yes"]), code(&["plan", "--exit-code"])), (0, 0, 0));
    let wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: '{n}'}\nspec: {clusterIP: nonsense, ports: [{port: 80}]}";
    site.stack("{n}", "", &[NAMESPACE, wrong]);
    site.build();
    assert_eq!((of_stack("plan"), code(&["plan", "--exit-code"]), code(&["push", "--yes"])), (0, 3, 1), "refused");
    assert_eq!((of_stack("status"), of_stack("unlock"), of_stack("history")), (0, 0, 0));
    assert_eq!((code(&["push", "--exit-code"]), code(&["plan", "--context", "nowhere"])), (2, 1));
}
