//! JSON patch (RFC 6902), the last resort of an author, and whether a patch changed anything.

use crate::problem::{Place, Problem, did_you_mean};
use crate::yaml::{Data, Node};

/// What an operation can be called.
const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// The object with every operation of a list done, in order. The first that fails is a problem at its own place, which
/// says what is there instead.
pub fn apply(object: Node, operations: &Node) -> Result<Node, Problem> {
    let Some(list) = operations.as_list() else {
        let message = format!("a JSON patch is a list of operations, not {}", operations.kind());
        return Err(Problem::error("patch", message).at(&operations.place));
    };
    list.iter().try_fold(object, operate)
}

/// Whether two values are the same data, wherever they stand and however they are written. The keys of a map have no
/// order.
#[must_use]
pub fn is_same(a: &Node, b: &Node) -> bool {
    match (&a.data, &b.data) {
        (Data::Map(a), Data::Map(b)) => {
            a.0.len() == b.0.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (a, b) => a == b,
    }
}

fn operate(mut object: Node, operation: &Node) -> Result<Node, Problem> {
    let name = text(operation, "op")?;
    let known: &[&str] = match name.as_str() {
        Some("add" | "replace" | "test") => &["op", "path", "value"],
        Some("remove") => &["op", "path"],
        Some("move" | "copy") => &["op", "from", "path"],
        other => {
            let other = other.unwrap_or_default();
            let problem = Problem::error("patch", format!("JSON patch has no operation `{other}`")).at(&name.place);
            let near = did_you_mean(other, OPERATIONS);
            let known = format!("it has `{}`", OPERATIONS.join("`, `"));
            return Err(problem.label(if near.is_empty() { known } else { near }));
        }
    };
    only(operation, known)?;
    let path = Pointer::read(operation, "path")?;
    let from = || Pointer::read(operation, "from");
    let value = || operation.get("value").cloned().ok_or_else(|| missing(operation, "value"));
    match name.as_str() {
        Some("add") => path.add(&mut object, value()?)?,
        Some("remove") => _ = path.remove(&mut object)?,
        Some("replace") => *path.find(&mut object)? = value()?,
        Some("move") => {
            let from = from()?;
            if path.steps.len() > from.steps.len() && path.steps.starts_with(&from.steps) {
                return Err(path.problem("a value cannot move into itself".into(), String::new()));
            }
            let value = from.remove(&mut object)?;
            path.add(&mut object, value)?;
        }
        Some("copy") => {
            let value = from()?.find(&mut object)?.clone();
            path.add(&mut object, value)?;
        }
        _ => {
            let (found, expected) = (path.find(&mut object)?, value()?);
            if !is_same(found, &expected) {
                let message = format!("`{}` is {}, not {}", path.text, describe(found), describe(&expected));
                return Err(path.problem(message, "the test fails".into()));
            }
        }
    }
    Ok(object)
}

/// A field of an operation that is text.
fn text<'a>(operation: &'a Node, field: &str) -> Result<&'a Node, Problem> {
    let node = operation.get(field).ok_or_else(|| missing(operation, field))?;
    let message = || format!("`{field}` of an operation is text, not {}", node.kind());
    node.as_str().map(|_| node).ok_or_else(|| Problem::error("patch", message()).at(&node.place))
}

fn missing(operation: &Node, field: &str) -> Problem {
    let problem = Problem::error("patch", format!("the operation has no `{field}`")).at(&operation.place);
    problem.label("an operation is such as `{op: replace, path: /spec/replicas, value: 2}`")
}

/// A field that has no effect is a mistake.
fn only(operation: &Node, known: &[&str]) -> Result<(), Problem> {
    let entries = operation.as_map().map(|map| map.0.as_slice()).unwrap_or_default();
    let Some(entry) = entries.iter().find(|entry| !known.contains(&&*entry.key)) else { return Ok(()) };
    let problem = Problem::error("patch", format!("this operation has no field `{}`", entry.key)).at(&entry.place);
    Err(problem.label(did_you_mean(&entry.key, known.iter().copied())))
}

/// A JSON pointer (RFC 6901) and where it stands.
struct Pointer<'a> {
    text: &'a str,
    place: &'a Place,
    steps: Vec<String>,
}

impl<'a> Pointer<'a> {
    fn read(operation: &'a Node, field: &str) -> Result<Self, Problem> {
        let node = text(operation, field)?;
        let text = node.as_str().unwrap_or_default();
        let steps = text.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let pointer = Self { text, place: &node.place, steps };
        let has_stray = text.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
        match text.chars().next() {
            Some(c) if c != '/' => Err(pointer.problem(
                format!("`{text}` is no path of a JSON patch"),
                format!("did you mean `/{}`?", text.replace('.', "/")),
            )),
            _ if has_stray => Err(pointer.problem(
                format!("`{text}` is no path of a JSON patch"),
                "a `~` in a key is written `~0`, a `/` is `~1`".into(),
            )),
            _ => Ok(pointer),
        }
    }

    fn problem(&self, message: String, label: String) -> Problem {
        Problem::error("patch", message).at(self.place).label(label)
    }

    /// Nothing is at the path: what is there instead.
    fn absent(&self, parent: &Node, depth: usize) -> Problem {
        let (step, steps) = (&self.steps[depth], &self.steps[..depth]);
        let above: String = steps.iter().flat_map(|step| ["/", step]).collect();
        let above = if above.is_empty() { "the object".into() } else { format!("`{above}`") };
        let near = parent.as_map().map(|map| did_you_mean(step, map.keys())).filter(|near| !near.is_empty());
        let label = near.unwrap_or_else(|| format!("{above} is {}", describe(parent)));
        self.problem(format!("there is no `{}`", self.text), label)
    }

    fn find<'n>(&self, object: &'n mut Node) -> Result<&'n mut Node, Problem> {
        self.descend(object, self.steps.len())
    }

    /// The value after the first steps.
    fn descend<'n>(&self, object: &'n mut Node, depth: usize) -> Result<&'n mut Node, Problem> {
        let mut node = object;
        for (index, step) in self.steps.iter().take(depth).enumerate() {
            if !has(node, step) {
                return Err(self.absent(node, index));
            }
            let below = match &mut node.data {
                Data::Map(map) => map.get_mut(step),
                Data::List(list) => position(step).and_then(|at| list.get_mut(at)),
                _ => None,
            };
            node = below.ok_or_else(|| self.problem(format!("there is no `{}`", self.text), String::new()))?;
        }
        Ok(node)
    }

    fn add(&self, object: &mut Node, value: Node) -> Result<(), Problem> {
        let Some(end) = self.steps.last() else {
            *object = value;
            return Ok(());
        };
        let depth = self.steps.len() - 1;
        let parent = self.descend(object, depth)?;
        match &mut parent.data {
            Data::Map(map) => map.set(end.as_str(), value),
            Data::List(list) if end == "-" => list.push(value),
            Data::List(list) if position(end).is_some_and(|at| at <= list.len()) => {
                list.insert(position(end).unwrap_or_default(), value);
            }
            _ => return Err(self.absent(parent, depth)),
        }
        Ok(())
    }

    fn remove(&self, object: &mut Node) -> Result<Node, Problem> {
        let Some(end) = self.steps.last() else {
            return Err(self.problem("a patch cannot take the whole object away".into(), String::new()));
        };
        let depth = self.steps.len() - 1;
        let parent = self.descend(object, depth)?;
        let removed = match &mut parent.data {
            Data::Map(map) => map.remove(end),
            Data::List(list) => position(end).filter(|at| *at < list.len()).map(|at| list.remove(at)),
            _ => None,
        };
        match removed {
            Some(value) => Ok(value),
            None => Err(self.absent(parent, depth)),
        }
    }
}

fn has(node: &Node, step: &str) -> bool {
    match &node.data {
        Data::Map(map) => map.get(step).is_some(),
        Data::List(list) => position(step).is_some_and(|at| at < list.len()),
        _ => false,
    }
}

/// A place in a list: digits without leading zeros.
fn position(step: &str) -> Option<usize> {
    let is_index = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if is_index { step.parse().ok() } else { None }
}

/// A value in the words of a message.
fn describe(node: &Node) -> String {
    const MOST: usize = 8;
    match &node.data {
        Data::Map(map) if map.is_empty() => "an empty map".into(),
        Data::Map(map) => {
            let keys: Vec<_> = map.keys().take(MOST).collect();
            let more = if map.0.len() > MOST { ", ..." } else { "" };
            format!("a map with `{}`{more}", keys.join("`, `"))
        }
        Data::List(list) => match list.len() {
            0 => "an empty list".into(),
            1 => "a list with one entry, `0`".into(),
            count => format!("a list with the entries `0` to `{}`", count - 1),
        },
        Data::Null | Data::Removed => "`null`".into(),
        Data::Bool(value) => format!("`{value}`"),
        Data::Int(value) => format!("`{value}`"),
        Data::Float(value) => format!("`{value}`"),
        Data::Str(text) => match text.chars().nth(60) {
            None => format!("the text `{text}`"),
            Some(_) => format!("the text `{}...`", text.chars().take(60).collect::<String>()),
        },
    }
}

#[cfg(test)]
mod tests;
