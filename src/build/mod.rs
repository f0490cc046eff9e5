//! The build: a pure function of the working tree, stack by stack, and only for the stacks that changed.

mod between;
mod generated;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

pub use generated::{Declared, declared};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::across::Summary;
use crate::disk;
use crate::links::Offers;
use crate::load;
use crate::lock;
use crate::out::{self, Changes, File, Keep, Look, Mode, Output, Program, State, Turn};
use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::render::{self, Artifact};
use crate::resolve;
use crate::schema;
use crate::site::Site;

/// What a build is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether `out/` is written or only compared.
    pub mode: Mode,
    /// Only these stacks; all of them where it is empty.
    pub stacks: BTreeSet<String>,
    /// Whether nothing is written where there are warnings.
    pub deny_warnings: bool,
}

/// What a build did.
#[derive(Debug)]
pub struct Report {
    /// Stacks that were looked at.
    pub stacks: usize,
    /// Files of `out/` made of documents, in those stacks.
    pub artifacts: usize,
    /// What was added, changed and removed (or, checking, would be), by stack.
    pub changes: BTreeMap<String, Changes>,
    /// What the author should look at.
    pub warnings: Vec<Told>,
}

/// A warning as it is kept for the builds that have nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Name of the rule.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// `stacks/ntfy/stack.yaml:7:5`.
    pub place: String,
    /// All of it, as it is printed.
    pub text: String,
}

impl Report {
    /// Adds warnings: all of them by place, whichever build found them.
    fn warn(&mut self, warnings: impl IntoIterator<Item = Told>) {
        self.warnings.extend(warnings);
        self.warnings.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    }
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        let place = problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { code: problem.code.to_owned(), place, text: problem.to_string(), message: problem.message }
    }
}

/// A stack that was built.
struct Built {
    output: Output,
    keep: Keep,
    summary: Summary,
    warnings: Vec<Told>,
}

/// Why a build failed.
#[derive(Debug)]
pub struct Failure {
    /// All that is wrong.
    pub problems: Problems,
    /// Whether `out/` may be half old and half new: writing had begun. Otherwise it is as it was.
    pub writing: bool,
}

impl<P: Into<Problems>> From<P> for Failure {
    fn from(problems: P) -> Self {
        Self { problems: problems.into(), writing: false }
    }
}

/// Builds the site in a folder. `progress` hears how many of how many stacks are rendered.
pub fn build(root: &Path, options: &Options, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Report, Failure> {
    let disk = disk::Site::open(root)?;
    let turn = Turn::begin(&disk, options.mode)?;
    let look = out::look(&turn, &Program::running())?;
    let scope = (!options.stacks.is_empty()).then_some(&options.stacks);
    known(&look, scope)?;
    if look.is_quiet(scope) && between::is_known(&look) {
        let mut report = quiet(&look, scope);
        report.warn(kept::<Vec<Told>>(look.site().0).into_iter().flatten());
        out::refresh(&turn, &look);
        return Ok(report);
    }
    let (config, sources, seen) = load::shared(&disk)?;
    let site = Site::new(config, &sources)?;
    let external = site.external_offers();
    let stale = look.stale(scope);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let built: Vec<_> = stale
        .par_iter()
        .map(|name| {
            let built = stack(&disk, &site, &external, &look, name);
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, stale.len());
            built
        })
        .collect();
    let mut problems = Problems::new();
    let built: Vec<Built> = built.into_iter().filter_map(|one| problems.take(one)).collect();
    let between = between::check(&disk, &site, &look, &built);
    problems.extend(between.errors);
    problems.or(())?;
    let mut report = quiet(&look, scope);
    let warnings = built.iter().flat_map(|one| one.warnings.iter().cloned());
    report.warn(warnings.chain(kept::<Vec<Told>>(&between.warnings).into_iter().flatten()));
    if options.deny_warnings && options.mode == Mode::Write && !report.warnings.is_empty() {
        return Ok(report);
    }
    let (outputs, keeps) = built.into_iter().map(|one| (one.output, one.keep)).unzip();
    let written = out::write(&turn, &look, site_files(&look, &site), outputs, scope)
        .map_err(|unwritten| Failure { problems: unwritten.problems, writing: unwritten.begun })?;
    let keep = Keep { seen, warnings: between.warnings, summary: between.state, ..Keep::default() };
    report.warnings.extend(out::save(&turn, &look, &written, keep, keeps).map(Told::from));
    for (name, changes) in written.stacks {
        report.artifacts += changes.artifacts;
        report.changes.insert(name, changes);
    }
    Ok(report)
}

/// What is made of the shared files alone; none where it is known to be there.
fn site_files(look: &Look, site: &Site) -> Vec<File> {
    if look.shared == State::Same {
        return Vec::new();
    }
    let file = |path: &str, text| File { path: path.to_owned(), text };
    vec![file("out/site.lock", lock::site(site)), file(disk::EDITOR, schema::editor(&site.language()))]
}

/// What is known of the stacks that need no build.
fn quiet(look: &Look, scope: Option<&BTreeSet<String>>) -> Report {
    let in_scope = |name: &String| scope.is_none_or(|scope| scope.contains(name));
    let same =
        || look.stacks.iter().filter(|(name, state)| in_scope(name) && **state == State::Same).map(|(name, _)| name);
    Report {
        stacks: look.stacks.keys().filter(|name| in_scope(name)).count(),
        artifacts: same().map(|name| look.artifacts(name)).sum(),
        changes: BTreeMap::new(),
        warnings: same().filter_map(|name| kept::<Vec<Told>>(look.warnings(name))).flatten().collect(),
    }
}

fn kept<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Option<T> {
    if bytes.is_empty() { None } else { postcard::from_bytes(bytes).ok() }
}

/// Bytes that [`kept`] reads.
fn keep(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_default()
}

fn known(look: &Look, scope: Option<&BTreeSet<String>>) -> Result<(), Problems> {
    let unknown = scope.into_iter().flatten().filter(|name| !look.stacks.contains_key(*name));
    let problem = |name: &String| {
        Problem::error("unknown-stack", format!("there is no stack `{name}`"))
            .label(did_you_mean(name, look.stacks.keys().map(String::as_str)))
    };
    unknown.map(problem).collect::<Problems>().or(())
}

/// One stack: a pure function of its files and the site.
fn stack(disk: &disk::Site, site: &Site, external: &Offers<'_>, look: &Look, name: &str) -> Result<Built, Problems> {
    let (sources, seen) = load::stack(disk, name)?;
    let stack = resolved(disk, site, look, name, &sources)?;
    let rendered = render::stack(site, &stack)?;
    let mut files = vec![File { path: "stack.lock".to_owned(), text: lock::stack(&stack, &rendered) }];
    let mut summary = between::summary(&stack);
    between::add(&mut summary, &stack, &rendered, external);
    let mut problems = Problems::new();
    let mut warnings = Vec::new();
    let mut paths: BTreeMap<String, (String, Place)> = BTreeMap::new();
    for (module, made) in stack.modules.iter().zip(rendered) {
        summary.generated.extend(module.files.generated());
        warnings.extend(made.warnings.sorted().into_iter().map(Told::from));
        if let Some(text) = lock::exports(&made.artifacts) {
            files.push(File { path: format!("{}/nfs-exports.txt", out::path::encode(&module.name)), text });
        }
        for artifact in made.artifacts {
            let first = paths.get(&artifact.path);
            problems.extend(first.map(|(label, first)| made_twice(&artifact, label, first)));
            paths.insert(artifact.path.clone(), (artifact.label, artifact.place.clone()));
            files.push(File { path: artifact.path, text: artifact.text });
        }
    }
    let keep = Keep {
        stack: name.to_owned(),
        seen,
        warnings: if warnings.is_empty() { Vec::new() } else { keep(&warnings) },
        summary: keep(&summary),
    };
    problems.or(Built { output: Output::new(name, files), keep, summary, warnings })
}

/// A stack without a problem, or all problems of its sources and of rendering what they have right.
fn resolved(
    disk: &disk::Site,
    site: &Site,
    look: &Look,
    name: &str,
    sources: &[Arc<Source>],
) -> Result<resolve::Stack, Problems> {
    match resolve::stack(site, name, sources) {
        (Some(stack), problems) if !problems.has_errors() => Ok(stack),
        (Some(stack), mut problems) => {
            problems.extend(render::problems(site, &stack));
            problems.extend(between::early(disk, site, look, &stack));
            Err(problems)
        }
        (None, problems) => Err(problems),
    }
}

/// An artifact whose path another one of its stack has already.
fn made_twice(artifact: &Artifact, label: &str, first: &Place) -> Problem {
    let message = if label == artifact.label {
        format!("{label} is made twice")
    } else {
        format!("{label} and {} want one file, `{}`", artifact.label, artifact.path)
    };
    Problem::error("twice", message).at(&artifact.place).note(format!("first made at {first}"))
}
