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
const SUBDOMAIN: Meaning = Meaning::Text(&words::SUBDOMAIN);
const SUBDOMAIN_OR_NONE: Meaning = Meaning::Text(&words::SUBDOMAIN_OR_NONE);
const LABELS: Meaning = Meaning::Map(&words::KEY, Some(&words::LABEL_VALUE));
const DATA: Meaning = Meaning::Map(&words::DATA_KEY, None);

/// Definitions, fields of theirs, and what these mean.
#[rustfmt::skip]
pub(super) const TABLE: &[(&[&str], &[&str], Meaning)] = &[
    (&["ContainerPort"], &["containerPort"], PORT),
    (&["ContainerPort"], &["hostPort"], PORT_OR_NONE),
    (&["ServicePort", "GRPCAction"], &["port"], PORT),
    (&["ServicePort"], &["nodePort"], NODE_PORT),
    (&["ServicePort"], &["targetPort"], PORT_OR_NAME),
    (&["HTTPGetAction", "TCPSocketAction", "NetworkPolicyPort"], &["port"], PORT_OR_NAME),
    (&["NetworkPolicyPort"], &["endPort"], PORT),
    (&["ServiceBackendPort"], &["number"], PORT),
    (&["ContainerPort", "ServiceBackendPort"], &["name"], Meaning::Text(&words::PORT_NAME)),
    (&["ObjectMeta"], &["annotations"], Meaning::Map(&words::KEY, None)),
    (&["ObjectMeta"], &["labels"], LABELS),
    (&["ObjectMeta"], &["namespace"], Meaning::Text(&words::LABEL)),
    (&["LabelSelector"], &["matchLabels"], LABELS),
    (&["ServiceSpec", "ReplicationControllerSpec"], &["selector"], LABELS),
    (&["PodSpec"], &["nodeSelector"], LABELS),
    (&["LabelSelectorRequirement", "NodeSelectorRequirement"], &["key"], Meaning::Text(&words::KEY)),
    (&["LabelSelectorRequirement"], &["values"], Meaning::Text(&words::LABEL_VALUE)),
    (&["ConfigMap", "Secret"], &["data"], DATA),
    (&["ConfigMap"], &["binaryData"], DATA),
    (&["Secret"], &["stringData"], DATA),
    (&["ConfigMapKeySelector", "SecretKeySelector"], &["key"], Meaning::Text(&words::DATA_KEY)),
    (&["CronJobSpec"], &["schedule"], Meaning::Text(&words::SCHEDULE)),
    (&["CronJobSpec"], &["timeZone"], Meaning::Text(&words::TIME_ZONE)),
    (&["Container", "EphemeralContainer", "Volume", "ServicePort"], &["name"], Meaning::Text(&words::LABEL)),
    (&["EnvVar"], &["name"], Meaning::Text(&words::ENV_NAME)),
    (&["PodSpec"], &["hostname", "subdomain"], Meaning::Text(&words::LABEL)),
    (&["PodSpec"], &["serviceAccountName", "priorityClassName", "runtimeClassName"], SUBDOMAIN),
    (&["IngressSpec"], &["ingressClassName"], SUBDOMAIN),
    (&["PersistentVolumeSpec", "PersistentVolumeClaimSpec"], &["storageClassName"], SUBDOMAIN_OR_NONE),
    (&["IngressRule"], &["host"], Meaning::Text(&words::HOST)),
    (&["IngressTLS"], &["hosts"], Meaning::Text(&words::HOST)),
    (&["HTTPIngressPath"], &["path"], Meaning::Text(&words::URL_PATH)),
    (&["VolumeMount"], &["mountPath"], Meaning::Text(&words::MOUNT_PATH)),
    (&["VolumeMount"], &["subPath"], Meaning::Text(&words::SUB_PATH)),
    (&["RollingUpdateDeployment"], &["maxSurge", "maxUnavailable"], SHARE),
    (&["PodDisruptionBudgetSpec"], &["minAvailable", "maxUnavailable"], SHARE),
    (&["DeploymentSpec", "StatefulSetSpec", "ReplicaSetSpec"], &["replicas"], COUNT),
    (&["JobSpec"], &["parallelism", "completions", "backoffLimit"], COUNT),
];

/// What a field of a definition means.
pub(super) fn of(definition: &str, field: &str) -> Option<Meaning> {
    let has = |words: &[&str], word| words.contains(&word);
    let row = TABLE.iter().find(|(definitions, fields, _)| has(fields, field) && has(definitions, definition));
    row.map(|(.., meaning)| *meaning)
}
