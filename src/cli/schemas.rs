//! `homebuild schemas`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

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
    #[command(after_help = examples!("schemas pull", "schemas pull --context homelab"))]
    Pull {
        /// A context of the kubeconfig [default: its current one]
        #[arg(long, value_name = "NAME")]
        context: Option<String>,
        /// Print what was taken over as JSON
        #[arg(long)]
        json: bool,
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
    /// Print what was taken over as JSON
    #[arg(long)]
    json: bool,
}

/// What was taken over: the files of `schemas/`, each with the number of its kinds; a chart's has none.
#[derive(Default)]
struct Taken {
    files: Vec<(String, Option<usize>)>,
    left_out: BTreeSet<String>,
}

impl Taken {
    /// It as JSON, and as text below `head`.
    fn told(self, server: Option<(&str, &str)>) -> (Value, String) {
        let head = |(server, version): (&str, &str)| format!("{server}, Kubernetes {version}\n");
        let mut text = server.map(head).unwrap_or_default();
        for (path, kinds) in &self.files {
            let what = kinds.map_or_else(|| "the values of a chart".to_owned(), |kinds| super::count(kinds, "kind"));
            let _ = writeln!(text, "{path}: {what}");
        }
        for pattern in &self.left_out {
            let _ = writeln!(text, "left out, because it cannot be tried: the pattern {pattern}");
        }
        let files: Vec<_> = self.files.iter().map(|(path, kinds)| json!({"file": path, "kinds": kinds})).collect();
        let (server, version) = server.unzip();
        (json!({"server": server, "kubernetes": version, "files": files, "left_out": self.left_out}), text)
    }
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Command::Add(add) => super::wrote(add.json, self::add(root, add)),
        Command::Pull { context, json } => super::wrote(*json, pull(root, context.as_deref())),
    }
}

fn add(root: &Path, add: &Add) -> Result<(Value, String), Problems> {
    let site = disk::Site::open(root)?;
    let mut problems = Problems::new();
    let texts: Vec<_> = add.files.iter().filter_map(|path| problems.take(disk::texts(path, &ENDS))).flatten().collect();
    let values: Vec<_> = texts.iter().filter_map(|text| problems.take(values(text))).flatten().collect();
    problems.or(())?;
    if let Some(chart) = &add.chart {
        return Ok(self::chart(&site, chart, &values)?.told(None));
    }
    let (documents, others): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| value.get("openapi").is_some());
    let manifests: Vec<Value> = others.into_iter().flat_map(items).filter(is_definition).collect();
    let mut distilled = Vec::new();
    if !documents.is_empty() {
        let Some(version) = &add.kubernetes else {
            return Err(Problem::error("schemas", "OpenAPI documents do not say of which Kubernetes they are")
                .note("say it: `--kubernetes 1.34.2`")
                .into());
        };
        distilled.push(distil::documents(version, &documents)?);
    }
    if !manifests.is_empty() {
        distilled.push(distil::definitions(&manifests)?);
    }
    if distilled.is_empty() {
        return Err(
            Problem::error("schemas", "there is no custom resource definition and no OpenAPI document here").into()
        );
    }
    Ok(save(&site, distilled)?.told(None))
}

fn pull(root: &Path, context: Option<&str>) -> Result<(Value, String), Problems> {
    let site = disk::Site::open(root)?;
    let published = cluster::published(context)?;
    let taken = save(&site, vec![distil::documents(&published.version, &published.documents)?])?;
    Ok(taken.told(Some((&published.server, &published.version))))
}

/// Writes schemas over those that the site has; nothing, where any of them is wrong.
fn save(site: &disk::Site, distilled: Vec<Distilled>) -> Result<Taken, Problems> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut taken = Taken::default();
    for Distilled { files: newer, left_out } in distilled {
        taken.left_out.extend(left_out);
        for (name, newer) in newer.0 {
            if !(words::SUBDOMAIN.is)(&name) {
                return Err(Problem::error("schemas", format!("`{}` is no API group", name.escape_debug())).into());
            }
            let path = format!("schemas/{name}.json");
            let old = match files.remove(&path) {
                Some(file) => file,
                None => read(site, &path)?,
            };
            files.insert(path, old.under(newer));
        }
    }
    for (path, file) in files {
        out::put(site, &path, &file.text())?;
        taken.files.push((path, Some(file.kinds.len())));
    }
    Ok(taken)
}

fn read(site: &disk::Site, path: &str) -> Result<File, Problems> {
    let old = site.file(path, &mut disk::Seen::new())?;
    let old = old.map(|source| serde_json::from_str::<File>(&source.text).map_err(|error| broken(&source, &error)));
    Ok(old.transpose()?.unwrap_or_default())
}

fn chart(site: &disk::Site, name: &str, values: &[Value]) -> Result<Taken, Problems> {
    let [schema] = values else {
        return Err(Problem::error("schemas", "the values of a chart have one schema, in one file").into());
    };
    if !(words::DATA_KEY.is)(name) {
        return Err(Problem::error("schemas", format!("`{}` is no chart's name", name.escape_debug())).into());
    }
    let path = format!("schemas/charts/{name}.json");
    out::put(site, &path, &format!("{schema:#}\n"))?;
    Ok(Taken { files: vec![(path, None)], ..Taken::default() })
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
