//! What a schema says, resolved: shapes in an arena, slots that point at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;

use crate::problem::Place;
use crate::yaml::{Data, Node};

/// Where a shape lies in its arena.
pub(super) type Id = usize;

/// The shapes of a schema after those of the shared types.
#[derive(Debug, Clone, Default)]
pub(super) struct Arena {
    pub shared: Arc<Vec<Shape>>,
    pub own: Vec<Shape>,
}

impl Arena {
    pub fn shape(&self, id: Id) -> &Shape {
        self.shared.get(id).unwrap_or_else(|| &self.own[id - self.shared.len()])
    }
}

/// A place for a value: a property, an item of a list, the values of a map.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub shape: Id,
    /// A single value is a list of one.
    pub list: bool,
    /// The value where none is given, complete once the schema is loaded.
    pub default: Option<Node>,
    pub description: Box<str>,
}

/// What a value looks like.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Its name in `$defs`.
    pub name: Option<Box<str>>,
    pub kinds: Kinds,
    pub properties: Vec<Property>,
    /// The properties by name.
    pub index: BTreeMap<Box<str>, usize>,
    pub rest: Rest,
    /// Properties and those that cannot stand beside them.
    pub excludes: Vec<(Box<str>, Vec<Box<str>>)>,
    pub items: Option<Slot>,
    pub choices: Vec<Node>,
    pub minimum: Option<Node>,
    pub maximum: Option<Node>,
    pub shortest: Option<usize>,
    pub longest: Option<usize>,
    pub pattern: Option<Regex>,
    /// The text is the name of a file in `files/`.
    pub file: bool,
    pub short: Vec<(Kinds, Short)>,
}

#[derive(Debug, Clone)]
pub(super) struct Property {
    pub name: Box<str>,
    /// Where it is declared.
    pub place: Place,
    pub required: bool,
    pub slot: Slot,
}

/// What a map may have beside its properties.
#[derive(Debug, Clone, Default)]
pub(super) enum Rest {
    Closed,
    #[default]
    Any,
    Each(Slot),
}

/// What a plain value stands for.
#[derive(Debug, Clone)]
pub(super) enum Short {
    Property(Box<str>),
    Pattern(Vec<Piece>),
}

/// A part of `{port}/{protocol}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Hole(Box<str>),
    Text(Box<str>),
}

impl Piece {
    fn hole(&self) -> Option<&str> {
        if let Self::Hole(name) = self { Some(name) } else { None }
    }
}

impl Short {
    /// The names of the properties that it gives values to.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Property(name) => vec![name],
            Self::Pattern(pieces) => pieces.iter().filter_map(Piece::hole).collect(),
        }
    }
}

/// A set of kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Default for Kinds {
    fn default() -> Self {
        Self::ANY
    }
}

impl Kinds {
    pub const NONE: Self = Self(0);
    pub const STRING: Self = Self(1);
    pub const INTEGER: Self = Self(2);
    pub const NUMBER: Self = Self(4);
    pub const BOOLEAN: Self = Self(8);
    pub const OBJECT: Self = Self(16);
    pub const ARRAY: Self = Self(32);
    pub const NULL: Self = Self(64);
    pub const ANY: Self = Self(127);

    /// Each kind with its name in schemas and in messages.
    pub const NAMES: [(Self, &str, &str); 7] = [
        (Self::STRING, "string", "text"),
        (Self::INTEGER, "integer", "a whole number"),
        (Self::NUMBER, "number", "a number"),
        (Self::BOOLEAN, "boolean", "true or false"),
        (Self::OBJECT, "object", "a map"),
        (Self::ARRAY, "array", "a list"),
        (Self::NULL, "null", "null"),
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, n, _)| *n == name).map(|(kind, ..)| *kind)
    }

    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has one of the other kinds.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds as which a value passes: a whole number is a number too.
    pub fn of(data: &Data) -> Self {
        match data {
            Data::Null | Data::Removed => Self::NULL,
            Data::Bool(_) => Self::BOOLEAN,
            Data::Int(_) => Self::INTEGER.with(Self::NUMBER),
            Data::Float(_) => Self::NUMBER,
            Data::Str(_) => Self::STRING,
            Data::List(_) => Self::ARRAY,
            Data::Map(_) => Self::OBJECT,
        }
    }
}
