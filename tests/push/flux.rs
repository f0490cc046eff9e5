//! Charts on a target that leaves them to Flux; `flux.py` says of its objects what Flux says.

use std::process::Command;

use tempfile::TempDir;

use crate::releases::{REPOSITORY, release, site};
use crate::script::Script;
use crate::site::NAMESPACE;

/// The definitions of Flux that are needed here, as long as this lasts.
struct Definitions;

/// Makes them, or deletes them: those of the two kinds.
const DEFINITIONS: &str = r#"
import os, sys
sys.path.insert(0, "tests")
from practice import define, definitions, must
files = [folder / f"{group}.toolkit.fluxcd.io_{kind}.yaml" for folder in definitions()
         for group, kind in [("helm", "helmreleases"), ("source", "helmrepositories")]]
files = [file for file in files if file.exists()]
assert len(files) == 2, files
if sys.argv[1] == "make":
    define(os.environ["KUBECONFIG"], files)
else:
    must(os.environ["KUBECONFIG"], "delete", "--ignore-not-found", "--wait=false", *[f"--filename={file}" for file in files])
"#;

impl Definitions {
    fn make() -> Self {
        assert!(definitions("make"));
        Self
    }
}

impl Drop for Definitions {
    fn drop(&mut self) {
        definitions("delete");
    }
}

/// Whether it went well.
fn definitions(what: &str) -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", DEFINITIONS, what]).current_dir(env!("CARGO_MANIFEST_DIR"));
    python.status().unwrap().success()
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_release_is_left_to_flux_and_waited_for() {
    let site = site("flux");
    let settings = std::fs::read_to_string(site.path().join("homebuild.yaml")).unwrap();
    site.write("homebuild.yaml", &settings.replace("{type: kubernetes}", "{type: kubernetes, helm: flux}"));
    let with = |version: &str| {
        let more = "checks: {no-schema: allow}\ntimeout: 3s\n";
        site.stack("{n}", more, &[NAMESPACE, REPOSITORY, &release(version, "{replicas: 1}")]);
    };
    let _definitions = Definitions::make();
    with("1.0.0");
    let unheard = site.built(&["push", "--yes"]).failed();
    unheard.says("HelmRelease flux/web").says("has no word from its controller yet");
    let _flux = Script::start("flux.py", TempDir::new().unwrap(), &[&crate::site::kubeconfig(), "flux"]);
    site.run(&["push", "--yes"]).ok();
    assert_eq!(
        site.kubectl(&["get", "secrets", "-n", "{n}", "-l", "owner=helm", "-o", "name"]),
        "",
        "helm did not run"
    );
    site.run(&["push", "--yes"]).ok().says("nothing to do: 3 objects");
    with("6.6.6");
    site.built(&["plan"]).ok().says("spec.chart.spec.version").says("1.0.0 -> 6.6.6");
    let failed = site.run(&["push", "--yes"]).failed();
    failed.says("UpgradeFailed").says("chart web has no version 6.6.6").says("went back to release");
    assert_eq!(site.get("helmrelease", "{n}", "web")["spec"]["chart"]["spec"]["version"], "1.0.0");
    site.run(&["status"]).ok().says("behind");
}
