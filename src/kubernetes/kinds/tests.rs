use super::*;

const SITE: &str = r#"{"version": "1.34.2", "sources": [], "kinds": {
    "traefik.io/v1alpha1/Middleware": {"namespaced": true},
    "traefik.containo.us/v1alpha1/IngressRoute": {"namespaced": true},
    "traefik.io/v1alpha1/IngressRoute": {"namespaced": true},
    "serving.knative.dev/v1/Service": {"namespaced": true},
    "apps/v1/Deployment": {"namespaced": true, "type": "io.k8s.api.apps.v1.Deployment"}}, "types": {}}"#;

fn site() -> Kinds {
    Kinds::new(Some(&Source::new("schemas/kinds.json", SITE))).unwrap()
}

#[test]
fn the_core_set_says_what_lives_in_a_namespace() {
    let kinds = Kinds::new(None).unwrap();
    let namespaced = |api, kind| kinds.kind(api, kind).map(|k| (k.namespaced, k.custom));
    assert_eq!(namespaced("apps/v1", "Deployment"), Some((true, false)));
    assert_eq!(namespaced("v1", "Namespace"), Some((false, false)));
    assert_eq!(namespaced("apps/v1beta1", "Deployment"), None);
}

#[test]
fn every_short_name_has_a_type() {
    let kinds = Kinds::new(None).unwrap();
    let names: Vec<_> =
        Kinds::SHORT_NAMES.iter().map(|name| kinds.name(kinds.type_of_short_name(name).unwrap())).collect();
    assert_eq!(
        names.join(" "),
        "Container CronJobSpec DaemonSetSpec DeploymentSpec JobSpec PodSpec ServiceSpec StatefulSetSpec"
    );
    assert_eq!(kinds.type_of_short_name("deployment"), None);
}

#[test]
fn the_sites_kinds_come_beside_the_core_set() {
    let kinds = site();
    assert!(kinds.kind("traefik.io/v1alpha1", "Middleware").unwrap().custom);
    let deployment = kinds.kind("apps/v1", "Deployment").unwrap();
    assert!(!deployment.custom);
    assert!(kinds.field(deployment.of.unwrap(), "spec").is_some());
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
    let source = Source::new("schemas/kinds.json", "{\"kinds\": {\n  \"v1/X\": {\"namespaced\": 1}}}");
    insta::assert_snapshot!(Kinds::new(Some(&source)).unwrap_err(), @r#"
    error[kinds]: the data about kinds cannot be read
      --> schemas/kinds.json:2:26
       |
     2 |   "v1/X": {"namespaced": 1}}}
       |                          ^ invalid type: integer `1`, expected a boolean
       = `tools/kinds.py` makes this file
    "#);
    let source = Source::new("schemas/kinds.json", r#"{"kinds": {"Pod": {"namespaced": true}}}"#);
    insta::assert_snapshot!(Kinds::new(Some(&source)).unwrap_err(), @r"
    error[kinds]: `Pod` is no API version and kind, as `v1/Pod` is
      --> schemas/kinds.json
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
