//! Text to trees.
//!
//! The tree is built while the parser's events arrive. What YAML leaves open is decided here, once: scalars follow the
//! core schema of YAML 1.2 strictly (`yes`, `0755`, `1_000` and `12:30:45` are text), aliases and merge keys are
//! resolved, a key given twice is an error.

mod scalar;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag, options};

use crate::problem::{Place, Problem, Source, fit, fit16};
use crate::yaml::{Data, Entry, Map, Node};

/// How deep lists and maps may stand in one another. Every walk over a tree relies on it.
pub(super) const DEPTH: usize = 128;

/// How many values a file may hold: each takes 200 bytes and more on its way through a build.
const VALUES: usize = 500_000;

/// How many values the aliases of one file may copy, a long text counting as several.
const COPIES: usize = 100_000;

/// Bytes of a text that count as a value.
const PIECE: usize = 64;

const DATA: &str = "is it a source? data of this size belongs into a volume or an image";

/// All documents of a file. An empty document is no document.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Problem> {
    trouble::unreadable(source)?;
    let options = options! {
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
        // YAML itself stops at 1024; JSON, which layouts render, has longer keys.
        simple_key_max_lookahead: 1 << 16,
        // Another crate that reads YAML with this parser may want them, and features of crates add up.
        emit_comments: false,
    };
    let events = Parser::new_from_str_with_options(&source.text, options);
    Builder { source, events, anchors: BTreeMap::new(), values: 0, copies: 0, depth: 0 }.documents()
}

/// The one document of a file; an empty file is an empty map at its start.
pub fn parse_one(source: &Arc<Source>) -> Result<Node, Problem> {
    let mut documents = parse(source)?.into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) => Ok(document),
        (None, _) => Ok(Node::map(&Place { source: source.clone(), line: 1, column: 1, length: 1 })),
        (_, Some(second)) => Err(Problem::error("yaml", "this file holds one document, but `---` begins another")
            .at(&second.place)
            .label("the second document")),
    }
}

/// What a scalar of this text and tag is; nothing where the tag does not fit.
pub(super) fn tagged(text: &str, tag: &Tag) -> Result<Data, ()> {
    scalar::tagged(text, tag).map_err(drop)
}

/// What a plain scalar of this text is.
#[must_use]
pub fn plain(text: &str) -> Data {
    scalar::plain(text)
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    events: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Anchor>,
    values: usize,
    copies: usize,
    depth: usize,
}

/// A value that aliases name.
struct Anchor {
    node: Node,
    size: usize,
    height: usize,
}

/// The tag of a value as the parser gives it.
type Tagged<'a> = Option<std::borrow::Cow<'a, Tag>>;

impl<'a> Builder<'a> {
    fn documents(mut self) -> Result<Vec<Node>, Problem> {
        let mut documents = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => {
                    let nothing = matches!(event, Event::Scalar(_, _, 0, None)) && span.is_empty();
                    let node = self.value(event, &span)?;
                    if !(nothing && node.is_null()) {
                        documents.push(node);
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(trouble::scan(self.source, &error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn value(&mut self, event: Event<'a>, span: &Span) -> Result<Node, Problem> {
        self.values += 1;
        if self.values > VALUES {
            return Err(self.problem(&format!("this file holds more than {VALUES} values"), span).note(DATA));
        }
        let (id, node) = match event {
            Event::Scalar(text, style, id, tag) => (id, self.scalar(&text, style, tag.as_deref(), span)?),
            Event::SequenceStart(_, id, tag) => (id, self.list(&tag, span)?),
            Event::MappingStart(_, id, tag) => (id, self.map(&tag, span)?),
            Event::Alias(id) => return self.alias(id, span),
            _ => return Err(self.problem("a value is missing here", span)),
        };
        if id != 0 {
            self.keep(id, &node, span)?;
        }
        Ok(node)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<Node, Problem> {
        let place = self.place(span);
        let plain = style == ScalarStyle::Plain;
        // The parser writes an absent value as `~`.
        let text = if plain && span.is_empty() { "" } else { text };
        if plain {
            trouble::cut_expression(text).map_err(|problem| problem.at(&place))?;
        }
        let data = match tag {
            None if plain => scalar::plain(text),
            None => Data::Str(text.into()),
            Some(tag) => scalar::tagged(text, tag).map_err(|problem| problem.at(&self.tag_place(span)))?,
        };
        let kept = plain && !matches!(data, Data::Str(_));
        Ok(Node { data, plain: kept.then(|| text.into()), place })
    }

    fn list(&mut self, tag: &Tagged, span: &Span) -> Result<Node, Problem> {
        self.collection_tag(tag, "seq", span)?;
        self.deeper(1, span)?;
        self.depth += 1;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => break,
                (event, span) => items.push(self.value(event, &span)?),
            }
        }
        self.depth -= 1;
        Ok(Node::new(Data::List(items), &self.place(span)))
    }

    fn map(&mut self, tag: &Tagged, span: &Span) -> Result<Node, Problem> {
        self.collection_tag(tag, "map", span)?;
        self.deeper(1, span)?;
        self.depth += 1;
        let mut entries = Vec::new();
        let mut merge = None;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let is_merge = is_merge_key(&event);
            if is_merge && merge.is_some() {
                return Err(self.problem("`<<` is given twice", &span).note("`<<: [*a, *b]` takes several maps"));
            }
            let (key, place) = self.key(event, &span)?;
            let (event, value_span) = self.next()?;
            if value_span.is_empty() && matches!(event, Event::Scalar(..)) && !self.has_colon(&span) {
                return Err(trouble::no_value(&key).at(&place));
            }
            let value = self.value(event, &value_span)?;
            if is_merge {
                merge = Some((entries.len(), merged(value)?));
            } else {
                entries.push(Entry { key, place, value });
            }
        }
        self.depth -= 1;
        unique(&entries)?;
        if let Some((at, merged)) = merge {
            lay_under(&mut entries, at, merged);
        }
        Ok(Node::new(Data::Map(Map(entries)), &self.place(span)))
    }

    /// Whether a key without a value has a `:`. `{a, b}` is two keys in YAML, which nobody means.
    fn has_colon(&self, key: &Span) -> bool {
        let mut rest =
            self.source.text.get(key.end.byte_offset().unwrap_or_default()..).unwrap_or_default().trim_start();
        while let Some(comment) = rest.strip_prefix('#') {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        rest.starts_with(':')
    }

    /// A key's text and place.
    fn key(&mut self, event: Event<'a>, span: &Span) -> Result<(Box<str>, Place), Problem> {
        if let Event::Scalar(text, style, 0, None) = event {
            if style == ScalarStyle::Plain {
                if span.is_empty() {
                    return Err(self.problem("a key is missing before this `:`", span));
                }
                trouble::cut_expression(&text).map_err(|problem| problem.at(&self.place(span)))?;
            }
            return Ok((text.into(), self.place(span)));
        }
        let node = self.value(event, span)?;
        match (node.data, node.plain) {
            (Data::Str(text), _) | (_, Some(text)) => Ok((text, node.place)),
            (data, None) => {
                let kind = Node::new(data, &node.place).kind();
                Err(Problem::error("yaml", format!("a key is text, but this one is {kind}"))
                    .at(&node.place)
                    .note("text that begins with `{` or `[` must be quoted"))
            }
        }
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<Node, Problem> {
        let Some(Anchor { node, size, height }) = self.anchors.get(&id) else {
            return Err(self.problem("this alias stands inside of the value that it names", span));
        };
        let (mut node, size, height) = (node.clone(), *size, *height);
        self.copy(size, span)?;
        self.deeper(height, span)?;
        node.place = self.place(span);
        Ok(node)
    }

    /// Keeps a value for the aliases that name it.
    fn keep(&mut self, id: usize, node: &Node, span: &Span) -> Result<(), Problem> {
        let (size, height) = measure(node);
        self.copy(size, span)?;
        self.anchors.insert(id, Anchor { node: node.clone(), size, height });
        Ok(())
    }

    fn copy(&mut self, size: usize, span: &Span) -> Result<(), Problem> {
        self.copies += size;
        if self.copies <= COPIES {
            return Ok(());
        }
        Err(self.problem(&format!("the aliases of this file copy more than {COPIES} values"), span).note(DATA))
    }

    fn deeper(&self, levels: usize, span: &Span) -> Result<(), Problem> {
        if self.depth + levels <= DEPTH {
            return Ok(());
        }
        Err(self.problem(&trouble::too_deep(), span))
    }

    fn collection_tag(&self, tag: &Tagged, core: &str, span: &Span) -> Result<(), Problem> {
        match tag {
            Some(tag) if !tag.is_yaml_core_schema_tag(core) => Err(scalar::unknown_tag(tag).at(&self.tag_place(span))),
            _ => Ok(()),
        }
    }

    fn problem(&self, message: &str, span: &Span) -> Problem {
        Problem::error("yaml", message).at(&self.place(span))
    }

    fn tag_place(&self, span: &Span) -> Place {
        self.place(&span.tag_span().unwrap_or(*span))
    }

    /// The place of a token; of one with several lines, its first.
    fn place(&self, span: &Span) -> Place {
        let length = if span.end.line() == span.start.line() {
            span.end.index() - span.start.index()
        } else {
            let rest = self.source.text.get(span.start.byte_offset().unwrap_or_default()..).unwrap_or_default();
            rest.lines().next().unwrap_or_default().chars().count()
        };
        Place {
            source: self.source.clone(),
            line: fit(span.start.line()),
            column: fit16(span.start.col() + 1),
            length: fit16(length.max(1)),
        }
    }
}

fn is_merge_key(event: &Event) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// The entries of a merge key's value; of several maps the earlier one wins.
fn merged(value: Node) -> Result<Vec<Entry>, Problem> {
    let wrong = |node: &Node| {
        Problem::error("yaml", format!("`<<` takes a map or a list of maps, not {}", node.kind())).at(&node.place)
    };
    match value.data {
        Data::Map(map) => Ok(map.0),
        Data::List(maps) => {
            let mut known = BTreeSet::new();
            let mut all = Vec::new();
            for node in maps {
                let Data::Map(map) = node.data else { return Err(wrong(&node)) };
                all.extend(map.0.into_iter().filter(|entry| known.insert(entry.key.clone())));
            }
            Ok(all)
        }
        _ => Err(wrong(&value)),
    }
}

/// Puts the entries whose keys are not there yet where the merge key stood.
fn lay_under(entries: &mut Vec<Entry>, at: usize, mut merged: Vec<Entry>) {
    let mut known: Vec<&str> = entries.iter().map(|e| &*e.key).collect();
    known.sort_unstable();
    merged.retain(|e| known.binary_search(&&*e.key).is_err());
    entries.splice(at..at, merged);
}

/// The first key that is given again is an error.
fn unique(entries: &[Entry]) -> Result<(), Problem> {
    let again = if entries.len() <= 16 {
        (1..entries.len()).find_map(|i| Some((entries[..i].iter().position(|e| e.key == entries[i].key)?, i)))
    } else {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_unstable_by_key(|&i| (&entries[i].key, i));
        let pairs = order.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|&(a, b)| entries[a].key == entries[b].key).min_by_key(|&(_, b)| b)
    };
    let Some((first, second)) = again else { return Ok(()) };
    let (first, second) = (&entries[first], &entries[second]);
    Err(Problem::error("yaml", format!("the key `{}` is given twice", second.key))
        .at(&second.place)
        .label(format!("the first is on line {}", first.place.line)))
}

/// How many values a tree has, and how many levels.
fn measure(node: &Node) -> (usize, usize) {
    let below = |(size, height): (usize, usize), node: &Node| {
        let (s, h) = measure(node);
        (size + s, height.max(h))
    };
    match &node.data {
        Data::List(list) => {
            let (size, height) = list.iter().fold((1, 0), below);
            (size, height + 1)
        }
        Data::Map(map) => {
            let (size, height) = map.iter().map(|(_, value)| value).fold((1, 0), below);
            (size, height + 1)
        }
        Data::Str(text) => (1 + text.len() / PIECE, 0),
        _ => (1, 0),
    }
}

#[cfg(test)]
mod tests;
