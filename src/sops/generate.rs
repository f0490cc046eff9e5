//! Secrets that homebuild makes, of chance from the system.

use getrandom::Error;
use zeroize::Zeroizing;

use super::{Kind, Value};
use crate::secrets::charset::Charset;

/// A text of so many characters, each of them any of the set as likely as any other.
pub fn make(charset: &Charset, length: u32) -> Result<Value, Error> {
    let text = chosen(charset.characters(), length as usize, &mut getrandom::fill)?;
    Ok(Value::new(Kind::Str, text))
}

/// Characters chosen by bytes. A byte that would make the first characters of the set likelier than the last is left out:
/// of 256 bytes and 10 characters, those from 250.
fn chosen(
    set: &[u8],
    length: usize,
    fill: &mut dyn FnMut(&mut [u8]) -> Result<(), Error>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let fair = 256 - 256 % set.len();
    let mut text = Zeroizing::new(Vec::with_capacity(length));
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < length {
        fill(bytes.as_mut())?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let wanted = length - text.len();
        text.extend(fair.map(|byte| set[byte % set.len()]).take(wanted));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What all 256 bytes are made to, each once.
    fn of_every_byte(set: &Charset) -> Vec<u8> {
        let set = set.characters();
        let mut next = 0..=255_u8;
        let mut fill = |bytes: &mut [u8]| {
            bytes.fill_with(|| next.next().unwrap());
            Ok(())
        };
        chosen(set, 256 - 256 % set.len(), &mut fill).unwrap().to_vec()
    }

    #[test]
    fn every_character_is_made_of_as_many_bytes_as_every_other() {
        for name in ["alphanumeric", "digits", "hex", "base64", "printable", "[abc]", "[01]"] {
            let set = Charset::read(name).unwrap();
            let mut counts = BTreeMap::<u8, usize>::new();
            for c in of_every_byte(&set) {
                *counts.entry(c).or_default() += 1;
            }
            let each = 256 / set.characters().len();
            assert!(counts.keys().copied().eq(set.characters().iter().copied()), "{name}");
            assert!(counts.values().all(|count| *count == each), "{name}: {counts:?}");
        }
    }

    #[test]
    fn bytes_that_would_be_unfair_are_left_out_and_others_taken() {
        let digits = Charset::read("digits").unwrap();
        let mut rounds = [[255; 64], [7; 64]].into_iter();
        let mut fill = |bytes: &mut [u8]| {
            bytes.copy_from_slice(&rounds.next().unwrap());
            Ok(())
        };
        assert_eq!(chosen(digits.characters(), 3, &mut fill).unwrap().as_slice(), b"777");
        let mut fails = |_: &mut [u8]| Err(Error::UNSUPPORTED);
        assert_eq!(chosen(digits.characters(), 3, &mut fails), Err(Error::UNSUPPORTED));
    }

    #[test]
    fn a_secret_has_its_length_and_is_another_each_time() {
        let set = Charset::read("printable").unwrap();
        for length in [1, 63, 64, 65, 4096] {
            assert_eq!(make(&set, length).unwrap().bytes().len(), length as usize);
        }
        assert!(make(&set, 64).unwrap() != make(&set, 64).unwrap(), "2^-419 that this fails by chance");
    }
}
