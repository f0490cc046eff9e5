//! What the fields of Kubernetes' own objects mean, where their schemas do not say it.

use super::words::{self, Form};

/// What the values of a field are.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// Texts of a form; in a list, each of them.
    Text(&'static Form),
    /// A number in a range.
    Number(i128, i128, &'static str),
    /// A number in a range, or a text of a form.
    Either(i128, i128, &'static Form, &'static str),
    /// A map with keys of a form and, with a form, such values.
    Map(&'static Form, Option<&'static Form>),
}

const PORT: Meaning = Meaning::Number(1, 65_535, "a port: 1 to 65535");
/// Zero says that there is none.
const PORT_OR_NONE: Meaning = Meaning::Number(0, 65_535, "a port: 1 to 65535");
const NODE_PORT: Meaning = Meaning::Number(30_000, 32_767, "a node's port: 30000 to 32767");
const PORT_OR_NAME: Meaning = Meaning::Either(
    1,
    65_535,
    &words::PORT_NAME,
    "a port: 1 to 65535, or a name of at most 15 lower-case letters, digits and `-`",
);
const SHARE: Meaning = Meaning::Either(0, i128::MAX, &words::PERCENT, words::PERCENT.words);
const COUNT: Meaning = Meaning::Number(0, i128::MAX, "a number from 0");
const LABELS: Meaning = Meaning::Map(&words::KEY, Some(&words::LABEL_VALUE));
const DATA: Meaning = Meaning::Map(&words::DATA_KEY, None);

/// What a field of a definition means.
pub(super) fn of(definition: &str, field: &str) -> Option<Meaning> {
    Some(match (definition, field) {
        ("ContainerPort", "containerPort") | ("ServicePort" | "GRPCAction", "port") => PORT,
        ("NetworkPolicyPort", "endPort") | ("ServiceBackendPort", "number") => PORT,
        ("ContainerPort", "hostPort") => PORT_OR_NONE,
        ("ServicePort", "nodePort") => NODE_PORT,
        ("ServicePort", "targetPort") | ("HTTPGetAction" | "TCPSocketAction" | "NetworkPolicyPort", "port") => {
            PORT_OR_NAME
        }
        ("ContainerPort" | "ServiceBackendPort", "name") => Meaning::Text(&words::PORT_NAME),
        ("ObjectMeta", "annotations") => Meaning::Map(&words::KEY, None),
        ("ObjectMeta", "labels")
        | ("LabelSelector", "matchLabels")
        | ("ServiceSpec" | "ReplicationControllerSpec", "selector")
        | ("PodSpec", "nodeSelector") => LABELS,
        ("LabelSelectorRequirement" | "NodeSelectorRequirement", "key") => Meaning::Text(&words::KEY),
        ("LabelSelectorRequirement", "values") => Meaning::Text(&words::LABEL_VALUE),
        ("ConfigMap" | "Secret", "data" | "binaryData" | "stringData") => DATA,
        ("ConfigMapKeySelector" | "SecretKeySelector", "key") => Meaning::Text(&words::DATA_KEY),
        ("CronJobSpec", "schedule") => Meaning::Text(&words::SCHEDULE),
        ("CronJobSpec", "timeZone") => Meaning::Text(&words::TIME_ZONE),
        ("Container" | "EphemeralContainer" | "Volume" | "ServicePort", "name")
        | ("ObjectMeta", "namespace")
        | ("PodSpec", "hostname" | "subdomain") => Meaning::Text(&words::LABEL),
        ("EnvVar", "name") => Meaning::Text(&words::ENV_NAME),
        ("PodSpec", "serviceAccountName" | "priorityClassName" | "runtimeClassName")
        | ("IngressSpec", "ingressClassName")
        | ("PersistentVolumeSpec" | "PersistentVolumeClaimSpec", "storageClassName") => Meaning::Text(&words::SUBDOMAIN),
        ("IngressRule", "host") | ("IngressTLS", "hosts") => Meaning::Text(&words::HOST),
        ("HTTPIngressPath", "path") => Meaning::Text(&words::URL_PATH),
        ("VolumeMount", "mountPath") => Meaning::Text(&words::MOUNT_PATH),
        ("VolumeMount", "subPath") => Meaning::Text(&words::SUB_PATH),
        ("RollingUpdateDeployment", "maxSurge" | "maxUnavailable")
        | ("PodDisruptionBudgetSpec", "minAvailable" | "maxUnavailable") => SHARE,
        ("DeploymentSpec" | "StatefulSetSpec" | "ReplicaSetSpec", "replicas")
        | ("JobSpec", "parallelism" | "completions" | "backoffLimit") => COUNT,
        _ => return None,
    })
}
