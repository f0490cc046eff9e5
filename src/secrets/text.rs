//! Texts as other languages want them: what templates do now to plain text, and push does later to a secret.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::reference::{self, Piece, has_reference};
use crate::yaml::{Data, Entry, Form, Gap, Map, Node};

/// Standard base64, padded.
#[must_use]
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

/// Percent-encoded for any part of a URL: all but letters, digits and `-_.~`. Made in one piece of memory.
#[must_use]
pub fn percent(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = bytes.as_ref();
    let mut out = String::with_capacity(3 * bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |number: u8| char::from(DIGITS[usize::from(number)]);
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// Writes a text as the inside of a JSON string, whose raw characters are also those that every YAML reader takes.
pub fn write_json(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut begin = 0;
    for (at, c) in text.char_indices() {
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => "",
            _ => continue,
        };
        out.write_str(&text[begin..at])?;
        if escape.is_empty() {
            write!(out, "\\u{:04x}", u32::from(c))?;
        } else {
            out.write_str(escape)?;
        }
        begin = at + c.len_utf8();
    }
    out.write_str(&text[begin..])
}

/// A text as a JSON string, in which references get the filter `json`. What begins like a reference and is none is an
/// error.
pub fn quoted(text: &str) -> Result<String, String> {
    let mut out = "\"".to_owned();
    for piece in reference::pieces(text)? {
        match piece {
            Piece::Text(text) => write_json(&mut out, text).unwrap_or_default(), // a String takes everything
            Piece::Reference(reference) => out.push_str(&reference.filter("json").to_string()),
        }
    }
    out.push('"');
    Ok(out)
}

/// Data as a text that push fills in as such: a text with a secret is written as JSON, so that its value cannot break
/// the document.
pub fn emit(mut node: Node, form: Form) -> Result<String, String> {
    let gap = Gap::of(&node);
    let mut texts = Vec::new();
    take_references(&mut node, &gap, &mut texts)?;
    let pieces = gap.cut(&node, form);
    let ends = texts.iter().map(String::as_str).chain([""]);
    Ok(pieces.iter().zip(ends).flat_map(|(piece, text)| [piece, text]).collect())
}

fn take_references(node: &mut Node, gap: &Gap, texts: &mut Vec<String>) -> Result<(), String> {
    match &mut node.data {
        Data::Str(text) if has_reference(text) => {
            texts.push(quoted(text)?);
            *text = gap.text();
        }
        Data::List(list) => list.iter_mut().try_for_each(|item| take_references(item, gap, texts))?,
        Data::Map(Map(entries)) => {
            entries.iter_mut().try_for_each(|Entry { value, .. }| take_references(value, gap, texts))?;
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;
    use crate::yaml::parse_one;

    #[test]
    fn what_a_url_takes_is_left_and_the_rest_is_encoded() {
        assert_eq!(percent("aZ09-_.~ /@ü\0"), "aZ09-_.~%20%2F%40%C3%BC%00");
        assert_eq!(base64([0xff, 0xfe]), "//4=");
    }

    #[test]
    fn data_with_a_secret_is_a_text_in_which_any_value_can_stand() {
        let read = |text| parse_one(&Source::new("x", text)).unwrap();
        let node = read("a: [x<secret:s#00000000>, homebuild-gap]\nb: 'yes'\n");
        let yaml = "a:\n- \"x<secret:s|json#00000000>\"\n- homebuild-gap\nb: \"yes\"\n";
        assert_eq!(emit(node.clone(), Form::Yaml).as_deref(), Ok(yaml));
        assert!(emit(node, Form::Json).is_ok_and(|text| text.contains("\"x<secret:s|json#00000000>\"")));
        assert!(emit(read("<secret:s>"), Form::Yaml).is_err());
    }
}
