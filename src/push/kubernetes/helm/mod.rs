//! Releases of charts, by the program `helm`.
//!
//! [`Release::read`] turns a Flux `HelmRelease` and its `HelmRepository` into what is to run. [`Revision`] and
//! [`Installed`] are what the cluster keeps of it: Secrets of helm's own, read without helm, so that a release of which
//! nothing changed costs no run. [`Helm`] is the program: it renders for the plan, installs or upgrades, goes back and
//! removes. Values travel through a pipe only; what helm says is shown with the secrets in it masked.

mod changes;
mod installed;
mod manifest;
mod mask;
mod options;
mod program;
mod release;
mod running;
mod values;

pub use changes::Change;
pub use installed::{Installed, Revision, Status, freed};
pub use program::{Access, Helm, How};
pub use release::{Release, Source, read_from, source};

use crate::digest;

/// The digest by which a push knows that a release is as it was recorded: over the texts of `out/` that make it (the
/// `HelmRelease`, its repository, what its values come from), in which secrets are references.
#[must_use]
pub fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    digest::hex(digest::of_parts(texts), 32)
}
