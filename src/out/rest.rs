//! What is in `out/` and belongs to no stack that the site has.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::turn::TEMPORARY;
use crate::disk::descriptor;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Stacks of earlier builds: folders with a `stack.lock`.
    pub gone: BTreeSet<String>,
    /// What an interrupted build left.
    pub temporary: Vec<String>,
}

impl Rest {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.temporary.is_empty()
    }
}

/// Looks through `out/`. What has neither a lock nor a temporary name is foreign and not looked at.
pub fn survey(out: BorrowedFd<'_>, is_stack: &dyn Fn(&str) -> bool) -> Result<Rest, Errno> {
    let folder = descriptor::open_folder(out, ".")?;
    let (dir, names) = descriptor::list(folder)?;
    let at = dir.fd()?;
    let mut rest = Rest::default();
    for listed in names {
        let Ok(name) = listed.name.to_str() else { continue };
        if name.starts_with(TEMPORARY) {
            rest.temporary.push(name.to_owned());
        } else if listed.kind == FileType::Directory && !is_stack(name) {
            let lock = descriptor::stamp(at, &format!("{name}/stack.lock"))?;
            if lock.exists() {
                rest.gone.insert(name.to_owned());
            }
        }
    }
    Ok(rest)
}
