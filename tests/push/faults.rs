//! What networks, servers, webhooks and people do while a push is under way.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::proxy::Proxy;
use crate::script::until;
use crate::site::{NAMESPACE, Run, Site, config, deployment};

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

/// One of two states of a stack, built: 44 objects that differ between them, 5 that only this one has.
fn state(name: &str, of: &str) -> Site {
    let site = Site::new(name);
    let mut objects = vec![NAMESPACE.to_owned()];
    objects.extend((0..44).map(|at| config(&format!("both{at}"), of)));
    objects.extend((0..5).map(|at| config(&format!("only-{of}{at}"), "1")));
    site.stack("{n}", "", &objects.iter().map(String::as_str).collect::<Vec<_>>());
    site.build();
    site
}

/// That the cluster has one state, and nothing of the other.
#[track_caller]
fn has_state(site: &Site, of: &str) {
    let template = "jsonpath={range .items[*]}{.metadata.name}={.data.key} {end}";
    let there = site.kubectl(&["get", "configmaps", "-n", "{n}", "-o", template]);
    let ours: Vec<&str> = there.split(' ').filter(|one| one.starts_with("both") || one.starts_with("only")).collect();
    assert_eq!(ours.len(), 49, "{there}");
    let is_right = |one: &&str| one.ends_with(&format!("={of}")) || one.starts_with(&format!("only-{of}"));
    assert!(ours.iter().all(is_right), "{there}");
}

/// Pushes from one state to the other and back, killed at one write after the other: at those of this share. How many.
fn killed(share: usize, shares: usize) -> usize {
    let name = format!("killed{share}");
    let (states, proxy) = ([state(&name, "a"), state(&name, "b")], Proxy::start());
    states[0].run(&["push", "--yes"]).ok();
    let (mut points, mut turn) = (0, 0);
    for what in ["kill", "kill-after"] {
        for number in (share..).step_by(shares) {
            turn += 1;
            let site = &states[turn % 2];
            proxy.rules(&json!([{"writes": true, "do": what, "skip": number, "times": 1}]));
            let was_killed = site.killed_through(&proxy, &["push", "--yes"]);
            site.run(&["unlock", "--stack", "{n}"]).ok();
            site.run(&["push", "--yes"]).ok();
            has_state(site, ["a", "b"][turn % 2]);
            if turn % 8 == 0 {
                site.run(&["push", "--yes"]).ok().says("nothing to do: 50 objects");
            }
            if !was_killed {
                break;
            }
            points += 1;
        }
    }
    assert!(states[0].get("lease", "homebuild", "homebuild-stack-{n}").is_null());
    points
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_push_that_is_killed_at_any_write_is_finished_by_the_next() {
    let shares = 3;
    let points: usize = std::thread::scope(|scope| {
        let running: Vec<_> = (0..shares).map(|share| scope.spawn(move || killed(share, shares))).collect();
        running.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(points >= 100, "{points} points");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn the_lock_of_a_push_that_was_killed_expires() {
    let site = site("expires");
    let proxy = Proxy::start();
    proxy.rules(&json!([{"writes": true, "path": "configmaps/one", "do": "kill", "times": 1}]));
    assert!(site.killed_through(&proxy, &["push", "--yes"]));
    site.run(&["push", "--yes"]).failed().says("homebuild unlock --stack expires");
    site.run(&["push", "--yes", "--wait-for-lock", "120"]).ok();
    converges(&site);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn of_two_pushes_at_once_one_says_that_the_other_is_at_work() {
    let site = site("twice");
    let proxy = Proxy::start();
    proxy.rules(&json!([{"writes": true, "path": "deployments/web", "do": "slow", "seconds": 4, "times": 1}]));
    let slow = site.begin_through(&proxy, &["push", "--yes"]);
    until("it takes no lock", || !site.get("lease", "homebuild", "homebuild-stack-{n}").is_null());
    site.run(&["push", "--yes"]).failed().says("homebuild unlock --stack twice");
    slow.end().ok();
    converges(&site);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_push_that_is_interrupted_is_stopped_and_gives_its_lock_back() {
    let site = site("int");
    let ready = [config("one", "1"), config("two", "1"), deployment("web", "example/web:1", "")];
    let never = deployment("web", "example/web:1", "crash");
    site.stack("{n}", "timeout: 5m\n", &[NAMESPACE, &ready[0], &ready[1], &never]);
    site.stack("{n}-b", "depends_on: ['{n}']\n", &[&config("three", "1")]);
    site.build();
    let push = site.begin(&["push", "--yes"]);
    until("it does not wait", || push.said().contains("waiting"));
    push.interrupt();
    let Run { code, err, .. } = push.end();
    assert_eq!(code, 130, "{err}");
    assert!(err.contains("stopped") && !err.contains("failed"), "{err}");
    assert!(site.get("lease", "homebuild", "homebuild-stack-{n}").is_null(), "the lock is given back");
    assert!(!site.get("deployment", "{n}", "web").is_null(), "nothing goes back");
    site.run(&["history", "--stack", "{n}"]).ok().says("interrupted");
    site.remove("{n}-b");
    site.stack("{n}", "", &[NAMESPACE, &ready[0], &ready[1], &ready[2]]);
    site.build();
    converges(&site);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn of_a_push_that_is_interrupted_no_further_stack_is_begun() {
    let site = Site::new("intmany");
    let never = deployment("web", "example/web:1", "crash").replace("namespace: '{n}'", "namespace: default");
    for number in 0..10 {
        let own = never.replace("name: web,", &format!("name: intmany{number},"));
        site.stack(&format!("{{n}}-{number}"), "timeout: 5m\n", &[&own]);
    }
    site.build();
    let all = ["get", "configmaps,leases", "-n", "homebuild", "-o", "name"];
    let of_kind = |kind: &str| {
        let is_one = |line: &&str| line.contains(kind) && line.contains("homebuild-stack-intmany-");
        site.try_kubectl(&all).out.lines().filter(is_one).count()
    };
    let push = site.begin(&["push", "--yes"]);
    until("eight are not begun", || of_kind("configmap") == 8);
    push.interrupt();
    let Run { code, err, .. } = push.end();
    assert_eq!(code, 130, "{err}");
    assert_eq!((of_kind("configmap"), of_kind("lease")), (8, 0), "two of ten were not begun");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_push_that_is_interrupted_twice_ends_at_once_and_the_next_one_finishes_it() {
    let (site, proxy) = (site("inttwice"), Proxy::start());
    proxy.rules(&json!([{"writes": true, "path": "deployments/web", "do": "slow", "seconds": 30, "times": 1}]));
    let push = site.begin_through(&proxy, &["push", "--yes"]);
    until("it does not write", || {
        proxy.log().lines().any(|line| line.contains("deployments/web") && !line.contains("dryRun"))
    });
    push.interrupt();
    until("it says nothing", || push.said().contains("Ctrl-C again does not wait"));
    let begin = Instant::now();
    push.interrupt();
    assert_eq!(push.end().code, 130);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(!site.get("lease", "homebuild", "homebuild-stack-{n}").is_null());
    site.run(&["unlock", "--stack", "{n}"]).ok();
    converges(&site);
}
