//! An object held against its schema.

use std::fmt::{self, Write as _};

use super::meaning::Meaning;
use super::shape::{Bounds, List, Logic, Origin, Property, Range, Rest, Shape, Slot, Types};
use super::words::{self, Form};
use crate::kubernetes::kinds::{Kinds, group_of};
use crate::problem::nearest;
use crate::secrets::reference::has_reference;
use crate::yaml::{Data, Map, Node};

/// Letters of a value that a message shows.
const SHOWN: usize = 60;

/// Something in an object that is not as its schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake<'a> {
    /// `` `spec.replicas` of apps/v1 Deployment is text, not a whole number ``.
    pub message: String,
    /// The key that it is at: of the list, in a list.
    pub key: &'a str,
    /// The text of the scalar that it is about.
    pub text: Option<&'a str>,
}

/// What is held against a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// An object: `apps/v1` and `Deployment`.
    Object(&'a str, &'a str),
    /// The values of a chart.
    Values(&'a str),
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(api_version, kind) => write!(f, "{api_version} {kind}"),
            Self::Values(chart) => write!(f, "the values of chart {chart}"),
        }
    }
}

/// All that is wrong in an object of a shape.
#[must_use]
pub fn mistakes<'a>(kinds: &'a Kinds, shape: &'a Shape, what: What<'a>, object: &'a Node) -> Vec<Mistake<'a>> {
    let mut walk = Walk { kinds, what, found: Vec::new() };
    match what {
        What::Values(_) => walk.value(shape, object, &Path::ROOT.below("spec").below("values")),
        What::Object(api_version, kind) => {
            walk.value(shape, object, &Path::ROOT);
            if let Some(name) = object.at(["metadata", "name"]) {
                let form = words::name_of(group_of(api_version), kind);
                walk.text(form, name, &Path::ROOT.below("metadata").below("name"));
            }
        }
    }
    walk.found
}

/// Where a value is in an object.
#[derive(Clone, Copy)]
struct Path<'p, 'a> {
    /// The key, in a list that of the list.
    key: &'a str,
    index: Option<usize>,
    above: Option<&'p Path<'p, 'a>>,
}

impl<'a> Path<'_, 'a> {
    const ROOT: Self = Self { key: "", index: None, above: None };

    fn below<'p>(&'p self, key: &'a str) -> Path<'p, 'a> {
        Path { key, index: None, above: Some(self) }
    }

    fn item<'p>(&'p self, index: usize) -> Path<'p, 'a> {
        Path { key: self.key, index: Some(index), above: Some(self) }
    }

    fn text(&self) -> String {
        let mut text = self.above.map(Path::text).unwrap_or_default();
        match self.index {
            Some(index) => _ = write!(text, "[{index}]"),
            None if self.key.contains(['.', '/', ' ']) => _ = write!(text, "[{}]", self.key),
            None if text.is_empty() => text.push_str(self.key),
            None => _ = write!(text, ".{}", self.key),
        }
        text
    }
}

struct Walk<'a> {
    kinds: &'a Kinds,
    what: What<'a>,
    found: Vec<Mistake<'a>>,
}

impl<'a> Walk<'a> {
    fn slot(&mut self, slot: &'a Slot, node: &'a Node, path: &Path<'_, 'a>) {
        match self.kinds.shape_of(slot) {
            Ok(shape) => self.value(shape, node, path),
            Err(why) => self.say(path, None, format!("the schema of {} cannot be read: {why}", self.what)),
        }
    }

    fn value(&mut self, shape: &'a Shape, node: &'a Node, path: &Path<'_, 'a>) {
        if node.is_null() && (shape.nullable || shape.origin != Origin::Custom || shape.default.is_some()) {
            return;
        }
        if !shape.types.allow(&node.data) {
            return self.is_no(node, path, shape.types);
        }
        match &node.data {
            // what it will be is not known
            Data::Str(text) if has_reference(text) => return,
            Data::Map(map) => self.map(shape, map, path),
            Data::List(list) => self.list(shape, list, path),
            _ => {}
        }
        self.scalar(shape, node, path);
        if let Some(bounds) = &shape.bounds {
            self.bounds(bounds, node, path);
        }
        if let Some(logic) = &shape.logic {
            self.logic(logic, node, path);
        }
    }

    fn map(&mut self, shape: &'a Shape, map: &'a Map, path: &Path<'_, 'a>) {
        let mut meant = Vec::new();
        for (key, value) in map.iter() {
            let below = path.below(key);
            if let Some((_, slot)) = shape.patterns.iter().find(|(pattern, _)| pattern.is_match(key)) {
                self.slot(slot, value, &below);
                continue;
            }
            match (shape.property(key), &shape.rest) {
                (Some(property), _) => self.property(property, value, &below),
                (None, Rest::Each(slot)) => self.slot(slot, value, &below),
                (None, Rest::Closed) => meant.extend(self.unknown(shape, value, &below)),
                (None, Rest::Any) => {}
            }
        }
        for field in &shape.required {
            let is_given = map.get(field).is_some_and(|value| !value.is_null());
            let default = || shape.property(field).and_then(|property| self.kinds.shape_of(&property.slot).ok());
            let is_needed = || default().is_none_or(|field| field.default.is_none() && !field.nullable);
            // a mistyped one has been told already
            if !is_given && !meant.contains(&&**field) && is_needed() {
                self.say(path, None, format!("{} needs `{}`", self.what, path.below(field).text()));
            }
        }
    }

    fn property(&mut self, property: &'a Property, value: &'a Node, path: &Path<'_, 'a>) {
        let before = self.found.len();
        self.slot(&property.slot, value, path);
        let is_map = value.as_map().is_some();
        if let Some(meaning) = property.meaning.filter(|_| is_map || self.found.len() == before) {
            self.means(meaning, value, path);
        }
    }

    /// A field that is not one, and the field that may be meant.
    fn unknown(&mut self, shape: &'a Shape, value: &'a Node, path: &Path<'_, 'a>) -> Option<&'a str> {
        let meant = nearest(path.key, shape.properties.iter().map(|property| &*property.name));
        let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        self.say(path, Some(value), format!("`{}` is not a field of {}{hint}", path.text(), self.what));
        meant
    }

    fn list(&mut self, shape: &'a Shape, list: &'a [Node], path: &Path<'_, 'a>) {
        if let Some(items) = &shape.items {
            for (index, item) in list.iter().enumerate() {
                self.slot(items, item, &path.item(index));
            }
        }
        let keys = self.keys(shape, list);
        for (index, key) in keys.iter().enumerate() {
            let Some(first) = keys[..index].iter().position(|first| first == key) else { continue };
            let (this, first) = (path.item(index), path.item(first).text());
            let same = match &shape.list {
                List::Keys(keys) => format!("the `{}` of `{first}`", keys.join("` and `")),
                List::Any | List::Set | List::Merge(_) => format!("the value of `{first}`"),
            };
            let message = format!("{} has {same}, and each must have its own", self.at(&this));
            self.say(&this, list.get(index), message);
        }
    }

    /// What must differ from entry to entry of a list, in the order of its entries; nothing where nothing must.
    fn keys<'n>(&self, shape: &'a Shape, list: &'n [Node]) -> Vec<Vec<Option<&'n Data>>>
    where
        'a: 'n,
    {
        match &shape.list {
            List::Any | List::Merge(_) => Vec::new(),
            List::Set => list.iter().map(|entry| vec![Some(&entry.data)]).collect(),
            List::Keys(keys) => {
                let entry = shape.items.as_ref().and_then(|slot| self.kinds.shape_of(slot).ok());
                let key_of = |node: &'n Node, key: &str| {
                    let given = node.get(key).filter(|node| !node.is_null()).map(|node| &node.data);
                    given.or_else(|| entry?.default_of(key))
                };
                list.iter().map(|node| keys.iter().map(|key| key_of(node, key)).collect()).collect()
            }
        }
    }

    fn scalar(&mut self, shape: &'a Shape, node: &'a Node, path: &Path<'_, 'a>) {
        if !shape.chooses(node) {
            let choices: Vec<_> = shape.choices.iter().map(|choice| format!("`{}`", bare(choice))).collect();
            let words = match &choices[..] {
                [only] => only.clone(),
                [first @ .., last] => format!("{} or {last}", first.join(", ")),
                [] => String::new(),
            };
            return self.is_not(node, path, &words);
        }
        if let Some(missed) = shape.format.and_then(|format| format.missed(node)) {
            return self.is_not(node, path, missed);
        }
        if let (Some(pattern), Some(text)) = (&shape.pattern, node.as_str())
            && !pattern.is_match(text)
        {
            self.is_not(node, path, &format!("what matches `{pattern}`"));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as JSON's readers compare numbers with bounds")]
    fn bounds(&mut self, bounds: &Bounds, node: &'a Node, path: &Path<'_, 'a>) {
        let number = match &node.data {
            Data::Int(number) => *number as f64,
            Data::Float(number) => *number,
            Data::Str(text) => return self.count(bounds.length, text.chars().count(), "characters", node, path),
            Data::List(list) => return self.count(bounds.items, list.len(), "entries", node, path),
            Data::Map(map) => return self.count(bounds.properties, map.0.len(), "keys", node, path),
            Data::Bool(_) | Data::Null | Data::Removed => return,
        };
        let is_small = |least: f64| number < least || (bounds.exclusive_minimum && number <= least);
        let is_large = |most: f64| number > most || (bounds.exclusive_maximum && number >= most);
        match (bounds.minimum, bounds.maximum, bounds.multiple_of) {
            (Some(least), _, _) if is_small(least) => {
                let word = if bounds.exclusive_minimum { "more than" } else { "at least" };
                self.is_not(node, path, &format!("{word} {least}"));
            }
            (_, Some(most), _) if is_large(most) => {
                let word = if bounds.exclusive_maximum { "less than" } else { "at most" };
                self.is_not(node, path, &format!("{word} {most}"));
            }
            (_, _, Some(step)) if (number / step).fract() != 0.0 => {
                self.is_not(node, path, &format!("a multiple of {step}"));
            }
            _ => {}
        }
    }

    fn count(&mut self, (least, most): Range, count: usize, of: &str, node: &'a Node, path: &Path<'_, 'a>) {
        let bound = match (least, most) {
            (Some(least), _) if count < least => format!("at least {least}"),
            (_, Some(most)) if count > most => format!("at most {most}"),
            _ => return,
        };
        self.say(path, Some(node), format!("{} has {count} {of}, not {bound}", self.at(path)));
    }

    fn logic(&mut self, logic: &'a Logic, node: &'a Node, path: &Path<'_, 'a>) {
        for slot in &logic.all {
            self.slot(slot, node, path);
        }
        let fitting = |slots: &'a [Slot]| slots.iter().filter(|slot| self.fits(slot, node, path)).count();
        let (any, one) = (fitting(&logic.any), fitting(&logic.one));
        let is_refused = logic.not.as_ref().is_some_and(|slot| self.fits(slot, node, path));
        let is_form = |word: &str| format!("{} has {word} of the forms that it may have", self.at(path));
        let message = match () {
            () if any == 0 && !logic.any.is_empty() => is_form("none"),
            () if one == 0 && !logic.one.is_empty() => is_form("none"),
            () if one > 1 => is_form("more than one"),
            () if is_refused => format!("{} has a form that it must not have", self.at(path)),
            () => return,
        };
        self.say(path, Some(node), message);
    }

    fn fits(&self, slot: &'a Slot, node: &'a Node, path: &Path<'_, 'a>) -> bool {
        let mut walk = Walk { kinds: self.kinds, what: self.what, found: Vec::new() };
        walk.slot(slot, node, path);
        walk.found.is_empty()
    }

    fn means(&mut self, meaning: Meaning, node: &'a Node, path: &Path<'_, 'a>) {
        let is_in = |number: i128, least: i128, most: i128| (least..=most).contains(&number);
        match (meaning, &node.data) {
            (meaning, Data::List(list)) => {
                for (index, item) in list.iter().enumerate() {
                    self.means(meaning, item, &path.item(index));
                }
            }
            (Meaning::Text(form), _) => self.text(form, node, path),
            (Meaning::Number(least, most, words), Data::Int(number)) if !is_in(*number, least, most) => {
                self.is_not(node, path, words);
            }
            (Meaning::Either(least, most, _, words), Data::Int(number)) if !is_in(*number, least, most) => {
                self.is_not(node, path, words);
            }
            (Meaning::Either(_, _, form, words), Data::Str(text)) if !has_reference(text) && !(form.is)(text) => {
                self.is_not(node, path, words);
            }
            (Meaning::Map(keys, values), Data::Map(map)) => {
                for (key, value) in map.iter() {
                    if !(keys.is)(key) {
                        let (path, shown) = (path.text(), key.escape_debug());
                        let message = format!("the key `{shown}` in `{path}` of {} is not {}", self.what, keys.words);
                        self.found.push(Mistake { message, key, text: scalar(value) });
                    }
                    if let Some(form) = values {
                        self.text(form, value, &path.below(key));
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, form: &Form, node: &'a Node, path: &Path<'_, 'a>) {
        if let Some(text) = node.as_str()
            && !has_reference(text)
            && !(form.is)(text)
        {
            self.is_not(node, path, form.words);
        }
    }

    /// The value is not of a type that it should have.
    fn is_no(&mut self, node: &'a Node, path: &Path<'_, 'a>, types: Types) {
        let is = match (&node.data, &node.plain) {
            (Data::Bool(_), Some(plain)) => format!("`{plain}`"),
            _ => node.kind().to_owned(),
        };
        let is_quotable = types.is_text() && node.plain.is_some() && !node.is_null();
        let hint = if is_quotable { "; put it in quotes" } else { "" };
        self.say(path, Some(node), format!("{} is {is}, not {}{hint}", self.at(path), types.words()));
    }

    /// The value is not what it should be.
    fn is_not(&mut self, node: &'a Node, path: &Path<'_, 'a>, words: &str) {
        // a Secret's text is not shown, whoever wrote it there
        let is_shown = self.what != What::Object("v1", "Secret") || node.as_str().is_none();
        let is = match scalar(node).filter(|_| is_shown) {
            None => node.kind().to_owned(),
            Some(text) => {
                let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
                format!("`{}{}`", text[..end].escape_debug(), if end < text.len() { "..." } else { "" })
            }
        };
        self.say(path, Some(node), format!("{} is {is}, not {words}", self.at(path)));
    }

    /// `` `spec.replicas` of apps/v1 Deployment ``
    fn at(&self, path: &Path<'_, 'a>) -> String {
        let text = path.text();
        if text.is_empty() { self.what.to_string() } else { format!("`{text}` of {}", self.what) }
    }

    fn say(&mut self, path: &Path<'_, 'a>, node: Option<&'a Node>, message: String) {
        self.found.push(Mistake { message, key: path.key, text: node.and_then(scalar) });
    }
}

/// The text of a scalar, as it was written.
fn scalar(node: &Node) -> Option<&str> {
    node.as_str().or(node.plain.as_deref())
}

/// A value that a field may have, in words.
fn bare(choice: &serde_json::Value) -> String {
    choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)
}
