//! How what is printed looks on a terminal. Elsewhere, and where `NO_COLOR` is set, the streams of this module print the
//! plain text: a colour only adds to what the words already say.

use anstyle::{AnsiColor, Style};

/// Of what is harm.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Of what wants attention.
pub(super) const ATTENTION: Style = AnsiColor::Yellow.on_default().bold();
/// Of what comes.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Of paths and of heads of tables.
pub(super) const BOLD: Style = Style::new().bold();
/// Of what is beside the point.
pub(super) const DIM: Style = Style::new().dimmed();

/// Standard output.
pub(super) fn out() -> anstream::Stdout {
    anstream::stdout()
}

/// Standard error.
pub(super) fn err() -> anstream::Stderr {
    anstream::stderr()
}

/// Columns of the terminal that standard output is, if it is one.
pub(super) fn width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into())
}

/// A text in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// A problem as it is printed, in colours.
pub(super) fn problem(text: &str) -> String {
    let style = if text.starts_with("error") { BAD } else { ATTENTION };
    text.split('\n').enumerate().map(|(number, line)| of_line(number, line, style)).collect::<Vec<_>>().join("\n")
}

fn of_line(number: usize, line: &str, style: Style) -> String {
    let (gutter, rest) = line.split_at(line.find(['|', '=']).map_or(0, |at| at + 1));
    let is_gutter = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '|' | '=');
    match line.split_once(": ") {
        Some((level, message)) if number == 0 => format!("{}: {}", paint(style, level), paint(BOLD, message)),
        _ if line.starts_with("  --> ") => format!("{}{}", paint(DIM, "  --> "), paint(BOLD, &line[6..])),
        _ if !gutter.chars().all(is_gutter) => line.to_owned(),
        _ if gutter.ends_with('=') => paint(DIM, line),
        _ if rest.trim_start().starts_with('^') => format!("{}{}", paint(DIM, gutter), paint(style, rest)),
        _ => format!("{}{rest}", paint(DIM, gutter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "error[x]: a: b\n  --> stacks/a/stack.yaml:7:5\n   |\n 7 |     prot: a | b = c\n   |     ^^^^ did you mean `port`?\n   = in component `a`\n     = deeper\n";

    #[test]
    fn without_colours_it_is_the_same_text() {
        assert_eq!(anstream::adapter::strip_str(&problem(TEXT)).to_string(), TEXT);
    }

    #[test]
    fn what_is_wrong_is_red_and_where_is_bold() {
        let lines: Vec<String> = problem(TEXT).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "\x1b[1m\x1b[31merror[x]\x1b[0m: \x1b[1ma: b\x1b[0m");
        assert_eq!(lines[1], "\x1b[2m  --> \x1b[0m\x1b[1mstacks/a/stack.yaml:7:5\x1b[0m");
        assert_eq!(lines[3], "\x1b[2m 7 |\x1b[0m     prot: a | b = c");
        assert_eq!(lines[4], "\x1b[2m   |\x1b[0m\x1b[1m\x1b[31m     ^^^^ did you mean `port`?\x1b[0m");
    }
}
