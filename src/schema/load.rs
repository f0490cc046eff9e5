//! Schema files to shapes. A schema's own mistakes are told here, at their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;

use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::complete::Walk;
use crate::schema::shape::{Arena, Id, Kinds, Piece, Property, Rest, Shape, Short, Slot};
use crate::schema::{KeepNulls, Schema, Types, What};
use crate::yaml::{Data, Map, Node, parse_one};

/// The keywords; the first two stand at the top of a file only.
const KEYWORDS: [&str; 22] = [
    "$defs",
    "x-keep-nulls",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "$ref",
    "x-short",
    "x-list",
    "x-include",
    "x-excludes",
];
const AT_TOP: usize = 2;

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

    // --- a type

    fn shape(&mut self, node: &'a Node, top: bool) -> Shape {
        let mut shape = Shape::default();
        let Some(map) = node.as_map() else {
            self.wrong(&node.place, format!("a schema is a map, not {}", node.kind()));
            return shape;
        };
        self.keywords(map, top);
        self.include(node, &mut shape);
        self.properties(node, &mut shape);
        let is_map =
            ["properties", "x-include", "required", "x-short", "x-excludes"].iter().any(|k| map.get(k).is_some());
        shape.rest = match map.get("additionalProperties") {
            None if is_map => Rest::Closed,
            None => Rest::Any,
            Some(Node { data: Data::Bool(open), .. }) => {
                if *open {
                    Rest::Any
                } else {
                    Rest::Closed
                }
            }
            Some(node) => Rest::Each(self.slot(node)),
        };
        shape.items = map.get("items").map(|node| self.slot(node));
        shape.choices = self.choices(node);
        (shape.minimum, shape.maximum) = (self.number(node, "minimum"), self.number(node, "maximum"));
        (shape.shortest, shape.longest) = (self.length(node, "minLength"), self.length(node, "maxLength"));
        shape.pattern = self.pattern(node);
        shape.file = self.file(node);
        shape.kinds = self.kinds(node, &shape);
        shape.short = self.short(node, &shape);
        self.excludes(node, &mut shape);
        shape
    }

    fn keywords(&mut self, map: &Map, top: bool) {
        for entry in &map.0 {
            match KEYWORDS.iter().position(|known| **known == *entry.key) {
                Some(at) if at < AT_TOP && !top => {
                    self.wrong(&entry.place, format!("`{}` stands at the top of a schema only", entry.key));
                }
                Some(_) => {}
                None => {
                    let label = did_you_mean(&entry.key, KEYWORDS);
                    let message = format!("`{}` is no keyword of schemas here", entry.key);
                    let problem = wrong(&entry.place, message).label(label);
                    let is_cut = entry.value.is_null() && entry.key.contains(' ');
                    let note = "a text with `, ` in it must be quoted inside `{ }`";
                    self.problems.push(if is_cut { problem.note(note) } else { problem });
                }
            }
        }
    }

    fn include(&mut self, node: &'a Node, shape: &mut Shape) {
        for (name, place) in self.words(node, "x-include") {
            let Some(id) = self.named(name, place) else { continue };
            if self.defs.contains_key(name) && self.build(name).is_none() {
                self.wrong(place, format!("`{name}` includes itself"));
                continue;
            }
            let included = self.arena.shape(id).clone();
            for property in included.properties {
                shape.set(property);
            }
            shape.excludes.extend(included.excludes);
        }
    }

    fn properties(&mut self, node: &'a Node, shape: &mut Shape) {
        for entry in self.map(node, "properties").into_iter().flat_map(|map| &map.0) {
            let slot = self.slot(&entry.value);
            let (name, place) = (entry.key.clone(), entry.place.clone());
            let required = shape.index.get(&name).is_some_and(|&at| shape.properties[at].required);
            shape.set(Property { name, place, required, slot });
        }
        for (name, place) in self.words(node, "required") {
            match shape.index.get(name) {
                Some(&at) => shape.properties[at].required = true,
                None => self.undeclared(name, place, shape),
            }
        }
    }

    fn excludes(&mut self, node: &'a Node, shape: &mut Shape) {
        for entry in self.map(node, "x-excludes").into_iter().flat_map(|map| &map.0) {
            let others = self.list_of_words(&entry.value);
            for (name, place) in others.iter().copied().chain([(&*entry.key, &entry.place)]) {
                if !shape.index.contains_key(name) {
                    self.undeclared(name, place, shape);
                }
            }
            shape.excludes.push((entry.key.clone(), others.into_iter().map(|(name, _)| name.into()).collect()));
        }
    }

    fn short(&mut self, node: &'a Node, shape: &Shape) -> Vec<(Kinds, Short)> {
        let mut all = Vec::new();
        for entry in self.map(node, "x-short").into_iter().flat_map(|map| &map.0) {
            let Some(kind) = Kinds::named(&entry.key).filter(|kind| !kind.has(Kinds::OBJECT.with(Kinds::NULL))) else {
                self.wrong(&entry.place, format!("`{}` is no kind of value that can be a short form", entry.key));
                continue;
            };
            let Some(text) = entry.value.as_str() else {
                self.wrong(&entry.value.place, "a short form stands for a property's name, or a pattern".to_owned());
                continue;
            };
            let short = if text.contains('{') { Short::Pattern(pieces(text)) } else { Short::Property(text.into()) };
            for name in short.names() {
                if !shape.index.contains_key(name) {
                    self.undeclared(name, &entry.value.place, shape);
                }
            }
            all.push((kind, short));
        }
        all
    }

    /// What kinds of values a type takes: as it says, or as its other keywords mean.
    fn kinds(&mut self, node: &'a Node, shape: &Shape) -> Kinds {
        let mut said = Kinds::NONE;
        for (name, place) in self.words(node, "type") {
            said = said.with(Kinds::named(name).unwrap_or(Kinds::NONE));
            if Kinds::named(name).is_none() {
                let label = did_you_mean(name, Kinds::NAMES.map(|(_, name, _)| name));
                self.problems.push(wrong(place, format!("`{name}` is no type")).label(label));
            }
        }
        let meant = [
            (Kinds::OBJECT, !matches!(shape.rest, Rest::Any) || !shape.index.is_empty()),
            (Kinds::ARRAY, shape.items.is_some()),
            (Kinds::NUMBER.with(Kinds::INTEGER), shape.minimum.is_some() || shape.maximum.is_some()),
            (Kinds::STRING, shape.pattern.is_some() || shape.file || shape.shortest.or(shape.longest).is_some()),
        ];
        let meant = meant.into_iter().filter(|(_, meant)| *meant);
        if said != Kinds::NONE {
            for (kinds, _) in meant.filter(|(kinds, _)| !said.has(*kinds)) {
                let name = Kinds::NAMES.iter().find(|(kind, ..)| kinds.has(*kind)).map_or("", |(_, name, _)| name);
                let place = node.get("type").map_or(&node.place, |node| &node.place);
                self.wrong(place, format!("keywords of `{name}` stand beside another `type`"));
            }
            return said;
        }
        match meant.fold(Kinds::NONE, |all, (kinds, _)| all.with(kinds)) {
            Kinds::NONE => Kinds::ANY,
            kinds => kinds,
        }
    }

    fn choices(&mut self, node: &'a Node) -> Vec<Node> {
        match (node.get("enum"), node.get("const")) {
            (Some(Node { data: Data::List(list), .. }), None) if !list.is_empty() => list.clone(),
            (None, Some(one)) => vec![one.clone()],
            (None, None) => Vec::new(),
            (Some(node), _) => {
                self.wrong(&node.place, "`enum` is a list of values, and stands without `const`".to_owned());
                Vec::new()
            }
        }
    }

    fn pattern(&mut self, node: &'a Node) -> Option<Regex> {
        let node = node.get("pattern")?;
        let regex = node.as_str().map(Regex::new);
        if let Some(Ok(regex)) = regex {
            return Some(regex);
        }
        let why = regex.and_then(Result::err).map_or_else(String::new, |error| format!(": {error}"));
        self.wrong(&node.place, format!("`pattern` is no regular expression{why}"));
        None
    }

    fn file(&mut self, node: &'a Node) -> bool {
        let Some(format) = node.get("format") else { return false };
        if format.as_str() != Some("file") {
            self.wrong(&format.place, "the one `format` known here is `file`".to_owned());
        }
        true
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

    // --- values of keywords

    fn map(&mut self, node: &'a Node, key: &str) -> Option<&'a Map> {
        let node = node.get(key)?;
        let map = node.as_map();
        if map.is_none() {
            self.wrong(&node.place, format!("`{key}` is a map, not {}", node.kind()));
        }
        map
    }

    fn text(&mut self, node: &'a Node, key: &str) -> Box<str> {
        let Some(node) = node.get(key) else { return Box::default() };
        if node.as_str().is_none() {
            self.wrong(&node.place, format!("`{key}` is text, not {}", node.kind()));
        }
        node.as_str().map_or_else(Box::default, Into::into)
    }

    fn flag(&mut self, node: &'a Node, key: &str) -> bool {
        match node.get(key) {
            None => false,
            Some(Node { data: Data::Bool(flag), .. }) => *flag,
            Some(node) => {
                self.wrong(&node.place, format!("`{key}` is true or false"));
                false
            }
        }
    }

    fn number(&mut self, node: &'a Node, key: &str) -> Option<Node> {
        let node = node.get(key)?;
        if matches!(node.data, Data::Int(_) | Data::Float(_)) {
            return Some(node.clone());
        }
        self.wrong(&node.place, format!("`{key}` is a number, not {}", node.kind()));
        None
    }

    fn length(&mut self, node: &'a Node, key: &str) -> Option<usize> {
        let node = node.get(key)?;
        let length = if let Data::Int(length) = node.data { usize::try_from(length).ok() } else { None };
        if length.is_none() {
            self.wrong(&node.place, format!("`{key}` is a whole number that is not negative"));
        }
        length
    }

    /// The words of a keyword that takes one or a list of them.
    fn words(&mut self, node: &'a Node, key: &str) -> Vec<(&'a str, &'a Place)> {
        node.get(key).map_or_else(Vec::new, |node| self.list_of_words(node))
    }

    fn list_of_words(&mut self, node: &'a Node) -> Vec<(&'a str, &'a Place)> {
        let nodes = node.as_list().unwrap_or_else(|| std::slice::from_ref(node));
        let mut words = Vec::new();
        for node in nodes {
            match node.as_str() {
                Some(word) => words.push((word, &node.place)),
                None => self.wrong(&node.place, format!("a name is text, not {}", node.kind())),
            }
        }
        words
    }

    fn undeclared(&mut self, name: &str, place: &Place, shape: &Shape) {
        let label = did_you_mean(name, shape.index.keys().map(|name| &**name));
        self.problems.push(wrong(place, format!("`{name}` is no property of this schema")).label(label));
    }

    fn wrong(&mut self, place: &Place, message: String) {
        self.problems.push(wrong(place, message));
    }
}

impl Shape {
    /// Sets a property: in the place of the one of that name, else at the end.
    fn set(&mut self, property: Property) {
        if let Some(&at) = self.index.get(&property.name) {
            self.properties[at] = property;
        } else {
            self.index.insert(property.name.clone(), self.properties.len());
            self.properties.push(property);
        }
    }
}

fn wrong(place: &Place, message: String) -> Problem {
    Problem::error("schema", message).at(place)
}

/// `{port}/{protocol}` in its parts.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, hole, after)) =
        rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(hole, after)| (before, hole, after)))
    {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        pieces.push(Piece::Hole(hole.into()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    pieces
}
