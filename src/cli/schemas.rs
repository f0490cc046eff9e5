//! `homebuild schemas`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster;
use crate::disk;
use crate::kubernetes::openapi::distil::{self, Distilled};
use crate::kubernetes::openapi::file::File;
use crate::kubernetes::openapi::words;
use crate::out;
use crate::problem::{Place, Problem, Problems, Source};
use crate::yaml;

/// What a file with schemas ends in.
const ENDS: [&str; 3] = [".json", ".yaml", ".yml"];

/// Arguments of `homebuild schemas`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("schemas add crds.yaml"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Take schemas over from files: custom resource definitions, `OpenAPI` documents, a chart's values.schema.json
    Add(Add),
    /// Take schemas over from a running cluster: Kubernetes' own and those of all custom resources that it has
    ///
    /// The cluster is found as kubectl finds it, through KUBECONFIG or ~/.kube/config.
    ///
    /// Example: homebuild schemas pull --context homelab
    Pull {
        /// A context of the kubeconfig [default: its current one]
        #[arg(long, value_name = "NAME")]
        context: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "schemas add crds.yaml",
    "schemas add --chart traefik values.schema.json"
))]
struct Add {
    /// Custom resource definitions (YAML or JSON), `OpenAPI` documents, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// The version of Kubernetes that the `OpenAPI` documents are of, such as 1.34.2; they do not say it
    #[arg(long, value_name = "VERSION")]
    kubernetes: Option<String>,
    /// The file is the values.schema.json of this chart
    #[arg(long, value_name = "NAME", conflicts_with = "kubernetes")]
    chart: Option<String>,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    let done = match &arguments.command {
        Command::Add(add) => self::add(root, add),
        Command::Pull { context } => pull(root, context.as_deref()),
    };
    match done {
        Ok(said) => {
            let _ = std::io::stdout().write_all(said.as_bytes());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            super::tell_problems(problems, "; nothing was written");
            ExitCode::from(super::FAILED)
        }
    }
}

fn add(root: &Path, add: &Add) -> Result<String, Problems> {
    let site = disk::Site::open(root)?;
    let mut problems = Problems::new();
    let texts: Vec<_> = add.files.iter().filter_map(|path| problems.take(disk::texts(path, &ENDS))).flatten().collect();
    let values: Vec<_> = texts.iter().filter_map(|text| problems.take(values(text))).flatten().collect();
    problems.or(())?;
    if let Some(chart) = &add.chart {
        return self::chart(&site, chart, &values);
    }
    let (documents, others): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| value.get("openapi").is_some());
    let manifests: Vec<Value> = others.into_iter().flat_map(items).filter(is_definition).collect();
    let mut said = String::new();
    if !documents.is_empty() {
        let Some(version) = &add.kubernetes else {
            return Err(Problem::error("schemas", "OpenAPI documents do not say of which Kubernetes they are")
                .note("say it: `--kubernetes 1.34.2`")
                .into());
        };
        said += &save(&site, distil::documents(version, &documents)?)?;
    }
    if !manifests.is_empty() {
        said += &save(&site, distil::definitions(&manifests)?)?;
    }
    if said.is_empty() {
        return Err(
            Problem::error("schemas", "there is no custom resource definition and no OpenAPI document here").into()
        );
    }
    Ok(said)
}

fn pull(root: &Path, context: Option<&str>) -> Result<String, Problems> {
    let site = disk::Site::open(root)?;
    let published = cluster::published(context)?;
    let said = save(&site, distil::documents(&published.version, &published.documents)?)?;
    Ok(format!("{}, Kubernetes {}\n{said}", published.server, published.version))
}

/// Writes schemas over those that the site has, and says what came of it.
pub(super) fn save(site: &disk::Site, distilled: Distilled) -> Result<String, Problems> {
    let mut files = BTreeMap::new();
    for (name, newer) in distilled.files.0 {
        if !(words::SUBDOMAIN.is)(&name) {
            return Err(Problem::error("schemas", format!("`{}` is no API group", name.escape_debug())).into());
        }
        let path = format!("schemas/{name}.json");
        let old = site.file(&path, &mut disk::Seen::new())?;
        let old = old.map(|source| serde_json::from_str::<File>(&source.text).map_err(|error| broken(&source, &error)));
        let file = old.transpose()?.unwrap_or_default().under(newer);
        files.insert(path, file);
    }
    let mut said = String::new();
    for (path, file) in files {
        out::put(site, &path, &file.text())?;
        let _ = writeln!(said, "{path}: {}", super::count(file.kinds.len(), "kind"));
    }
    for pattern in distilled.left_out {
        let _ = writeln!(said, "left out, because it cannot be tried: the pattern {pattern}");
    }
    Ok(said)
}

fn chart(site: &disk::Site, name: &str, values: &[Value]) -> Result<String, Problems> {
    let [schema] = values else {
        return Err(Problem::error("schemas", "the values of a chart have one schema, in one file").into());
    };
    if !(words::DATA_KEY.is)(name) {
        return Err(Problem::error("schemas", format!("`{}` is no chart's name", name.escape_debug())).into());
    }
    let path = format!("schemas/charts/{name}.json");
    out::put(site, &path, &format!("{schema:#}\n"))?;
    Ok(format!("{path}: the values of chart {name}\n"))
}

/// The documents of a file.
fn values(source: &Arc<Source>) -> Result<Vec<Value>, Problems> {
    if source.path.ends_with(".json") {
        return Ok(vec![serde_json::from_str(&source.text).map_err(|error| broken(source, &error))?]);
    }
    Ok(yaml::parse(source)?.iter().map(distil::value).collect())
}

/// The objects of a list; another object is itself.
fn items(value: Value) -> Vec<Value> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get("items").and_then(Value::as_array).filter(|_| is_list) {
        Some(items) => {
            let inherits = |mut item: Value| {
                if let (Some(map), Some("CustomResourceDefinitionList")) =
                    (item.as_object_mut(), value["kind"].as_str())
                {
                    map.entry("kind").or_insert("CustomResourceDefinition".into());
                    map.entry("apiVersion").or_insert(value["apiVersion"].clone());
                }
                item
            };
            items.iter().cloned().map(inherits).collect()
        }
        None => vec![value],
    }
}

fn is_definition(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition")
}

fn broken(source: &Arc<Source>, error: &serde_json::Error) -> Problem {
    Problem::error("schemas", format!("this is no JSON: {error}")).at(&Place::line(source, error.line()))
}
