//! A definition, read and ready to be walked.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::format::Format;
use super::meaning::{self, Meaning};
use crate::yaml::{Data, Node};

/// Where a definition lies among all of them.
pub type Index = usize;

/// What a value must look like.
#[derive(Debug, Default)]
pub struct Shape {
    /// The name of the definition, without the API that it is in; empty for a schema inside another.
    pub name: Box<str>,
    /// Whose it is.
    pub origin: Origin,
    pub(super) types: Types,
    pub(super) nullable: bool,
    /// Sorted by name.
    pub(super) properties: Vec<Property>,
    /// What fields are whose names match a pattern.
    pub(super) patterns: Vec<(Regex, Slot)>,
    pub(super) rest: Rest,
    pub(super) required: Vec<Box<str>>,
    pub(super) items: Option<Slot>,
    pub(super) list: List,
    pub(super) choices: Vec<Value>,
    pub(super) pattern: Option<Regex>,
    pub(super) format: Option<Format>,
    pub(super) bounds: Option<Box<Bounds>>,
    pub(super) logic: Option<Box<Logic>>,
    /// What the server puts where nothing is said; `Null` where that is more than a scalar.
    pub(super) default: Option<Data>,
}

/// Where a definition comes from: what it leaves unsaid differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Kubernetes itself: null is no value, an object without fields may have any, and some fields mean more than their
    /// schema says.
    #[default]
    Kubernetes,
    /// A custom resource: an object has the fields that are said, and null is a value.
    Custom,
    /// The values of a chart: null takes a default away, and what is not said may be.
    Chart,
}

/// A field.
#[derive(Debug)]
pub(super) struct Property {
    pub name: Box<str>,
    pub slot: Slot,
    /// What the schema does not say of it.
    pub meaning: Option<Meaning>,
}

/// The schema of a value in another.
#[derive(Debug)]
pub enum Slot {
    /// A definition.
    Named(Index),
    /// A schema in its place.
    Inline(Box<Shape>),
}

/// What a map may have beside its fields.
#[derive(Debug, Default)]
pub(super) enum Rest {
    Closed,
    #[default]
    Any,
    Each(Slot),
}

/// How the entries of a list differ.
#[derive(Debug, Default)]
pub(super) enum List {
    /// They need not.
    #[default]
    Any,
    /// Each is another one.
    Set,
    /// In these fields.
    Keys(Vec<Box<str>>),
    /// Merging goes by this field, but two may have the same.
    Merge(Vec<Box<str>>),
}

/// How large and how long a value may be.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub minimum: Option<f64>,
    pub exclusive_minimum: bool,
    pub maximum: Option<f64>,
    pub exclusive_maximum: bool,
    pub multiple_of: Option<f64>,
    pub length: Range,
    pub items: Range,
    pub properties: Range,
}

/// The least and the most.
pub(super) type Range = (Option<usize>, Option<usize>);

/// Schemas that a value must meet besides.
#[derive(Debug, Default)]
pub(super) struct Logic {
    pub all: Vec<Slot>,
    pub any: Vec<Slot>,
    pub one: Vec<Slot>,
    pub not: Option<Slot>,
}

/// The types that a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Default for Types {
    fn default() -> Self {
        Self(0b11_1111)
    }
}

impl Types {
    /// Each with its name in schemas and its words in messages.
    const NAMES: [(Self, &str, &str); 6] = [
        (Self(1), "string", "text"),
        (Self(2), "integer", "a whole number"),
        (Self(4), "number", "a number"),
        (Self(8), "boolean", "true or false"),
        (Self(16), "object", "a map"),
        (Self(32), "array", "a list"),
    ];
    const OBJECT: Self = Self(16);
    const INT_OR_STRING: Self = Self(1 | 2);
    const SCALAR: Self = Self(1 | 2 | 4);

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known, _)| *known == name).map(|(types, ..)| *types)
    }

    pub fn allow(self, data: &Data) -> bool {
        let of = match data {
            Data::Null | Data::Removed => 0,
            Data::Bool(_) => 8,
            Data::Int(_) => 2 | 4,
            Data::Float(_) => 4,
            Data::Str(_) => 1,
            Data::List(_) => 32,
            Data::Map(_) => 16,
        };
        self.0 & of != 0
    }

    /// Whether a text is allowed, and no number.
    pub fn is_text(self) -> bool {
        self.0 & Self::SCALAR.0 == 1
    }

    /// `text or a whole number`
    pub fn words(self) -> String {
        let words: Vec<_> =
            Self::NAMES.iter().filter(|(types, ..)| self.0 & types.0 != 0).map(|(.., words)| *words).collect();
        words.join(" or ")
    }
}

/// A schema as a file of `schemas/` has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the keywords of a schema")]
pub(super) struct Raw {
    #[serde(rename = "$ref")]
    reference: Option<Box<str>>,
    #[serde(rename = "type")]
    of: Option<Words>,
    format: Option<Box<str>>,
    #[serde(rename = "enum", default)]
    choices: Vec<Value>,
    pattern: Option<Box<str>>,
    minimum: Option<f64>,
    #[serde(default)]
    exclusive_minimum: bool,
    maximum: Option<f64>,
    #[serde(default)]
    exclusive_maximum: bool,
    multiple_of: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    min_properties: Option<usize>,
    max_properties: Option<usize>,
    #[serde(default)]
    nullable: bool,
    #[serde(default)]
    unique_items: bool,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields", default)]
    preserve: bool,
    #[serde(rename = "x-kubernetes-int-or-string", default)]
    int_or_string: bool,
    #[serde(rename = "x-kubernetes-list-map-keys", default)]
    keys: Vec<Box<str>>,
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    merge_key: Option<Box<str>>,
    #[serde(rename = "x-kubernetes-list-type")]
    list_type: Option<Box<str>>,
    default: Option<Value>,
    #[serde(default)]
    required: Vec<Box<str>>,
    #[serde(default)]
    all_of: Vec<Raw>,
    #[serde(default)]
    any_of: Vec<Raw>,
    #[serde(default)]
    one_of: Vec<Raw>,
    not: Option<Box<Raw>>,
    items: Option<Box<Raw>>,
    additional_properties: Option<More>,
    properties: Option<BTreeMap<Box<str>, Raw>>,
    #[serde(default)]
    pattern_properties: BTreeMap<Box<str>, Raw>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(Box<str>),
    Many(Vec<Box<str>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum More {
    Flag(bool),
    Schema(Box<Raw>),
}

impl Raw {
    fn types(&self) -> Result<Types, String> {
        let names = match &self.of {
            _ if self.int_or_string => return Ok(Types::INT_OR_STRING),
            None => return Ok(Types::default()),
            Some(Words::One(name)) => std::slice::from_ref(name),
            Some(Words::Many(names)) => names,
        };
        let mut types = Types(0);
        for name in names.iter().filter(|name| ***name != *"null") {
            types.0 |= Types::named(name).ok_or_else(|| format!("`{name}` is no type"))?.0;
        }
        Ok(types)
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            minimum: self.minimum,
            exclusive_minimum: self.exclusive_minimum,
            maximum: self.maximum,
            exclusive_maximum: self.exclusive_maximum,
            multiple_of: self.multiple_of,
            length: (self.min_length, self.max_length),
            items: (self.min_items, self.max_items),
            properties: (self.min_properties, self.max_properties),
        }
    }
}

/// Reads definitions of one kind of file.
pub(in crate::kubernetes) struct Reader<'a> {
    /// Where the definition with a name is.
    pub find: &'a dyn Fn(&str) -> Option<Index>,
    /// Whose they are.
    pub origin: Origin,
}

impl Reader<'_> {
    /// A definition from its JSON, or why there is none.
    pub fn definition(&self, name: &str, json: &str) -> Result<Shape, String> {
        let raw: Raw = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let short = name.rsplit(['.', '/']).next().unwrap_or(name);
        let mut shape = self.shape(raw, short, false)?;
        shape.name = short.into();
        if self.origin == Origin::Kubernetes {
            match short {
                "Quantity" => (shape.types, shape.logic, shape.format) = (Types::SCALAR, None, Some(Format::Quantity)),
                // they hold any JSON, whatever their type says
                "RawExtension" | "FieldsV1" => shape.rest = Rest::Any,
                _ => {}
            }
        }
        Ok(shape)
    }

    /// `of` is the definition that a schema begins, `branch` whether it only adds to another.
    fn shape(&self, raw: Raw, of: &str, branch: bool) -> Result<Shape, String> {
        let bounds = raw.bounds();
        let has_fields = raw.properties.is_some();
        let types = raw.types()?;
        let is_object = types == Types::OBJECT;
        let is_closed = match self.origin {
            Origin::Kubernetes => has_fields,
            Origin::Custom => has_fields || is_object,
            Origin::Chart => false,
        };
        let rest = match raw.additional_properties {
            _ if branch || raw.preserve => Rest::Any,
            Some(More::Schema(schema)) => Rest::Each(self.slot(*schema, branch)?),
            Some(More::Flag(false)) => Rest::Closed,
            None if is_closed => Rest::Closed,
            Some(More::Flag(true)) | None => Rest::Any,
        };
        let properties = raw.properties.into_iter().flatten().map(|(name, schema)| {
            let meaning = if self.origin == Origin::Kubernetes { meaning::of(of, &name) } else { None };
            Ok(Property { slot: self.slot(schema, branch)?, meaning, name })
        });
        let patterns = raw.pattern_properties.into_iter().filter_map(|(pattern, schema)| {
            let pattern = Regex::new(&pattern).ok()?;
            Some(self.slot(schema, branch).map(|slot| (pattern, slot)))
        });
        let list = match (raw.keys, raw.merge_key, raw.list_type.as_deref()) {
            (keys, ..) if !keys.is_empty() => List::Keys(keys),
            (_, Some(key), _) => List::Merge(vec![key]),
            (_, _, Some("set")) => List::Set,
            _ if raw.unique_items => List::Set,
            _ => List::Any,
        };
        let pattern = raw.pattern.map(|pattern| Regex::new(&pattern)).transpose().map_err(|error| error.to_string())?;
        let logic = Logic {
            all: self.slots(raw.all_of)?,
            any: self.slots(raw.any_of)?,
            one: self.slots(raw.one_of)?,
            not: raw.not.map(|schema| self.slot(*schema, true)).transpose()?,
        };
        let has_logic = logic.not.is_some() || !(logic.all.is_empty() && logic.any.is_empty() && logic.one.is_empty());
        Ok(Shape {
            name: Box::default(),
            origin: self.origin,
            types,
            nullable: raw.nullable,
            properties: properties.collect::<Result<_, String>>()?,
            patterns: patterns.collect::<Result<_, String>>()?,
            rest,
            required: raw.required,
            items: raw.items.map(|schema| self.slot(*schema, branch)).transpose()?,
            list,
            choices: raw.choices,
            pattern,
            format: raw.format.as_deref().and_then(Format::named),
            bounds: (bounds != Bounds::default()).then(|| Box::new(bounds)),
            logic: has_logic.then(|| Box::new(logic)),
            default: raw.default.as_ref().map(scalar),
        })
    }

    fn slots(&self, schemas: Vec<Raw>) -> Result<Vec<Slot>, String> {
        schemas.into_iter().map(|schema| self.slot(schema, true)).collect()
    }

    fn slot(&self, raw: Raw, branch: bool) -> Result<Slot, String> {
        match &raw.reference {
            Some(name) => (self.find)(name).map(Slot::Named).ok_or_else(|| format!("no file of schemas/ has `{name}`")),
            None => Ok(Slot::Inline(Box::new(self.shape(raw, "", branch)?))),
        }
    }
}

impl Shape {
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        let at = self.properties.binary_search_by(|property| (*property.name).cmp(name)).ok()?;
        self.properties.get(at)
    }

    /// The schema of a field.
    pub fn field(&self, name: &str) -> Option<&Slot> {
        self.property(name).map(|property| &property.slot)
    }

    /// The schema of the entries of a list.
    pub fn entries(&self) -> Option<&Slot> {
        self.items.as_ref()
    }

    /// The schema of the values of a map with free keys.
    pub fn values(&self) -> Option<&Slot> {
        if let Rest::Each(slot) = &self.rest { Some(slot) } else { None }
    }

    /// The fields by which the entries of a list are told apart when lists merge.
    pub fn merge_keys(&self) -> &[Box<str>] {
        match &self.list {
            List::Keys(keys) | List::Merge(keys) => keys,
            List::Any | List::Set => &[],
        }
    }

    /// What the server puts into a field where nothing is said, if it is a scalar.
    pub fn default_of(&self, name: &str) -> Option<&Data> {
        match self.field(name)? {
            Slot::Inline(field) => field.default.as_ref().filter(|default| **default != Data::Null),
            // scalars stand in their place
            Slot::Named(_) => None,
        }
    }

    /// Whether a value is one of those that it may be.
    pub(super) fn chooses(&self, node: &Node) -> bool {
        self.choices.is_empty() || self.choices.iter().any(|choice| is_same(node, choice))
    }
}

/// Whether a value is the same as one in JSON.
fn is_same(node: &Node, json: &Value) -> bool {
    match (&node.data, json) {
        (Data::Null | Data::Removed, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Int(a), Value::Number(b)) => b.as_i64().is_some_and(|b| i128::from(b) == *a),
        (Data::Float(a), Value::Number(b)) => b.as_f64().is_some_and(|b| b.total_cmp(a).is_eq()),
        (Data::Str(a), Value::String(b)) => **a == **b,
        (Data::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Data::Map(a), Value::Object(b)) => {
            a.0.len() == b.len() && b.iter().all(|(key, b)| a.get(key).is_some_and(|a| is_same(a, b)))
        }
        _ => false,
    }
}

fn scalar(value: &Value) -> Data {
    match value {
        Value::Bool(value) => Data::Bool(*value),
        Value::String(value) => Data::Str(value.as_str().into()),
        Value::Number(value) => value.as_i64().map_or(Data::Null, |value| Data::Int(value.into())),
        Value::Null | Value::Array(_) | Value::Object(_) => Data::Null,
    }
}
