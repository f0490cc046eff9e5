use super::*;
use crate::kubernetes::testing::{json, node};

const OBJECT: &str = "{spec: {replicas: 1, a/b~c: x, list: [a, b]}, kind: X}";

fn patched(operations: &str) -> String {
    apply(node(OBJECT), &node(operations)).map_or_else(|p| format!("{} ({})", p.message, p.label), |n| json(&n))
}

#[test]
fn operations_do_what_rfc_6902_says() {
    for (operation, then) in [
        (
            "{op: add, path: /spec/new, value: {x: 1}}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b"],"new":{"x":1}},"kind":"X"}"#,
        ),
        (
            "{op: add, path: /spec/replicas, value: 2}",
            r#"{"spec":{"replicas":2,"a/b~c":"x","list":["a","b"]},"kind":"X"}"#,
        ),
        (
            "{op: add, path: /spec/list/0, value: c}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["c","a","b"]},"kind":"X"}"#,
        ),
        (
            "{op: add, path: /spec/list/2, value: c}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b","c"]},"kind":"X"}"#,
        ),
        (
            "{op: add, path: /spec/list/-, value: c}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b","c"]},"kind":"X"}"#,
        ),
        ("{op: add, path: '', value: c}", r#""c""#),
        ("{op: remove, path: /spec/a~1b~0c}", r#"{"spec":{"replicas":1,"list":["a","b"]},"kind":"X"}"#),
        ("{op: remove, path: /spec/list/0}", r#"{"spec":{"replicas":1,"a/b~c":"x","list":["b"]},"kind":"X"}"#),
        ("{op: replace, path: /spec, value: null}", r#"{"spec":null,"kind":"X"}"#),
        (
            "{op: replace, path: /spec/list/1, value: [1]}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a",[1]]},"kind":"X"}"#,
        ),
        (
            "{op: move, from: /spec/list/0, path: /spec/list/1}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["b","a"]},"kind":"X"}"#,
        ),
        ("{op: move, from: /spec, path: /kind}", r#"{"kind":{"replicas":1,"a/b~c":"x","list":["a","b"]}}"#),
        (
            "{op: copy, from: /kind, path: /spec/list/-}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b","X"]},"kind":"X"}"#,
        ),
        (
            "{op: test, path: /spec, value: {list: [a, b], replicas: 1, a/b~c: x}}",
            r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b"]},"kind":"X"}"#,
        ),
    ] {
        assert_eq!(patched(&format!("[{operation}]")), then, "{operation}");
    }
}

#[test]
fn operations_follow_one_another() {
    let both = "[{op: add, path: /spec/m, value: {}}, {op: add, path: /spec/m/n, value: 1}, {op: remove, path: /kind}]";
    assert_eq!(patched(both), r#"{"spec":{"replicas":1,"a/b~c":"x","list":["a","b"],"m":{"n":1}}}"#);
}

#[test]
fn a_path_that_is_not_there_says_what_is() {
    for (operation, said) in [
        ("{op: remove, path: /spec/replica}", "there is no `/spec/replica` (did you mean `replicas`?)"),
        ("{op: replace, path: /a/b, value: 1}", "there is no `/a/b` (the object is a map with `spec`, `kind`)"),
        (
            "{op: replace, path: /spec/list/2, value: 1}",
            "there is no `/spec/list/2` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        (
            "{op: add, path: /spec/list/3, value: 1}",
            "there is no `/spec/list/3` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        (
            "{op: add, path: /spec/list/01, value: 1}",
            "there is no `/spec/list/01` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        (
            "{op: remove, path: /spec/list/-}",
            "there is no `/spec/list/-` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        (
            "{op: add, path: /spec/list/+1, value: 1}",
            "there is no `/spec/list/+1` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        (
            "{op: add, path: /spec/list/, value: 1}",
            "there is no `/spec/list/` (`/spec/list` is a list with the entries `0` to `1`)",
        ),
        ("{op: add, path: /spec/replicas/x, value: 1}", "there is no `/spec/replicas/x` (`/spec/replicas` is `1`)"),
        ("{op: copy, from: /kind/x/y, path: /z}", "there is no `/kind/x/y` (`/kind` is the text `X`)"),
        ("{op: test, path: /spec/replicas, value: '1'}", "`/spec/replicas` is `1`, not the text `1` (the test fails)"),
        (
            "{op: test, path: /spec/list, value: []}",
            "`/spec/list` is a list with the entries `0` to `1`, not an empty list (the test fails)",
        ),
    ] {
        assert_eq!(patched(&format!("[{operation}]")), said, "{operation}");
    }
}

#[test]
fn an_operation_that_is_none_is_a_problem() {
    for (operations, said) in [
        ("{op: add}", "a JSON patch is a list of operations, not a map ()"),
        ("[1]", "the operation has no `op` (an operation is such as `{op: replace, path: /spec/replicas, value: 2}`)"),
        ("[{op: replce, path: /a}]", "JSON patch has no operation `replce` (did you mean `replace`?)"),
        (
            "[{op: nonsense, path: /a}]",
            "JSON patch has no operation `nonsense` (it has `add`, `remove`, `replace`, `move`, `copy`, `test`)",
        ),
        ("[{op: 1, path: /a}]", "`op` of an operation is text, not a whole number ()"),
        (
            "[{op: add, path: /a}]",
            "the operation has no `value` (an operation is such as `{op: replace, path: /spec/replicas, value: 2}`)",
        ),
        ("[{op: remove, path: /spec, value: 1}]", "this operation has no field `value` ()"),
        ("[{op: copy, form: /spec, path: /a}]", "this operation has no field `form` (did you mean `from`?)"),
        (
            "[{op: remove, path: spec.replicas}]",
            "`spec.replicas` is no path of a JSON patch (did you mean `/spec/replicas`?)",
        ),
        (
            "[{op: remove, path: /spec/~2}]",
            "`/spec/~2` is no path of a JSON patch (a `~` in a key is written `~0`, a `/` is `~1`)",
        ),
        ("[{op: remove, path: ''}]", "a patch cannot take the whole object away ()"),
        ("[{op: move, from: /spec, path: /spec/x}]", "a value cannot move into itself ()"),
    ] {
        assert_eq!(patched(operations), said, "{operations}");
    }
}

#[test]
fn the_same_data_is_the_same_wherever_it_stands() {
    assert!(is_same(&node("{a: 1, b: [x]}"), &node("\n\n{b: [x], a: 1}")));
    for (a, b) in [("{a: 1}", "{a: '1'}"), ("{a: 1}", "{a: 1, b: 2}"), ("[a, b]", "[b, a]"), ("1", "1.0"), ("{}", "[]")]
    {
        assert!(!is_same(&node(a), &node(b)), "{a} {b}");
    }
}
