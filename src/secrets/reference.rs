//! The grammar of references: `<secret:PATH|FILTER(ARG)#FP>`, and `<secret::` for the literal text `<secret:`.
//!
//! PATH is keys joined by `.`, a key with other characters than letters, digits, `_` and `-` as `["..."]`. Filters are
//! optional and may follow one another. FP is the fingerprint of the secret's ciphertext.

use std::fmt;

use super::Fingerprint;

/// What a reference begins with.
pub const START: &str = "<secret:";

/// One reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// What push does to the value, in this order: `json`, `bcrypt(6)`.
    pub filters: Vec<String>,
    /// Of the ciphertext.
    pub fingerprint: Fingerprint,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text without references, as it stands (`<secret::` still written so).
    Text(&'a str),
    /// A reference.
    Reference(Reference),
}

/// The filters that push knows; `bcrypt` and `sha512_crypt` may have a number as argument.
pub const FILTERS: [&str; 5] = ["json", "b64encode", "urlencode", "bcrypt", "sha512_crypt"];

impl Reference {
    /// The text as one reference, if it is nothing else.
    #[must_use]
    pub fn exactly(text: &str) -> Option<Self> {
        match pieces(text).ok()?.as_mut_slice() {
            [Piece::Reference(reference)] => Some(reference.clone()),
            _ => None,
        }
    }

    /// The same with one more filter.
    #[must_use]
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filters.push(filter.into());
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(START)?;
        write_path(f, self.path.iter().map(String::as_str))?;
        for filter in &self.filters {
            write!(f, "|{filter}")?;
        }
        write!(f, "#{}>", self.fingerprint.0)
    }
}

/// Keys as a path: `a.b["c@d"]`.
pub fn write_path<'a>(out: &mut impl fmt::Write, path: impl IntoIterator<Item = &'a str>) -> fmt::Result {
    for (index, key) in path.into_iter().enumerate() {
        if !key.is_empty() && key.chars().all(is_plain) {
            write!(out, "{}{key}", if index == 0 { "" } else { "." })?;
        } else {
            write!(out, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
    }
    Ok(())
}

/// The keys of a path as people write it behind `secrets.`: `a.b["c@d"]`.
#[must_use]
pub fn parse_path(text: &str) -> Option<Vec<String>> {
    read_path(text).filter(|(_, rest)| rest.is_empty()).map(|(path, _)| path)
}

/// Keys as a path, to be shown.
#[must_use]
pub fn path_text<S: AsRef<str>>(path: &[S]) -> String {
    let mut text = String::new();
    let _ = write_path(&mut text, path.iter().map(AsRef::as_ref));
    text
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a text holds a reference, right or wrong (`<secret::` is none).
#[must_use]
pub fn has_reference(text: &str) -> bool {
    // a search for one byte costs nothing where texts are short and nearly all hold none
    text.match_indices('<').any(|(at, _)| text[at..].strip_prefix(START).is_some_and(|rest| !rest.starts_with(':')))
}

/// A text cut at its references; what begins like one and is none is an error.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut found = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(offset) = text[at..].find(START) {
        let start = at + offset;
        let rest = &text[start + START.len()..];
        at = start + START.len();
        if rest.starts_with(':') {
            continue;
        }
        let (reference, length) = read(rest).ok_or_else(|| {
            let shown: String = text[start..].chars().take_while(|c| !c.is_control()).take(40).collect();
            format!("`{shown}` is no reference to a secret; `<secret::` is the literal text")
        })?;
        if begin < start {
            found.push(Piece::Text(&text[begin..start]));
        }
        found.push(Piece::Reference(reference));
        at += length;
        begin = at;
    }
    if begin < text.len() {
        found.push(Piece::Text(&text[begin..]));
    }
    Ok(found)
}

/// A reference after its start, and how many bytes it takes.
fn read(text: &str) -> Option<(Reference, usize)> {
    let (path, mut rest) = read_path(text)?;
    let mut filters = Vec::new();
    while let Some(after) = rest.strip_prefix('|') {
        let end = after.find(['|', '#', '>'])?;
        let name = after[..end].split('(').next()?;
        let argument = &after[name.len()..end];
        let number = argument.strip_prefix('(').and_then(|a| a.strip_suffix(')')).map(str::parse::<u32>);
        if !FILTERS.contains(&name) || !(argument.is_empty() || matches!(number, Some(Ok(_)))) {
            return None;
        }
        filters.push(after[..end].to_owned());
        rest = &after[end..];
    }
    let fingerprint = rest.strip_prefix('#')?.get(..8)?;
    if !fingerprint.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let end = rest[9..].strip_prefix('>')?;
    let reference = Reference { path, filters, fingerprint: Fingerprint(fingerprint.to_owned()) };
    Some((reference, text.len() - end.len()))
}

fn read_path(text: &str) -> Option<(Vec<String>, &str)> {
    let (mut path, mut rest) = (Vec::new(), text);
    loop {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (mut key, mut chars) = (String::new(), quoted.char_indices());
            loop {
                match chars.next()? {
                    (_, '\\') => key.push(chars.next()?.1),
                    (end, '"') => {
                        rest = quoted[end + 1..].strip_prefix(']')?;
                        break;
                    }
                    (_, c) => key.push(c),
                }
            }
            path.push(key);
        } else {
            let plain = if path.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = plain.find(|c| !is_plain(c)).unwrap_or(plain.len());
            if end == 0 {
                return None;
            }
            path.push(plain[..end].to_owned());
            rest = &plain[end..];
        }
        if !rest.starts_with(['.', '[']) {
            return Some((path, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for path in [vec!["a"], vec!["a", "b-c", "d_1"], vec!["mail", "info@x.org"], vec!["odd \"key\\", "x"]] {
            let reference = Reference {
                path: path.into_iter().map(String::from).collect(),
                filters: vec!["bcrypt(6)".into(), "json".into()],
                fingerprint: Fingerprint("0123abcd".into()),
            };
            assert_eq!(Reference::exactly(&reference.to_string()), Some(reference));
        }
    }

    #[test]
    fn a_text_is_cut_at_its_references() {
        let cut = pieces("a <secret:x#00000000>b <secret::y> c").unwrap();
        assert_eq!(cut.len(), 3);
        assert_eq!(cut[2], Piece::Text("b <secret::y> c"));
        assert!(has_reference("<secret:x") && !has_reference("<secret::x"));
    }

    #[test]
    fn what_only_begins_like_a_reference_is_an_error() {
        for text in ["<secret:>", "<secret:a>", "<secret:a#12>", "<secret:a|rot13#00000000>", "<secret:a..b#00000000>"]
        {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
