//! The filters of references: what push does to a value on its way into an artifact.

use std::ops::RangeInclusive;

/// One filter, with its argument or the default of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Text as a part of a JSON string: [`super::text::write_json`].
    Json,
    /// [`super::text::base64`]
    Base64,
    /// [`super::text::percent`]
    Percent,
    /// A line of htpasswd; its cost is the logarithm of its rounds.
    Bcrypt(u32),
    /// The password of a Linux user, with its rounds.
    Sha512Crypt(u32),
}

/// As `htpasswd -C` takes them; above, a login takes seconds.
const COSTS: RangeInclusive<u32> = 4..=17;
/// Terraform's, and that of Go and of PHP.
const COST: u32 = 10;
/// From what the C library takes up to what takes a login some seconds.
const ROUNDS: RangeInclusive<u32> = 1000..=9_999_999;
/// passlib's; the 5000 of the C library are of 2007.
const DEFAULT_ROUNDS: u32 = 656_000;

impl Filter {
    /// A filter as a reference has it: `json`, `bcrypt(6)`. What is wrong with it is a sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').and_then(|number| number.parse().ok()))),
            None => (text, None),
        };
        let number = |usual: u32, range: RangeInclusive<u32>| match argument {
            None => Ok(usual),
            Some(Some(number)) if range.contains(&number) => Ok(number),
            Some(_) => Err(format!("`{text}`: the number of `{name}` is from {} to {}", range.start(), range.end())),
        };
        match (name, argument) {
            ("json", None) => Ok(Self::Json),
            ("b64encode", None) => Ok(Self::Base64),
            ("urlencode", None) => Ok(Self::Percent),
            ("json" | "b64encode" | "urlencode", Some(_)) => Err(format!("`{text}`: `{name}` takes no number")),
            ("bcrypt", _) => number(COST, COSTS).map(Self::Bcrypt),
            ("sha512_crypt", _) => number(DEFAULT_ROUNDS, ROUNDS).map(Self::Sha512Crypt),
            _ => Err(format!("`{text}` is no filter of secrets")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::reference::FILTERS;

    #[test]
    fn a_filter_is_known_with_a_number_that_it_can_take() {
        assert!(FILTERS.iter().all(|name| Filter::read(name).is_ok()));
        assert_eq!(Filter::read("bcrypt(6)"), Ok(Filter::Bcrypt(6)));
        assert_eq!(Filter::read("bcrypt"), Ok(Filter::Bcrypt(10)));
        assert_eq!(Filter::read("sha512_crypt(5000)"), Ok(Filter::Sha512Crypt(5000)));
        for wrong in ["bcrypt(3)", "bcrypt(18)", "sha512_crypt(999)", "json(1)", "rot13", "bcrypt()", "bcrypt(x"] {
            assert!(Filter::read(wrong).is_err(), "{wrong}");
        }
    }
}
