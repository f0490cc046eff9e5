//! The schemas of objects: from what Kubernetes publishes to files of `schemas/`, and from there to a check.
//!
//! [`distil`] turns `OpenAPI` documents and custom resource definitions into [`file`]s without descriptions.

pub mod distil;
pub mod file;
mod simplify;
