//! JSON that is made here, and written so that people can read it.

use crate::problem::Place;
use crate::yaml::{Data, Entry, Map, Node, emit_json};

/// How wide a line may be.
const WIDTH: usize = 140;

pub(super) fn of_data(data: Data) -> Node {
    Node::new(data, &Place::nowhere())
}

pub(super) fn of(map: Map) -> Node {
    of_data(Data::Map(map))
}

pub(super) fn map(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    let entry = |(key, value): (String, Node)| Entry { key: key.into(), place: Place::nowhere(), value };
    of(Map(entries.into_iter().map(entry).collect()))
}

pub(super) fn object<const N: usize>(entries: [(&str, Node); N]) -> Node {
    map(entries.map(|(key, value)| (key.to_owned(), value)))
}

pub(super) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    of_data(Data::List(items.into_iter().collect()))
}

pub(super) fn text(text: &str) -> Node {
    of_data(Data::Str(text.into()))
}

pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Node {
    list(words.into_iter().map(text))
}

pub(super) fn truth(truth: bool) -> Node {
    of_data(Data::Bool(truth))
}

/// Sets a key of a map.
pub(super) fn set(node: &mut Node, key: &str, value: Node) {
    if let Some(map) = node.as_map_mut() {
        map.set(key, value);
    }
}

/// A text in which what fits in a line stands on one, so that the file is short and its differences can be read.
pub(super) fn write(node: &Node) -> String {
    let mut out = String::new();
    value(&mut out, node, 0);
    out.push('\n');
    out
}

fn value(out: &mut String, node: &Node, column: usize) {
    let line = one_line(node);
    match &node.data {
        Data::Map(map) if line.len() + column > WIDTH => {
            block(out, ('{', '}'), column, map.iter(), |out, (key, node)| {
                out.push_str(&one_line(&text(key)));
                out.push_str(": ");
                value(out, node, column + 2);
            });
        }
        Data::List(list) if line.len() + column > WIDTH => {
            block(out, ('[', ']'), column, list, |out, node| value(out, node, column + 2));
        }
        _ => out.push_str(&line),
    }
}

fn block<T>(
    out: &mut String,
    (open, close): (char, char),
    column: usize,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        out.push_str(if index > 0 { ",\n" } else { "\n" });
        out.push_str(&" ".repeat(column + 2));
        write(out, item);
    }
    out.push('\n');
    out.push_str(&" ".repeat(column));
    out.push(close);
}

/// The same as `emit_json` on one line: no text has a raw line break in it.
fn one_line(node: &Node) -> String {
    let text = emit_json(node);
    let mut line = String::with_capacity(text.len());
    for part in text.lines() {
        line.push_str(part.trim_start());
        if part.ends_with(',') {
            line.push(' ');
        }
    }
    line
}
