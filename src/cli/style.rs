//! Colours: red for harm, yellow for attention, green for what comes. They only add to what the words say, and what
//! prints them drops them where the output is no terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const BOLD: Style = Style::new().bold();

/// A text in a style.
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
