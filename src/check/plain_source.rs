//! `plain-secret` in sources: what looks like a secret in a text that people write, whether a document shows it or not.
//!
//! A text is looked at line by line, because a secret is one in a comment, in a layout and in a file that nobody reads,
//! too.

use std::fmt;
use std::sync::Arc;

use super::plain_secret::{CHECK, KEY_BLOCK, LONG, is_by_chance, is_for_secrets, shaped};
use crate::problem::{Level, Place, Problem, Source, fit, fit16};

/// Keys that say nothing of their value: the key around them does, or the name beside them.
const EMPTY_WORDS: [&str; 4] = ["default", "value", "example", "const"];
const BEGIN: &str = "-----BEGIN ";
/// Kinds whose objects only tell which fields there are, or are encrypted.
const HARMLESS: [&str; 2] = ["kind: CustomResourceDefinition", "kind: SealedSecret"];

/// A text in a source that looks like a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// Where it stands; the place shows no text.
    pub place: Place,
    what: String,
    word: Box<str>,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.what, self.place)
    }
}

impl Plain {
    /// Whether it stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&*self.word)
    }

    /// What is told of it.
    #[must_use]
    pub fn problem(&self, level: Level) -> Problem {
        let message = format!("a text looks like a secret: {}", self.what);
        Problem { level, ..Problem::error(CHECK.name, message) }.at(&self.place).note(CHECK.hint())
    }
}

/// What looks like a secret in some sources, each value once.
#[must_use]
pub fn in_sources<'a>(sources: impl IntoIterator<Item = &'a Arc<Source>>) -> Vec<Plain> {
    let mut found: Vec<Plain> = Vec::new();
    for source in sources {
        if HARMLESS.iter().any(|kind| source.text.contains(kind) && source.text.lines().any(|line| line == *kind)) {
            continue;
        }
        let mut before = Before::default();
        for (index, line) in source.text.lines().enumerate() {
            let hit = if may_hold(line) { of_line(line, &before) } else { None };
            if let Some((what, word)) = hit {
                let place = place(source, index + 1, line, word);
                let word = if word.contains(KEY_BLOCK) { body(&source.text, index) } else { word };
                if !found.iter().any(|known| *known.word == *word) {
                    found.push(Plain { place, what, word: word.into() });
                }
            }
            before.read(line);
        }
    }
    found
}

fn place(source: &Arc<Source>, line: usize, text: &str, word: &str) -> Place {
    let start = word.as_ptr() as usize - text.as_ptr() as usize;
    let column = text[..start].chars().count() + 1;
    let length = word.chars().count();
    Place { source: source.clone(), line: fit(line), column: fit16(column), length: fit16(length) }.without_text()
}

/// Whether a line is worth a look: it has a long word, or begins a key. Few lines have.
fn may_hold(line: &str) -> bool {
    if line.len() < LONG {
        return false;
    }
    let mut length = 0;
    line.bytes().any(|byte| {
        length = if AROUND[usize::from(byte)] { 0 } else { length + 1 };
        length >= LONG
    }) || line.contains(KEY_BLOCK)
}

/// The last whole line of the private key that begins at a line: the first ones are the same in many keys.
fn body(text: &str, index: usize) -> &str {
    let mut lines = text.lines().skip(index);
    let first = lines.next().unwrap_or_default().trim();
    let is_of_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let is_body = |line: &&str| line.len() >= LONG && line.chars().all(is_of_base64);
    let body = lines.map(|line| line.trim().trim_start_matches("# ")).take_while(is_body);
    body.last().unwrap_or(first)
}

/// What the lines before a line say of it.
#[derive(Default)]
struct Before<'a> {
    line: &'a str,
    /// Keys whose value are the lines below them, each with its indentation.
    open: Vec<(usize, &'a str)>,
}

impl<'a> Before<'a> {
    fn read(&mut self, line: &'a str) {
        if line.trim().is_empty() {
            return;
        }
        self.line = line;
        let indent = indentation(line);
        self.open.retain(|(outer, _)| *outer < indent || (*outer == indent && is_item(line)));
        let start = line.trim().trim_end_matches(['|', '>', '-', '+', ' ']);
        if let Some(key) = start.strip_suffix(':') {
            self.open.push((indent, last_word(key)));
        }
    }

    /// The key that a line stands below.
    fn above(&self, line: &str) -> Option<&'a str> {
        let indent = indentation(line);
        let mut open = self.open.iter().rev();
        open.find(|(outer, _)| *outer < indent || (*outer == indent && is_item(line))).map(|(_, key)| *key)
    }
}

/// Whether a line is an entry of a list, which may stand below its key without being indented.
fn is_item(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What a line holds that looks like a secret, and the part of the line that it is.
fn of_line<'a>(line: &'a str, before: &Before<'_>) -> Option<(String, &'a str)> {
    if let Some((what, word)) = shaped(line).filter(|_| !line.contains("-----END ") || line.contains(BEGIN)) {
        let start = line.find(BEGIN).filter(|_| word.contains(KEY_BLOCK));
        return Some((what.to_owned(), start.map_or(word, |start| &line[start..])));
    }
    let mut words = line.split(is_around).filter(|word| word.len() >= LONG && is_by_chance(word));
    words.find_map(|word| {
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        let (left, right) = (&line[..start], &line[start + word.len()..]);
        let key = key_of(left, right, before).filter(|key| is_for_secrets(key))?;
        Some((format!("the value of `{key}`"), word))
    })
}

/// The characters that stand around a value, all of them ASCII.
static AROUND: [bool; 256] = {
    let mut around = [false; 256];
    let all = b" \t\r\"'`,;(){}[]<>:$@/\\=";
    let mut at = 0;
    while at < all.len() {
        around[all[at] as usize] = true;
        at += 1;
    }
    around
};

fn is_around(c: char) -> bool {
    u8::try_from(c).is_ok_and(|byte| AROUND[usize::from(byte)])
}

/// The key of a value between two parts of its line.
fn key_of<'a>(left: &'a str, right: &str, before: &Before<'a>) -> Option<&'a str> {
    let is_quote = |c: char| matches!(c, '"' | '\'' | ' ' | '\t' | '\\');
    let ends = right.trim_start_matches(['=', '"', '\'', '\\']);
    let is_alone = ends.trim_start().is_empty() || ends.trim_start().starts_with(['#', ',', ';', '}', ']', ')', '%']);
    let with_key = left.trim_end_matches(is_quote);
    let Some(key) = with_key.strip_suffix([':', '=']) else {
        // a line of its own: a list, or a text below its key
        let is_own = is_alone && left.chars().all(|c| is_quote(c) || matches!(c, '-' | '#'));
        return before.above(&format!("{left}x")).filter(|_| is_own);
    };
    // `key=value word` in a shell, but `key: words and words` is a sentence
    if !(is_alone || (with_key.len() == left.len() && with_key.ends_with('=') && ends.starts_with(' '))) {
        return None;
    }
    let key = last_word(key.trim_end_matches([':', '=', '>', ' ']));
    if !EMPTY_WORDS.contains(&key) {
        return Some(key);
    }
    named(left).or_else(|| outer(left)).or_else(|| named(before.line)).or_else(|| before.above(left))
}

/// The key that a part of a line ends with: `export KEY`, `"key"`, `{name: x, key`.
fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '/'))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

/// The name that stands beside a value: `- name: DB_PASSWORD`.
fn named(line: &str) -> Option<&str> {
    let at = line.rfind("name:")?;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let rest = line[at + "name:".len()..].trim_start_matches([' ', '"', '\'']);
    Some(&rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())])
}

/// The key of the map in braces that a part of a line ends in: `password: {type: string, default: `.
fn outer(left: &str) -> Option<&str> {
    let (before, _) = left.rsplit_once('{')?;
    before.trim_end().strip_suffix(':').map(last_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: &str = "x7Kq2mP9vL4wR8tZ";

    fn found(text: &str) -> Vec<String> {
        let text = text.replace("{}", WORD);
        let found = in_sources([&Source::new("x", text)]);
        found.iter().map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.what)).collect()
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        for (text, at) in [
            ("a: 1\npassword: {}", "2:11"),
            ("# password: {}", "1:13"),
            ("vars: {db_password: \"{}\", x: 1} # why", "1:22"),
            ("- {name: DB_PASSWORD, value: {}}", "1:30"),
            ("- name: DB_PASSWORD\n  value: {}", "2:10"),
            ("  token: {type: string, default: {}}", "1:34"),
            ("  token:\n    type: string\n    default: '{}'", "3:15"),
            ("password: >-\n  {}", "2:3"),
            ("token:\n- {}", "2:3"),
            ("export TOKEN={} && run", "1:14"),
            ("{% set token = '{}' %}", "1:17"),
            ("url: postgres://app:{}@db:5432/x", "1:21"),
        ] {
            let found = found(text);
            assert!(found.len() == 1 && found[0].starts_with(&format!("{at} ")), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_only_names_a_secret_is_none() {
        for text in [
            "password: ${{ secrets.x7Kq2mP9vL4wR8tZ }}",
            "password: {{ values.x7Kq2mP9vL4wR8tZ }}",
            "password: $x7Kq2mP9vL4wR8tZ",
            "password: /run/{}",
            "see the token: {} of them",
            "token = get7Kq2mP9vL4wR8tZ(x)",
            "name: {}",
            "passwordHash: {}",
            "- name: MODE\n  value: {}",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_value_is_found_once_and_a_key_by_its_body() {
        assert_eq!(found("password: {}\ntoken: {}").len(), 1);
        let key = |line: &str| format!("-----BEGIN {} KEY-----\nAAAAAAAAAAAAAAAAAAAA\n{line}\n-----END X", "PRIVATE");
        let (one, other) = (key("BBBBBBBBBBBBBBBBBBBB"), key("CCCCCCCCCCCCCCCCCCCC"));
        let plain = in_sources([&Source::new("x", one.as_str())]);
        assert!(plain.len() == 1 && plain[0].is_in(&one) && !plain[0].is_in(&other), "{plain:?}");
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let plain = in_sources([&Source::new("x", format!("password: {WORD}"))]);
        let told = format!("{plain:?} {} {:?}", plain[0].problem(Level::Error), plain[0].problem(Level::Error));
        assert!(!told.contains(WORD), "{told}");
    }
}
