//! Digests of texts, for names and marks that people compare by eye.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first bytes of the SHA-256 of a text or of bytes, as twice as many hex digits.
#[must_use]
pub fn hex(text: impl AsRef<[u8]>, bytes: usize) -> String {
    Sha256::digest(text.as_ref()).iter().take(bytes).fold(String::with_capacity(bytes * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The SHA-256 of several texts, each behind its length as 8 bytes, so that no other texts give the same bytes.
#[must_use]
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_are_told_apart() {
        assert_ne!(super::of_parts(["ab", "c"]), super::of_parts(["a", "bc"]));
        assert_ne!(super::of_parts(["a", ""]), super::of_parts(["a"]));
    }

    #[test]
    fn a_digest_is_the_beginning_of_sha_256() {
        assert_eq!(super::hex("abc", 4), "ba7816bf");
    }
}
