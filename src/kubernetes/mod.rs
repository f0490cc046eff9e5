//! What the program knows of Kubernetes, apart from the checks: data about kinds, and what follows from it.
//!
//! [`kinds`] is the data, from the files of `schemas/`, and [`openapi`] makes and reads them. [`merge`] lays
//! Kubernetes' own words over what a layout made, [`patch`] changes single values, [`normalise`] and [`order`] bring
//! an object into the one form that `out/` shows, [`identity`] says what an object is and what its file is called,
//! [`fixed`] which fields cannot change in place, [`quantity`] reads amounts of resources, and [`duration`] lengths of
//! time.

pub mod duration;
pub mod fixed;
pub mod identity;
pub mod kinds;
pub mod merge;
pub mod normalise;
pub mod openapi;
pub mod order;
pub mod patch;
pub mod quantity;
#[cfg(test)]
mod testing;
