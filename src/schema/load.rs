//! Schema files to shapes. A schema's own mistakes are told here, at their place.

mod keyword;
mod kind;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::complete::Walk;
use crate::schema::shape::{Arena, Id, Kinds, Rest, Shape, Slot};
use crate::schema::{KeepNulls, Schema, Types, What};
use crate::yaml::{Data, Node, parse_one};

/// The keywords that say what a place holds; all others say what a type is.
const OF_SLOTS: [&str; 4] = ["$ref", "description", "default", "x-list"];

pub(super) fn types(source: &Arc<Source>) -> Result<Types, Problems> {
    let node = parse_one(source)?;
    let shared = Types::none();
    let mut loader = Loader::new(&node, &shared);
    for (key, place) in node.as_map().into_iter().flat_map(|map| &map.0).map(|e| (&e.key, &e.place)) {
        if !matches!(&**key, "$defs" | "description") {
            loader.wrong(place, format!("`{key}` cannot stand here: a file of shared types has `$defs` only"));
        }
    }
    let names = loader.all();
    let Loader { arena, problems, .. } = loader.finish();
    let arena = Arena { shared: Arc::new(arena.own), own: Vec::new() };
    problems.or(Types { arena, names })
}

pub(super) fn schema(source: &Arc<Source>, types: &Types) -> Result<Schema, Problems> {
    let node = parse_one(source)?;
    let mut loader = Loader::new(&node, types);
    loader.all();
    let keep_nulls = loader.keep_nulls(&node);
    let mut shape = loader.shape(&node, true);
    if shape.kinds == Kinds::ANY {
        shape.kinds = Kinds::OBJECT;
        shape.rest = Rest::Closed;
    }
    if shape.kinds != Kinds::OBJECT {
        loader.wrong(&node.place, "the schema of a file or layout is one of a map".to_owned());
    }
    let shape = loader.push(shape);
    let description = loader.text(&node, "description");
    let Loader { arena, problems, .. } = loader.finish();
    problems.or(Schema { arena, root: Slot { shape, list: false, default: None, description }, keep_nulls })
}

/// A type of `$defs` and how far it is.
struct Def<'a> {
    node: &'a Node,
    id: Id,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Named,
    Begun,
    Done,
}

struct Loader<'a> {
    types: &'a Types,
    defs: BTreeMap<&'a str, Def<'a>>,
    arena: Arena,
    problems: Problems,
}

impl<'a> Loader<'a> {
    fn new(node: &'a Node, types: &'a Types) -> Self {
        let arena = Arena { shared: types.arena.shared.clone(), own: Vec::new() };
        let mut loader = Self { types, defs: BTreeMap::new(), arena, problems: Problems::new() };
        if let Some(defs) = loader.map(node, "$defs") {
            for (name, node) in defs.iter() {
                let id = loader.push(Shape::default());
                loader.defs.insert(name, Def { node, id, state: State::Named });
            }
        }
        loader
    }

    fn push(&mut self, shape: Shape) -> Id {
        self.arena.own.push(shape);
        self.arena.shared.len() + self.arena.own.len() - 1
    }

    /// Builds all types of the file.
    fn all(&mut self) -> Vec<(Box<str>, Id)> {
        let names: Vec<&str> = self.defs.keys().copied().collect();
        let build = |name: &&'a str| Some(((*name).into(), self.build(name)?));
        names.iter().filter_map(build).collect()
    }

    /// A type of this file, built; none where it is being built.
    fn build(&mut self, name: &str) -> Option<Id> {
        let def = self.defs.get_mut(name)?;
        let (node, id) = (def.node, def.id);
        match def.state {
            State::Done => return Some(id),
            State::Begun => return None,
            State::Named => def.state = State::Begun,
        }
        let shape = Shape { name: Some(name.into()), ..self.shape(node, false) };
        let at = id - self.arena.shared.len();
        self.arena.own[at] = shape;
        if let Some(def) = self.defs.get_mut(name) {
            def.state = State::Done;
        }
        Some(id)
    }

    /// The type of a name: of this file first, then of the shared ones.
    fn named(&mut self, name: &str, place: &Place) -> Option<Id> {
        let shared = || self.types.names.iter().find(|(known, _)| **known == *name).map(|(_, id)| *id);
        let id = self.defs.get(name).map(|def| def.id).or_else(shared);
        if id.is_none() {
            let known = self.defs.keys().copied().chain(self.types.names.iter().map(|(name, _)| &**name));
            let label = did_you_mean(name, known);
            self.problems.push(wrong(place, format!("there is no type `{name}` in `$defs`")).label(label));
        }
        id
    }

    // --- a place for a value

    fn slot(&mut self, node: &'a Node) -> Slot {
        let list = self.flag(node, "x-list");
        let default = node.get("default").cloned();
        let description = self.text(node, "description");
        let shape = if let Some(target) = node.get("$ref") {
            self.reference(node, target)
        } else {
            let shape = self.shape(node, false);
            self.push(shape)
        };
        Slot { shape, list, default, description }
    }

    fn reference(&mut self, node: &'a Node, target: &Node) -> Id {
        for entry in node.as_map().into_iter().flat_map(|map| &map.0) {
            if !OF_SLOTS.contains(&&*entry.key) {
                self.wrong(&entry.place, format!("`{}` cannot stand beside `$ref`: the type says it", entry.key));
            }
        }
        let name = target.as_str().and_then(|text| text.strip_prefix("#/$defs/"));
        if name.is_none() {
            self.wrong(&target.place, "`$ref` is written `\"#/$defs/NAME\"`".to_owned());
        }
        let id = name.and_then(|name| self.named(name, &target.place));
        id.unwrap_or_else(|| self.push(Shape::default()))
    }

    // --- at the top

    fn keep_nulls(&mut self, node: &'a Node) -> KeepNulls {
        match node.get("x-keep-nulls") {
            None | Some(Node { data: Data::Bool(false), .. }) => KeepNulls::Nowhere,
            Some(Node { data: Data::Bool(true), .. }) => KeepNulls::Everywhere,
            Some(_) => {
                let paths = self.words(node, "x-keep-nulls").into_iter();
                KeepNulls::Below(paths.map(|(path, _)| path.split('.').map(Into::into).collect()).collect())
            }
        }
    }

    /// Completes the defaults, now that all types are known.
    fn finish(mut self) -> Self {
        let mut defaults = Vec::new();
        for (at, shape) in self.arena.own.iter().enumerate() {
            for (number, property) in shape.properties.iter().enumerate() {
                let Some(default) = &property.slot.default else { continue };
                let what = What::file("a default", &default.place);
                let mut walk = Walk::loading(&self.arena, &what, &property.name);
                let complete = walk.default(&property.slot, default.clone());
                let own =
                    |problem: Problem| Problem { code: "schema", ..problem }.note("a default fits its own schema");
                self.problems.extend(walk.problems.map(own));
                defaults.push((at, number, complete));
            }
        }
        for (at, number, node) in defaults {
            self.arena.own[at].properties[number].slot.default = Some(node);
        }
        self
    }
}

fn wrong(place: &Place, message: String) -> Problem {
    Problem::error("schema", message).at(place)
}
