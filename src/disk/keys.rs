//! Files with private keys, which lie in the user's home and not in the site.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// Bytes of the largest one, as in sops; what is larger is no key.
const LARGEST: u64 = 1 << 24;

/// What is in such a file; wiped from memory when it is dropped.
pub struct KeyFile {
    /// All of it.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether others than its owner may read it.
    pub is_exposed: bool,
}

/// A file with private keys, none where it does not exist, or why it cannot be read. Links are followed: it is the
/// user's own folder, and many keep such files elsewhere.
pub fn key_file(path: &Path) -> Result<Option<KeyFile>, String> {
    match read(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Errno::from_io_error(&error).map_or_else(|| error.to_string(), super::describe)),
    }
}

/// Makes a file for a private key, mode 0600, in folders of 0700 where they are missing. What is there is never
/// overwritten.
pub fn new_key_file(path: &Path, text: &[u8]) -> Result<(), Problem> {
    let fail = |error: std::io::Error| {
        let why = Errno::from_io_error(&error).map_or_else(|| error.to_string(), super::describe);
        Problem::error("key-file", format!("cannot make `{}`: {why}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = std::fs::remove_file(path);
        fail(error)
    })
}

fn read(path: &Path) -> std::io::Result<KeyFile> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    // room for all of it, so that no copy is left behind where it grew
    let room = usize::try_from(metadata.len().min(LARGEST)).unwrap_or_default().max(1 << 16) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than a key can be"));
    }
    Ok(KeyFile { bytes, is_exposed: metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_new_key_file_is_for_its_owner_only_and_never_in_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/keys.txt");
        new_key_file(&path, b"key").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&folder.path().join("a"))), (0o600, 0o700, 0o700));
        let problem = new_key_file(&path, b"other").unwrap_err();
        assert!(problem.message.ends_with("file exists"), "{}", problem.message);
        assert_eq!(fs::read(&path).unwrap(), b"key");
    }

    #[test]
    fn a_private_file_is_read_and_what_is_wrong_with_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.txt");
        assert!(key_file(&path).unwrap().is_none());
        fs::write(&path, "key").unwrap();
        for (mode, is_exposed) in [(0o600, false), (0o644, true), (0o640, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = key_file(&path).unwrap().unwrap();
            assert_eq!((read.bytes.as_slice(), read.is_exposed), (&b"key"[..], is_exposed));
        }
        assert!(key_file(&path.join("x")).unwrap().is_none());
        assert_eq!(key_file(folder.path()).err().as_deref(), Some("is a directory"));
    }
}
