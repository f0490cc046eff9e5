//! Where a change goes into a text. A text in the block style that sops writes is changed line by line; in flow style
//! values can be set and added.

use std::ops::Range;

use super::{Data, File, Node, Part, Step, What, is_sops};
use crate::problem::Place;
use crate::yaml::{self, Map};

impl File {
    /// The text with another scalar at a place.
    pub(super) fn with_scalar(&self, path: &[Step], at: &Range<usize>, node: &Node) -> String {
        let mut text = self.text.clone();
        text.replace_range(at.clone(), &self.scalar(path, node));
        text
    }

    /// A scalar as it is written at a path that is there.
    pub(super) fn scalar(&self, path: &[Step], node: &Node) -> String {
        if is_flow(&self.parts, path) { in_flow(node) } else { yaml::emit_scalar(node, self.holder(path)) }
    }

    /// The text with a value at a path that is not there; why not, where it cannot be.
    pub(super) fn with_new(&self, steps: &[Step], node: Node) -> Result<String, &'static str> {
        let there = |length: &usize| self.parts.iter().find(|part| is_value(part) && part.path == steps[..*length]);
        let (length, part) =
            (0..=steps.len()).rev().find_map(|length| Some((length, there(&length)?))).ok_or("the file is empty")?;
        let path = &steps[..length];
        let Some((first, deeper)) = steps[length..].split_first() else {
            return Ok(self.filled(part, &format!(" {}", self.scalar(path, &node))));
        };
        let node = deeper.iter().rev().fold(node, |node, step| wrapped(step, node));
        let entry = wrapped(first, node);
        let is_empty = self.children(path).next().is_none();
        match part.what {
            What::Collection { is_flow: false, .. } => Ok(self.appended(path, &entry)),
            _ if is_empty && !path.is_empty() && !is_flow(&self.parts, path) => {
                Ok(self.filled(part, &format!("\n{}", indented(&entry, self.holder(path) + 2))))
            }
            What::Collection { .. } => self.in_flow(path, &entry, is_empty),
            _ => Err("there is nothing where it could stand"),
        }
    }

    /// The text with something in the place of a value that is none: `null`, `{}`, or nothing behind its key.
    fn filled(&self, part: &Part, what: &str) -> String {
        let end = self.parts.iter().find(|end| end.what == What::End && end.path == part.path);
        let end = end.map_or(part.at.end, |end| end.at.end);
        let start = if part.at.is_empty() {
            self.text[part.at.start..].find(':').map_or(part.at.start, |colon| part.at.start + colon + 1)
        } else {
            self.text[..part.at.start].trim_end_matches(' ').len()
        };
        let mut text = self.text.clone();
        text.replace_range(start..end.max(start), what);
        text
    }

    /// The text with an entry more behind the last one of a map or a list in block style.
    fn appended(&self, path: &[Step], entry: &Node) -> String {
        // comments that are items of a list stand in lines of their own, which belong to the list
        let is_item = |part: &&Part| {
            matches!(part.what, What::Comment(_))
                && part.path.starts_with(path)
                && !self.text[part.at.start..].starts_with('#')
        };
        let ends = self.children(path).chain(self.parts.iter().filter(is_item)).map(|part| part.at.end);
        let last = ends.max();
        let first = self.children(path).next();
        let column = first.map_or(0, |part| match part.path.last() {
            Some(Step::Index(_)) => self.column(self.dash(part)),
            _ => self.column(part.at.start),
        });
        let lines = indented(entry, column);
        let mut text = self.text.clone();
        if let Some(last) = last {
            let end = text[last..].find('\n').map_or(text.len(), |offset| last + offset);
            text.insert_str(end, &format!("\n{lines}"));
        } else {
            let sops = self.parts.iter().find(|part| part.what == What::Key && is_sops(&part.path));
            text.insert_str(sops.map_or(text.len(), |part| self.line(part.at.start)), &format!("{lines}\n"));
        }
        text
    }

    fn in_flow(&self, path: &[Step], entry: &Node, is_empty: bool) -> Result<String, &'static str> {
        let end = self.parts.iter().find(|part| part.what == What::End && part.path == path);
        let end = end.ok_or("its map has no end")?.at.start;
        let line = yaml::emit_line(entry);
        let between = if is_empty { "" } else { ", " };
        let mut text = self.text.clone();
        text.insert_str(end, &format!("{between}{}", &line[1..line.len() - 1]));
        Ok(text)
    }

    /// The text without what stands at a path, and without the maps and lists that hold nothing else.
    pub(super) fn without(&self, steps: &[Step]) -> Result<String, &'static str> {
        let mut path = steps;
        while path.len() > 1 && self.entries(&path[..path.len() - 1]) == 1 {
            path = &path[..path.len() - 1];
        }
        if is_flow(&self.parts, path) {
            return Err("it stands in a map or a list in flow style");
        }
        let within = |part: &&Part| part.path.starts_with(path) && !matches!(part.what, What::Comment(_));
        let first = self.parts.iter().find(within).ok_or("it is not there")?;
        // comments in it go with it: they are bound to a map that is not there any more
        let last = self.parts.iter().filter(|part| part.path.starts_with(path)).map(|part| part.at.end).max();
        let last = last.unwrap_or(first.at.end);
        let begin = if first.what == What::Key { first.at.start } else { self.dash(first) };
        let end = self.text[last..].find('\n').map_or(self.text.len(), |offset| last + offset + 1);
        let line = self.line(begin);
        let mut text = self.text.clone();
        if text[line..begin].trim().is_empty() {
            text.replace_range(line..end, "");
        } else {
            // the first key of an item of a list: its dash stays for the next one
            let next = self.parts.iter().find(|part| part.at.start >= end && part.what == What::Key);
            text.replace_range(begin..next.map_or(end, |next| next.at.start), "");
        }
        Ok(text)
    }

    /// How many entries a map or a list has.
    pub(super) fn entries(&self, path: &[Step]) -> usize {
        let entry = |part: &&Part| is_value(part) && part.path.len() == path.len() + 1 && part.path.starts_with(path);
        self.parts.iter().filter(entry).count()
    }

    /// The keys and values below a map or a list; those of the file without what sops says of it.
    fn children<'a>(&'a self, path: &'a [Step]) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| {
            part.path.len() > path.len()
                && part.path.starts_with(path)
                && !matches!(part.what, What::Comment(_))
                && (!path.is_empty() || !is_sops(&part.path))
        })
    }

    /// The column of the map or the list that holds what is at a path.
    pub(super) fn holder(&self, path: &[Step]) -> usize {
        let at = |what: &dyn Fn(&Part) -> bool| self.parts.iter().find(|part| part.path == path && what(part));
        match path.last() {
            Some(Step::Key(_)) => at(&|part| part.what == What::Key).map_or(0, |part| self.column(part.at.start)),
            Some(Step::Index(_)) => at(&is_value).map_or(0, |part| self.column(self.dash(part))),
            None => 0,
        }
    }

    /// Where the dash of an item of a list stands.
    fn dash(&self, part: &Part) -> usize {
        self.text[..part.at.start].rfind('-').unwrap_or(part.at.start)
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |line| line + 1)
    }

    fn column(&self, at: usize) -> usize {
        self.text[self.line(at)..at].chars().count()
    }
}

/// Whether what is at a path stands in a map or a list in flow style.
pub(super) fn is_flow(parts: &[Part], path: &[Step]) -> bool {
    parts.iter().any(|part| {
        matches!(part.what, What::Collection { is_flow: true, .. })
            && part.path.len() < path.len()
            && path.starts_with(&part.path)
    })
}

/// A scalar in flow style, where commas and brackets mean something.
pub(super) fn in_flow(node: &Node) -> String {
    let list = Node::new(Data::List(vec![node.clone()]), &node.place);
    let line = yaml::emit_line(&list);
    line[1..line.len() - 1].to_owned()
}

fn is_value(part: &Part) -> bool {
    matches!(part.what, What::Scalar(_) | What::Collection { .. })
}

fn wrapped(step: &Step, node: Node) -> Node {
    let place = Place::nowhere();
    match step {
        Step::Index(_) => Node::new(Data::List(vec![node]), &place),
        Step::Key(key) => {
            let mut map = Map::default();
            map.set(key.clone(), node);
            Node::new(Data::Map(map), &place)
        }
    }
}

/// A map or a list in block style, whose lines begin at a column.
fn indented(node: &Node, column: usize) -> String {
    let space = " ".repeat(column);
    let text = yaml::emit(node);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{space}{line}") };
    text.trim_end_matches('\n').split('\n').map(line).collect::<Vec<_>>().join("\n")
}
