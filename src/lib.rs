//! homebuild: a homelab as a static site.
//!
//! `stacks/`, `layouts/` and `partials/` are what people write, `out/` is what they review and what push applies. A
//! [`build::build`] is a pure function of the working tree, told by the modules in their order:
//!
//! [`load`] turns a folder into sources, [`site`] and [`resolve`] turn sources into jobs, [`mod@render`] turns jobs into
//! artifacts, [`mod@out`] makes `out/` what the artifacts say. Nothing is written before all of it is right. The map and
//! its rules are in `ARCHITECTURE.md`.

pub mod across;
pub mod build;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod diff;
pub mod digest;
pub mod disk;
pub mod document;
pub mod explain;
pub mod export;
pub mod init;
pub mod kubernetes;
pub mod layer;
pub mod links;
pub mod load;
pub mod lock;
pub mod new;
pub mod out;
pub mod page;
pub mod problem;
pub mod push;
pub mod render;
pub mod resolve;
pub mod schema;
pub mod secrets;
pub mod site;
pub mod sops;
pub mod survey;
pub mod template;
pub mod yaml;
