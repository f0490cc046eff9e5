//! Sources in one form: spaces, indentation and quotes only; comments, blank lines and the author's line breaks stay.

use std::collections::VecDeque;
use std::sync::Arc;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};

use crate::problem::{Place, Problem, Source};
use crate::yaml::{Data, Node, parse};

/// Lines are the author's: none is so long that it is broken.
const WIDTH: usize = 1 << 20;

/// How many lines further down a line is looked for.
const NEAR: usize = 64;

/// The text of a source in the one form. What it means is the same, or it is a problem.
pub fn format(source: &Arc<Source>) -> Result<String, Problem> {
    let before = parse(source)?;
    let refused = |why: String| {
        Problem::error("format", format!("this file cannot be formatted: {why}"))
            .at(&Place::file(source))
            .note("it is left as it is; a build takes it all the same")
    };
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text).replace('\r', "");
    // The formatter has a parser of its own, which is not made for everything that YAML is.
    let formatted = std::panic::catch_unwind(|| pretty_yaml::format_text(&text, &options()))
        .map_err(|_| refused("the formatter fails on it".to_owned()))?
        .map_err(|error| refused(error.to_string()))?;
    let text = with_gaps(&text, &formatted);
    let after = parse(&Source::new(source.path.as_str(), text.as_str()));
    let is_same = after.is_ok_and(|after| same_list(&before, &after)) && signs(&source.text).eq(signs(&text));
    if is_same { Ok(text) } else { Err(refused("more than its spaces and quotes would change".to_owned())) }
}

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions { trailing_comma: false, brace_spacing: false, ..LanguageOptions::default() },
    }
}

/// The text with the gaps before comments as the author left them: they are aligned to be read.
fn with_gaps(before: &str, after: &str) -> String {
    let mut rest: VecDeque<(String, &str)> =
        before.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| (without_gaps(line), line)).collect();
    let mut text = String::with_capacity(before.len());
    for line in after.split_inclusive('\n') {
        let content = line.trim();
        let form = without_gaps(content);
        let found = rest.iter().take(NEAR).position(|(known, _)| *known == form);
        let kept = found.and_then(|at| rest.drain(..=at).next_back()).map(|(_, kept)| kept);
        match kept.filter(|_| content.contains(" #")) {
            Some(kept) => text.push_str(&line.replacen(content, kept, 1)),
            None => text.push_str(line),
        }
    }
    text
}

/// A line with one space before each `#` that has some.
fn without_gaps(line: &str) -> String {
    let mut parts = line.split(" #");
    let first = parts.next().unwrap_or_default().trim_end_matches(' ').to_owned();
    parts.fold(first, |all, part| all + " #" + part.trim_end_matches(' '))
}

/// Everything that is read in a text, comments too: all but white space, and which quote it is.
fn signs(text: &str) -> impl Iterator<Item = char> {
    let visible = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}');
    visible.map(|c| if c == '\'' { '"' } else { c })
}

fn same_list(a: &[Node], b: &[Node]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// Whether two trees are the same, wherever they stand.
fn same(a: &Node, b: &Node) -> bool {
    let data = match (&a.data, &b.data) {
        (Data::List(a), Data::List(b)) => same_list(a, b),
        (Data::Map(a), Data::Map(b)) => {
            a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        (a, b) => a == b,
    };
    data && a.plain == b.plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        format(&Source::new("stack.yaml", text)).unwrap()
    }

    #[test]
    fn spaces_indentation_and_quotes_get_one_form() {
        assert_eq!(formatted("a:   1\nb:\n- x\n-   'y'\n"), "a: 1\nb:\n  - x\n  - \"y\"\n");
        assert_eq!(formatted("a: { b: [ 1,2 ],c: 'd\"' }"), "a: {b: [1, 2], c: 'd\"'}\n");
        assert_eq!(
            formatted("\u{feff}a: 1\r\n\r\n\r\n\r\nb:   |\r\n    x\r\n      y\r\n"),
            "a: 1\n\nb: |\n  x\n    y\n"
        );
    }

    #[test]
    fn comments_stay_where_the_author_aligned_them() {
        let text = "# a\na: 1      # one\nbcd: 2    # two \"#\"\n\n# end\n";
        assert_eq!(formatted(text), text);
        assert_eq!(formatted("a:\n    b:  1   # one\n    c: 'x   # y'\n"), "a:\n  b: 1 # one\n  c: \"x   # y\"\n");
    }

    #[test]
    fn what_yaml_would_take_for_something_else_stays() {
        for text in [
            "a: &x {b: 0x1f, c: 1.10, d: ~, e: True}\nf: *x\ng:\n  <<: *x\n  b: 012\n",
            "a: ${{ x ~ 'y' }}\nb: \"${{ {'a': 1} }}\"\nc: $${{ no }}\n",
            "a: |2-\n    x\nb: >+\n  folded\n  text\n\nc: !!str 1\n",
            "\"a b\": \"\\u00e9\\n\"\n'it''s': [ ]\n",
        ] {
            let once = formatted(text);
            assert_eq!(formatted(&once), once);
        }
    }

    #[test]
    fn what_would_change_more_than_its_form_is_refused() {
        let problem = format(&Source::new("stack.yaml", "? long\n: value\n")).unwrap_err();
        assert_eq!(problem.code, "format");
    }

    #[test]
    fn what_the_formatter_fails_on_is_refused() {
        // found by fuzzing: its parser counts columns in 64 bits
        let text = format!("{}a: 1\n", " ".repeat(64));
        let result = super::format(&Source::new("stack.yaml", text));
        assert!(result.as_deref() == Ok("a: 1\n") || result.is_err_and(|problem| problem.code == "format"));
    }

    #[test]
    fn a_source_that_is_no_yaml_is_told_as_ever() {
        let problem = format(&Source::new("stack.yaml", "a: [\n")).unwrap_err();
        assert_eq!((problem.code, problem.message.as_str()), ("yaml", "the `[` is not closed"));
    }
}
