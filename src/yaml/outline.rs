//! A text and where its parts stand in it, for who changes one of them and leaves all else as it is.

use std::collections::BTreeSet;
use std::ops::Range;

use granit_parser::{Event, Parser, Placement, ScalarStyle, Span, StrInput, options};

use super::parse::{self, DEPTH};
use super::{Data, plain};

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key of a map.
    Key(Box<str>),
    /// A place in a list, from 0.
    Index(usize),
}

impl Step {
    /// The key, where it is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }
}

/// A part of a text.
#[derive(Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub what: What,
    /// The way to it; of a comment, to the map or list that it stands in.
    pub path: Vec<Step>,
    /// Where it stands, in bytes; of a map or list in block style nothing but where it begins.
    pub at: Range<usize>,
}

/// What a part of a text is.
#[derive(Clone, PartialEq)]
pub enum What {
    /// The key of the value that the path leads to.
    Key,
    /// A value that is no map and no list; what says how it is written (`|`, a tag, an anchor) belongs to it.
    Scalar(Data),
    /// A map or a list; of one in flow style, `{}` or `[]`, its end is the part after its last value.
    Collection {
        /// Whether it is in flow style.
        is_flow: bool,
        /// Whether it is a list.
        is_list: bool,
    },
    /// The end of a map or a list in flow style: its bracket.
    End,
    /// A comment: what stands behind `#`.
    Comment(Box<str>),
}

/// Why a text has no outline: what is wrong, and the line and column (from 1) of it. It repeats nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// The parts of a text that is one map, in their order. Aliases of scalars are scalars; those of maps and lists, and merge
/// keys, are refused: what is copied cannot be changed in one place.
pub fn outline(text: &str) -> Result<Vec<Part>, Unclear> {
    let options = options! {
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
        simple_key_max_lookahead: 1 << 16,
        emit_comments: true,
    };
    let events = Parser::new_from_str_with_options(text, options);
    let mut walk = Walk { text, events, parts: Vec::new(), path: Vec::new(), anchors: Vec::new(), documents: 0 };
    walk.documents()?;
    let mut parts = walk.parts;
    place_comments(text, &mut parts);
    Ok(parts)
}

struct Walk<'a> {
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    parts: Vec<Part>,
    path: Vec<Step>,
    anchors: Vec<(usize, Data)>,
    documents: usize,
}

impl<'a> Walk<'a> {
    fn documents(&mut self) -> Result<(), Unclear> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(..) => {
                    self.documents += 1;
                    if self.documents > 1 {
                        return Err(unclear("a second document begins here", &span));
                    }
                }
                Event::MappingStart(..) => self.value(event, &span)?,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::Scalar(_, _, 0, None) if span.is_empty() => {}
                _ => return Err(unclear("a map of names and values begins here", &span)),
            }
        }
    }

    /// The next event that is no comment; comments become parts.
    fn next(&mut self) -> Result<(Event<'a>, Span), Unclear> {
        loop {
            match self.events.next_event() {
                Some(Ok((Event::Comment(text, placement), span))) => {
                    // where it stands is told when its neighbours are known
                    let above = if placement == Placement::Right { Vec::new() } else { vec![Step::Index(0)] };
                    self.parts.push(Part { what: What::Comment((&*text).into()), path: above, at: range(&span) });
                }
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    let (message, at) = (error.kind().to_string(), error.marker());
                    return Err(Unclear { message, line: at.line(), column: at.col() + 1 });
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn part(&mut self, what: What, at: Range<usize>) {
        self.parts.push(Part { what, path: self.path.clone(), at });
    }

    fn value(&mut self, event: Event<'a>, span: &Span) -> Result<(), Unclear> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.whole(span, style);
                let is_plain = style == ScalarStyle::Plain;
                let data = match tag {
                    None if is_plain && span.is_empty() => Data::Null,
                    None if is_plain => plain(&text),
                    None => Data::Str((&*text).into()),
                    Some(tag) => {
                        parse::tagged(&text, &tag).map_err(|()| unclear("the tag here has no meaning", span))?
                    }
                };
                if anchor != 0 {
                    self.anchors.push((anchor, data.clone()));
                }
                self.part(What::Scalar(data), at);
            }
            Event::Alias(id) => {
                let Some((_, data)) = self.anchors.iter().find(|(known, _)| *known == id) else {
                    return Err(unclear("an alias names a map or a list: write it out", span));
                };
                let data = data.clone();
                self.part(What::Scalar(data), range(span));
            }
            Event::SequenceStart(..) => {
                let is_flow = !span.is_empty();
                self.part(What::Collection { is_flow, is_list: true }, range(span));
                self.items(is_flow)?;
            }
            Event::MappingStart(..) => {
                let is_flow = !span.is_empty();
                self.part(What::Collection { is_flow, is_list: false }, range(span));
                self.entries(is_flow)?;
            }
            _ => return Err(unclear("a value is missing here", span)),
        }
        Ok(())
    }

    fn items(&mut self, is_flow: bool) -> Result<(), Unclear> {
        for index in 0.. {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                self.end(is_flow, &span);
                break;
            }
            self.path.push(Step::Index(index));
            self.value(event, &span)?;
            self.path.pop();
        }
        Ok(())
    }

    fn entries(&mut self, is_flow: bool) -> Result<(), Unclear> {
        let mut keys: BTreeSet<Box<str>> = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key: Box<str> = match event {
                Event::MappingEnd => {
                    self.end(is_flow, &span);
                    return Ok(());
                }
                Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => {
                    return Err(unclear("a merge key `<<` copies other values: write them out", &span));
                }
                Event::Scalar(text, ..) => text.into(),
                _ => return Err(unclear("a key is a text", &span)),
            };
            if !keys.insert(key.clone()) {
                return Err(unclear("a key is given twice", &span));
            }
            self.path.push(Step::Key(key));
            self.part(What::Key, range(&span));
            let (event, span) = self.next()?;
            self.value(event, &span)?;
            self.path.pop();
        }
    }

    fn end(&mut self, is_flow: bool, span: &Span) {
        if is_flow {
            self.part(What::End, range(span));
        }
    }

    /// A scalar with the header of a block and the quotes, without the line break at its end.
    fn whole(&self, span: &Span, style: ScalarStyle) -> Range<usize> {
        let tag = span.tag_start().and_then(|at| at.byte_offset());
        let Range { start, end } = range(span);
        let start = tag.unwrap_or(start);
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return start..end;
        }
        let header = header(&self.text[..start]).unwrap_or(start);
        // what stands behind its last line, the indentation of the next part among it, is not its own
        let content = self.text[header..end].trim_end();
        header..header + content.len()
    }
}

/// Where the header of a block begins, `|-` or `>2`, whose lines begin at the end of a text.
fn header(before: &str) -> Option<usize> {
    let line = before.trim_end();
    let candidates = line.char_indices().rev().filter(|(_, c)| matches!(c, '|' | '>'));
    let is_header = |rest: &str| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        rest.trim_start_matches([' ', '\t']).is_empty()
            || rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#')
    };
    let line_begin = line.rfind('\n').map_or(0, |at| at + 1);
    candidates
        .take_while(|(at, _)| *at >= line_begin)
        .filter(|(at, _)| is_header(&line[at + 1..]))
        .map(|(at, _)| at)
        .last()
}

fn range(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

fn unclear(message: &str, span: &Span) -> Unclear {
    Unclear { message: message.to_owned(), line: span.start.line(), column: span.start.col() + 1 }
}

/// The map or list that each comment stands in, as yaml.v3 of Go has it: beside a value that of the value, beside an empty
/// map or list this one; above an entry that of the entry, or of one before that begins in the comment's column.
fn place_comments(text: &str, parts: &mut [Part]) {
    let line = |at: usize| text[..at].rfind('\n').map_or(0, |line| line + 1);
    let column = |part: &Part| {
        let at = match part.path.last() {
            // an item of a list begins with its dash
            Some(Step::Index(_)) => text[..part.at.start].rfind('-').unwrap_or(part.at.start),
            _ => part.at.start,
        };
        at - line(at)
    };
    let is_entry = |part: &Part| match part.what {
        What::Key => true,
        What::Scalar(_) | What::Collection { .. } => matches!(part.path.last(), Some(Step::Index(_))),
        What::End | What::Comment(_) => false,
    };
    let parent = |part: &Part| part.path[..part.path.len() - 1].to_vec();
    for index in 0..parts.len() {
        if !matches!(parts[index].what, What::Comment(_)) {
            continue;
        }
        let at = parts[index].at.start;
        let here = at - line(at);
        let is_after_dash = text[line(at)..at].trim_end().ends_with('-');
        let is_above = !parts[index].path.is_empty() || is_after_dash;
        let mut next = parts[index + 1..].iter().filter(|part| is_entry(part)).peekable();
        let below = next.peek().map(|part| line(part.at.start));
        let mut next = next.take_while(|part| Some(line(part.at.start)) == below);
        let mut before = parts[..index].iter().rev().filter(|part| is_entry(part));
        let path = if !is_above {
            match parts[..index].iter().rev().find(|part| !matches!(part.what, What::Comment(_))) {
                Some(end) if end.what == What::End => end.path.clone(),
                _ => before.next().map(parent).unwrap_or_default(),
            }
        } else if let Some(next) = next.find(|part| is_after_dash || column(part) == here) {
            parent(next)
        } else {
            before.find(|part| column(part) <= here).map(parent).unwrap_or_default()
        };
        parts[index].path = path;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\na: ENC[1] # beside\nb:\n  # inner\n  c: | # why\n\n    one\n\n    two\n  d: \"q\n    x\"\n  \
                        # foot\nlist:\n- 1\n- x: 'y'\n-\n  # of the item\n  - deep\nflow: {a: b, c: [d]}\nempty:\ns: !!str 1\n";

    fn shown(text: &str) -> Vec<String> {
        let steps = |path: &[Step]| {
            let step = |step: &Step| match step {
                Step::Key(key) => key.to_string(),
                Step::Index(index) => index.to_string(),
            };
            path.iter().map(step).collect::<Vec<_>>().join("/")
        };
        let parts = outline(text).unwrap();
        let shown = |part: &Part| {
            let sign = match part.what {
                What::Key => "key",
                What::Scalar(_) => "value",
                What::Comment(_) => "comment",
                What::Collection { .. } => "open",
                What::End => "close",
            };
            format!("{sign} {}: {}", steps(&part.path), text[part.at.clone()].replace('\n', "\\n"))
        };
        parts.iter().map(shown).collect()
    }

    #[test]
    fn values_keep_what_says_how_they_are_written() {
        let values: Vec<String> = shown(TEXT).into_iter().filter(|part| part.starts_with("value")).collect();
        assert_eq!(
            values,
            [
                "value a: ENC[1]",
                "value b/c: | # why\\n\\n    one\\n\\n    two",
                "value b/d: \"q\\n    x\"",
                "value list/0: 1",
                "value list/1/x: 'y'",
                "value list/2/0: deep",
                "value flow/a: b",
                "value flow/c/0: d",
                "value empty: ",
                "value s: !!str 1",
            ]
        );
    }

    #[test]
    fn comments_belong_to_the_map_or_list_that_they_stand_in() {
        let comments: Vec<String> = shown(TEXT).into_iter().filter(|part| part.starts_with("comment")).collect();
        assert_eq!(
            comments,
            [
                "comment : # top",
                "comment : # beside",
                "comment b: # inner",
                "comment b: # why",
                "comment b: # foot",
                "comment list/2: # of the item",
            ]
        );
    }

    #[test]
    fn what_cannot_be_changed_in_one_place_is_refused() {
        for text in [
            "- a\n",
            "a: 1\na: 2\n",
            "a: &x {b: 1}\nc: *x\n",
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "a: [\n",
            "--- {}\n--- {}\n",
        ] {
            assert!(outline(text).is_err(), "{text}");
        }
        assert_eq!(outline("").map(|parts| parts.len()), Ok(0));
    }
}
