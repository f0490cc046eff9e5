//! The one rule of merging: how one thing of the sources is laid over another.
//!
//! Maps merge key by key at every depth, lists and scalars replace, and `null` takes the key away, whatever any default
//! says.

use crate::yaml::{Data, Entry, Map, Node};

/// Lays a node over another. The upper one's places win; the order is that of the lower one, new keys after it.
#[must_use]
pub fn lay(under: Node, over: Node) -> Node {
    let Node { data, plain, place } = over;
    let data = match (under.data, data) {
        (Data::Map(under), Data::Map(over)) => Data::Map(lay_maps(under, over)),
        (_, Data::Null) => Data::Removed,
        (_, over) => over,
    };
    Node { data, plain, place }
}

fn lay_maps(mut under: Map, over: Map) -> Map {
    for Entry { key, place, value } in over.0 {
        match under.0.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => {
                let below = std::mem::replace(&mut entry.value, Node::new(Data::Null, &place));
                entry.value = lay(below, value);
                entry.place = place;
            }
            None => under.0.push(Entry { key, place, value }),
        }
    }
    under
}

/// Lays any number of nodes over one another, from the lowest to the uppermost; nothing where there is none.
#[must_use]
pub fn lay_all(layers: impl IntoIterator<Item = Node>) -> Option<Node> {
    layers.into_iter().reduce(lay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;
    use crate::yaml::{emit, parse_one};

    fn laid(under: &str, over: &str) -> String {
        let node = |text: &str| parse_one(&Source::new("x.yaml", text)).unwrap();
        emit(&lay(node(under), node(over)))
    }

    #[test]
    fn maps_merge_at_every_depth_and_lists_replace() {
        assert_eq!(laid("a: {b: 1, c: [1, 2]}\n", "a: {c: [3], d: 4}\n"), "a:\n  b: 1\n  c:\n  - 3\n  d: 4\n");
    }

    #[test]
    fn null_takes_a_key_away_and_stays_where_nothing_lies_below() {
        let source = Source::new("x.yaml", "a: null\nb: null\n");
        let under = parse_one(&Source::new("y.yaml", "a: 1\n")).unwrap();
        let laid = lay(under, parse_one(&source).unwrap());
        assert_eq!(laid.get("a").map(|node| &node.data), Some(&Data::Removed));
        assert_eq!(laid.get("b").map(|node| &node.data), Some(&Data::Null));
    }

    #[test]
    fn false_over_a_map_is_off_and_a_map_over_false_is_on() {
        assert_eq!(laid("a: {b: 1}\n", "a: false\n"), "a: false\n");
        assert_eq!(laid("a: false\n", "a: {b: 1}\n"), "a:\n  b: 1\n");
    }
}
