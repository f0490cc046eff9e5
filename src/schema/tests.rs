use super::*;
use crate::yaml::dice::Dice;
use crate::yaml::{emit, parse_one};

const TYPES: &str = r##"
$defs:
  Port:
    x-short: {integer: port, string: "{port}/{protocol}"}
    required: [port]
    properties:
      port: {type: integer, minimum: 1, maximum: 65535}
      to: {type: integer}
      protocol: {type: string, enum: [TCP, UDP, TCP+UDP], default: TCP}
  Ingress:
    x-short: {string: host}
    x-include: [Route]
    required: [host]
    properties:
      host: {type: string, minLength: 1}
      service: {type: string}
  Route:
    properties:
      protected: {type: boolean, default: false}
      middlewares: {type: string, x-list: true, default: [a]}
      only: {type: array, items: {type: string}}
    x-excludes: {only: [protected, middlewares]}
  Service:
    x-short: {string: name, integer: port}
    properties:
      name: {type: string}
      port: {type: integer}
      ports: {type: object, additionalProperties: {$ref: "#/$defs/Port"}, default: {}}
  Container:
    required: [image]
    properties:
      image: {type: string}
      env: {additionalProperties: {type: [string, object, "null"]}, default: {}}
      files: {additionalProperties: {$ref: "#/$defs/File", x-list: true}, default: {}}
  File:
    x-short: {string: file}
    properties:
      file: {type: string, format: file}
      mode: {type: string, pattern: "^0[0-7]{3}$", description: "octal, quoted"}
"##;

const APP: &str = r##"
description: An app
x-include: [Container]
x-keep-nulls: [spec.values]
properties:
  replicas: {type: [integer, "null"], default: 1, minimum: 0}
  service: {$ref: "#/$defs/Service", x-list: true, default: {}, description: "false: none"}
  ingress: {$ref: "#/$defs/Ingress", x-list: true}
  probe: {$ref: "#/$defs/Probe", default: {}}
  pod: {type: object, default: {}}
  any: {}
$defs:
  Probe:
    properties:
      path: {type: string, default: /}
      port: {type: integer}
"##;

fn source(text: &str) -> Arc<Source> {
    Source::new("stack.yaml", text)
}

fn told(problems: Problems) -> String {
    problems.sorted().iter().map(ToString::to_string).collect::<Vec<_>>().concat()
}

fn types() -> Types {
    Types::load(&Source::new("layouts/types.schema.yaml", TYPES)).map_err(told).unwrap()
}

fn app() -> Schema {
    Schema::load(&Source::new("layouts/app.schema.yaml", APP), &types()).map_err(told).unwrap()
}

fn schema(text: &str) -> Schema {
    Schema::load(&source(text), &types()).map_err(told).unwrap()
}

fn mistakes(text: &str) -> String {
    Schema::load(&Source::new("a.schema.yaml", text), &types()).map(|_| ()).map_err(told).expect_err(text)
}

/// What becomes of values: written as YAML, or the problems.
fn completed(schema: &Schema, text: &str) -> Result<String, String> {
    let node = parse_one(&source(text)).unwrap();
    let what = What::layout("app", "ntfy", &Place::line(&source(text), 1));
    schema.complete(node, &what).map(|node| emit(&node)).map_err(told)
}

fn good(text: &str) -> Node {
    let node = parse_one(&source(text)).unwrap();
    let what = What::layout("app", "ntfy", &Place::line(&source(text), 1));
    app().complete(node, &what).map_err(told).unwrap()
}

fn bad(text: &str) -> String {
    completed(&app(), text).expect_err(text)
}

/// One value of completed values, on its own.
fn value(text: &str, key: &str) -> String {
    emit(good(&format!("image: x\n{text}\n")).get(key).unwrap())
}

#[test]
fn every_declared_property_is_there_in_the_order_of_the_schema() {
    insta::assert_snapshot!(completed(&app(), "any: 1\nimage: x\n").unwrap(), @r#"
    image: x
    env: {}
    files: {}
    replicas: 1
    service:
    - name: null
      port: null
      ports: {}
    ingress: []
    probe:
      path: /
      port: null
    pod: {}
    any: 1
    "#);
}

#[test]
fn short_forms_stand_for_a_property_or_a_pattern() {
    let ports = "service: {ports: {a: 80, b: 53/TCP+UDP, c: {port: 1, to: 2}}}";
    insta::assert_snapshot!(value(ports, "service"), @r"
    - name: null
      port: null
      ports:
        a:
          port: 80
          to: null
          protocol: TCP
        b:
          port: 53
          to: null
          protocol: TCP+UDP
        c:
          port: 1
          to: 2
          protocol: TCP
    ");
    assert!(value("service: draw", "service").contains("name: draw"));
    assert!(value("service: 80", "service").contains("port: 80"));
    assert!(value("service: \"80\"", "service").contains("name: \"80\""));
    assert!(value("ingress: 1.10", "ingress").contains("host: \"1.10\""));
}

#[test]
fn a_list_of_one_may_be_written_without_the_list_and_false_is_none() {
    assert_eq!(value("service: false", "service"), "[]\n");
    assert_eq!(value("ingress: false", "ingress"), "[]\n");
    assert_eq!(value("ingress: []", "ingress"), "[]\n");
    assert_eq!(value("ingress: ~", "ingress"), "[]\n");
    assert_eq!(value("service: ~", "service"), "[]\n");
    assert_eq!(value("service: [a, 80]", "service").matches("ports: {}").count(), 2);
    assert!(value("ingress: {host: a, middlewares: b}", "ingress").contains("middlewares:\n  - b\n"));
}

#[test]
fn the_source_text_of_a_plain_value_is_its_text() {
    let env = value("env: {A: 8080, B: 1.10, C: yes, D: true, E: ~, F: 0x1f, G: {valueFrom: {a: 1}}}", "env");
    insta::assert_snapshot!(env, @r#"
    A: "8080"
    B: "1.10"
    C: "yes"
    D: "true"
    E: null
    F: "0x1f"
    G:
      valueFrom:
        a: 1
    "#);
}

#[test]
fn what_an_expression_gives_becomes_text_where_text_is_wanted() {
    let place = Place::line(&source("x"), 1);
    let with = |data| {
        let mut node = parse_one(&source("image: x\nenv: {A: a}\n")).unwrap();
        let env = node.as_map_mut().and_then(|map| map.get_mut("env")).and_then(Node::as_map_mut).unwrap();
        env.set("A", Node::new(data, &place));
        app().complete(node, &What::layout("app", "x", &place)).map(|node| emit(node.get("env").unwrap())).map_err(told)
    };
    assert_eq!(with(Data::Int(5)), Ok("A: \"5\"\n".to_owned()));
    assert_eq!(with(Data::Bool(true)), Ok("A: \"true\"\n".to_owned()));
    assert!(with(Data::Float(1.5)).is_err_and(|problem| problem.contains("quote it there")));
}

#[test]
fn null_is_none_and_takes_the_default_with_it() {
    assert_eq!(value("replicas: ~", "replicas"), "null\n");
    assert_eq!(value("probe: ~", "probe"), "null\n");
    assert_eq!(value("pod: {a: ~}", "pod"), "a: null\n");
}

#[test]
fn what_was_taken_away_is_none_and_gone_from_free_maps() {
    let place = Place::line(&source("x"), 1);
    let removed = || Node::new(Data::Removed, &place);
    let mut node = parse_one(&source("image: x\npod: {a: {}}\nenv: {}\nservice: {ports: {}}\n")).unwrap();
    let map = node.as_map_mut().unwrap();
    map.set("replicas", removed());
    for key in ["pod", "env"] {
        map.get_mut(key).and_then(Node::as_map_mut).unwrap().set("b", removed());
    }
    map.get_mut("pod")
        .and_then(Node::as_map_mut)
        .unwrap()
        .get_mut("a")
        .and_then(Node::as_map_mut)
        .unwrap()
        .set("c", removed());
    let node = app().complete(node, &What::layout("app", "x", &place)).map_err(told).unwrap();
    assert_eq!(node.get("replicas").map(|node| &node.data), Some(&Data::Null));
    assert_eq!(emit(node.get("pod").unwrap()), "a: {}\n");
    assert_eq!(emit(node.get("env").unwrap()), "{}\n");
}

#[test]
fn short_forms_are_written_out_before_layers_are_merged() {
    let expanded = |text: &str| emit(&app().expand(parse_one(&source(text)).unwrap()));
    insta::assert_snapshot!(expanded("ingress: draw\nservice: [80, {name: b}]\nfiles: {/a: b, /c: [d]}\nprot: 1\n"), @r"
    ingress:
    - host: draw
    service:
    - port: 80
    - name: b
    files:
      /a:
      - file: b
      /c:
      - file: d
    prot: 1
    ");
    insta::assert_snapshot!(expanded("ingress: ${{ a }}\nservice: [\"${{ b }}\", \"x-${{ c }}\"]\n"), @r#"
    ingress: "${{ a }}"
    service:
    - "${{ b }}"
    - name: "x-${{ c }}"
    "#);
    assert!(
        expanded("service: {ports: {a: \"${{ b/c }}/UDP\"}}").contains("port: \"${{ b/c }}\"\n      protocol: UDP")
    );
    assert_eq!(expanded("service: false\ningress: ~\n"), "service: false\ningress: null\n");
}

#[test]
fn an_unknown_key_is_shown_with_what_was_meant() {
    insta::assert_snapshot!(bad("image: x\nreplica: 2\ningress:\n  hots: a\n  host: b\n"), @r"
    error[unknown-value]: layout `app` has no value `replica`
      --> stack.yaml:2:1
       |
     2 | replica: 2
       | ^^^^^^^ did you mean `replicas`?
       = in component `ntfy`
    error[unknown-value]: layout `app` has no value `ingress.hots`
      --> stack.yaml:4:3
       |
     4 |   hots: a
       |   ^^^^ did you mean `host`?
       = in component `ntfy`
    ");
    insta::assert_snapshot!(completed(&schema("properties: {a: {}, b: {}}"), "zebra: 1\n").unwrap_err(), @r"
    error[unknown-value]: layout `app` has no value `zebra`
      --> stack.yaml:1:1
       |
     1 | zebra: 1
       | ^^^^^
       = known here: a, b
       = in component `ntfy`
    ");
}

#[test]
fn a_missing_value_is_shown_at_the_component_or_the_map() {
    insta::assert_snapshot!(bad("replicas: 1\ningress: {protected: true}\nany: 1\n"), @r"
    error[missing-value]: layout `app` needs the value `image`
      --> stack.yaml:1:1
       |
     1 | replicas: 1
       | ^^^^^^^^^^^
       = in component `ntfy`
    error[missing-value]: layout `app` needs the value `ingress.host`
      --> stack.yaml:2:10
       |
     2 | ingress: {protected: true}
       |          ^
       = in component `ntfy`
    ");
    insta::assert_snapshot!(bad("image: ~\n"), @r"
    error[missing-value]: layout `app` needs the value `image`
      --> stack.yaml:1:8
       |
     1 | image: ~
       |        ^
       = in component `ntfy`
    ");
}

#[test]
fn a_wrong_value_is_shown_with_what_it_must_be() {
    insta::assert_snapshot!(bad("image: [x]\nreplicas: two\nservice: {ports: {a: 53-UDP, b: 70000, c: 53/TPC}}\n"), @r"
    error[wrong-type]: `image` must be text, not a list
      --> stack.yaml:1:8
       |
     1 | image: [x]
       |        ^
       = in component `ntfy`
    error[wrong-type]: `replicas` must be a whole number, not `two`
      --> stack.yaml:2:11
       |
     2 | replicas: two
       |           ^^^
       = in component `ntfy`
    error[wrong-type]: `service.ports.a` must be a map, a whole number for its `port` or text like `{port}/{protocol}`, not `53-UDP`
      --> stack.yaml:3:22
       |
     3 | service: {ports: {a: 53-UDP, b: 70000, c: 53/TPC}}
       |                      ^^^^^^
       = in component `ntfy`
    error[value-range]: `service.ports.b.port` must be at most 65535, not `70000`
      --> stack.yaml:3:33
       |
     3 | service: {ports: {a: 53-UDP, b: 70000, c: 53/TPC}}
       |                                 ^^^^^
       = in component `ntfy`
    error[value-choice]: `service.ports.c.protocol` must be one of `TCP`, `UDP`, `TCP+UDP`, not `TPC`
      --> stack.yaml:3:43
       |
     3 | service: {ports: {a: 53-UDP, b: 70000, c: 53/TPC}}
       |                                           ^^^^^^ did you mean `TCP`?
       = in component `ntfy`
    ");
    insta::assert_snapshot!(bad("image: x\nreplicas: -1\nfiles: {/a: {file: b, mode: \"755\"}}\ningress: {host: ''}\npod: 5\n"), @r#"
    error[value-range]: `replicas` must be at least 0, not `-1`
      --> stack.yaml:2:11
       |
     2 | replicas: -1
       |           ^^
       = in component `ntfy`
    error[value-form]: `files["/a"].mode` must match `^0[0-7]{3}$`, not `755`
      --> stack.yaml:3:29
       |
     3 | files: {/a: {file: b, mode: "755"}}
       |                             ^^^^^
       = `files["/a"].mode`: octal, quoted
       = in component `ntfy`
    error[value-form]: `ingress.host` must not be empty
      --> stack.yaml:4:17
       |
     4 | ingress: {host: ''}
       |                 ^^
       = in component `ntfy`
    error[wrong-type]: `pod` must be a map, not `5`
      --> stack.yaml:5:6
       |
     5 | pod: 5
       |      ^
       = in component `ntfy`
    "#);
}

#[test]
fn what_excludes_another_cannot_stand_beside_it() {
    insta::assert_snapshot!(bad("image: x\ningress: {host: a, only: [], protected: false}\n"), @r"
    error[excluded-value]: `only` and `protected` cannot stand together
      --> stack.yaml:2:30
       |
     2 | ingress: {host: a, only: [], protected: false}
       |                              ^^^^^^^^^ `only` stands on line 2
       = in component `ntfy`
    ");
    assert!(completed(&app(), "image: x\ningress: {host: a, only: [], protected: ~}\n").is_ok());
}

#[test]
fn a_secret_fits_any_pattern() {
    assert!(completed(&app(), "image: x\nfiles: {/a: {mode: '<secret:a.b#1f3a9c2e>'}}\n").is_ok());
}

#[test]
fn the_files_that_values_name_are_found_with_their_places() {
    let mut found = Vec::new();
    let values = good("image: x\nfiles: {/a: b, /c: [d, {file: e}]}\n");
    app().files(&values, &mut |name, place| found.push(format!("{name} {place}")));
    assert_eq!(found, ["b stack.yaml:2:13", "d stack.yaml:2:21", "e stack.yaml:2:31"]);
}

#[test]
fn a_shared_type_is_completed_by_its_name() {
    let node = parse_one(&source("file: a\n")).unwrap();
    assert_eq!(emit(&types().complete("File", node.clone()).unwrap()), "file: a\nmode: null\n");
    assert!(told(types().complete("Fil", node).unwrap_err()).contains("did you mean `File`?"));
}

#[test]
fn nulls_are_kept_where_the_schema_says() {
    assert!(app().keep_nulls().at(&["spec", "values"]) && app().keep_nulls().at(&["spec", "values", "a"]));
    assert!(!app().keep_nulls().at(&["spec"]) && !app().keep_nulls().at(&[]));
    assert!(schema("x-keep-nulls: true").keep_nulls().at(&[]));
    assert!(!schema("properties: {}").keep_nulls().at(&["a"]));
}

#[test]
fn a_layout_without_properties_takes_none() {
    assert!(completed(&schema("description: nothing\n"), "a: 1\n").is_err());
    assert_eq!(completed(&schema("description: nothing\n"), "{}\n"), Ok("{}\n".to_owned()));
    assert_eq!(
        completed(&schema("additionalProperties: true\nproperties: {a: {}}\n"), "b: 1\n"),
        Ok("a: null\nb: 1\n".to_owned())
    );
}

#[test]
fn own_types_go_before_shared_ones() {
    let own = schema(
        "properties: {a: {$ref: \"#/$defs/Port\", default: {}}}\n$defs: {Port: {properties: {b: {default: 1}}}}\n",
    );
    assert_eq!(completed(&own, "{}\n"), Ok("a:\n  b: 1\n".to_owned()));
}

#[test]
fn the_mistakes_of_a_schema_are_told_when_it_is_loaded() {
    insta::assert_snapshot!(mistakes(r##"
x-include: [Contaner]
required: [nam]
properties:
  name: {type: strng, defalt: 1}
  port: {$ref: "#/$defs/Prot", minimum: 1}
  mode: {type: string, pattern: "("}
  size: {type: integer, default: big}
  list: {type: string, minimum: 1, x-keep-nulls: true}
  ref: {$ref: Port}
x-excludes: {name: [prot]}
x-short: {string: nme, object: name}
"##), @r##"
    error[schema]: there is no type `Contaner` in `$defs`
      --> a.schema.yaml:2:13
       |
     2 | x-include: [Contaner]
       |             ^^^^^^^^ did you mean `Container`?
    error[schema]: `nam` is no property of this schema
      --> a.schema.yaml:3:12
       |
     3 | required: [nam]
       |            ^^^ did you mean `name`?
    error[schema]: `strng` is no type
      --> a.schema.yaml:5:16
       |
     5 |   name: {type: strng, defalt: 1}
       |                ^^^^^ did you mean `string`?
    error[schema]: `defalt` is no keyword of schemas here
      --> a.schema.yaml:5:23
       |
     5 |   name: {type: strng, defalt: 1}
       |                       ^^^^^^ did you mean `default`?
    error[schema]: there is no type `Prot` in `$defs`
      --> a.schema.yaml:6:16
       |
     6 |   port: {$ref: "#/$defs/Prot", minimum: 1}
       |                ^^^^^^^^^^^^^^ did you mean `Port`?
    error[schema]: `minimum` cannot stand beside `$ref`: the type says it
      --> a.schema.yaml:6:32
       |
     6 |   port: {$ref: "#/$defs/Prot", minimum: 1}
       |                                ^^^^^^^
    error[schema]: `pattern` is no regular expression: found open group without closing ')'
      --> a.schema.yaml:7:33
       |
     7 |   mode: {type: string, pattern: "("}
       |                                 ^^^
    error[schema]: `size` must be a whole number, not `big`
      --> a.schema.yaml:8:34
       |
     8 |   size: {type: integer, default: big}
       |                                  ^^^
       = a default fits its own schema
    error[schema]: keywords of `integer` stand beside another `type`
      --> a.schema.yaml:9:16
       |
     9 |   list: {type: string, minimum: 1, x-keep-nulls: true}
       |                ^^^^^^
    error[schema]: `x-keep-nulls` stands at the top of a schema only
      --> a.schema.yaml:9:36
       |
     9 |   list: {type: string, minimum: 1, x-keep-nulls: true}
       |                                    ^^^^^^^^^^^^
    error[schema]: `$ref` is written `"#/$defs/NAME"`
      --> a.schema.yaml:10:15
        |
     10 |   ref: {$ref: Port}
        |               ^^^^
    error[schema]: `prot` is no property of this schema
      --> a.schema.yaml:11:21
        |
     11 | x-excludes: {name: [prot]}
        |                     ^^^^ did you mean `port`?
    error[schema]: `nme` is no property of this schema
      --> a.schema.yaml:12:19
        |
     12 | x-short: {string: nme, object: name}
        |                   ^^^ did you mean `name`?
    error[schema]: `object` is no kind of value that can be a short form
      --> a.schema.yaml:12:24
        |
     12 | x-short: {string: nme, object: name}
        |                        ^^^^^^
    "##);
}

#[test]
fn types_that_hold_themselves_are_fine_until_a_default_never_ends() {
    assert!(
        completed(
            &schema("properties: {a: {$ref: \"#/$defs/A\"}}\n$defs: {A: {properties: {a: {$ref: \"#/$defs/A\"}}}}\n"),
            "a: {a: {}}\n"
        )
        .is_ok()
    );
    let forever = "properties: {a: {$ref: \"#/$defs/A\", default: {}}}\n$defs: {A: {properties: {a: {$ref: \"#/$defs/A\", default: {}}, b: {$ref: \"#/$defs/A\", default: {}}}}}\n";
    assert!(mistakes(forever).contains("has itself in it"));
    assert!(mistakes("$defs: {A: {x-include: [B]}, B: {x-include: [A]}}\n").contains("includes itself"));
}

#[test]
fn completed_values_stay_the_same_when_they_are_completed_again() {
    for text in
        ["image: x\n", "image: x\nservice: [80, a]\nfiles: {/a: b}\nreplicas: ~\nprobe: ~\npod: {a: ~}\nenv: {A: 1}\n"]
    {
        let once = completed(&app(), text).unwrap();
        assert_eq!(completed(&app(), &once).unwrap(), once);
    }
}

#[test]
fn no_values_make_the_walk_panic() {
    const KEYS: [&str; 16] = [
        "image", "env", "files", "replicas", "service", "ingress", "probe", "pod", "any", "host", "ports", "port",
        "file", "mode", "only", "x y",
    ];
    let mut dice = Dice(11);
    let schema = app();
    let place = Place::line(&source("image: x\n"), 1);
    for _ in 0..5000 {
        let tree = tree(&mut dice, 4, &KEYS, &place);
        let _ = schema.complete(schema.expand(tree.clone()), &What::layout("app", "x", &place)).map_err(told);
        let _ = schema.complete(tree, &What::layout("app", "x", &place)).map_err(told);
    }
}

fn tree(dice: &mut Dice, depth: usize, keys: &[&str], place: &Place) -> Node {
    let data = match dice.roll(if depth == 0 { 7 } else { 12 }) {
        0 => Data::Null,
        1 => Data::Removed,
        2 => Data::Bool(dice.roll(2) == 0),
        3 => Data::Int(i128::MAX - 1),
        4 => Data::Float(0.5),
        5 => Data::Str("53/UDP".into()),
        6 => Data::Str("${{ a }}/b".into()),
        7 => Data::List((0..dice.roll(3)).map(|_| tree(dice, depth - 1, keys, place)).collect()),
        _ => {
            let mut map = crate::yaml::Map::default();
            for _ in 0..dice.roll(5) {
                map.set(keys[dice.roll(keys.len())], tree(dice, depth - 1, keys, place));
            }
            Data::Map(map)
        }
    };
    Node::new(data, place)
}
