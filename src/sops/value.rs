//! A secret itself.

use std::fmt;

use zeroize::Zeroizing;

/// A value of a SOPS file, decrypted: its bytes as sops stores them, and their type. Wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    bytes: Zeroizing<Vec<u8>>,
    kind: Kind,
}

/// What a value is to sops: the `type:` of its ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, or bytes that are none.
    Str,
    /// A whole number, in decimal digits.
    Int,
    /// A number with a fraction.
    Float,
    /// `True` or `False`.
    Bool,
    /// Bytes; only older versions of sops write it.
    Bytes,
    /// A time, as RFC 3339 has it.
    Time,
    /// A comment of the file.
    Comment,
}

impl Kind {
    const WORDS: [(Self, &'static str); 7] = [
        (Self::Str, "str"),
        (Self::Int, "int"),
        (Self::Float, "float"),
        (Self::Bool, "bool"),
        (Self::Bytes, "bytes"),
        (Self::Time, "time"),
        (Self::Comment, "comment"),
    ];

    /// The word of sops for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("str", |(_, word)| word)
    }

    /// What a word of sops says.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

impl Value {
    /// A value of this type, as sops stores it.
    #[must_use]
    pub fn new(kind: Kind, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { bytes, kind }
    }

    /// A text, or the bytes of a file.
    #[must_use]
    pub fn str(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Str, Zeroizing::new(bytes.into()))
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As sops stores it: what is encrypted, and what the MAC of the file is made over.
    #[must_use]
    pub fn stored(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands for it in an artifact: its bytes, and `true` for true.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match (self.kind, self.bytes.as_slice()) {
            (Kind::Bool, b"True") => b"true",
            (Kind::Bool, b"False") => b"false",
            (_, bytes) => bytes,
        }
    }

    /// The same as text; none where it is no UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_in_its_debug_text() {
        assert_eq!(format!("{:?}", Some(Value::str("hunter2"))), "Some(Value(secret))");
    }
}
