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

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_the_beginning_of_sha_256() {
        assert_eq!(super::hex("abc", 4), "ba7816bf");
    }
}
