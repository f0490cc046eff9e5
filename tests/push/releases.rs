//! Releases of charts, through push; `charts.py` serves the charts.

use std::path::Path;

use crate::site::{NAMESPACE, Site};

pub const REPOSITORY: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: charts, namespace: '{n}'}\n\
    spec: {interval: 24h, url: 'https://charts.test'}";

pub fn release(version: &str, values: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: '{{n}}'}}\nspec:\n  interval: 1h\n  \
         timeout: 60s\n  releaseName: web\n  chart: {{spec: {{chart: web, version: {version}, sourceRef: {{kind: HelmRepository, name: charts}}}}}}\n  \
         install: {{remediation: {{remediateLastFailure: true}}}}\n  upgrade: {{remediation: {{remediateLastFailure: true}}}}\n  values: {values}"
    )
}

/// A site that knows the kinds of Flux.
pub fn site(name: &str) -> Site {
    let site = Site::new(name);
    for group in ["helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"] {
        let path = format!("schemas/{group}.json");
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
        site.write(&path, &text);
    }
    site
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_release_is_installed_costs_nothing_is_upgraded_and_is_uninstalled() {
    let site = site("release");
    let checks = "checks: {no-schema: allow}\n";
    site.stack("{n}", checks, &[NAMESPACE, REPOSITORY, &release("1.0.0", "{replicas: 1}")]);
    site.built(&["plan"]).ok().says("installs chart web 1.0.0");
    site.run(&["push", "--yes"]).ok();
    let first = site.kubectl(&["get", "secrets", "-n", "{n}", "-l", "owner=helm", "-o", "name"]);
    assert!(first.contains("sh.helm.release.v1.web.v1"), "{first}");
    site.run(&["push", "--yes"]).ok().says("nothing to do: 2 objects");

    site.stack("{n}", checks, &[NAMESPACE, REPOSITORY, &release("1.1.0", "{replicas: 2}")]);
    site.built(&["plan"]).ok().says("web 1.0.0 -> web 1.1.0").says("values.replicas");
    site.run(&["push", "--yes"]).ok();
    let second = site.kubectl(&["get", "secrets", "-n", "{n}", "-l", "owner=helm,status=deployed", "-o", "name"]);
    assert!(second.contains("web.v2"), "{second}");
    site.run(&["push", "--yes"]).ok().says("nothing to do");

    site.stack("{n}", checks, &[NAMESPACE]);
    site.built(&["plan"]).ok().says("the chart is uninstalled");
    site.run(&["push", "--yes"]).ok();
    let none = site.kubectl(&["get", "secrets,deployments", "-n", "{n}", "-o", "name"]);
    assert_eq!(none, "");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_release_that_does_not_become_ready_goes_back() {
    let site = site("relback");
    let checks = "checks: {no-schema: allow}\n";
    site.stack(
        "{n}",
        checks,
        &[NAMESPACE, REPOSITORY, &release("1.0.0", "{replicas: 1}").replace("timeout: 60s", "timeout: 10s")],
    );
    site.push();
    let bad = release("1.0.0", "{replicas: 1, outcome: crash}").replace("timeout: 60s", "timeout: 10s");
    site.stack("{n}", checks, &[NAMESPACE, REPOSITORY, &bad]);
    site.built(&["push", "--yes"]).failed().says("went back to release 1");
    let pods = site.kubectl(&["get", "pods", "-n", "{n}", "-l", "homebuild.test/outcome=crash", "-o", "name"]);
    assert_eq!(pods, "");
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_release_with_volumes_is_kept_until_it_is_named_but_for_those_that_helm_keeps() {
    for policy in ["delete", "keep"] {
        let site = site(&format!("volumes-{policy}"));
        let checks = "checks: {no-schema: allow}\n";
        let chart = release("1.0.0", &format!("{{volume: {policy}}}"));
        site.stack("{n}", checks, &[NAMESPACE, REPOSITORY, &chart]);
        site.push();
        site.stack("{n}", checks, &[NAMESPACE]);
        site.build();
        if policy == "delete" {
            let plan = site.run(&["plan"]).ok().says("PersistentVolume volumes-delete, PersistentVolumeClaim web");
            plan.says("the release is kept").says("--prune-protected");
            site.run(&["push", "--yes"]).ok();
            assert!(!site.get("deployment", "{n}", "web").is_null());
            site.run(&["destroy", "--stack", "{n}", "--yes"]).ok().says("the release is kept");
            site.push();
            site.run(&["plan", "--prune-protected"])
                .ok()
                .says("the chart is uninstalled; with it goes PersistentVolume");
            site.run(&["push", "--yes", "--prune-protected"]).ok();
        } else {
            site.run(&["plan"]).ok().says("the chart is uninstalled");
            site.run(&["push", "--yes"]).ok();
        }
        assert!(site.get("deployment", "{n}", "web").is_null());
        assert_eq!(site.get("persistentvolumeclaim", "{n}", "web").is_null(), policy == "delete");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_release_moves_between_stacks_and_is_not_uninstalled() {
    let site = site("relmove");
    let checks = "checks: {no-schema: allow}\n";
    let chart = release("1.0.0", "{replicas: 1}");
    site.stack("{n}-a", checks, &[NAMESPACE, REPOSITORY, &chart]);
    site.push();
    let uid = site.get("deployment", "{n}", "web")["metadata"]["uid"].clone();
    site.stack("{n}-a", "", &[NAMESPACE]);
    site.stack("{n}-b", checks, &[REPOSITORY, &chart]);
    site.built(&["plan", "--stack", "{n}-a"]).ok().says("moved to stack relmove-b");
    site.run(&["push", "--yes", "--stack", "{n}-a"]).ok();
    site.run(&["plan", "--stack", "{n}-b"]).ok().says("from stack relmove-a");
    site.run(&["push", "--yes"]).ok();
    assert_eq!(site.get("deployment", "{n}", "web")["metadata"]["uid"], uid);
    site.run(&["push", "--yes"]).ok().says("nothing to do");
}
