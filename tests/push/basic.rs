//! The life of a stack: made, pushed again, changed, drifted, pruned, moved.

use crate::site::{NAMESPACE, Site, config, deployment};

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stack_is_made_and_a_second_push_writes_nothing() {
    let site = Site::new("first");
    let (one, web) = (config("one", "1"), deployment("web", "example/web:1", ""));
    site.stack("{n}", "", &[NAMESPACE, &one, &web]);
    site.build();
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert_eq!(plan["summary"]["create"], 3, "{plan:#}");
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    let live = site.get("deployment", "{n}", "web");
    assert_eq!(live["metadata"]["annotations"]["homebuild.dev/owner"], "v1;first;apps/Deployment/first/web");
    assert_eq!(live["status"]["readyReplicas"], 1, "push waits until it is ready");
    let before = site.versions();
    site.run(&["push", "--yes"]).ok().says("nothing to do: 3 objects");
    assert_eq!(site.versions(), before);
    assert_eq!(site.run(&["plan", "--exit-code"]).code, 0);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_change_is_planned_with_its_fields_and_pushed_alone() {
    let site = Site::new("change");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &config("two", "1")]);
    site.push();
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &config("two", "2")]);
    site.build();
    assert_eq!(site.run(&["plan", "--exit-code"]).code, 3);
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert_eq!(plan["summary"]["configure"], 1, "{plan:#}");
    assert_eq!(plan["summary"]["unchanged"], 2, "{plan:#}");
    let field = &plan["stacks"][0]["steps"][0]["fields"][0];
    assert_eq!(
        (field["path"].as_str(), field["old"].as_str(), field["new"].as_str()),
        (Some("data.key"), Some("1"), Some("2"))
    );
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("configmap", "{n}", "two")["data"]["key"], "2");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn what_is_deleted_by_hand_comes_back() {
    let site = Site::new("gone");
    site.stack("{n}", "", &[NAMESPACE, &deployment("web", "example/web:1", "")]);
    site.push();
    site.kubectl(&["delete", "deployment", "web", "-n", "{n}"]);
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("deployment", "{n}", "web")["status"]["readyReplicas"], 1);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_removed_object_is_pruned_and_a_namespace_is_kept() {
    let site = Site::new("prune");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &config("two", "1")]);
    site.push();
    site.stack("{n}", "", &[&config("one", "1")]);
    site.build();
    let plan = site.run(&["plan", "--json"]).ok().json();
    assert_eq!((&plan["summary"]["prune"], &plan["summary"]["keep"]), (&1.into(), &1.into()), "{plan:#}");
    site.run(&["push", "--yes"]).ok();
    assert!(site.get("configmap", "{n}", "two").is_null());
    assert!(!site.get("namespace", "", "{n}").is_null());
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn the_brake_stops_a_push_that_would_delete_much() {
    let site = Site::new("brake");
    let all: Vec<String> = (0..8).map(|number| config(&format!("c{number}"), "1")).collect();
    let mut objects = vec![NAMESPACE];
    objects.extend(all.iter().map(String::as_str));
    site.stack("{n}", "", &objects);
    site.push();
    site.stack("{n}", "", &objects[..2]);
    site.built(&["push", "--yes"]).failed().says("7 objects would be deleted");
    assert!(!site.get("configmap", "{n}", "c7").is_null());
    site.run(&["push", "--yes", "--yes-prune", "6"]).failed();
    site.run(&["push", "--yes", "--yes-prune", "7"]).ok();
    assert!(site.get("configmap", "{n}", "c7").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_object_moves_between_stacks_without_being_deleted_in_either_order() {
    for first in ["{n}-b", "{n}-a"] {
        let site = Site::new(if first == "{n}-b" { "moveb" } else { "movea" });
        site.stack("{n}-a", "", &[NAMESPACE, &config("moved", "1"), &config("stays", "1")]);
        site.stack("{n}-b", "", &[&config("other", "1")]);
        site.built(&["push", "--yes", "--stack", "{n}-a"]).ok();
        site.run(&["push", "--yes", "--stack", "{n}-b"]).ok();
        let uid = site.get("configmap", "{n}", "moved")["metadata"]["uid"].clone();
        site.stack("{n}-a", "", &[NAMESPACE, &config("stays", "1")]);
        site.stack("{n}-b", "", &[&config("other", "1"), &config("moved", "1")]);
        site.build();
        let second = if first == "{n}-b" { "{n}-a" } else { "{n}-b" };
        site.run(&["push", "--yes", "--stack", first]).ok();
        site.run(&["push", "--yes", "--stack", second]).ok();
        let live = site.get("configmap", "{n}", "moved");
        assert_eq!(live["metadata"]["uid"], uid, "first {first}");
        assert_eq!(live["metadata"]["labels"]["homebuild.dev/stack"], format!("{}-b", site.name).as_str());
        site.run(&["push", "--yes"]).ok().says("nothing to do");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_bad_image_goes_back_by_itself() {
    let site = Site::new("back");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1"), &deployment("web", "example/web:1", "")]);
    site.push();
    site.stack(
        "{n}",
        "timeout: 3s\n",
        &[NAMESPACE, &config("one", "2"), &config("new", "1"), &deployment("web", "example/web:2", "crash")],
    );
    site.built(&["plan"]).ok().says("restarts 1 pod");
    site.run(&["push", "--yes"]).failed().says("went back to release 1");
    let live = site.get("deployment", "{n}", "web");
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "example/web:1");
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    assert!(site.get("configmap", "{n}", "new").is_null(), "what only the failed one had is deleted");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_timeout_that_is_none_is_told_before_anything_is_written() {
    let site = Site::new("timeout");
    site.stack("{n}", "timeout: 90s\n", &[NAMESPACE]);
    site.build();
    let path = site.path().join("out/timeout/stack.lock");
    let lock = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, lock.replace("90s", "soon")).unwrap();
    site.run(&["push", "--yes", "--stale"]).failed().says("`soon` is no length of time");
    assert!(site.get("namespace", "", "{n}").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn dependents_of_a_stack_that_failed_are_skipped() {
    let site = Site::new("skip");
    site.stack("{n}-a", "timeout: 2s\n", &[NAMESPACE, &deployment("web", "example/web:1", "crash")]);
    site.stack("{n}-b", "depends_on: ['{n}-a']\n", &[&config("one", "1")]);
    site.stack("{n}-c", "", &["apiVersion: v1\nkind: Namespace\nmetadata: {name: '{n}-c'}"]);
    let run = site.built(&["push", "--yes", "--json"]).failed();
    let stacks = run.json()["stacks"].as_array().unwrap().clone();
    let end = |name: &str| stacks.iter().find(|of| of["stack"] == name).unwrap()["end"].as_str().unwrap().to_owned();
    assert_eq!(
        (end("skip-a").as_str(), end("skip-b").as_str(), end("skip-c").as_str()),
        ("went-back", "skipped", "done")
    );
    assert!(site.get("deployment", "{n}", "web").is_null(), "the first push of a module goes back to nothing");
    assert!(!site.get("namespace", "", "{n}").is_null(), "but for what is protected");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stack_whose_dependency_was_never_pushed_is_refused() {
    let site = Site::new("never");
    site.stack("{n}-a", "", &[NAMESPACE]);
    site.stack("{n}-b", "depends_on: ['{n}-a']\n", &[&config("one", "1")]);
    site.built(&["push", "--yes", "--stack", "{n}-b"]).failed().says("which was never pushed");
    site.run(&["push", "--yes", "--stack", "{n}-b", "--with-dependencies"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn nobody_is_asked_without_a_terminal_and_nothing_is_pushed() {
    let site = Site::new("ask");
    site.stack("{n}", "", &[NAMESPACE]);
    site.built(&["push"]).failed().says("--yes");
    assert!(site.get("namespace", "", "{n}").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_tree_that_was_edited_by_hand_or_is_stale_is_refused() {
    let site = Site::new("edited");
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.build();
    site.stack("{n}", "", &[NAMESPACE, &config("one", "2")]);
    site.run(&["push", "--yes"]).failed().says("out/ is not what the sources give");
    site.write("out/{n}/{n}/configmap.{n}.one.yaml", &config("one", "3"));
    site.run(&["push", "--yes", "--stale"]).failed().says("it is not as it was built");
    assert!(site.get("namespace", "", "{n}").is_null());
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_object_that_is_there_is_adopted_on_request_only() {
    let site = Site::new("adopt");
    site.kubectl(&["create", "namespace", "{n}"]);
    site.kubectl(&["create", "configmap", "one", "-n", "{n}", "--from-literal=key=0"]);
    site.stack("{n}", "", &[NAMESPACE, &config("one", "1")]);
    site.built(&["push", "--yes"]).failed().says("--adopt");
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "0");
    let plan = site.run(&["plan", "--json", "--adopt"]).ok().json();
    assert_eq!(plan["summary"]["adopt"], 2, "{plan:#}");
    site.run(&["push", "--yes", "--adopt-from", "kubectl"]).ok();
    assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "1");
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_mistake_is_found_before_anything_is_written() {
    let site = Site::new("mistake");
    let wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: '{n}'}\nspec: {clusterIP: nonsense, ports: [{port: 80}]}";
    site.kubectl(&["create", "namespace", "{n}"]);
    site.stack("{n}", "", &[&config("one", "1"), wrong]);
    site.built(&["push", "--yes"]).failed().says("nonsense");
    assert!(site.get("configmap", "{n}", "one").is_null());
}
