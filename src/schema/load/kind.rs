//! What a type's keywords say.

use regex_lite::Regex;

use crate::problem::did_you_mean;
use crate::schema::load::{Loader, wrong};
use crate::schema::shape::{Kinds, Piece, Property, Rest, Shape, Short};
use crate::yaml::{Data, Map, Node};

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

impl<'a> Loader<'a> {
    pub(super) fn shape(&mut self, node: &'a Node, top: bool) -> Shape {
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
                    self.problems.push(wrong(&entry.place, message).label(label));
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
