//! The values of keywords, and what is told of wrong ones.

use crate::problem::{Place, did_you_mean};
use crate::schema::load::{Loader, wrong};
use crate::schema::shape::Shape;
use crate::yaml::{Data, Map, Node};

impl<'a> Loader<'a> {
    pub(super) fn map(&mut self, node: &'a Node, key: &str) -> Option<&'a Map> {
        let node = node.get(key)?;
        let map = node.as_map();
        if map.is_none() {
            self.wrong(&node.place, format!("`{key}` is a map, not {}", node.kind()));
        }
        map
    }

    pub(super) fn text(&mut self, node: &'a Node, key: &str) -> Box<str> {
        let Some(node) = node.get(key) else { return Box::default() };
        if node.as_str().is_none() {
            self.wrong(&node.place, format!("`{key}` is text, not {}", node.kind()));
        }
        node.as_str().map_or_else(Box::default, Into::into)
    }

    pub(super) fn flag(&mut self, node: &'a Node, key: &str) -> bool {
        match node.get(key) {
            None => false,
            Some(Node { data: Data::Bool(flag), .. }) => *flag,
            Some(node) => {
                self.wrong(&node.place, format!("`{key}` is true or false"));
                false
            }
        }
    }

    pub(super) fn number(&mut self, node: &'a Node, key: &str) -> Option<Node> {
        let node = node.get(key)?;
        if matches!(node.data, Data::Int(_) | Data::Float(_)) {
            return Some(node.clone());
        }
        self.wrong(&node.place, format!("`{key}` is a number, not {}", node.kind()));
        None
    }

    pub(super) fn length(&mut self, node: &'a Node, key: &str) -> Option<usize> {
        let node = node.get(key)?;
        let length = if let Data::Int(length) = node.data { usize::try_from(length).ok() } else { None };
        if length.is_none() {
            self.wrong(&node.place, format!("`{key}` is a whole number that is not negative"));
        }
        length
    }

    /// The words of a keyword that takes one or a list of them.
    pub(super) fn words(&mut self, node: &'a Node, key: &str) -> Vec<(&'a str, &'a Place)> {
        node.get(key).map_or_else(Vec::new, |node| self.list_of_words(node))
    }

    pub(super) fn list_of_words(&mut self, node: &'a Node) -> Vec<(&'a str, &'a Place)> {
        let nodes = node.as_list().unwrap_or_else(|| std::slice::from_ref(node));
        let mut words = Vec::new();
        for node in nodes {
            match node.as_str() {
                Some(word) => words.push((word, &node.place)),
                None => self.wrong(&node.place, format!("a name is text, not {}", node.kind())),
            }
        }
        words
    }

    pub(super) fn undeclared(&mut self, name: &str, place: &Place, shape: &Shape) {
        let label = did_you_mean(name, shape.index.keys().map(|name| &**name));
        self.problems.push(wrong(place, format!("`{name}` is no property of this schema")).label(label));
    }

    pub(super) fn wrong(&mut self, place: &Place, message: String) {
        self.problems.push(wrong(place, message));
    }
}
