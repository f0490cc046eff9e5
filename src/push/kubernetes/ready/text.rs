//! Texts of a cluster, fit for one line of a terminal.

/// In one line: no line breaks, no control characters.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// In one line, as somebody else said it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text))
}

/// A text, and why: `has failed: Evicted "low on memory"`.
pub(super) fn with_reason(text: String, reason: &str, message: &str) -> String {
    let message = if message.is_empty() { String::new() } else { quoted(message) };
    match (reason, message.as_str()) {
        ("", "") => text,
        ("", only) | (only, "") => format!("{text}: {only}"),
        (reason, message) => format!("{text}: {reason} {message}"),
    }
}

/// The length to which a text is cut for a line.
const SHORT: usize = 120;

/// As much of a text as goes into a line.
pub(super) fn short(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// `1 restart`, `2 restarts`.
pub(super) fn counted(number: i64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
