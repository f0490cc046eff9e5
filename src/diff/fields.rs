//! Two states of one object to the fields that changed.

use std::collections::BTreeSet;

use crate::kubernetes::kinds::{self, Kinds};
use crate::kubernetes::patch::is_same;
use crate::secrets::reference::has_reference;
use crate::yaml::{self, Data, Node};

use super::effect::Rules;
use super::item::{Content, Item};
use super::{Change, Field, Verb, delta};

/// The pod annotation with the digest of files, environment and secrets.
const DIGEST: &str = "homebuild.dev/config";
/// Keys by which the entries of a list are told apart where the kind's data has none, in this order.
const GUESSES: [&str; 5] = ["name", "host", "path", "key", "dnsName"];

/// The fields that changed, in the order of the object.
pub(super) fn fields(old: &Item, new: &Item, kinds: &Kinds) -> Vec<Field> {
    let is_secret = old.is_secret() || new.is_secret();
    let rules =
        Rules { group: &new.group, kind: &new.subject.kind, is_replaced: new.may_be_replaced(), left: new.left() };
    let mut walk = Walk { kinds, rules, is_secret, fields: Vec::new() };
    match (&old.content, &new.content) {
        (Content::Text(old), Content::Text(new)) => walk.text(&Step::default(), old, new),
        (Content::Tree(old), Content::Tree(new)) => {
            let of = kinds.of(new).and_then(|kind| kinds.type_of(kind));
            walk.value(&Step { field: typed(of), ..Step::default() }, Some(old), Some(new));
        }
        _ => walk.put(&Step::default(), Change::Value(None, None)),
    }
    if in_another_order(&old.calls(), &new.calls()) {
        walk.put(&Step { path: "calls".to_owned(), pattern: "calls".to_owned(), ..Step::default() }, Change::Order);
    }
    walk.fields
}

/// Whether what is in both lists stands otherwise in them.
fn in_another_order<T: PartialEq>(old: &[T], new: &[T]) -> bool {
    let stayed = old.iter().filter(|name| new.contains(name));
    !stayed.eq(new.iter().filter(|name| old.contains(name)))
}

fn typed(of: Option<kinds::Type<'_>>) -> kinds::Field<'_> {
    kinds::Field { of, ..kinds::Field::default() }
}

/// A value on the way down.
#[derive(Debug, Default, Clone)]
struct Step<'k> {
    /// Where it stands.
    path: String,
    /// The same with `*` for every entry of a list.
    pattern: String,
    /// The last key of the path.
    key: String,
    /// What is known of it.
    field: kinds::Field<'k>,
    /// Whether nothing is said of it.
    is_hidden: bool,
    /// Whether it is an annotation: a text that may be a list.
    is_annotation: bool,
}

impl Step<'_> {
    /// An entry of a list; a container and what is found by a host or a number has another name in every object.
    fn entry(&self, name: &str, is_own: bool) -> Self {
        let path = format!("{}[{name}]", self.path);
        let is_own = is_own || matches!(self.key.as_str(), "containers" | "initContainers");
        let pattern = format!("{}[{}]", self.pattern, if is_own { "*" } else { name });
        Self { path, pattern, field: typed(self.field.of), ..self.clone() }
    }
}

struct Walk<'a> {
    kinds: &'a Kinds,
    rules: Rules<'a>,
    is_secret: bool,
    fields: Vec<Field>,
}

impl<'k> Walk<'k> {
    fn put(&mut self, step: &Step<'k>, change: Change) {
        let effect = self.rules.effect(&step.path, &change);
        self.fields.push(Field { path: step.path.clone(), pattern: step.pattern.clone(), change, effect });
    }

    fn value(&mut self, step: &Step<'k>, old: Option<&Node>, new: Option<&Node>) {
        let data = (old.map(|node| &node.data), new.map(|node| &node.data));
        let (is_map, is_secret) = (
            |data: Option<&Data>| matches!(data, Some(Data::Map(_))),
            |data: Option<&Data>| matches!(data, Some(Data::Str(text)) if has_reference(text)),
        );
        match data {
            _ if old.zip(new).is_some_and(|(old, new)| is_same(old, new)) => {}
            (Some(Data::Map(_)), Some(Data::Map(_))) => self.map(step, old, new),
            (a, b) if step.is_hidden && (is_map(a) || is_map(b)) => self.map(step, old, new),
            (a, b) if step.is_hidden || is_secret(a) || is_secret(b) => {
                self.put(step, Change::Secret(verb(old.is_some(), new.is_some())));
            }
            (Some(Data::Str(old)), Some(Data::Str(new))) => self.text(step, old, new),
            (Some(Data::List(old)), Some(Data::List(new))) => self.list(step, old, new),
            _ => self.put(step, Change::Value(old.map(line), new.map(line))),
        }
    }

    fn map(&mut self, step: &Step<'k>, old: Option<&Node>, new: Option<&Node>) {
        let keys = |node: Option<&'_ Node>| {
            let keys = node.and_then(Node::as_map).into_iter().flat_map(|map| map.keys().map(str::to_owned));
            keys.collect::<Vec<_>>()
        };
        let get = |node: Option<&Node>, key: &str| node.and_then(|node| node.get(key)).cloned();
        let from_secret = |node: Option<&Node>| node.is_some_and(|n| n.at(["valueFrom", "secretKeyRef"]).is_some());
        // what was plain and now comes from a Secret, or did, is a secret's value
        let moves_into_secret = from_secret(old) || from_secret(new);
        let all = keys(new);
        let gone = keys(old).into_iter().filter(|key| !all.contains(key)).collect::<Vec<_>>();
        for key in all.iter().chain(&gone) {
            let mut child = self.child(step, key);
            child.is_hidden |= moves_into_secret && key == "value";
            self.value(&child, get(old, key).as_ref(), get(new, key).as_ref());
        }
    }

    fn child(&self, step: &Step<'k>, key: &str) -> Step<'k> {
        let known = || self.kinds.field(step.field.of?, key);
        Step {
            path: join(&step.path, key),
            pattern: join(&step.pattern, key),
            key: key.to_owned(),
            field: if step.field.map { typed(step.field.of) } else { known().unwrap_or_default() },
            is_hidden: step.is_hidden || self.is_secret && step.path.is_empty() && matches!(key, "data" | "stringData"),
            is_annotation: step.key == "annotations",
        }
    }

    fn list(&mut self, step: &Step<'k>, old: &[Node], new: &[Node]) {
        if let Some(named) = Named::new(&step.field, old, new) {
            return self.named(step, &named);
        }
        let lines = |list: &[Node]| list.iter().map(yaml::emit_line).collect::<Vec<_>>();
        let (before, after) = (lines(old), lines(new));
        if old.iter().chain(new).all(|node| node.as_map().is_none() && node.as_list().is_none()) {
            return self.put(step, delta::entries(&before, &after));
        }
        for (gone, come) in delta::changes(&before, &after) {
            let entry = |index: usize| step.entry(&index.to_string(), true);
            let both = gone.len().min(come.len());
            for (a, b) in gone.clone().zip(come.clone()) {
                self.value(&entry(b), old.get(a), new.get(b));
            }
            gone.skip(both).for_each(|index| self.value(&entry(index), old.get(index), None));
            come.skip(both).for_each(|index| self.value(&entry(index), None, new.get(index)));
        }
    }

    fn named(&mut self, step: &Step<'k>, Named { old, new, is_guess, is_own }: &Named) {
        let find = |list: &[(String, &Node)], name: &str| list.iter().any(|(other, _)| other == name);
        let come: Vec<_> = new.iter().filter(|(name, _)| !find(old, name)).collect();
        let gone: Vec<_> = old.iter().filter(|(name, _)| !find(new, name)).collect();
        for (name, node) in new {
            let before = old.iter().find(|(other, _)| other == name).map(|(_, node)| *node);
            // an entry that only has another name now, where nothing says that the name makes it another one
            let renamed = come.iter().position(|(other, _)| other == name).and_then(|at| gone.get(at));
            let renamed = renamed.filter(|_| *is_guess && come.len() == gone.len()).map(|(_, node)| *node);
            self.value(&step.entry(name, *is_own), before.or(renamed), Some(*node));
        }
        if !*is_guess || come.len() != gone.len() {
            for (name, node) in gone {
                self.value(&step.entry(name, *is_own), Some(*node), None);
            }
        }
        let names = |list: &[(String, &Node)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if in_another_order(&names(old), &names(new)) {
            self.put(step, Change::Order);
        }
    }

    fn text(&mut self, step: &Step<'k>, old: &str, new: &str) {
        let commas = || delta::commas(old).zip(delta::commas(new)).filter(|(a, b)| a.len() + b.len() > 2);
        let change = if has_reference(old) || has_reference(new) {
            Change::Secret(Verb::Changed)
        } else if step.key == DIGEST {
            Change::Digest
        } else if old.contains('\n') || new.contains('\n') {
            delta::lines(old, new)
        } else if let Some((old, new)) = step.is_annotation.then(commas).flatten() {
            delta::entries(&old, &new)
        } else {
            // both are text: no quotes are needed to tell `"8080"` from `8080`
            let shown = |text: &str| if text.is_empty() { "\"\"".to_owned() } else { text.to_owned() };
            Change::Value(Some(shown(old)), Some(shown(new)))
        };
        self.put(step, change);
    }
}

fn verb(was: bool, is: bool) -> Verb {
    match (was, is) {
        (true, true) => Verb::Changed,
        (true, false) => Verb::Removed,
        (false, _) => Verb::Added,
    }
}

/// A value on one line, without its secrets.
fn line(node: &Node) -> String {
    yaml::emit_line(&masked(node.clone()))
}

fn masked(mut node: Node) -> Node {
    match &mut node.data {
        Data::Str(text) if has_reference(text) => *text = delta::SECRET.into(),
        Data::List(list) => list.iter_mut().for_each(|entry| *entry = masked(entry.clone())),
        Data::Map(map) => map.0.iter_mut().for_each(|entry| entry.value = masked(entry.value.clone())),
        _ => {}
    }
    node
}

/// A path and one more key: `a.b`, `a[b.c/d]`.
fn join(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let is_numbered = key.split_once('[').is_some_and(|(word, _)| path.is_empty() && !word.is_empty());
    match (is_plain || is_numbered, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key}]"),
    }
}

/// Two lists whose entries have names.
struct Named<'a> {
    old: Vec<(String, &'a Node)>,
    new: Vec<(String, &'a Node)>,
    /// Whether the kind's data does not say so.
    is_guess: bool,
    /// Whether the names are other ones in every object: hosts.
    is_own: bool,
}

impl<'a> Named<'a> {
    fn new(field: &kinds::Field<'_>, old: &'a [Node], new: &'a [Node]) -> Option<Self> {
        let known = (!field.keys.is_empty()).then(|| field.keys.iter().map(|key| &**key).collect::<Vec<_>>());
        let guesses = GUESSES.iter().map(|key| (vec![*key], true));
        known.map(|keys| (keys, false)).into_iter().chain(guesses).find_map(|(keys, is_guess)| {
            let (old, new) = (named(field, &keys, old)?, named(field, &keys, new)?);
            Some(Self { old, new, is_guess, is_own: matches!(keys[..], ["host" | "dnsName"]) })
        })
    }
}

/// The entries of a list with their names; none if one has no name or two have the same.
fn named<'a>(field: &kinds::Field<'_>, keys: &[&str], list: &'a [Node]) -> Option<Vec<(String, &'a Node)>> {
    let name = |entry: &'a Node| Some((name(field, keys, entry)?, entry));
    let entries: Vec<(String, &Node)> = list.iter().map(name).collect::<Option<_>>()?;
    let unique: BTreeSet<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    (unique.len() == entries.len()).then_some(entries)
}

/// The name of a list's entry: its keys, but for one that is what it is anyway (`TCP`).
fn name(field: &kinds::Field<'_>, keys: &[&str], entry: &Node) -> Option<String> {
    let mut parts = Vec::new();
    for key in keys {
        let default = field.default_of(key);
        match entry.get(key).filter(|node| !node.is_null()) {
            Some(node) if Some(&node.data) == default => {}
            Some(Node { data: Data::Str(text), .. }) if has_reference(text) => return None,
            Some(node @ Node { data: Data::Str(_) | Data::Int(_), .. }) => {
                parts.push(node.as_str().map_or_else(|| yaml::emit_line(node), str::to_owned));
            }
            Some(_) => return None,
            None => _ = default?,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
