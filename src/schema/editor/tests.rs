use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::*;
use crate::problem::Source;
use crate::schema::Types;

/// A small language: two layouts, and files with a few keys.
fn written() -> String {
    let types = "$defs: {Port: {x-short: {integer: port, string: \"{port}/{protocol}\"}, required: [port], properties: \
                 {port: {type: integer}, protocol: {type: string, enum: [TCP, UDP], default: TCP}}}}";
    let types = Types::load(&Source::new("types", types)).expect("types");
    let schema = |text: &str| Schema::load(&Source::new("schema", text), &types).expect(text);
    let app = schema(
        "description: An app\nrequired: [image]\nproperties: {image: {type: string, description: with its tag}, \
         replicas: {type: integer, minimum: 0}, ports: {additionalProperties: {$ref: \"#/$defs/Port\"}}, \
         host: {type: string, pattern: ^a, x-list: true}, port: {$ref: \"#/$defs/Port\", description: the one}, free: {}}",
    );
    let namespace = schema("properties: {tls: {type: boolean, default: true}}");
    let stack = schema(
        "properties: {tier: {type: string}, namespace: {}, defaults: {type: object}, components: {type: object}}",
    );
    let site = schema("required: [homebuild]\nproperties: {homebuild: {type: integer}, defaults: {type: object}}");
    let component = schema("additionalProperties: true\nproperties: {layout: {type: string}, when: {type: boolean}}");
    editor(&Language {
        site: &site,
        stack: &stack,
        module: &stack,
        component: &component,
        layouts: BTreeMap::from([("app", &app), ("namespace", &namespace)]),
        tiers: vec!["0-core", "4-aux"],
    })
}

#[test]
fn every_way_to_write_a_value_is_spelled_out() {
    insta::assert_snapshot!(written());
}

#[test]
#[ignore = "needs python3 with jsonschema and PyYAML"]
fn a_validator_takes_what_is_right_and_refuses_what_is_wrong() {
    let right = [
        "components: {a: {layout: app, replicas: '${{ x }}', image: ~, when: '${{ y }}'}}",
        "components: {a: {layout: app, ports: {a: 80, b: 53/UDP, c: {port: 1}, d: ~}, host: [ab], free: [1]}}",
        "components: {a: {layout: ./own, anything: 1}}",
        "components: {a: {layout: app, image: 1.10, host: ab, port: '${{ x }}'}}",
        "{defaults: {layout: app, replicas: 1}, components: {a: {image: x}}}",
        "{defaults: {layout: app}, components: {a: {layout: namespace, tls: false}}}",
        "namespace: false",
        "tier: 4-aux",
        "tier: false",
        "namespace: {name: x, tls: false}",
        "{homebuild: 1, defaults: {tier: 0-core, layouts: {app: {replicas: 2}}}}",
    ];
    let wrong = [
        "componets: {}",
        "components: {a: {layout: app, prot: 1}}",
        "components: {a: {layout: nope}}",
        "components: {a: {layout: app, replicas: two}}",
        "components: {a: {layout: app, replicas: -1}}",
        "components: {a: {layout: app, ports: {a: 53-UDP}}}",
        "components: {a: {layout: app, ports: {a: {protocol: UDP}}}}",
        "components: {a: {layout: app, host: [b]}}",
        "{defaults: {layout: app, prot: 1}}",
        "{defaults: {layout: app}, components: {a: {prot: 1}}}",
        "namespace: {tsl: true}",
        "tier: 5-none",
        "{homebuild: 1, defaults: {layouts: {app: {prot: 1}}}}",
        "{homebuild: 1, tiers: {}}",
    ];
    let script = "import json, sys, yaml, jsonschema\n\
                  schema, right, wrong = json.load(sys.stdin)\n\
                  jsonschema.Draft7Validator.check_schema(schema)\n\
                  is_valid = lambda text: jsonschema.Draft7Validator(schema).is_valid(yaml.safe_load(text))\n\
                  print([t for t in right if not is_valid(t)] + [t for t in wrong if is_valid(t)])\n";
    let command = Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = command.expect("python3");
    let schema: Value = serde_json::from_str(&written()).expect("JSON");
    let mut stdin = child.stdin.take().expect("stdin");
    stdin.write_all(json!([schema, right, wrong]).to_string().as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("python3");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[]\n");
}
