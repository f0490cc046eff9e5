use std::collections::BTreeMap;

use super::*;
use crate::kubernetes::testing::{node, one_of};
use crate::problem::Source;
use crate::yaml::dice::Dice;

const SITE: &str = r#"{"kinds": {
    "traefik.io/v1alpha1/Middleware": {"namespaced": true},
    "a.example/v1/Robot": {"namespaced": true}, "a.example.b/v1/Robot": {"namespaced": true},
    "serving.dev/v1/ConfigMap": {"namespaced": true}, "serving.dev.b/v1/ConfigMap": {"namespaced": true},
    "serving/v1/ClusterRole": {"namespaced": false}}}"#;

fn kinds() -> Kinds {
    Kinds::new(&[Source::new("schemas/site.json", SITE)]).unwrap()
}

fn identity(api_version: &str, kind: &str, namespace: &str, name: &str) -> Identity {
    let namespace = (!namespace.is_empty()).then(|| namespace.into());
    Identity { api_version: api_version.into(), kind: kind.into(), namespace, name: name.into() }
}

fn file(api_version: &str, kind: &str, namespace: &str, name: &str) -> String {
    identity(api_version, kind, namespace, name).file_name(&kinds(), Some("immich"))
}

#[test]
fn an_object_of_the_modules_namespace_is_called_by_kind_and_name() {
    assert_eq!(file("apps/v1", "Deployment", "immich", "server"), "deployment.server.yaml");
    assert_eq!(file("v1", "Namespace", "", "immich"), "namespace.immich.yaml");
    assert_eq!(
        file("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "x.a.b"),
        "customresourcedefinition.x.a.b.yaml"
    );
    assert_eq!(file("traefik.io/v1alpha1", "Middleware", "immich", "immich_x"), "middleware.immich_x.yaml");
}

#[test]
fn an_object_of_another_namespace_says_so() {
    assert_eq!(file("v1", "Secret", "kube-system", "tls"), "secret.kube-system.tls.yaml");
    assert_eq!(file("apps/v1", "Deployment", "apps", "x"), "deployment.apps.x.yaml");
    let off = identity("v1", "Secret", "immich", "tls").file_name(&kinds(), None);
    assert_eq!(off, "secret.immich.tls.yaml");
}

#[test]
fn a_name_with_a_dot_says_its_namespace() {
    assert_eq!(file("v1", "ConfigMap", "immich", "root-ca.crt"), "configmap.immich.root-ca.crt.yaml");
}

#[test]
fn a_kind_of_two_groups_has_its_group_where_another_has_the_first_claim() {
    assert_eq!(file("v1", "Event", "immich", "x"), "event.x.yaml");
    assert_eq!(file("events.k8s.io/v1", "Event", "immich", "x"), "event.events.k8s.io.x.yaml");
    assert_eq!(file("a.example/v1", "Robot", "immich", "x"), "robot.a.example.x.yaml");
    assert_eq!(file("v1", "ConfigMap", "serving", "dev.x"), "configmap.serving%2Edev.x.yaml");
}

#[test]
fn what_is_more_than_itself_in_a_path_is_encoded() {
    let role = "rbac.authorization.k8s.io/v1";
    assert_eq!(file(role, "ClusterRole", "", "system:node"), "clusterrole.system%3Anode.yaml");
    assert_eq!(file(role, "ClusterRole", "", "größe x\n"), "clusterrole.gr%C3%B6%C3%9Fe%20x%0A.yaml");
    assert_eq!(file(role, "ClusterRole", "", "../../etc/x"), "clusterrole...%2F..%2Fetc%2Fx.yaml");
    assert_eq!(file("v1", "../X", "../y", "a%2Eb"), "..%2fx.%2E%2E%2Fy.a%252Eb.yaml");
}

#[test]
fn a_long_name_is_cut_and_keeps_a_digest() {
    let long = |end: &str| file("v1", "ConfigMap", "immich", &format!("{}{end}", "a".repeat(252)));
    assert_eq!(long("b").len(), LONGEST);
    assert_ne!(long("b"), long("c"));
    assert!(long("b").contains('~'));
    let fits = "a".repeat(LONGEST - "configmap..yaml".len());
    assert_eq!(file("v1", "ConfigMap", "immich", &fits), format!("configmap.{fits}.yaml"));
}

#[test]
fn two_objects_never_have_one_file() {
    let kinds = kinds();
    let mut dice = Dice(4);
    let mut files: BTreeMap<String, Identity> = BTreeMap::new();
    let scoped = [("v1", "ConfigMap"), ("serving.dev/v1", "ConfigMap"), ("serving.dev.b/v1", "ConfigMap")];
    let robots =
        [("a.example/v1", "Robot"), ("a.example.b/v1", "Robot"), ("v1", "Event"), ("events.k8s.io/v1", "Event")];
    let cluster = [("rbac.authorization.k8s.io/v1", "ClusterRole"), ("serving/v1", "ClusterRole")];
    let namespaces = ["immich", "serving", "dev", "a", "example", "b", "events", "k8s", "io"];
    let pieces = ["serving", "dev", "a", "example", "b", "events", "k8s", "io", "x", ".", ".", ".", ".", "%", ":", "~"];
    for _ in 0..50_000 {
        let name: String = (0..=dice.roll(7)).map(|_| *one_of(&mut dice, &pieces)).collect();
        let ((api_version, kind), namespace) = match dice.roll(3) {
            0 => (*one_of(&mut dice, &cluster), ""),
            1 => (*one_of(&mut dice, &robots), *one_of(&mut dice, &namespaces)),
            _ => (*one_of(&mut dice, &scoped), *one_of(&mut dice, &namespaces)),
        };
        let one = identity(api_version, kind, namespace, &name);
        let file = one.file_name(&kinds, Some("immich"));
        assert!(!file.contains('/') && file.starts_with(|c: char| c.is_ascii_lowercase()), "{file}");
        let other = files.entry(file).or_insert_with(|| one.clone());
        assert_eq!(*other, one);
    }
}

#[test]
fn it_is_read_from_an_object() {
    let read =
        Identity::read(&node("{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: y}}")).unwrap();
    assert_eq!(read, identity("apps/v1", "Deployment", "y", "x"));
    assert_eq!(read.key(), ("apps", "Deployment", Some("y"), "x"));
    assert_eq!(read.to_string(), "Deployment y/x");
    let read =
        Identity::read(&node("{apiVersion: v1, kind: Namespace, metadata: {name: x, namespace: null}}")).unwrap();
    assert_eq!(read.to_string(), "Namespace x");
}

fn wrong(object: &str) -> String {
    let problems = Identity::read(&node(object)).unwrap_err();
    let said = problems.iter().map(|p| format!("{} | {}{}", p.message, p.label, p.notes.join(" ")));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_missing_part_is_a_problem() {
    assert_eq!(
        wrong("{}"),
        "the object has no `apiVersion` | \nthe object has no `kind` | \nthe object has no `metadata.name` | "
    );
    assert_eq!(
        wrong("{apiVersion: v1, kind: Pod, metadata: {generateName: x}}"),
        "the object has no `metadata.name` | a name that the server makes up cannot be adopted again: give `name`"
    );
}

#[test]
fn a_part_that_is_no_text_is_a_problem() {
    assert_eq!(
        wrong("{apiVersion: 1, kind: [], metadata: {name: true, namespace: 5}}"),
        "`apiVersion` is a whole number, not text | put it in quotes\n`kind` is a list, not text | \n\
         `metadata.name` is true or false, not text | put it in quotes\n\
         `metadata.namespace` is a whole number, not text | put it in quotes"
    );
    assert!(wrong("[]").starts_with("the object has no `apiVersion`"));
}

#[test]
fn a_part_that_no_server_takes_is_a_problem() {
    let object = |api, kind, name, namespace| {
        node(&format!(
            "{{apiVersion: '{api}', kind: '{kind}', metadata: {{name: '{name}', namespace: '{namespace}'}}}}"
        ))
    };
    assert!(Identity::read(&object("a.b-c/v1alpha1", "Foo-Bar", "system:x y", "a-1")).is_ok());
    let one = |node: &Node| Identity::read(node).unwrap_err().iter().count();
    let (long_name, long_label) = ("a".repeat(254), "a".repeat(64));
    for name in ["", ".", "..", "a/b", "a%b", &long_name] {
        assert_eq!(one(&object("v1", "X", name, "y")), 1, "{name}");
    }
    for namespace in ["", ".", "a.b", "A", "-a", "a-", &long_label] {
        assert_eq!(one(&object("v1", "X", "x", namespace)), 1, "{namespace}");
    }
    for kind in ["", ".", "..", "a/b", "1", "Ä", &long_label] {
        assert_eq!(one(&object("v1", kind, "x", "y")), 1, "{kind}");
    }
    for api_version in ["", "/", "/v1", "a/", "a/b/c", "../v1", "A/v1", "a/v.1"] {
        assert_eq!(one(&object(api_version, "X", "x", "y")), 1, "{api_version}");
    }
}
