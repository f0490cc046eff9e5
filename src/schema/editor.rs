//! `schemas/editor.json`: what editors know of the source language, as plain JSON Schema (draft-07).
//!
//! Editors know neither short forms nor layers, so everything that a value may be written as is spelled out: short forms,
//! lists of one, `${{ }}` and `null` everywhere. What a component must have may lie in another file, so nothing is required
//! of it. Which layout's values are meant is found by `if` and `then` on `layout`, and on `layout` of the file's `defaults`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema::Schema;
use crate::schema::shape::{Arena, Id, Kinds, Piece, Rest, Shape, Short, Slot};
use crate::yaml::{Data, Node};

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
}

/// The text of `schemas/editor.json`.
#[must_use]
pub fn editor(language: &Language) -> String {
    let mut definitions = Definitions(BTreeMap::new());
    definitions.0.insert("expression".into(), json!({"type": ["string", "null"], "pattern": r"\$\{\{"}));
    definitions.layouts(language);
    for (name, schema) in [("stack", language.stack), ("module", language.module)] {
        let file = definitions.file(language, name, schema);
        definitions.0.insert(name.into(), file);
    }
    let site = definitions.site(language);
    definitions.0.insert("site".into(), site);
    let whole = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "description": "homebuild.yaml, stack.yaml and module.yaml. Made by homebuild of the schemas in layouts/",
        "if": {"required": ["homebuild"]},
        "then": reference("site"),
        "else": reference("stack"),
        "definitions": definitions.0,
    });
    let mut text = String::new();
    write(&mut text, &whole, 0);
    text.push('\n');
    text
}

/// Writes what fits in a line on one, so that the file is short and its differences can be read.
fn write(text: &mut String, value: &Value, column: usize) {
    const WIDTH: usize = 140;
    let line = value.to_string();
    if line.len() + column <= WIDTH {
        text.push_str(&line);
        return;
    }
    let (open, close, entries): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(map) => ('{', '}', map.iter().map(|(key, value)| (Some(key), value)).collect()),
        Value::Array(list) => ('[', ']', list.iter().map(|value| (None, value)).collect()),
        _ => return text.push_str(&line),
    };
    text.push(open);
    for (index, (key, value)) in entries.into_iter().enumerate() {
        text.push_str(if index > 0 { ",\n" } else { "\n" });
        text.push_str(&" ".repeat(column + 2));
        if let Some(key) = key {
            text.push_str(&Value::from(key.as_str()).to_string());
            text.push_str(": ");
        }
        write(text, value, column + 2);
    }
    text.push('\n');
    text.push_str(&" ".repeat(column));
    text.push(close);
}

/// Definitions by name, while they are made.
struct Definitions(BTreeMap<String, Value>);

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
        let reserved = self.properties(Scope::file("component", language.component), language.component.root_shape());
        let mut cases = Vec::new();
        for (name, schema) in &language.layouts {
            let scope = Scope::layout(name, schema);
            let mut properties = self.properties(scope, schema.root_shape());
            properties.extend(reserved.clone());
            let definition = self.map(scope, schema.root_shape(), properties, false);
            self.0.insert(format!("layout.{name}"), described(definition, schema.description()));
            cases.push(json!({"if": is_layout(name), "then": reference(&format!("layout.{name}"))}));
        }
        let names: Vec<&str> = language.layouts.keys().copied().collect();
        let layout = json!({"anyOf": [{"enum": names}, {"type": "string", "pattern": r"^\./"}]});
        let component = json!({"type": ["object", "null"], "properties": {"layout": layout}, "allOf": cases});
        self.0.insert("component".into(), component);
    }

    /// `stack.yaml` or `module.yaml`.
    fn file(&mut self, language: &Language, name: &str, schema: &Schema) -> Value {
        let scope = Scope::file(name, schema);
        let properties = self.stack_properties(language, scope, schema);
        let mut file = self.map(scope, schema.root_shape(), properties, false);
        let case = |name: &&str| {
            let values = reference(&format!("layout.{name}"));
            let without = json!({"if": {"not": {"required": ["layout"]}}, "then": values.clone()});
            json!({
                "if": {"required": ["defaults"], "properties": {"defaults": is_layout(name)}},
                "then": {"properties": {"defaults": values, "components": {"additionalProperties": without}}},
            })
        };
        file["allOf"] = language.layouts.keys().map(case).collect();
        described(file, schema.description())
    }

    fn stack_properties(&mut self, language: &Language, scope: Scope, schema: &Schema) -> Map<String, Value> {
        let mut properties = self.properties(scope, schema.root_shape());
        if let Some(components) = properties.get_mut("components") {
            let all = json!({"type": ["object", "null"], "additionalProperties": reference("component")});
            *components = described(all, components["description"].as_str().unwrap_or_default());
        }
        if let (Some(namespace), Some(layout)) = (properties.get_mut("namespace"), language.layouts.get("namespace")) {
            let scope = Scope::layout("namespace", layout);
            let mut values = self.properties(scope, layout.root_shape());
            values.insert("name".into(), json!({"type": ["string", "null"]}));
            let values = self.map(scope, layout.root_shape(), values, false);
            let forms = json!({"anyOf": [{"type": ["string", "null"]}, {"const": false}, values]});
            *namespace = described(forms, namespace["description"].as_str().unwrap_or_default());
        }
        properties
    }

    /// `homebuild.yaml`: its `defaults` are the keys of a stack, and `layouts`.
    fn site(&mut self, language: &Language) -> Value {
        let scope = Scope::file("site", language.site);
        let mut properties = self.properties(scope, language.site.root_shape());
        let mut defaults = self.stack_properties(language, Scope::file("stack", language.stack), language.stack);
        let names = language.layouts.keys();
        let layouts: Map<_, _> = names.map(|n| ((*n).to_owned(), reference(&format!("layout.{n}")))).collect();
        defaults
            .insert("layouts".into(), json!({"type": "object", "properties": layouts, "additionalProperties": false}));
        if let Some(property) = properties.get_mut("defaults") {
            let all = json!({"type": ["object", "null"], "properties": defaults, "additionalProperties": false});
            *property = described(all, property["description"].as_str().unwrap_or_default());
        }
        let site = self.map(scope, language.site.root_shape(), properties, true);
        described(site, language.site.description())
    }

    fn properties(&mut self, scope: Scope, shape: &Shape) -> Map<String, Value> {
        shape.properties.iter().map(|p| (p.name.to_string(), self.slot(scope, &p.slot))).collect()
    }

    /// What may stand in a place.
    fn slot(&mut self, scope: Scope, slot: &Slot) -> Value {
        let value = match scope.name(slot.shape) {
            Some(name) => {
                if !self.0.contains_key(&name) {
                    self.0.insert(name.clone(), Value::Null);
                    let definition = self.shape(scope, slot.shape);
                    self.0.insert(name.clone(), definition);
                }
                reference(&name)
            }
            None => self.shape(scope, slot.shape),
        };
        let mut value = if slot.list {
            json!({"anyOf": [value, {"type": "array", "items": value}, {"const": false}]})
        } else if value.get("$ref").is_some() {
            // draft-07 does not look at what stands beside `$ref`
            json!({"allOf": [value]})
        } else {
            value
        };
        if let Some(default) = slot.default.as_ref().and_then(plain) {
            value["default"] = default;
        }
        described(value, &slot.description)
    }

    /// All ways to write a value.
    fn shape(&mut self, scope: Scope, id: Id) -> Value {
        let shape = scope.arena.shape(id);
        let mut ways: Vec<Value> = shape.short.iter().map(short).collect();
        let any_text = is_any_text(shape) || ways.iter().any(|way| *way == json!({"type": "string"}));
        let own = self.long(scope, shape);
        if ways.is_empty() && (any_text || own == json!({})) {
            return own;
        }
        ways.insert(0, own);
        ways.push(reference("expression"));
        json!({"anyOf": ways})
    }

    /// A value written out.
    fn long(&mut self, scope: Scope, shape: &Shape) -> Value {
        let mut value = if shape.kinds.has(Kinds::OBJECT) && shape.kinds != Kinds::ANY {
            let properties = self.properties(scope, shape);
            self.map(scope, shape, properties, true)
        } else {
            json!({})
        };
        if let Some(kinds) = kinds(shape) {
            value["type"] = kinds;
        }
        if let Some(items) = &shape.items {
            value["items"] = self.slot(scope, items);
        }
        if !shape.choices.is_empty() {
            let known = shape.choices.iter().filter_map(plain);
            value["enum"] = known.chain([Value::Null]).collect();
        }
        for (key, bound) in [("minimum", &shape.minimum), ("maximum", &shape.maximum)] {
            if let Some(bound) = bound.as_ref().and_then(plain) {
                value[key] = bound;
            }
        }
        for (key, length) in [("minLength", shape.shortest), ("maxLength", shape.longest)] {
            if let Some(length) = length {
                value[key] = length.into();
            }
        }
        if let Some(pattern) = &shape.pattern {
            value["pattern"] = pattern.as_str().into();
        }
        value
    }

    fn map(&mut self, scope: Scope, shape: &Shape, properties: Map<String, Value>, whole: bool) -> Value {
        let mut map = json!({"type": ["object", "null"]});
        if !properties.is_empty() {
            map["properties"] = properties.into();
        }
        match &shape.rest {
            Rest::Closed => map["additionalProperties"] = false.into(),
            Rest::Any => {}
            Rest::Each(each) => map["additionalProperties"] = self.slot(scope, each),
        }
        let required: Vec<&str> = shape.properties.iter().filter(|p| p.required).map(|p| &*p.name).collect();
        if whole && !required.is_empty() {
            map["required"] = required.into();
        }
        map
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

fn described(mut value: Value, description: &str) -> Value {
    if !description.is_empty() {
        value["description"] = description.into();
    }
    value
}

fn is_layout(name: &str) -> Value {
    json!({"required": ["layout"], "properties": {"layout": {"const": name}}})
}

/// Whether any text fits, so that an expression does too.
fn is_any_text(shape: &Shape) -> bool {
    let narrow = shape.pattern.is_some() || shape.shortest.or(shape.longest).is_some() || !shape.choices.is_empty();
    shape.kinds.has(Kinds::STRING) && !narrow
}

fn short((kind, short): &(Kinds, Short)) -> Value {
    let name = Kinds::NAMES.iter().find(|(known, ..)| known == kind).map_or("string", |(_, name, _)| name);
    match short {
        Short::Property(_) => json!({"type": name}),
        Short::Pattern(pieces) => {
            let piece = |piece: &Piece| match piece {
                Piece::Hole(_) => ".+".to_owned(),
                Piece::Text(text) => escaped(text),
            };
            json!({"type": name, "pattern": format!("^{}$", pieces.iter().map(piece).collect::<Vec<_>>().concat())})
        }
    }
}

/// A text for a regular expression.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && !matches!(c, '/' | ':' | '-' | ' ' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// The types of a shape: with null, and for text what becomes text.
fn kinds(shape: &Shape) -> Option<Value> {
    if shape.kinds == Kinds::ANY {
        return None;
    }
    let mut kinds = shape.kinds.with(Kinds::NULL);
    if is_any_text(shape) {
        kinds = kinds.with(Kinds::NUMBER).with(Kinds::BOOLEAN);
    }
    let names = Kinds::NAMES.iter().filter(|(kind, ..)| kinds.has(*kind)).map(|(_, name, _)| *name);
    Some(names.filter(|name| *name != "integer" || !kinds.has(Kinds::NUMBER)).collect())
}

/// A scalar in JSON.
fn plain(node: &Node) -> Option<Value> {
    match &node.data {
        Data::Bool(truth) => Some((*truth).into()),
        Data::Int(number) => Some(i64::try_from(*number).ok()?.into()),
        Data::Float(number) => Some((*number).into()),
        Data::Str(text) => Some((**text).into()),
        Data::Null | Data::Removed | Data::List(_) | Data::Map(_) => None,
    }
}

#[cfg(test)]
mod tests;
