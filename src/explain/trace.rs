//! From a rendered document to the line of the template that wrote it.
//!
//! A rendered text has no memory of its templates. So the templates are rendered once more, each line that begins a
//! document with a comment behind it that says where it stands. YAML does not see the comments.

use std::sync::Arc;

use crate::problem::{Place, Source};

/// What begins a mark.
const MARK: &str = " # written at ";

/// A template with its marks; any other file as it is.
pub(super) fn marked(source: &Arc<Source>) -> Arc<Source> {
    if !source.path.ends_with(".yaml.j2") || source.path.contains("/files/") {
        return source.clone();
    }
    let mark = |(number, line): (usize, &str)| {
        if begins(line) { format!("{line}{MARK}{}:{}", source.path, number + 1) } else { line.to_owned() }
    };
    let lines: Vec<String> = source.text.split('\n').enumerate().map(mark).collect();
    Source::new(source.path.as_str(), lines.join("\n"))
}

/// Whether a line begins a document, and a comment can stand behind it.
fn begins(line: &str) -> bool {
    let is_begin = line == "---" || line.starts_with("kind: ");
    is_begin && !line.contains("{%") && !line.contains("{#") && !line.contains(['|', '>', '&'])
}

/// The last mark before a place of a rendered text: of its document, or, in a file that holds several, of the line that
/// takes the file over.
pub(super) fn mark_of(place: &Place) -> Option<String> {
    let lines = place.source.text.lines().take(place.line as usize);
    lines.filter_map(|line| line.rsplit_once(MARK)).last().map(|(_, mark)| mark.to_owned())
}

/// The partials that a template names, and those that they name, sorted.
pub(super) fn partials(template: &str, all: &[Arc<Source>]) -> Vec<String> {
    let mut found: Vec<&Arc<Source>> = Vec::new();
    let mut texts = vec![template];
    while let Some(text) = texts.pop() {
        let is_named = |partial: &Source| ['"', '\''].iter().any(|q| text.contains(&format!("{q}{}{q}", partial.path)));
        let new: Vec<_> = all.iter().filter(|partial| !found.contains(partial) && is_named(partial)).collect();
        texts.extend(new.iter().map(|partial| partial.text.as_str()));
        found.extend(new);
    }
    let mut paths: Vec<String> = found.into_iter().map(|partial| partial.path.clone()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_behind_what_begins_a_document_and_is_found_again() {
        let text = "---\nkind: A\n---\nmetadata: {}\nkind: {{ x }}\n{% if y %}\nkind: B {% endif %}\n  kind: deep\n";
        let source = marked(&Source::new("layouts/a.yaml.j2", text));
        insta::assert_snapshot!(source.text, @r"
    --- # written at layouts/a.yaml.j2:1
    kind: A # written at layouts/a.yaml.j2:2
    --- # written at layouts/a.yaml.j2:3
    metadata: {}
    kind: {{ x }} # written at layouts/a.yaml.j2:5
    {% if y %}
    kind: B {% endif %}
      kind: deep
    ");
        let mark = |line| mark_of(&Place { source: source.clone(), line, column: 1, length: 1 });
        assert_eq!(mark(2).as_deref(), Some("layouts/a.yaml.j2:2"));
        assert_eq!(mark(4).as_deref(), Some("layouts/a.yaml.j2:3"));
    }

    #[test]
    fn a_text_has_no_marks() {
        let source = Source::new("stacks/a/files/x.yaml.j2", "kind: A\n");
        assert_eq!(marked(&source), source);
    }

    #[test]
    fn partials_are_those_of_partials_too() {
        let all = [("a", "{% import 'partials/b' as b %}"), ("b", ""), ("c", "")];
        let all = all.map(|(name, text)| Source::new(format!("partials/{name}"), text));
        assert_eq!(partials("{% from \"partials/a\" import x %}", &all), ["partials/a", "partials/b"]);
    }
}
