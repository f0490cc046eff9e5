use super::*;

const SITE: &str = r#"{"kinds": {
    "traefik.io/v1alpha1/Middleware": {"namespaced": true},
    "traefik.containo.us/v1alpha1/IngressRoute": {"namespaced": true},
    "traefik.io/v1alpha1/IngressRoute": {"namespaced": true},
    "serving.knative.dev/v1/Service": {"namespaced": true},
    "apps/v1/Deployment": {"namespaced": true, "schema": "io.k8s.api.apps.v1.Deployment"}}}"#;

fn site() -> Kinds {
    Kinds::new(&[Source::new("schemas/site.json", SITE)]).unwrap()
}

#[test]
fn the_core_set_says_what_lives_in_a_namespace() {
    let kinds = Kinds::new(&[]).unwrap();
    let namespaced = |api, kind| kinds.kind(api, kind).map(|k| (k.namespaced, k.custom));
    assert_eq!(namespaced("apps/v1", "Deployment"), Some((true, false)));
    assert_eq!(namespaced("v1", "Namespace"), Some((false, false)));
    assert_eq!(namespaced("apps/v1beta1", "Deployment"), None);
}

#[test]
fn every_short_name_has_a_type() {
    let kinds = Kinds::new(&[]).unwrap();
    let names: Vec<_> = Kinds::SHORT_NAMES.iter().map(|name| &*kinds.type_of_short_name(name).unwrap().name).collect();
    assert_eq!(
        names.join(" "),
        "Container CronJobSpec DaemonSetSpec DeploymentSpec JobSpec PodSpec ServiceSpec StatefulSetSpec"
    );
    assert!(kinds.type_of_short_name("deployment").is_none());
}

#[test]
fn the_sites_kinds_come_beside_the_core_set() {
    let kinds = site();
    assert!(kinds.kind("traefik.io/v1alpha1", "Middleware").unwrap().custom);
    let deployment = kinds.kind("apps/v1", "Deployment").unwrap();
    assert!(!deployment.custom);
    assert!(kinds.field(kinds.type_of(deployment).unwrap(), "spec").is_some());
}

#[test]
fn the_first_claim_on_a_short_file_name_is_kubernetes_own() {
    let kinds = site();
    assert_eq!(kinds.plain_group("event"), Some(""));
    assert_eq!(kinds.plain_group("Service"), Some(""));
    assert_eq!(kinds.plain_group("Deployment"), Some("apps"));
    assert_eq!(kinds.plain_group("Middleware"), Some("traefik.io"));
    assert_eq!(kinds.plain_group("IngressRoute"), None);
    assert_eq!(kinds.plain_group("Nonsense"), None);
    assert_eq!(kinds.groups("service").collect::<Vec<_>>(), ["", "serving.knative.dev"]);
}

#[test]
fn a_broken_file_is_shown_at_its_place() {
    let source = Source::new("schemas/a.example.json", "{\"kinds\": {\n  \"v1/X\": {\"namespaced\": 1}}}");
    insta::assert_snapshot!(Kinds::new(&[source]).unwrap_err().sorted().remove(0), @r#"
    error[schemas]: the schemas of objects cannot be read
      --> schemas/a.example.json:2:26
       |
     2 |   "v1/X": {"namespaced": 1}}}
       |                          ^ invalid type: integer `1`, expected a boolean
       = `homebuild schemas` makes this file
    "#);
    let source = Source::new("schemas/a.example.json", r#"{"kinds": {"Pod": {"namespaced": true}}}"#);
    insta::assert_snapshot!(Kinds::new(&[source]).unwrap_err().sorted().remove(0), @r"
    error[schemas]: `Pod` is no API version and kind, as `v1/Pod` is
      --> schemas/a.example.json
    ");
}

#[test]
fn an_unknown_kind_is_told_with_what_is_near() {
    let kinds = site();
    let label = |api, kind| kinds.unknown(api, kind).label;
    assert_eq!(label("apps/v1beta1", "Deployment"), "`Deployment` is in `apps/v1`");
    assert_eq!(label("apps/v1", "Deploiment"), "did you mean `Deployment`?");
    assert_eq!(label("app/v1", "Widget"), "did you mean `apps/v1`?");
    assert_eq!(label("nonsense.example/v1", "Widget"), "");
}

#[test]
fn a_definition_is_read_when_it_is_needed_and_says_so_when_it_cannot_be() {
    let source = Source::new(
        "schemas/a.example.json",
        r#"{"kinds": {"a.example/v1/Robot": {"namespaced": true, "schema": "robot"}},
            "definitions": {"robot": {"type": "objekt"}, "other": {"type": 1}}}"#,
    );
    let kinds = Kinds::new(&[source]).unwrap();
    let robot = kinds.kind("a.example/v1", "Robot").unwrap();
    assert_eq!(kinds.schema(robot).unwrap().unwrap_err(), "`objekt` is no type");
    let source = Source::new("schemas/a.example.json", r#"{"kinds": {"a/v1/B": {"namespaced": true, "schema": "C"}}}"#);
    insta::assert_snapshot!(Kinds::new(&[source]).unwrap_err().sorted().remove(0), @r"
    error[schemas]: `C`, the schema of `B`, is not here
      --> schemas/a.example.json
    ");
}
