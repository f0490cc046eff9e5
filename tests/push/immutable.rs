//! Fields that cannot change in place, kind by kind; `refused.rs` has those of more than one object.

use serde_yaml::Value;

use crate::site::{NAMESPACE, Site};

/// An object that is pushed in one state and then wanted in another; where its text has `<old|new>`, the first is pushed.
/// Others may stand before it.
struct Fixed {
    site: Site,
    text: &'static str,
}

impl Fixed {
    fn new(name: &str, text: &'static str) -> Self {
        let fixed = Self { site: Site::new(name), text };
        fixed.write(1);
        fixed.site.push();
        fixed
    }

    /// Writes and builds one of its states.
    fn write(&self, state: usize) {
        let mut text = String::new();
        for (number, part) in self.text.split(['<', '|', '>']).enumerate() {
            text.push_str(if number % 3 == 0 || number % 3 == state { part } else { "" });
        }
        for definition in text.split("---\n").filter(|part| part.contains("kind: CustomResourceDefinition")) {
            self.site.define(definition);
        }
        let checks = "checks: {plain-secret: allow, no-schema: allow, selector: allow}\ntimeout: 20s\n";
        self.site.stack("{n}", checks, &[NAMESPACE, &text]);
        self.site.build();
    }

    /// Its kind and name, as the command line has them, and its uid.
    fn live(&self) -> (String, String) {
        let last = self.text.rsplit("---\n").next().unwrap();
        let object: Value = serde_yaml::from_str(last).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().replace("{n}", &self.site.name);
        let [kind, name] = [text(&object["kind"]), text(&object["metadata"]["name"])];
        let live = self.site.get(&kind.to_lowercase(), &text(&object["metadata"]["namespace"]), &name);
        (format!("{kind}/{name}"), live["metadata"]["uid"].as_str().unwrap().to_owned())
    }

    /// Pushes the second state, with more arguments: it is another object then, and as it should be.
    #[track_caller]
    fn is_made_again(&self, more: &[&str]) {
        let (_, before) = self.live();
        let with = |arguments: &[&'static str]| [arguments, more].concat();
        let plan = self.site.run(&with(&["plan", "--json"])).ok().json();
        assert_eq!(plan["summary"]["replace"], 1, "{plan:#}");
        self.site.run(&with(&["push", "--yes"])).ok();
        assert_ne!(self.live().1, before);
        self.site.run(&["push", "--yes"]).ok().says("nothing to do");
    }
}

/// Nothing is lost when this object is deleted and made again, and so it is.
#[track_caller]
fn freely(name: &str, text: &'static str) {
    let fixed = Fixed::new(name, text);
    fixed.write(2);
    fixed.is_made_again(&[]);
}

/// This object is made again only where that is allowed; what else would be lost is said.
#[track_caller]
fn if_allowed(name: &str, text: &'static str, why: &str) {
    let fixed = Fixed::new(name, text);
    let (id, before) = fixed.live();
    fixed.write(2);
    fixed.site.run(&["push", "--yes"]).failed().says(why).says(&format!("--replace {id}"));
    assert_eq!(fixed.live().1, before);
    fixed.is_made_again(&["--replace", &id]);
}

/// This object is not made again, whoever allows it; what to do by hand is said.
#[track_caller]
fn never(name: &str, text: &'static str, why: &str) {
    let fixed = Fixed::new(name, text);
    let (id, before) = fixed.live();
    fixed.write(2);
    fixed.site.run(&["push", "--yes", "--replace", &id]).failed().says("cannot change in place").says(why);
    assert_eq!(fixed.live().1, before);
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_secret_of_another_type_is_made_again() {
    freely(
        "fixed-type",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: one, namespace: '{n}'}\ntype: <Opaque|example.org/other>\nstringData: {key: value}",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_immutable_secret_of_another_value_is_made_again() {
    freely(
        "fixed-secret",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: one, namespace: '{n}'}\nimmutable: true\nstringData: {key: <one|two>}",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_pod_with_another_command_is_made_again() {
    freely(
        "fixed-pod",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: '{n}'}\n\
         spec: {containers: [{name: main, image: 'example/a:1', command: [<one|two>]}]}",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_cluster_role_binding_of_another_role_is_made_again() {
    freely(
        "fixed-binding",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: '{n}'}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: <view|edit>}\n\
         subjects: [{kind: ServiceAccount, name: default, namespace: '{n}'}]",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_ingress_class_of_another_controller_is_made_again() {
    freely(
        "fixed-ingress",
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: '{n}'}\nspec: {controller: example.org/<one|two>}",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_csi_driver_that_attaches_otherwise_is_made_again() {
    freely(
        "fixed-driver",
        "apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: '{n}'}\nspec: {attachRequired: <true|false>}",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_runtime_class_of_another_handler_is_made_again() {
    freely(
        "fixed-runtime",
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: '{n}'}\nhandler: <one|two>",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_job_that_still_runs_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-job",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: one, namespace: '{n}', annotations: {homebuild.dev/wait: none}}\nspec:\n  \
         template:\n    spec: {restartPolicy: Never, nodeSelector: {no: node}, containers: [{name: main, image: 'example/a:<1|2>'}]}",
        "it still runs",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn the_token_of_an_account_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-token",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: '{n}'}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: one, namespace: '{n}', annotations: {kubernetes.io/service-account.name: robot}}\n\
         type: <kubernetes.io/service-account-token|Opaque>",
        "its token is another one afterwards",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_daemon_set_of_another_selector_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-daemon",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: one, namespace: '{n}'}\nspec:\n  selector: {matchLabels: {app: <one|two>}}\n  \
         template:\n    metadata: {labels: {app: <one|two>}}\n    spec: {containers: [{name: main, image: 'example/a:1'}]}",
        "its pods are stopped before new ones start",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_replica_set_of_another_selector_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-replica",
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: one, namespace: '{n}'}\nspec:\n  selector: {matchLabels: {app: <one|two>}}\n  \
         template:\n    metadata: {labels: {app: <one|two>}}\n    spec: {containers: [{name: main, image: 'example/a:1'}]}",
        "its pods are stopped before new ones start",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_stateful_set_with_other_volumes_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-set",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: one, namespace: '{n}'}\nspec:\n  serviceName: one\n  replicas: 0\n  \
         selector: {matchLabels: {app: one}}\n  template:\n    metadata: {labels: {app: one}}\n    spec: {containers: [{name: main, image: 'example/a:1'}]}\n  \
         volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: <1Gi|2Gi>}}}}]",
        "volumes keep their size and class",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_service_of_another_address_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-service",
        "apiVersion: v1\nkind: Service\nmetadata: {name: one, namespace: '{n}'}\nspec: {clusterIP: 10.99.7.<1|2>, ports: [{port: 80}]}",
        "it gets another address",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_storage_class_of_another_provisioner_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-storage",
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: '{n}'}\nprovisioner: example.org/<one|two>",
        "volumes that were made by it stay as they are",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_volume_attributes_class_of_another_driver_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-attributes",
        "apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {name: '{n}'}\ndriverName: example.org\nparameters: {speed: <one|two>}",
        "volumes that were made by it stay as they are",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn an_endpoint_slice_of_another_family_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-slice",
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: one, namespace: '{n}'}\naddressType: <IPv4|IPv6>\nendpoints: []",
        "what it made may go with it",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_controller_revision_of_other_data_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-revision",
        "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: one, namespace: '{n}'}\nrevision: 1\ndata: {key: <one|two>}",
        "its pods are stopped before new ones start",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_custom_resource_whose_definition_fixes_a_field_is_made_again_only_if_allowed() {
    if_allowed(
        "fixed-custom",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: 'things.{n}.example.org'}\nspec:\n  \
         group: '{n}.example.org'\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions:\n    - name: v1\n      served: true\n      \
         storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n          properties:\n            spec:\n              type: object\n              \
         properties: {size: {type: integer, x-kubernetes-validations: [{rule: self == oldSelf}]}}\n---\n\
         apiVersion: '{n}.example.org/v1'\nkind: Thing\nmetadata: {name: one, namespace: '{n}'}\nspec: {size: <1|2>}",
        "what it made may go with it",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_volume_of_another_source_is_never_deleted_to_be_made_again() {
    never(
        "fixed-volume",
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: '{n}', annotations: {homebuild.dev/replace: allow}}\n\
         spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: none, nfs: {server: nas.test, path: /<one|two>}}",
        "its data may go with it",
    );
}

#[test]
#[ignore = "needs a cluster: tests/run.sh push"]
fn a_definition_of_another_scope_is_never_deleted_to_be_made_again() {
    never(
        "fixed-definition",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: 'things.{n}.example.org', annotations: \
         {homebuild.dev/replace: allow}}\nspec:\n  group: '{n}.example.org'\n  scope: <Namespaced|Cluster>\n  names: {kind: Thing, plural: things}\n  \
         versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]",
        "all objects of its kind would go with it",
    );
}
