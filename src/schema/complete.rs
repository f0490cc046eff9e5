//! Values checked, with everything that their schema declares.

mod told;

use std::fmt::Write as _;

use crate::problem::{Place, Problem, Problems};
use crate::schema::What;
use crate::schema::expand::{list_of_one, written_out};
use crate::schema::shape::{Arena, Id, Kinds, Property, Rest, Shape, Slot};
use crate::yaml::{Data, Entry, Map, Node};

/// One value on its way through a schema.
pub(super) struct Walk<'a> {
    arena: &'a Arena,
    what: &'a What,
    /// The keys to the value.
    path: String,
    pub problems: Problems,
    /// While a schema is loaded its defaults are not complete yet: the shapes that a default led into.
    loading: Option<Vec<Id>>,
}

impl<'a> Walk<'a> {
    pub fn new(arena: &'a Arena, what: &'a What) -> Self {
        Self { arena, what, path: String::new(), problems: Problems::new(), loading: None }
    }

    /// A walk over the defaults of a schema that is being loaded.
    pub fn loading(arena: &'a Arena, what: &'a What, path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::new(arena, what) }
    }

    /// A given value.
    pub fn slot(&mut self, slot: &'a Slot, node: Node) -> Node {
        let shape = self.arena.shape(slot.shape);
        match &node.data {
            Data::Removed => return nothing(slot, &node.place),
            Data::Null if slot.list || !shape.kinds.has(Kinds::NULL) => return nothing(slot, &node.place),
            _ => {}
        }
        if !slot.list {
            return self.shape(slot, node);
        }
        match &node.data {
            Data::Bool(false) if !shape.kinds.has(Kinds::BOOLEAN) => nothing(slot, &node.place),
            Data::List(_) => self.each(node, |walk, item| walk.shape(slot, item)),
            _ => list_of_one(self.shape(slot, node)),
        }
    }

    /// A default of a schema that is being loaded.
    pub fn default(&mut self, slot: &'a Slot, node: Node) -> Node {
        self.loading = Some(vec![slot.shape]);
        self.slot(slot, node)
    }

    /// The value of a property that is not given.
    fn absent(&mut self, slot: &'a Slot, place: &Place) -> Node {
        let Some(default) = &slot.default else { return nothing(slot, place) };
        let Some(entered) = &mut self.loading else { return placed(default, place) };
        if entered.contains(&slot.shape) {
            let message = format!("the default of `{}` has itself in it", self.path);
            self.problems.push(Problem::error("schema", message).at(&default.place));
            return nothing(slot, place);
        }
        entered.push(slot.shape);
        let node = self.slot(slot, default.clone());
        if let Some(entered) = &mut self.loading {
            entered.pop();
        }
        node
    }

    fn shape(&mut self, slot: &'a Slot, node: Node) -> Node {
        let shape = self.arena.shape(slot.shape);
        let mut node = written_out(shape, node);
        if !shape.kinds.has(Kinds::of(&node.data)) {
            let Some(text) = as_text(&node).filter(|_| shape.kinds.has(Kinds::STRING)) else {
                self.wrong_kind(slot, &node);
                return node;
            };
            node = Node::text(text, &node.place);
        }
        self.within(slot, shape, &node);
        match node.data {
            Data::Map(map) => {
                let map = self.map(shape, map, &node.place);
                Node { data: Data::Map(map), ..node }
            }
            Data::List(_) => match &shape.items {
                Some(items) => self.each(node, |walk, item| walk.slot(items, item)),
                None => without_removed(node),
            },
            _ => node,
        }
    }

    fn each(&mut self, node: Node, change: impl Fn(&mut Self, Node) -> Node) -> Node {
        let Node { data, plain, place } = node;
        let Data::List(list) = data else { return Node { data, plain, place } };
        let many = list.len() > 1;
        let mut change = |(index, item)| {
            let before = self.path.len();
            if many {
                let _ = write!(self.path, "[{index}]");
            }
            let item = change(self, item);
            self.path.truncate(before);
            item
        };
        Node { data: Data::List(list.into_iter().enumerate().map(&mut change).collect()), plain, place }
    }

    fn map(&mut self, shape: &'a Shape, map: Map, place: &Place) -> Map {
        if shape.properties.is_empty() && matches!(shape.rest, Rest::Any) {
            return map_without_removed(map);
        }
        let mut given: Vec<Option<Entry>> = shape.properties.iter().map(|_| None).collect();
        let mut others = Vec::new();
        for entry in map.0 {
            match shape.index.get(&entry.key) {
                Some(&at) => given[at] = Some(entry),
                None => others.extend(self.other(shape, entry)),
            }
        }
        self.excluded(shape, &given);
        let place = if self.path.is_empty() { &self.what.place } else { place };
        let mut entries = Vec::with_capacity(given.len() + others.len());
        for (property, entry) in shape.properties.iter().zip(given) {
            entries.push(self.property(property, entry, place));
        }
        entries.extend(others);
        Map(entries)
    }

    fn property(&mut self, property: &'a Property, entry: Option<Entry>, place: &Place) -> Entry {
        let Property { name, slot, .. } = property;
        let needed = property.required && slot.default.is_none();
        let Some(Entry { key, place, value }) = entry else {
            let known = !needed && self.loading.is_none();
            let before = if known { self.path.len() } else { self.enter(name) };
            if needed {
                self.missing(slot, place);
            }
            let value = self.absent(slot, place);
            self.path.truncate(before);
            return Entry { key: name.clone(), place: place.clone(), value };
        };
        let before = self.enter(name);
        if needed && value.is_null() && !self.arena.shape(slot.shape).kinds.has(Kinds::NULL) {
            self.missing(slot, &value.place);
        }
        let value = self.slot(slot, value);
        self.path.truncate(before);
        Entry { key, place, value }
    }

    /// A key that is no property.
    fn other(&mut self, shape: &'a Shape, entry: Entry) -> Option<Entry> {
        let each = match &shape.rest {
            Rest::Closed => {
                self.unknown(shape, &entry);
                return None;
            }
            Rest::Any => {
                let gone = matches!(entry.value.data, Data::Removed);
                return (!gone).then(|| Entry { value: without_removed(entry.value), ..entry });
            }
            Rest::Each(each) => each,
        };
        match entry.value.data {
            Data::Removed => return None,
            // What null takes away may be a default that lies elsewhere.
            Data::Null if !self.arena.shape(each.shape).kinds.has(Kinds::NULL) => return None,
            _ => {}
        }
        let before = self.enter(&entry.key);
        let value = self.slot(each, entry.value);
        self.path.truncate(before);
        Some(Entry { value, ..entry })
    }

    /// Goes to a key; the length of the path before is given back.
    fn enter(&mut self, key: &str) -> usize {
        let before = self.path.len();
        let simple = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if key.bytes().all(simple) {
            self.path.push_str(if before > 0 { "." } else { "" });
            self.path.push_str(key);
        } else {
            let _ = write!(self.path, "[{key:?}]");
        }
        before
    }
}

/// No value.
fn nothing(slot: &Slot, place: &Place) -> Node {
    Node::new(if slot.list { Data::List(Vec::new()) } else { Data::Null }, place)
}

/// A default at the place of what it is a part of.
fn placed(node: &Node, place: &Place) -> Node {
    let data = match &node.data {
        Data::List(list) => Data::List(list.iter().map(|item| placed(item, place)).collect()),
        Data::Map(map) => {
            let entry = |e: &Entry| Entry { key: e.key.clone(), place: place.clone(), value: placed(&e.value, place) };
            Data::Map(Map(map.0.iter().map(entry).collect()))
        }
        data => data.clone(),
    };
    Node { data, plain: node.plain.clone(), place: place.clone() }
}

/// The text of a plain value, as it was written where that is known.
fn as_text(node: &Node) -> Option<Box<str>> {
    match (&node.data, &node.plain) {
        (Data::Bool(_) | Data::Int(_) | Data::Float(_), Some(plain)) => Some(plain.clone()),
        (Data::Bool(truth), None) => Some(truth.to_string().into()),
        (Data::Int(number), None) => Some(number.to_string().into()),
        _ => None,
    }
}

/// A value of which no schema says more, without the keys that were taken away.
fn without_removed(node: Node) -> Node {
    match node.data {
        Data::Map(map) => Node { data: Data::Map(map_without_removed(map)), ..node },
        _ => node,
    }
}

fn map_without_removed(mut map: Map) -> Map {
    map.0.retain(|entry| !matches!(entry.value.data, Data::Removed));
    for entry in &mut map.0 {
        if let Data::Map(below) = &mut entry.value.data {
            *below = map_without_removed(std::mem::take(below));
        }
    }
    map
}
