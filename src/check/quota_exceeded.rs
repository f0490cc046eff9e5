//! `quota-exceeded`: the workloads of a module ask for more than its namespace may have.

use super::resources::{amount, request};
use super::subject::{Container, text};
use super::{Check, Finding, Module, Object, Of, Run, Verdict};
use crate::kubernetes::quantity::Quantity;
use crate::yaml::Node;

pub(super) const CHECK: Check = Check {
    name: "quota-exceeded",
    default: Verdict::Deny,
    means: "What the pods of a module's Deployments and StatefulSets request, each times its replicas, is beyond the \
            quota of\nits namespace: its own ResourceQuota, or that of its tier. A DaemonSet counts as one pod; jobs, \
            which end, are left out.",
    matters: "The pods that come last are not made, and which ones they are is chance.",
    fix: "lower requests or replicas, give the module a higher tier, or a quota of its own: `namespace: {quota: \
          {...}}`.",
    run: Run::Module(run),
};

fn run<'a>(objects: &[Object<'a>], module: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let Some((tier, table)) = module.tier.filter(|_| module.namespace.is_some()) else { return };
    let here = || objects.iter().filter(|object| object.what.namespace == module.namespace);
    let own: Vec<_> = here()
        .filter(|object| object.what.kind == "ResourceQuota")
        .filter_map(|object| Some((format!("its own, {}", object.label()), object.at(&["spec", "hard"])?)))
        .collect();
    let of_tier = table.get("quota").filter(|_| own.is_empty() && module.has_quota_of_tier);
    for (whose, quota) in own.into_iter().chain(of_tier.map(|quota| (format!("that of tier `{tier}`"), quota))) {
        for resource in ["cpu", "memory"] {
            let hard = amount(Some(quota), &format!("requests.{resource}")).or_else(|| amount(Some(quota), resource));
            let sum = here().map(|object| needed(object, table, resource)).fold(Quantity::default(), Quantity::plus);
            let Some(hard) = hard.filter(|hard| sum > hard.quantity) else { continue };
            let sum = sum.show(resource == "memory");
            let message =
                format!("`{}` requests `{resource}: {sum}`, and the quota is `{}` ({whose})", module.name, hard.text);
            found.push(Finding { job: None, message, subject: String::new(), of: Of::Nothing });
        }
    }
}

/// What all pods of a workload request together.
fn needed(object: &Object<'_>, tier: &Node, resource: &str) -> Quantity {
    let replicas = match object.what.kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            object.at(&["spec", "replicas"]).and_then(text).map_or(Some(1), |text| text.parse().ok()).unwrap_or(1)
        }
        "DaemonSet" | "Pod" => 1,
        _ => 0,
    };
    let of =
        |container| request(container, Some(tier), resource).map_or_else(Quantity::default, |amount| amount.quantity);
    let together = object.containers().filter(Container::stays).map(of).fold(Quantity::default(), Quantity::plus);
    let first = object.containers().filter(|one| !one.stays()).map(of).max().unwrap_or_default();
    together.max(first).times(replicas)
}
