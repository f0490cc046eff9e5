//! `out/` to what runs: order, plan, lock, record, history and report. Nothing here knows a protocol; a target does.

pub mod kubernetes;
