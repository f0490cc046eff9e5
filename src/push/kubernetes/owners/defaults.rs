//! What means the same as saying nothing, though the API stores it.
//!
//! Most defaults are written into an object by the API server: where an apply drops one of these, it comes back in the
//! same request, and no pod is the wiser. For the values here it does not: absent and written are two pod templates, so
//! dropping one restarts pods for nothing. Each row is what the API's documentation says of the field where it is not
//! set.

use serde_json::Value;

use super::super::fields::Path;

/// Fields of a pod's `spec` and their values that say nothing. `containers` are init containers too.
const OF_PODS: [(&str, &str); 24] = [
    ("affinity", "{}"),
    ("automountServiceAccountToken", "true"),
    ("dnsConfig", "{}"),
    // a default of pods, but not of pods' templates
    ("enableServiceLinks", "true"),
    ("hostUsers", "true"),
    ("preemptionPolicy", r#""PreemptLowerPriority""#),
    ("setHostnameAsFQDN", "false"),
    ("shareProcessNamespace", "false"),
    ("securityContext.fsGroupChangePolicy", r#""Always""#),
    ("securityContext.runAsNonRoot", "false"),
    ("securityContext.supplementalGroupsPolicy", r#""Merge""#),
    ("containers[*].securityContext", "{}"),
    ("containers[*].securityContext.allowPrivilegeEscalation", "true"),
    ("containers[*].securityContext.capabilities", "{}"),
    ("containers[*].securityContext.privileged", "false"),
    ("containers[*].securityContext.procMount", r#""Default""#),
    ("containers[*].securityContext.readOnlyRootFilesystem", "false"),
    ("containers[*].securityContext.runAsNonRoot", "false"),
    ("containers[*].volumeMounts[*].mountPropagation", r#""None""#),
    ("containers[*].volumeMounts[*].recursiveReadOnly", r#""Disabled""#),
    ("topologySpreadConstraints[*].minDomains", "1"),
    ("topologySpreadConstraints[*].nodeAffinityPolicy", r#""Honor""#),
    ("topologySpreadConstraints[*].nodeTaintsPolicy", r#""Ignore""#),
    ("volumes[*].*.optional", "false"),
];

/// The same for what is below a value that is owned as a whole, and so can only be sent with it.
const OF_PODS_WHOLE: [(&str, &str); 8] = [
    ("containers[*].env[*].valueFrom.secretKeyRef.optional", "false"),
    ("containers[*].env[*].valueFrom.configMapKeyRef.optional", "false"),
    ("containers[*].env[*].valueFrom.resourceFieldRef.divisor", r#""1""#),
    ("containers[*].envFrom[*].secretRef.optional", "false"),
    ("containers[*].envFrom[*].configMapRef.optional", "false"),
    ("volumes[*].projected.sources[*].secret.optional", "false"),
    ("volumes[*].projected.sources[*].configMap.optional", "false"),
    ("tolerations[*].operator", r#""Equal""#),
];

/// Fields of other kinds and their values that say nothing.
const OF_OTHERS: [(&str, &str, &str); 11] = [
    ("ConfigMap", "immutable", "false"),
    ("Secret", "immutable", "false"),
    ("ServiceAccount", "automountServiceAccountToken", "true"),
    ("StorageClass", "allowVolumeExpansion", "false"),
    ("PodDisruptionBudget", "spec.unhealthyPodEvictionPolicy", r#""IfHealthyBudget""#),
    ("Job", "spec.manualSelector", "false"),
    ("CronJob", "spec.jobTemplate.spec.manualSelector", "false"),
    // defaults of Jobs, but not of their templates
    ("CronJob", "spec.jobTemplate.spec.backoffLimit", "6"),
    ("CronJob", "spec.jobTemplate.spec.completions", "1"),
    ("CronJob", "spec.jobTemplate.spec.parallelism", "1"),
    ("CronJob", "spec.jobTemplate.spec.suspend", "false"),
];

/// Where the `spec` of a kind's pods is.
fn pod_spec(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" => Some("spec"),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some("spec.template.spec")
        }
        "CronJob" => Some("spec.jobTemplate.spec.template.spec"),
        _ => None,
    }
}

/// Whether a value that a live object has, and a wanted one does not, says nothing.
pub(super) fn is_default(kind: &str, path: &Path, value: &Value, wanted: &Value) -> bool {
    let path = path.pattern();
    let value = value.to_string();
    let is = |text: &str| value == text;
    if OF_OTHERS.iter().any(|(of, field, text)| *of == kind && *field == path && is(text)) {
        return true;
    }
    let Some(spec) = pod_spec(kind) else { return false };
    let Some(field) = path.strip_prefix(spec).and_then(|rest| rest.strip_prefix('.')) else { return false };
    let field = field.replacen("initContainers[", "containers[", 1);
    let fits = |row: &str| match row.split_once(".*.") {
        None => row == field,
        Some((before, after)) => field.strip_prefix(before).is_some_and(|rest| {
            rest.strip_prefix('.').and_then(|rest| rest.split_once('.')).is_some_and(|(_, rest)| rest == after)
        }),
    };
    let is_listed = OF_PODS.iter().any(|(row, text)| fits(row) && is(text));
    is_listed && !is_said_of_all(spec, &field, wanted)
}

/// Whether the pod says for all its containers what one of them leaves open: then the container's own value counts.
fn is_said_of_all(spec: &str, field: &str, wanted: &Value) -> bool {
    let Some(field) = field.strip_prefix("containers[*].securityContext.") else { return false };
    let spec = spec.split('.').chain(["securityContext", field]);
    Path::of(spec).get(wanted).is_some()
}

/// The wanted object with what a live one says beyond it without saying anything, inside of values that are owned as a
/// whole: `optional: false` of a reference to a Secret's key. Without it such a value would be another one, and its
/// pods would restart for nothing.
#[must_use]
pub fn settled(mut wanted: Value, live: &Value) -> Value {
    let Some(spec) = wanted["kind"].as_str().and_then(pod_spec) else { return wanted };
    for (row, text) in OF_PODS_WHOLE {
        let Ok(default) = serde_json::from_str(text) else { continue };
        for row in [row.to_owned(), row.replacen("containers[", "initContainers[", 1)] {
            let row = format!("{spec}.{row}");
            let steps: Vec<&str> = row.split('.').collect();
            fill(&mut wanted, live, &steps, &default);
        }
    }
    wanted
}

/// Sets a field to its default where the live object has it and the wanted one has not.
fn fill(wanted: &mut Value, live: &Value, steps: &[&str], default: &Value) {
    match steps {
        [] => {}
        [field] => {
            let has = live.get(field) == Some(default);
            if let Some(map) = wanted.as_object_mut().filter(|map| has && !map.contains_key(*field)) {
                map.insert((*field).to_owned(), default.clone());
            }
        }
        [step, rest @ ..] => {
            let field = step.strip_suffix("[*]");
            let name = field.unwrap_or(step);
            let (Some(wanted), Some(live)) = (wanted.get_mut(name), live.get(name)) else { return };
            if field.is_none() {
                return fill(wanted, live, rest, default);
            }
            let live = live.as_array().map_or(&[][..], Vec::as_slice);
            for (index, entry) in wanted.as_array_mut().into_iter().flatten().enumerate() {
                if let Some(live) = counterpart(entry, index, live) {
                    fill(entry, live, rest, default);
                }
            }
        }
    }
}

/// The entry of another list that is the same one: by its name, or by its place.
fn counterpart<'a>(entry: &Value, index: usize, others: &'a [Value]) -> Option<&'a Value> {
    match entry.get("name") {
        Some(name) => others.iter().find(|other| other.get("name") == Some(name)),
        None => others.get(index),
    }
}
