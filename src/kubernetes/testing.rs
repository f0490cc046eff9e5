//! What the tests of this folder share.

use crate::problem::{Place, Source};
use crate::yaml::{Data, Entry, Map, Node};

/// A tree from YAML.
pub(crate) fn node(text: &str) -> Node {
    let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    of_value(&value, &Place::line(&Source::new("test.yaml", text), 1))
}

fn of_value(value: &serde_yaml::Value, place: &Place) -> Node {
    use serde_yaml::Value;
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(value) => Data::Bool(*value),
        Value::Number(value) if value.is_i64() => Data::Int(value.as_i64().unwrap().into()),
        Value::Number(value) => Data::Float(value.as_f64().unwrap()),
        Value::String(value) => Data::Str(value.as_str().into()),
        Value::Sequence(list) => Data::List(list.iter().map(|v| of_value(v, place)).collect()),
        Value::Mapping(map) => Data::Map(Map(map
            .iter()
            .map(|(key, v)| Entry {
                key: key.as_str().unwrap().into(),
                place: place.clone(),
                value: of_value(v, place),
            })
            .collect())),
        Value::Tagged(_) => panic!("a tag"),
    };
    Node::new(data, place)
}

/// A tree as JSON on one line, in its own order.
pub(crate) fn json(node: &Node) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
    match &node.data {
        Data::Null | Data::Removed => "null".into(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Str(value) => serde_json::to_string(value).unwrap(),
        Data::List(items) => format!("[{}]", list(&mut items.iter().map(json))),
        Data::Map(map) => format!("{{{}}}", list(&mut map.iter().map(|(key, v)| format!("{key:?}:{}", json(v))))),
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    /// One of several.
    pub(crate) fn of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }
}
