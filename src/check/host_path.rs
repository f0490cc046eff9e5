//! `host-path`: a volume that is a folder of the node.

use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "host-path",
    default: Verdict::Warn,
    means: "A pod mounts a folder or file of its node.",
    matters: "The data is there on one node only, and a pod that moves does not find it; and what can be written \
              there can\nchange the node itself.",
    fix: "use a share or a claim, `volumes: {/data: nfs:app}`, or accept it: `accept: {host-path: it reads the node's \
          logs}`.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let volumes = object.pod.and_then(|pod| pod.get("volumes")).and_then(Node::as_list).unwrap_or_default();
    for path in volumes.iter().filter_map(|volume| volume.at(["hostPath", "path"])).filter_map(Node::as_str) {
        let message = format!("a pod mounts `{path}` of its node");
        found.push(object.finding(message, Of::Value(path)));
    }
}
