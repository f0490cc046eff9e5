//! Kubernetes' own words laid over what a layout made: maps merge, `null` deletes, lists merge by their keys.

use crate::kubernetes::kinds::{Field, Kinds, Type};
use crate::yaml::{Data, Map, Node};

/// `over` laid over `base`, both of one type.
///
/// Maps merge key by key and a `null` takes its key away. A list whose entries have keys (the API's list-map-keys or
/// patch-merge-key) merges entry by entry: one that has the keys of an entry below is laid over it, the others are
/// appended in their order. Every other list replaces, and so does a scalar. Without a type no list has keys. Nothing
/// (a null as a whole) laid over a value leaves it.
#[must_use]
pub fn overlay(kinds: &Kinds, of: Option<Type<'_>>, base: Node, over: Node) -> Node {
    let field = |key: &str| of.and_then(|of| kinds.field(of, key));
    match (base.data, over.data) {
        (data, Data::Null | Data::Removed) => Node { data, ..base },
        (Data::Map(below), Data::Map(above)) => {
            let map = merge(below, above, |key, below, above| lay(kinds, field(key), below, above));
            Node { data: Data::Map(map), ..base }
        }
        (_, data) => without_nulls(Node { data, ..over }),
    }
}

/// A field laid over the same field.
fn lay(kinds: &Kinds, field: Option<Field<'_>>, base: Node, over: Node) -> Node {
    let Some(field) = field else { return overlay(kinds, None, base, over) };
    match (base.data, over.data) {
        (Data::List(below), Data::List(above)) if !field.keys.is_empty() => {
            Node { data: Data::List(merge_list(kinds, field, below, above)), ..base }
        }
        (Data::Map(below), Data::Map(above)) if field.map => {
            let map = merge(below, above, |_, below, above| overlay(kinds, field.of, below, above));
            Node { data: Data::Map(map), ..base }
        }
        (below, above) => overlay(kinds, field.of, Node { data: below, ..base }, Node { data: above, ..over }),
    }
}

/// A map laid over a map, with a function that lays a value over the value of the same key.
fn merge(mut base: Map, over: Map, lay: impl Fn(&str, Node, Node) -> Node) -> Map {
    for entry in over.0 {
        let below = base.0.iter_mut().find(|e| e.key == entry.key);
        match below {
            _ if entry.value.is_null() => _ = base.remove(&entry.key),
            Some(below) => below.value = lay(&entry.key, take(&mut below.value), entry.value),
            None => base.set(entry.key, without_nulls(entry.value)),
        }
    }
    base
}

fn merge_list(kinds: &Kinds, field: Field<'_>, mut base: Vec<Node>, over: Vec<Node>) -> Vec<Node> {
    let below = base.len();
    for entry in over {
        match base.iter_mut().take(below).find(|old| is_same_entry(field, old, &entry)) {
            Some(old) => *old = overlay(kinds, field.of, take(old), entry),
            None => base.push(without_nulls(entry)),
        }
    }
    base
}

/// Whether two entries of a list have equal keys; an entry without its keys is like no other.
fn is_same_entry(field: Field<'_>, a: &Node, b: &Node) -> bool {
    field.keys.iter().all(|key| match (key_of(field, a, key), key_of(field, b, key)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    })
}

fn key_of<'a>(field: Field<'a>, entry: &'a Node, key: &str) -> Option<&'a Data> {
    let given = entry.get(key).filter(|node| !node.is_null()).map(|node| &node.data);
    given.or_else(|| field.default_of(key))
}

/// The value, with nothing left in its place.
fn take(node: &mut Node) -> Node {
    let nothing = Node::new(Data::Null, &node.place);
    std::mem::replace(node, nothing)
}

/// The value without the entries of maps that are null: what they take away is not there.
fn without_nulls(mut node: Node) -> Node {
    match &mut node.data {
        Data::Map(map) => {
            map.0.retain(|entry| !entry.value.is_null());
            map.0.iter_mut().for_each(|entry| entry.value = without_nulls(take(&mut entry.value)));
        }
        Data::List(list) => list.iter_mut().for_each(|entry| *entry = without_nulls(take(entry))),
        _ => {}
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::testing::{json, node, one_of};
    use crate::problem::Place;
    use crate::yaml::dice::Dice;

    fn laid(short: &str, base: &str, over: &str) -> String {
        let kinds = Kinds::new(&[]).unwrap();
        let of = kinds.type_of_short_name(short);
        assert!(of.is_some(), "{short}");
        json(&overlay(&kinds, of, node(base), node(over)))
    }

    #[test]
    fn maps_merge_and_null_takes_away() {
        let merged = laid(
            "Deployment",
            "{replicas: 1, strategy: {type: Recreate}}",
            "{replicas: null, paused: true, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0}}}",
        );
        assert_eq!(merged, r#"{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":0}},"paused":true}"#);
    }

    #[test]
    fn entries_with_the_same_key_merge_and_others_are_appended_in_order() {
        let merged = laid(
            "Pod",
            "{containers: [{name: a, image: x, env: [{name: A, value: '1'}, {name: B, value: '2'}]}, {name: b}]}",
            "{containers: [{name: c}, {name: a, env: [{name: B, value: '3'}, {name: C, value: '4'}]}, {name: d}]}",
        );
        assert_eq!(
            merged,
            r#"{"containers":[{"name":"a","image":"x","env":[{"name":"A","value":"1"},{"name":"B","value":"3"},{"name":"C","value":"4"}]},{"name":"b"},{"name":"c"},{"name":"d"}]}"#
        );
    }

    #[test]
    fn lists_without_keys_are_replaced() {
        let merged = laid("Container", "{args: [a, b], envFrom: [{a: 1}]}", "{args: [c], envFrom: []}");
        assert_eq!(merged, r#"{"args":["c"],"envFrom":[]}"#);
    }

    #[test]
    fn an_absent_protocol_is_tcp_when_ports_are_matched() {
        let merged = laid(
            "Service",
            "{ports: [{name: dns, port: 53, protocol: UDP}, {name: tcp, port: 53}]}",
            "{ports: [{port: 53, protocol: TCP, nodePort: 3}, {port: 54}]}",
        );
        assert_eq!(
            merged,
            r#"{"ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"tcp","port":53,"protocol":"TCP","nodePort":3},{"port":54}]}"#
        );
    }

    #[test]
    fn an_entry_without_its_key_is_like_no_other() {
        let merged = laid("Pod", "{imagePullSecrets: [{}]}", "{imagePullSecrets: [{}, {name: x}]}");
        assert_eq!(merged, r#"{"imagePullSecrets":[{},{},{"name":"x"}]}"#);
    }

    #[test]
    fn nulls_never_arrive_where_nothing_was_below() {
        let merged = laid("Pod", "{}", "{a: {b: null, c: 1}, volumes: [{name: x, emptyDir: null}], list: [null]}");
        assert_eq!(merged, r#"{"a":{"c":1},"volumes":[{"name":"x"}],"list":[null]}"#);
    }

    #[test]
    fn nothing_laid_over_a_value_leaves_it() {
        assert_eq!(laid("Pod", "{a: 1}", "null"), r#"{"a":1}"#);
        assert_eq!(laid("Pod", "null", "{a: 1, b: null}"), r#"{"a":1}"#);
    }

    #[test]
    fn a_cron_job_merges_down_to_its_containers() {
        let merged = laid(
            "CronJob",
            "{jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: x}]}}}}}",
            "{jobTemplate: {spec: {template: {spec: {containers: [{name: a, tty: true}]}}}}}",
        );
        assert_eq!(
            merged,
            r#"{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x","tty":true}]}}}}}"#
        );
    }

    #[test]
    fn an_object_of_a_kind_that_nobody_knows_has_its_lists_replaced() {
        let kinds = Kinds::new(&[]).unwrap();
        let merged = overlay(&kinds, None, node("{spec: {a: [{name: x}], b: 1}}"), node("{spec: {a: [{name: y}]}}"));
        assert_eq!(json(&merged), r#"{"spec":{"a":[{"name":"y"}],"b":1}}"#);
    }

    #[test]
    fn what_is_laid_over_keeps_its_place() {
        let kinds = Kinds::new(&[]).unwrap();
        let over = node("{a: {b: 2}}");
        let merged = overlay(&kinds, None, node("{a: {b: 1}}"), over.clone());
        assert_eq!(merged.at(["a", "b"]).map(|n| &n.place), over.at(["a", "b"]).map(|n| &n.place));
    }

    /// Some words of a pod, with entries of lists that differ in their keys.
    fn any(dice: &mut Dice, depth: usize, place: &Place) -> Node {
        let value = |dice: &mut Dice| match dice.roll(if depth == 0 { 2 } else { 6 }) {
            0 => Node::new(Data::Null, place),
            1 => Node::new(Data::Int(dice.roll(3) as i128), place),
            _ => any(dice, depth - 1, place),
        };
        let entries = |dice: &mut Dice, key: &str, value: &dyn Fn(&mut Dice) -> Node| {
            let mut list = Vec::new();
            for number in 0..4 {
                let mut entry = value(dice);
                if let (true, Some(map)) = (dice.roll(2) == 0, entry.as_map_mut()) {
                    map.set(key, Node::new(Data::Int(number), place));
                    list.push(entry);
                }
            }
            Node::new(Data::List(list), place)
        };
        let mut map = Map::default();
        for _ in 0..dice.roll(5) {
            let value = match *one_of(dice, &["containers", "volumes", "env", "args", "a", "b"]) {
                key @ ("containers" | "volumes" | "env") => (key, entries(dice, "name", &value)),
                key => (key, value(dice)),
            };
            map.set(value.0, value.1);
        }
        Node::new(Data::Map(map), place)
    }

    #[test]
    fn nothing_changes_when_the_same_is_laid_over_twice_or_nothing_is() {
        let kinds = Kinds::new(&[]).unwrap();
        let of = kinds.type_of_short_name("Pod");
        let place = node("{}").place;
        let mut dice = Dice(3);
        for _ in 0..5_000 {
            let (base, over) = (without_nulls(any(&mut dice, 4, &place)), any(&mut dice, 4, &place));
            assert_eq!(overlay(&kinds, of, base.clone(), node("{}")), base);
            let once = overlay(&kinds, of, base, over.clone());
            assert_eq!(json(&overlay(&kinds, of, once.clone(), over)), json(&once));
        }
    }
}
