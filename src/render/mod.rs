//! Jobs to documents, in parallel, and documents to artifacts.

mod checks;
mod documents;
mod links;
mod patches;
mod plain;

pub use links::{Asked, Links, Offered};
pub use patches::is_target;

use std::collections::BTreeSet;

use plain::Shown;
use rayon::prelude::*;

use crate::document::Document;
use crate::kubernetes::order;
use crate::problem::{Place, Problem, Problems, Within, gather};
use crate::resolve::{Job, Module, Stack};
use crate::secrets::Reference;
use crate::secrets::reference::path_text;
use crate::site::Site;
use crate::yaml::{Data, Node};

/// One file below `out/`, made of one document.
#[derive(Debug)]
pub struct Artifact {
    /// Path below the stack's folder: `<module>/<file>`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// What it holds, for messages.
    pub label: String,
    /// The number of the job that made it, in its module.
    pub job: usize,
    /// The component that made it.
    pub place: Place,
    /// Where its document stands in what the layout rendered, if that is known.
    pub rendered: Option<Place>,
    /// NFS folders that it mounts: server and path.
    pub mounts: Vec<(String, String)>,
    /// The references to secrets in it.
    pub secrets: Vec<Reference>,
}

/// What a module became.
#[derive(Debug)]
pub struct Rendered {
    /// In the order of the jobs.
    pub artifacts: Vec<Artifact>,
    /// What its objects are to others.
    pub links: Links,
    /// The paths of the secrets that it names, in what is made and in what is not made now.
    pub secrets: BTreeSet<Box<str>>,
    /// What the author should look at.
    pub warnings: Problems,
}

/// A document and the job that made it.
struct Made {
    job: usize,
    document: Document,
}

/// What rendering a module found out besides its artifacts.
#[derive(Default)]
struct Findings {
    problems: Problems,
    /// The acceptances that something needed.
    needed: Vec<Place>,
    /// The texts of documents that look like secrets and are told or accepted.
    plain: Vec<String>,
    /// Those of them that are accepted.
    plain_accepted: Vec<String>,
}

/// Renders every module of a stack; acceptances and files that nothing needs are warnings.
pub fn stack(site: &Site, stack: &Stack) -> Result<Vec<Rendered>, Problems> {
    let modules: Vec<_> = stack.modules.par_iter().map(|module| self::module(site, stack, module)).collect();
    let (modules, shown): (Vec<_>, Vec<_>) = modules.into_iter().unzip();
    let plain = plain::told(site, stack, &shown);
    let mut problems = plain.problems;
    let (rendered, mut needed): (Vec<Rendered>, Vec<_>) =
        problems.take(gather(modules)).unwrap_or_default().into_iter().unzip();
    if problems.has_errors() {
        return Err(problems);
    }
    needed.push(plain.needed);
    let mut rendered: Vec<Rendered> = rendered;
    if let Some(first) = rendered.first_mut() {
        first.warnings.extend(problems);
        first.warnings.extend(stack.accepts.unneeded(&needed.concat()));
    }
    Ok(rendered)
}

/// The problems of components by themselves, in a stack that has others already.
pub fn problems(site: &Site, stack: &Stack) -> Problems {
    let of = |module: &Module| -> Vec<Problem> {
        let jobs = module.jobs.par_iter().enumerate().filter(|(_, job)| job.made);
        jobs.filter_map(|(number, job)| documents::of(site, module, number, job).err()).flatten_iter().collect()
    };
    let rendering: Problems = stack.modules.iter().flat_map(of).collect();
    rendering.into_iter().chain(plain::told(site, stack, &[]).problems).collect()
}

/// What a module became, and the acceptances that it needed.
type Finished = (Rendered, Vec<Place>);

/// What a module became; and what it shows of secrets in plain.
fn module(site: &Site, stack: &Stack, module: &Module) -> (Result<Finished, Problems>, Option<Shown>) {
    let jobs: Vec<_> =
        module.jobs.par_iter().enumerate().map(|(number, job)| documents::of(site, module, number, job)).collect();
    let is_whole = jobs.iter().all(Result::is_ok);
    let mut findings = Findings::default();
    let (mut made, mut not_made) = (Vec::new(), Vec::new());
    for (job, documents) in module.jobs.iter().zip(jobs) {
        match documents {
            Ok(documents) if job.made => made.extend(documents),
            // rendered only to see what it would accept
            Ok(documents) => not_made.extend(documents),
            Err(problems) if job.made => findings.problems.extend(problems),
            Err(_) => {}
        }
    }
    let patches = module.patches.iter().collect::<Vec<_>>();
    findings.problems.extend(patches::apply(site, &patches, &mut made));
    if !not_made.is_empty() {
        let mut silent = Findings::default();
        checks::check(site, stack, module, made.iter().chain(&not_made), &mut silent);
        findings.needed.extend(silent.needed);
        findings.plain.extend(silent.plain_accepted);
    }
    checks::check(site, stack, module, made.iter(), &mut findings);
    let accepted = plain::accepted(stack, module, &mut findings.needed);
    let shown = Shown { texts: std::mem::take(&mut findings.plain), accepted };
    (finished(site, stack, module, (made, not_made), findings), is_whole.then_some(shown))
}

fn finished(
    site: &Site,
    stack: &Stack,
    module: &Module,
    (made, not_made): (Vec<Made>, Vec<Made>),
    mut findings: Findings,
) -> Result<Finished, Problems> {
    let links = links::links(stack, module, &made, &not_made);
    let mut secrets: BTreeSet<Box<str>> =
        not_made.iter().flat_map(|one| names(&site.secrets.check(&one.document.text()).unwrap_or_default())).collect();
    let artifacts: Vec<_> = made.into_par_iter().map(|one| artifact(site, module, one)).collect();
    let artifacts = findings.problems.take(gather(artifacts)).unwrap_or_default();
    findings.problems.extend(snippets(module, &artifacts));
    if findings.problems.has_errors() {
        // what was not looked at as a whole is neither unread nor unneeded
        return Err(findings.problems);
    }
    secrets.extend(artifacts.iter().flat_map(|artifact| names(&artifact.secrets)));
    let Findings { problems: mut warnings, needed, .. } = findings;
    warnings.extend(module.jobs.iter().flat_map(|job| job.accepts.unneeded(&needed)));
    warnings.extend(module.accepts.unneeded(&needed));
    warnings.extend(unread_files(module));
    Ok((Rendered { artifacts, links, secrets, warnings }, needed))
}

/// The paths of references.
fn names(references: &[Reference]) -> Vec<Box<str>> {
    let path = |one: &Reference| path_text(&one.path).into();
    references.iter().map(path).collect()
}

/// A problem of what a component made; told at the component, unless it has a place already.
fn of_component(problem: Problem, job: &Job) -> Problem {
    let layout = job.layout.template.path.clone();
    problem.within(Within { component: job.component.clone(), layout, place: job.place.clone() })
}

fn artifact(site: &Site, module: &Module, made: Made) -> Result<Artifact, Problems> {
    let Made { job: number, mut document } = made;
    let job = &module.jobs[number];
    let mut mounts = Vec::new();
    let file = match &mut document {
        Document::Object { identity, object } => {
            order::order(&site.kinds, object);
            if site.kinds.kind(&identity.api_version, &identity.kind).is_some_and(|kind| !kind.custom) {
                find_mounts(object, &mut mounts);
            }
            identity.file_name(&site.kinds, module.namespace.as_deref())
        }
        Document::CloudInit { name, .. } => crate::out::path::cloud_init(name),
        Document::Proxmox { name, vmid, .. } => crate::out::path::proxmox(*vmid, name),
        Document::ControlPlaneFile { name, .. } => crate::out::path::control_plane(name),
    };
    let (text, label, rendered) = (document.text(), document.label(), document.place().cloned());
    let secrets = site.secrets.check(&text).map_err(|message| {
        let problem = Problem::error("secret", format!("in {label}: {message}"));
        let problem = wrong_reference(site, &job.values).into_iter().fold(problem, Problem::at);
        of_component(problem, job)
    })?;
    let path = format!("{}/{file}", crate::out::path::encode(&module.name));
    Ok(Artifact { path, text, label, job: number, place: job.place.clone(), rendered, mounts, secrets })
}

/// The place of the first value with a wrong reference to a secret.
fn wrong_reference<'a>(site: &Site, node: &'a Node) -> Option<&'a Place> {
    match &node.data {
        Data::Str(text) => site.secrets.check(text).is_err().then_some(&node.place),
        Data::List(list) => list.iter().find_map(|item| wrong_reference(site, item)),
        Data::Map(map) => map.iter().find_map(|(_, value)| wrong_reference(site, value)),
        _ => None,
    }
}

/// The NFS folders of volumes: in `PersistentVolume`s and pods.
fn find_mounts(node: &Node, mounts: &mut Vec<(String, String)>) {
    match &node.data {
        Data::List(list) => list.iter().for_each(|item| find_mounts(item, mounts)),
        Data::Map(map) => {
            for (key, value) in map.iter() {
                let text = |key| value.get(key).and_then(Node::as_str).map(str::to_owned);
                match (key, text("server"), text("path")) {
                    ("nfs", Some(server), Some(path)) => mounts.push((server, path)),
                    _ => find_mounts(value, mounts),
                }
            }
        }
        _ => {}
    }
}

/// Snippets that payloads name and that no cloud-init file of the module is.
fn snippets(module: &Module, artifacts: &[Artifact]) -> Problems {
    const START: &str = "<snippet:";
    let known: Vec<&str> = artifacts.iter().filter_map(|artifact| artifact.label.strip_prefix("CloudInit ")).collect();
    let mut problems = Problems::new();
    for artifact in artifacts.iter().filter(|artifact| artifact.path.contains("/proxmox/")) {
        for (at, _) in artifact.text.match_indices(START) {
            let name = artifact.text[at + START.len()..].split('>').next().unwrap_or_default();
            if !known.contains(&name) {
                let message =
                    format!("{} names the cloud-init file `{name}`, which nothing here makes", artifact.label);
                let hint = crate::problem::did_you_mean(name, known.iter().copied());
                let job = &module.jobs[artifact.job];
                let is_it =
                    |value: &str| value == name || value.contains(&artifact.text[at..at + START.len() + name.len()]);
                let problem = Problem::error("unknown-snippet", message).label(hint);
                let problem = documents::value_place(&job.values, &is_it).iter().fold(problem, Problem::at);
                problems.push(of_component(problem, job));
            }
        }
    }
    problems
}

fn unread_files(module: &Module) -> Problems {
    let problem = |source: &&std::sync::Arc<crate::problem::Source>| {
        Problem::warning("unused-file", format!("nothing reads `{}`", source.path)).at(&Place::file(source))
    };
    module.files.unused().iter().map(problem).collect()
}
