//! Formats that schemas name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::words::{self, Form};
use crate::yaml::{Data, Node};

/// A format that is checked; others, which a server does not know either, are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Int32,
    Int64,
    Quantity,
    Byte,
    Date,
    DateTime,
    Duration,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid,
}

impl Format {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "byte" => Self::Byte,
            "date" => Self::Date,
            "date-time" | "datetime" => Self::DateTime,
            "duration" => Self::Duration,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "mac" => Self::Mac,
            "uuid" => Self::Uuid,
            _ => return None,
        })
    }

    /// What a value should be, if it is not.
    pub fn missed(self, node: &Node) -> Option<&'static str> {
        match (self, &node.data) {
            (Self::Int32, Data::Int(number)) if i32::try_from(*number).is_err() => Some("a number of 32 bits"),
            (Self::Int64, Data::Int(number)) if i64::try_from(*number).is_err() => Some("a number of 64 bits"),
            (Self::Quantity, Data::Float(_)) => {
                let text = node.plain.as_deref().unwrap_or_default();
                (!text.is_empty() && !(words::QUANTITY.is)(text)).then_some(words::QUANTITY.words)
            }
            (_, Data::Str(text)) => self.form().filter(|form| !(form.is)(text)).map(|form| form.words),
            _ => None,
        }
    }

    fn form(self) -> Option<Form> {
        Some(match self {
            Self::Int32 | Self::Int64 => return None,
            Self::Quantity => words::QUANTITY,
            Self::Byte => Form { is: is_base64, words: "base64" },
            Self::Date => Form { is: is_date, words: "a day, such as `2026-01-31`" },
            Self::DateTime => Form { is: is_time, words: "a time, such as `2026-01-31T12:00:00Z`" },
            Self::Duration => Form { is: words::is_duration, words: "a duration, such as `1h30m`" },
            Self::Ipv4 => Form { is: |text| text.parse::<Ipv4Addr>().is_ok(), words: "an IPv4 address" },
            Self::Ipv6 => Form { is: |text| text.parse::<Ipv6Addr>().is_ok(), words: "an IPv6 address" },
            Self::Cidr => Form { is: is_cidr, words: "a network, such as `10.0.0.0/8`" },
            Self::Mac => Form { is: is_mac, words: "a MAC address" },
            Self::Uuid => Form { is: is_uuid, words: "a UUID" },
        })
    }
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok()
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    year.len() == 4 && is_number(year, 0, 9999) && is_number(month, 1, 12) && is_number(day, 1, 31)
}

fn is_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(end);
    let zone = match zone.strip_prefix(['+', '-']) {
        Some(zone) => {
            zone.split_once(':').is_some_and(|(hour, minute)| is_number(hour, 0, 23) && is_number(minute, 0, 59))
        }
        None => zone.eq_ignore_ascii_case("z"),
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    let is_time = is_number(hour, 0, 23) && is_number(minute, 0, 59) && is_number(second, 0, 60);
    zone && is_date(date) && is_time && !fraction.is_empty() && fraction.chars().all(|c| c.is_ascii_digit())
}

/// A number of at least two digits.
fn is_number(text: &str, least: u32, most: u32) -> bool {
    let is_digits = text.len() >= 2 && text.chars().all(|c| c.is_ascii_digit());
    is_digits && text.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= longest)
}

fn is_mac(text: &str) -> bool {
    let is_byte = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split([':', '-']).collect();
    matches!(parts.len(), 6 | 8 | 20) && parts.into_iter().all(is_byte)
}

fn is_uuid(text: &str) -> bool {
    let hex = text.replace('-', "");
    hex.len() == 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
}
