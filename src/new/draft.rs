//! A source as a person would write it: what is short stands on one line, and there are comments.

use crate::problem::Place;
use crate::yaml::{self, Data, Map, Node};

/// Columns that a line may take.
const WIDTH: usize = 110;

/// A source file that grows line by line.
#[derive(Debug, Default)]
pub struct Draft {
    text: String,
    depth: usize,
}

impl Draft {
    /// A file for the editor, which finds the schema of the sources so many folders above.
    pub fn new(above: usize) -> Self {
        let text = format!("# yaml-language-server: $schema={}schemas/editor.json\n", "../".repeat(above));
        Self { text, depth: 0 }
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A comment; each of its lines is one of the file.
    pub fn comment(&mut self, text: &str) {
        for line in text.lines() {
            let line = format!("# {line}");
            self.line(line.trim_end());
        }
    }

    /// A key of a map that follows, one level deeper.
    pub fn open(&mut self, key: &str) {
        let key = scalar(&text(key));
        self.line(&format!("{key}:"));
        self.depth += 1;
    }

    /// The end of the map that was opened last.
    pub fn close(&mut self) {
        self.depth -= 1;
    }

    /// A key and its value.
    pub fn entry(&mut self, key: &str, value: &Node) {
        let name = scalar(&text(key));
        let room = WIDTH.saturating_sub(2 * self.depth + name.len() + 2);
        // a map with an expression in it would be full of quotes
        let fits = |line: &String| line.len() <= room && !(value.as_map().is_some() && line.contains("${{"));
        if let Some(line) = flow(value).filter(|line| fits(line) || is_plain(value)) {
            return self.line(&format!("{name}: {line}"));
        }
        match &value.data {
            Data::Map(map) => {
                self.open(key);
                for (key, value) in map.iter() {
                    self.entry(key, value);
                }
                self.close();
            }
            Data::List(list) if list.iter().all(|item| flow(item).is_some()) => {
                self.open(key);
                for item in list {
                    self.line(&format!("- {}", flow(item).unwrap_or_default()));
                }
                self.close();
            }
            _ => self.block(key, value),
        }
    }

    /// A key and its value in the canonical form.
    fn block(&mut self, key: &str, value: &Node) {
        let mut map = Map::default();
        map.set(key, value.clone());
        for line in yaml::emit(&Node::new(Data::Map(map), &Place::nowhere())).lines() {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&"  ".repeat(self.depth));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }
}

/// A text that stands nowhere yet.
pub fn text(text: &str) -> Node {
    Node::text(text, &Place::nowhere())
}

/// A map of nodes that stand nowhere yet.
pub fn map<K: Into<Box<str>>>(entries: impl IntoIterator<Item = (K, Node)>) -> Node {
    let mut map = Map::default();
    entries.into_iter().for_each(|(key, value)| map.set(key, value));
    Node::new(Data::Map(map), &Place::nowhere())
}

/// A list of nodes that stand nowhere yet.
pub fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::new(Data::List(items.into_iter().collect()), &Place::nowhere())
}

/// A whole number.
pub fn number(number: impl Into<i128>) -> Node {
    Node::new(Data::Int(number.into()), &Place::nowhere())
}

/// A truth value.
pub fn truth(truth: bool) -> Node {
    Node::new(Data::Bool(truth), &Place::nowhere())
}

fn is_plain(node: &Node) -> bool {
    !matches!(node.data, Data::List(_) | Data::Map(_))
}

/// A scalar as it stands behind a key, in the writing of its source where that is known.
fn scalar(node: &Node) -> String {
    let canonical = match &node.plain {
        Some(plain) if !plain.is_empty() => plain.to_string(),
        _ => yaml::emit(node).trim_end().to_owned(),
    };
    let Some(text) = node.as_str().filter(|_| canonical.starts_with('"')) else { return canonical };
    // an expression needs no quotes where its text would need none without it
    let without = text.replace("${{", "$((");
    let is_plain = without != text && yaml::emit(&self::text(&without)).trim_end() == without;
    if is_plain { text.to_owned() } else { quoted(text, canonical) }
}

/// A text in the quotes that it holds none of, if only quotes had to be escaped.
fn quoted(text: &str, canonical: String) -> String {
    let single = text.contains('"')
        && !text.contains(['\'', '\\'])
        && canonical.matches('\\').count() == text.matches('"').count();
    if single { format!("'{text}'") } else { canonical }
}

/// A value on one line; none where a text has several.
fn flow(node: &Node) -> Option<String> {
    match &node.data {
        Data::Map(map) => {
            let entry = |(key, value): (&str, &Node)| Some(format!("{}: {}", within(&text(key))?, within(value)?));
            Some(format!("{{{}}}", map.iter().map(entry).collect::<Option<Vec<_>>>()?.join(", ")))
        }
        Data::List(list) => Some(format!("[{}]", list.iter().map(within).collect::<Option<Vec<_>>>()?.join(", "))),
        Data::Str(_) => Some(scalar(node)).filter(|text| !text.starts_with('|')),
        _ => Some(scalar(node)),
    }
}

/// A value inside of `{}` or `[]`, where more must be quoted.
fn within(node: &Node) -> Option<String> {
    let line = flow(node)?;
    let Some(text) = node.as_str().filter(|_| !line.starts_with(['"', '\''])) else { return Some(line) };
    let needs_quotes = line.contains([',', '[', ']', '{', '}', '"', '\'']) || line.contains("://");
    Some(if needs_quotes { quoted(text, yaml::emit_json(node).trim_end().to_owned()) } else { line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;
    use crate::yaml::parse_one;

    /// What a draft of these entries reads back as, and its text.
    fn read(source: &str) -> (Node, Node, String) {
        let given = parse_one(&Source::new("x.yaml", source)).unwrap();
        let mut draft = Draft::new(2);
        for (key, value) in given.as_map().unwrap().iter() {
            draft.entry(key, value);
        }
        let text = draft.finish();
        let read = parse_one(&Source::new("y.yaml", text.as_str())).unwrap();
        (given, read, text)
    }

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let sources = [
            "a: [1, 'x, y', '{a}', \"\", ' b', null, true, 0x1f, 1.10, '1.10', ~]\n",
            "a: {/data: nfs:x, 'k: 1': 'v # 2', url: 'http://a:1/b', '': [], e: {}}\n",
            "a: |\n  one\n  two\n\nb:\n- |\n  x\n  y\n- [[1, 2], {c: \"l\\nm\"}]\n",
            "'${{ a }}': '${{ b }}'\nc: ['${{ secrets.x | default(\"a, b\") }}']\n",
            "long: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccccccccccccccccc: [dddd, 'e\n\n  f']}\n",
            "'yes': 'no'\n'- a': '- b'\n'': ''\n\"q'\": \"'\"\n",
        ];
        for source in sources {
            let (given, read, text) = read(source);
            assert_eq!(yaml::emit(&given), yaml::emit(&read), "{text}");
        }
    }

    #[test]
    fn what_is_short_stands_on_one_line() {
        let (_, _, text) = read("probes:\n  readiness:\n    tcpSocket:\n      port: 8080\nargs: [-c, /etc/x]\n");
        assert_eq!(
            text,
            "# yaml-language-server: $schema=../../schemas/editor.json\n\
             probes: {readiness: {tcpSocket: {port: 8080}}}\nargs: [-c, /etc/x]\n"
        );
    }
}
