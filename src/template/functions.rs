//! The functions of templates and expressions: `file yaml merge complete kmerge digest fail`.

#![expect(clippy::needless_pass_by_value, reason = "minijinja calls functions with owned arguments")]

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::error::Fault;
use super::expression;
use super::value::{self, References};
use super::{Scope, lock, scope};
use crate::digest;
use crate::kubernetes::kinds::Kinds;
use crate::kubernetes::merge::overlay;
use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::Types;
use crate::yaml;

pub(super) fn register(environment: &mut Environment<'static>, types: &Arc<Types>, kinds: &Arc<Kinds>) {
    environment.add_function("file", file);
    environment.add_function("yaml", data);
    environment.add_function("merge", |maps: Rest<Value>| merge(&maps));
    environment.add_function("digest", digest_of);
    environment.add_function("fail", fail);
    let known = types.clone();
    environment.add_function("complete", move |name: &str, map: Value| complete(&known, name, &map));
    let known = kinds.clone();
    environment.add_function("kmerge", move |kind: &str, base: Value, over: Value| kmerge(&known, kind, &base, &over));
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The text of a file below `files/`; a `*.j2` is rendered, with the parameters given.
fn file(state: &State<'_, '_>, name: &str, parameters: Kwargs) -> Result<String, Error> {
    let (scope, source) = find(state, name)?;
    if !name.ends_with(".j2") {
        if let Some(parameter) = parameters.args().next() {
            return Err(wrong(format!(
                "`{name}` is taken as it is, so `{parameter}` has no effect; name it `{name}.j2`"
            )));
        }
        return Ok(source.text.clone());
    }
    let mut values = scope.values.clone();
    let mut given = Vec::new();
    for parameter in parameters.args() {
        given.push((parameter.to_owned(), parameters.get::<Value>(parameter)?));
    }
    values.push((super::SCOPE, Value::from_dyn_object(scope.clone())));
    let seen = values.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(given);
    scope
        .deeper(|| state.env().render_named_str(&source.path, &source.text, Value::from_pairs(seen)))
        .unwrap_or_else(|| Err(wrong(format!("`{name}` includes itself"))))
        .map_err(|error| wrong(format!("`{name}` fails")).with_source(error))
}

/// The data of a YAML file below `files/`, with the expressions in it evaluated; several documents are a list.
fn data(state: &State<'_, '_>, name: &str, parameters: Kwargs) -> Result<Value, Error> {
    let (scope, source) = find(state, name)?;
    let text = file(state, name, parameters)?;
    let source = if name.ends_with(".j2") { Source::new(source.path.clone(), text) } else { source };
    let evaluate = |node: &str, place: &_| {
        let mut values = scope.values.clone();
        values.push((super::SCOPE, Value::from_dyn_object(scope.clone())));
        let value = state.env().compile_expression(node)?.eval(Value::from_pairs(values))?;
        super::defined(&value, node)?;
        value::to_node(&value, place)
    };
    let documents = scope
        .deeper(|| {
            let mut problems = Problems::new();
            let documents = problems.take(yaml::parse(&source)).unwrap_or_default();
            let evaluated: Vec<_> = documents
                .into_iter()
                .map(|node| {
                    expression::evaluate_with(node, &evaluate, &mut |error, place| {
                        problems.extend(super::error::problems(&error, &|_| None, place, None));
                    })
                })
                .collect();
            problems.or(evaluated)
        })
        .ok_or_else(|| wrong(format!("`{name}` includes itself")))?;
    let documents =
        documents.map_err(|problems| wrong(format!("`{name}` is wrong")).with_source(Fault::file(problems)))?;
    Ok(match documents.as_slice() {
        [one] => value::from_node(one),
        all => all.iter().map(value::from_node).collect(),
    })
}

/// A file of the module that is rendered, by its path below `files/`.
fn find(state: &State<'_, '_>, name: &str) -> Result<(Arc<Scope>, Arc<Source>), Error> {
    let scope = scope(state).ok_or_else(|| wrong("there are no files here"))?;
    let missing = |problem: Problem| wrong(format!("{} {}", problem.message, problem.label).trim_end().to_owned());
    let source = scope.files.find(name).map_err(missing)?;
    lock(&scope.files.used).insert(name.to_owned());
    Ok((scope, source))
}

/// Maps laid over one another, deeply: later ones win, none is skipped.
fn merge(maps: &[Value]) -> Result<Value, Error> {
    let mut merged: Vec<(Value, Value)> = Vec::new();
    for map in maps.iter().filter(|map| !map.is_none()) {
        if map.kind() != ValueKind::Map || value::missing(map).is_some() {
            return Err(wrong(format!("`merge` lays maps over one another; this is {}", map.kind())));
        }
        for key in map.try_iter()? {
            let over = map.get_item(&key)?;
            match merged.iter_mut().find(|(known, _)| *known == key) {
                Some((_, under)) if under.kind() == ValueKind::Map && over.kind() == ValueKind::Map => {
                    *under = merge(&[under.clone(), over])?;
                }
                Some((_, under)) => *under = over,
                None => merged.push((key, over)),
            }
        }
    }
    Ok(Value::from_pairs(merged))
}

/// A map of a shared type with everything that its schema declares.
fn complete(types: &Types, name: &str, map: &Value) -> Result<Value, Error> {
    let node = value::to_node(map, &Place::nowhere())?;
    types.complete(name, node).map(|node| value::from_node(&node)).map_err(|problems| {
        let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
        wrong(format!("no `{name}`: {}", messages.join("; ")))
    })
}

/// An object of a kind with another laid over it: null deletes, lists merge by the keys of the kind's schema.
fn kmerge(kinds: &Kinds, kind: &str, base: &Value, over: &Value) -> Result<Value, Error> {
    if over.is_none() {
        return Ok(base.clone());
    }
    let of = kinds.type_of_short_name(kind).ok_or_else(|| {
        let known = Kinds::SHORT_NAMES;
        wrong(format!("`kmerge` knows no `{kind}`: {} {}", known.join(", "), did_you_mean(kind, known)))
    })?;
    let (base, over) = (value::to_node(base, &Place::nowhere())?, value::to_node(over, &Place::nowhere())?);
    Ok(value::from_node(&overlay(kinds, Some(of), base, over)))
}

/// A short digest of data; it depends neither on the layout of a text nor on the order of keys.
fn digest_of(data: &Value) -> Result<String, Error> {
    let mut json = String::new();
    value::write_json(&mut json, &sorted(data)?, References::Stay)?;
    Ok(digest::hex(&json, 8))
}

fn sorted(data: &Value) -> Result<Value, Error> {
    match data.kind() {
        ValueKind::Map => {
            let mut keys: Vec<Value> = data.try_iter()?.collect();
            keys.sort();
            let pairs = keys.into_iter().map(|key| Ok((key.clone(), sorted(&data.get_item(&key)?)?)));
            Ok(Value::from_pairs(pairs.collect::<Result<Vec<_>, Error>>()?))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            data.try_iter()?.map(|item| sorted(&item)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        _ => Ok(data.clone()),
    }
}

/// Ends the rendering: the author gave what the layout cannot do. Further arguments are the path of the value at fault.
fn fail(message: &str, path: Rest<Value>) -> Result<Value, Error> {
    let path = path.iter().map(value::text).collect::<Result<Vec<_>, _>>()?;
    Err(wrong(message).with_source(Fault::value(path)))
}
