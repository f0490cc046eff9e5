//! homebuild: a homelab as a static site.
#![doc = "The story is told in `ARCHITECTURE.md`."]

pub mod disk;
pub mod out;
pub mod problem;
pub mod yaml;
