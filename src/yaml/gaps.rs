//! The text of a tree with gaps, for texts that another hand writes.

use crate::yaml::{Data, Entry, Map, Node, emit, emit_json};

/// What stands in a tree for a text that is written later, and is nowhere else in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap(String);

/// How a tree is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As [`emit`] does.
    Yaml,
    /// As [`emit_json`] does.
    Json,
}

impl Gap {
    /// One for this tree.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let mut mark = "homebuild-gap".to_owned();
        while holds(node, &mark) {
            mark.push('-');
        }
        Self(mark)
    }

    /// What stands for a text; the tree's author puts it there.
    #[must_use]
    pub fn text(&self) -> Box<str> {
        self.0.as_str().into()
    }

    /// The text of a tree up to its first gap, between its gaps, in the order of the tree, and behind its last.
    #[must_use]
    pub fn cut(&self, node: &Node, form: Form) -> Vec<String> {
        let (text, mark) = match form {
            Form::Yaml => (emit(node), self.0.clone()),
            Form::Json => (emit_json(node), format!("\"{}\"", self.0)),
        };
        text.split(&mark).map(str::to_owned).collect()
    }
}

fn holds(node: &Node, mark: &str) -> bool {
    match &node.data {
        Data::Str(text) => text.contains(mark),
        Data::List(list) => list.iter().any(|item| holds(item, mark)),
        Data::Map(Map(entries)) => {
            entries.iter().any(|Entry { key, value, .. }| key.contains(mark) || holds(value, mark))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;
    use crate::yaml::parse_one;

    #[test]
    fn a_text_is_cut_at_its_gaps_whatever_else_it_says() {
        let node = parse_one(&Source::new("x", "homebuild-gap: [homebuild-gap-, \"homebuild-gap\", y]\n")).unwrap();
        let gap = Gap::of(&node);
        assert_eq!(&*gap.text(), "homebuild-gap--");
        assert_eq!(gap.cut(&node, Form::Yaml).len(), 1);
        let mut node = node;
        let list = node.as_map_mut().and_then(|map| map.get_mut("homebuild-gap")).unwrap();
        list.data = Data::List(vec![Node::text(gap.text(), &list.place), Node::text(gap.text(), &list.place)]);
        assert_eq!(gap.cut(&node, Form::Yaml), ["homebuild-gap:\n- ", "\n- ", "\n"]);
        assert_eq!(gap.cut(&node, Form::Json), ["{\n  \"homebuild-gap\": [\n    ", ",\n    ", "\n  ]\n}\n"]);
    }
}
