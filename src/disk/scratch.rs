//! A file that another program shall see for a moment, and nobody else at any time.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// Where files may lie in memory, the first that there is: never on a disk.
const IN_MEMORY: [&str; 1] = ["/dev/shm"];

/// A file of mode 0600 in a folder of its own, 0700, in memory where the system has such a place. It is overwritten and
/// removed when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    path: PathBuf,
}

impl Scratch {
    /// A file of this name and text. `number` is what makes its folder another one than those before it.
    pub fn new(name: &str, text: &[u8], number: u32) -> Result<Self, Problem> {
        let place = IN_MEMORY.iter().map(PathBuf::from).find(|path| path.is_dir());
        let place = place.unwrap_or_else(std::env::temp_dir);
        let folder = place.join(format!("homebuild-{number}"));
        let path = folder.join(name);
        let fail = |error| failure("make", &folder, &error);
        std::fs::DirBuilder::new().mode(0o700).create(&folder).map_err(fail)?;
        let scratch = Self { folder: folder.clone(), path };
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch.path).map_err(fail)?;
        file.write_all(text).map_err(fail)?;
        Ok(scratch)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds now.
    pub fn read(&self) -> Result<Vec<u8>, Problem> {
        std::fs::read(&self.path).map_err(|error| failure("read", &self.path, &error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // an editor may have left copies beside it
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let length =
                entry.metadata().map(|about| usize::try_from(about.len()).unwrap_or_default()).unwrap_or_default();
            let _ = std::fs::OpenOptions::new()
                .write(true)
                .open(entry.path())
                .and_then(|mut file| file.write_all(&vec![0; length]));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The bytes of a file of the person who runs the program, which may be a secret.
pub fn private(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, Problem> {
    std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|error| failure("read", path, &error))
}

fn failure(what: &str, path: &Path, error: &std::io::Error) -> Problem {
    Problem::error("io", format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_for_one_user_and_goes_with_all_that_lies_beside_it() {
        let scratch = Scratch::new("x.yaml", b"text", u32::MAX).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&scratch.folder), mode(scratch.path())), (0o700, 0o600));
        std::fs::write(scratch.folder.join("x.yaml~"), "copy").unwrap();
        assert_eq!(scratch.read().unwrap(), b"text");
        assert!(Scratch::new("x.yaml", b"", u32::MAX).is_err(), "it is never one that is there");
        let folder = scratch.folder.clone();
        drop(scratch);
        assert!(!folder.exists());
    }
}
