//! One writer of sources at a time: what two commands change at once is changed one after the other.

use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::walk::failure;
use super::{Site, descriptor};
use crate::problem::Problem;

/// The right to change sources, as long as it is held. The system takes it back from a program that ends.
#[derive(Debug)]
pub struct Lock {
    _folder: OwnedFd,
}

impl Site {
    /// Waits until no other homebuild changes sources here; `waiting` is called once where that is not at once.
    pub fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, Problem> {
        let fail = |error| failure("lock", ".", error);
        let folder = descriptor::open_folder(self.descriptor(), ".").map_err(fail)?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                waiting();
                while let Err(error) = flock(&folder, FlockOperation::LockExclusive) {
                    if error != Errno::INTR {
                        return Err(fail(error));
                    }
                }
            }
            // a file system without locks, such as some over a network: a change in between is found when it is written
            Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) | Ok(()) => {}
            Err(error) => return Err(fail(error)),
        }
        Ok(Lock { _folder: folder })
    }
}
