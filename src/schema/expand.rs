//! Short forms to what they stand for.

use crate::schema::shape::{Arena, Id, Kinds, Piece, Rest, Shape, Short, Slot};
use crate::yaml::{Data, Entry, Map, Node, plain};

/// Writes out the short forms below a slot. What fits none stays as it is; [`super::complete`] tells it.
pub(super) fn slot(arena: &Arena, slot: &Slot, node: Node) -> Node {
    if !slot.list {
        return shape(arena, slot.shape, node);
    }
    match &node.data {
        Data::Null | Data::Removed | Data::Bool(false) => node,
        Data::Str(text) if is_expression(text) => node,
        Data::List(_) => each(node, |item| shape(arena, slot.shape, item)),
        _ => list_of_one(shape(arena, slot.shape, node)),
    }
}

fn shape(arena: &Arena, id: Id, node: Node) -> Node {
    let shape = arena.shape(id);
    if matches!(&node.data, Data::Str(text) if is_expression(text)) {
        return node;
    }
    let mut node = written_out(shape, node);
    match &mut node.data {
        Data::Map(map) => {
            for entry in &mut map.0 {
                let within = match (shape.index.get(&entry.key), &shape.rest) {
                    (Some(&at), _) => &shape.properties[at].slot,
                    (None, Rest::Each(each)) => each,
                    (None, Rest::Any | Rest::Closed) => continue,
                };
                let value = std::mem::replace(&mut entry.value, Node::new(Data::Null, &entry.place));
                entry.value = slot(arena, within, value);
            }
            node
        }
        Data::List(_) => match &shape.items {
            Some(items) => each(node, |item| slot(arena, items, item)),
            None => node,
        },
        _ => node,
    }
}

fn each(mut node: Node, change: impl Fn(Node) -> Node) -> Node {
    if let Data::List(list) = &mut node.data {
        *list = std::mem::take(list).into_iter().map(change).collect();
    }
    node
}

/// A value that stands for a list of itself.
pub(super) fn list_of_one(node: Node) -> Node {
    let place = node.place.clone();
    Node::new(Data::List(vec![node]), &place)
}

/// What a plain value stands for by `x-short`; any other value is given back.
pub(super) fn written_out(shape: &Shape, node: Node) -> Node {
    if shape.short.is_empty() || shape.kinds.has(Kinds::of(&node.data)) || node.is_null() {
        return node;
    }
    let short = |kinds| shape.short.iter().find(|(kind, _)| kind.has(kinds)).map(|(_, short)| short);
    let text = node.as_str().or(node.plain.as_deref());
    match (short(Kinds::of(&node.data)), short(Kinds::STRING), text) {
        (Some(Short::Property(name)), ..) => one(name, node),
        (_, Some(Short::Property(name)), Some(text)) => {
            let value = Node::text(text, &node.place);
            one(name, value)
        }
        (_, Some(Short::Pattern(pieces)), Some(text)) => match cut(pieces, text) {
            Some(values) => filled(&values, &node),
            None => node,
        },
        _ => node,
    }
}

fn one(name: &str, value: Node) -> Node {
    let place = value.place.clone();
    Node::new(Data::Map(Map(vec![Entry { key: name.into(), place: place.clone(), value }])), &place)
}

fn filled(values: &[(&str, &str)], node: &Node) -> Node {
    let place = &node.place;
    let entry = |&(name, text): &(&str, &str)| {
        let data = plain(text);
        let kept = (!matches!(data, Data::Str(_))).then(|| text.into());
        Entry { key: name.into(), place: place.clone(), value: Node { data, plain: kept, place: place.clone() } }
    };
    Node::new(Data::Map(Map(values.iter().map(entry).collect())), place)
}

/// A text cut at the fixed parts of a pattern: the names of its holes with what stands there.
fn cut<'a>(pieces: &'a [Piece], mut text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut values = Vec::new();
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(fixed) => text = text.strip_prefix(&**fixed)?,
            Piece::Hole(name) => {
                let end = match pieces.peek() {
                    Some(Piece::Text(fixed)) => find_outside(text, fixed)?,
                    Some(Piece::Hole(_)) | None => text.len(),
                };
                if end == 0 {
                    return None;
                }
                values.push((&**name, &text[..end]));
                text = &text[end..];
            }
        }
    }
    text.is_empty().then_some(values)
}

/// Where a text has another one outside of its expressions.
fn find_outside(text: &str, fixed: &str) -> Option<usize> {
    let mut start = 0;
    loop {
        let found = start + text[start..].find(fixed)?;
        match text[start..found].find("${{") {
            Some(open) => start += open + text[start + open..].find("}}")? + 2,
            None => return Some(found),
        }
    }
}

/// Whether a text is one expression as a whole, of which nobody knows yet what it will be.
fn is_expression(text: &str) -> bool {
    text.starts_with("${{") && text.trim_end().ends_with("}}") && text.rfind("${{") == Some(0)
}
