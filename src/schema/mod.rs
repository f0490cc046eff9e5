//! Schemas of values: JSON Schema written in YAML, with short forms, lists of one, and taken-over types.
//!
//! A schema is loaded once, with every `$ref` and `x-include` resolved. [`Schema::expand`] writes out short forms before
//! layers are merged; [`Schema::complete`] checks the merged values and gives every declared property a value: the
//! author's, the default, or none. So layouts have no branches on what was given, and strict mode finds their typos.

mod complete;
mod editor;
mod expand;
mod load;
mod outline;
mod shape;

use std::sync::Arc;

use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::complete::Walk;
use crate::schema::shape::{Arena, Id, Rest, Shape, Slot};
use crate::yaml::{Data, Node};

pub use editor::{Language, editor};
pub use outline::Declared;

/// The types that schemas share.
#[derive(Debug, Clone, Default)]
pub struct Types {
    arena: Arena,
    names: Vec<(Box<str>, Id)>,
}

/// What is known of the values of a layout, or of a file.
#[derive(Debug, Clone)]
pub struct Schema {
    arena: Arena,
    root: Slot,
    keep_nulls: KeepNulls,
}

/// Where null entries of a rendered document stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeepNulls {
    /// Nowhere: they are dropped.
    #[default]
    Nowhere,
    /// Everywhere.
    Everywhere,
    /// Below these paths.
    Below(Vec<Vec<Box<str>>>),
}

/// What values belong to, in the words of messages.
#[derive(Debug, Clone)]
pub struct What {
    subject: String,
    word: &'static str,
    beside: &'static [&'static str],
    note: Option<String>,
    place: Place,
}

impl What {
    /// The keys of a file, or of a part of one. What is missing in it is shown at the place.
    #[must_use]
    pub fn file(name: &str, place: &Place) -> Self {
        Self { subject: name.to_owned(), word: "key", beside: &[], note: None, place: place.clone() }
    }

    /// The values that a component gives to a layout. What is missing is shown at the component's key.
    #[must_use]
    pub fn layout(name: &str, component: &str, place: &Place) -> Self {
        let note = Some(format!("in component `{component}`"));
        Self { subject: format!("layout `{name}`"), word: "value", beside: &[], note, place: place.clone() }
    }
}

impl What {
    /// The same with words that stand beside the values without being any: a mistyped one is known again.
    #[must_use]
    pub fn beside(self, words: &'static [&'static str]) -> Self {
        Self { beside: words, ..self }
    }
}

impl KeepNulls {
    /// Whether null entries of the map at a path stay.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Everywhere => true,
            Self::Below(paths) => paths
                .iter()
                .any(|keep| keep.len() <= path.len() && keep.iter().zip(path).all(|(key, step)| **key == **step)),
        }
    }
}

impl Types {
    /// No types at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The types of `types.schema.yaml`: its `$defs`.
    pub fn load(source: &Arc<Source>) -> Result<Self, Problems> {
        load::types(source)
    }

    /// A map of a type, checked, with everything that the type declares.
    pub fn complete(&self, name: &str, node: Node) -> Result<Node, Problems> {
        let Some((_, shape)) = self.names.iter().find(|(known, _)| **known == *name) else {
            let known = self.names.iter().map(|(name, _)| &**name);
            let problem = Problem::error("unknown-type", format!("there is no type `{name}`"));
            return Err(problem.at(&node.place).label(did_you_mean(name, known)).into());
        };
        let slot = Slot { shape: *shape, list: false, default: None, description: Box::default() };
        let what = What::file(&format!("type `{name}`"), &node.place);
        complete(&self.arena, &slot, node, &what)
    }
}

impl Schema {
    /// A schema, with the types that it may point at.
    pub fn load(source: &Arc<Source>, types: &Types) -> Result<Self, Problems> {
        load::schema(source, types)
    }

    /// Values with their short forms written out, ready to be merged with others. A string that is one expression is
    /// left alone: what it will be is not known yet.
    #[must_use]
    pub fn expand(&self, values: Node) -> Node {
        expand::slot(&self.arena, &self.root, values)
    }

    /// Values whose expressions are evaluated, checked and with everything that the schema declares.
    pub fn complete(&self, values: Node, what: &What) -> Result<Node, Problems> {
        complete(&self.arena, &self.root, values, what)
    }

    /// Calls a function with every name of a file in completed values, and its place.
    pub fn files(&self, values: &Node, found: &mut dyn FnMut(&str, &Place)) {
        files(&self.arena, self.root.shape, false, values, found);
    }

    /// Where null entries of the layout's documents stay.
    #[must_use]
    pub fn keep_nulls(&self) -> &KeepNulls {
        &self.keep_nulls
    }

    /// What it is, in a line.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.root.description
    }

    /// The declared properties and where they are declared.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.root_shape().properties.iter().map(|property| (&*property.name, &property.place))
    }

    /// The declared properties with their descriptions.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.root_shape().properties.iter().map(|property| (&*property.name, &*property.slot.description))
    }

    fn root_shape(&self) -> &Shape {
        self.arena.shape(self.root.shape)
    }
}

fn complete(arena: &Arena, slot: &Slot, node: Node, what: &What) -> Result<Node, Problems> {
    let mut walk = Walk::new(arena, what);
    let node = if node.is_null() { Node::map(&node.place) } else { node };
    let node = walk.slot(slot, node);
    walk.problems.or(node)
}

fn files(arena: &Arena, id: Id, is_list: bool, node: &Node, found: &mut dyn FnMut(&str, &Place)) {
    let shape = arena.shape(id);
    match &node.data {
        Data::List(list) => {
            for item in list {
                match &shape.items {
                    _ if is_list => files(arena, id, false, item, found),
                    Some(items) => files(arena, items.shape, items.list, item, found),
                    None => {}
                }
            }
        }
        Data::Map(map) => {
            for (key, value) in map.iter() {
                let slot = match (shape.index.get(key), &shape.rest) {
                    (Some(&at), _) => &shape.properties[at].slot,
                    (None, Rest::Each(each)) => each,
                    (None, Rest::Any | Rest::Closed) => continue,
                };
                files(arena, slot.shape, slot.list, value, found);
            }
        }
        Data::Str(text) if shape.file => found(text, &node.place),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
