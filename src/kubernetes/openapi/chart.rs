//! The schema of a chart's values (`values.schema.json`, JSON Schema), as definitions like those of objects.
//!
//! A release gives some values only, and the chart's defaults, which nobody here knows, the others. So what follows from
//! a value that is not given is left out: `required`, `not`, `if`, and that only one of `oneOf` fits. A `$ref` into
//! another file is taken for anything.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::{Map, Value, json};

/// Keywords that mean the same here and there.
const PLAIN: [&str; 9] =
    ["enum", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems", "maxProperties"];

/// The definitions of a chart's schema: itself under the name that is given, and each place in it that a `$ref` is of.
#[must_use]
pub fn definitions(name: &str, schema: &Value) -> BTreeMap<String, Value> {
    let mut places = BTreeSet::new();
    pointers(schema, &mut places);
    let all = places.iter().filter_map(|at| Some((format!("{name}{at}"), schema.pointer(at.strip_prefix('#')?)?)));
    let all: BTreeMap<String, &Value> = all.chain([(name.to_owned(), schema)]).collect();
    let known = |at: &str| all.contains_key(at).then(|| at.to_owned());
    let of = |schema: &&Value| simplified(schema, &|at| known(&format!("{name}{}", if at == "#" { "" } else { at })));
    all.iter().map(|(name, schema)| (name.clone(), of(schema))).collect()
}

fn pointers(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| pointers(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| pointers(value, found)),
        _ => {}
    }
}

fn simplified(schema: &Value, known: &dyn Fn(&str) -> Option<String>) -> Value {
    let Some(from) = schema.as_object() else { return json!({}) };
    if let Some(to) = from.get("$ref").and_then(Value::as_str) {
        return known(to).map_or_else(|| json!({}), |name| json!({ "$ref": name }));
    }
    let below = |schema: &Value| simplified(schema, known);
    let each = |schemas: &Map<String, Value>| -> Value {
        schemas.iter().map(|(name, schema)| (name.clone(), below(schema))).collect::<Map<_, _>>().into()
    };
    let mut to = Map::new();
    for key in PLAIN {
        to.extend(from.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    to.extend(from.get("const").map(|value| ("enum".to_owned(), json!([value]))));
    for (key, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match from.get(key) {
            // the form of draft 4
            Some(Value::Bool(flag)) => _ = to.insert(key.into(), (*flag).into()),
            Some(value) => {
                to.insert(bound.into(), value.clone());
                to.insert(key.into(), true.into());
            }
            None => {}
        }
    }
    if let Some(types) = from.get("type").filter(|types| types.is_string() || types.is_array()) {
        to.insert("type".into(), types.clone());
    }
    if let Some(pattern) = from.get("pattern").and_then(Value::as_str).filter(|pattern| Regex::new(pattern).is_ok()) {
        to.insert("pattern".into(), pattern.into());
    }
    let list =
        |key: &str| from.get(key).and_then(Value::as_array).map(|list| list.iter().map(below).collect::<Value>());
    let forms = ["anyOf", "oneOf"].into_iter().filter_map(list).map(|forms| json!({ "anyOf": forms }));
    let all: Vec<Value> =
        list("allOf").and_then(|all| all.as_array().cloned()).into_iter().flatten().chain(forms).collect();
    if !all.is_empty() {
        to.insert("allOf".into(), all.into());
    }
    if let Some(items) = from.get("items").filter(|items| items.is_object()) {
        to.insert("items".into(), below(items));
    }
    let maps = ["properties", "patternProperties"].into_iter();
    to.extend(maps.filter_map(|key| Some((key.to_owned(), each(from.get(key)?.as_object()?)))));
    match from.get("additionalProperties") {
        Some(Value::Bool(false)) => _ = to.insert("additionalProperties".into(), false.into()),
        Some(schema) if schema.is_object() => _ = to.insert("additionalProperties".into(), below(schema)),
        _ => {}
    }
    to.into()
}
