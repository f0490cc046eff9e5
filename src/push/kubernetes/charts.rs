//! Releases of charts among the objects of a stack: a `HelmRelease` is not sent to the server, the program `helm` runs.
//!
//! What is recorded of one is the digest of all texts that make it and the Secret of helm's own that its revision is kept
//! in. Where both are as they were, helm is not run at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use super::draft::{Draft, subject};
use super::helm::{self, Access, Change, Helm, How, Installed, Release, Revision, Status};
use super::look::{self, Live};
use super::object::{Id, Object};
use super::plan::{Planning, Work, place};
use super::prune::PROTECTED;
use super::{Kubernetes, claim, owners};
use crate::cluster::{Part, Resource, Select};
use crate::diff::{self, Effect, Field, Verb};
use crate::problem::{Problem, Problems};
use crate::push::plan::{Action, Step, Waits};
use crate::push::record::{Member, State};
use crate::push::stack::{Module, Stack};
use crate::push::target::Kept;

/// The group of releases.
const RELEASES: &str = "helm.toolkit.fluxcd.io";
/// The group of repositories.
const SOURCES: &str = "source.toolkit.fluxcd.io";

/// Who installs charts.
#[derive(Debug, Clone)]
pub enum Charts {
    /// Flux, in the cluster: releases are objects as all others.
    Flux,
    /// The program `helm`: where it is looked for, and a folder that it may use.
    Helm {
        /// The search path.
        path: OsString,
        /// The folder, which is there.
        folder: PathBuf,
    },
}

/// Whether an object is a release.
pub(super) fn is_release(id: &Id) -> bool {
    id.group == RELEASES && id.kind == "HelmRelease"
}

/// Whether an object is where charts come from.
fn is_repository(id: &Id) -> bool {
    id.group == SOURCES && id.kind == "HelmRepository"
}

/// The API groups whose definitions the charts of a module bring, as its `provides` says.
pub(super) fn groups(module: &Module) -> impl Iterator<Item = &str> {
    let definitions = module.provides.iter().filter_map(|what| what.strip_prefix("CustomResourceDefinition/"));
    definitions.filter_map(|name| name.split_once('.')).map(|(_, group)| group)
}

/// The metadata of helm's own Secrets, by namespace.
pub(super) type Revisions = BTreeMap<String, Vec<Value>>;

impl Kubernetes<'_> {
    /// Whether an object is for helm, and not for the server.
    pub(super) fn is_for_helm(&self, id: &Id) -> bool {
        matches!(self.charts, Charts::Helm { .. }) && (is_release(id) || is_repository(id))
    }

    /// The program; looked for when it is first needed.
    fn helm(&self) -> Result<&Helm, Problem> {
        let found = self.helm.get_or_init(|| match &self.charts {
            Charts::Helm { path, folder } => Helm::find(path, folder),
            Charts::Flux => Err(Problem::error("helm", "this target leaves charts to Flux")),
        });
        found.as_ref().map_err(Clone::clone)
    }

    fn access(&self) -> Access {
        self.cluster.context().map_or(Access::InCluster, |context| Access::Context(context.to_owned()))
    }

    fn secrets(&self) -> Result<Resource, Problem> {
        let served = self.cluster.served();
        served.kind("v1", "Secret").cloned().ok_or_else(|| Problem::error("cluster", "the server has no Secrets"))
    }

    /// What helm keeps of all releases.
    pub(super) fn revisions(&self) -> Result<Revisions, Problem> {
        let mut all = Revisions::new();
        let select = Select { labels: "owner=helm", ..Select::default() };
        let listed = self.cluster.list(&self.secrets()?, select, Part::Metadata, &mut |secret| {
            let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
            all.entry(namespace).or_default().push(secret);
        });
        listed.map_err(|refusal| look::refused(&self.cluster, "cannot list the releases of helm", &refusal))?;
        Ok(all)
    }

    fn installed(&self, namespace: &str, newest: Option<&Revision>) -> Result<Option<(Installed, Value)>, Problem> {
        let Some(newest) = newest else { return Ok(None) };
        let of = self.secrets()?;
        let secret = self.cluster.get(&of, Some(namespace), &newest.secret);
        let secret =
            secret.map_err(|refusal| look::refused(&self.cluster, "cannot read a release of helm", &refusal))?;
        secret.map(|secret| Ok((Installed::read(&secret)?, secret))).transpose()
    }

    /// What a release runs, with its secrets, of the objects of its stack.
    fn release(&self, object: &Object, objects: &[&Object], is_old: bool) -> Result<Release, Problems> {
        let (value, _) = object.filled(self.fill, is_old)?;
        let (namespace, name) = helm::source(&value);
        let is_it =
            |other: &&&Object| is_repository(&other.id) && other.id.namespace == namespace && other.id.name == name;
        let Some(repository) = objects.iter().find(is_it) else {
            let what = format!(
                "{} takes its chart from HelmRepository {namespace}/{name}, which its stack does not have",
                object.id.words()
            );
            return Err(Problem::error("helm", what).at(&place(object)).into());
        };
        let values =
            |kind: &str, name: &str, key: &str| self.text(objects, (&object.id.namespace, kind, name), key, is_old);
        Ok(Release::read(&value, &repository.value(), &values)?)
    }

    /// The text of a key of a Secret or `ConfigMap` of the stack, filled in.
    fn text(
        &self,
        objects: &[&Object],
        (namespace, kind, name): (&str, &str, &str),
        key: &str,
        is_old: bool,
    ) -> Option<Zeroizing<String>> {
        use base64::Engine as _;
        let is_it =
            |other: &&&Object| other.id.kind == kind && other.id.name == name && other.id.namespace == namespace;
        let (value, _) = objects.iter().find(is_it)?.filled(self.fill, is_old).ok()?;
        let text = value["data"][key].as_str()?;
        if kind != "Secret" {
            return Some(Zeroizing::new(text.to_owned()));
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        String::from_utf8(bytes).ok().map(Zeroizing::new)
    }

    /// Installs or upgrades. The Secret of the revision that runs then.
    pub(super) fn run_helm(&self, step: &Step<Work>, object: &Object) -> Result<Revision, Problems> {
        let beside: Vec<&Object> = step.work.beside.iter().map(|object| &**object).collect();
        let release = self.release(object, &beside, step.work.is_old)?;
        let revisions = Revision::list(&self.own(&release)?, &release.name);
        let mut installed = self.installed(&release.namespace, revisions.first())?;
        if let Some((pending, secret)) = installed.as_ref().filter(|(installed, _)| installed.status == Status::Pending)
        {
            let now = jiff::Timestamp::now();
            if let Some(until) = pending.busy_until(&release, now).filter(|_| !step.work.frees) {
                return Err(pending.busy(until).into());
            }
            let freed = helm::freed(secret, now)?;
            let name = secret["metadata"]["name"].as_str().unwrap_or_default();
            let put = self.cluster.update(&self.secrets()?, Some(&release.namespace), name, &freed, owners::MANAGER);
            put.map_err(|refusal| look::refused(&self.cluster, "cannot free a release of helm", &refusal))?;
            installed = self.installed(&release.namespace, revisions.first())?;
        }
        let (access, is_over) = (self.access(), || self.cluster.is_stopped());
        let how = How { access: &access, adopt: step.action == Action::Adopt, stop: &is_over };
        let revisions = Revision::list(&self.own(&release)?, &release.name);
        self.helm()?.apply(&release, installed.as_ref().map(|(installed, _)| installed), &revisions, how)?;
        let _ = self.cluster.discover();
        Revision::list(&self.own(&release)?, &release.name).into_iter().next().ok_or_else(|| {
            Problem::error("helm", format!("helm has no revision of release `{}` after it ran", release.name)).into()
        })
    }

    fn own(&self, release: &Release) -> Result<Vec<Value>, Problem> {
        Ok(self.revisions()?.remove(&release.namespace).unwrap_or_default())
    }

    /// Removes a release that was recorded.
    pub(super) fn uninstall(&self, id: &Id, live: &Live) -> Result<(), Problem> {
        let name = name_of(&live.version).unwrap_or(&id.name);
        let (access, stop) = (self.access(), || self.cluster.is_stopped());
        self.helm()?.uninstall(name, &id.namespace, How { access: &access, adopt: false, stop: &stop })
    }
}

/// The release whose revision a Secret of helm's keeps: `sh.helm.release.v1.NAME.v3`.
fn name_of(secret: &str) -> Option<&str> {
    secret.strip_prefix("sh.helm.release.v1.")?.rsplit_once(".v").map(|(name, _)| name)
}

impl Planning<'_> {
    /// What becomes of a release.
    pub(super) fn release(
        &self,
        stack: &Stack,
        object: &Object,
        objects: &[&Object],
        revisions: &Revisions,
    ) -> Step<Work> {
        let mut draft = Draft::new(stack, object);
        draft.work.is_old = self.allowed.going_back;
        let needed: Vec<&Object> = needed(object, objects);
        draft.work.beside = needed.iter().map(|object| std::sync::Arc::new((*object).clone())).collect();
        let texts =
            std::iter::once(object).chain(needed.iter().copied()).map(|object| object.file.source.text.as_str());
        let digest = helm::digest(texts);
        let member = self.record(&stack.name).and_then(|record| record.members.get(&object.id.to_string()));
        let judged = self.judge_release(&mut draft, member, &digest, &needed, revisions);
        let mut step = draft.end(judged);
        step.digest = Some(digest);
        step
    }

    fn judge_release(
        &self,
        draft: &mut Draft<'_>,
        member: Option<&Member>,
        digest: &str,
        objects: &[&Object],
        revisions: &Revisions,
    ) -> Result<Action, Problems> {
        let (target, object) = (self.target, draft.object);
        let recorded = member.and_then(|member| member.version.as_deref());
        let in_namespace = revisions.get(&object.id.namespace).map_or(&[][..], Vec::as_slice);
        if let (Some(member), Some(secret)) = (member, recorded)
            && member.state == State::Owned
            && member.digest == digest
        {
            let name = name_of(secret).unwrap_or(&object.id.name);
            let newest = Revision::list(in_namespace, name).into_iter().next();
            if let Some(newest) = newest.filter(|newest| newest.secret == secret && newest.status == Status::Deployed) {
                draft.work.live = Some(live(&newest, draft.stack));
                return Ok(Action::Unchanged);
            }
        }
        let release = target.release(object, objects, self.allowed.going_back)?;
        let helm = target.helm()?;
        let revisions = Revision::list(in_namespace, &release.name);
        let installed = target.installed(&release.namespace, revisions.first())?.map(|(installed, _)| installed);
        let is_there = installed.as_ref().is_some_and(|installed| installed.status != Status::Uninstalled);
        if !is_there && !self.has_namespace(&release.namespace) {
            draft.notes.push(format!("installs chart {} {}", release.chart, release.version));
            draft.waits = Some(Waits::Here(format!("Namespace {}", release.namespace)));
            return Ok(Action::Create);
        }
        draft.work.frees = self.allowed.free_releases.contains(&release.name);
        let busy = installed.as_ref().filter(|_| !draft.work.frees);
        if let Some((installed, until)) =
            busy.and_then(|installed| Some((installed, installed.busy_until(&release, jiff::Timestamp::now())?)))
        {
            return Err(installed.busy(until).at(&place(object)).into());
        }
        draft.work.live = revisions.first().filter(|_| is_there).map(|newest| live(newest, draft.stack));
        let is_ours = member.is_some();
        if is_ours && installed.as_ref().is_some_and(|installed| installed.is(&release)) {
            return Ok(Action::Unchanged);
        }
        let action = match (is_there, is_ours, self.elsewhere(draft)) {
            (false, ..) => Action::Create,
            (true, true, _) => Action::Configure,
            (true, false, Some(stack)) => {
                draft.notes.push(format!("from stack {stack}"));
                Action::Move
            }
            (true, false, None) => Action::Adopt,
        };
        if action == Action::Adopt {
            self.may_adopt(draft, &release, installed.as_ref());
        }
        let (access, stop) = (target.access(), || target.cluster.is_stopped());
        let how = How { access: &access, adopt: action == Action::Adopt, stop: &stop };
        let changes = helm.changes(&release, installed.as_ref(), how, (draft.stack, &object.module), target.kinds)?;
        for change in changes {
            tell(draft, change);
        }
        Ok(action)
    }

    /// Another stack that has the release in its record.
    fn elsewhere(&self, draft: &Draft<'_>) -> Option<&str> {
        let id = draft.object.id.to_string();
        let has_it = |(name, kept): &(&String, &Kept)| *name != draft.stack && kept.record.members.contains_key(&id);
        self.world.records.iter().find(has_it).map(|(name, _)| name.as_str())
    }

    /// Whether a release that is there, and no stack's, may become this stack's.
    fn may_adopt(&self, draft: &mut Draft<'_>, release: &Release, installed: Option<&Installed>) {
        let is_named = self.allowed.chart_versions.contains(&release.name);
        let other = installed.and_then(|installed| installed.other_version(release)).filter(|_| !is_named);
        draft.problem = if claim::is_allowed(self, draft.object) {
            other.map(|problem| problem.at(&place(draft.object)))
        } else {
            let what = format!("release `{}` is there, and no stack's", release.name);
            Some(Problem::error("adopt", what).note("`--adopt` makes it this stack's").at(&place(draft.object)))
        };
    }
}

/// What of the objects of a stack makes a release: its repository, and what its values come from.
fn needed<'o>(object: &Object, objects: &[&'o Object]) -> Vec<&'o Object> {
    let value = object.value();
    let (namespace, name) = helm::source(&value);
    let from = helm::read_from(&value);
    let is_needed = |other: &&&Object| {
        let of = &other.id;
        is_repository(of) && of.namespace == namespace && of.name == name
            || of.namespace == object.id.namespace && from.contains(&(of.kind.as_str(), of.name.as_str()))
    };
    objects.iter().filter(is_needed).copied().collect()
}

/// A revision as what is there.
fn live(revision: &Revision, stack: &str) -> Live {
    Live {
        uid: revision.uid.clone(),
        version: revision.secret.clone(),
        generation: None,
        owner: Some(stack.to_owned()),
        is_going: false,
        is_controlled: false,
        marks: Arc::default(),
    }
}

/// Says what helm would change.
fn tell(draft: &mut Draft<'_>, change: Change) {
    let mut put = |path: String, change: diff::Change, effect: Effect| {
        draft.fields.push(Field { pattern: path.clone(), path, change, effect });
    };
    match change {
        Change::Install(chart, version) => draft.notes.push(format!("installs chart {chart} {version}")),
        Change::Chart(old, new) => put("chart".to_owned(), diff::Change::Value(Some(old), Some(new)), Effect::None),
        Change::Redone(why) => draft.notes.push(why.to_owned()),
        Change::Value { path, verb, is_secret: true } => {
            put(format!("values.{path}"), diff::Change::Secret(verb), Effect::None);
        }
        Change::Value { path, is_secret: false, .. } => {
            put(format!("values.{path}"), diff::Change::Value(None, None), Effect::None);
        }
        Change::Rough => {
            draft.notes.push("rendered without the server, as the chart brings kinds of its own".to_owned());
        }
        Change::Object(difference) => {
            let name = format!("{} {}", difference.subject.kind, difference.subject.name);
            match difference.verb {
                Verb::Added => draft.notes.push(format!("makes {name}")),
                Verb::Removed => draft.notes.push(format!("deletes {name}")),
                Verb::Changed => {
                    for field in difference.fields {
                        put(format!("{name} {}", field.path), field.change, field.effect);
                    }
                }
            }
        }
    }
}

/// The step for a release of a record that its stack has no more; none where it is not there.
pub(super) fn leftover(
    planning: &Planning<'_>,
    stack: &str,
    (id, member): (&Id, &Member),
    revisions: &Revisions,
) -> Result<Option<Step<Work>>, Problem> {
    let recorded = member.version.as_deref().unwrap_or_default();
    let name = name_of(recorded).unwrap_or(&id.name);
    let newest = revisions.get(&id.namespace).and_then(|all| Revision::list(all, name).into_iter().next());
    let Some(newest) = newest.filter(|newest| newest.status != Status::Uninstalled) else { return Ok(None) };
    let (action, notes) = removal(planning, id, &newest)?;
    Ok(Some(Step {
        id: id.to_string(),
        subject: subject(stack, &member.module, id, ""),
        action,
        fields: Vec::new(),
        by: Vec::new(),
        restarts: 0,
        notes,
        waits: None,
        digest: None,
        seen: None,
        problem: None,
        work: Work { id: Some(id.clone()), live: Some(live(&newest, stack)), ..Work::default() },
    }))
}

/// What becomes of a release that its stack has no more, and what is to be known of it.
fn removal(planning: &Planning<'_>, id: &Id, newest: &Revision) -> Result<(Action, Vec<String>), Problem> {
    if let Some(other) = planning.wanted.get(id) {
        return Ok((Action::Keep, vec![format!("moved to stack {other}")]));
    }
    let installed = planning.target.installed(&id.namespace, Some(newest))?;
    let along = installed.map_or_else(Vec::new, |(installed, _)| installed.takes_along(&PROTECTED)).join(", ");
    let uninstalled = "the chart is uninstalled".to_owned();
    Ok(if along.is_empty() {
        (Action::Prune, vec![uninstalled])
    } else if planning.allowed.prune_protected {
        (Action::Prune, vec![uninstalled, format!("with it goes {along}")])
    } else {
        let kept = format!("the release is kept, as {along} would go with it: `--prune-protected` uninstalls it");
        (Action::Keep, vec![kept])
    })
}
