use std::fmt::Write;

use serde_json::{Value, json};

use super::*;

/// What a real API server, 1.34.2, answered to a change of an object that was there.
const REFUSALS: &str = include_str!("testdata/refusals.json");

/// What each of them means.
const SAID: [&str; 69] = [
    "Deployment spec/selector spec/template: fixed: spec.selector",
    "Deployment spec/selector: unclear",
    "Deployment spec/replicas: invalid",
    "Deployment spec/strategy: unset: spec.strategy.rollingUpdate",
    "DaemonSet spec/selector spec/template: fixed: spec.selector",
    "ReplicaSet spec/selector spec/template: fixed: spec.selector",
    "StatefulSet spec/serviceName: fixed: spec.serviceName",
    "StatefulSet spec/podManagementPolicy: fixed: spec.podManagementPolicy",
    "StatefulSet spec/volumeClaimTemplates: fixed: spec.volumeClaimTemplates",
    "StatefulSet spec/selector spec/template: fixed: spec.selector",
    "StatefulSet spec/volumeClaimTemplates: fixed: spec",
    "Job spec/template: fixed: spec.template",
    "Job spec/completions: fixed: spec.completions",
    "Job spec/completionMode: fixed: spec.completionMode",
    "Job spec/podFailurePolicy: unclear",
    "Job spec/managedBy: fixed: spec.managedBy",
    "Pod spec/containers/0/command: fixed: spec.containers",
    "Pod spec/hostname: fixed: spec.hostname",
    "Pod spec/terminationGracePeriodSeconds: fixed: spec.terminationGracePeriodSeconds",
    "PVC spec/resources/requests/storage: fixed: spec.resources",
    "PVC spec/resources/requests/storage: fixed: spec.resources",
    "PVC spec/storageClassName: fixed: spec.storageClassName",
    "PVC spec/accessModes: fixed: spec.accessModes",
    "PVC spec/volumeMode: fixed: spec.volumeMode",
    "PVC spec/storageClassName: fixed: spec",
    "PV spec/nfs/server: fixed: spec.nfs",
    "PV spec/volumeMode: fixed: spec.volumeMode",
    "PV spec/nfs spec/hostPath: fixed: spec.hostPath",
    "Secret type: fixed: type",
    "Secret immutable data/a: fixed: data",
    "Secret immutable immutable: fixed: immutable",
    "Secret immutable immutable: fixed: immutable",
    "ConfigMap immutable data/a: fixed: data",
    "ConfigMap immutable immutable: fixed: immutable",
    "ConfigMap immutable binaryData: fixed: binaryData",
    "Service spec/clusterIP: fixed: spec.clusterIP",
    "Service spec/clusterIP: fixed: spec.clusterIP",
    "Service spec/ipFamilies: unclear",
    "Service headless spec/clusterIP: fixed: spec.clusterIP",
    "Service headless spec/type: unclear",
    "Service LB spec/loadBalancerClass: fixed: spec.loadBalancerClass",
    "Service LB local spec/healthCheckNodePort: fixed: spec.healthCheckNodePort",
    "RoleBinding roleRef/name: fixed: roleRef",
    "ClusterRoleBinding roleRef/name: fixed: roleRef",
    "StorageClass provisioner: fixed: provisioner",
    "StorageClass parameters/a: fixed: parameters",
    "StorageClass reclaimPolicy: fixed: reclaimPolicy",
    "StorageClass volumeBindingMode: fixed: volumeBindingMode",
    "CSIDriver spec/attachRequired: fixed: spec.attachRequired",
    "CSIDriver spec/volumeLifecycleModes: fixed: spec.volumeLifecycleModes",
    "VolumeAttributesClass driverName: fixed: driverName",
    "VolumeAttributesClass parameters/a: fixed: parameters",
    "IngressClass spec/controller: fixed: spec.controller",
    "PriorityClass value: fixed: value",
    "PriorityClass preemptionPolicy: fixed: preemptionPolicy",
    "RuntimeClass handler: fixed: handler",
    "EndpointSlice addressType: fixed: addressType",
    "ControllerRevision data: fixed: data",
    "CRD spec/group: fixed: spec.group",
    "CRD spec/scope: fixed: spec.scope",
    "CRD spec/names/kind: fixed: spec.names.kind",
    "CRD spec/names/plural: fixed: spec.names.plural",
    "Thing spec/size: unclear",
    "Thing spec/n: unclear",
    "Thing metadata/uid: another",
    "unset env: unset: spec.template.spec.containers[web].env[A].value",
    "unset volume: unset: spec.template.spec.volumes[v].emptyDir",
    "unset probe: unset: spec.template.spec.containers[web].livenessProbe.httpGet",
    "policy that says immutable: admission",
];

fn words(refused: &Refused) -> String {
    match refused {
        Refused::Fixed(fields) => format!("fixed: {}", fields.join(", ")),
        Refused::Unset(paths) => {
            format!("unset: {}", paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

#[test]
fn what_a_refusal_means_is_known_by_its_causes() {
    let cases: Vec<Value> = serde_json::from_str(REFUSALS).unwrap();
    let mut said = String::new();
    for case in cases {
        let refused = refused(&case["status"], &case["sent"], &case["live"]);
        writeln!(said, "{}: {}", case["case"].as_str().unwrap(), words(&refused)).unwrap();
    }
    assert_eq!(said.lines().collect::<Vec<_>>(), SAID);
}

fn object(api_version: &str, kind: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}})
}

#[test]
fn only_what_loses_nothing_is_replaced_without_asking() {
    let freely =
        [("v1", "ConfigMap"), ("rbac.authorization.k8s.io/v1", "RoleBinding"), ("batch/v1", "Job"), ("v1", "Pod")];
    for (api_version, kind) in freely {
        assert_eq!(class(&object(api_version, kind)), Class::Freely, "{kind}");
    }
    for (api_version, kind) in
        [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("v1", "Service"), ("x.dev/v1", "Y")]
    {
        assert!(matches!(class(&object(api_version, kind)), Class::IfAllowed(_)), "{kind}");
    }
    for (api_version, kind) in [
        ("v1", "PersistentVolumeClaim"),
        ("v1", "PersistentVolume"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ] {
        assert!(matches!(class(&object(api_version, kind)), Class::Never(_)), "{kind}");
    }
    let mut job = object("batch/v1", "Job");
    job["status"] = json!({"active": 1});
    assert!(matches!(class(&job), Class::IfAllowed(_)), "it still runs");
    job["status"]["conditions"] = json!([{"type": "Failed", "status": "True"}]);
    assert_eq!(class(&job), Class::Freely);
}

#[test]
fn pods_of_a_stateful_set_stay_unless_it_would_not_find_them_again() {
    let of = |kind, field: &str| propagation(&object("apps/v1", kind), &[field.to_owned()]);
    assert_eq!(of("StatefulSet", "spec.volumeClaimTemplates"), Propagation::Orphan);
    assert_eq!(of("StatefulSet", "spec.selector"), Propagation::Foreground);
    assert_eq!(of("Deployment", "spec.selector"), Propagation::Foreground);
    assert_eq!(propagation(&object("v1", "Service"), &[]), Propagation::Background);
}

#[test]
fn a_probe_has_nothing_that_only_one_object_can_have() {
    let mut service = object("v1", "Service");
    service["metadata"]["uid"] = json!("u");
    service["spec"] = json!({"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30000}]});
    let probe = probe(&service, "probe-1");
    assert_eq!(probe["metadata"], json!({"name": "probe-1"}));
    assert_eq!(probe["spec"], json!({"ports": [{"port": 80}]}));
}
