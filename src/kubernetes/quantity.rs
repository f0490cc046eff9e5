//! Quantities of resources: `100m`, `0.5`, `4Gi`, `1e3`.

/// An amount, exact to a billionth; finer amounts are rounded up, as Kubernetes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity(i128);

/// What one is made of.
const UNIT: i128 = 1_000_000_000;

/// Suffixes and how many billionths each stands for.
const SUFFIXES: [(&str, i128); 16] = [
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("", UNIT),
    ("k", UNIT * 1_000),
    ("M", UNIT * 1_000_000),
    ("G", UNIT * 1_000_000_000),
    ("T", UNIT * 1_000_000_000_000),
    ("P", UNIT * 1_000_000_000_000_000),
    ("E", UNIT * 1_000_000_000_000_000_000),
    ("Ki", UNIT << 10),
    ("Mi", UNIT << 20),
    ("Gi", UNIT << 30),
    ("Ti", UNIT << 40),
    ("Pi", UNIT << 50),
    ("Ei", UNIT << 60),
];

impl Quantity {
    /// Reads one; none where the text is no quantity or too large to be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let places = i32::try_from(fraction.len()).ok()?;
        let digits: i128 = digits.parse().ok().filter(|_| !fraction.contains('.'))?;
        let (unit, exponent) = unit(suffix)?;
        let shift = exponent.checked_sub(places)?;
        let power = 10_i128.checked_pow(shift.unsigned_abs());
        let amount = digits.checked_mul(unit)?;
        let amount = match power {
            Some(power) if shift >= 0 => amount.checked_mul(power)?,
            Some(power) => (amount / power).checked_add(i128::from(amount % power != 0))?,
            None if shift < 0 => i128::from(amount != 0),
            None => return None,
        };
        amount.checked_mul(sign).map(Self)
    }

    /// Several of it; the largest there is where they are too many.
    #[must_use]
    pub fn times(self, number: i128) -> Self {
        Self(self.0.saturating_mul(number))
    }

    /// Both; the largest there is where they are too much.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// As a person writes it: `2`, `250m`, or in powers of 1024 for what is counted in bytes.
    #[must_use]
    pub fn show(self, bytes: bool) -> String {
        let binary = SUFFIXES.iter().rev().filter(|(suffix, _)| bytes && suffix.ends_with('i'));
        let whole = binary.chain(&SUFFIXES[3..4]).chain([&SUFFIXES[2], &SUFFIXES[1], &SUFFIXES[0]]);
        let fits = |(_, unit): &&(&str, i128)| self.0 != 0 && self.0 % unit == 0;
        let found = whole.clone().find(fits);
        found.map_or_else(|| "0".to_owned(), |(suffix, unit)| format!("{}{suffix}", self.0 / unit))
    }
}

/// What a suffix stands for: billionths, and a power of ten.
fn unit(suffix: &str) -> Option<(i128, i32)> {
    if let Some((_, unit)) = SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        return Some((*unit, 0));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((UNIT, exponent.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    fn same(a: &str, b: &str) {
        assert!(Quantity::parse(a).is_some(), "{a}");
        assert_eq!(Quantity::parse(a), Quantity::parse(b), "{a} and {b}");
    }

    #[test]
    fn one_amount_can_be_written_in_several_ways() {
        same("100m", "0.1");
        same("0.5", "500m");
        same(".5", "500m");
        same("5.", "5");
        same("1e3", "1k");
        same("1E3", "1000");
        same("12e-1", "1200m");
        same("4Gi", "4294967296");
        same("123Mi", "128974848");
        same("1.5Gi", "1536Mi");
        same("+2", "2");
        same("1E", "1000P");
        same("0.0000000001", "1n");
        same("1e-40", "1n");
        same("-1", "-1000m");
    }

    #[test]
    fn amounts_are_compared_by_their_size() {
        let order = ["-1", "0", "1n", "1u", "25m", "0.5", "2", "1k", "1Ki", "128M", "128Mi", "4Gi", "1E", "1Ei"];
        let amounts: Vec<_> = order.iter().map(|text| Quantity::parse(text).unwrap()).collect();
        assert!(amounts.is_sorted_by(|a, b| a < b), "{amounts:?}");
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in ["", "m", "Gi", "4gi", "4 Gi", "1..2", "1.2.3", ".", "--1", "1e", "1e999", "0x10", "4GiB", "９"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(Quantity::parse(&"9".repeat(60)), None);
    }

    #[test]
    fn an_amount_is_shown_as_a_person_writes_it() {
        let show = |text: &str, bytes| Quantity::parse(text).unwrap().show(bytes);
        assert_eq!(show("2000m", false), "2");
        assert_eq!(show("0.25", false), "250m");
        assert_eq!(show("6442450944", true), "6Gi");
        assert_eq!(show("1536Mi", true), "1536Mi");
        assert_eq!(show("1000", true), "1000");
        assert_eq!(show("0", true), "0");
    }
}
