//! Which values of a SOPS file are encrypted: the rule that its `sops:` names. Source: `shouldBeEncrypted` in `sops.go`
//! and `ToInternal` in `stores/stores.go` of sops.

use regex_lite::Regex;

use crate::problem::{Problem, Problems};
use crate::yaml::Node;

/// The suffix of keys whose values stay plain where a file names no rule.
pub const DEFAULT_SUFFIX: &str = "_unencrypted";
/// The rules that look at keys.
pub const OF_KEYS: [&str; 4] = ["unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex"];
/// The rules that look at comments, which a tree of values has not.
pub const OF_COMMENTS: [&str; 2] = ["unencrypted_comment_regex", "encrypted_comment_regex"];

/// The rule of one file: a key that matches decides over everything below it.
#[derive(Debug, Clone)]
pub struct Rules {
    keys: Keys,
    /// What holds for a value below a key that matches; the opposite holds for all others.
    encrypted: bool,
}

#[derive(Debug, Clone)]
enum Keys {
    EndingWith(String),
    Matching(Regex),
}

impl Default for Rules {
    /// All is encrypted but what lies below a key that ends with `_unencrypted`.
    fn default() -> Self {
        Self { keys: Keys::EndingWith(DEFAULT_SUFFIX.to_owned()), encrypted: false }
    }
}

impl Rules {
    /// The rule in a file's `sops:`. As sops does it takes one at most, and an empty one for none. A rule about comments
    /// and a regular expression that homebuild cannot read are errors: with them nobody would know what is secret.
    pub fn read(sops: &Node) -> Result<Self, Problems> {
        let said = |name: &&str| sops.get(name).filter(|node| !node.is_null() && node.as_str() != Some(""));
        if let Some((name, node)) = OF_COMMENTS.iter().find_map(|name| Some((name, said(name)?))) {
            return Err(Problem::error("secrets", format!("homebuild does not know the rule `{name}`"))
                .at(&node.place)
                .note("it decides by comments; name the keys instead: `unencrypted_suffix`, `encrypted_regex`")
                .into());
        }
        let mut rules = OF_KEYS.into_iter().filter_map(|name| Some((name, said(&name)?)));
        let Some((name, node)) = rules.next() else { return Ok(Self::default()) };
        if let Some((other, second)) = rules.next() {
            return Err(Problem::error("secrets", format!("`{name}` and `{other}` stand in one file"))
                .at(&second.place)
                .note("sops takes one rule of what is encrypted")
                .into());
        }
        let text = node.as_str().ok_or_else(|| {
            Problem::error("secrets", format!("`{name}` must be a text")).at(&node.place).note("sops writes it so")
        })?;
        let keys = if name.ends_with("_suffix") {
            Keys::EndingWith(text.to_owned())
        } else {
            Keys::Matching(regex(name, text).map_err(|problem| problem.at(&node.place))?)
        };
        Ok(Self { keys, encrypted: name.starts_with("encrypted") })
    }

    /// Whether the value at these keys is encrypted. `path` is the keys of maps from the top; as in sops the position in
    /// a list is none of them.
    #[must_use]
    pub fn encrypts(&self, path: &[&str]) -> bool {
        let is_match = |key: &&str| match &self.keys {
            Keys::EndingWith(suffix) => key.ends_with(suffix.as_str()),
            Keys::Matching(regex) => regex.is_match(key),
        };
        path.iter().any(is_match) == self.encrypted
    }
}

/// A regular expression of Go. What both languages have means the same; what only Go has is an error here.
fn regex(name: &str, text: &str) -> Result<Regex, Problem> {
    Regex::new(text).map_err(|error| {
        Problem::error("secrets", format!("`{name}` is no regular expression that homebuild can read"))
            .label(error.to_string())
            .note("it knows no `\\p{..}`, no `\\Q..\\E` and no classes in classes")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;

    fn rules(text: &str) -> Result<Rules, Problems> {
        Rules::read(&crate::yaml::parse_one(&Source::new("secrets.sops.yaml", text)).unwrap())
    }

    #[track_caller]
    fn are(text: &str, encrypted: &[&[&str]], plain: &[&[&str]]) {
        let rules = rules(text).unwrap();
        assert!(encrypted.iter().all(|path| rules.encrypts(path)), "{text}");
        assert!(!plain.iter().any(|path| rules.encrypts(path)), "{text}");
    }

    #[test]
    fn a_key_that_matches_decides_over_all_below_it() {
        are("{}", &[&["a"], &["a", "_unencryptedx"]], &[&["a_unencrypted"], &["a_unencrypted", "b", "c"]]);
        are("unencrypted_suffix: _plain", &[&["a_unencrypted"]], &[&["a", "b_plain"], &["b_plain", "a"]]);
        are("unencrypted_suffix: ''", &[&["a"]], &[&["a_unencrypted"]]);
        are("encrypted_suffix: _secret", &[&["a_secret"], &["a_secret", "b"]], &[&["a"], &["b_unencrypted"]]);
        are("unencrypted_regex: '^(user|host)$'", &[&["a"], &["users"]], &[&["user"], &["a", "host"], &["host", "a"]]);
        are("encrypted_regex: '^data'", &[&["data"], &["x", "database"]], &[&["metadata"], &[]]);
    }

    #[test]
    fn what_would_leave_open_what_is_secret_is_refused() {
        for text in [
            "unencrypted_comment_regex: plain",
            "encrypted_comment_regex: secret",
            "encrypted_regex: '('",
            "encrypted_regex: '\\Qa.b\\E'",
            "encrypted_regex: '\\pL'",
            "encrypted_regex: [a]",
            "{unencrypted_suffix: _plain, encrypted_regex: ^a}",
        ] {
            assert!(rules(text).is_err(), "{text}");
        }
    }
}
