use super::*;
use crate::kubernetes::testing::{json, node, one_of};
use crate::problem::Place;
use crate::yaml::dice::Dice;

fn normalised(object: &str) -> String {
    let objects = normalise(&Kinds::new(&[]).unwrap(), node(object)).unwrap();
    objects.iter().map(json).collect::<Vec<_>>().join("\n")
}

fn wrong(object: &str) -> String {
    let problems = normalise(&Kinds::new(&[]).unwrap(), node(object)).unwrap_err();
    problems.iter().map(|p| format!("{} ({})", p.message, p.label)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_list_is_its_items_and_so_is_a_list_in_it() {
    assert_eq!(
        normalised(
            "{apiVersion: v1, kind: List, metadata: {resourceVersion: ''}, items: [
                {apiVersion: v1, kind: ConfigMap, metadata: {name: a}},
                {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]}]}"
        ),
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n\
         {\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"b\"}}"
    );
    assert_eq!(normalised("{apiVersion: v1, kind: List, items: []}"), "");
    assert_eq!(normalised("{apiVersion: v1, kind: List}"), "");
}

#[test]
fn items_of_a_list_of_one_kind_are_of_that_kind() {
    assert_eq!(
        normalised("{apiVersion: v1, kind: SecretList, items: [{metadata: {name: a}, data: {x: YQ==}}]}"),
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"x":"a"}}"#
    );
    let custom = r#"{"apiVersion":"a.example/v1","kind":"PlayList","spec":{}}"#;
    assert_eq!(normalised(custom), custom);
}

#[test]
fn a_list_loses_nothing() {
    assert_eq!(
        wrong("{apiVersion: v1, kind: List, metadata: {labels: {a: b}}, items: []}"),
        "`metadata` of a list is nothing that its items would keep (leave it out)"
    );
    assert_eq!(
        wrong("{apiVersion: v1, kind: List, items: [1]}"),
        "an item of a list is a whole number, not an object ()"
    );
}

#[test]
fn text_of_a_secret_is_readable_and_the_rest_stays() {
    let secret = |data: &str| normalised(&format!("{{apiVersion: v1, kind: Secret, metadata: {{name: x}}, {data}}}"));
    let expected = |data: &str| format!(r#"{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"x"}},{data}}}"#);
    let cases = [
        ("data: {a: aMOkCg==, b: ''}", r#""stringData":{"a":"hä\n","b":""}"#),
        ("data: {a: YQ==, bin: /w==}, stringData: {z: y}", r#""data":{"bin":"/w=="},"stringData":{"z":"y","a":"a"}"#),
        ("data: {a: YQ==}, stringData: {a: a}", r#""stringData":{"a":"a"}"#),
        // stray bits, a line break, a control character, a reference, a text that would read as one
        ("data: {a: YR==}", r#""data":{"a":"YR=="}"#),
        ("data: {a: \"YW\\nFh\"}", r#""data":{"a":"YW\nFh"}"#),
        ("data: {a: AA==}", r#""data":{"a":"AA=="}"#),
        ("data: {a: '<secret:x|b64encode#01234567>'}", r#""data":{"a":"<secret:x|b64encode#01234567>"}"#),
        ("data: {a: PHNlY3JldDp4Pg==}", r#""data":{"a":"PHNlY3JldDp4Pg=="}"#),
        ("data: {}", r#""data":{}"#),
        ("data: {a: YQ==}, stringData: null", r#""stringData":{"a":"a"}"#),
        ("data: {a: YQ==}, stringData: []", r#""data":{"a":"YQ=="},"stringData":[]"#),
        ("data: {a: 1}", r#""data":{"a":1}"#),
    ];
    for (given, then) in cases {
        assert_eq!(secret(given), expected(then), "{given}");
    }
}

#[test]
fn a_secret_that_says_two_things_is_a_problem() {
    assert_eq!(
        wrong("{apiVersion: v1, kind: Secret, data: {a: YQ==, b: /w==, c: plain!}, stringData: {a: x, b: y}}"),
        "`a` is in `data` and in `stringData`, and differs (keep one of them)\n\
         `b` is in `data` and in `stringData`, and differs (keep one of them)\n\
         `c` in `data` of a Secret is not base64 (plain text stands in `stringData`)"
    );
}

#[test]
fn ports_say_their_protocol_in_every_pod_template_and_service() {
    let pod = "{containers: [{name: a, ports: [{containerPort: 1}, {containerPort: 2, protocol: UDP}]}], initContainers: [{name: b, ports: [{containerPort: 1, protocol: null}]}]}";
    let then = r#"{"containers":[{"name":"a","ports":[{"containerPort":1,"protocol":"TCP"},{"containerPort":2,"protocol":"UDP"}]}],"initContainers":[{"name":"b","ports":[{"containerPort":1,"protocol":"TCP"}]}]}"#;
    let template = format!("{{spec: {pod}}}");
    for (api_version, kind, rest) in [
        ("v1", "Pod", format!("spec: {pod}")),
        ("v1", "PodTemplate", format!("template: {template}")),
        ("v1", "ReplicationController", format!("spec: {{template: {template}}}")),
        ("apps/v1", "Deployment", format!("spec: {{template: {template}}}")),
        ("apps/v1", "StatefulSet", format!("spec: {{template: {template}}}")),
        ("apps/v1", "DaemonSet", format!("spec: {{template: {template}}}")),
        ("apps/v1", "ReplicaSet", format!("spec: {{template: {template}}}")),
        ("batch/v1", "Job", format!("spec: {{template: {template}}}")),
        ("batch/v1", "CronJob", format!("spec: {{jobTemplate: {{spec: {{template: {template}}}}}}}")),
    ] {
        let normal = normalised(&format!("{{apiVersion: {api_version}, kind: {kind}, {rest}}}"));
        assert!(normal.contains(then), "{normal}");
    }
    assert_eq!(
        normalised("{apiVersion: v1, kind: Service, spec: {ports: [{port: 53}, {port: 53, protocol: UDP}]}}"),
        r#"{"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}}"#
    );
}

#[test]
fn a_deployment_says_its_strategy() {
    let deployment = |spec: &str| normalised(&format!("{{apiVersion: apps/v1, kind: Deployment, spec: {spec}}}"));
    let expected = |spec: &str| format!(r#"{{"apiVersion":"apps/v1","kind":"Deployment","spec":{spec}}}"#);
    assert_eq!(deployment("{}"), expected(r#"{"strategy":{"type":"RollingUpdate"}}"#));
    assert_eq!(
        deployment("{strategy: {rollingUpdate: {maxSurge: 1}}}"),
        expected(r#"{"strategy":{"rollingUpdate":{"maxSurge":1},"type":"RollingUpdate"}}"#)
    );
    assert_eq!(deployment("{strategy: {type: Recreate}}"), expected(r#"{"strategy":{"type":"Recreate"}}"#));
}

#[test]
fn empty_labels_and_annotations_are_not_there() {
    assert_eq!(
        normalised(
            "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x, labels: {}, annotations: null}, spec: {
                selector: {matchLabels: {}}, template: {metadata: {labels: {a: b}, annotations: {}, creationTimestamp: null}},
                volumeClaimTemplates: [{metadata: {name: data, annotations: {}}}]}}"
        ),
        r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{}},"template":{"metadata":{"labels":{"a":"b"}}},"volumeClaimTemplates":[{"metadata":{"name":"data"}}]}}"#
    );
    assert_eq!(
        normalised("{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {metadata: {labels: {}}, spec: {}}}}"),
        r#"{"apiVersion":"batch/v1","kind":"CronJob","spec":{"jobTemplate":{"spec":{}}}}"#
    );
}

#[test]
fn what_only_the_server_says_is_dropped_where_it_says_nothing() {
    assert_eq!(
        normalised(
            "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
              metadata: {name: x, creationTimestamp: null}, spec: {},
              status: {acceptedNames: {kind: '', plural: ''}, conditions: [], storedVersions: null}}"
        ),
        r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x"},"spec":{}}"#
    );
    assert_eq!(
        wrong("{apiVersion: v1, kind: Pod, metadata: {uid: abc, resourceVersion: '1'}, status: {phase: Running}}"),
        "only the server sets `metadata.resourceVersion` (leave it out)\n\
         only the server sets `metadata.uid` (leave it out)\nonly the server sets `status` (leave it out)"
    );
}

#[test]
fn a_reference_in_data_says_that_it_is_base64() {
    let secret = |value: &str| format!("{{apiVersion: v1, kind: Secret, data: {{a: '{value}'}}}}");
    assert!(normalised(&secret("<secret:a|b64encode#01234567>")).contains("b64encode"));
    for value in ["<secret:a#01234567>", "x<secret:a|b64encode#01234567>", "<secret:a|b64encode|urlencode#01234567>"] {
        assert_eq!(
            wrong(&secret(value)),
            "`a` in `data` of a Secret will not be base64 when its secret is filled in (text with secrets stands in `stringData`)"
        );
    }
}

#[test]
fn of_a_custom_resource_only_the_metadata_are_touched() {
    let source = crate::problem::Source::new(
        "schemas/a.example.json",
        r#"{"kinds": {"a.example/v1/Robot": {"namespaced": true, "schema": "T"}}, "definitions": {"T": {"properties":
            {"arms": {"x-kubernetes-list-map-keys": ["n"], "items": {"properties": {"n": {"default": "x"}}}}}}}}"#,
    );
    let kinds = Kinds::new(&[source]).unwrap();
    for kind in ["Robot", "Unknown"] {
        let object = format!(
            "{{apiVersion: a.example/v1, kind: {kind}, metadata: {{labels: {{}}, namespace: n}}, data: {{a: YQ==}}, arms: [{{}}], status: {{a: 1}}}}"
        );
        let normal: Vec<_> = normalise(&kinds, node(&object)).unwrap().iter().map(json).collect();
        let expected = format!(
            r#"{{"apiVersion":"a.example/v1","kind":"{kind}","metadata":{{"namespace":"n"}},"data":{{"a":"YQ=="}},"arms":[{{}}],"status":{{"a":1}}}}"#
        );
        assert_eq!(normal, [expected]);
    }
}

/// A tree of the words that normalising looks at, in places where they belong and where they do not.
fn any(dice: &mut Dice, depth: usize, place: &Place) -> Node {
    const KEYS: [&str; 18] = [
        "metadata",
        "labels",
        "annotations",
        "spec",
        "template",
        "strategy",
        "type",
        "containers",
        "ports",
        "protocol",
        "jobTemplate",
        "data",
        "stringData",
        "status",
        "items",
        "creationTimestamp",
        "volumeClaimTemplates",
        "namespace",
    ];
    let data = match dice.roll(if depth == 0 { 3 } else { 9 }) {
        0 => Data::Null,
        1 => Data::Str((*one_of(dice, &["YQ==", "", "x", "/w==", "TCP", "v1"])).into()),
        2 => Data::Int(1),
        3 | 4 => Data::List((0..dice.roll(3)).map(|_| any(dice, depth - 1, place)).collect()),
        _ => {
            let mut map = Map::default();
            (0..dice.roll(6)).for_each(|_| map.set(*one_of(dice, &KEYS), any(dice, depth - 1, place)));
            Data::Map(map)
        }
    };
    Node::new(data, place)
}

#[test]
fn normalising_once_more_changes_nothing() {
    let kinds = Kinds::new(&[]).unwrap();
    let mut dice = Dice(7);
    let place = node("{}").place;
    let mut normal = 0;
    for _ in 0..20_000 {
        let mut object = any(&mut dice, 7, &place);
        if let Some(map) = object.as_map_mut() {
            let (api_version, kind) = *one_of(
                &mut dice,
                &[
                    ("apps/v1", "Deployment"),
                    ("apps/v1", "StatefulSet"),
                    ("v1", "Secret"),
                    ("v1", "Service"),
                    ("v1", "Pod"),
                    ("batch/v1", "CronJob"),
                    ("v1", "List"),
                    ("v1", "SecretList"),
                    ("v1", "Namespace"),
                    ("a.example/v1", "X"),
                ],
            );
            map.set("apiVersion", Node::text(api_version, &place));
            map.set("kind", Node::text(kind, &place));
        }
        let Ok(objects) = normalise(&kinds, object) else { continue };
        for object in objects {
            normal += 1;
            assert_eq!(normalise(&kinds, object.clone()).unwrap(), [object]);
        }
    }
    assert!(normal > 5_000, "{normal}");
}
