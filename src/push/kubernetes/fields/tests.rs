use serde_json::{Value, json};

use super::{Path, Set, Step};

fn set(json: &Value) -> Set {
    Set::read(json).unwrap_or_else(|| panic!("no fields: {json}"))
}

/// As the server wrote it, in the order in which it wrote it.
fn deployment() -> Value {
    json!({
        "f:metadata": {"f:labels": {".": {}, "f:app.kubernetes.io/name": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                ".": {},
                "f:image": {},
                "f:name": {},
                "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
            }}}},
        },
    })
}

fn words(paths: &[Path]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

#[test]
fn a_set_is_read_and_written_as_the_server_writes_it() {
    let sets = [
        deployment(),
        json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"kubernetes.io/pvc-protection\"": {}}}}),
        json!({"f:spec": {"f:list": {"i:0": {}, "i:12": {}}}}),
        json!({"f:data": {"f:a:b": {}, "f:.": {}, "f:": {}}}),
        json!({"f:spec": {"k:{\"a\":\"}]\\\"\",\"b\":null,\"c\":true,\"d\":-1.5}": {}, "v:false": {}}}),
        json!({}),
    ];
    for json in sets {
        assert_eq!(set(&json).to_json(), json);
    }
}

#[test]
fn one_set_is_always_the_same_text() {
    let (a, b) = (json!({"f:b": {}, "f:a": {".": {}, "f:c": {}}}), json!({"f:a": {"f:c": {}, ".": {}}, "f:b": {}}));
    assert_eq!(set(&a).to_json().to_string(), set(&b).to_json().to_string());
    let (a, b) = (json!({"k:{\"b\":1,\"a\":2}": {}}), json!({"k:{ \"a\": 2, \"b\": 1}": {}}));
    assert_eq!(set(&a), set(&b));
}

#[test]
fn what_is_no_set_is_not_read_as_one() {
    for json in
        [json!([]), json!({"f:a": 1}), json!({"x:a": {}}), json!({"a": {}}), json!({"k:{": {}}), json!({"i:x": {}})]
    {
        assert_eq!(Set::read(&json), None, "{json}");
    }
}

#[test]
fn sets_are_joined_subtracted_and_intersected_by_path() {
    let a = set(&json!({"f:a": {".": {}, "f:x": {}}, "f:b": {}}));
    let b = set(&json!({"f:a": {"f:x": {}, "f:y": {}}, "f:c": {}}));
    let joined = json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}});
    assert_eq!(a.clone().union(&b).to_json(), joined);
    assert_eq!(a.difference(&b).to_json(), json!({"f:a": {}, "f:b": {}}));
    assert_eq!(b.difference(&a).to_json(), json!({"f:a": {"f:y": {}}, "f:c": {}}));
    assert_eq!(a.intersection(&b).to_json(), json!({"f:a": {"f:x": {}}}));
    assert!(a.difference(&a).is_empty() && Set::default().union(&a) == a);
}

#[test]
fn a_path_is_in_a_set_only_where_it_is_meant_itself() {
    let set = set(&deployment());
    let path = Path::of(["spec", "replicas"]);
    assert!(set.contains(&path) && set.reaches(&path) && set.ends_at(&path));
    let above = Path::of(["spec", "template"]);
    assert!(!set.contains(&above) && set.reaches(&above) && !set.ends_at(&above));
    assert!(set.with_parents().contains(&above));
}

#[test]
fn a_path_that_is_cut_takes_what_is_below_and_empty_parents_with_it() {
    let mut set = set(&json!({"f:a": {"f:b": {".": {}, "f:c": {}}}, "f:d": {}}));
    set.cut(&Path::of(["a", "b"]));
    assert_eq!(set.to_json(), json!({"f:d": {}}));
    set.cut(&Path::of(["x", "y"]));
    assert_eq!(set.to_json(), json!({"f:d": {}}));
}

#[test]
fn paths_are_written_as_a_diff_writes_them() {
    let said = [
        "metadata.labels",
        "metadata.labels[app.kubernetes.io/name]",
        "spec.replicas",
        "spec.template.spec.containers[web]",
        "spec.template.spec.containers[web].image",
        "spec.template.spec.containers[web].name",
        "spec.template.spec.containers[web].ports",
        "spec.template.spec.containers[web].ports[80]",
        "spec.template.spec.containers[web].ports[80].containerPort",
    ];
    assert_eq!(words(&set(&deployment()).paths()), said);
    let tops = ["metadata.labels", "spec.replicas", "spec.template.spec.containers[web]"];
    assert_eq!(words(&set(&deployment()).tops()), tops);
    let lists = set(&json!({"f:a": {"v:\"x y\"": {}, "i:3": {}, "k:{\"port\":53,\"protocol\":\"UDP\"}": {}}}));
    assert_eq!(words(&lists.paths()), ["a[53/UDP]", "a[x y]", "a[3]"]);
    assert_eq!(lists.paths()[0].pattern(), "a[*]");
}

#[test]
fn a_path_of_an_answer_is_read_with_the_object_that_has_it() {
    let object = json!({
        "metadata": {"labels": {"app.kubernetes.io/name": "x", "app": "y"}},
        "spec": {"ports": [{"port": 80, "protocol": "TCP", "name": "http"}], "modes": ["a.b]", "c"]},
    });
    let read = |text: &str| Path::read(text, &object).map(|path| path.to_string());
    assert_eq!(read(".metadata.labels.app.kubernetes.io/name").unwrap(), "metadata.labels[app.kubernetes.io/name]");
    assert_eq!(read(".metadata.labels.app").unwrap(), "metadata.labels.app");
    assert_eq!(read(r#".spec.ports[port=80,protocol="TCP"].name"#).unwrap(), "spec.ports[80].name");
    assert_eq!(read(r#".spec.modes[="a.b]"]"#).unwrap(), "spec.modes[a.b]]");
    assert_eq!(read("spec.ports[0].nodePort").unwrap(), "spec.ports[0].nodePort");
    assert_eq!(read("data[tls.key]").unwrap(), "data[tls.key]");
    let port = Path::read(r#".spec.ports[port=80,protocol="TCP"].name"#, &object).unwrap();
    assert_eq!(port.get(&object), Some(&json!("http")));
    assert_eq!(read(".spec.ports["), None);
}

#[test]
fn a_counted_entry_is_every_entry_by_its_name() {
    let object = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}], "args": ["x"]}});
    let path = Path::read("spec.containers[1].env[0].value", &object).unwrap();
    assert!(path.entries(&object).is_empty(), "no container has an `env`");
    let path = Path::read("spec.containers[1].image", &object).unwrap();
    assert_eq!(words(&path.entries(&object)), ["spec.containers[a].image", "spec.containers[b].image"]);
    assert_eq!(words(&Path::read("spec.args[0]", &object).unwrap().entries(&object)), ["spec.args[0]"]);
}

#[test]
fn what_a_manager_owns_is_taken_out_of_an_object() {
    let live = json!({
        "metadata": {"name": "x", "labels": {"app.kubernetes.io/name": "a", "other": "b"}},
        "spec": {
            "replicas": 2,
            "paused": false,
            "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [
                {"name": "sidecar", "image": "s"},
                {"name": "web", "image": "w", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
            ]}},
        },
    });
    let owned = json!({
        "metadata": {"labels": {"app.kubernetes.io/name": "a"}},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [{"name": "web", "image": "w", "ports": [{"containerPort": 80}]}]}},
        },
    });
    assert_eq!(set(&deployment()).extract(&live), owned);
    assert_eq!(set(&deployment()).within(&owned), set(&deployment()));
    assert_eq!(Set::default().extract(&live), json!({}));
}

#[test]
fn an_entry_without_its_name_in_the_set_keeps_its_name() {
    let set = set(&json!({"f:env": {"k:{\"name\":\"A\"}": {"f:value": {}}, "v:\"x\"": {}, "i:2": {}}}));
    let live = json!({"env": [{"name": "B"}, {"name": "A", "value": "1", "x": 2}, "third", "x", "y"]});
    assert_eq!(set.extract(&live), json!({"env": [{"name": "A", "value": "1"}, "third", "x"]}));
}

#[test]
fn what_is_in_a_set_is_taken_away_with_what_is_below() {
    let mut object = json!({"a": {"b": 1, "c": {"d": 1}}, "list": [{"name": "x"}, {"name": "y", "z": 1}], "left": [1]});
    let gone =
        set(&json!({"f:a": {"f:c": {}}, "f:list": {"k:{\"name\":\"x\"}": {}, "k:{\"name\":\"y\"}": {"f:z": {}}}}));
    gone.remove(&mut object);
    assert_eq!(object, json!({"a": {"b": 1}, "list": [{"name": "y"}], "left": [1]}));
}

#[test]
fn only_what_an_object_has_is_left_of_a_set() {
    let object = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "w"}]}}}});
    let said = [
        "spec.template.spec.containers[web]",
        "spec.template.spec.containers[web].image",
        "spec.template.spec.containers[web].name",
    ];
    assert_eq!(words(&set(&deployment()).within(&object).paths()), said);
}

#[test]
fn a_step_is_written_as_it_was_read() {
    for text in ["f:a", "f:a:b", "v:\"x\"", "v:1", "i:4", "k:{\"a\":1,\"b\":\"x\"}"] {
        assert_eq!(Step::read(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_value_is_put_and_taken_away_where_a_person_says() {
    let mut object = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b-1", "image": "y"}]}});
    for text in ["spec.containers[name=b-1].image", ".spec.containers[name=\"b-1\"].image", "spec.containers[1].image"]
    {
        let path = Path::read(text, &object).unwrap();
        assert_eq!(path.get(&object), Some(&json!("y")), "{text}");
    }
    let read = |text: &str, object: &serde_json::Value| Path::read(text, object).unwrap();
    read("spec.containers[name=b-1].image", &object).put(&mut object, json!("z"));
    assert_eq!(object["spec"]["containers"][1]["image"], "z");
    read("spec.replicas", &object).put(&mut object, json!(3));
    assert_eq!(object["spec"]["replicas"], 3);
    read("spec.containers[name=a].image", &object).remove(&mut object);
    assert_eq!(object["spec"]["containers"][0], json!({"name": "a"}));
    read("spec.nothing[0].here", &object).put(&mut object, json!(1));
    assert_eq!(object["spec"]["nothing"], json!(null));
    let object = json!({"list": [{"name": "1password", "x": 1}]});
    assert_eq!(read("list[name=1password].x", &object).get(&object), Some(&json!(1)));
    for text in ["list[", "list[name=\"a].x"] {
        assert_eq!(Path::read(text, &object), None, "{text}");
    }
    let object = json!({"annotations": {"a.b/c": "d"}});
    for text in ["annotations[a.b/c]", "annotations.a.b/c"] {
        assert_eq!(read(text, &object).get(&object), Some(&json!("d")), "{text}");
    }
}
