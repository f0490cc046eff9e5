//! Limits, reservations, GPUs and replicas.

use super::super::draft::{number, text};
use super::component::{Component, original, put, raw, raws, take};
use super::words::{cpus, memory};
use crate::yaml::{Map, Node};

/// Limits and reservations. Docker reserves nothing that is not asked for, and Kubernetes as much as the limit.
pub fn resources(c: &mut Component) {
    let mut before = Map::default();
    let mut found: Vec<([&str; 2], String)> = Vec::new();
    for (key, path) in
        [("mem_limit", ["limits", "memory"]), ("cpus", ["limits", "cpu"]), ("mem_reservation", ["requests", "memory"])]
    {
        if let Some(node) = c.take(key) {
            quantity(c, &mut before, &mut found, &[key], path, node);
        }
    }
    deploy(c, &mut before, &mut found);
    if !found.is_empty() {
        for (key, least) in [("memory", "64Mi"), ("cpu", "10m")] {
            let is_asked = found.iter().any(|(path, _)| *path == ["requests", key]);
            if !is_asked && found.iter().any(|(path, _)| *path == ["limits", key]) {
                found.push((["requests", key], least.to_owned()));
            }
        }
    }
    for (path, value) in found {
        c.set("resources", &path, text(&value));
    }
    for (key, node) in before.iter() {
        c.say("resources", &original(key, node));
    }
}

fn quantity(
    c: &mut Component,
    before: &mut Map,
    found: &mut Vec<([&'static str; 2], String)>,
    at: &[&str],
    path: [&'static str; 2],
    node: Node,
) {
    let convert = if path[1] == "cpu" { cpus } else { memory };
    match raw(&node).and_then(|text| convert(&text)) {
        Some(value) => {
            put(before, at, node);
            found.push((path, value));
        }
        None => put(&mut c.rest, at, node),
    }
}

fn deploy(c: &mut Component, before: &mut Map, found: &mut Vec<([&'static str; 2], String)>) {
    replicas(c, &["scale"]);
    replicas(c, &["deploy", "replicas"]);
    for (from, to) in [("limits", "limits"), ("reservations", "requests")] {
        for (key, name) in [("memory", "memory"), ("cpus", "cpu")] {
            let at = ["deploy", "resources", from, key];
            if let Some(node) = take(&mut c.rest, &at) {
                quantity(c, before, found, &at, [to, name], node);
            }
        }
        let at = ["deploy", "resources", from, "devices"];
        if let Some(devices) = take(&mut c.rest, &at) {
            gpus(c, &at, devices);
        }
    }
}

/// GPUs are a limit to Kubernetes; other devices are left.
fn gpus(c: &mut Component, at: &[&str], devices: Node) {
    let items = devices.as_list().unwrap_or_default();
    let is_gpu = |device: &Node| {
        let can = device.get("capabilities").and_then(raws).unwrap_or_default();
        let driver = device.get("driver").and_then(Node::as_str).unwrap_or("nvidia");
        can.iter().any(|one| one == "gpu") && driver == "nvidia"
    };
    if !items.iter().any(is_gpu) {
        return put(&mut c.rest, at, devices);
    }
    let count = items.first().and_then(|device| device.get("count").and_then(raw));
    let count = count.filter(|count| count.parse::<u8>().is_ok()).unwrap_or_else(|| "1".to_owned());
    c.say("resources", &original("devices", &devices));
    c.set("resources", &["limits", "nvidia.com/gpu"], text(&count));
}

fn replicas(c: &mut Component, at: &[&str]) {
    let Some(node) = take(&mut c.rest, at) else { return };
    match raw(&node).and_then(|text| text.parse::<u16>().ok()) {
        Some(replicas) => c.set("replicas", &[], number(replicas)),
        None => put(&mut c.rest, at, node),
    }
}
