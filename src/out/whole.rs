//! The files of the site as a whole: `out/site.lock` and what build makes beside the sources.

use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::apply::Left;
use super::compare::{Found, Made, compare_file, in_the_way};
use super::{File, tree};
use crate::disk::descriptor;
use crate::problem::Problem;

/// A file to be, at its path below the site, and what is there now.
pub fn compare(site: BorrowedFd<'_>, file: File) -> Result<Made, Problem> {
    let digest = Sha256::digest(file.text.as_bytes()).into();
    let mut made = Made { path: file.path, text: file.text.into(), digest, found: Found::Nothing };
    let (folder, name) = split(&made.path);
    match descriptor::open_folder(site, folder) {
        Ok(folder) => {
            made.found = compare_file(folder.as_fd(), name, made.text.as_bytes())
                .map_err(|error| tree::refused("write", &made.path, error))?;
        }
        Err(Errno::NOENT) => {}
        Err(error) => return Err(in_the_way(folder, error)),
    }
    Ok(made)
}

/// Puts a file at its place, and tells how it was left.
pub fn put(site: BorrowedFd<'_>, made: &Made) -> Result<Left, Problem> {
    if let Found::Same(stamp) = made.found {
        return Ok((stamp, false));
    }
    let (folder, name) = split(&made.path);
    let folder = tree::folder(site, folder).map_err(|error| tree::refused("write", folder, error))?;
    let written = tree::replace(folder.as_fd(), name, made.text.as_bytes());
    written.map(|stamp| (stamp, true)).map_err(|error| tree::refused("write", &made.path, error))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}
