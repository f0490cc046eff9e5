//! Writing sources: the files of a new stack, module, layout or site. All of them are made or none, and what is there
//! stays as it is.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, linkat, unlinkat};
use rustix::io::Errno;

use super::{Site, Stamp, descriptor, failure};
use crate::problem::{Place, Problem, Problems, Source};

/// How the names of drafts begin: what an interrupted run leaves is no file of the site, as a leftover of an editor.
pub(super) const DRAFT: &str = ".#homebuild-";

/// What may lie in a folder that becomes a site.
const ASIDE: &str = ".git";

impl Site {
    /// The folder of a site to be: made where it is missing, refused where anything but `.git` is in it.
    pub fn fresh(root: &Path) -> Result<Self, Problems> {
        let path = root.display().to_string();
        std::fs::create_dir_all(root).map_err(|error| {
            let error = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            failure("make the folder", &path, error).nowhere()
        })?;
        let site = Self::open(root)?;
        let listed = descriptor::open_folder(&site.folder, ".").and_then(descriptor::list);
        let (_, names) = listed.map_err(|error| failure("read", &path, error).nowhere())?;
        let Some(first) = names.iter().map(|one| one.name.to_string_lossy()).find(|name| name != ASIDE) else {
            return Ok(site);
        };
        Err(Problem::error("not-empty", format!("`{path}` is not empty: `{}` is in it", super::printable(&first)))
            .note(format!("a new site begins in an empty folder; only `{ASIDE}` may be there"))
            .into())
    }

    /// Makes files, by their paths below the site and their texts, all of them or none. Where one is there already,
    /// nothing is made.
    pub fn add(&self, files: &[(String, String)]) -> Result<(), Problems> {
        let is_there = |path: &str| descriptor::stamp(self.descriptor(), path) != Ok(Stamp::MISSING);
        let taken = files.iter().filter(|(path, _)| is_there(path)).map(|(path, _)| exists(path));
        taken.collect::<Problems>().or(())?;
        let mut making = Making { site: self.descriptor(), folders: Vec::new(), drafts: Vec::new(), files: Vec::new() };
        let made = files.iter().try_for_each(|(path, text)| making.draft(path, text)).and_then(|()| making.publish());
        making.tidy(made.is_err());
        made.map_err(Problems::from)
    }
}

fn exists(path: &str) -> Problem {
    Problem::error("exists", format!("`{path}` is there already"))
        .at(&Place::file(&Source::new(path, "")))
        .note("what is there is never overwritten: take another name, or move it away")
}

/// Files on their way: first whole drafts beside them, then their names in one step each.
struct Making<'a> {
    site: BorrowedFd<'a>,
    folders: Vec<String>,
    drafts: Vec<Draft>,
    files: Vec<String>,
}

struct Draft {
    path: String,
    folder: OwnedFd,
    name: String,
}

impl Making<'_> {
    fn draft(&mut self, path: &str, text: &str) -> Result<(), Problem> {
        let folder = self.folder(path).map_err(|error| refused(path, error))?;
        let name = format!("{DRAFT}{}-{}", std::process::id(), self.drafts.len());
        let made = descriptor::create(folder.as_fd(), &name, text.as_bytes());
        self.drafts.push(Draft { path: path.to_owned(), folder, name });
        made.map(|_| ()).map_err(|error| refused(path, error))
    }

    /// The folder of a file, made where it is missing.
    fn folder(&mut self, path: &str) -> Result<OwnedFd, Errno> {
        let mut folder = descriptor::open_folder(self.site, ".")?;
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        for whole in folders {
            let name = whole.rsplit('/').next().unwrap_or_default();
            let is_new = descriptor::stamp(&folder, name)? == Stamp::MISSING;
            folder = descriptor::folder(&folder, name)?;
            if is_new {
                self.folders.push(whole.to_owned());
            }
        }
        Ok(folder)
    }

    /// Gives the drafts their names. A name that came to be meanwhile is an error, not overwritten.
    fn publish(&mut self) -> Result<(), Problem> {
        for Draft { path, folder, name } in &self.drafts {
            let file = path.rsplit('/').next().unwrap_or_default();
            linkat(folder, name.as_str(), folder, file, AtFlags::empty()).map_err(|error| match error {
                Errno::EXIST => exists(path),
                error => refused(path, error),
            })?;
            self.files.push(path.clone());
        }
        Ok(())
    }

    /// Takes the drafts away, and everything else where not all could be made.
    fn tidy(&self, failed: bool) {
        for draft in &self.drafts {
            let _ = unlinkat(&draft.folder, draft.name.as_str(), AtFlags::empty());
        }
        if failed {
            for file in &self.files {
                let _ = unlinkat(self.site, file.as_str(), AtFlags::empty());
            }
            for folder in self.folders.iter().rev() {
                let _ = unlinkat(self.site, folder.as_str(), AtFlags::REMOVEDIR);
            }
        }
    }
}

fn refused(path: &str, error: Errno) -> Problem {
    let problem = failure("write", path, error);
    match error {
        Errno::LOOP | Errno::NOTDIR => problem.note("sources lie in real folders only: is it a link or a file?"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn files(paths: &[&str]) -> Vec<(String, String)> {
        paths.iter().map(|path| ((*path).to_owned(), format!("{path}\n"))).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_made_and_no_draft_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::open(folder.path()).unwrap();
        site.add(&files(&["a/b/c.yaml", "a/d.yaml", "e.yaml"])).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a/b/c.yaml")).unwrap(), "a/b/c.yaml\n");
        assert_eq!(names(folder.path()), ["a", "e.yaml"]);
        assert_eq!(names(&folder.path().join("a")), ["b", "d.yaml"]);
        assert_eq!(names(&folder.path().join("a/b")), ["c.yaml"]);
    }

    #[test]
    fn where_one_is_there_none_is_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("e.yaml"), "mine\n").unwrap();
        let site = Site::open(folder.path()).unwrap();
        let problems = site.add(&files(&["a/b.yaml", "e.yaml"])).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["exists"]);
        assert_eq!(names(folder.path()), ["e.yaml"]);
        assert_eq!(fs::read_to_string(folder.path().join("e.yaml")).unwrap(), "mine\n");
    }

    #[test]
    fn where_one_cannot_be_made_none_is() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        let site = Site::open(folder.path()).unwrap();
        site.add(&files(&["a/b.yaml", "link/c.yaml"])).unwrap_err();
        assert_eq!(names(folder.path()), ["link"]);
        assert!(names(elsewhere.path()).is_empty());
    }

    #[test]
    fn a_site_begins_in_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        Site::fresh(&folder.path().join("x/y")).unwrap();
        fs::create_dir(folder.path().join("x/y/.git")).unwrap();
        Site::fresh(&folder.path().join("x/y")).unwrap();
        let problems = Site::fresh(folder.path()).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["not-empty"]);
    }
}
