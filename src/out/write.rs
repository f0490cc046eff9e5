//! Compare everything, then write what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicBool;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rustix::fs::fstat;
use rustix::io::Errno;

use super::compare::{Found, Job, Made, compare, in_the_way};
use super::look::print_of;
use super::memory::Part;
use super::rest::{Rest, survey};
use super::{File, Look, Mode, Output, Turn, apply, path, sums, tree, whole};
use crate::disk::{Stamp, descriptor, failure};
use crate::problem::{Problem, Problems};

/// What a build changed (or, checking, would change) in one stack; paths are below the site, sorted. `SHA256SUMS` files are
/// listed only where nothing else of their module differs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Files that were not there.
    pub added: Vec<String>,
    /// Files whose bytes differ.
    pub changed: Vec<String>,
    /// Files of earlier builds that are no longer made.
    pub removed: Vec<String>,
    /// How many files of modules (artifacts, without locks and digests) the stack has now.
    pub artifacts: usize,
}

impl Changes {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// What [`write()`] did.
#[derive(Debug, Default)]
pub struct Written {
    /// By stack, built and gone ones, those without a change too; the site as a whole stands under the empty name.
    pub stacks: BTreeMap<String, Changes>,
    pub(super) parts: BTreeMap<String, Part>,
}

/// Why `out/` is not what the outputs say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// All that is wrong.
    pub problems: Problems,
    /// Whether writing had begun.
    pub begun: bool,
}

impl<P: Into<Problems>> From<P> for Unwritten {
    fn from(problems: P) -> Self {
        Self { problems: problems.into(), begun: false }
    }
}

/// Makes `out/` what the outputs say. `site_files` are those of the site as a whole (none where they are as they were), `built` are the stacks that were
/// built; other stacks of `look` are left alone, and stacks that are gone lose their files, unless `scope` (`--stack`) says
/// which stacks may be touched. Checking, nothing is written.
///
/// A failure leaves whole files only; all are reported, and the next build finishes the work.
pub fn write(
    turn: &Turn,
    look: &Look,
    site_files: Vec<File>,
    built: Vec<Output>,
    scope: Option<&BTreeSet<String>>,
) -> Result<Written, Unwritten> {
    let known = turn.interrupted();
    let old = open_out(turn)?;
    let old = old.as_ref().map(OwnedFd::as_fd);
    let rest = rest(turn, old, look, scope)?;
    let (jobs, site) = plan(turn, old, &rest, site_files, built, known.as_ref())?;
    let mut written =
        Written { stacks: jobs.iter().map(|job| (job.stack.clone(), changes(job))).collect(), ..Written::default() };
    written.stacks.insert(String::new(), site_changes(&site));
    if turn.mode == Mode::Check {
        return Ok(written);
    }
    let out_of_scope = |path: &&String| {
        let stack = path.split('/').next().unwrap_or_default();
        scope.is_some_and(|scope| !scope.contains(stack))
    };
    let left: BTreeSet<String> = known.iter().flatten().filter(out_of_scope).cloned().collect();
    let announced = announced(&jobs);
    if !announced.is_empty() {
        // What an earlier build announced is still to be found, if this one does not come to its end either.
        turn.announce(&announced.iter().chain(known.iter().flatten()).cloned().collect())?;
    }
    written.parts = carry_out(turn, &rest, jobs, &site).map_err(|problems| Unwritten { problems, begun: true })?;
    if known.is_some() || !announced.is_empty() {
        turn.finish(&left)?;
    }
    Ok(written)
}

/// `out/`, if it is there.
fn open_out(turn: &Turn) -> Result<Option<OwnedFd>, Problem> {
    match descriptor::open_folder(turn.site.descriptor(), "out") {
        Ok(out) => Ok(Some(out)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(in_the_way("out", error)),
    }
}

/// What is in `out/` of stacks that are gone, if they are in scope.
fn rest(
    turn: &Turn,
    out: Option<BorrowedFd<'_>>,
    look: &Look,
    scope: Option<&BTreeSet<String>>,
) -> Result<Rest, Problem> {
    let Some(out) = out else { return Ok(Rest::default()) };
    let unread = |error| failure("read", "out", error);
    let stamp = Stamp::of(&fstat(out).map_err(unread)?);
    if look.out_kept.proves(&print_of(&stamp, turn.device())) {
        return Ok(Rest::default());
    }
    let mut rest = survey(out, &|name| look.stacks.contains_key(name)).map_err(unread)?;
    rest.gone.retain(|stack| scope.is_none_or(|scope| scope.contains(stack)));
    Ok(rest)
}

/// What is to be done in each stack, and with the site's own files.
fn plan(
    turn: &Turn,
    out: Option<BorrowedFd<'_>>,
    rest: &Rest,
    site_files: Vec<File>,
    mut built: Vec<Output>,
    known: Option<&BTreeSet<String>>,
) -> Result<(Vec<Job>, Vec<Made>), Problems> {
    let none = BTreeSet::new();
    let known = known.unwrap_or(&none);
    let mut problems = Problems::new();
    let site_names: BTreeSet<&str> = site_files.iter().filter_map(|file| file.path.strip_prefix("out/")).collect();
    for output in &built {
        let name = output.stack.as_str();
        if path::refuse(name).is_some() || name.contains('/') || site_names.contains(name) {
            let name = name.escape_debug();
            problems
                .push(Problem::error("bad-path", format!("a stack cannot be called `{name}`: it names its folder")));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    built.extend(rest.gone.iter().map(|stack| Output::new(stack.as_str(), Vec::new())));
    let compared: Vec<_> = built.into_par_iter().map(|output| compare(out, output, known)).collect();
    let jobs: Vec<Job> = compared.into_iter().filter_map(|job| problems.take(job)).collect();
    let site = site_files.into_iter().map(|file| whole::compare(turn.site.descriptor(), file));
    let site = site.collect::<Vec<_>>().into_iter().filter_map(|made| problems.take(made)).collect();
    problems.or((jobs, site))
}

/// The paths of all files that will be written into folders that are there: what an interrupted build must be known by.
fn announced(jobs: &[Job]) -> BTreeSet<String> {
    let there = jobs.iter().filter(|job| !job.fresh);
    let written = |job: &'_ Job| -> Vec<String> {
        let made = job.made.iter().filter(|made| !matches!(made.found, Found::Same(_)));
        made.map(|made| format!("{}/{}", job.stack, made.path)).collect()
    };
    there.flat_map(written).collect()
}

/// Does all jobs, and tells what is there now.
fn carry_out(turn: &Turn, rest: &Rest, jobs: Vec<Job>, site: &[Made]) -> Result<BTreeMap<String, Part>, Problems> {
    let out = tree::folder(turn.site.descriptor(), "out").map_err(|error| tree::refused("write", "out", error))?;
    let mut problems = Problems::new();
    for name in &rest.temporary {
        problems.take(apply::tidy(out.as_fd(), name));
    }
    let hopeless = AtomicBool::new(false);
    let done: Vec<_> = jobs
        .into_par_iter()
        .map(|job| apply::apply(out.as_fd(), &job, turn.device(), &hopeless).map(|part| (job.stack, part)))
        .collect();
    let mut parts: BTreeMap<String, Part> = done.into_iter().filter_map(|part| problems.take(part)).collect();
    let mut left = Vec::new();
    for made in site {
        left.extend(problems.take(whole::put(turn.site.descriptor(), made)));
    }
    if problems.has_errors() || hopeless.into_inner() {
        return Err(problems);
    }
    if !site.is_empty() {
        let files = site.iter().zip(&left).map(|(made, left)| (made.path.as_str(), &made.digest, Some(left)));
        parts.insert(String::new(), Part::of_outputs(&BTreeMap::new(), files, turn.device()));
    }
    Ok(parts)
}

fn changes(job: &Job) -> Changes {
    let full = |path: &str| format!("out/{}/{path}", job.stack);
    let is_artifact = |made: &&Made| made.path.contains('/') && !is_sums(&made.path);
    let mut changes = Changes { artifacts: job.made.iter().filter(is_artifact).count(), ..Changes::default() };
    let touched: BTreeSet<&str> = job
        .made
        .iter()
        .filter(|made| !matches!(made.found, Found::Same(_)))
        .map(|made| made.path.as_str())
        .chain(job.stale.iter().map(String::as_str))
        .filter(|path| !is_sums(path))
        .filter_map(|path| path.split_once('/').map(|(module, _)| module))
        .collect();
    let shown = |path: &str| !is_sums(path) || path.split_once('/').is_none_or(|(module, _)| !touched.contains(module));
    for made in job.made.iter().filter(|made| shown(&made.path)) {
        match made.found {
            Found::Nothing => changes.added.push(full(&made.path)),
            Found::Other => changes.changed.push(full(&made.path)),
            Found::Same(_) => {}
        }
    }
    changes.removed = job.stale.iter().filter(|path| shown(path)).map(|path| full(path)).collect();
    changes
}

fn is_sums(path: &str) -> bool {
    path.rsplit('/').next() == Some(sums::NAME)
}

fn site_changes(site: &[Made]) -> Changes {
    let of = |found| site.iter().filter(|made| made.found == found).map(|made| made.path.clone()).collect();
    Changes { added: of(Found::Nothing), changed: of(Found::Other), ..Changes::default() }
}
