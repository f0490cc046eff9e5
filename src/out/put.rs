//! One file that a command makes beside the sources.

use std::os::fd::AsFd;
use std::path::Path;

use super::tree;
use crate::disk::{Site, descriptor};
use crate::problem::Problem;

/// Puts a whole file at a path below the site, in one step; its folders are made where they are missing.
pub fn put(site: &Site, path: &str, text: &str) -> Result<(), Problem> {
    let refused = |error| tree::refused("write", path, error);
    let mut folder = descriptor::open_folder(site.descriptor(), ".").map_err(refused)?;
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    for part in parts {
        folder = tree::folder(&folder, part).map_err(refused)?;
    }
    tree::replace(folder.as_fd(), name, text.as_bytes()).map(|_| ()).map_err(refused)
}

/// Puts a whole file at a path anywhere, in one step; its folder must be there.
pub fn put_file(path: &Path, text: &str) -> Result<(), Problem> {
    let shown = path.display().to_string();
    let refused = |error| tree::refused("write", &shown, error);
    let folder = path.parent().map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
    let folder = descriptor::open_folder(rustix::fs::CWD, folder.as_deref().unwrap_or(".")).map_err(refused)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    tree::replace(folder.as_fd(), &name, text.as_bytes()).map(|_| ()).map_err(refused)
}

/// A folder below the site that is made where it is missing: its path, as it was given.
pub fn folder<'a>(site: &Site, path: &'a str) -> Result<&'a str, Problem> {
    let refused = |error| tree::refused("make", path, error);
    let root = descriptor::open_folder(site.descriptor(), ".").map_err(refused)?;
    path.split('/').try_fold(root, |folder, part| tree::folder(&folder, part)).map_err(refused)?;
    Ok(path)
}
