use serde_json::{Value, json};

use super::distil;
use super::meaning::TABLE;
use super::walk::{What, mistakes};
use super::words::{self, Form};
use crate::kubernetes::kinds::Kinds;
use crate::kubernetes::testing::node;

#[track_caller]
fn is(form: &Form, right: &[&str], wrong: &[&str]) {
    for text in right {
        assert!((form.is)(text), "{text:?} is {}", form.words);
    }
    for text in wrong {
        assert!(!(form.is)(text), "{text:?} is not {}", form.words);
    }
}

#[test]
fn a_schedule_has_five_fields_in_their_ranges_or_is_a_word() {
    let right = ["* * * * *", "0 4 * * 1", "*/15 0-6,22 1,15 jan-MAR mon", "5/10 ? 31 12 6", "@daily", "@every 1h30m"];
    let wrong = [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "0 25 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 7",
        "0 5-2 * * *",
        "*/0 * * * *",
        "+1 * * * *",
        "a * * * *",
        "@noon",
        "@every day",
        "CRON_TZ=UTC 0 0 * * *",
    ];
    is(&words::SCHEDULE, &right, &wrong);
}

#[test]
fn names_have_the_forms_of_their_kinds() {
    let long = "a".repeat(64);
    is(&words::LABEL, &["a", "0", "a-b", &long[..63]], &["", "A", "-a", "a-", "a.b", "a_b", &long]);
    is(&words::SERVICE, &["web", "a1"], &["1a", "-a", "a.b", ""]);
    is(&words::SUBDOMAIN, &["a.b-c.d", "0.1"], &["", ".a", "a.", "a..b", "a.-b", "A", "a_b", &"a.".repeat(127)]);
    is(&words::HOST, &["a.example.org", "*.example.org"], &["*", "*.", "a.*.b", "10.0.0.1", "a_b.org", "https://a"]);
    is(&words::PATH_SEGMENT, &["system:web", "A b"], &["", ".", "..", "a/b", "a%"]);
    is(&words::CRON_JOB, &[&long[..52]], &[&long[..53]]);
    is(&words::PORT_NAME, &["http", "a-1", "1a"], &["", "80", "HTTP", "-a", "a--b", "a-very-long-port"]);
    is(&words::KEY, &["app", "a.example/App_1"], &["", "a/", "/a", "a/b/c", "A.example/a", "-a", "a b", &long]);
    is(&words::LABEL_VALUE, &["", "v1.2_3-A"], &["a b", "-a", "a.", "a/b", &long]);
    is(&words::DATA_KEY, &["a.conf", ".env", "A_b-c"], &["", ".", "..", "..a", "a b", "a/b"]);
    is(&words::ENV_NAME, &["A", "a.b-c", "1"], &["", "A=B", "Ä", "a\n"]);
    is(&words::TIME_ZONE, &["UTC", "Europe/Sofia", "Etc/GMT+2"], &["", "local", "Europe/", "Europe Sofia", "+2"]);
    is(&words::SUB_PATH, &["a", "a/b", "a..b"], &["/a", "..", "a/../b"]);
    is(&words::PERCENT, &["25%", "0%"], &["25", "%", "-1%", "1.5%"]);
}

#[test]
fn a_duration_is_numbers_with_units() {
    for right in ["0", "1h30m", "1.5s", "100ms", "-1m", "2d", "5µs"] {
        assert!(words::is_duration(right), "{right}");
    }
    for wrong in ["", "5", "1 h", "h", "5 minutes", "1x", "1..5s"] {
        assert!(!words::is_duration(wrong), "{wrong}");
    }
}

/// One custom resource, as its manifest and as a server's document.
fn both() -> (Value, Value) {
    let spec = json!({
        "type": "object", "description": "x", "required": ["b", "a"],
        "properties": {
            "b": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 4_294_967_295_u64, "default": 0},
            "a": {"type": "string", "nullable": false, "enum": ["y", "x"], "x-kubernetes-validations": [{"rule": "self"}]},
            "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^a"},
            "template": {"type": "object", "x-kubernetes-embedded-resource": true},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        },
    });
    let root = json!({"type": "object", "required": ["status", "spec"], "properties": {
        "apiVersion": {"type": "string", "description": "x"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "spec": spec, "status": {"type": "object"},
    }});
    let version = json!({"name": "v1", "served": true, "schema": {"openAPIV3Schema": root}});
    let manifest = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "robots"},
        "spec": {"group": "a.example", "scope": "Namespaced", "names": {"kind": "Robot"}, "versions": [version]},
    });
    let mut served = root;
    let of = |name: &str| json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}], "default": {}, "description": "x"});
    let meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    served["properties"]["metadata"] = of(meta);
    served["properties"]["spec"]["properties"]["b"]["maximum"] = json!(4.294_967_295e9);
    let template = &mut served["properties"]["spec"]["properties"]["template"];
    template["properties"] =
        json!({"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": of(meta)});
    template["required"] = json!(["kind", "apiVersion"]);
    let mark = json!({"group": "a.example", "version": "v1", "kind": "Robot"});
    served["x-kubernetes-group-version-kind"] = json!([mark]);
    let get = json!({"get": {"x-kubernetes-group-version-kind": mark}});
    let document = json!({
        "openapi": "3.0.0",
        "paths": {
            "/apis/a.example/v1/": {"get": {}},
            "/apis/a.example/v1/robots": get,
            "/apis/a.example/v1/namespaces/{namespace}/robots/{name}": get,
            "/apis/a.example/v1/namespaces/{namespace}/robots/{name}/status": get,
        },
        "components": {"schemas": {"example.a.v1.Robot": served, meta: {"type": "object"}, "example.a.v1.RobotList": {}}},
    });
    (manifest, document)
}

#[test]
fn a_server_and_a_manifest_give_the_same_file() {
    let (manifest, document) = both();
    let (one, other) = (distil::definitions(&[manifest]).unwrap(), distil::documents("1.34.2", &[document]).unwrap());
    assert_eq!(one.files.0["a.example"].text(), other.files.0["a.example"].text());
    insta::assert_snapshot!(one.files.0["a.example"].text(), @r#"
    {
    "kinds":{
    "a.example/v1/Robot":{"namespaced":true,"schema":"a.example/v1/Robot"}
    },
    "definitions":{
    "a.example/v1/Robot":{"type":"object","required":["spec"],"properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},"metadata":{"$ref":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},"spec":{"type":"object","required":["a","b"],"properties":{"a":{"type":"string","enum":["y","x"]},"b":{"type":"integer","format":"int32","minimum":1,"maximum":4294967295,"default":0},"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"port":{"pattern":"^a","x-kubernetes-int-or-string":true},"template":{"type":"object","required":["apiVersion","kind"],"properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},"metadata":{"$ref":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}}}}}}}
    }
    }
    "#);
}

#[test]
fn what_is_added_replaces_its_kind_and_leaves_the_others() {
    let (mut manifest, _) = both();
    let old = distil::definitions(std::slice::from_ref(&manifest)).unwrap().files.0["a.example"].clone();
    manifest["spec"]["names"]["kind"] = "Arm".into();
    let arm = distil::definitions(std::slice::from_ref(&manifest)).unwrap().files.0["a.example"].clone();
    let both = old.under(arm);
    assert_eq!(both.kinds.keys().collect::<Vec<_>>(), ["a.example/v1/Arm", "a.example/v1/Robot"]);
    manifest["spec"]["versions"][0]["name"] = "v2".into();
    let newer = distil::definitions(&[manifest]).unwrap().files.0["a.example"].clone();
    let both = both.under(newer);
    assert_eq!(both.kinds.keys().collect::<Vec<_>>(), ["a.example/v1/Robot", "a.example/v2/Arm"]);
    assert_eq!(both.definitions.keys().collect::<Vec<_>>(), ["a.example/v1/Robot", "a.example/v2/Arm"]);
}

#[test]
fn every_definition_of_kubernetes_can_be_read_and_every_meaning_is_of_one_of_its_fields() {
    let kinds = Kinds::new(&[]).unwrap();
    for (of, field) in
        TABLE.iter().flat_map(|(all, fields, _)| all.iter().flat_map(|of| fields.iter().map(move |field| (of, field))))
    {
        assert!(kinds.definitions_named(of).any(|shape| shape.unwrap().field(field).is_some()), "{of} {field}");
    }
    assert!(kinds.definitions_named("").all(|shape| shape.is_ok()));
    assert!(kinds.definitions_named("").count() > 300);
}

#[test]
fn a_reference_to_a_secret_may_be_anything_that_text_may_be() {
    let kinds = Kinds::new(&[]).unwrap();
    let found = |text: &str| {
        let object = node(text);
        let kind = kinds.of(&object).unwrap();
        let what = What::Object("v1", "Service");
        mistakes(&kinds, kinds.type_of(kind).unwrap(), what, &object).into_iter().map(|m| m.message).collect::<Vec<_>>()
    };
    let service = |kind: &str, port: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{type: {kind}, ports: [{{port: {port}}}]}}}}"
        )
    };
    assert_eq!(found(&service("<secret:a.b>", "80")), [""; 0]);
    assert_eq!(
        found(&service("ClusterIP", "<secret:a.b>")),
        ["`spec.ports[0].port` of v1 Service is text, not a whole number"]
    );
    assert_eq!(found(&service("null", "80")), [""; 0]);
}
