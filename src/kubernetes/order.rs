//! The order of an object's keys: Kubernetes' usual one, then the layout's.

use crate::kubernetes::kinds::{Field, Kinds, Type};
use crate::yaml::{Data, Node};

/// Brings the keys of an object into their order. A key that the table does not have stays behind those that it has,
/// in the order in which it came. Of a custom resource, and of a kind that nobody knows, only the head is touched.
pub fn order(kinds: &Kinds, object: &mut Node) {
    let kind = kinds.of(object).copied();
    let is_custom = kind.is_none_or(|kind| kind.custom);
    sort(object, usual(if is_custom { "custom" } else { "object" }, ""));
    if let Some(metadata) = object.as_map_mut().and_then(|map| map.get_mut("metadata")) {
        sort(metadata, usual("ObjectMeta", ""));
    }
    if let Some(of) = kind.filter(|_| !is_custom).and_then(|kind| kinds.type_of(&kind)) {
        walk(kinds, of, object);
    }
}

/// The usual order of the keys of a type, or of an untyped field of a type.
#[rustfmt::skip]
fn usual(of: &str, field: &str) -> &'static [&'static str] {
    match (of, field) {
        ("custom", "") => &["apiVersion", "kind", "metadata"],
        ("object", "") => &[
            "apiVersion", "kind", "metadata", "immutable", "type", "data", "stringData", "binaryData",
            "aggregationRule", "rules", "roleRef", "subjects", "spec",
        ],
        ("ObjectMeta", "") => &["name", "generateName", "namespace", "labels", "annotations"],
        ("PodTemplateSpec" | "JobTemplateSpec" | "PersistentVolumeClaimTemplate" | "PersistentVolumeClaim", "") => {
            &["apiVersion", "kind", "metadata", "spec"]
        }
        ("DeploymentSpec" | "StatefulSetSpec" | "DaemonSetSpec" | "ReplicaSetSpec", "") => &[
            "replicas", "serviceName", "podManagementPolicy", "minReadySeconds", "progressDeadlineSeconds",
            "revisionHistoryLimit", "paused", "persistentVolumeClaimRetentionPolicy", "selector", "strategy",
            "updateStrategy", "template", "volumeClaimTemplates",
        ],
        ("DeploymentSpec", "strategy") | ("StatefulSetSpec" | "DaemonSetSpec", "updateStrategy") => &["type"],
        ("CronJobSpec", "") => &[
            "schedule", "timeZone", "suspend", "concurrencyPolicy", "startingDeadlineSeconds",
            "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "jobTemplate",
        ],
        ("JobSpec", "") => &[
            "parallelism", "completions", "completionMode", "backoffLimit", "activeDeadlineSeconds",
            "ttlSecondsAfterFinished", "suspend", "selector", "template",
        ],
        ("PodSpec", "") => &[
            "hostname", "subdomain", "hostNetwork", "hostPID", "hostIPC", "dnsPolicy", "dnsConfig", "hostAliases",
            "serviceAccountName", "automountServiceAccountToken", "imagePullSecrets", "priorityClassName",
            "runtimeClassName", "nodeName", "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints",
            "restartPolicy", "terminationGracePeriodSeconds", "securityContext", "initContainers", "containers",
            "volumes",
        ],
        ("Container" | "EphemeralContainer", "") => &[
            "name", "image", "imagePullPolicy", "command", "args", "workingDir", "ports", "envFrom", "env",
            "resources", "volumeMounts", "volumeDevices", "startupProbe", "livenessProbe", "readinessProbe",
            "lifecycle", "securityContext",
        ],
        ("Container" | "EphemeralContainer", "env") => &["name", "value", "valueFrom"],
        ("Container" | "EphemeralContainer", "ports") => {
            &["name", "containerPort", "hostIP", "hostPort", "protocol"]
        }
        ("Container" | "EphemeralContainer", "volumeMounts") => {
            &["name", "mountPath", "subPath", "subPathExpr", "readOnly"]
        }
        ("ResourceRequirements", "") => &["requests", "limits"],
        ("Volume", "") => &["name"],
        ("PersistentVolumeClaim", "spec") => {
            &["accessModes", "storageClassName", "volumeMode", "volumeName", "selector", "resources"]
        }
        ("ServiceSpec", "") => &[
            "type", "externalName", "clusterIP", "clusterIPs", "loadBalancerIP", "loadBalancerClass",
            "externalTrafficPolicy", "internalTrafficPolicy", "ipFamilyPolicy", "ipFamilies", "externalIPs",
            "selector", "ports",
        ],
        ("ServiceSpec", "ports") => &["name", "port", "targetPort", "nodePort", "protocol", "appProtocol"],
        ("Ingress", "spec") => &["ingressClassName", "defaultBackend", "tls", "rules"],
        ("Role" | "ClusterRole", "rules") => {
            &["apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs"]
        }
        ("RoleBinding" | "ClusterRoleBinding", "roleRef") => &["apiGroup", "kind", "name"],
        ("RoleBinding" | "ClusterRoleBinding", "subjects") => &["apiGroup", "kind", "name", "namespace"],
        _ => &[],
    }
}

fn walk(kinds: &Kinds, of: Type<'_>, node: &mut Node) {
    let name = &*of.name;
    sort(node, usual(name, ""));
    let Some(map) = node.as_map_mut() else { return };
    for entry in map.0.iter_mut().filter(|entry| matches!(entry.value.data, Data::Map(_) | Data::List(_))) {
        let untyped = usual(name, &entry.key);
        each(&mut entry.value, |node| sort(node, untyped));
        if let Some(Field { of: Some(of), map, .. }) = kinds.field(of, &entry.key) {
            match entry.value.as_map_mut().filter(|_| map) {
                Some(values) => values.0.iter_mut().for_each(|entry| walk(kinds, of, &mut entry.value)),
                None => each(&mut entry.value, |node| walk(kinds, of, node)),
            }
        }
    }
}

/// A list's entries, or else the value itself.
fn each(node: &mut Node, change: impl FnMut(&mut Node)) {
    match &mut node.data {
        Data::List(list) => list.iter_mut().for_each(change),
        _ => std::iter::once(node).for_each(change),
    }
}

fn sort(node: &mut Node, usual: &[&str]) {
    let Some(map) = node.as_map_mut().filter(|_| !usual.is_empty()) else { return };
    let rank = |key: &str| usual.iter().position(|usual| *usual == key).unwrap_or(usual.len());
    if !map.0.is_sorted_by_key(|entry| rank(&entry.key)) {
        map.0.sort_by_cached_key(|entry| rank(&entry.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::testing::{json, node};

    fn ordered(object: &str) -> String {
        let mut object = node(object);
        order(&Kinds::new(&[]).unwrap(), &mut object);
        json(&object)
    }

    #[test]
    fn the_head_of_an_object_comes_first() {
        assert_eq!(
            ordered(
                "{stringData: {b: '1', a: '2'}, metadata: {annotations: {}, x: 1, labels: {}, namespace: n, name: m}, type: Opaque, kind: Secret, apiVersion: v1}"
            ),
            r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"m","namespace":"n","labels":{},"annotations":{},"x":1},"type":"Opaque","stringData":{"b":"1","a":"2"}}"#
        );
    }

    #[test]
    fn pods_have_their_usual_order_and_other_keys_stay_in_theirs() {
        assert_eq!(
            ordered(
                "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {volumes: [{emptyDir: {}, name: v}],
                containers: [{z: 1, env: [{value: x, name: A}], a: 1, ports: [{protocol: TCP, containerPort: 1, name: p}],
                image: i, name: c}]}, metadata: {}}, selector: {}, strategy: {rollingUpdate: {}, type: RollingUpdate}}}"
            ),
            r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{"selector":{},"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"i","ports":[{"name":"p","containerPort":1,"protocol":"TCP"}],"env":[{"name":"A","value":"x"}],"z":1,"a":1}],"volumes":[{"name":"v","emptyDir":{}}]}}}}"#
        );
    }

    #[test]
    fn free_text_and_custom_resources_keep_their_order() {
        let config = r#"{"apiVersion":"v1","kind":"ConfigMap","data":{"kind":"1","apiVersion":"2","env":"3"}}"#;
        assert_eq!(ordered(config), config);
        let custom = r#"{"apiVersion":"a.example/v1","kind":"X","metadata":{"name":"x"},"spec":{"kind":"1","containers":[{"image":"i","name":"n"}]},"data":{},"type":1}"#;
        assert_eq!(ordered(custom), custom);
    }

    #[test]
    fn ordering_a_normal_object_leaves_it_normal() {
        let kinds = Kinds::new(&[]).unwrap();
        let mut object = node(
            "{kind: Service, apiVersion: v1, spec: {ports: [{targetPort: 1, port: 2}], type: X}, metadata: {name: x}}",
        );
        order(&kinds, &mut object);
        let mut normal = crate::kubernetes::normalise::normalise(&kinds, object).unwrap().remove(0);
        order(&kinds, &mut normal);
        let again = crate::kubernetes::normalise::normalise(&kinds, normal.clone()).unwrap().remove(0);
        assert_eq!(json(&again), json(&normal));
        assert!(json(&normal).contains(r#"{"port":2,"targetPort":1,"protocol":"TCP"}"#));
    }

    #[test]
    fn every_type_of_the_table_is_a_type_of_the_core_set() {
        let kinds = Kinds::new(&[]).unwrap();
        for line in include_str!("order.rs").lines().filter(|line| line.starts_with("        (\"")) {
            for of in
                line.split('"').skip(1).step_by(2).take_while(|of| of.starts_with(|c: char| c.is_ascii_uppercase()))
            {
                assert!(kinds.definitions_named(of).next().is_some(), "{of}");
            }
        }
    }
}
