//! What a secret is made of that homebuild makes: how many characters, and of which set.

use std::fmt;
use std::ops::RangeInclusive;

use crate::problem::did_you_mean;

/// How many characters a secret may have that is made.
pub const LENGTHS: RangeInclusive<u32> = 1..=4096;
/// How many it has where nothing is said.
pub const LENGTH: u32 = 32;
/// Of which set where nothing is said.
pub const DEFAULT: &str = "alphanumeric";

/// The sets that have a name.
const NAMED: [(&str, &str); 10] = [
    (DEFAULT, "[a-zA-Z0-9]"),
    ("alphabetic", "[a-zA-Z]"),
    ("lower", "[a-z]"),
    ("upper", "[A-Z]"),
    ("digits", "[0-9]"),
    ("hex", "[0-9a-f]"),
    ("base32", "[A-Z2-7]"),
    ("base64", "[A-Za-z0-9+/]"),
    ("base64url", "[A-Za-z0-9_-]"),
    ("printable", "[!-~]"),
];

/// A set of at least two printable ASCII characters, without the blank, each once and sorted.
#[derive(Clone, PartialEq, Eq)]
pub struct Charset(Vec<u8>);

impl Charset {
    /// A set by its name, or as `[a-f0-9_]`: characters and ranges of them, a `-` last.
    pub fn read(text: &str) -> Result<Self, String> {
        let named = NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, set)| set);
        let Some(inner) = named.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            let known = NAMED.map(|(name, _)| name);
            let hint = did_you_mean(text, known);
            let hint = if hint.is_empty() { known.join(", ") } else { hint };
            let text = text.escape_debug();
            return Err(format!("there is no charset `{text}`; {hint}; or characters in brackets: [a-z0-9_]"));
        };
        let mut set = ranges(inner.as_bytes()).ok_or_else(|| {
            format!("`{}` is no charset: printable ASCII and ranges such as a-z, a `-` last", text.escape_debug())
        })?;
        set.sort_unstable();
        set.dedup();
        if set.len() < 2 {
            return Err(format!("charset `{text}` has fewer than two characters: nothing would be secret"));
        }
        Ok(Self(set))
    }

    /// The characters.
    #[must_use]
    pub fn characters(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Whether a length is one that can be made; what is wrong with it otherwise.
pub fn length(length: u32) -> Result<u32, String> {
    if LENGTHS.contains(&length) {
        return Ok(length);
    }
    Err(format!("a length of {length} is not between {} and {}", LENGTHS.start(), LENGTHS.end()))
}

fn ranges(text: &[u8]) -> Option<Vec<u8>> {
    match text {
        [] => Some(Vec::new()),
        [from, b'-', to, rest @ ..] if from <= to => all(*from..=*to, rest),
        [_, b'-', _, ..] => None,
        [one, rest @ ..] => all(*one..=*one, rest),
    }
}

fn all(range: RangeInclusive<u8>, rest: &[u8]) -> Option<Vec<u8>> {
    let are_printable = range.start().is_ascii_graphic() && range.end().is_ascii_graphic();
    let mut rest = ranges(rest).filter(|_| are_printable)?;
    rest.extend(range);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        Charset::read(text).map(|set| format!("{set:?}"))
    }

    #[test]
    fn a_set_has_a_name_or_stands_in_brackets() {
        assert_eq!(read("hex").as_deref(), Ok("0123456789abcdef"));
        assert_eq!(read("[f-a]").ok(), None);
        assert_eq!(read("[a-ca_-]").as_deref(), Ok("-_abc"));
        assert_eq!(read("[x[]]").as_deref(), Ok("[]x"));
        assert_eq!(Charset::read("printable").unwrap().characters().len(), 94);
        for (name, _) in NAMED {
            assert!(Charset::read(name).is_ok(), "{name}");
        }
        for (name, size) in [(DEFAULT, 62), ("base64", 64), ("base64url", 64), ("base32", 32), ("digits", 10)] {
            assert_eq!(Charset::read(name).unwrap().characters().len(), size, "{name}");
        }
    }

    #[test]
    fn what_is_no_set_is_told() {
        assert!(read("hx").unwrap_err().contains("did you mean `hex`"));
        for text in ["", "[]", "[a]", "[aa]", "[a b]", "[äb]", "[a-\u{7f}]", "abc"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
