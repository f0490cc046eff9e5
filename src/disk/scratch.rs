//! A file that another program shall see for a moment, and nobody else at any time.

use std::io::{Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::problem::Problem;

/// Where files may lie in memory, the first that there is: never on a disk.
const IN_MEMORY: [&str; 1] = ["/dev/shm"];

/// A file of mode 0600 in a folder of its own, 0700, in memory where the system has such a place. It is overwritten and
/// removed when it is dropped.
#[derive(Debug)]
pub struct Scratch {
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
        let scratch = Self { path };
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
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        private(&self.path)
    }
}

impl Scratch {
    /// Overwrites and removes the file at a path with all that lies beside it: an editor may have left copies.
    pub fn wipe(path: &Path) {
        let Some(folder) = path.parent() else { return };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Some(about) = entry.metadata().ok().filter(std::fs::Metadata::is_file) else { continue };
            let length = usize::try_from(about.len()).unwrap_or_default();
            let mut options = std::fs::OpenOptions::new();
            let file =
                options.write(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()).open(entry.path());
            let _ = file.and_then(|mut file| file.write_all(&vec![0; length]));
        }
        let _ = std::fs::remove_dir_all(folder);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        Self::wipe(&self.path);
    }
}

/// The bytes of a file of the person who runs the program, which may be a secret.
pub fn private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Problem> {
    std::fs::File::open(path).and_then(read_private).map_err(|error| failure("read", path, &error))
}

/// All that a stream gives. Where it lay before it grew is wiped.
pub fn read_private(mut stream: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; 1 << 16]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * length]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match stream.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
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
        let folder = scratch.path().parent().unwrap().to_path_buf();
        assert_eq!((mode(&folder), mode(scratch.path())), (0o700, 0o600));
        let other = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(other.path(), "theirs").unwrap();
        std::os::unix::fs::symlink(other.path(), folder.join("link")).unwrap();
        std::fs::write(folder.join("x.yaml~"), "copy").unwrap();
        assert_eq!(*scratch.read().unwrap(), b"text");
        let large = vec![7; 200_000];
        std::fs::write(scratch.path(), &large).unwrap();
        assert_eq!(*scratch.read().unwrap(), large);
        assert!(Scratch::new("x.yaml", b"", u32::MAX).is_err(), "it is never one that is there");
        drop(scratch);
        assert!(!folder.exists());
        assert_eq!(std::fs::read(other.path()).unwrap(), b"theirs", "what a link leads to stays");
    }
}
