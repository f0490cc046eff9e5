//! What push reads of a site: `out/`, the secrets, and to which cluster it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::build::{self, Options};
use crate::cli::{prompt, secrets};
use crate::cluster::Cluster;
use crate::diff;
use crate::disk::{self, Seen};
use crate::kubernetes::kinds::Kinds;
use crate::load;
use crate::out::{self, Changes, Mode};
use crate::problem::{Problem, Problems, Source, did_you_mean};
use crate::push::kubernetes::{Charts, Kubernetes};
use crate::push::order::{self, Choice};
use crate::push::stack::{self, Stack};
use crate::push::target::Name;
use crate::secrets::Secret;
use crate::sops::{Vault, fill};
use crate::yaml::{Map, Node};

/// Which cluster the contexts led to at the last push from here; safe to delete.
const KNOWN: &str = ".homebuild/clusters.json";

/// Which stacks, and where: what all these commands are told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Where {
    /// Only this stack (may be given several times)
    #[arg(long = "stack", value_name = "NAME", add = crate::cli::complete::stacks())]
    pub stacks: Vec<String>,
    /// The target of homebuild.yaml, where it has several clusters
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// A context of the kubeconfig, instead of the target's own
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Of the chosen stacks, those that are meant.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Which {
    /// And the stacks that these depend on
    #[arg(long)]
    pub with_dependencies: bool,
    /// Only the stacks of this wave, from 0 on: `homebuild graph` shows them
    #[arg(long, value_name = "N")]
    pub wave: Option<usize>,
    /// Only the stacks whose part of out/ differs from a revision of git
    #[arg(long, value_name = "REV")]
    pub changed_since: Option<String>,
}

/// A site as push reads it.
pub(super) struct Site {
    pub stacks: Vec<Stack>,
    /// The stacks of the site that go elsewhere.
    pub elsewhere: BTreeSet<String>,
    pub kinds: Kinds,
    /// The name of the target.
    pub target: String,
    /// The uid of the cluster, where the site says it.
    pub uid: Option<String>,
    /// The git commit of `out/`.
    pub commit: Option<String>,
    context: Option<String>,
    /// Whether the target says `helm: flux`.
    leaves_charts_to_flux: bool,
    root: PathBuf,
    /// Whether the context was named on the command line.
    is_named: bool,
    disk: disk::Site,
    vault: OnceLock<Result<(Secret, Vault), Problems>>,
}

impl Site {
    /// Reads it. An `out/` that is not as it was built is refused.
    pub fn open(root: &Path, place: &Where) -> Result<Self, Problems> {
        let disk = disk::Site::open(root)?;
        let tree = out::read_texts(&disk)?;
        let (target, node) = target(&tree, place)?;
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let is_ours = |stack: &Stack| {
            let mut files = stack.modules.iter().flat_map(|module| &module.files);
            files.any(|file| file.object.is_some()) && stack.target.as_ref().is_none_or(|name| *name == target)
        };
        let (stacks, others): (Vec<Stack>, Vec<Stack>) = stack::read(&tree)?.into_iter().partition(is_ours);
        let elsewhere = others.into_iter().map(|stack| stack.name).collect();
        Ok(Self {
            kinds: Kinds::new(&disk.folder("schemas")?.files)?,
            uid: text("uid"),
            leaves_charts_to_flux: text("helm").as_deref() == Some("flux"),
            root: root.to_owned(),
            is_named: place.context.is_some(),
            context: place.context.clone().or_else(|| text("context")),
            commit: diff::head(root),
            target,
            stacks,
            elsewhere,
            disk,
            vault: OnceLock::new(),
        })
    }

    /// The stacks that are meant.
    pub fn chosen(&self, root: &Path, place: &Where, which: &Which) -> Result<Vec<&Stack>, Problems> {
        if let Some(name) = place.stacks.iter().find(|name| self.elsewhere.contains(*name)) {
            return Err(Problem::error("other-target", format!("stack `{name}` has nothing for a Kubernetes API"))
                .note("machines are made by the push to Proxmox, which this version does not have yet")
                .into());
        }
        let among = which.changed_since.as_deref().map(|revision| changed(root, revision)).transpose()?;
        let choice = Choice {
            stacks: place.stacks.clone(),
            with_dependencies: which.with_dependencies,
            wave: which.wave,
            among,
        };
        Ok(order::choose(&self.stacks, &choice)?)
    }

    /// The cluster. `waits` is told what is waited for; `stop` ends all waiting.
    pub fn cluster(
        &self,
        waits: impl Fn(&str) + Send + Sync + 'static,
        stop: &Arc<AtomicBool>,
    ) -> Result<Arc<Cluster>, Problem> {
        Cluster::open(self.context.as_deref(), Box::new(waits), stop.clone()).map(Arc::new)
    }

    /// Fills in the secrets of a file. The keys are looked for when the first secret is needed.
    pub fn fill(&self, file: &Arc<Source>, is_old: bool) -> Result<Zeroizing<String>, Problems> {
        let opened = self.vault.get_or_init(|| {
            let sources = load::secrets_only(&self.disk)?;
            Ok((Secret::load(&sources)?, Vault::open(&sources, &secrets::keys())?))
        });
        let (names, vault) = opened.as_ref().map_err(Clone::clone)?;
        let value = |path: &[String]| vault.value(path);
        if is_old { fill::fill_old(file, names, &value) } else { fill::fill(file, names, &value) }
    }

    /// Whether it is the cluster that this target always was: the one that the site names by its uid, else the one of
    /// the last push from here. A context that is named on the command line is what is meant.
    pub fn is_known(&self, name: &Name, is_new: bool) -> Result<(), Problems> {
        let refused = |uid: &str, who: &str| {
            Problem::error(
                "other-cluster",
                format!("{} is another cluster: its uid is {}, {who} {uid}", name.address, name.identity),
            )
            .note("is the kubeconfig's context what it was? nothing was asked of this cluster but to look")
        };
        if let Some(uid) = self.uid.as_deref().filter(|uid| *uid != name.identity && !self.is_named) {
            return Err(refused(uid, "homebuild.yaml says").note("`--context NAME` names another one").into());
        }
        let key = self.context.clone().unwrap_or_else(|| self.target.clone());
        let mut known: BTreeMap<String, String> = match self.disk.file(KNOWN, &mut Seen::new())? {
            Some(file) => serde_json::from_str(&file.text).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        match known.get(&key) {
            Some(uid) if *uid == name.identity => return Ok(()),
            Some(uid) if !is_new => {
                return Err(refused(uid, "the last push from here went to")
                    .note("if that is meant: `--new-cluster`")
                    .into());
            }
            _ => {}
        }
        known.insert(key, name.identity.clone());
        let text = serde_json::to_string_pretty(&known).unwrap_or_default();
        Ok(out::put(&self.disk, KNOWN, &format!("{text}\n"))?)
    }

    /// Who installs charts: Flux where the target says so, else the program helm, with a folder beside the site's memory.
    fn charts(&self) -> Result<Charts, Problem> {
        if self.leaves_charts_to_flux {
            return Ok(Charts::Flux);
        }
        let folder = out::folder(&self.disk, ".homebuild/helm")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        Ok(Charts::Helm { path, folder: self.root.join(folder) })
    }

    /// Does something with the target.
    pub fn with_target<R>(
        &self,
        cluster: &Arc<Cluster>,
        work: impl FnOnce(&Kubernetes<'_>) -> Result<R, Problems>,
    ) -> Result<R, Problems> {
        let fill = |file: &Arc<Source>, is_old: bool| self.fill(file, is_old);
        let target = Kubernetes::new(&self.target, cluster, &self.kinds, &fill, self.charts()?)?;
        work(&target)
    }
}

/// The one Kubernetes target, or the one that is named.
fn target(tree: &out::Tree, place: &Where) -> Result<(String, Node), Problem> {
    let targets = tree.site.as_ref().and_then(|lock| lock.get("targets")).and_then(Node::as_map);
    let is_cluster = |(_, node): &(&str, &Node)| node.get("type").and_then(Node::as_str) == Some("kubernetes");
    let clusters: Vec<(&str, &Node)> = targets.into_iter().flat_map(Map::iter).filter(is_cluster).collect();
    let names = || clusters.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let found = match (&place.target, &clusters[..]) {
        (Some(wanted), _) => clusters.iter().find(|(name, _)| name == wanted).ok_or_else(|| {
            let problem = Problem::error("target", format!("the site has no Kubernetes target `{wanted}`"));
            let hint = did_you_mean(wanted, names());
            if hint.is_empty() { problem } else { problem.note(hint) }
        })?,
        (None, [one]) => one,
        (None, []) if place.context.is_some() => {
            return Ok(("cluster".to_owned(), Node::map(&crate::problem::Place::nowhere())));
        }
        (None, []) => {
            return Err(Problem::error("target", "the site names no cluster to push to").note(
                "say it in homebuild.yaml: `targets: {cluster: {type: kubernetes, context: NAME}}`, or name a context: `--context NAME`",
            ));
        }
        (None, _) => {
            return Err(Problem::error("target", format!("the site has several clusters: {}", names().join(", ")))
                .note("say which: `--target NAME`"));
        }
    };
    Ok((found.0.to_owned(), found.1.clone()))
}

/// The stacks whose part of `out/` differs from a revision.
fn changed(root: &Path, revision: &str) -> Result<BTreeSet<String>, Problems> {
    let read = diff::read(root, revision)?;
    let differs = |path: &&String| read.old.get(*path) != read.new.get(*path);
    let paths = read.old.keys().chain(read.new.keys());
    Ok(paths.filter(differs).filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect())
}

/// Whether `out/` is what the sources give; of a site without sources nothing is asked.
pub(super) fn is_fresh(root: &Path) -> Result<(), Problems> {
    if !root.join("homebuild.yaml").exists() {
        return Ok(());
    }
    crate::cli::pool(0);
    let options = Options { mode: Mode::Check, stacks: BTreeSet::new(), deny_warnings: false };
    let report = rayon::scope(|_| build::build(root, &options, &|_, _| {}));
    match report {
        Ok(report) if report.changes.values().all(Changes::is_empty) => Ok(()),
        Ok(report) => {
            let stacks: Vec<&str> =
                report.changes.iter().filter(|(_, of)| !of.is_empty()).map(|(name, _)| name.as_ref()).collect();
            Err(Problem::error("stale", format!("out/ is not what the sources give: {}", stacks.join(", ")))
                .note("`homebuild build`, look at what changes, and push that; `--stale` pushes out/ as it is")
                .into())
        }
        Err(failure) => Err(failure.problems),
    }
}

/// Ctrl-C raises it.
pub(super) fn stop() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    prompt::stop_by(&stop);
    stop
}
