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

/// A Deployment as Terraform's provider made it on a real API server, 1.34.2, and what is wanted of it.
fn terraform() -> (Value, Value) {
    let pair: Value = serde_json::from_str(include_str!("testdata/terraform.json")).unwrap();
    (pair["live"].clone(), settled(pair["wanted"].clone(), &pair["live"]))
}

#[test]
fn what_terraform_wrote_and_means_nothing_is_released() {
    let (live, wanted) = terraform();
    let taken = take_over(&live, &wanted, &[Tool::Terraform]).unwrap();
    let pod = "spec.template.spec";
    let expected = [
        "automountServiceAccountToken",
        "containers[web].securityContext.allowPrivilegeEscalation",
        "containers[web].securityContext.privileged",
        "containers[web].securityContext.readOnlyRootFilesystem",
        "containers[web].securityContext.runAsNonRoot",
        "containers[web].volumeMounts[/c].mountPropagation",
        "containers[web].volumeMounts[/d].mountPropagation",
        "containers[web].volumeMounts[/x].mountPropagation",
        "enableServiceLinks",
        "securityContext.runAsNonRoot",
        "shareProcessNamespace",
        "volumes[x].secret.optional",
    ];
    assert_eq!(words(&taken.released), expected.map(|field| format!("{pod}.{field}")));
    let after = taken.after(&live);
    assert_eq!(after["metadata"]["labels"], json!({"app": "web"}), "what does mean something goes");
    let kept = &after["spec"]["template"]["spec"];
    assert_eq!(kept["shareProcessNamespace"], false);
    assert_eq!(kept["containers"][0]["securityContext"]["privileged"], false);
}

#[test]
fn what_is_owned_as_a_whole_is_sent_with_what_means_nothing() {
    let (_, wanted) = terraform();
    let spec = &wanted["spec"]["template"]["spec"];
    assert_eq!(
        spec["containers"][0]["env"][2]["valueFrom"]["secretKeyRef"],
        json!({"name": "s", "key": "k", "optional": false})
    );
    assert_eq!(spec["containers"][0]["envFrom"], json!([{"secretRef": {"name": "s", "optional": false}}]));
    assert_eq!(spec["tolerations"][0]["operator"], "Equal");
}

#[test]
fn what_a_pod_says_for_all_containers_is_released_of_none() {
    let (live, mut wanted) = terraform();
    wanted["spec"]["template"]["spec"]["securityContext"] = json!({"runAsNonRoot": true});
    let taken = take_over(&live, &wanted, &[Tool::Terraform]).unwrap();
    assert!(words(&taken.gone).contains(&"spec.template.spec.containers[web].securityContext".to_owned()));
}

#[test]
fn what_goes_with_something_else_is_not_released() {
    let (live, mut wanted) = terraform();
    let spec = &mut wanted["spec"]["template"]["spec"];
    spec["volumes"].as_array_mut().unwrap().pop();
    spec["containers"][0]["volumeMounts"].as_array_mut().unwrap().pop();
    let taken = take_over(&live, &wanted, &[Tool::Terraform]).unwrap();
    let gone = words(&taken.gone);
    assert!(gone.contains(&"spec.template.spec.volumes[x]".to_owned()), "{gone:?}");
    assert!(!words(&taken.released).iter().any(|path| path.contains("[/x]") || path.contains("volumes[x]")));
}

#[test]
fn conflicts_are_read_from_what_the_server_says() {
    let status = json!({"details": {"causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with \"HashiCorp\" using apps/v1",
            "field": ".spec.template.metadata.labels.app.kubernetes.io/name"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"other-applier\"",
            "field": ".spec.template.spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"].name"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" with subresource \"scale\" using apps/v1",
            "field": ".spec.replicas"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"x\" using v1 at 2026-11-26T16:00:00Z", "field": ".data.a"},
        {"reason": "FieldValueInvalid", "message": "x", "field": "spec"},
    ]}});
    let labels = json!({"app.kubernetes.io/name": "x"});
    let sent = json!({"spec": {"template": {"metadata": {"labels": labels}}}});
    let read: Vec<String> = conflicts(&status, &sent)
        .into_iter()
        .map(|c| {
            format!("{} {} {} {}", c.manager, c.subresource.unwrap_or_default(), c.version.unwrap_or_default(), c.path)
        })
        .collect();
    let expected = [
        "HashiCorp  apps/v1 spec.template.metadata.labels[app.kubernetes.io/name]",
        "other-applier   spec.template.spec.containers[web].ports[80].name",
        "kubectl scale apps/v1 spec.replicas",
        "x  v1 data.a",
    ];
    assert_eq!(read, expected);
}
