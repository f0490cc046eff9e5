//! The schemas of objects: from what Kubernetes publishes to files of `schemas/`, and from there to mistakes in objects.
//!
//! [`distil`] turns `OpenAPI` documents and custom resource definitions into `file`s without descriptions. A
//! [`shape`] is one definition of a file, read when it is needed; [`walk`] holds an object against it. What schemas do
//! not say of Kubernetes' own fields (ports, quantities, schedules, names) is a table, [`meaning`], of [`words`]. [`chart`]
//! makes definitions of the JSON Schema of a chart's values, which are then held against them in the same way.

pub mod chart;
pub mod distil;
pub mod file;
mod format;
pub mod meaning;
pub mod shape;
mod simplify;
pub mod walk;
pub mod words;

#[cfg(test)]
mod tests;
