//! Push against Kubernetes' real control plane.
//!
//! `tests/run.sh push` starts one, sets `KUBECONFIG`, and runs these; without it they are not run, and say so. Each test
//! has stacks and namespaces of its own, so they can run beside one another.

mod adopt;
mod basic;
mod commands;
mod drift;
mod faults;
mod flux;
mod homelab;
mod immutable;
mod proxy;
mod reach;
mod refused;
mod releases;
mod script;
#[path = "../shape/mod.rs"]
mod shape;
mod site;
mod unwilling;
mod webhook;
