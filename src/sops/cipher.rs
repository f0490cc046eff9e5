//! One value and its ciphertext, `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`, as sops writes it: AES-256 in Galois
//! counter mode with a nonce of 32 bytes, bound to the path of the value. Source: `aes/cipher.go` of sops.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{AeadInOut, KeyInit as _};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::{Kind, Value};

/// Bytes of the key that a file's values are encrypted with.
pub const KEY: usize = 32;
const NONCE: usize = 32;

/// What encrypts and decrypts the values of one file.
#[derive(Clone)]
pub struct Cipher {
    gcm: AesGcm<Aes256, U32>,
    key: Zeroizing<[u8; KEY]>,
}

/// Why a ciphertext is not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not written as a ciphertext of sops.
    Shape,
    /// Its type or its encryption is unknown: a newer sops may have written it.
    Type,
    /// It was made with another key, for another path, or it was changed.
    Forged,
}

impl Cipher {
    /// One with a new key by chance.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; KEY]);
        getrandom::fill(key.as_mut())?;
        Ok(Self::new(key))
    }

    /// One with this key.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; KEY]>) -> Self {
        Self { gcm: AesGcm::new((&*key).into()), key }
    }

    /// The key, to be encrypted for those who may read the file.
    #[must_use]
    pub fn key(&self) -> &[u8; KEY] {
        &self.key
    }

    #[expect(clippy::missing_panics_doc, reason = "nobody has a value of 64 GiB")]
    /// The ciphertext of a value at a path, with a nonce by chance; an empty one is written as it is, as sops does.
    pub fn encrypt(&self, value: &Value, path: &str) -> Result<String, getrandom::Error> {
        if value.stored().is_empty() {
            return Ok(String::new());
        }
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        let mut data = value.stored().to_vec();
        let tag = self.gcm.encrypt_inout_detached(&Nonce::from(nonce), path.as_bytes(), data.as_mut_slice().into());
        let tag = tag.expect("a value is shorter than the 64 GiB that the cipher takes");
        Ok(format!(
            "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]",
            BASE64.encode(data),
            BASE64.encode(nonce),
            BASE64.encode(tag),
            value.kind().word()
        ))
    }

    /// The value of a ciphertext at a path.
    pub fn decrypt(&self, text: &str, path: &str) -> Result<Value, Unreadable> {
        if text.is_empty() {
            return Ok(Value::str(""));
        }
        let [data, nonce, tag, kind] = parts(text).ok_or(Unreadable::Shape)?;
        let kind = Kind::of(kind).ok_or(Unreadable::Type)?;
        let decoded = |text: &str| BASE64.decode(text).map_err(|_| Unreadable::Shape);
        let mut bytes = Zeroizing::new(decoded(data)?);
        let nonce = <[u8; NONCE]>::try_from(decoded(nonce)?).map_err(|_| Unreadable::Type)?;
        let tag = <[u8; 16]>::try_from(decoded(tag)?).map_err(|_| Unreadable::Shape)?;
        let (nonce, tag) = (Nonce::from(nonce), Tag::from(tag));
        let opened = self.gcm.decrypt_inout_detached(&nonce, path.as_bytes(), bytes.as_mut_slice().into(), &tag);
        opened.map_err(|_| Unreadable::Forged)?;
        Ok(Value::new(kind, bytes))
    }
}

fn parts(text: &str) -> Option<[&str; 4]> {
    let rest = text.strip_prefix("ENC[AES256_GCM,data:")?.strip_suffix(']')?;
    let (data, rest) = rest.split_once(",iv:")?;
    let (nonce, rest) = rest.split_once(",tag:")?;
    let (tag, kind) = rest.split_once(",type:")?;
    Some([data, nonce, tag, kind])
}

/// A path as values are bound to it: the keys of the maps that lead there; places in lists do not count.
#[must_use]
pub fn bound_to<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = keys.into_iter().collect::<Vec<_>>().join(":");
    path.push(':');
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_with_its_key_at_its_path_only() {
        let cipher = Cipher::generate().unwrap();
        let value = Value::new(Kind::Int, Zeroizing::new(b"42".to_vec()));
        let text = cipher.encrypt(&value, "a:b:").unwrap();
        assert!(crate::secrets::is_ciphertext(&text) && text.ends_with(",type:int]"));
        assert_ne!(cipher.encrypt(&value, "a:b:").unwrap(), text, "a nonce is used once");
        assert_eq!(cipher.decrypt(&text, "a:b:"), Ok(value));
        assert_eq!(cipher.decrypt(&text, "a:c:"), Err(Unreadable::Forged));
        assert_eq!(Cipher::generate().unwrap().decrypt(&text, "a:b:"), Err(Unreadable::Forged));
        assert_eq!(cipher.decrypt(&text.replace("int", "str"), "a:b:").map(|value| value.kind()), Ok(Kind::Str));
    }

    #[test]
    fn what_is_no_ciphertext_is_told_from_a_forged_one() {
        let cipher = Cipher::generate().unwrap();
        let text = cipher.encrypt(&Value::str("x"), "a:").unwrap();
        assert_eq!(cipher.decrypt("hunter2", "a:"), Err(Unreadable::Shape));
        assert_eq!(cipher.decrypt(&text[..text.len() - 4], "a:"), Err(Unreadable::Shape));
        assert_eq!(cipher.decrypt(&text.replace("type:str", "type:new"), "a:"), Err(Unreadable::Type));
        assert_eq!(cipher.encrypt(&Value::str(""), "a:").as_deref(), Ok(""));
    }
}
