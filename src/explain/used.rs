//! Which values of the author can be seen in an object. It is told by their texts, so it is a hint, not a proof.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::problem::{Place, Problem, did_you_mean};
use crate::yaml::{Data, Node};

/// A text shorter than this is looked for as a whole field only: `app` stands in too many others.
const WORD: usize = 4;

/// A value of a component, and the fields in which it can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Its path in the component: `ingress.host`.
    pub value: String,
    /// Where it is written.
    pub place: String,
    /// The fields of the object: `spec.rules[0].host`.
    pub fields: Vec<String>,
}

/// The values that can be seen in an object, in their order. What one place gives, a short form or an expression, is one
/// value; what a schema adds to a component has the component's place and is no value of the author's.
pub(super) fn used(values: &Node, component: &Place, object: &Node) -> Vec<Used> {
    let (mut given, mut fields) = (Vec::new(), Vec::new());
    leaves(values, &Path::default(), false, &mut given);
    leaves(object, &Path::default(), true, &mut fields);
    let mut all: Vec<(&Place, Path, Vec<String>)> = Vec::new();
    for leaf in given.iter().filter(|leaf| is_written(&leaf.node.place) && leaf.node.place != *component) {
        let seen = fields.iter().filter(|field| is_seen(leaf, field)).map(|field| field.path.to_string());
        match all.iter_mut().find(|(place, ..)| **place == leaf.node.place) {
            Some((_, path, fields)) => {
                path.keep_common(&leaf.path);
                let new: Vec<String> = seen.filter(|field| !fields.contains(field)).collect();
                fields.extend(new);
            }
            None => all.push((&leaf.node.place, leaf.path.clone(), seen.collect())),
        }
    }
    let used = |(place, path, fields): (&Place, Path, Vec<String>)| {
        (!fields.is_empty()).then(|| Used { value: path.to_string(), place: place.to_string(), fields })
    };
    all.into_iter().filter_map(used).collect()
}

/// Keeps what can be seen in a field of an object, or below it.
pub(super) fn only(values: &mut Vec<Used>, object: Option<&Node>, field: &str) -> Result<(), Problem> {
    let mut fields = Vec::new();
    if let Some(object) = object {
        leaves(object, &Path::default(), true, &mut fields);
    }
    let above =
        |path: &Path| (1..=path.0.len()).map(|keys| Path(path.0[..keys].to_vec()).to_string()).collect::<Vec<_>>();
    let paths: BTreeSet<String> = fields.iter().flat_map(|leaf| above(&leaf.path)).collect();
    let is_in =
        |path: &str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    if !paths.contains(field) {
        let known = paths.iter().map(String::as_str);
        let problem = Problem::error("unknown-field", format!("the object has no field `{field}`"));
        return Err(problem.label(did_you_mean(field, known)));
    }
    for used in values.iter_mut() {
        used.fields.retain(|path| is_in(path));
    }
    values.retain(|used| !used.fields.is_empty());
    Ok(())
}

fn is_written(place: &Place) -> bool {
    place.source.path.starts_with("stacks/") || place.source.path == "homebuild.yaml"
}

/// A value without others in it.
struct Leaf<'a> {
    path: Path,
    node: &'a Node,
}

impl Leaf<'_> {
    fn has_key_of(&self, other: &Self) -> bool {
        self.path.0.last() == other.path.0.last()
    }
}

/// The keys that lead to a value; those of lists in brackets.
#[derive(Debug, Clone, Default)]
struct Path(Vec<String>);

impl Path {
    fn with(&self, key: String) -> Self {
        Self(self.0.iter().cloned().chain([key]).collect())
    }

    fn keep_common(&mut self, other: &Self) {
        let same = self.0.iter().zip(&other.0).take_while(|(a, b)| a == b).count();
        self.0.truncate(same);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, key) in self.0.iter().enumerate() {
            write!(f, "{}{key}", if number == 0 || key.starts_with('[') { "" } else { "." })?;
        }
        Ok(())
    }
}

/// The values below a value. The only item of a list is named where `is_object`: in a component, a list of one is mostly
/// written as the one value.
fn leaves<'a>(node: &'a Node, path: &Path, is_object: bool, found: &mut Vec<Leaf<'a>>) {
    let is_word = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    match &node.data {
        Data::Map(map) => {
            for (key, value) in map.iter() {
                let key = if is_word(key) { key.to_owned() } else { format!("[{key}]") };
                leaves(value, &path.with(key), is_object, found);
            }
        }
        Data::List(list) if list.len() == 1 && !is_object => leaves(&list[0], path, is_object, found),
        Data::List(list) => {
            for (number, item) in list.iter().enumerate() {
                let name = item.get("name").and_then(Node::as_str).map(str::to_owned);
                let key = format!("[{}]", name.unwrap_or_else(|| number.to_string()));
                leaves(item, &path.with(key), is_object, found);
            }
        }
        Data::Null | Data::Removed => {}
        _ => found.push(Leaf { path: path.clone(), node }),
    }
}

fn is_seen(value: &Leaf, field: &Leaf) -> bool {
    match (&value.node.data, &field.node.data) {
        (Data::Str(text), Data::Str(whole)) => {
            !text.is_empty() && (text == whole || text.len() >= WORD && has_word(whole, text))
        }
        // a small number is everywhere: it must have the same name
        (Data::Int(number), Data::Int(whole)) => number == whole && (value.has_key_of(field) || *number > 99),
        (Data::Int(number), Data::Str(whole)) => value.has_key_of(field) && number.to_string() == **whole,
        (Data::Bool(is), Data::Bool(whole)) => is == whole && value.has_key_of(field),
        _ => false,
    }
}

/// Whether a text stands in another one with nothing of a word before or behind it.
fn has_word(whole: &str, text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let stands_alone = |(at, _): (usize, &str)| {
        is_end(whole[..at].chars().next_back()) && is_end(whole[at + text.len()..].chars().next())
    };
    whole.match_indices(text).any(stands_alone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;
    use crate::yaml::parse_one;

    fn read(path: &str, text: &str) -> Node {
        parse_one(&Source::new(path, text)).unwrap()
    }

    fn told(values: &Node, component: &Place, object: &str) -> String {
        let row = |one: &Used| format!("{} {} {}", one.value, one.place, one.fields.join(" "));
        used(values, component, &read("out/a", object)).iter().map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_value_is_seen_where_its_text_stands() {
        let values = "image: nginx:1.29\nport: 8080\nreplicas: 2\nhost: draw\nid: app\nquiet: true\n";
        let object = "metadata: {labels: {app: app}, annotations: {a.b/c: see draw.example.org}}\nspec:\n  replicas: 2\n  \
                      others: 2\n  apple: draws\n  containers: [{name: web, image: nginx:1.29, ports: [{containerPort: 8080}]}]\n";
        let values = read("stacks/a/stack.yaml", values);
        insta::assert_snapshot!(told(&values, &Place::nowhere(), object), @r"
    image stacks/a/stack.yaml:1:8 spec.containers[web].image
    port stacks/a/stack.yaml:2:7 spec.containers[web].ports[0].containerPort
    replicas stacks/a/stack.yaml:3:11 spec.replicas
    host stacks/a/stack.yaml:4:7 metadata.annotations[a.b/c]
    id stacks/a/stack.yaml:5:5 metadata.labels.app
    ");
    }

    #[test]
    fn a_field_has_only_what_is_seen_in_it() {
        let object = read("out/a", "a: {b: nginx, bc: nginx}\nd: nginx\n");
        let all = || used(&read("stacks/a/stack.yaml", "image: nginx"), &Place::nowhere(), &object);
        let fields = |field: &str| {
            let mut values = all();
            only(&mut values, Some(&object), field)
                .map(|()| values.into_iter().flat_map(|one| one.fields).collect::<Vec<_>>())
        };
        assert_eq!(fields("a").unwrap(), ["a.b", "a.bc"]);
        assert_eq!(fields("a.b").unwrap(), ["a.b"]);
        assert_eq!(fields("a.bcd").unwrap_err().label, "did you mean `a.bc`?");
    }

    #[test]
    fn what_one_place_gives_is_one_value() {
        let mut values = read("stacks/a/stack.yaml", "service: draw\n");
        let place = values.get("service").unwrap().place.clone();
        let both = read("x", "{name: draw, type: ClusterIP}");
        let both = both.as_map().unwrap().iter().map(|(key, value)| (key, Node::new(value.data.clone(), &place)));
        let mut service = Node::map(&place);
        both.for_each(|(key, value)| service.as_map_mut().unwrap().set(key, value));
        values.as_map_mut().unwrap().set("service", service);
        let object = "metadata: {name: draw}\nspec: {type: ClusterIP}\n";
        assert_eq!(
            told(&values, &Place::nowhere(), object),
            "service stacks/a/stack.yaml:1:10 metadata.name spec.type"
        );
    }

    #[test]
    fn a_default_is_not_the_authors() {
        let values = read("layouts/app.schema.yaml", "image: nginx\n");
        assert_eq!(told(&values, &Place::nowhere(), "image: nginx"), "");
        let values = read("stacks/a/stack.yaml", "image: nginx\n");
        assert_eq!(told(&values, &values.get("image").unwrap().place, "image: nginx"), "");
    }
}
