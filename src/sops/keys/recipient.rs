//! Those a file is encrypted for: the public halves of keys.

use std::fmt;

use age::secrecy::ExposeSecret as _;
use age::{ssh, tag, tagpq, x25519};
use zeroize::Zeroizing;

use crate::problem::Problem;
use crate::sops::cipher::KEY;

/// Bits of the smallest RSA key that age takes.
const SMALLEST: &str = "2048 bits";

/// One that a file can be encrypted for. As a text it is as it was written; a comment behind an SSH key is there where it
/// is plain words, since commas part recipients in `.sops.yaml` and YAML has signs of its own.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Public,
}

#[derive(Clone)]
enum Public {
    Native(x25519::Recipient),
    Ssh(ssh::Recipient),
    Tag(tag::Recipient),
    TagPq(Box<tagpq::Recipient>),
}

impl Recipient {
    /// A recipient as people write it: `age1...`, `ssh-ed25519 AAAA...` or `ssh-rsa AAAA...`, with a comment or without.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let key = match text {
            _ if text.starts_with("ssh-") => text.parse().map(Public::Ssh).map_err(|error| wrong_ssh(&error))?,
            _ if text.starts_with("age1pq1") => return Err(unsupported(text, "age1pq1...", "is a post-quantum key")),
            _ if text.starts_with("age1tagpq1") => Public::TagPq(Box::new(text.parse().map_err(|_| damaged(text))?)),
            _ if text.starts_with("age1tag1") => text.parse().map(Public::Tag).map_err(|_| damaged(text))?,
            _ if text.starts_with("age1") && text.matches('1').count() > 1 => {
                return Err(unsupported(text, "age1NAME1...", "is a key of an age plugin"));
            }
            _ if text.starts_with("age1") => text.parse().map(Public::Native).map_err(|_| damaged(text))?,
            _ => return Err(unknown(text)),
        };
        Ok(Self { text: plain(text), key })
    }

    /// Whether another text names the same one: comments do not count.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        is_same(&self.text, other)
    }

    /// The key of a file, encrypted for this one: an armored age file, as it stands in `sops.age[].enc`.
    pub fn wrap(&self, key: &[u8; KEY]) -> Result<String, Problem> {
        let wrapped = match &self.key {
            Public::Native(public) => age::encrypt_and_armor(public, key),
            Public::Ssh(public) => age::encrypt_and_armor(public, key),
            Public::Tag(public) => age::encrypt_and_armor(public, key),
            Public::TagPq(public) => age::encrypt_and_armor(&**public, key),
        };
        wrapped.map_err(|error| Problem::error("recipient", format!("cannot encrypt for `{}`: {error}", self.text)))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

/// A new key of age with both its halves.
pub struct Pair {
    /// The public half, `age1...`.
    pub public: String,
    /// The private half, `AGE-SECRET-KEY-1...`.
    pub private: Zeroizing<String>,
}

impl Pair {
    /// One by chance.
    #[must_use]
    pub fn generate() -> Self {
        let identity = x25519::Identity::generate();
        let private = Zeroizing::new(identity.to_string().expose_secret().to_owned());
        Self { public: identity.to_public().to_string(), private }
    }
}

/// Whether a recipient of a file is one of age, which homebuild may have the key of.
pub(super) fn is_for_age(text: &str) -> bool {
    text.starts_with("age1") || text.starts_with("ssh-")
}

/// Whether two texts name one recipient: of SSH keys the type and the key count, the comment does not.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().take(2).eq(other.split_whitespace().take(2))
}

/// A recipient without a comment that is more than plain words.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (key, comment) = words.split_at(words.len().min(2));
    let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_".contains(c));
    if comment.iter().all(is_plain) { words.join(" ") } else { key.join(" ") }
}

fn damaged(text: &str) -> Problem {
    Problem::error("recipient", format!("`{text}` is no age recipient: a letter is wrong, or some are missing"))
        .note("copy it whole; `age-keygen -y KEYFILE` prints it again")
}

fn unsupported(text: &str, shape: &str, what: &str) -> Problem {
    Problem::error("recipient", format!("`{text}` {what} ({shape}), which homebuild cannot encrypt for"))
        .note("add it with `sops`, which can: what stands in the file for it stays there")
}

fn unknown(text: &str) -> Problem {
    let capital = text.to_uppercase();
    if ["SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN"].iter().any(|word| capital.contains(word)) {
        return Problem::error("recipient", "this is a private key, and a recipient is its public half")
            .note("`age-keygen -y KEYFILE` prints the public half of a key of age, `ssh-keygen -y -f FILE` that of SSH")
            .note(
                "whoever has seen the private key can read all that is encrypted for it: make a new one if it left you",
            );
    }
    let problem = Problem::error("recipient", format!("`{text}` is no recipient"))
        .note("a recipient is `age1...`, `ssh-ed25519 AAAA...` or `ssh-rsa AAAA...`");
    if text.ends_with(".pub") {
        problem.note(format!("the text of the file is meant: \"$(cat {text})\""))
    } else {
        problem
    }
}

fn wrong_ssh(error: &ssh::ParseRecipientKeyError) -> Problem {
    use ssh::ParseRecipientKeyError as Wrong;
    let why = match error {
        Wrong::RsaModulusTooSmall => format!("it is weak: RSA keys have at least {SMALLEST}"),
        Wrong::RsaModulusTooLarge => "it is larger than age takes".to_owned(),
        Wrong::Unsupported(kind) => format!("age has ssh-ed25519 and ssh-rsa, not `{}`", kind.escape_debug()),
        _ => "a letter is wrong, or some are missing".to_owned(),
    };
    Problem::error("recipient", format!("this SSH key cannot be a recipient: {why}"))
        .note("`ssh-keygen -t ed25519` makes one that can, `homebuild secrets init` a key of age")
}
