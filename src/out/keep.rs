//! A folder of files that a command keeps, in the site or elsewhere.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::tree;
use crate::disk::{LARGEST, Site, descriptor};
use crate::problem::{Place, Problem, Problems, Source};

/// What was done to a folder: names, sorted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The files that were written, because they were missing or differed.
    pub written: Vec<String>,
    /// The files that are made no longer and were taken away.
    pub removed: Vec<String>,
}

/// Makes a folder hold these files, by name and text. A file that begins with the mark, as these do, is homebuild's:
/// it is written anew, or taken away. Where another one stands in the way, nothing is written.
pub fn keep(folder: &Path, mark: &str, files: &BTreeMap<String, String>) -> Result<Kept, Problems> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let error = match Errno::from_io_error(&error) {
            Some(Errno::EXIST) => Errno::NOTDIR, // what is there is no folder
            error => error.unwrap_or(Errno::IO),
        };
        tree::refused("make the folder", &folder.display().to_string(), error).nowhere()
    })?;
    let at = Site::open(folder)?;
    let shown = |name: &str| folder.join(name).display().to_string();
    let (owned, others) = there(&at, &shown)?.into_iter().partition::<Vec<_>, _>(|(_, text)| text.starts_with(mark));
    let taken = others.iter().filter(|(name, _)| files.contains_key(name));
    taken.map(|(name, _)| not_ours(&shown(name))).collect::<Problems>().or(())?;
    let owned: BTreeMap<String, String> = owned.into_iter().collect();
    let mut kept = Kept::default();
    for (name, text) in files.iter().filter(|(name, text)| owned.get(*name) != Some(text)) {
        tree::replace(at.descriptor(), name, text.as_bytes())
            .map_err(|error| tree::refused("write", &shown(name), error))?;
        kept.written.push(name.clone());
    }
    for name in owned.into_keys().filter(|name| !files.contains_key(name)) {
        tree::remove(at.descriptor(), &name).map_err(|error| tree::refused("remove", &shown(&name), error))?;
        kept.removed.push(name);
    }
    Ok(kept)
}

/// What lies in a folder, by name and text, sorted; what is no file or no text has none.
fn there(at: &Site, shown: &impl Fn(&str) -> String) -> Result<Vec<(String, String)>, Problem> {
    let failed = |error| tree::refused("read", &shown(""), error);
    let folder: OwnedFd = descriptor::open_folder(at.descriptor(), ".").map_err(failed)?;
    let (_, names) = descriptor::list(folder).map_err(failed)?;
    let mut found = Vec::new();
    for listed in names {
        let Ok(name) = listed.name.to_str() else { continue };
        let mut bytes = Vec::new();
        let is_read = listed.kind == FileType::RegularFile
            && descriptor::read(at.descriptor().as_fd(), name, LARGEST, &mut bytes).is_ok();
        let text = String::from_utf8(bytes).unwrap_or_default();
        found.push((name.to_owned(), if is_read { text } else { String::new() }));
    }
    found.sort();
    Ok(found)
}

fn not_ours(path: &str) -> Problem {
    Problem::error("exists", format!("`{path}` is there, and homebuild did not make it"))
        .at(&Place::file(&Source::new(path, "")))
        .note("move it away, or name another folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MARK: &str = "# ours\n";

    fn files(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), format!("{MARK}{name}\n"))).collect()
    }

    #[test]
    fn what_is_made_no_longer_goes_and_what_others_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert_eq!(keep(&path, MARK, &files(&["x", "y"])).unwrap().written, ["x", "y"]);
        fs::write(path.join("mine"), "mine\n").unwrap();
        fs::create_dir(path.join("folder")).unwrap();
        let kept = keep(&path, MARK, &files(&["y", "z"])).unwrap();
        assert_eq!(kept, Kept { written: vec!["z".to_owned()], removed: vec!["x".to_owned()] });
        assert_eq!(keep(&path, MARK, &files(&["y", "z"])).unwrap(), Kept::default());
        assert_eq!(fs::read_to_string(path.join("mine")).unwrap(), "mine\n");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 4);
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        fs::write(&path, "mine\n").unwrap();
        let problems = keep(&path, MARK, &files(&["x"])).unwrap_err().into_iter().collect::<Vec<_>>();
        assert!(problems[0].notes[0].contains("is it a link or a file?"), "{problems:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
    }

    #[test]
    fn where_a_file_of_others_is_in_the_way_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("y"), "mine\n").unwrap();
        let problems = keep(folder.path(), MARK, &files(&["x", "y"])).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["exists"]);
        assert!(!folder.path().join("x").exists());
        assert_eq!(fs::read_to_string(folder.path().join("y")).unwrap(), "mine\n");
    }
}
