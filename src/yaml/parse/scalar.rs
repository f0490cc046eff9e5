//! What a scalar is: the core schema of YAML 1.2, strictly.

use granit_parser::Tag;

use crate::problem::Problem;
use crate::yaml::Data;

/// The value of a plain scalar.
pub(super) fn plain(text: &str) -> Data {
    // Most values begin with a letter that no number, truth value or null begins with.
    match text.as_bytes().first() {
        None => Data::Null,
        Some(b'~' | b'n' | b'N') if is_null(text) => Data::Null,
        Some(b't' | b'T' | b'f' | b'F') => truth(text).map_or_else(|| Data::Str(text.into()), Data::Bool),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text).unwrap_or_else(|| Data::Str(text.into())),
        _ => Data::Str(text.into()),
    }
}

/// The value of a scalar with a tag.
pub(super) fn tagged(text: &str, tag: &Tag) -> Result<Data, Problem> {
    let (kind, value) = match tag.core_suffix() {
        Some("str") => ("text", Some(Data::Str(text.into()))),
        Some("null") => ("null", is_null(text).then_some(Data::Null)),
        Some("bool") => ("true or false", truth(text).map(Data::Bool)),
        Some("int") => ("a whole number", whole(text).map(Data::Int)),
        Some("float") => ("a number", fraction(text).map(Data::Float)),
        // `! text` is YAML's way to say that nothing is guessed.
        _ if tag.parts() == ("", "!") || tag.parts() == ("!", "") => ("text", Some(Data::Str(text.into()))),
        _ => return Err(unknown_tag(tag)),
    };
    value.ok_or_else(|| Problem::error("yaml", format!("`{text}` is tagged `{}`, but is not {kind}", tag.original())))
}

/// A tag that means nothing here.
pub(super) fn unknown_tag(tag: &Tag) -> Problem {
    Problem::error("yaml", format!("the tag `{}` has no meaning here", tag.original()))
        .note("a text that begins with `!` must be quoted")
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Data> {
    // A zero before other digits is an octal number to one reader and a decimal to the next: here it is text.
    let digits = text.trim_start_matches(['+', '-']).as_bytes();
    if digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None;
    }
    whole(text).map(Data::Int).or_else(|| if is_whole(text) { None } else { fraction(text).map(Data::Float) })
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A whole number that fits; a longer one is text.
fn whole(text: &str) -> Option<i128> {
    if is_whole(text) {
        return text.parse().ok();
    }
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x', ..] => (&text[2..], 16),
        [b'0', b'o', ..] => (&text[2..], 8),
        _ => return None,
    };
    // The standard library would take a sign here.
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| i128::from_str_radix(digits, radix).ok())?
}

/// `[-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, where it is finite.
fn fraction(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts = unsigned.strip_prefix('.').unwrap_or(unsigned).starts_with(|c: char| c.is_ascii_digit());
    let fits = unsigned.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !starts || !fits {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
