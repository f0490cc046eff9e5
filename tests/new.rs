//! `homebuild new`: what it writes builds at once, and what it refuses leaves nothing behind.

mod homelab;
mod sites;

use std::fs;

use homelab::homelab;
use sites::{Ran, homebuild};

#[test]
fn a_new_stack_module_and_layout_build_at_once() {
    let site = homelab();
    let said: String = [
        &["new", "stack", "notes", "--image", "example/notes:1.4", "--port", "8080", "--host", "notes"][..],
        &["new", "module", "platform/registry", "--image", "registry:3.0", "--port", "5000"],
        &["new", "stack", "box", "--layout", "vm", "--set", "vmid=333", "--set", "template=1001"],
        &["new", "layout", "letter"],
        &["new", "stack", "post", "--layout", "letter", "--set", "text=hello, world"],
    ]
    .iter()
    .map(|arguments| homebuild(site.path(), arguments).good().text)
    .collect();
    let files = [
        "stacks/notes/stack.yaml",
        "stacks/platform/registry/module.yaml",
        "stacks/box/stack.yaml",
        "layouts/letter.schema.yaml",
        "layouts/letter.yaml.j2",
        "stacks/post/stack.yaml",
    ];
    let texts = files.map(|file| format!("--- {file}\n{}", fs::read_to_string(site.path().join(file)).unwrap()));
    insta::assert_snapshot!(format!("{said}{}", texts.concat()));
    homebuild(site.path(), &["build", "--stack", "notes"]).good().without_warnings();
    homebuild(site.path(), &["build"]).good();
    for file in
        ["notes/notes/ingress.notes.yaml", "platform/registry/service.registry.yaml", "box/box/proxmox/333-box.json"]
    {
        assert!(site.path().join("out").join(file).exists(), "{file}");
    }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let site = homelab();
    let before = sites::paths(site.path());
    let said: String = [
        &["new", "stack", "notes"][..],
        &["new", "stack", "Not_es", "--image", "x:1"],
        &["new", "stack", "kube-system", "--image", "x:1"],
        &["new", "stack", "platform", "--image", "x:1"],
        &["new", "stack", "redis", "--image", "x:1"],
        &["new", "stack", "notes", "--layout", "ap", "--image", "x:1"],
        &["new", "stack", "notes", "--image", "x:1", "--set", "prot=80"],
        &["new", "module", "registry", "--image", "x:1"],
        &["new", "module", "platfrom/registry", "--image", "x:1"],
        &["new", "module", "platform/files", "--image", "x:1"],
        &["new", "layout", "app"],
        &["new", "layout", "types"],
        &["new", "layout", "../app"],
        &["new", "stack", "notes", "--json"],
    ]
    .iter()
    .map(|arguments| homebuild(site.path(), arguments).bad().text)
    .collect();
    insta::assert_snapshot!(said);
    assert_eq!(before, sites::paths(site.path()));
}

#[test]
fn a_new_stack_is_told_as_json() {
    let site = homelab();
    let Ran { text, .. } = homebuild(site.path(), &["new", "stack", "notes", "--image", "x:1", "--json"]).good();
    insta::assert_snapshot!(text);
}
