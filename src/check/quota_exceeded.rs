//! `quota-exceeded`: the workloads of a module ask for more than its namespace may have.

use super::resources::{amount, of_pod, request};
use super::subject::text;
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
        .filter(|object| object.what.kind == "ResourceQuota" && !is_of_some_pods(object))
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

/// Whether a quota is for some pods of its namespace only.
fn is_of_some_pods(quota: &Object<'_>) -> bool {
    ["scopes", "scopeSelector"].into_iter().any(|key| quota.at(&["spec", key]).is_some())
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
    // one that begins the pod runs beside those that began before it and stay
    let mut before = Quantity::default();
    let mut most = Quantity::default();
    for container in object.containers() {
        if container.stays() {
            before = before.plus(of(container));
        } else {
            most = most.max(before.plus(of(container)));
        }
    }
    let together = most.max(before);
    of_pod(object, resource).map_or(together, |amount| amount.quantity).times(replicas)
}
