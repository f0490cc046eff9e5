//! Memory for a value that grows.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped, and where they lay before they grew.
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(256)))
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let wanted = self.0.len() + bytes.len();
        if wanted > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(wanted.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    pub fn bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// Bytes as a text without a copy; none where they are no UTF-8.
pub(super) fn text(mut bytes: Zeroizing<Vec<u8>>) -> Option<Zeroizing<String>> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_there_however_often_it_grew() {
        let mut buffer = Buffer::new();
        (0..1000).for_each(|_| buffer.push(b"secret"));
        assert_eq!(*buffer.bytes(), b"secret".repeat(1000));
        assert!(text(Zeroizing::new(vec![0xff])).is_none());
        assert_eq!(text(Zeroizing::new(b"x".to_vec())).as_deref().map(String::as_str), Some("x"));
    }
}
