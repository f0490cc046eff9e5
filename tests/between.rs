//! What is wrong between stacks is told by every build, whatever was built before it, and in whichever order.

mod homelab;
mod sites;

use std::fs;
use std::path::Path;

use homelab::copy;
use sites::{Ran, homebuild};
use tempfile::TempDir;

const PAGE: &str = "description: A page
tier: 4-aux
components:
  web: {layout: web, image: \"nginx:1.29\", ports: {http: 80}}
";
/// It asks for what nobody makes.
const ASKS_NOBODY: &str = "  conf: {layout: config, data: {url: \"http://web.nobody.svc\"}}\n";
/// It needs another stack and does not say so, which is a warning.
const ASKS_B: &str = "  conf: {layout: config, data: {url: \"http://web.b.svc\"}}\n";
/// It makes what stack `b` makes.
const MAKES_B: &str = "  b: {layout: objects, objects: [{apiVersion: v1, kind: Namespace, metadata: {name: b}}]}\n";

/// The base of the cases with the stacks `a` and `b`.
fn site() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base"), site.path());
    fs::remove_dir_all(site.path().join("stacks/web")).unwrap();
    put(&site, "a", "");
    put(&site, "b", "");
    site
}

fn put(site: &TempDir, stack: &str, more: &str) {
    let folder = site.path().join("stacks").join(stack);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("stack.yaml"), format!("{PAGE}{more}")).unwrap();
}

fn build(site: &TempDir, arguments: &[&str]) -> Ran {
    homebuild(site.path(), &[&["build"], arguments].concat())
}

fn says(ran: &Ran, what: &str) {
    assert!(ran.text.contains(what), "{what}: {}", ran.text);
}

#[test]
fn an_error_is_found_when_a_stack_that_was_out_of_scope_is_what_it_was() {
    for (fault, message) in [(ASKS_NOBODY, "there is no Service `web`"), (MAKES_B, "is made by two stacks")] {
        let site = site();
        build(&site, &[]).good();
        put(&site, "b", "# later\n");
        put(&site, "a", fault);
        // what all stacks are together is not known: `b` may come to be anything
        build(&site, &["--stack", "a"]).good();
        put(&site, "b", "");
        for arguments in [&[][..], &["--check"], &["--stack", "a"], &["--stack", "b"], &[]] {
            says(&build(&site, arguments).bad(), message);
        }
        put(&site, "a", "");
        build(&site, &[]).good();
        build(&site, &["--check"]).good();
    }
}

#[test]
fn warnings_are_told_in_one_order_whichever_build_found_them() {
    let site = site();
    put(&site, "a", ASKS_B);
    put(&site, "b", "");
    let folder = site.path().join("stacks/b/files");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("unread.txt"), "text\n").unwrap();
    let warnings = |ran: Ran| ran.text.split_once("--- stderr\n").map(|(_, said)| said.to_owned());
    let first = warnings(build(&site, &[]).good()).unwrap();
    assert!(first.find("stacks/a/stack.yaml") < first.find("stacks/b/files/unread.txt"), "{first}");
    assert_eq!(warnings(build(&site, &[]).good()).as_deref(), Some(first.as_str()));
}

#[test]
fn an_error_is_found_when_a_file_of_out_that_was_out_of_scope_is_what_it_was() {
    let site = site();
    build(&site, &[]).good();
    let file = site.path().join("out/b/b/service.web.yaml");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    put(&site, "a", ASKS_NOBODY);
    build(&site, &["--stack", "a"]).good();
    fs::write(&file, whole).unwrap();
    says(&build(&site, &[]).bad(), "there is no Service `web`");
}

#[test]
fn a_stack_that_goes_is_missed_by_those_that_need_it() {
    let site = site();
    put(&site, "a", ASKS_B);
    build(&site, &[]).good();
    fs::remove_dir_all(site.path().join("stacks/b")).unwrap();
    for arguments in [&["--stack", "a"][..], &["--check"], &[], &[]] {
        says(&build(&site, arguments).bad(), "there is no Service `web`");
    }
    put(&site, "b", "");
    says(&build(&site, &[]).good(), "warning[undeclared-dependency]");
}

#[test]
fn a_warning_is_repeated_until_its_cause_is_gone() {
    let warning = "warning[undeclared-dependency]";
    let site = site();
    put(&site, "a", ASKS_B);
    let again = || {
        for arguments in [&[][..], &["--check"], &["--stack", "a"], &[]] {
            says(&build(&site, arguments).good(), warning);
        }
    };
    says(&build(&site, &[]).good(), warning);
    again();
    // a build that fails in between, one that denies warnings, and one of another stack
    put(&site, "b", "  c: {}\n");
    build(&site, &[]).bad();
    put(&site, "b", "");
    again();
    says(&build(&site, &["--warnings", "deny"]).bad(), warning);
    again();
    put(&site, "b", "# later\n");
    says(&build(&site, &["--stack", "b"]).good(), warning);
    again();
    // a level of the site
    let config = site.path().join("homebuild.yaml");
    let old = fs::read_to_string(&config).unwrap();
    let put_level = |level: &str| {
        let checks = format!("checks: {{undeclared-dependency: {level}, latest-tag");
        fs::write(&config, old.replace("checks: {latest-tag", &checks)).unwrap();
    };
    put_level("allow");
    build(&site, &[]).good().without_warnings();
    build(&site, &[]).good().without_warnings();
    put_level("deny");
    says(&build(&site, &[]).bad(), "error[undeclared-dependency]");
    put_level("warn");
    says(&build(&site, &[]).good(), warning);
    again();
    put(&site, "a", "");
    build(&site, &[]).good().without_warnings();
    build(&site, &[]).good().without_warnings();
}

#[test]
fn stacks_that_are_built_one_by_one_are_looked_at_together_with_the_last() {
    let site = site();
    put(&site, "a", ASKS_NOBODY);
    build(&site, &["--stack", "a"]).good();
    says(&build(&site, &["--stack", "b"]).bad(), "there is no Service `web`");
    says(&build(&site, &[]).bad(), "there is no Service `web`");
}
