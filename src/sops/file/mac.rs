//! The MAC of a file: that its values are those which sops or homebuild wrote, in their order.

use std::borrow::Cow;

use sha2::{Digest as _, Sha512};

use super::{Data, File, Held, Kind, SOPS, Value, What, is_at};
use crate::problem::{Place, Problem};

/// With what the digest begins where it is over encrypted values only, as `sops.go` has it.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

impl File {
    pub(super) fn check_mac(&self) -> Result<(), Problem> {
        let at = |key| self.said(key).map_or_else(|| Place::file(&self.source), |part| self.place(part));
        let note =
            "bring the file back from git; if the change was meant: `sops decrypt --ignore-mac`, and encrypt it anew";
        let time = self.said_text("lastmodified").unwrap_or_default();
        let mac = self.cipher.decrypt(self.said_text("mac").unwrap_or_default(), time).map_err(|_| {
            Problem::error("secrets", "the MAC of this file is not the one that was written with `lastmodified`")
                .at(&at("mac"))
                .note(note)
        })?;
        if mac.stored() == self.digest().as_bytes() {
            return Ok(());
        }
        let message = "the MAC of this file does not fit its values: one was taken out, moved, or changed by hand";
        Err(Problem::error("secrets", message).at(&at("mac")).note(note))
    }

    /// The file's text with a MAC of now, a time as RFC 3339 has it.
    pub(super) fn with_mac(&self, now: &str) -> Result<String, Problem> {
        let mac = self.cipher.encrypt(&Value::str(self.digest()), now).map_err(|_| super::change::no_chance())?;
        let mut text = self.text.clone();
        let mut changes: Vec<_> = [("lastmodified", format!("\"{now}\"")), ("mac", mac)].into_iter().collect();
        changes.sort_by_key(|(key, _)| std::cmp::Reverse(self.said(key).map(|part| part.at.start)));
        for (key, value) in changes {
            let part = self.said(key).ok_or_else(|| {
                Problem::error("secrets", format!("this file has no `sops.{key}`: sops did not write it"))
                    .at(&Place::file(&self.source))
            })?;
            text.replace_range(part.at.clone(), &value);
        }
        Ok(text)
    }

    /// The digest over all values, in the hex digits of sops.
    fn digest(&self) -> String {
        use std::fmt::Write as _;
        let only_encrypted = self.said_data("mac_only_encrypted") == Some(&Data::Bool(true));
        let mut digest = Sha512::new();
        if only_encrypted {
            digest.update(ONLY_ENCRYPTED);
        }
        for held in self.held.iter().filter(|held| held.is_encrypted || !only_encrypted) {
            digest.update(self.counted(held));
        }
        digest.finalize().iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02X}");
            out
        })
    }

    /// What the MAC counts of a value: as it is stored, but a date in plain as the time that it is to sops.
    fn counted<'a>(&self, held: &'a Held) -> Cow<'a, [u8]> {
        let text = &self.text[held.at.clone()];
        let is_place = |at: usize, byte: u8| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
        let is_date = !held.is_encrypted
            && held.value.kind() == Kind::Str
            && text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| is_place(at, byte));
        if is_date { format!("{text}T00:00:00Z").into_bytes().into() } else { held.value.stored().into() }
    }

    /// The part that is the value of a key of `sops:`.
    fn said(&self, key: &str) -> Option<&super::Part> {
        self.parts.iter().find(|part| matches!(part.what, What::Scalar(_)) && is_at(&part.path, &[SOPS, key]))
    }

    fn said_data(&self, key: &str) -> Option<&Data> {
        self.said(key).and_then(|part| if let What::Scalar(data) = &part.what { Some(data) } else { None })
    }

    fn said_text(&self, key: &str) -> Option<&str> {
        self.said_data(key).and_then(|data| if let Data::Str(text) = data { Some(&**text) } else { None })
    }
}
