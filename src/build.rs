//! The build: a pure function of the working tree, stack by stack, and only for the stacks that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::load;
use crate::lock;
use crate::out::{self, Changes, File, Keep, Look, Mode, Output, Program, State, Turn};
use crate::problem::{Place, Problem, Problems, Source, did_you_mean, fit, gather};
use crate::render;
use crate::resolve;
use crate::site::Site;
use crate::template::Generated;

/// What a build is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether `out/` is written or only compared.
    pub mode: Mode,
    /// Only these stacks; all of them where it is empty.
    pub stacks: BTreeSet<String>,
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

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        let place = problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { code: problem.code.to_owned(), place, text: problem.to_string(), message: problem.message }
    }
}

/// What a stack is for the others; kept, so that it need not be built again to be known.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Summary {
    depends_on: Vec<(String, Spot)>,
    objects: Vec<(String, Spot)>,
    generated: Vec<Generated>,
}

/// A place without its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spot {
    path: String,
    line: u32,
    column: u16,
    length: u16,
}

impl Spot {
    fn of(place: &Place) -> Self {
        Self { path: place.source.path.clone(), line: place.line, column: place.column, length: place.length }
    }

    fn place(&self, disk: &disk::Site) -> Place {
        let source = disk.file(&self.path, &mut disk::Seen::new()).ok().flatten();
        let source = source.unwrap_or_else(|| Source::new(self.path.clone(), ""));
        Place { source, line: self.line, column: self.column, length: self.length }
    }
}

/// A stack that was built.
struct Built {
    output: Output,
    keep: Keep,
    summary: Summary,
    warnings: Vec<Told>,
}

/// Builds the site in a folder. `progress` hears how many of how many stacks are rendered.
pub fn build(root: &Path, options: &Options, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Report, Problems> {
    let disk = disk::Site::open(root)?;
    let turn = Turn::begin(&disk, options.mode)?;
    let look = out::look(&turn, &Program::running())?;
    let scope = (!options.stacks.is_empty()).then_some(&options.stacks);
    known(&look, scope)?;
    if look.is_quiet(scope) {
        let report = quiet(&look, scope);
        out::refresh(&turn, &look);
        return Ok(report);
    }
    let (config, sources, seen) = load::shared(&disk)?;
    let site = Site::new(config, &sources)?;
    let stale = look.stale(scope);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let built: Vec<_> = stale
        .par_iter()
        .map(|name| {
            let built = stack(&disk, &site, name);
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, stale.len());
            built
        })
        .collect();
    let built = gather(built)?;
    across(&disk, &look, &built)?;
    let mut report = quiet(&look, scope);
    report.warnings.extend(built.iter().flat_map(|one| one.warnings.iter().cloned()));
    report.warnings.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    let site_lock = File { path: "site.lock".to_owned(), text: lock::site(&site) };
    let (outputs, keeps) = built.into_iter().map(|one| (one.output, one.keep)).unzip();
    let written = out::write(&turn, &look, vec![site_lock], outputs, scope)?;
    let keep = Keep { seen, ..Keep::default() };
    report.warnings.extend(out::save(&turn, &look, &written, keep, keeps).map(Told::from));
    for (name, changes) in written.stacks {
        report.artifacts += changes.artifacts;
        report.changes.insert(name, changes);
    }
    Ok(report)
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
fn stack(disk: &disk::Site, site: &Site, name: &str) -> Result<Built, Problems> {
    let (sources, seen) = load::stack(disk, name)?;
    let stack = resolve::stack(site, name, &sources)?;
    let rendered = render::stack(site, &stack)?;
    let mut files = vec![File { path: "stack.lock".to_owned(), text: lock::stack(&stack, &rendered) }];
    let mut summary = Summary {
        depends_on: stack.depends_on.iter().map(|(name, place)| (name.clone(), Spot::of(place))).collect(),
        ..Summary::default()
    };
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
            if let Some((label, first)) = paths.get(&artifact.path) {
                let message = if *label == artifact.label {
                    format!("{label} is made twice")
                } else {
                    format!("{label} and {} want one file, `{}`", artifact.label, artifact.path)
                };
                problems
                    .push(Problem::error("twice", message).at(&artifact.place).note(format!("first made at {first}")));
            }
            paths.insert(artifact.path.clone(), (artifact.label, artifact.place.clone()));
            summary.objects.extend(artifact.identity.map(|key| (key, Spot::of(&artifact.place))));
            files.push(File { path: artifact.path, text: artifact.text });
        }
    }
    let keep = Keep {
        stack: name.to_owned(),
        seen,
        warnings: if warnings.is_empty() { Vec::new() } else { keep(&warnings) },
        summary: keep(&summary),
    };
    problems.or(Built { output: Output { stack: name.to_owned(), files }, keep, summary, warnings })
}

/// What no stack can know alone: dependencies, and objects that two stacks make.
fn across(disk: &disk::Site, look: &Look, built: &[Built]) -> Result<(), Problems> {
    let of_kept = |name: &String| Some((name.clone(), kept::<Summary>(look.summary(name))?));
    let mut all: BTreeMap<String, Summary> = look
        .stacks
        .iter()
        .filter(|(name, state)| **state == State::Same && built.iter().all(|one| one.output.stack != **name))
        .filter_map(|(name, _)| of_kept(name))
        .collect();
    let fresh = built.iter().map(|one| (&one.output.stack, &one.summary));
    let mut summaries: BTreeMap<&String, &Summary> = fresh.collect();
    let kept_summaries = std::mem::take(&mut all);
    summaries.extend(kept_summaries.iter());
    let mut problems = Problems::new();
    let mut makers: BTreeMap<&str, &Spot> = BTreeMap::new();
    for (name, summary) in &summaries {
        for (dependency, spot) in &summary.depends_on {
            if !look.stacks.contains_key(dependency) {
                let hint = did_you_mean(dependency, look.stacks.keys().map(String::as_str));
                let message = format!("there is no stack `{dependency}` to depend on");
                problems.push(Problem::error("unknown-stack", message).at(&spot.place(disk)).label(hint));
            } else if dependency == *name {
                problems
                    .push(Problem::error("cycle", format!("stack `{name}` depends on itself")).at(&spot.place(disk)));
            }
        }
        for (key, spot) in &summary.objects {
            if let Some(first) =
                makers.insert(key, spot).filter(|first| !first.path.starts_with(&format!("stacks/{name}/")))
            {
                let place = format!("{}:{}:{}", first.path, fit(first.line as usize), first.column);
                let message = format!("`{key}` is made by two stacks");
                problems.push(
                    Problem::error("twice", message).at(&spot.place(disk)).note(format!("first made at {place}")),
                );
            }
        }
    }
    problems.extend(generated_twice(&summaries));
    problems.extend(cycle(disk, &summaries));
    problems.or(())
}

/// Secrets that two places want to be generated differently.
fn generated_twice(summaries: &BTreeMap<&String, &Summary>) -> Problems {
    let mut known: BTreeMap<&str, (&Generated, &str)> = BTreeMap::new();
    let mut problems = Problems::new();
    for (name, summary) in summaries {
        for one in &summary.generated {
            match known.get(one.path.as_str()) {
                Some((other, stack)) if *other != one => problems.push(Problem::error(
                    "generated",
                    format!(
                        "secret `{}` is generated in one way in stack `{stack}` and in another in `{name}`",
                        one.path
                    ),
                )),
                _ => {
                    known.insert(&one.path, (one, name));
                }
            }
        }
    }
    problems
}

/// A cycle of dependencies, if there is one: told once, with its stacks in order.
fn cycle(disk: &disk::Site, summaries: &BTreeMap<&String, &Summary>) -> Problems {
    let mut left: BTreeMap<&str, Vec<&(String, Spot)>> =
        summaries.iter().map(|(name, summary)| (name.as_str(), summary.depends_on.iter().collect())).collect();
    loop {
        let free: Vec<&str> = left
            .iter()
            .filter(|(_, on)| !on.iter().any(|(name, _)| left.contains_key(name.as_str())))
            .map(|(name, _)| *name)
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(name);
        }
    }
    let Some((mut at, _)) = left.iter().next().map(|(name, on)| (*name, on)) else { return Problems::new() };
    let mut path: Vec<(&str, &Spot)> = Vec::new();
    while !path.iter().any(|(name, _)| *name == at) {
        let Some((next, spot)) =
            left[at].iter().find(|(name, _)| left.contains_key(name.as_str())).map(|e| (&e.0, &e.1))
        else {
            break;
        };
        path.push((at, spot));
        at = next;
    }
    let begin = path.iter().position(|(name, _)| *name == at).unwrap_or_default();
    let names: Vec<&str> = path[begin..].iter().map(|(name, _)| *name).chain([at]).collect();
    if names.len() < 3 {
        return Problems::new();
    }
    let message = format!("stacks depend on one another in a circle: {}", names.join(" -> "));
    let note = "what needs another stack only at run time needs no `depends_on`";
    Problem::error("cycle", message).at(&path[begin].1.place(disk)).note(note).into()
}
