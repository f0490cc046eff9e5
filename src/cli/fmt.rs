//! `homebuild fmt`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::json;

use crate::disk::{Seen, Site};
use crate::load;
use crate::problem::{Problem, Problems, Source};
use crate::yaml;

/// Arguments of `homebuild fmt`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("fmt", "fmt --check stacks/excalidraw"))]
pub(super) struct Arguments {
    /// Write nothing; fail where a file is not in the form, and list those
    #[arg(long)]
    check: bool,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
    /// Only these files, or all in these folders: paths below the site
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// What was found.
#[derive(Default)]
struct Done {
    /// Files that had another form.
    changed: Vec<String>,
    files: usize,
    problems: Problems,
}

pub(super) fn run(site: &Path, arguments: &Arguments) -> ExitCode {
    super::pool(0);
    // in the pool: this thread's own stack may be small
    let done = rayon::scope(|_| format(site, arguments));
    let done = done.unwrap_or_else(|problems| Done { problems, ..Done::default() });
    let failed = done.problems.has_errors();
    let stale = arguments.check && !done.changed.is_empty();
    if arguments.json {
        let result = if failed {
            "failed"
        } else if stale {
            "stale"
        } else {
            "done"
        };
        let problems = super::json::problems(done.problems);
        super::json::print(
            &json!({"result": result, "files": done.files, "changed": done.changed, "problems": problems}),
        );
    } else {
        tell(done, stale);
    }
    if failed || stale { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS }
}

fn format(site: &Path, arguments: &Arguments) -> Result<Done, Problems> {
    let disk = Site::open(site)?;
    let sources = chosen(sources(&disk)?, &arguments.paths)?;
    let formatted: Vec<_> = sources.par_iter().map(|source| (source, form(source))).collect();
    let mut done = Done { files: sources.len(), ..Done::default() };
    for (source, text) in formatted {
        let Some(text) = done.problems.take(text).filter(|text| *text != source.text) else { continue };
        let written = if arguments.check { Ok(()) } else { disk.rewrite(source, &text) };
        done.changed.extend(done.problems.take(written).map(|()| source.path.clone()));
    }
    Ok(done)
}

fn form(source: &Arc<Source>) -> Result<String, Problem> {
    load::conflict(source).map_or_else(|| yaml::format(source), Err)
}

/// The YAML of the source language. What lies in `files/` is the author's text, and secrets are those of sops.
fn sources(disk: &Site) -> Result<Vec<Arc<Source>>, Problems> {
    let mut problems = Problems::new();
    let mut sources: Vec<Arc<Source>> =
        problems.take(disk.file("homebuild.yaml", &mut Seen::new())).flatten().into_iter().collect();
    for folder in ["layouts", "stacks"] {
        sources.extend(problems.take(disk.folder(folder)).unwrap_or_default().files);
    }
    sources.retain(|source| is_formatted(&source.path));
    problems.or(sources)
}

fn is_formatted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_source = matches!(name, "homebuild.yaml" | "stack.yaml" | "module.yaml") || name.ends_with(".schema.yaml");
    is_source && !path.split('/').skip(2).any(|folder| folder == "files")
}

/// Those that the paths name.
fn chosen(sources: Vec<Arc<Source>>, paths: &[String]) -> Result<Vec<Arc<Source>>, Problems> {
    let paths: Vec<&str> = paths.iter().map(|path| path.trim_start_matches("./").trim_end_matches('/')).collect();
    let is_in = |path: &str, source: &Source| {
        matches!(path, "" | ".")
            || source.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let unknown = paths.iter().filter(|path| !sources.iter().any(|source| is_in(path, source)));
    let problem = |path: &&str| {
        Problem::error("unknown-file", format!("`{}` has no file that is formatted", path.escape_debug()))
            .note("formatted are homebuild.yaml, stack.yaml, module.yaml and *.schema.yaml, outside of files/")
    };
    unknown.map(problem).collect::<Problems>().or(())?;
    let is_chosen = |source: &Arc<Source>| paths.is_empty() || paths.iter().any(|path| is_in(path, source));
    Ok(sources.into_iter().filter(is_chosen).collect())
}

fn tell(done: Done, stale: bool) {
    let (mut out, mut err) = (super::style::out().lock(), super::style::err().lock());
    let files = super::count(done.changed.len(), "file");
    if stale {
        let _ = writeln!(
            err,
            "{}: {files} of {} not formatted",
            super::style::paint(super::style::BAD, "error"),
            done.files
        );
        for path in &done.changed {
            let _ = writeln!(err, "  {path}");
        }
        let _ = writeln!(err, "  = run `homebuild fmt`");
    } else {
        for path in &done.changed {
            let _ = writeln!(out, "  {path}");
        }
        let _ = writeln!(out, "{files} of {} formatted", done.files);
    }
    drop(err);
    if !done.problems.is_empty() {
        super::tell_problems(done.problems, "; what is wrong is left as it was");
    }
}
