//! Trees to canonical text.
//!
//! One tree has one text. It is written so that readers of YAML 1.1 (kubectl among them) and 1.2 read the same data back:
//! [`text`] decides which strings may stand without quotes. Lists stand at the column of their key, as kubectl has it.

mod text;

use std::fmt::Write as _;

use crate::yaml::{Data, Map, Node};
use text::Form;

/// A key longer than this gets the explicit form `? key`: readers of YAML 1.1 give up on others after 1024 bytes.
const LONG_KEY: usize = 512;

/// The canonical YAML of a tree.
#[must_use]
pub fn emit(node: &Node) -> String {
    let mut out = String::new();
    match &node.data {
        Data::Map(map) if !map.is_empty() => block_map(&mut out, map, 0),
        Data::List(list) if !list.is_empty() => block_list(&mut out, list, 0),
        Data::Str(text) => {
            // How deep a text with an indentation indicator stands at the top, readers do not agree on.
            match text::form(text) {
                Form::Block { indicator: false } => block_text(&mut out, text, 0, false),
                Form::Plain => out.push_str(text),
                _ => text::quoted(&mut out, text),
            }
            out.push('\n');
        }
        _ => {
            flat(&mut out, node);
            out.push('\n');
        }
    }
    // all texts of a build are held until all of it is right: no room is held with them
    out.shrink_to_fit();
    out
}

/// The canonical JSON of a tree, indented by two spaces, with a line break at the end.
#[must_use]
pub fn emit_json(node: &Node) -> String {
    let mut out = String::new();
    json(&mut out, node, 0);
    out.push('\n');
    out
}

/// A tree on one line, in YAML's flow style: for people to read.
#[must_use]
pub fn emit_line(node: &Node) -> String {
    let mut out = String::new();
    match &node.data {
        Data::Str(text) if text::form(text) == Form::Plain => out.push_str(text),
        _ => flow(&mut out, node),
    }
    out
}

/// A value without entries of its own as it stands behind a key or a dash; what holds it stands at `column`, from 0.
#[must_use]
pub fn emit_scalar(node: &Node, column: usize) -> String {
    let mut out = String::new();
    scalar(&mut out, node, column);
    out.pop();
    out
}

fn flow(out: &mut String, node: &Node) {
    match &node.data {
        Data::Str(text) => flow_text(out, text),
        Data::List(list) => {
            out.push('[');
            for (index, node) in list.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                flow(out, node);
            }
            out.push(']');
        }
        Data::Map(map) => {
            out.push('{');
            for (index, (key, node)) in map.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                flow_text(out, key);
                out.push_str(": ");
                flow(out, node);
            }
            out.push('}');
        }
        _ => flat(out, node),
    }
}

fn flow_text(out: &mut String, text: &str) {
    if text::form(text) == Form::Plain && !text.contains([',', '[', ']', '{', '}']) {
        out.push_str(text);
    } else {
        text::quoted(out, text);
    }
}

/// The entries of a map whose first key stands at `column`, where the output is.
fn block_map(out: &mut String, map: &Map, column: usize) {
    for (index, (key, node)) in map.iter().enumerate() {
        if index > 0 {
            indent(out, column);
        }
        block_key(out, key, column);
        match &node.data {
            Data::Map(map) if !map.is_empty() => {
                out.push('\n');
                indent(out, column + 2);
                block_map(out, map, column + 2);
            }
            Data::List(list) if !list.is_empty() => {
                out.push('\n');
                indent(out, column);
                block_list(out, list, column);
            }
            _ => {
                out.push(' ');
                scalar(out, node, column);
            }
        }
    }
}

/// The items of a list whose first `-` stands at `column`, where the output is.
fn block_list(out: &mut String, list: &[Node], column: usize) {
    for (index, node) in list.iter().enumerate() {
        if index > 0 {
            indent(out, column);
        }
        out.push_str("- ");
        match &node.data {
            Data::Map(map) if !map.is_empty() => block_map(out, map, column + 2),
            Data::List(list) if !list.is_empty() => block_list(out, list, column + 2),
            _ => scalar(out, node, column),
        }
    }
}

fn block_key(out: &mut String, key: &str, column: usize) {
    let start = out.len();
    match text::form(key) {
        Form::Plain => out.push_str(key),
        _ => text::quoted(out, key),
    }
    if out.len() - start > LONG_KEY {
        out.insert_str(start, "? ");
        out.push('\n');
        indent(out, column);
    }
    out.push(':');
}

/// A value without entries of its own, and the end of its line; the collection that holds it stands at `column`.
fn scalar(out: &mut String, node: &Node, column: usize) {
    if let Data::Str(text) = &node.data {
        match text::form(text) {
            Form::Plain => out.push_str(text),
            Form::Quoted => text::quoted(out, text),
            Form::Block { indicator } => block_text(out, text, column, indicator),
        }
        out.push('\n');
    } else {
        flat(out, node);
        out.push('\n');
    }
}

/// A text of several lines as a literal block.
fn block_text(out: &mut String, text: &str, column: usize, indicator: bool) {
    out.push('|');
    if indicator {
        out.push('2');
    }
    let lines = text.strip_suffix('\n').unwrap_or(text);
    match (lines.len() == text.len(), lines.ends_with('\n')) {
        (true, _) => out.push('-'),
        (false, true) => out.push('+'),
        (false, false) => {}
    }
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, column + 2);
            out.push_str(line);
        }
    }
}

/// A value in the form that YAML and JSON share.
fn flat(out: &mut String, node: &Node) {
    match &node.data {
        Data::Null | Data::Removed => out.push_str("null"),
        Data::Bool(true) => out.push_str("true"),
        Data::Bool(false) => out.push_str("false"),
        Data::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Data::Float(number) => float(out, *number),
        Data::Str(text) => text::quoted(out, text),
        Data::List(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

/// The shortest digits that read back as the same number, with the point and the signed exponent that YAML 1.1 wants.
fn float(out: &mut String, number: f64) {
    let start = out.len();
    let _ = write!(out, "{number:?}");
    let Some(exponent) = out[start..].find('e').map(|e| e + start) else { return };
    if !out[exponent + 1..].starts_with('-') {
        out.insert(exponent + 1, '+');
    }
    if !out[start..exponent].contains('.') {
        out.insert_str(exponent, ".0");
    }
}

fn json(out: &mut String, node: &Node, column: usize) {
    match &node.data {
        Data::List(list) if !list.is_empty() => {
            for (index, node) in list.iter().enumerate() {
                out.push_str(if index == 0 { "[\n" } else { ",\n" });
                indent(out, column + 2);
                json(out, node, column + 2);
            }
            out.push('\n');
            indent(out, column);
            out.push(']');
        }
        Data::Map(map) if !map.is_empty() => {
            for (index, (key, node)) in map.iter().enumerate() {
                out.push_str(if index == 0 { "{\n" } else { ",\n" });
                indent(out, column + 2);
                text::quoted(out, key);
                out.push_str(": ");
                json(out, node, column + 2);
            }
            out.push('\n');
            indent(out, column);
            out.push('}');
        }
        _ => flat(out, node),
    }
}

fn indent(out: &mut String, mut columns: usize) {
    const SPACES: &str = "                                                                ";
    while columns > 0 {
        let some = columns.min(SPACES.len());
        out.push_str(&SPACES[..some]);
        columns -= some;
    }
}

#[cfg(test)]
mod tests;
