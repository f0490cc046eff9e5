//! A schema as the files of `schemas/` have it: without prose, and the same whether a server or a manifest gave it.

use serde_json::{Map, Value, json};

/// The type of `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Keywords that are taken over as they are, in the order in which they are written.
const PLAIN: [&str; 15] = [
    "type",
    "format",
    "enum",
    "pattern",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// What there is to know of a whole set of schemas.
pub(super) struct Simplify<'a> {
    /// Kubernetes' own types: Go's zero values are no defaults in them.
    pub own: bool,
    /// The name under which a definition is kept.
    pub name: &'a dyn Fn(&str) -> String,
    /// Hears of every pattern; whether it is kept.
    pub pattern: &'a dyn Fn(&str) -> bool,
}

impl Simplify<'_> {
    /// The schema of a kind's objects: nobody writes `status`, and the head is what every object has.
    pub fn root(&self, schema: &Value) -> Value {
        let mut schema = self.schema(schema);
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.shift_remove("status");
        }
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|field| field != "status");
        }
        if !self.own {
            head(&mut schema, &[]);
        }
        schema
    }

    /// Any schema.
    pub fn schema(&self, schema: &Value) -> Value {
        let Some(from) = schema.as_object() else { return json!({}) };
        let mut to = Map::new();
        if let Some(name) = reference(from) {
            to.insert("$ref".into(), (self.name)(name.rsplit('/').next().unwrap_or(name)).into());
        }
        let is_int_or_string =
            is_true(from, "x-kubernetes-int-or-string") || from.get("format") == Some(&json!("int-or-string"));
        for key in PLAIN {
            let Some(value) = from.get(key).filter(|value| is_said(key, value)) else { continue };
            let is_kept = match (key, value) {
                ("type" | "format", _) => !is_int_or_string,
                ("pattern", Value::String(pattern)) => (self.pattern)(pattern),
                _ => true,
            };
            if is_kept {
                to.insert(key.into(), number(value));
            }
        }
        for flag in ["nullable", "uniqueItems", "x-kubernetes-preserve-unknown-fields"] {
            if is_true(from, flag) {
                to.insert(flag.into(), true.into());
            }
        }
        if is_int_or_string {
            to.insert("x-kubernetes-int-or-string".into(), true.into());
        }
        if let Some(default) = from.get("default").filter(|default| self.is_default(default)) {
            to.insert("default".into(), number(default));
        }
        lists(from, &mut to);
        if let Some(required) = from.get("required").and_then(Value::as_array).filter(|list| !list.is_empty()) {
            to.insert("required".into(), sorted(required));
        }
        self.below(from, &mut to, is_int_or_string);
        let mut to = Value::Object(to);
        if is_true(from, "x-kubernetes-embedded-resource") {
            head(&mut to, &["apiVersion", "kind"]);
        }
        to
    }

    /// The schemas in a schema.
    fn below(&self, from: &Map<String, Value>, to: &mut Map<String, Value>, is_int_or_string: bool) {
        for key in ["allOf", "anyOf", "oneOf"] {
            let Some(list) = from.get(key).and_then(Value::as_array) else { continue };
            if key == "allOf" && reference(from).is_some() {
                continue;
            }
            let list: Vec<Value> = list
                .iter()
                .map(|schema| self.schema(schema))
                .filter(|schema| !(is_int_or_string && (says_it(schema) || schema == &json!({}))))
                .collect();
            if !list.is_empty() {
                to.insert(key.into(), list.into());
            }
        }
        if is_int_or_string && to.get("allOf").is_none() {
            let is_it = |key: &str, to: &Map<String, Value>| {
                to.get(key).and_then(Value::as_array).is_some_and(|list| says_both(list))
            };
            for key in ["anyOf", "oneOf"] {
                if is_it(key, to) {
                    to.shift_remove(key);
                }
            }
        }
        if let Some(schema) = from.get("not") {
            to.insert("not".into(), self.schema(schema));
        }
        if let Some(items) = from.get("items") {
            to.insert("items".into(), self.schema(items));
        }
        match from.get("additionalProperties") {
            Some(Value::Bool(flag)) => _ = to.insert("additionalProperties".into(), (*flag).into()),
            Some(schema) => _ = to.insert("additionalProperties".into(), self.schema(schema)),
            None => {}
        }
        if let Some(properties) = from.get("properties").and_then(Value::as_object) {
            let mut properties: Vec<_> =
                properties.iter().map(|(name, schema)| (name.clone(), self.schema(schema))).collect();
            properties.sort_by(|(a, _), (b, _)| a.cmp(b));
            to.insert("properties".into(), Value::Object(properties.into_iter().collect()));
        }
    }

    /// Whether a default is one: in Kubernetes' own documents a zero value says only what Go's decoder begins with.
    fn is_default(&self, default: &Value) -> bool {
        let is_zero = match default {
            Value::Null => return false,
            Value::Bool(value) => !value,
            Value::Number(value) => value.as_f64() == Some(0.0),
            Value::String(value) => value.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
        };
        !(self.own && is_zero)
    }
}

/// The definition that a schema is, said by it or by its only `allOf`.
fn reference(schema: &Map<String, Value>) -> Option<&str> {
    let only = match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => only.get("$ref"),
        _ => None,
    };
    only.or_else(|| schema.get("$ref")).and_then(Value::as_str)
}

/// How the entries of a list differ: they must where the list is a map or a set, and merging goes by the keys.
fn lists(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let text = |key: &str| from.get(key).and_then(Value::as_str).unwrap_or_default();
    let keys = from.get("x-kubernetes-list-map-keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
    match (keys, text("x-kubernetes-list-type")) {
        (Some(keys), _) => _ = to.insert("x-kubernetes-list-map-keys".into(), keys.clone().into()),
        (None, "set") => _ = to.insert("x-kubernetes-list-type".into(), "set".into()),
        (None, "atomic") => {}
        _ if text("x-kubernetes-patch-strategy").split(',').any(|word| word == "merge") => {
            if let Some(key) = from.get("x-kubernetes-patch-merge-key") {
                to.insert("x-kubernetes-patch-merge-key".into(), key.clone());
            }
        }
        _ => {}
    }
}

/// Gives an object what every object has.
fn head(schema: &mut Value, required: &[&str]) {
    let Some(schema) = schema.as_object_mut() else { return };
    let mut fields: Vec<String> = Vec::new();
    fields.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(text));
    fields.extend(required.iter().map(|field| (*field).to_owned()));
    fields.sort();
    fields.dedup();
    let mut properties = schema.shift_remove("properties").and_then(|p| p.as_object().cloned()).unwrap_or_default();
    for field in ["apiVersion", "kind"] {
        properties.insert(field.into(), json!({"type": "string"}));
    }
    properties.insert("metadata".into(), json!({"$ref": OBJECT_META}));
    properties.sort_keys();
    if fields.is_empty() {
        schema.shift_remove("required");
    } else {
        schema.insert("required".into(), fields.into());
    }
    schema.insert("properties".into(), properties.into());
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn is_true(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// Whether a keyword has a value that says something.
fn is_said(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Bool(flag) => *flag,
        Value::Array(list) => key != "enum" || !list.is_empty(),
        _ => true,
    }
}

/// Whether a schema says no more than that a value is a whole number or text.
fn says_it(schema: &Value) -> bool {
    let of = |key| schema.get(key).and_then(Value::as_array);
    let is_alone = schema.as_object().is_some_and(|map| map.len() == 1);
    is_alone && of("anyOf").or_else(|| of("oneOf")).is_some_and(|list| says_both(list))
}

fn says_both(list: &[Value]) -> bool {
    list == [json!({"type": "integer"}), json!({"type": "string"})]
        || list == [json!({"type": "string"}), json!({"type": "integer"})]
}

/// Numbers as JSON has them, however a server or a manifest writes them: `4.294967295e+09` is 4294967295.
fn number(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number that a float holds exactly")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
            _ => value.clone(),
        },
        Value::Array(list) => list.iter().map(number).collect(),
        Value::Object(map) => {
            let mut map: Map<_, _> = map.iter().map(|(key, value)| (key.clone(), number(value))).collect();
            map.sort_keys();
            map.into()
        }
        _ => value.clone(),
    }
}

fn sorted(list: &[Value]) -> Value {
    let mut list: Vec<String> = list.iter().filter_map(text).collect();
    list.sort();
    list.into()
}
