//! `schemas/editor.json`: what editors know of the source language, as plain JSON Schema (draft-07).
//!
//! Editors know neither short forms nor layers, so everything that a value may be written as is spelled out: short forms,
//! lists of one, `${{ }}` and `null` everywhere. What a component must have may lie in another file, so nothing is required
//! of it. Which layout's values are meant is found by `if` and `then` on `layout`, and on `layout` of the file's `defaults`.

mod json;

use std::collections::BTreeMap;

use crate::schema::Schema;
use crate::schema::editor::json::{list, object, set, text, words, write};
use crate::schema::shape::{Arena, Id, Kinds, Piece, Rest, Shape, Short, Slot};
use crate::yaml::{Data, Map, Node};

/// All schemas of a site.
#[derive(Debug, Clone)]
pub struct Language<'a> {
    /// Of `homebuild.yaml`.
    pub site: &'a Schema,
    /// Of `stack.yaml`.
    pub stack: &'a Schema,
    /// Of `module.yaml`.
    pub module: &'a Schema,
    /// Of the reserved keys of a component.
    pub component: &'a Schema,
    /// Of the layouts' values, by name.
    pub layouts: BTreeMap<&'a str, &'a Schema>,
    /// The names of the site's tiers.
    pub tiers: Vec<&'a str>,
}

/// The text of `schemas/editor.json`.
#[must_use]
pub fn editor(language: &Language) -> String {
    let mut definitions = Definitions(BTreeMap::new());
    let expression = object([("type", words(["string", "null"])), ("pattern", text(r"\$\{\{"))]);
    definitions.0.insert("expression".into(), described(expression, "an expression"));
    definitions.layouts(language);
    for (name, schema) in [("stack", language.stack), ("module", language.module)] {
        let file = definitions.file(language, name, schema);
        definitions.0.insert(name.into(), file);
    }
    let site = definitions.site(language);
    definitions.0.insert("site".into(), site);
    let whole = object([
        ("$schema", text("http://json-schema.org/draft-07/schema#")),
        (
            "description",
            text("homebuild.yaml, stack.yaml and module.yaml. Made by homebuild of the schemas in layouts/"),
        ),
        ("if", object([("required", words(["homebuild"]))])),
        ("then", reference("site")),
        ("else", reference("stack")),
        ("definitions", json::map(definitions.0)),
    ]);
    write(&whole)
}

/// Definitions by name, while they are made.
struct Definitions(BTreeMap<String, Node>);

/// Whose shapes are looked at: what their types are called.
#[derive(Clone, Copy)]
struct Scope<'a> {
    arena: &'a Arena,
    shared: &'a str,
    own: &'a str,
}

impl<'a> Scope<'a> {
    fn layout(name: &'a str, schema: &'a Schema) -> Self {
        Self { arena: &schema.arena, shared: "types", own: name }
    }

    fn file(name: &'a str, schema: &'a Schema) -> Self {
        Self { arena: &schema.arena, shared: "homebuild", own: name }
    }

    fn name(&self, id: Id) -> Option<String> {
        let name = self.arena.shape(id).name.as_ref()?;
        let of = if id < self.arena.shared.len() { self.shared } else { self.own };
        Some(format!("{of}.{name}"))
    }
}

impl Definitions {
    /// `component`, and `layout.NAME`: a component with the values of that layout.
    fn layouts(&mut self, language: &Language) {
        let mut reserved =
            self.properties(Scope::file("component", language.component), language.component.root_shape());
        let known = object([("enum", words(language.layouts.keys().copied()))]);
        let own = object([("type", text("string")), ("pattern", text(r"^\./"))]);
        self.0.insert("layout".into(), any_of([known, own]));
        replace(&mut reserved, "layout", beside(reference("layout")));
        let layout = reserved.get("layout").cloned();
        let mut cases = Vec::new();
        for (name, schema) in &language.layouts {
            let scope = Scope::layout(name, schema);
            let mut properties = self.properties(scope, schema.root_shape());
            properties.0.extend(reserved.0.iter().cloned());
            let definition = self.map(scope, schema.root_shape(), properties, false);
            self.0.insert(format!("layout.{name}"), described(definition, schema.description()));
            cases.push(object([("if", is_layout(name)), ("then", reference(&format!("layout.{name}")))]));
        }
        let layout = json::map(layout.map(|layout| ("layout".to_owned(), layout)));
        let component = object([("type", nullable("object")), ("properties", layout), ("allOf", list(cases))]);
        self.0.insert("component".into(), component);
    }

    /// `stack.yaml` or `module.yaml`.
    fn file(&mut self, language: &Language, name: &str, schema: &Schema) -> Node {
        let scope = Scope::file(name, schema);
        let properties = self.stack_properties(language, scope, schema);
        let mut file = self.map(scope, schema.root_shape(), properties, false);
        set(&mut file, "allOf", list(language.layouts.keys().map(|name| default_layout(name))));
        described(file, schema.description())
    }

    fn stack_properties(&mut self, language: &Language, scope: Scope, schema: &Schema) -> Map {
        let mut properties = self.properties(scope, schema.root_shape());
        let all = object([("type", nullable("object")), ("additionalProperties", reference("component"))]);
        replace(&mut properties, "components", all);
        let none = [json::truth(false), json::of_data(Data::Null)];
        let tier = object([("enum", list(language.tiers.iter().map(|tier| text(tier)).chain(none)))]);
        replace(&mut properties, "tier", any_of([tier, reference("expression")]));
        if let Some(layout) = language.layouts.get("namespace") {
            let scope = Scope::layout("namespace", layout);
            let mut values = self.properties(scope, layout.root_shape());
            values.set("name", object([("type", nullable("string"))]));
            let values = self.map(scope, layout.root_shape(), values, false);
            let off = object([("const", json::truth(false))]);
            replace(&mut properties, "namespace", any_of([object([("type", nullable("string"))]), off, values]));
        }
        properties
    }

    /// `homebuild.yaml`: its `defaults` are the keys of a stack, and `layouts`.
    fn site(&mut self, language: &Language) -> Node {
        let scope = Scope::file("site", language.site);
        let mut properties = self.properties(scope, language.site.root_shape());
        let mut defaults = self.stack_properties(language, Scope::file("stack", language.stack), language.stack);
        let layouts = language.layouts.keys().map(|name| ((*name).to_owned(), reference(&format!("layout.{name}"))));
        defaults.set("layouts", closed(json::map(layouts)));
        replace(&mut properties, "defaults", closed(json::of(defaults)));
        let site = self.map(scope, language.site.root_shape(), properties, true);
        described(site, language.site.description())
    }

    fn properties(&mut self, scope: Scope, shape: &Shape) -> Map {
        let mut properties = Map::default();
        for property in &shape.properties {
            properties.set(property.name.clone(), self.slot(scope, &property.slot));
        }
        properties
    }

    /// What may stand in a place.
    fn slot(&mut self, scope: Scope, slot: &Slot) -> Node {
        let value = match scope.name(slot.shape) {
            Some(name) => {
                if !self.0.contains_key(&name) {
                    self.0.insert(name.clone(), object([]));
                    let definition = self.shape(scope, slot.shape);
                    self.0.insert(name.clone(), definition);
                }
                reference(&name)
            }
            None => self.shape(scope, slot.shape),
        };
        let mut value = if slot.list {
            // described, as editors that find nothing of which to tell two ways apart take them for one
            let many = described(object([("type", text("array")), ("items", value.clone())]), "several");
            any_of([value, many, described(object([("const", json::truth(false))]), "none")])
        } else if value.get("$ref").is_some() {
            beside(value)
        } else {
            value
        };
        if let Some(default) = slot.default.as_ref().filter(|node| is_plain(node)) {
            set(&mut value, "default", default.clone());
        }
        described(value, &slot.description)
    }

    /// All ways to write a value.
    fn shape(&mut self, scope: Scope, id: Id) -> Node {
        let shape = scope.arena.shape(id);
        let own = self.long(scope, shape);
        let is_anything = own.as_map().is_some_and(Map::is_empty);
        if shape.short.is_empty() && (is_any_text(shape) || is_anything) {
            return own;
        }
        let short = shape.short.iter().map(short);
        any_of([own].into_iter().chain(short).chain([reference("expression")]))
    }

    /// A value written out.
    fn long(&mut self, scope: Scope, shape: &Shape) -> Node {
        let mut value = object([]);
        if shape.kinds.has(Kinds::OBJECT) && shape.kinds != Kinds::ANY {
            let properties = self.properties(scope, shape);
            value = self.map(scope, shape, properties, true);
        }
        let number = |number: usize| json::of_data(Data::Int(i128::try_from(number).unwrap_or(i128::MAX)));
        let items = shape.items.as_ref().map(|items| self.slot(scope, items));
        let choices = shape.choices.iter().cloned().chain([json::of_data(Data::Null)]);
        let keywords = [
            ("type", kinds(shape)),
            ("items", items),
            ("enum", (!shape.choices.is_empty()).then(|| list(choices))),
            ("minimum", shape.minimum.clone()),
            ("maximum", shape.maximum.clone()),
            ("minLength", shape.shortest.map(number)),
            ("maxLength", shape.longest.map(number)),
            ("pattern", shape.pattern.as_ref().map(|pattern| text(pattern.as_str()))),
        ];
        for (key, node) in keywords {
            if let Some(node) = node {
                set(&mut value, key, node);
            }
        }
        value
    }

    fn map(&mut self, scope: Scope, shape: &Shape, properties: Map, whole: bool) -> Node {
        let mut map = object([("type", nullable("object"))]);
        if !properties.is_empty() {
            set(&mut map, "properties", json::of(properties));
        }
        match &shape.rest {
            Rest::Closed => set(&mut map, "additionalProperties", json::truth(false)),
            Rest::Any => {}
            Rest::Each(each) => set(&mut map, "additionalProperties", self.slot(scope, each)),
        }
        let required: Vec<&str> = shape.properties.iter().filter(|p| p.required).map(|p| &*p.name).collect();
        if whole && !required.is_empty() {
            set(&mut map, "required", words(required));
        }
        map
    }
}

/// Where a file's `defaults` name a layout, they are values of it, and so are components that name none.
fn default_layout(name: &str) -> Node {
    let values = reference(&format!("layout.{name}"));
    let named = object([("required", words(["layout"]))]);
    let component = object([("if", object([("not", named)])), ("then", values.clone())]);
    let components = object([("additionalProperties", component)]);
    let defaults = object([("defaults", is_layout(name))]);
    object([
        ("if", object([("required", words(["defaults"])), ("properties", defaults)])),
        ("then", object([("properties", object([("defaults", values), ("components", components)]))])),
    ])
}

fn reference(name: &str) -> Node {
    object([("$ref", text(&format!("#/definitions/{name}")))])
}

/// A reference beside which something may stand: draft-07 does not look at what is in one map with `$ref`.
fn beside(reference: Node) -> Node {
    object([("allOf", list([reference]))])
}

fn any_of(ways: impl IntoIterator<Item = Node>) -> Node {
    object([("anyOf", list(ways))])
}

fn nullable(kind: &str) -> Node {
    words([kind, "null"])
}

fn closed(properties: Node) -> Node {
    let off = json::truth(false);
    object([("type", nullable("object")), ("properties", properties), ("additionalProperties", off)])
}

fn described(mut value: Node, description: &str) -> Node {
    if !description.is_empty() {
        set(&mut value, "description", text(description));
    }
    value
}

/// Says of a property what its own schema does not know; its description stays.
fn replace(properties: &mut Map, name: &str, value: Node) {
    if let Some(property) = properties.get_mut(name) {
        *property = described(value, property.get("description").and_then(Node::as_str).unwrap_or_default());
    }
}

fn is_layout(name: &str) -> Node {
    let layout = object([("layout", object([("const", text(name))]))]);
    object([("required", words(["layout"])), ("properties", layout)])
}

/// Whether any text fits, so that an expression does too.
fn is_any_text(shape: &Shape) -> bool {
    let narrow = shape.pattern.is_some() || shape.shortest.or(shape.longest).is_some() || !shape.choices.is_empty();
    shape.kinds.has(Kinds::STRING) && !narrow
}

fn short((kind, short): &(Kinds, Short)) -> Node {
    let name = Kinds::NAMES.iter().find(|(known, ..)| known == kind).map_or("string", |(_, name, _)| name);
    let mut value = object([("type", text(name))]);
    if let Short::Pattern(pieces) = short {
        let piece = |piece: &Piece| match piece {
            Piece::Hole(_) => ".+".to_owned(),
            Piece::Text(text) => escaped(text),
        };
        let pattern = pieces.iter().map(piece).collect::<Vec<_>>().concat();
        set(&mut value, "pattern", text(&format!("^{pattern}$")));
    }
    value
}

/// A text for a regular expression.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '/' | ':' | '-' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// The types of a shape: with null, and for text what becomes text.
fn kinds(shape: &Shape) -> Option<Node> {
    if shape.kinds == Kinds::ANY {
        return None;
    }
    let mut kinds = shape.kinds.with(Kinds::NULL);
    if is_any_text(shape) {
        kinds = kinds.with(Kinds::NUMBER).with(Kinds::BOOLEAN);
    }
    let names = Kinds::NAMES.iter().filter(|(kind, ..)| kinds.has(*kind)).map(|(_, name, _)| *name);
    Some(words(names.filter(|name| *name != "integer" || !kinds.has(Kinds::NUMBER))))
}

fn is_plain(node: &Node) -> bool {
    matches!(node.data, Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Str(_))
}

#[cfg(test)]
mod tests;
