//! Push against Kubernetes' real control plane.
//!
//! `tests/run.sh push` starts one, sets `KUBECONFIG`, and runs these; without it they are not run, and say so. Each test
//! has stacks and namespaces of its own, so they can run beside one another.

mod adopt;
mod basic;
mod commands;
mod drift;
mod faults;
mod homelab;
mod proxy;
mod refused;
mod releases;
#[path = "../shape/mod.rs"]
mod shape;
mod site;
mod webhook;
