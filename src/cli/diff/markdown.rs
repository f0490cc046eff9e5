//! A difference as a comment on a pull request.
//!
//! All that comes from files stands in fenced blocks, in which nothing is markup, a link or a mention; a fence is longer
//! than any run of backticks within it.

use std::fmt::Write as _;

use crate::diff::Section;

use super::{Shown, text};

/// Forges take 65,536 characters; some count bytes.
const LARGEST: usize = 60_000;
/// What is kept free for the end.
const END: usize = 400;
/// Bytes of a line that are shown.
const LONGEST: usize = 600;

/// By which a job finds the comment that it made before.
const MARK: &str = "<!-- homebuild diff -->";

pub(super) fn comment(shown: &Shown) -> String {
    let mut out = format!("{MARK}\n");
    if shown.differences.is_empty() {
        out.push_str("**`out/` means the same as before**\n");
    } else {
        let _ = writeln!(out, "**`out/`: {}**\n", shown.summary);
        let cause = vec![text::causes(&shown.causes)];
        out.push_str(&block("cause", &cause, false, LARGEST).0);
        let mut left = 0;
        for (section, lines) in text::sections(shown) {
            let is_open = matches!(section, Section::Removes | Section::Risks | Section::Restarts | Section::Reboots);
            let (text, cut) = block(section.title(), &lines, is_open, LARGEST - END - out.len());
            out.push_str(&text);
            left += cut;
        }
        if left > 0 {
            let lines = crate::cli::count(left, "more line");
            let _ = writeln!(out, "{lines} than fit here: `homebuild diff` shows them\n");
        }
    }
    if let Some(rewritten) = text::rewritten(shown) {
        let _ = writeln!(out, "{rewritten}");
    }
    out
}

/// A folded block of as many lines as there is room for, and how many were left out.
fn block(title: &str, lines: &[String], is_open: bool, room: usize) -> (String, usize) {
    let lines: Vec<&str> = lines.iter().map(|line| cut(line)).collect();
    let longest_run = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest_run.max(2) + 1);
    let open = if is_open { " open" } else { "" };
    let begin = format!("<details{open}><summary>{title}</summary>\n\n{fence}text\n");
    let end = format!("{fence}\n\n</details>\n\n");
    let mut free = room.saturating_sub(begin.len() + end.len());
    let fitting = lines.iter().take_while(|line| {
        let fits = line.len() < free;
        free = free.saturating_sub(line.len() + 1);
        fits
    });
    let fitting: Vec<&str> = fitting.copied().collect();
    if fitting.is_empty() {
        return (String::new(), lines.len());
    }
    (format!("{begin}{}\n{end}", fitting.join("\n")), lines.len() - fitting.len())
}

fn cut(line: &str) -> &str {
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end));
    &line[..end.unwrap_or_default()]
}
