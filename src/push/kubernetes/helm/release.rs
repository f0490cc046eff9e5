//! A release as `out/` has it: a Flux `HelmRelease` with its `HelmRepository`.

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::options::{self, Options, Refused};
use super::values::Values;
use crate::problem::Problem;

/// How many revisions of a release are kept where nothing is said, as Flux does.
const HISTORY: u64 = 5;

/// A release of a chart that is to be installed.
#[derive(Debug)]
pub struct Release {
    /// Its name in the cluster.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The chart's name.
    pub chart: String,
    /// The chart's version, one and no other.
    pub version: String,
    pub(super) source: Source,
    pub(super) values: Values,
    /// Those of the values that are secret.
    pub(super) secret: Values,
    pub(super) install: Options,
    pub(super) upgrade: Options,
    pub(super) history: u64,
}

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A repository with an index, by its URL.
    Http(String),
    /// A registry.
    Oci {
        /// The address below which the chart lies: `oci://ghcr.io/traefik/helm`.
        url: String,
        /// Whether it speaks HTTP without TLS.
        is_plain: bool,
    },
}

/// Gives the text of a key of a Secret or `ConfigMap`, filled in: `(kind, name, key)`.
pub type ValuesFrom<'a> = &'a dyn Fn(&str, &str, &str) -> Option<Zeroizing<String>>;

impl Release {
    /// Reads a `HelmRelease` and its `HelmRepository`. What a run of helm does not honour is refused by name.
    pub fn read(release: &Value, repository: &Value, values_from: ValuesFrom) -> Result<Self, Problem> {
        let spec = &release["spec"];
        let mut refused = Refused::default();
        let namespace = namespace(release);
        let own = text(&release["metadata"]["name"]);
        let target = spec["targetNamespace"].as_str();
        let default = target.map_or_else(|| own.to_owned(), |target| format!("{target}-{own}"));
        let name = spec["releaseName"].as_str().unwrap_or(&default).to_owned();
        check(spec, target.unwrap_or(namespace), &mut refused);
        let (install, upgrade) = (options::install(spec, &mut refused), options::upgrade(spec, &mut refused));
        let source = repository_of(repository, &mut refused);
        let (values, secret) = values(&name, spec, values_from, &mut refused)?;
        if !refused.0.is_empty() {
            return Err(unhonoured(&name, &refused.0));
        }
        let read = Self {
            namespace: target.unwrap_or(namespace).to_owned(),
            chart: text(&spec["chart"]["spec"]["chart"]).to_owned(),
            version: text(&spec["chart"]["spec"]["version"]).to_owned(),
            history: spec["maxHistory"].as_u64().unwrap_or(HISTORY),
            name,
            source,
            values,
            secret,
            install,
            upgrade,
        };
        read.checked()
    }

    /// How long a run of helm may take before homebuild ends it: its steps (hooks, objects, what is undone) have a timeout
    /// each.
    #[must_use]
    pub fn limit(&self) -> Duration {
        3 * self.install.timeout.max(self.upgrade.timeout) + Duration::from_mins(1)
    }

    /// How long helm may take to undo what was ended.
    pub(super) fn grace(&self) -> Duration {
        self.install.timeout.max(self.upgrade.timeout) + Duration::from_mins(1)
    }

    /// The same if helm cannot take its words for anything else: an option, a folder, a range of versions.
    fn checked(self) -> Result<Self, Problem> {
        let wrong = |what: &str, text: &str| {
            Err(Problem::error("helm", format!("release `{}` has no {what} that helm can take: `{text}`", self.name)))
        };
        let is_name = |text: &str| {
            let is_fine = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
            text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_fine) && !text.contains("..")
        };
        match &self {
            Self { name, .. } if !is_name(name) || name.contains('/') => wrong("name", name),
            Self { namespace, .. } if !is_name(namespace) => wrong("namespace", namespace),
            Self { chart, .. } if !is_name(chart) => wrong("chart", chart),
            Self { version, .. } if !is_exact(version) => {
                wrong("version", version).map_err(|problem| problem.note("name one version, as `1.2.3`"))
            }
            _ => Ok(self),
        }
    }
}

/// Namespace and name of the `HelmRepository` that a `HelmRelease` names.
#[must_use]
pub fn source(release: &Value) -> (&str, &str) {
    let source = &release["spec"]["chart"]["spec"]["sourceRef"];
    (source["namespace"].as_str().unwrap_or_else(|| namespace(release)), text(&source["name"]))
}

/// Kind and name of the objects in the namespace of a `HelmRelease` that its values come from.
#[must_use]
pub fn read_from(release: &Value) -> Vec<(&str, &str)> {
    let from = release["spec"]["valuesFrom"].as_array().into_iter().flatten();
    from.map(|from| (text(&from["kind"]), text(&from["name"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn namespace(release: &Value) -> &str {
    release["metadata"]["namespace"].as_str().unwrap_or("default")
}

/// One version: `1.2.3`, `v25.10.1`, `1.0.0-rc.1+build`.
fn is_exact(version: &str) -> bool {
    let numbers = version.strip_prefix('v').unwrap_or(version);
    let core = numbers.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && numbers.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}

/// The keys of a `HelmRelease` apart from those of its installation and upgrade. What only says when Flux looks again,
/// and how it holds its connection, says nothing of a run.
fn check(spec: &Value, namespace: &str, refused: &mut Refused) {
    let known = [
        "chart",
        "releaseName",
        "targetNamespace",
        "storageNamespace",
        "timeout",
        "maxHistory",
        "install",
        "upgrade",
        "values",
        "valuesFrom",
        "interval",
        "persistentClient",
    ];
    refused.others("spec", spec, &known);
    refused.value("spec", spec, "storageNamespace", &[namespace]);
    refused.others("spec.chart", &spec["chart"], &["spec"]);
    let (at, chart) = ("spec.chart.spec", &spec["chart"]["spec"]);
    refused.others(at, chart, &["chart", "version", "sourceRef", "interval", "reconcileStrategy"]);
    refused.value(at, chart, "reconcileStrategy", &["ChartVersion"]);
    refused.value(&format!("{at}.sourceRef"), &chart["sourceRef"], "kind", &["HelmRepository"]);
}

fn repository_of(repository: &Value, refused: &mut Refused) -> Source {
    let (at, spec) = ("spec", &repository["spec"]);
    let at = format!("HelmRepository {}: {at}", text(&repository["metadata"]["name"]));
    let known = ["url", "type", "interval", "provider", "insecure", "accessFrom", "passCredentials"];
    refused.others(&at, spec, &known);
    refused.value(&at, spec, "provider", &["generic"]);
    let url = text(&spec["url"]).trim_end_matches('/').to_owned();
    let is_oci = spec["type"] == "oci";
    let schemes: &[&str] = if is_oci { &["oci://"] } else { &["https://", "http://"] };
    refused.note(!schemes.iter().any(|scheme| url.starts_with(scheme)), || format!("{at}.url: {url}"));
    if is_oci { Source::Oci { url, is_plain: spec["insecure"] == true } } else { Source::Http(url) }
}

/// All values, and those of them that are secret: what `valuesFrom` names in its order, then `spec.values` over it.
fn values(
    release: &str,
    spec: &Value,
    values_from: ValuesFrom,
    refused: &mut Refused,
) -> Result<(Values, Values), Problem> {
    let (mut values, mut secret) = (Values::default(), Values::default());
    for (number, from) in spec["valuesFrom"].as_array().into_iter().flatten().enumerate() {
        let at = format!("spec.valuesFrom[{number}]");
        refused.others(&at, from, &["kind", "name", "valuesKey", "optional"]);
        let (kind, name) = (text(&from["kind"]), text(&from["name"]));
        let key = from["valuesKey"].as_str().unwrap_or("values.yaml");
        let wrong = |what| {
            Problem::error("helm", format!("the values of release `{release}` {what}: {kind} `{name}`, `{key}`"))
        };
        let Some(found) = values_from(kind, name, key) else {
            if from["optional"] == true {
                continue;
            }
            return Err(wrong("are not there"));
        };
        let found = Values::parse(&found).ok_or_else(|| wrong("are no map of YAML"))?;
        values.lay(&found);
        if kind == "Secret" {
            secret.lay(&found);
        }
    }
    let own = Values::of(&spec["values"]);
    refused.note(own.is_none(), || "spec.values: (not a map)".to_owned());
    values.lay(&own.unwrap_or_default());
    Ok((values, secret))
}

fn unhonoured(name: &str, refused: &[String]) -> Problem {
    let listed: Vec<String> = refused.iter().map(|path| format!("`{path}`")).collect();
    let problem =
        Problem::error("helm", format!("push cannot do what release `{name}` asks for: {}", listed.join(", ")));
    let problem = if refused.iter().any(|path| path.contains("secretRef")) {
        problem.note("log in to the registry with `helm registry login`: the run of helm uses it")
    } else {
        problem
    };
    problem.note("take it away, or say `helm: flux` of the target and let Flux do it")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn release() -> Value {
        json!({
            "metadata": {"name": "woodpecker", "namespace": "ci"},
            "spec": {
                "interval": "1h", "timeout": "600s", "releaseName": "woodpecker",
                "chart": {"spec": {"chart": "woodpecker", "version": "3.5.1",
                                   "sourceRef": {"kind": "HelmRepository", "name": "woodpecker"}}},
                "valuesFrom": [{"kind": "Secret", "name": "woodpecker-values"}],
                "values": {"server": {"env": {"HOST": "ci.example"}, "replicas": 1}},
            },
        })
    }

    fn repository() -> Value {
        json!({"metadata": {"name": "woodpecker"}, "spec": {"type": "oci", "url": "oci://ghcr.io/woodpecker-ci/helm"}})
    }

    fn secret(kind: &str, name: &str, key: &str) -> Option<Zeroizing<String>> {
        let text = "server: {env: {TOKEN: canary, HOST: under}, replicas: 3}\n";
        ((kind, name, key) == ("Secret", "woodpecker-values", "values.yaml")).then(|| Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn values_of_the_release_lie_over_those_it_takes_from_elsewhere() {
        let read = Release::read(&release(), &repository(), &secret).unwrap();
        assert_eq!(*read.values.text(), r#"{"server":{"env":{"TOKEN":"canary","HOST":"ci.example"},"replicas":1}}"#);
        assert_eq!((read.name.as_str(), read.namespace.as_str()), ("woodpecker", "ci"));
        assert_eq!(read.source, Source::Oci { url: "oci://ghcr.io/woodpecker-ci/helm".to_owned(), is_plain: false });
        assert_eq!(read.limit(), Duration::from_mins(31));
    }

    #[test]
    fn everything_that_is_not_honoured_is_told_at_once() {
        let mut release = release();
        release["spec"]["dependsOn"] = json!([{"name": "traefik"}]);
        release["spec"]["suspend"] = json!(true);
        release["spec"]["test"] = json!({"enable": false});
        release["spec"]["valuesFrom"][0]["targetPath"] = json!("a.b");
        let mut repository = repository();
        repository["spec"]["secretRef"] = json!({"name": "login"});
        let problem = Release::read(&release, &repository, &secret).unwrap_err();
        insta::assert_snapshot!(problem.to_string(), @"
        error[helm]: push cannot do what release `woodpecker` asks for: `spec.dependsOn`, `spec.suspend`, `HelmRepository woodpecker: spec.secretRef`, `spec.valuesFrom[0].targetPath`
           = log in to the registry with `helm registry login`: the run of helm uses it
           = take it away, or say `helm: flux` of the target and let Flux do it
        ");
    }

    #[test]
    fn words_that_helm_would_take_for_something_else_are_refused() {
        let refused = |path: &str, value: &str| {
            let mut release = release();
            *release.pointer_mut(path).unwrap() = json!(value);
            Release::read(&release, &repository(), &secret).unwrap_err().message
        };
        for version in ["3", "3.5", "^3.5.1", "3.5.x", "3.5.1 || 4.0.0", "latest", ">=3.5.1", ""] {
            let said = refused("/spec/chart/spec/version", version);
            assert_eq!(said, format!("release `woodpecker` has no version that helm can take: `{version}`"));
        }
        for chart in ["--post-renderer=evil", "../chart", "/etc", "a b", "oci://elsewhere/chart"] {
            assert!(refused("/spec/chart/spec/chart", chart).contains("no chart that helm can take"), "{chart}");
        }
        assert!(refused("/spec/releaseName", "-x").contains("no name"));
    }

    #[test]
    fn values_that_are_not_there_or_no_map_are_told_without_their_text() {
        let none = Release::read(&release(), &repository(), &|_, _, _| None).unwrap_err();
        assert_eq!(
            none.message,
            "the values of release `woodpecker` are not there: Secret `woodpecker-values`, `values.yaml`"
        );
        let broken = |_: &str, _: &str, _: &str| Some(Zeroizing::new("canary: [".to_owned()));
        let broken = Release::read(&release(), &repository(), &broken).unwrap_err();
        assert!(broken.message.contains("are no map of YAML") && !broken.to_string().contains("canary"), "{broken}");
        let mut release = release();
        release["spec"]["valuesFrom"][0]["optional"] = json!(true);
        assert!(Release::read(&release, &repository(), &|_, _, _| None).is_ok());
    }

    #[test]
    fn a_release_names_its_repository_and_what_its_values_come_from() {
        let release = release();
        assert_eq!(source(&release), ("ci", "woodpecker"));
        assert_eq!(read_from(&release), [("Secret", "woodpecker-values")]);
    }
}
