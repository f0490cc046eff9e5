//! The disk to sources: what lies where in a site.

use std::path::Path;
use std::sync::Arc;

use crate::disk::{self, Seen};
use crate::problem::{Place, Problem, Problems, Source};
use crate::site::{Config, SiteSources};

/// The SOPS files where `homebuild.yaml` names none: this one, and those of this folder that end so.
const SECRETS: &str = "secrets.sops.yaml";
const FOLDER: &str = "secrets";
const END: &str = ".sops.yaml";

/// `homebuild.yaml` and the files that all stacks share, and what was seen of them.
pub fn shared(disk: &disk::Site) -> Result<(Config, SiteSources, Seen), Problems> {
    let mut problems = Problems::new();
    let mut seen = Seen::new();
    let source = disk.file("homebuild.yaml", &mut seen)?;
    let source = source.ok_or_else(no_site)?;
    conflict(&source).map_or(Ok(()), Err)?;
    let config = problems.take(Config::read(&source));
    let mut folder = |name: &str| {
        let folder = problems.take(disk.folder(name)).unwrap_or_default();
        problems.extend(unreadable(&folder));
        seen.extend(folder.seen);
        folder.files
    };
    let (layouts, partials, schemas) = (folder("layouts"), folder("partials"), folder("schemas"));
    let Some(config) = config else { return Err(problems) };
    let secrets = problems.take(secrets(disk, &config, &mut seen)).unwrap_or_default();
    problems.extend(secrets.iter().filter_map(conflict_of_secrets));
    problems.or((config, SiteSources { layouts, partials, schemas, secrets, pretend: false }, seen))
}

/// The folders that the secrets files lie in, as far as `homebuild.yaml` can be read now.
#[must_use]
pub fn secret_folders(root: &Path) -> Option<Vec<String>> {
    let disk = disk::Site::open(root).ok()?;
    let config = Config::read(&disk.file("homebuild.yaml", &mut Seen::new()).ok()??).ok()?;
    let Some(files) = config.secret_files() else { return Some(vec![FOLDER.to_owned()]) };
    Some(files.iter().filter_map(|(path, _)| Some(path.rsplit_once('/')?.0.to_owned())).collect())
}

/// The secrets files of a site alone: what else is wrong in it does not keep one from mending them.
pub fn secrets_only(disk: &disk::Site) -> Result<Vec<Arc<Source>>, Problems> {
    let mut seen = Seen::new();
    let source = disk.file("homebuild.yaml", &mut seen)?.ok_or_else(no_site)?;
    let files = secrets(disk, &Config::read(&source)?, &mut seen)?;
    files.iter().filter_map(conflict_of_secrets).collect::<Problems>().or(files)
}

/// The paths of the secrets files of a site: those that `homebuild.yaml` names, whether they are there or not, else those
/// that are there, else the one that a first secret goes into.
pub fn secret_paths(disk: &disk::Site) -> Result<Vec<String>, Problems> {
    let source = disk.file("homebuild.yaml", &mut Seen::new())?.ok_or_else(no_site)?;
    let config = Config::read(&source)?;
    if let Some(files) = config.secret_files() {
        return Ok(files.iter().map(|(path, _)| (*path).to_owned()).collect());
    }
    let there: Vec<String> = of_folder(disk, &mut Seen::new())?.iter().map(|source| source.path.clone()).collect();
    Ok(if there.is_empty() { vec![SECRETS.to_owned()] } else { there })
}

fn no_site() -> Problem {
    Problem::error("missing-file", "there is no homebuild.yaml here")
        .note("run homebuild in the site's folder, or give --site FOLDER")
}

fn secrets(disk: &disk::Site, config: &Config, seen: &mut Seen) -> Result<Vec<Arc<Source>>, Problems> {
    let Some(files) = config.secret_files() else {
        return of_folder(disk, seen);
    };
    let mut problems = Problems::new();
    let mut sources = Vec::new();
    for (path, place) in files {
        let source = disk.file(path, seen).map_err(|wrong| wrong.map(|problem| problem.at(place)));
        match problems.take(source) {
            Some(Some(source)) => sources.push(source),
            Some(None) => {
                problems.push(Problem::error("missing-file", format!("there is no secrets file `{path}`")).at(place));
            }
            None => {}
        }
    }
    problems.or(sources)
}

/// The SOPS files that lie where they lie by default; none of them need be there.
fn of_folder(disk: &disk::Site, seen: &mut Seen) -> Result<Vec<Arc<Source>>, Problems> {
    let mut problems = Problems::new();
    let one = problems.take(disk.file(SECRETS, seen)).flatten();
    let folder = problems.take(disk.folder(FOLDER)).unwrap_or_default();
    problems.extend(binaries(&folder));
    seen.extend(folder.seen);
    let name = |source: &Arc<Source>| source.path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_direct = |source: &Arc<Source>| source.path.matches('/').count() == 1;
    let (secrets, others): (Vec<_>, Vec<_>) = folder
        .files
        .into_iter()
        .partition(|source| is_direct(source) && source.path.ends_with(END) && !name(source).starts_with('.'));
    let is_aside = |source: &&Arc<Source>| name(source).starts_with('.') || name(source).ends_with(".md");
    problems.extend(others.iter().filter(|source| !is_aside(source)).map(|source| {
        Problem::error("unused-file", format!("nothing reads `{}`", source.path))
            .at(&Place::file(source).without_text())
            .note(format!("{FOLDER}/ holds SOPS files that end in {END}; what is not encrypted does not belong there"))
    }));
    problems.or(one.into_iter().chain(secrets).collect())
}

/// The files of a stack.
pub fn stack(disk: &disk::Site, name: &str) -> Result<(Vec<Arc<Source>>, Seen), Problems> {
    let folder = disk.folder(&format!("stacks/{name}"))?;
    unreadable(&folder).or((folder.files, folder.seen))
}

/// What is no text, and what git left half merged.
fn unreadable(folder: &disk::Folder) -> Problems {
    binaries(folder).into_iter().chain(folder.files.iter().filter_map(conflict)).collect()
}

/// A merge conflict that nobody resolved. Texts of `files/` are looked at too: none is meant to be deployed so.
#[must_use]
pub fn conflict(source: &Arc<Source>) -> Option<Problem> {
    // most sources have none: a search is all they cost
    source.text.contains("<<<<<<< ").then_some(())?;
    let begins = |start: &'static str| move |(_, line): &(usize, &str)| line.starts_with(start);
    let mut lines = (1..).zip(source.text.lines());
    let (first, _) = lines.find(begins("<<<<<<< "))?;
    let (middle, _) = lines.find(begins("======="))?;
    let (last, _) = lines.find(begins(">>>>>>> "))?;
    let problem = Problem::error("conflict", "an unresolved merge conflict of git stands here");
    let label = format!("it parts at line {middle} and ends at line {last}");
    Some(
        problem
            .at(&Place::line(source, first))
            .label(label)
            .note("decide for one side, or for both, and take the marks away"),
    )
}

/// The same in a file of secrets, of which no line is shown.
fn conflict_of_secrets(source: &Arc<Source>) -> Option<Problem> {
    let problem = conflict(source)?;
    let place = problem.place.as_ref().map(Place::without_text);
    let whole = "take one side whole, `git checkout --ours FILE` or `--theirs`, and set again what it lacks: the `mac` of a file that \
                 is put together is wrong";
    Some(Problem { place, notes: vec![whole.to_owned()], ..problem })
}

fn binaries(folder: &disk::Folder) -> Problems {
    let problem = |binary: &disk::Binary| {
        Problem::error("not-text", format!("`{}` is not UTF-8 text", binary.path))
            .at(&Place::file(&Source::new(binary.path.clone(), "")))
            .note("sources are text; what is binary belongs into an image or a volume")
    };
    folder.binaries.iter().map(problem).collect()
}
