//! `plain-secret`: a value looks like a secret and stands there in plain.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};
use crate::secrets::reference::has_reference;
use crate::yaml::{Data, Node};

pub(super) const CHECK: Check = Check {
    name: "plain-secret",
    default: Verdict::Deny,
    means: "A text holds a private key or the token of a known service, or a value under a key named like a password, \
            token or\nkey looks made by chance. References to secrets (`${{ secrets.x }}`) are what should stand there.",
    matters: "It is in git, in `out/` and in every pull request: whoever reads one of them has it, and taking it away \
              later\ndoes not take it back.",
    fix: "put it into the SOPS file and name it, `${{ secrets.x }}`, and make a new one; what is no secret is accepted: \
          `accept: {plain-secret: a public key}`.",
    run: Run::Object(run),
};

/// How the tokens of services begin.
const TOKENS: [&str; 24] = [
    "AGE-SECRET-KEY-1",
    "AIza",
    "AKIA",
    "ASIA",
    "dop_v1_",
    "github_pat_",
    "ghp_",
    "gho_",
    "ghr_",
    "ghs_",
    "ghu_",
    "glpat-",
    "gsk_",
    "hf_",
    "hvs.",
    "npm_",
    "pypi-",
    "rk_live_",
    "sk-",
    "sk_live_",
    "tskey-",
    "xoxb-",
    "xoxp-",
    "xapp-",
];
/// Characters that the rest of a token has at least.
const REST: usize = 16;
/// What the last word of a key is that holds a secret.
const KEYS: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "privatekey", "accesskey"];
/// Characters that a value made by chance has at least, and how many bits each of them says.
const LONG: usize = 16;
const BITS: f64 = 3.3;

/// Whether a text is a secret by its look alone.
pub(super) fn is_secret(text: &str) -> bool {
    shape(text).is_some() || is_by_chance(text)
}

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    let mut add = |what: &str, text: &'a str| {
        // the message does not repeat it
        let message = format!("a text looks like a secret: {what}");
        found.push(object.finding(message, Of::Hidden(text)));
    };
    match object.body {
        Body::Text(text) => {
            if let Some(what) = shape(text) {
                add(what, text);
            }
        }
        Body::Tree(node) => find("", node, &mut add),
    }
}

fn find<'a>(key: &str, node: &'a Node, add: &mut dyn FnMut(&str, &'a str)) {
    match &node.data {
        Data::Str(text) => match shape(text) {
            Some(what) => add(what, text),
            None if is_by_chance(text) && is_for_secrets(key) => add(&format!("the value of `{key}`"), text),
            None => {}
        },
        Data::List(list) => list.iter().for_each(|item| find(key, item, add)),
        Data::Map(map) => {
            // an environment variable says its name beside its value
            let named = map.get("name").and_then(Node::as_str).filter(|_| map.get("value").is_some());
            for (key, value) in map.iter() {
                find(named.filter(|_| key == "value").unwrap_or(key), value, add);
            }
        }
        _ => {}
    }
}

/// What of a known shape a text holds.
fn shape(text: &str) -> Option<&'static str> {
    if text.len() <= REST {
        return None;
    }
    if text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    words.find_map(|word| {
        let is_token = |start: &&&str| {
            let rest = word.strip_prefix(**start).unwrap_or_default();
            rest.len() >= REST && rest.contains(|c: char| c.is_ascii_digit()) && !rest.contains("--")
        };
        if word.len() <= REST {
            None
        } else if TOKENS.iter().find(is_token).is_some() {
            Some("the token of a service")
        } else {
            is_jwt(word).then_some("a JSON Web Token")
        }
    })
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = if word.starts_with("eyJ") { word.split('.').collect() } else { Vec::new() };
    parts.len() == 3 && parts[1].starts_with("eyJ") && parts.iter().all(|part| part.len() >= REST)
}

/// Whether the last words of a key are those of a secret: `DB_PASSWORD`, `apiKey`, not `secretName`, `PASSWORD_FILE`.
fn is_for_secrets(key: &str) -> bool {
    let letters = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    let joined: String = letters.collect();
    KEYS.iter().any(|end| joined.ends_with(end))
}

/// Whether a value looks made by chance: long, without a word's spaces, of letters and digits that differ much.
fn is_by_chance(text: &str) -> bool {
    let is_one_word = !text.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '$' | '{' | '<' | ':' | '@'));
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    text.len() >= LONG && is_one_word && mixed && !has_reference(text) && bits(text) >= BITS
}

/// Bits that a character of a text says on average: Shannon's entropy.
fn bits(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let of = |count: &u32| -(f64::from(*count) / all) * (f64::from(*count) / all).log2();
    counts.iter().filter(|count| **count > 0).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    // written in parts: none of them is a secret, and no scanner shall take one for it
    fn token(start: &str) -> String {
        format!("{start}{}", "a1B2".repeat(9))
    }

    #[test]
    fn tokens_and_keys_are_known_by_their_shape() {
        for text in [token("ghp_"), format!("url: https://x:{}@y", token("glpat-")), token("AGE-SECRET-KEY-1")] {
            assert_eq!(shape(&text), Some("the token of a service"), "{text}");
        }
        assert_eq!(shape("-----BEGIN OPENSSH PRIVATE KEY-----\nx"), Some("a private key"));
        assert_eq!(shape(&["eyJ", "eyJ", ""].map(token).join(".")), Some("a JSON Web Token"));
        for text in [
            "ghp_short",
            "sk-is-no-token-in-a-long-name",
            "-----BEGIN CERTIFICATE-----\nMIIB",
            "hf_".repeat(9).as_str(),
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_says_whether_its_value_is_secret() {
        for key in ["password", "DB_PASSWORD", "apiKey", "api-key", "githubToken", "secret"] {
            assert!(is_for_secrets(key), "{key}");
        }
        for key in ["secretName", "PASSWORD_FILE", "tokenURL", "key", "name"] {
            assert!(!is_for_secrets(key), "{key}");
        }
    }

    #[test]
    fn what_people_write_is_not_by_chance() {
        assert!(is_by_chance("x7Kq2mP9vL4wR8tZ"));
        for text in ["changeme", "postgresql-password-1", "aaaaaaaaaaaaaaaa1", "/run/secrets/x7Kq2mP9vL4wR8tZ"] {
            assert!(!is_by_chance(text) || bits(text) < 3.8, "{text}");
        }
    }
}
