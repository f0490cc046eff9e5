//! JSON: the same as data. A text is what it is there; Terraform looks for no `${` in it either.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::{Kind, NULL, Text, Tree, Value, Variable, number, problem};
use crate::problem::{Place, Problems};

/// The variables of a JSON file: one object. Its key `//` is a comment, as Terraform has it.
pub(super) fn read(file: &Text<'_>) -> Result<Vec<Variable>, Problems> {
    let tree: Tree = serde_json::from_str(file.text).map_err(|error| {
        // the message of anything else than a syntax error is one of those below, which have no value
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let what = if error.classify() == Category::Data { String::new() } else { "this is no JSON: ".to_owned() };
        problem(what + message).at(&file.at(error.line(), error.column()))
    })?;
    let whole = Place::file(&file.source);
    let Tree::Map(map) = tree else {
        return Err(problem("a tfvars file is an object: `{\"NAME\": VALUE}`").at(&whole).into());
    };
    let variables = map.into_iter().filter(|(name, _)| name != "//");
    Ok(variables.map(|(name, tree)| Variable { name, tree, place: whole.clone() }).collect())
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Trees)
    }
}

/// Takes whatever comes, so that no message of the parser has a value in it.
struct Trees;

impl<'de> Visitor<'de> for Trees {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        let text = if value { "True" } else { "False" };
        Ok(Tree::Value(Value::new(Kind::Bool, Zeroizing::new(text.as_bytes().to_vec()))))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Tree, E> {
        digits(&Zeroizing::new(value.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Tree, E> {
        digits(&Zeroizing::new(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        // beyond this, whole numbers are no longer told apart
        if value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::custom(LOSSY));
        }
        digits(&Zeroizing::new(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Value(Value::str(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if item == Tree::Null {
                return Err(A::Error::custom(NULL));
            }
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map: Vec<(String, Tree)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("the key `{}` stands here a second time", key.escape_debug())));
            }
            map.push((key, entries.next_value()?));
        }
        Ok(Tree::Map(map))
    }
}

const LOSSY: &str = "this number has more digits than SOPS keeps: quote it, so that it is text";

fn digits<E: serde::de::Error>(text: &str) -> Result<Tree, E> {
    number(text).map(Tree::Value).ok_or_else(|| E::custom(LOSSY))
}
