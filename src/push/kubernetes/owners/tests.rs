use serde_json::{Value, json};

use super::super::fields::Set;
use super::*;

fn words(set: &Set) -> Vec<String> {
    set.tops().iter().map(ToString::to_string).collect()
}

/// An entry of `managedFields`.
fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn config_map(data: &Value, entries: &[Value]) -> Value {
    let metadata = json!({"name": "x", "resourceVersion": "7", "managedFields": entries});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

fn wanted(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
}

/// The entries that a patch leaves, as manager, operation and fields.
fn left(patch: &Value) -> Vec<(String, String, Value)> {
    let entries = patch[0]["value"].as_array().unwrap().iter();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    entries.map(|entry| (text(entry, "manager"), text(entry, "operation"), entry["fieldsV1"].clone())).collect()
}

fn entries(patch: &Value) -> Vec<String> {
    left(patch).into_iter().map(|(manager, operation, fields)| format!("{manager} {operation} {fields}")).collect()
}

#[test]
fn a_field_manager_is_a_tool_a_hand_or_a_controller() {
    let who = [
        ("HashiCorp", Who::Tool(Tool::Terraform)),
        ("Terraform", Who::Tool(Tool::Terraform)),
        ("kubectl", Who::Tool(Tool::Kubectl)),
        ("kubectl-client-side-apply", Who::Tool(Tool::Kubectl)),
        ("kubectl-edit", Who::Tool(Tool::Kubectl)),
        ("before-first-apply", Who::Tool(Tool::Kubectl)),
        ("helm", Who::Tool(Tool::Helm)),
        ("terraform-provider-helm_v2.17.0_x5", Who::Tool(Tool::Helm)),
        ("kustomize-controller", Who::Tool(Tool::Flux)),
        ("helm-controller", Who::Tool(Tool::Flux)),
        ("argocd-controller", Who::Tool(Tool::ArgoCd)),
        ("pulumi-kubernetes-1a2b3c4d", Who::Tool(Tool::Pulumi)),
        ("homebuild", Who::Homebuild),
        ("k9s", Who::Human),
        ("node-fetch", Who::Human),
        ("kube-controller-manager", Who::Controller),
        ("keel", Who::Controller),
    ];
    for (manager, expected) in who {
        assert_eq!(Who::of(manager), expected, "{manager}");
    }
}

#[test]
fn every_tool_is_found_by_its_name() {
    for tool in Tool::ALL {
        assert_eq!(Tool::named(tool.name()), Some(tool));
    }
    assert_eq!(Tool::named("ansible"), None);
}

#[test]
fn the_tools_of_an_object_are_known_by_their_marks_and_their_fields() {
    let live = json!({"metadata": {
        "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"},
        "annotations": {"meta.helm.sh/release-name": "x"},
        "managedFields": [entry("HashiCorp", "Update", &json!({})), entry("helm", "Update", &json!({})),
            entry("kube-controller-manager", "Update", &json!({}))],
    }});
    let found: Vec<_> = tools(&live).into_iter().map(|(tool, by)| format!("{}: {by}", tool.name())).collect();
    let expected = [
        "terraform: field manager `HashiCorp`",
        "helm: metadata.annotations[meta.helm.sh/release-name]",
        "flux: metadata.labels[kustomize.toolkit.fluxcd.io/name]",
    ];
    assert_eq!(found, expected);
    assert!(tools(&json!({"metadata": {"name": "x"}})).is_empty());
}

#[test]
fn fields_of_a_tool_become_homebuilds_and_what_is_not_wanted_goes() {
    let fields = json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}});
    let live = config_map(&json!({"a": "1", "b": "2"}), &[entry("HashiCorp", "Update", &fields)]);
    let taken = take_over(&live, &wanted(&json!({"a": "1"})), &[Tool::Terraform]).unwrap();
    assert_eq!(entries(&taken.patch), [format!("homebuild Apply {fields}")]);
    assert_eq!(taken.patch[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}));
    assert_eq!(words(&taken.gone), ["data.b"]);
    assert_eq!(taken.from, [Tool::Terraform].into());
    assert_eq!(taken.after(&live)["data"], json!({"a": "1"}));
}

#[test]
fn other_tools_people_and_controllers_keep_what_they_wrote() {
    let fields = |key: &str| json!({"f:data": {key: {}}});
    let others = [
        entry("helm", "Update", &fields("f:a")),
        entry("k9s", "Update", &fields("f:b")),
        entry("cert-manager", "Apply", &fields("f:c")),
    ];
    let live = config_map(&json!({"a": "1", "b": "2", "c": "3", "d": "4"}), &others);
    assert_eq!(take_over(&live, &wanted(&json!({})), &[Tool::Terraform]), None);
    assert_eq!(take_over(&live, &wanted(&json!({})), &[]), None);
    let taken = take_over(&live, &wanted(&json!({"a": "1"})), &[Tool::Helm]).unwrap();
    assert_eq!(taken.patch[0]["value"].as_array().unwrap().len(), 3);
    assert!(taken.gone.is_empty());
}

#[test]
fn what_somebody_else_owns_too_does_not_go() {
    let fields = json!({"f:data": {"f:a": {}, "f:b": {}}});
    let live = config_map(
        &json!({"a": "1", "b": "2"}),
        &[entry("HashiCorp", "Update", &fields), entry("keel", "Update", &json!({"f:data": {"f:b": {}}}))],
    );
    let taken = take_over(&live, &wanted(&json!({})), &[Tool::Terraform]).unwrap();
    assert_eq!(words(&taken.gone), ["data.a"]);
}

#[test]
fn what_was_written_through_a_subresource_stays_with_its_writer() {
    let mut scale = entry("kubectl", "Update", &json!({"f:spec": {"f:replicas": {}}}));
    scale["subresource"] = json!("scale");
    let live = config_map(&json!({}), &[scale, entry("kubectl", "Update", &json!({"f:status": {"f:x": {}}}))]);
    let taken = take_over(&live, &wanted(&json!({})), &[Tool::Kubectl]).unwrap();
    let kept = [r#"kubectl Update {"f:spec":{"f:replicas":{}}}"#, "homebuild Apply {}"];
    assert_eq!(entries(&taken.patch), kept);
    assert!(taken.gone.is_empty(), "a status is nobody's to take");
}

#[test]
fn homebuilds_own_update_is_taken_in_without_a_tool() {
    let own = entry("homebuild", "Apply", &json!({"f:data": {"f:a": {}}}));
    let live = config_map(
        &json!({"a": "1", "b": "1"}),
        &[own.clone(), entry("homebuild", "Update", &json!({"f:data": {"f:b": {}}}))],
    );
    let taken = take_over(&live, &wanted(&json!({"a": "1"})), &[]).unwrap();
    assert_eq!(entries(&taken.patch), [r#"homebuild Apply {"f:data":{"f:a":{},"f:b":{}}}"#]);
    assert!(taken.from.is_empty());
    assert_eq!(take_over(&config_map(&json!({"a": "1"}), &[own]), &wanted(&json!({})), &Tool::ALL), None);
}

#[test]
fn kubectls_copy_of_its_last_file_goes_whoever_wrote_it() {
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let fields = json!({"f:metadata": {"f:annotations": {format!("f:{annotation}"): {}}}});
    let mut live = config_map(
        &json!({"a": "1"}),
        &[
            entry("HashiCorp", "Update", &json!({"f:data": {"f:a": {}}})),
            entry("kubectl-client-side-apply", "Update", &fields),
        ],
    );
    live["metadata"]["annotations"] = json!({annotation: "{}"});
    let taken = take_over(&live, &wanted(&json!({"a": "1"})), &[Tool::Terraform]).unwrap();
    assert_eq!(left(&taken.patch).len(), 1);
    assert_eq!(words(&taken.gone), ["metadata.annotations"]);
}

#[test]
fn fields_of_another_version_are_taken_where_the_object_has_them() {
    let mut old = entry("HashiCorp", "Update", &json!({"f:data": {"f:a": {}, "f:renamed": {}}}));
    old["apiVersion"] = json!("v1beta1");
    let live = config_map(&json!({"a": "1"}), &[old]);
    let taken = take_over(&live, &wanted(&json!({})), &[Tool::Terraform]).unwrap();
    assert_eq!(entries(&taken.patch), [r#"homebuild Apply {"f:data":{"f:a":{}}}"#]);
    let all = retag(&live).unwrap();
    assert_eq!(entries(&all), [r#"HashiCorp Update {"f:data":{"f:a":{}}}"#]);
    assert_eq!(all[0]["value"][0]["apiVersion"], "v1");
    assert_eq!(retag(&config_map(&json!({}), &[entry("x", "Update", &json!({}))])), None);
}

#[test]
fn a_claimed_field_is_homebuilds_alone() {
    let live = config_map(
        &json!({"a": "1", "b": "2"}),
        &[
            entry("homebuild", "Apply", &json!({"f:data": {"f:a": {}}})),
            entry("x", "Update", &json!({"f:data": {"f:b": {}}})),
        ],
    );
    let path = super::super::fields::Path::of(["data", "b"]);
    assert_eq!(entries(&claim(&live, &[path]).unwrap()), [r#"homebuild Apply {"f:data":{"f:a":{},"f:b":{}}}"#]);
}

fn conflict(manager: &str, path: &str, subresource: Option<&str>) -> Conflict {
    let path = super::super::fields::Path::read(path, &json!({})).unwrap();
    Conflict { manager: manager.to_owned(), subresource: subresource.map(str::to_owned), version: None, path }
}

#[test]
fn what_is_done_about_a_conflict_follows_from_who_owns_the_field() {
    let none = Rules::default();
    let scaled = Rules { is_scaled: true, ..none };
    let terraform = Rules { tools: &[Tool::Terraform], ..none };
    let forced = Rules { forced: &["spec.template"], ..none };
    let image = "spec.template.image";
    let cases = [
        ("kube-controller-manager", "spec.replicas", Some("scale"), none, Answer::Yield),
        ("keda", "spec.replicas", None, scaled, Answer::Yield),
        ("keda", "spec.replicas", None, none, Answer::Blocked),
        ("HashiCorp", image, None, terraform, Answer::TakeOver(Tool::Terraform)),
        ("HashiCorp", image, None, none, Answer::Kept(Tool::Terraform)),
        ("kubectl-edit", image, None, none, Answer::SetBack),
        ("Lens", image, None, none, Answer::SetBack),
        ("keel", image, None, none, Answer::Blocked),
        ("keel", image, None, forced, Answer::SetBack),
        ("keel", "spec.templates", None, forced, Answer::Blocked),
    ];
    for (manager, path, subresource, rules, expected) in cases {
        assert_eq!(conflict(manager, path, subresource).answer(rules), expected, "{manager} {path}");
    }
}

#[test]
fn a_conflict_that_stops_a_push_says_what_to_do() {
    let said = |manager| {
        let conflict = conflict(manager, "spec.x", None);
        conflict.words(conflict.answer(Rules::default()))
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(said("k9s"), None);
    assert_eq!(
        said("keel").unwrap(),
        (
            text("`spec.x` belongs to `keel`, which would set it again"),
            text("remove it from the manifest, or list it in `homebuild.dev/force-fields`")
        )
    );
    assert_eq!(
        said("helm").unwrap(),
        (text("`spec.x` belongs to helm: field manager `helm`"), text("`--adopt-from helm` takes the object over"))
    );
}
