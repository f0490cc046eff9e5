//! `${{ ... }}` in the strings of a source, evaluated after the YAML is parsed.
//!
//! A string that is one expression keeps the expression's type; one that contains expressions becomes text. `$${{` is
//! the literal `${{`. Keys are not evaluated. The end of an expression is found by scanning its quotes and braces.

use super::{Context, Engine, Error, ErrorKind, Files, LARGEST, from_node, too_large, write_text};
use crate::problem::{Place, Problem, Problems};
use crate::yaml::{Data, Node};

/// A part of a string.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Expression(&'a str),
}

/// Whether a text holds an expression or the literal that stands for one.
#[must_use]
pub fn is_in(text: &str) -> bool {
    text.contains('$') && text.contains("${{")
}

/// Whether a text below a node holds one.
#[must_use]
pub fn is_below(node: &Node) -> bool {
    match &node.data {
        Data::Str(text) => is_in(text),
        Data::List(list) => list.iter().any(is_below),
        Data::Map(map) => map.iter().any(|(_, value)| is_below(value)),
        _ => false,
    }
}

/// How many variables may have expressions: each sees all that stand above it.
const VARIABLES: usize = 1000;

/// The problem of variables that are too many.
#[must_use]
pub fn too_many(vars: &Node) -> Option<Problem> {
    let number = vars.as_map()?.iter().filter(|(_, value)| is_below(value)).count();
    let message = format!("{number} variables have expressions; at most {VARIABLES} may");
    (number > VARIABLES).then(|| Problem::error("too-many", message).at(&vars.place))
}

/// Whether a text is one expression and nothing else.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    matches!(parts(text).as_deref(), Ok([Part::Expression(_)]))
}

/// Evaluates every string below a node; what fails is left null and its problem kept.
pub fn evaluate(node: Node, engine: &Engine, context: &Context, files: &Files, problems: &mut Problems) -> Node {
    let run = |text: &str, place: &Place| engine.evaluate(text, context, place);
    evaluate_with(node, &run, &mut |error, place| {
        problems.extend(engine.problems(&error, Some(files), place, None));
    })
}

/// The same with any way to run an expression.
pub fn evaluate_with(
    node: Node,
    run: &dyn Fn(&str, &Place) -> Result<Node, Error>,
    failed: &mut dyn FnMut(Error, &Place),
) -> Node {
    let Node { data, plain, place } = node;
    let data = match data {
        Data::Str(text) if is_in(&text) => {
            return string(&text, &place, run).unwrap_or_else(|error| {
                failed(error, &place);
                Node::new(Data::Null, &place)
            });
        }
        Data::List(list) => Data::List(list.into_iter().map(|item| evaluate_with(item, run, failed)).collect()),
        Data::Map(mut map) => {
            for entry in &mut map.0 {
                let value = std::mem::replace(&mut entry.value, Node::new(Data::Null, &entry.place));
                entry.value = evaluate_with(value, run, failed);
            }
            Data::Map(map)
        }
        other => other,
    };
    Node { data, plain, place }
}

fn string(text: &str, place: &Place, run: &dyn Fn(&str, &Place) -> Result<Node, Error>) -> Result<Node, Error> {
    let parts = parts(text).map_err(|message| Error::new(ErrorKind::InvalidOperation, message))?;
    if let [Part::Expression(expression)] = parts.as_slice() {
        return run(expression, place);
    }
    let mut out = String::with_capacity(text.len());
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Expression(expression) => {
                let node = run(expression, place)?;
                if let Some(message) = crate::secrets::many(&node) {
                    return Err(Error::new(ErrorKind::InvalidOperation, message));
                }
                write_text(&mut out, &from_node(&node))?;
            }
        }
        if out.len() > LARGEST {
            return Err(too_large());
        }
    }
    Ok(Node::text(out, place))
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("${{") {
        if rest[..at].ends_with('$') {
            parts.extend(text_part(&rest[..at - 1]));
            parts.push(Part::Text("${{"));
            rest = &rest[at + 3..];
            continue;
        }
        parts.extend(text_part(&rest[..at]));
        let inside = &rest[at + 3..];
        let end = end(inside).ok_or("an expression begins with `${{` and does not end with `}}`")?;
        parts.push(Part::Expression(inside[..end].trim()));
        rest = &inside[end + 2..];
    }
    parts.extend(text_part(rest));
    Ok(parts)
}

fn text_part(text: &str) -> Option<Part<'_>> {
    (!text.is_empty()).then_some(Part::Text(text))
}

/// Where the `}}` of an expression stands: outside of its quotes and of its own braces.
fn end(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth > 0 => depth -= 1,
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            (Some(_) | None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_expression_is_outside_of_quotes_and_braces() {
        use Part::{Expression as E, Text as T};
        assert_eq!(parts("a${{ x }}b").unwrap(), [T("a"), E("x"), T("b")]);
        assert_eq!(parts("${{ {'a': {'b': 1}} }}").unwrap(), [E("{'a': {'b': 1}}")]);
        assert_eq!(parts(r#"${{ "}}" ~ '\'}}' }}"#).unwrap(), [E(r#""}}" ~ '\'}}'"#)]);
        assert_eq!(parts("$${{ x }}").unwrap(), [T("${{"), T(" x }}")]);
        assert_eq!(parts("{{ x }} ${y}").unwrap(), [T("{{ x }} ${y}")]);
        assert!(parts("${{ x }").is_err());
    }

    #[test]
    fn only_a_string_that_is_one_expression_is_whole() {
        assert!(is_whole("${{ x }}") && !is_whole("${{ x }}${{ y }}") && !is_whole("a ${{ x }}") && !is_whole("x"));
    }
}
