//! All SOPS files of a site.

use std::sync::Arc;

use super::{File, Keys, Value};
use crate::disk;
use crate::problem::{Problem, Problems, Source, did_you_mean, gather};
use crate::secrets::reference::path_text;

/// The opened secrets of a site.
#[derive(Debug)]
pub struct Vault {
    files: Vec<File>,
}

impl Vault {
    /// Opens all files; what is wrong in any of them is told together.
    pub fn open(sources: &[Arc<Source>], keys: &Keys) -> Result<Self, Problems> {
        let files = gather(sources.iter().map(|source| File::unlock(source, keys)))?;
        Ok(Self { files })
    }

    /// A site with one file that is not written yet.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self { files: vec![file] }
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The files, to be changed.
    pub fn files_mut(&mut self) -> &mut [File] {
        &mut self.files
    }

    /// The value at a path.
    #[must_use]
    pub fn value<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        self.files.iter().find_map(|file| file.value(path))
    }

    /// The value at a path, or what is wrong with the path.
    pub fn wanted<S: AsRef<str>>(&self, path: &[S]) -> Result<&Value, Problem> {
        self.value(path).ok_or_else(|| {
            let shown = path_text(path);
            if self.files.iter().any(|file| file.is_collection(path)) {
                let below = self.names().into_iter().filter(|name| name.starts_with(&shown) && *name != shown).take(5);
                let problem = Problem::error("secrets", format!("`{shown}` is a map or a list, not a value"));
                return problem.note(format!("name one of the values in it: {}", below.collect::<Vec<_>>().join(", ")));
            }
            let names = self.names();
            let hint = did_you_mean(&shown, names.iter().map(String::as_str));
            let problem = Problem::error("secrets", format!("there is no secret `{shown}`"));
            let problem = if hint.is_empty() { problem } else { problem.note(hint) };
            problem.note("`homebuild secrets list` names all")
        })
    }

    /// The names of all values, in the order of the files.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.files.iter().flat_map(File::values).map(|(path, _)| path_text(&path)).collect()
    }

    /// The file that a value belongs to: the one that has it or a map above it; `wanted` where one is named; else the
    /// first one.
    pub fn file_for<S: AsRef<str>>(&mut self, path: &[S], wanted: Option<&str>) -> Result<&mut File, Problem> {
        let owner = |file: &File| {
            (1..=path.len())
                .rev()
                .find(|length| file.value(&path[..*length]).is_some() || file.is_collection(&path[..*length]))
        };
        let of = self.files.iter().enumerate().filter_map(|(index, file)| Some((owner(file)?, index))).max();
        let index = match (wanted, of) {
            (Some(wanted), of) => {
                let index = self
                    .files
                    .iter()
                    .position(|file| file.path() == wanted)
                    .ok_or_else(|| no_file(Some(wanted), self.files.iter().map(File::path)))?;
                if let Some((_, other)) = of.filter(|(_, other)| *other != index) {
                    let (shown, other) = (path_text(&path[..1]), self.files[other].path());
                    return Err(Problem::error("secrets", format!("`{shown}` stands in `{other}`"))
                        .note("a name of the first level is in one file only"));
                }
                index
            }
            (None, Some((_, index))) => index,
            (None, None) => 0,
        };
        self.files.get_mut(index).ok_or_else(|| no_file(None, []))
    }

    /// Writes the files that were changed, each in one step, with a MAC of `now`, a time as RFC 3339 has it. The paths
    /// of those that were.
    pub fn save(&self, site: &disk::Site, now: &str) -> Result<Vec<String>, Problems> {
        let changed: Vec<&File> = self.files.iter().filter(|file| file.is_changed()).collect();
        let texts = gather(changed.iter().map(|file| file.finish(now)))?;
        for (file, text) in changed.iter().zip(&texts) {
            if file.source().text.is_empty() {
                site.add(&[(file.path().to_owned(), text.clone())])?;
            } else {
                site.rewrite(file.source(), text)?;
            }
        }
        Ok(changed.iter().map(|file| file.path().to_owned()).collect())
    }
}

/// The problem that a site does not have a secrets file, or has none at all; `known` are those that it has.
pub fn no_file<'a>(wanted: Option<&str>, known: impl IntoIterator<Item = &'a str>) -> Problem {
    let known: Vec<&str> = known.into_iter().collect();
    match wanted {
        Some(wanted) if !known.is_empty() => {
            let problem = Problem::error("secrets", format!("`{wanted}` is no secrets file of this site"));
            problem.note(format!("its files are {}", known.join(", ")))
        }
        _ => Problem::error("secrets", "this site has no secrets file").note("`homebuild secrets init` makes one"),
    }
}
