//! What is told of values that do not fit.

use std::fmt::Display;

use crate::problem::{Place, Problem, did_you_mean};
use crate::schema::complete::Walk;
use crate::schema::shape::{Kinds, Piece, Shape, Short, Slot};
use crate::yaml::{Data, Entry, Node};

impl Walk<'_> {
    fn tell(&mut self, problem: Problem, place: &Place) {
        let problem = problem.at(place);
        self.problems.push(match &self.what.note {
            Some(note) => problem.note(note),
            None => problem,
        });
    }

    pub(super) fn unknown(&mut self, shape: &Shape, entry: &Entry) {
        let before = self.enter(&entry.key);
        let message = format!("{} has no {} `{}`", self.what.subject, self.what.word, self.path);
        self.path.truncate(before);
        let known = || shape.properties.iter().map(|property| &*property.name);
        let mut problem = Problem::error("unknown-value", message)
            .label(did_you_mean(&entry.key, known().chain(self.what.beside.iter().copied())));
        if problem.label.is_empty() && known().count() <= 20 {
            problem = problem.note(format!("known here: {}", known().collect::<Vec<_>>().join(", ")));
        }
        self.tell(problem, &entry.place);
    }

    pub(super) fn missing(&mut self, slot: &Slot, place: &Place) {
        let message = format!("{} needs the {} `{}`", self.what.subject, self.what.word, self.path);
        self.tell(described(Problem::error("missing-value", message), slot, &self.path), place);
    }

    pub(super) fn wrong_kind(&mut self, slot: &Slot, node: &Node) {
        let shape = self.arena.shape(slot.shape);
        let mut problem = self.wrong(slot, "wrong-type", format!("must be {}", expected(shape, slot.list)), node);
        if matches!(node.data, Data::Float(_)) && node.plain.is_none() && shape.kinds.has(Kinds::STRING) {
            problem =
                problem.note("an expression does not know how a number with a fraction was written: quote it there");
        }
        let problem = crate::secrets::many(node).into_iter().fold(problem, Problem::note);
        self.tell(problem, &node.place);
    }

    fn wrong(&self, slot: &Slot, code: &'static str, must: impl Display, node: &Node) -> Problem {
        let subject = if self.path.is_empty() { self.what.subject.clone() } else { format!("`{}`", self.path) };
        let problem = Problem::error(code, format!("{subject} {must}, not {}", shown(node)));
        described(problem, slot, &self.path)
    }

    /// What is said of single values: choices, ranges, lengths, patterns.
    pub(super) fn within(&mut self, slot: &Slot, shape: &Shape, node: &Node) {
        if !shape.choices.is_empty() && !shape.choices.iter().any(|choice| same(&choice.data, &node.data)) {
            let words: Vec<String> = shape.choices.iter().map(shown).collect();
            let known = shape.choices.iter().filter_map(Node::as_str);
            let label = node.as_str().map_or_else(String::new, |text| did_you_mean(text, known));
            let must = if let [one] = words.as_slice() { one.clone() } else { format!("one of {}", words.join(", ")) };
            let problem = self.wrong(slot, "value-choice", format!("must be {must}"), node).label(label);
            self.tell(problem, &node.place);
        }
        match &node.data {
            Data::Int(_) | Data::Float(_) => self.within_range(slot, shape, node),
            // What a secret is, nobody knows here.
            Data::Str(text) if !text.contains("<secret:") => self.within_form(slot, shape, node, text),
            _ => {}
        }
    }

    fn within_range(&mut self, slot: &Slot, shape: &Shape, node: &Node) {
        let Some(number) = number(&node.data) else { return };
        let bound = |bound: &Option<Node>| bound.as_ref().and_then(|node| self::number(&node.data));
        let must = match (bound(&shape.minimum), bound(&shape.maximum)) {
            (Some(minimum), _) if number < minimum => format!("must be at least {minimum}"),
            (_, Some(maximum)) if number > maximum => format!("must be at most {maximum}"),
            _ => return,
        };
        let problem = self.wrong(slot, "value-range", must, node);
        self.tell(problem, &node.place);
    }

    fn within_form(&mut self, slot: &Slot, shape: &Shape, node: &Node, text: &str) {
        let length = || text.chars().count();
        if text.is_empty() && shape.shortest == Some(1) {
            let problem = Problem::error("value-form", format!("`{}` must not be empty", self.path));
            return self.tell(described(problem, slot, &self.path), &node.place);
        }
        let must = if shape.shortest.is_some_and(|shortest| length() < shortest) {
            format!("must have at least {} characters", shape.shortest.unwrap_or_default())
        } else if shape.longest.is_some_and(|longest| length() > longest) {
            format!("must have at most {} characters", shape.longest.unwrap_or_default())
        } else if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            format!("must match `{pattern}`")
        } else {
            return;
        };
        let problem = self.wrong(slot, "value-form", must, node);
        self.tell(problem, &node.place);
    }

    pub(super) fn excluded(&mut self, shape: &Shape, given: &[Option<Entry>]) {
        let entry = |name: &str| {
            let entry = shape.index.get(name).and_then(|&at| given[at].as_ref());
            entry.filter(|entry| !entry.value.is_null())
        };
        for (name, others) in &shape.excludes {
            let Some(one) = entry(name) else { continue };
            for other in others.iter().filter_map(|other| entry(other)) {
                let message = format!("`{}` and `{}` cannot stand together", one.key, other.key);
                let label = format!("`{}` stands on line {}", one.key, one.place.line);
                self.tell(Problem::error("excluded-value", message).label(label), &other.place);
            }
        }
    }
}

fn described(problem: Problem, slot: &Slot, path: &str) -> Problem {
    // a whole file needs no word on what it is
    if slot.description.is_empty() || path.is_empty() {
        return problem;
    }
    problem.note(format!("`{path}`: {}", slot.description))
}

#[expect(clippy::cast_precision_loss, reason = "the bounds of a schema are small")]
fn number(data: &Data) -> Option<f64> {
    match data {
        Data::Int(number) => Some(*number as f64),
        Data::Float(number) => Some(*number),
        _ => None,
    }
}

/// Whether two plain values are the same, wherever they stand.
fn same(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Int(_) | Data::Float(_), Data::Int(_) | Data::Float(_)) => number(a) == number(b),
        _ => a == b,
    }
}

/// A value in a message.
fn shown(node: &Node) -> String {
    match (&node.data, &node.plain) {
        (Data::Str(text), _) if text.is_empty() => "an empty text".to_owned(),
        (Data::Str(text), _) if text.len() <= 60 && !text.contains('\n') => format!("`{text}`"),
        (Data::Bool(_) | Data::Int(_) | Data::Float(_), Some(plain)) => format!("`{plain}`"),
        (Data::Bool(truth), None) => format!("`{truth}`"),
        (Data::Int(number), None) => format!("`{number}`"),
        (Data::Float(number), None) => format!("`{number}`"),
        _ => node.kind().to_owned(),
    }
}

/// What a shape takes, in words.
fn expected(shape: &Shape, list: bool) -> String {
    let mut words: Vec<String> = Kinds::NAMES
        .iter()
        .filter(|(kind, ..)| shape.kinds.has(*kind) && !(*kind == Kinds::NULL))
        .map(|(.., word)| (*word).to_owned())
        .collect();
    for (kind, short) in &shape.short {
        let word = Kinds::NAMES.iter().find(|(k, ..)| k == kind).map_or("", |(.., word)| word);
        words.push(match short {
            Short::Property(name) => format!("{word} for its `{name}`"),
            Short::Pattern(pieces) => format!("{word} like `{}`", pattern(pieces)),
        });
    }
    if list {
        words.push("a list of such".to_owned());
    }
    match words.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [all @ .., or] => format!("{} or {or}", all.join(", ")),
    }
}

fn pattern(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Hole(name) => format!("{{{name}}}"),
        Piece::Text(text) => text.to_string(),
    };
    pieces.iter().map(piece).collect::<Vec<_>>().concat()
}
