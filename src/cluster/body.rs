//! The bytes of a request, overwritten when it is over.

use bytes::Bytes;
use serde::Serialize;
use zeroize::Zeroizing;

/// The body of a request.
pub(super) type Body = Zeroizing<Vec<u8>>;

/// A tree as JSON. Its bytes are counted first: what grows leaves copies behind that nobody overwrites.
pub fn json(tree: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    let _ = serde_json::to_writer(&mut length, tree);
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    let _ = serde_json::to_writer(&mut *text, tree);
    text
}

/// A body as it is sent: without a copy, and overwritten when nobody needs it any more.
pub(super) fn sent(body: Body) -> kube::client::Body {
    Bytes::from_owner(body).into()
}

/// Counts what is written to it.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_without_growing() {
        let tree = serde_json::json!({"a": ["b", 1, null, "\u{e9}\n"]});
        let text = json(&tree);
        assert_eq!(text.capacity(), text.len());
        assert_eq!(*text, tree.to_string().into_bytes());
    }
}
