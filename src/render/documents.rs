//! One job: a layout's text, and the documents in it.

use std::sync::Arc;

use crate::document::{self, Document};
use crate::kubernetes::identity::Identity;
use crate::kubernetes::normalise::normalise;
use crate::problem::{Place, Problem, Problems, Source, gather};
use crate::render::{Made, of_component, patches};
use crate::resolve::{Job, Module, each_text, only};
use crate::schema::KeepNulls;
use crate::site::Site;
use crate::template::{Value, from_node};
use crate::yaml::{self, Data, Map, Node};

/// Characters of a rendered line that a message shows.
const SHOWN: usize = 160;

/// The documents of a job, with the component's patches applied.
pub(super) fn of(site: &Site, module: &Module, number: usize, job: &Job) -> Result<Vec<Made>, Problems> {
    let context = job.context.layout([
        ("values", from_node(&job.values)),
        ("name", Value::from(job.name.as_str())),
        ("key", Value::from(job.component.as_str())),
        ("ns", Value::from(job.namespace.as_deref())),
    ]);
    let text = site.engine.render(&job.layout.template, &context).map_err(|error| {
        let problems =
            site.engine.problems(&error, Some(&module.files), &job.place, Some((&job.layout.template, &job.values)));
        problems.map(|problem| of_component(called_in(problem, &job.layout.template), job))
    })?;
    let source = Source::new(format!("{} (rendered)", job.layout.template.path), text);
    let nodes = yaml::parse(&source).map_err(|problem| of_text(problem, job))?;
    let documents = gather(nodes.into_iter().map(|node| {
        let node = without_nulls(node, job.layout.schema.keep_nulls());
        documents(site, job, node).map_err(|problems| problems.map(|problem| of_text(problem, job)))
    }))?;
    let mut made: Vec<Made> = documents.into_iter().flatten().map(|document| Made { job: number, document }).collect();
    patches::apply(site, &job.patches.iter().collect::<Vec<_>>(), &mut made).or(made)
}

/// A problem in a partial, with the line of the layout that calls the macro, where only one does.
fn called_in(problem: Problem, layout: &Arc<Source>) -> Problem {
    let Some(place) = problem.place.as_ref().filter(|place| place.source.path.starts_with("partials/")) else {
        return problem;
    };
    let before = place.source.text.lines().take(place.line as usize);
    let names = before.filter_map(|line| line.split_once("macro ")?.1.split_once('(')).map(|(name, _)| name.trim());
    let Some(name) = names.last() else { return problem };
    let call = format!("{name}(");
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let is_call = |line: &str| line.match_indices(&call).any(|(at, _)| !line[..at].ends_with(is_name));
    let mut lines = layout.text.lines().enumerate().filter(|(_, line)| is_call(line)).map(|(index, _)| index + 1);
    match (lines.next(), lines.next()) {
        (Some(line), None) => problem.note(format!("called by {}", Place::line(layout, line))),
        _ => problem,
    }
}

/// A problem in a rendered text: told at the value that the text is, or else at the component, with the text's line.
fn of_text(mut problem: Problem, job: &Job) -> Problem {
    if let Some(place) = problem.place.take() {
        problem.place = written(&place).and_then(|text| job.written.place(&job.values, None, &text));
        let line = place.source.line(place.line).unwrap_or_default().trim();
        let shown: String = line.chars().take(SHOWN).collect();
        let more = if shown.len() < line.len() { "..." } else { "" };
        problem = problem.note(format!("line {} of what the layout rendered: {shown}{more}", place.line));
    }
    if !problem.label.is_empty() && problem.place.is_none() {
        let label = std::mem::take(&mut problem.label);
        problem = problem.note(label);
    }
    of_component(problem, job)
}

/// The text that is written at a place of a rendered text.
fn written(place: &Place) -> Option<String> {
    let line = place.source.line(place.line)?;
    let start = usize::from(place.column).checked_sub(1)?;
    let mut rest = line.chars().skip(start);
    let token: String = rest.by_ref().take(place.length.into()).collect();
    if rest.next().is_some_and(|next| next.is_alphanumeric() || next == ':') {
        return None; // the first character of a map, not a whole text
    }
    let node = yaml::parse_one(&Source::new("text", token)).ok()?;
    match node.data {
        Data::Str(text) if !text.is_empty() => Some(text.into()),
        _ => node.plain.map(Into::into),
    }
}

/// The place in the stack of the only value with a text that is the one.
pub(super) fn value_place(values: &Node, is_it: &dyn Fn(&str) -> bool) -> Option<Place> {
    let mut found = Vec::new();
    each_text(values, &mut |_, text, place| found.extend(Some(place).filter(|_| is_it(text))));
    only(found)
}

/// The place in the stack of the only key that is called so.
pub(super) fn key_place(values: &Node, key: &str) -> Option<Place> {
    fn find<'a>(key: &str, node: &'a Node, found: &mut Vec<&'a Place>) {
        match &node.data {
            Data::List(list) => list.iter().for_each(|item| find(key, item, found)),
            Data::Map(map) => {
                found.extend(map.entry(key).map(|entry| &entry.place));
                map.iter().for_each(|(_, value)| find(key, value, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    find(key, values, &mut found);
    only(found)
}

fn documents(site: &Site, job: &Job, node: Node) -> Result<Vec<Document>, Problems> {
    if node.as_map().is_none() {
        return Err(Problem::error("document", format!("a document is {}, not an object", node.kind()))
            .at(&node.place)
            .into());
    }
    if node.get("apiVersion").and_then(Node::as_str) == Some(document::OWN) {
        return document::own(&node).map(|document| vec![document]);
    }
    gather(normalise(&site.kinds, node)?.into_iter().map(|object| self::object(site, job.namespace.as_deref(), object)))
}

/// An object with its namespace.
fn object(site: &Site, namespace: Option<&str>, mut object: Node) -> Result<Document, Problems> {
    let identity = Identity::read(&object)?;
    let Some(kind) = site.kinds.kind(&identity.api_version, &identity.kind) else {
        let place = object.get("kind").map_or(&object.place, |kind| &kind.place);
        return Err(site.kinds.unknown(&identity.api_version, &identity.kind).at(place).into());
    };
    match (kind.namespaced, &identity.namespace, namespace) {
        (false, None, _) | (true, Some(_), _) => Ok(Document::Object { identity, object }),
        (false, Some(_), _) => {
            let message = format!("a {} lies in no namespace; take `metadata.namespace` away", identity.kind);
            Err(Problem::error("namespace", message).at(&object.place).into())
        }
        (true, None, Some(namespace)) => {
            let place = object.place.clone();
            if let Some(metadata) =
                object.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut)
            {
                metadata.set("namespace", Node::text(namespace, &place));
            }
            let identity = Identity::read(&object).map_err(|problems| problems.map(Problem::nowhere))?;
            Ok(Document::Object { identity, object })
        }
        (true, None, None) => {
            let message = format!("{} `{}` has no namespace, and its module has none", identity.kind, identity.name);
            Err(Problem::error("namespace", message)
                .at(&object.place)
                .note("give the component `namespace:`, or the module one")
                .into())
        }
    }
}

/// Entries of maps without a value are left out, so that an optional field is one line of a layout.
fn without_nulls(mut node: Node, keep: &KeepNulls) -> Node {
    match keep {
        KeepNulls::Everywhere => {}
        KeepNulls::Nowhere => drop_nulls(&mut node, &[]),
        KeepNulls::Below(paths) => drop_nulls(&mut node, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>()),
    }
    node
}

fn drop_nulls(node: &mut Node, keep: &[&[Box<str>]]) {
    match &mut node.data {
        Data::List(list) => list.iter_mut().for_each(|item| drop_nulls(item, &[])),
        Data::Map(Map(entries)) => {
            entries.retain(|entry| !entry.value.is_null());
            for entry in entries {
                let below: Vec<_> = keep
                    .iter()
                    .filter_map(|path| {
                        path.split_first().filter(|(first, _)| **first == entry.key).map(|(_, rest)| rest)
                    })
                    .collect();
                if !below.iter().any(|rest| rest.is_empty()) {
                    drop_nulls(&mut entry.value, &below);
                }
            }
        }
        _ => {}
    }
}

/// An object again after it was changed: normalised, and with the identity that it has now.
pub(super) fn again(site: &Site, object: Node) -> Result<Document, Problems> {
    let mut objects = normalise(&site.kinds, object)?;
    let object = objects.pop().filter(|_| objects.is_empty());
    let object = object.ok_or_else(|| Problem::error("patch", "a patch made a list of one object"))?;
    self::object(site, None, object)
}
