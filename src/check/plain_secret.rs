//! `plain-secret`: a value looks like a secret and stands there in plain.

use super::{Body, Check, Finding, Module, Object, Of, Run, Verdict};
use crate::secrets::reference::{START, has_reference};
use crate::yaml::{Data, Node};

/// It is looked for in documents here, and in sources in `plain_source`.
pub const CHECK: Check = Check {
    name: "plain-secret",
    default: Verdict::Deny,
    means: "A text holds a private key or the token of a known service, or a value under a key named like a password, \
            token or\nkey looks made by chance, in a line of a file and in a URL, too. References to secrets (`${{ \
            secrets.x }}`) are what\nshould stand there.",
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
/// What the first line of a private key ends with.
pub(super) const KEY_BLOCK: &str = "PRIVATE KEY-----";
/// Characters that the rest of a token has at least, and those of one part of it that is mixed.
const REST: usize = 16;
const PART: usize = 8;
/// What the last word of a key is that holds a secret.
const KEYS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "sharedkey",
];
/// What a key says of a value that only depends on a secret.
const DIGESTS: [&str; 4] = ["checksum", "digest", "hash", "existing"];
/// Characters that a value made by chance has at least, and how many bits each of them says.
pub(super) const LONG: usize = 16;
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
        // one only tells which fields there are, the other is encrypted
        Body::Tree(_) if matches!(object.what.kind, "CustomResourceDefinition" | "SealedSecret") => {}
        Body::Tree(node) => find("", node, &mut add),
    }
}

fn find<'a>(key: &str, node: &'a Node, add: &mut dyn FnMut(&str, &'a str)) {
    match &node.data {
        Data::Str(text) => match shape(text) {
            Some(what) => add(what, text),
            None if is_by_chance(text) && is_for_secrets(key) => add(&format!("the value of `{key}`"), text),
            None if text.contains('\n') => {
                if let Some(key) = text.lines().find_map(of_line) {
                    add(&format!("the value of `{key}`"), text);
                }
            }
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

/// The key of a line of a file, `key = value` or `"key": "value",`, that looks like a secret.
fn of_line(line: &str) -> Option<&str> {
    // what stands before a reference: the colon in it makes it no key, its fingerprint no value
    let line = line.split(START).next().unwrap_or_default();
    let (key, value) = line.split_once(['=', ':']).filter(|_| line.len() > LONG)?;
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';');
    // `export KEY`, and an entry of a list
    let key = key.trim_matches(is_around).rsplit(' ').next().unwrap_or_default();
    (is_by_chance(value.trim_matches(is_around)) && is_for_secrets(key)).then_some(key)
}

/// What of a known shape a text holds.
fn shape(text: &str) -> Option<&'static str> {
    shaped(text).map(|(what, _)| what)
}

/// What of a known shape a text holds, and the part of the text that it is.
pub(super) fn shaped(text: &str) -> Option<(&'static str, &str)> {
    if text.len() <= REST {
        return None;
    }
    if let Some(at) = text.find(KEY_BLOCK) {
        return Some(("a private key", &text[at..]));
    }
    if let Some(password) = text.match_indices("://").find_map(|(at, _)| password(&text[at + 3..])) {
        return Some(("a password in a URL", password));
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    words.find_map(|word| {
        let is_token = |start: &&&str| word.strip_prefix(**start).is_some_and(is_rest_of_token);
        if word.len() <= REST {
            None
        } else if TOKENS.iter().find(is_token).is_some() {
            Some(("the token of a service", word))
        } else {
            is_jwt(word).then_some(("a JSON Web Token", word))
        }
    })
}

/// The password that looks made by chance and stands with its user before the host of a URL.
fn password(rest: &str) -> Option<&str> {
    let host = rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?')).next()?;
    let (_, password) = host.rsplit_once('@')?.0.split_once(':')?;
    is_by_chance(password).then_some(password)
}

/// Whether a token goes on like this: long, and with a number in the middle of a part, which no name has.
fn is_rest_of_token(rest: &str) -> bool {
    rest.len() >= REST
        && !rest.contains("--")
        && rest.split(['-', '_', '.']).any(|part| part.len() >= PART && numbers(part) >= 2)
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = if word.starts_with("eyJ") { word.split('.').collect() } else { Vec::new() };
    parts.len() == 3 && parts[1].starts_with("eyJ") && parts.iter().all(|part| part.len() >= REST)
}

/// Whether the last words of a key are those of a secret: `DB_PASSWORD`, `apiKey`, not `secretName`, `PASSWORD_FILE`,
/// `checksum/secret`.
pub(super) fn is_for_secrets(key: &str) -> bool {
    let letters = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    let joined: String = letters.collect();
    KEYS.iter().any(|end| joined.ends_with(end)) && !DIGESTS.iter().any(|word| joined.contains(word))
}

/// Whether a value looks made by chance: long, without a word's spaces, of letters and digits that differ much.
pub(super) fn is_by_chance(text: &str) -> bool {
    let is_one_word = || !text.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '{' | '<' | ':' | '@'));
    // bytes in base64 may have slashes; a path begins with one, or has names between them
    let is_no_path = || !text.contains('/') || (is_base64(text) && text.split('/').any(|part| numbers(part) >= 3));
    text.len() >= LONG && is_one_word() && is_no_path() && is_mixed(text) && !has_reference(text) && bits(text) >= BITS
}

fn is_base64(text: &str) -> bool {
    !text.starts_with('/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// Whether letters and digits, or small and capital letters, follow one another more often than in what people write:
/// `immich-postgres-v1` is a name, and so is `MyApp2024Key`.
fn is_mixed(text: &str) -> bool {
    let numbers = numbers(text);
    let is_capital = |a: u8, b: u8| a.is_ascii_lowercase() && b.is_ascii_uppercase();
    numbers >= 3 || (numbers >= 1 && numbers + follow(text, is_capital) >= 5)
}

/// How often a letter and a digit follow one another.
fn numbers(text: &str) -> usize {
    let is_edge = |a: u8, b: u8| a.is_ascii_digit() && b.is_ascii_alphabetic();
    follow(text, |a, b| is_edge(a, b) || is_edge(b, a))
}

fn follow(text: &str, is_it: impl Fn(u8, u8) -> bool) -> usize {
    text.bytes().zip(text.bytes().skip(1)).filter(|(a, b)| is_it(*a, *b)).count()
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
            "sk-learn-something-v1.0.0",
            "hf_hub_download-0.12.34.tar.gz",
            "ASIA-PACIFIC-REGION-1",
            "image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    #[test]
    fn files_and_urls_are_looked_into() {
        let password = "x7Kq2mP9vL4wR8tZ";
        for line in
            ["db_password = {}", "  \"apiKey\": \"{}\",", "export TOKEN='{}'", "- DB_PASSWORD={}", "api-key: {}"]
        {
            assert!(of_line(&line.replace("{}", password)).is_some(), "{line}");
        }
        for line in [
            "mode = {}",
            "password = /run/{}",
            "password = ${{{}}}",
            "see the token: of {}",
            "token",
            "<secret:a|bcrypt(4)#{}>",
            "token=<secret:a#{}>",
        ] {
            assert_eq!(of_line(&line.replace("{}", password)), None, "{line}");
        }
        assert_eq!(shape(&format!("postgres://app:{password}@db:5432/x")), Some("a password in a URL"));
        for text in ["postgres://app:$(PASSWORD)@db:5432/x", "https://example.org/a:x7Kq2mP9vL4wR8tZ@y"] {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_says_whether_its_value_is_secret() {
        for key in ["password", "DB_PASSWORD", "apiKey", "api-key", "githubToken", "secret"] {
            assert!(is_for_secrets(key), "{key}");
        }
        for key in [
            "secretName",
            "PASSWORD_FILE",
            "tokenURL",
            "key",
            "name",
            "checksum/secret",
            "passwordHash",
            "existingSecret",
        ] {
            assert!(!is_for_secrets(key), "{key}");
        }
    }

    #[test]
    fn what_people_write_is_not_by_chance() {
        for text in [
            "x7Kq2mP9vL4wR8tZ",
            "d41d8cd98f00b204e9800998ecf8427e",
            "550e8400-e29b-41d4-a716-446655440000",
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
            "kQvTbhWzRnYpLcXs4dGf",
            "aB3dE5fG/hI7jK9mN1pQ2+rS4tU6vW8x=",
        ] {
            assert!(is_by_chance(text), "{text}");
        }
        for text in [
            "changeme",
            "postgresql-password-1",
            "immich-postgres-v1",
            "registry-credentials-01",
            "traefik-basic-auth-2",
            "MySuperSecretPassword1",
            "aaaaaaaaaaaaaaaa1",
            "/run/secrets/x7Kq2mP9vL4wR8tZ",
            "secrets/data/app1/token2/key3",
            "docker/library/postgres16",
            "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "{{ .Values.x7Kq2mP9vL4wR8tZ }}",
            "correct horse battery staple 12",
        ] {
            assert!(!is_by_chance(text), "{text}");
        }
    }
}
