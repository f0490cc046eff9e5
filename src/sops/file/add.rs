//! Maps and lists of values, put where nothing is.

use super::{Data, File, Node, Step};
use crate::problem::{Place, Problem, Problems};
use crate::sops::tfvars::Tree;
use crate::yaml::Map;

impl File {
    /// Puts a tree at a path where nothing is: its maps and lists are those of the file then. What is null is left out.
    pub fn add<S: AsRef<str>>(&mut self, path: &[S], tree: &Tree) -> Result<(), Problems> {
        let mut steps = self.steps(path)?;
        let Some(node) = self.node(&mut steps, tree)? else { return Ok(()) };
        let text = self.with_new(&steps, node).map_err(|why| self.stuck(&steps, why))?;
        self.become_text(text, &steps, &tree.leaves())
    }

    /// Whether the file's rule leaves a value at these keys in plain text.
    #[must_use]
    pub fn is_plain<S: AsRef<str>>(&self, path: &[S]) -> bool {
        !self.rules.encrypts(&path.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    }

    /// A tree as it is written at a path, encrypted; none where it is null.
    fn node(&self, path: &mut Vec<Step>, tree: &Tree) -> Result<Option<Node>, Problem> {
        let place = Place::file(&self.source).without_text();
        let below = |path: &mut Vec<Step>, step: Step, tree: &Tree| {
            path.push(step);
            let node = self.node(path, tree);
            path.pop();
            node
        };
        let data = match tree {
            Tree::Null => return Ok(None),
            Tree::Value(value) => return self.written(path, value).map(Some),
            Tree::List(list) => {
                let mut nodes = Vec::new();
                for item in list {
                    nodes.extend(below(path, Step::Index(nodes.len()), item)?);
                }
                Data::List(nodes)
            }
            Tree::Map(map) => {
                let mut nodes = Map::default();
                for (key, value) in map {
                    if let Some(node) = below(path, Step::Key(key.as_str().into()), value)? {
                        nodes.set(key.as_str(), node);
                    }
                }
                Data::Map(nodes)
            }
        };
        Ok(Some(Node::new(data, &place)))
    }
}
