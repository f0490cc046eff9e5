//! Base64 as a Secret's `data` has it (RFC 4648, with padding).

/// What a text decodes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub bytes: Vec<u8>,
    /// Whether encoding the bytes gives the same text again.
    pub is_canonical: bool,
}

/// The bytes that a text stands for, as the API server reads it: line breaks do not count.
pub(super) fn decode(text: &str) -> Option<Decoded> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.iter().take(digits.len() - padding) {
        bits = (bits << 6 | value(*digit)?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend((bits >> count & 0xff).to_le_bytes().first());
        }
    }
    let is_canonical = digits.len() == text.len() && bits & ((1 << count) - 1) == 0;
    Some(Decoded { bytes, is_canonical })
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rfc_4648_encodes_is_decoded() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            let expected = Decoded { bytes: bytes.into(), is_canonical: true };
            assert_eq!(decode(text), Some(expected), "{text}");
        }
        assert_eq!(decode("+/+/").unwrap().bytes, [0xfb, 0xff, 0xbf]);
    }

    #[test]
    fn line_breaks_and_stray_bits_are_read_but_are_not_canonical() {
        assert_eq!(decode("Zm9v\nYmFy\n"), Some(Decoded { bytes: "foobar".into(), is_canonical: false }));
        assert_eq!(decode("Zh=="), Some(Decoded { bytes: "f".into(), is_canonical: false }));
    }

    #[test]
    fn what_is_not_base64_is_nothing() {
        for text in ["Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9-", "<secret:a>", "ä"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
