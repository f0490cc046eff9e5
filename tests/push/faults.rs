//! What networks, servers, webhooks and people do while a push is under way.

use std::process::Stdio;

use serde_json::json;

use crate::proxy::Proxy;
use crate::site::{NAMESPACE, Site, config, deployment};

/// A site with a stack of some objects, and a second one that depends on it.
fn site(name: &str) -> Site {
    let site = Site::new(name);
    site.stack(
        "{n}",
        "",
        &[NAMESPACE, &config("one", "1"), &config("two", "1"), &deployment("web", "example/web:1", "")],
    );
    site.build();
    site
}

/// That all is as in `out/`, and that another push writes nothing.
#[track_caller]
fn converges(site: &Site) {
    site.run(&["push", "--yes"]).ok();
    let before = site.versions();
    site.run(&["push", "--yes"]).ok().says("nothing to do: 4 objects");
    assert_eq!(site.versions(), before);
    assert_eq!(site.get("deployment", "{n}", "web")["status"]["readyReplicas"], 1);
    assert!(site.get("lease", "homebuild", "homebuild-stack-{n}").is_null(), "no lock is left");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn connections_that_are_cut_before_and_after_the_server_did_it_lose_nothing() {
    for what in ["cut", "cut-after"] {
        let site = site(if what == "cut" { "cut" } else { "cutafter" });
        let proxy = Proxy::start();
        proxy.rules(
            &json!([{"method": "PATCH|POST|PUT|DELETE", "do": what, "times": 6}, {"do": what, "skip": 3, "times": 3}]),
        );
        site.run_through(&proxy, &["push", "--yes"]).ok();
        converges(&site);
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_busy_server_is_asked_again() {
    let site = site("busy");
    let proxy = Proxy::start();
    proxy.rules(&json!([
        {"writes": true, "path": "configmaps/one", "do": "status", "code": 429, "headers": {"Retry-After": "1"}, "times": 2},
        {"writes": true, "do": "status", "code": 503, "times": 2},
        {"writes": true, "do": "status", "code": 502, "times": 1},
        {"method": "PATCH", "do": "slow", "seconds": 1, "times": 2},
    ]));
    site.run_through(&proxy, &["push", "--yes"]).ok().says("the server answers 429");
    converges(&site);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_webhook_that_does_not_answer_yet_is_waited_for() {
    let site = site("hook");
    let proxy = Proxy::start();
    let message = "Internal error occurred: failed calling webhook \"x.example.org\": no endpoints available for service \"hook\"";
    let body = json!({"kind": "Status", "code": 500, "reason": "InternalError", "message": message}).to_string();
    proxy.rules(
        &json!([{"writes": true, "path": "configmaps/one", "do": "status", "code": 500, "body": body, "times": 3}]),
    );
    site.run_through(&proxy, &["push", "--yes"]).ok().says("the webhook x.example.org does not answer yet");
    converges(&site);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_push_that_is_killed_at_any_write_is_finished_by_the_next() {
    let proxy = Proxy::start();
    let mut points = 0;
    for what in ["kill", "kill-after"] {
        for number in 0.. {
            let site = site(&format!("k{}{number}", if what == "kill" { "b" } else { "a" }));
            // a stack with something to change, to make and to delete
            site.run(&["push", "--yes"]).ok();
            site.stack(
                "{n}",
                "",
                &[NAMESPACE, &config("one", "2"), &config("three", "1"), &deployment("web", "example/web:2", "")],
            );
            site.build();
            proxy.rules(&json!([{"writes": true, "do": what, "skip": number, "times": 1}]));
            let was_killed = site.killed_through(&proxy, &["push", "--yes"]);
            let end = site.run(&["push", "--yes", "--wait-for-lock", "90"]).ok();
            assert!(site.get("configmap", "{n}", "two").is_null(), "{what} {number}: {}{}", end.out, end.err);
            assert_eq!(site.get("configmap", "{n}", "one")["data"]["key"], "2", "{what} {number}");
            converges(&site);
            site.kubectl(&["delete", "namespace", "{n}", "--wait=false"]);
            if !was_killed {
                break;
            }
            points += 1;
        }
    }
    assert!(points > 15, "{points} points");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn of_two_pushes_at_once_one_says_that_the_other_is_at_work() {
    let site = site("twice");
    let proxy = Proxy::start();
    proxy.rules(&json!([{"writes": true, "path": "deployments/web", "do": "slow", "seconds": 4, "times": 1}]));
    let slow = site.command(&["push", "--yes"]).env("KUBECONFIG", proxy.kubeconfig()).stdout(Stdio::null()).spawn();
    let mut slow = slow.unwrap();
    let lease = || site.get("lease", "homebuild", "homebuild-stack-{n}");
    for _ in 0..100 {
        if !lease().is_null() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(!lease().is_null());
    site.run(&["push", "--yes"]).failed().says("homebuild unlock --stack twice");
    assert!(slow.wait().unwrap().success());
    converges(&site);
}
