//! What the tests of this folder share.

use crate::problem::Source;
use crate::yaml::dice::Dice;
use crate::yaml::{Data, Node, parse_one};

/// A tree from YAML.
pub(crate) fn node(text: &str) -> Node {
    parse_one(&Source::new("test.yaml", text)).unwrap()
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

/// One of several by chance.
pub(crate) fn one_of<'a, T>(dice: &mut Dice, values: &'a [T]) -> &'a T {
    &values[dice.roll(values.len())]
}
