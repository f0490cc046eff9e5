//! What a schema declares, a line each, for people to look up.

use serde::Serialize;

use crate::schema::shape::{Arena, Kinds, Property, Rest, Shape, Slot};
use crate::schema::{Schema, Types};
use crate::yaml::{Node, emit_json};

/// A declared value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Declared {
    /// Its name.
    pub value: String,
    /// What it may be: `text`, `map of Port`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is where none is given; without what is null in it.
    pub default: Option<serde_json::Value>,
    /// What it is for.
    pub description: String,
}

impl Schema {
    /// The declared values: those that must be given first, then by name.
    #[must_use]
    pub fn outline(&self) -> Vec<Declared> {
        outline(&self.arena, self.root_shape())
    }
}

impl Types {
    /// The names of all types.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| &**name)
    }

    /// What a type declares.
    #[must_use]
    pub fn outline(&self, name: &str) -> Option<Vec<Declared>> {
        let (_, shape) = self.names.iter().find(|(known, _)| **known == *name)?;
        Some(outline(&self.arena, self.arena.shape(*shape)))
    }
}

fn outline(arena: &Arena, shape: &Shape) -> Vec<Declared> {
    let mut all: Vec<Declared> = shape.properties.iter().map(|property| declared(arena, property)).collect();
    all.sort_by(|a, b| (!a.required, &a.value).cmp(&(!b.required, &b.value)));
    all
}

fn declared(arena: &Arena, property: &Property) -> Declared {
    let slot = &property.slot;
    Declared {
        value: property.name.to_string(),
        kind: kind(arena, slot),
        required: property.required,
        default: slot.default.as_ref().filter(|node| !node.is_null()).map(as_json),
        description: slot.description.to_string(),
    }
}

fn as_json(node: &Node) -> serde_json::Value {
    let mut value = serde_json::from_str(&emit_json(node)).unwrap_or_default();
    without_nulls(&mut value);
    value
}

fn without_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(list) => list.iter_mut().for_each(without_nulls),
        serde_json::Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

/// The type of a place in a few words; what may be null anyway is not said to be.
fn kind(arena: &Arena, slot: &Slot) -> String {
    let shape = arena.shape(slot.shape);
    let word = |(kind, _, words): &(Kinds, &str, &str)| match (&shape.rest, &shape.items) {
        (Rest::Each(each), _) if *kind == Kinds::OBJECT => format!("map of {}", self::kind(arena, each)),
        (_, Some(items)) if *kind == Kinds::ARRAY => format!("list of {}", self::kind(arena, items)),
        _ => words.trim_start_matches("a ").to_owned(),
    };
    let one = if let Some(name) = &shape.name {
        name.to_string()
    } else if !shape.choices.is_empty() {
        let choices =
            shape.choices.iter().map(|choice| choice.as_str().map_or_else(|| emit_json(choice), str::to_owned));
        choices.map(|choice| choice.trim().to_owned()).collect::<Vec<_>>().join(", ")
    } else if shape.kinds == Kinds::ANY {
        "anything".to_owned()
    } else {
        let kinds = Kinds::NAMES.iter().filter(|(kind, ..)| shape.kinds.has(*kind) && *kind != Kinds::NULL);
        kinds.map(word).collect::<Vec<_>>().join(" or ")
    };
    if slot.list { format!("{one}, or a list of it") } else { one }
}
