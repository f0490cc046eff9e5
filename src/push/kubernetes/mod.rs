//! The target that is a Kubernetes API.

pub mod fields;
pub mod helm;
pub mod immutable;
pub mod owners;
pub mod ready;
pub mod store;
