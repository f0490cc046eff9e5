//! How a text is written, so that every reader takes it as that same text.

use std::fmt::Write as _;

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// In double quotes.
    Quoted,
    /// A literal block; the indicator is needed where its first lines begin with spaces.
    Block { indicator: bool },
}

/// Line break.
const BREAK: u8 = 1;
/// What must be escaped.
const CONTROL: u8 = 2;
/// A tab, which may stand in a block.
const TAB: u8 = 4;
/// `:`, `#` and `$`, which need a look at what is beside them.
const MARK: u8 = 8;
/// The first byte of a character in which others that must be escaped may hide.
const WIDE: u8 = 16;
/// What `quoted` cannot copy.
const ESCAPE: u8 = 32;

/// What each byte of a text means for its form.
static BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b'\n' => BREAK | ESCAPE,
            b'\t' => TAB | ESCAPE,
            b':' | b'#' | b'$' => MARK,
            b'"' | b'\\' => ESCAPE,
            0..=0x1f | 0x7f => CONTROL | ESCAPE,
            // U+0080 to U+009F; U+2000 to U+2FFF; U+F000 to U+FFFF.
            0xc2 | 0xe2 | 0xef => WIDE | ESCAPE,
            _ => 0,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    table
};

/// The form in which a text is written.
pub(super) fn form(text: &str) -> Form {
    let bytes = text.as_bytes();
    let found = bytes.iter().fold(0, |found, &byte| found | BYTES[byte as usize]);
    if found & CONTROL != 0 || found & WIDE != 0 && text.chars().any(must_escape) {
        return Form::Quoted;
    }
    if found & BREAK != 0 {
        return block(text);
    }
    let plain = found & TAB == 0
        && begins_plain(bytes)
        && bytes.last() != Some(&b' ')
        && (found & MARK == 0 || !has_mark(bytes))
        && !means_something(text);
    if plain { Form::Plain } else { Form::Quoted }
}

/// The form of a text that has line breaks.
fn block(text: &str) -> Form {
    let content = text.trim_start_matches(['\n', ' ']);
    let end = text.trim_end_matches('\n');
    let last = &end[end.rfind('\n').map_or(0, |at| at + 1)..];
    // Readers differ on a tab where they look for the indentation, and on spaces that might be it.
    if content.is_empty() || content.starts_with('\t') || last.bytes().all(|b| matches!(b, b' ' | b'\t')) {
        return Form::Quoted;
    }
    Form::Block { indicator: text[..text.len() - content.len()].contains(' ') }
}

/// Whether a text may begin without a quote.
fn begins_plain(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [b'-', rest @ ..] => !rest.is_empty() && rest[0] != b' ' && !bytes.starts_with(b"---"),
        [b'.', ..] => !bytes.starts_with(b"..."),
        [first, ..] => !b" ?:,[]{}#&*!|>'\"%@`".contains(first),
    }
}

/// Whether `:` or ` #` would end a plain text, or it has an expression, of which our parser would want the end.
fn has_mark(bytes: &[u8]) -> bool {
    bytes.last() == Some(&b':')
        || bytes.windows(2).any(|pair| pair == b": " || pair == b" #")
        || bytes.windows(3).any(|three| three == b"${{")
}

/// Whether some reader takes a plain text for something else: a truth value, nothing, a number, a date, a merge key.
fn means_something(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes[0] {
        b'0'..=b'9' | b'.' | b'+' | b'-' => is_number_like(text),
        b'~' | b'=' => bytes.len() == 1,
        b'<' => text == "<<",
        b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' | b't' | b'T' | b'f' | b'F' if bytes.len() <= 5 => {
            ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].iter().any(|w| text.eq_ignore_ascii_case(w))
        }
        _ => false,
    }
}

/// Whether a text has the shape of a number or date of any reader: `1_000`, `0x1f`, `1e3`, `12:30:45`, `2024-01-01`.
fn is_number_like(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let bytes = digits.as_bytes();
    match bytes {
        [b'.', rest @ ..] if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"nan") => true,
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', rest @ ..] => {
            rest.iter().all(|b| b.is_ascii_hexdigit() || *b == b'_')
        }
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', b'0'..=b'9', ..] => true,
        [b'0'..=b'9' | b'.', ..] => is_decimal(bytes) || is_sexagesimal(bytes),
        _ => false,
    }
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'_' | b',')
}

/// Digits, perhaps a point and digits, perhaps an exponent.
fn is_decimal(bytes: &[u8]) -> bool {
    let skip = |bytes: &[u8]| bytes.iter().take_while(|b| is_digit(**b)).count();
    let mut rest = &bytes[skip(bytes)..];
    if let [b'.', fraction @ ..] = rest {
        rest = &fraction[skip(fraction)..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let digits = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        rest = &digits[skip(digits)..];
    }
    rest.is_empty()
}

/// Hours, minutes and seconds, which YAML 1.1 counts by sixties.
fn is_sexagesimal(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| is_digit(*b) || matches!(b, b':' | b'.')) && bytes.contains(&b':')
}

/// Whether a character may not stand raw: not printable for some reader, a line break for another, or one that makes
/// the text look other than it is.
fn must_escape(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in double quotes, with escapes that YAML and JSON share.
pub(super) fn quoted(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut copied = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if BYTES[byte as usize] & ESCAPE == 0 {
            continue;
        }
        let Some(c) = text[at..].chars().next() else { continue };
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\t' => "\\t",
            '\r' => "\\r",
            c if must_escape(c) => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escape);
        }
        copied = at + c.len_utf8();
    }
    out.push_str(&text[copied..]);
    out.push('"');
}
