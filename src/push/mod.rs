//! `out/` to what runs: order, plan, lock, record, history and report. Nothing here knows a protocol; a target does.
//!
//! [`stack::read`] takes the stacks of `out/`, [`order`] says which come when, a [`Target`](target::Target) plans what
//! would become of each object ([`plan`]), and [`engine`] does it: under a [`lease`], by a [`record`] that is written
//! before and after, telling a [`report`] what happens.

pub mod each;
pub mod engine;
pub mod journal;
pub mod kubernetes;
pub mod lease;
pub mod order;
pub mod plan;
pub mod record;
pub mod report;
pub mod stack;
pub mod target;
