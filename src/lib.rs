//! homebuild: a homelab as a static site.
#![doc = "The story is told in `ARCHITECTURE.md`."]

pub mod kubernetes;
pub mod problem;
pub mod schema;
pub mod yaml;
