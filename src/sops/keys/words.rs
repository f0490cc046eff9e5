//! A command's words, as the command's author wrote them: quotes and `\` as in a shell, but nothing is looked up or run.
//! Source: `shlex` of Google, which sops splits commands with.

/// The words of a command; none where a quote or a `\` has no end.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => _ = letters.find(|letter| *letter == '\n'),
            '\\' => word.get_or_insert_default().push(letters.next()?),
            '\'' | '"' => quoted(letter, &mut letters, word.get_or_insert_default())?,
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

/// What stands up to the closing quote; a `\` counts in double quotes only.
fn quoted(quote: char, letters: &mut std::str::Chars, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            letter if letter == quote => return Some(()),
            '\\' if quote == '"' => word.push(letters.next()?),
            letter => word.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_command_is_split_as_a_shell_does() {
        let words = |text| split(text).map(|words| words.join("|"));
        assert_eq!(words("pass show  'age key'/x").as_deref(), Some("pass|show|age key/x"));
        assert_eq!(
            words(r#"op read "op://a \"b\"/c" \$HOME 'a\b' # why"#).as_deref(),
            Some(r#"op|read|op://a "b"/c|$HOME|a\b"#)
        );
        assert_eq!(words("a '' b#c").as_deref(), Some("a||b#c"));
        assert_eq!(words(" \n ").as_deref(), Some(""));
        assert_eq!([words("a 'b"), words("a \"b\\\""), words("a\\")], [None, None, None]);
    }
}
