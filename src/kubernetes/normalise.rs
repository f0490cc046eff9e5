//! An object in the one form that `out/` shows, so that a reviewer sees what the server will see.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::PAD;

use crate::kubernetes::kinds::{Field, Kinds, Type};
use crate::problem::{Problem, Problems, gather};
use crate::secrets::reference::{self, Reference};
use crate::yaml::{Data, Entry, Map, Node};

/// Fields of an object's metadata that only the server sets.
const OF_THE_SERVER: [&str; 7] =
    ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// The objects in a rendered object: several where it is a list, each in its normal form. Normalising once more changes
/// nothing.
///
/// - A `List`, or a list of one kind, is its items.
/// - Text in a Secret's `data` is in `stringData`. What is not text, and base64 that would not come back the same, stays.
/// - A port says its protocol, and a Deployment its strategy.
/// - Empty maps of labels and annotations, and the null `creationTimestamp` and empty `status` that other tools write,
///   are not there. A value in a field that only the server sets is a problem.
///
/// Of a custom resource only the metadata are touched.
pub fn normalise(kinds: &Kinds, object: Node) -> Result<Vec<Node>, Problems> {
    let objects = unroll(kinds, object)?;
    gather(objects.into_iter().map(|object| normal(kinds, object)))
}

fn normal(kinds: &Kinds, mut object: Node) -> Result<Node, Problems> {
    let kind = kinds.of(&object).copied();
    let is_secret = kind.is_some() && is(&object, "v1", "Secret");
    let Some(map) = object.as_map_mut() else { return Ok(object) };
    let mut problems = Problems::new();
    if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
        problems.extend(OF_THE_SERVER.iter().filter_map(|field| server_field(metadata, field, "metadata.")));
        tidy(metadata);
    }
    if let Some(kind) = kind.filter(|kind| !kind.custom) {
        problems.extend(server_field(map, "status", ""));
        if is_secret {
            problems.extend(readable(map));
        }
        if let Some(of) = kinds.type_of(&kind) {
            complete(kinds, of, &mut object);
        }
    }
    problems.or(object)
}

fn is(object: &Node, api_version: &str, kind: &str) -> bool {
    let text = |key| object.get(key).and_then(Node::as_str);
    text("apiVersion") == Some(api_version) && text("kind") == Some(kind)
}

/// The items of a list and of the lists in it; another object is itself.
fn unroll(kinds: &Kinds, object: Node) -> Result<Vec<Node>, Problems> {
    if !is_list(kinds, &object) {
        return Ok(vec![object]);
    }
    let (api_version, kind) = (object.get("apiVersion").cloned(), kind_of_items(&object));
    let Data::Map(mut map) = object.data else { return Ok(Vec::new()) };
    let items = map.remove("items");
    let is_empty_meta = |e: &Entry| &*e.key == "metadata" && is_hollow(&e.value);
    let lost = map.0.iter().find(|e| !matches!(&*e.key, "apiVersion" | "kind") && !is_empty_meta(e));
    if let Some(entry) = lost {
        let message = format!("`{}` of a list is nothing that its items would keep", entry.key);
        return Err(Problem::error("list", message).at(&entry.place).label("leave it out").into());
    }
    let Some(Node { data: Data::List(items), .. }) = items else { return Ok(Vec::new()) };
    let unrolled = items.into_iter().map(|mut item| {
        let Some(map) = item.as_map_mut() else {
            let message = format!("an item of a list is {}, not an object", item.kind());
            return Err(Problem::error("list", message).at(&item.place).into());
        };
        if let (Some(kind), Some(api_version)) = (&kind, &api_version) {
            lead(map, "kind", kind);
            lead(map, "apiVersion", api_version);
        }
        unroll(kinds, item)
    });
    Ok(gather(unrolled)?.into_iter().flatten().collect())
}

/// Whether an object is a `List`, or a list of one kind such as `SecretList`: no kind of its own, with items.
fn is_list(kinds: &Kinds, object: &Node) -> bool {
    let is_named_so = || object.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    let has_items = || object.get("items").and_then(Node::as_list).is_some();
    is(object, "v1", "List") || (is_named_so() && has_items() && kinds.of(object).is_none())
}

/// The kind that a list of one kind gives to items that do not say theirs.
fn kind_of_items(list: &Node) -> Option<Node> {
    let kind = list.get("kind")?;
    let of = kind.as_str()?.strip_suffix("List").filter(|of| !of.is_empty())?;
    Some(Node::text(of, &kind.place))
}

/// Sets a key before all others, unless it is there.
fn lead(map: &mut Map, key: &str, value: &Node) {
    if map.get(key).is_none() {
        map.0.insert(0, Entry { key: key.into(), place: value.place.clone(), value: value.clone() });
    }
}

/// Takes away a field of the server that says nothing; one that says something is a problem.
fn server_field(map: &mut Map, field: &str, path: &str) -> Option<Problem> {
    let entry = map.entry(field)?;
    if !is_hollow(&entry.value) {
        let problem = Problem::error("server-field", format!("only the server sets `{path}{field}`"));
        return Some(problem.at(&entry.place).label("leave it out"));
    }
    map.remove(field);
    None
}

/// Whether nothing is said, however many empty maps say it.
fn is_hollow(node: &Node) -> bool {
    match &node.data {
        Data::Null | Data::Removed => true,
        Data::Str(text) => text.is_empty(),
        Data::List(list) => list.iter().all(is_hollow),
        Data::Map(map) => map.iter().all(|(_, value)| is_hollow(value)),
        Data::Bool(_) | Data::Int(_) | Data::Float(_) => false,
    }
}

/// Takes empty labels and annotations, and a null time of creation, out of metadata.
fn tidy(metadata: &mut Map) {
    metadata.0.retain(|entry| match &*entry.key {
        "labels" | "annotations" => !entry.value.is_null() && entry.value.as_map().is_none_or(|map| !map.is_empty()),
        "creationTimestamp" => !entry.value.is_null(),
        _ => true,
    });
}

/// Says what the API would take for granted, in an object of a type and in all below it.
fn complete(kinds: &Kinds, of: Type<'_>, node: &mut Node) {
    if &*of.name == "DeploymentSpec" {
        complete_strategy(node);
    }
    let Some(map) = node.as_map_mut() else { return };
    for entry in &mut map.0 {
        let Some(field) = kinds.field(of, &entry.key) else { continue };
        complete_field(kinds, field, &mut entry.value);
        if let ("metadata", Some(metadata)) = (&*entry.key, entry.value.as_map_mut()) {
            tidy(metadata);
        }
    }
    if kinds.field(of, "metadata").is_some() {
        map.0.retain(|entry| &*entry.key != "metadata" || entry.value.as_map().is_none_or(|map| !map.is_empty()));
    }
}

fn complete_field(kinds: &Kinds, field: Field<'_>, node: &mut Node) {
    let below = |node: &mut Node| {
        if let Some(of) = field.of {
            complete(kinds, of, node);
        }
    };
    match &mut node.data {
        Data::Map(map) if field.map => map.0.iter_mut().map(|entry| &mut entry.value).for_each(below),
        Data::List(list) => {
            for entry in list {
                complete_keys(field, entry);
                below(entry);
            }
        }
        _ => below(node),
    }
}

/// Gives an entry of a list the keys that it leaves to their defaults.
fn complete_keys(field: Field<'_>, entry: &mut Node) {
    let place = entry.place.clone();
    let Some(map) = entry.as_map_mut() else { return };
    for key in field.keys {
        if let Some(default) = field.default_of(key).filter(|_| map.get(key).is_none_or(Node::is_null)) {
            map.set(key.clone(), Node::new(default.clone(), &place));
        }
    }
}

fn complete_strategy(spec: &mut Node) {
    let place = spec.place.clone();
    let Some(map) = spec.as_map_mut() else { return };
    if map.get("strategy").is_none_or(Node::is_null) {
        map.set("strategy", Node::map(&place));
    }
    let strategy = map.get_mut("strategy").and_then(Node::as_map_mut);
    if let Some(strategy) = strategy.filter(|strategy| strategy.get("type").is_none_or(Node::is_null)) {
        strategy.set("type", Node::text("RollingUpdate", &place));
    }
}

/// Moves the text in a Secret's `data` to its `stringData`.
fn readable(secret: &mut Map) -> Problems {
    let Some(data) = secret.get("data").and_then(Node::as_map) else { return Problems::new() };
    if secret.get("stringData").is_some_and(|texts| !texts.is_null() && texts.as_map().is_none()) {
        return Problems::new();
    }
    let (mut moved, mut problems) = (Vec::new(), Problems::new());
    for entry in &data.0 {
        let said = secret.get("stringData").and_then(|texts| texts.get(&entry.key));
        match text_of(entry) {
            Err(problem) => problems.push(problem),
            Ok(text) if said.is_some_and(|said| said.as_str() != text.as_deref()) => {
                let message = format!("`{}` is in `data` and in `stringData`, and differs", entry.key);
                problems.push(Problem::error("secret", message).at(&entry.place).label("keep one of them"));
            }
            Ok(Some(text)) => moved.push((entry.key.clone(), Node::text(text, &entry.value.place))),
            Ok(None) => {}
        }
    }
    move_texts(secret, moved);
    problems
}

fn move_texts(secret: &mut Map, moved: Vec<(Box<str>, Node)>) {
    let Some((_, first)) = moved.first() else { return };
    if secret.get("stringData").is_none_or(Node::is_null) {
        secret.set("stringData", Node::map(&first.place));
    }
    if let Some(data) = secret.get_mut("data").and_then(Node::as_map_mut) {
        data.0.retain(|entry| moved.iter().all(|(key, _)| *key != entry.key));
        if data.is_empty() {
            secret.remove("data");
        }
    }
    if let Some(texts) = secret.get_mut("stringData").and_then(Node::as_map_mut) {
        for (key, text) in moved {
            texts.set(key, text);
        }
    }
}

/// The text that a value of a Secret's `data` stands for, if it is one that `stringData` can say.
fn text_of(entry: &Entry) -> Result<Option<String>, Problem> {
    let Some(encoded) = entry.value.as_str() else { return Ok(None) };
    if encoded.contains(reference::START) {
        return will_be_base64(entry, encoded).map(|()| None);
    }
    let problem = || {
        let message = format!("`{}` in `data` of a Secret is not base64", entry.key);
        Problem::error("base64", message).at(&entry.value.place).label("plain text stands in `stringData`")
    };
    let (bytes, is_canonical) = decoded(encoded).ok_or_else(problem)?;
    let is_text = |text: &String| {
        // In `stringData` it would be taken for a reference.
        !text.contains(reference::START) && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    };
    Ok(Some(bytes).filter(|_| is_canonical).and_then(|bytes| String::from_utf8(bytes).ok()).filter(is_text))
}

/// The bytes that a text stands for as the API server reads it, which skips line breaks and lets stray bits be; and
/// whether encoding them gives the same text again.
fn decoded(text: &str) -> Option<(Vec<u8>, bool)> {
    let lenient = GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));
    let bytes = lenient.decode(text.replace(['\n', '\r'], "")).ok()?;
    let is_canonical = lenient.encode(&bytes) == text;
    Some((bytes, is_canonical))
}

/// A reference is base64 once push has filled it in, if it says so.
fn will_be_base64(entry: &Entry, text: &str) -> Result<(), Problem> {
    let last = Reference::exactly(text).and_then(|mut reference| reference.filters.pop());
    if last.is_some_and(|filter| filter == "b64encode") {
        return Ok(());
    }
    let message = format!("`{}` in `data` of a Secret will not be base64 when its secret is filled in", entry.key);
    Err(Problem::error("base64", message).at(&entry.value.place).label("text with secrets stands in `stringData`"))
}

#[cfg(test)]
mod tests;
