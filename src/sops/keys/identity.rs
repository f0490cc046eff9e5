//! One private key, or one that a passphrase locks.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::OnceLock;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{Decryptor, scrypt, ssh, x25519};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::Ask;
use super::find::Found;
use crate::digest;

/// The logarithm of the work that a passphrase may ask for, as in age.
const WORK: u8 = 22;
/// Room for what is decrypted, so that no copy is left behind where it grew.
const ROOM: usize = 1 << 16;

/// A private key that can be used at once.
pub(super) struct Key {
    /// Its public half.
    pub public: String,
    /// Where it was found.
    pub place: String,
    identity: Box<dyn age::Identity + Send + Sync>,
}

/// A key, or a file of keys, that a passphrase locks.
pub(super) struct Locked {
    /// Where it was found.
    pub place: String,
    sealed: Sealed,
    /// What came of asking for the passphrase, once.
    opened: OnceLock<Result<Found, String>>,
}

enum Sealed {
    Ssh { public: String, key: ssh::EncryptedKey },
    File(Zeroizing<Vec<u8>>),
}

impl Key {
    /// A key of age; none where the text is none.
    pub(super) fn age(text: &str, place: &str) -> Option<Self> {
        let identity: x25519::Identity = text.parse().ok()?;
        let public = identity.to_public().to_string();
        Some(Self { public, place: place.to_owned(), identity: Box::new(identity) })
    }

    fn ssh(identity: ssh::Identity, public: String, place: &str) -> Self {
        Self { public, place: place.to_owned(), identity: Box::new(identity) }
    }

    /// What is encrypted in an armored age file, where this key opens it.
    pub(super) fn open(&self, enc: &str) -> Option<Zeroizing<Vec<u8>>> {
        let identity: &dyn age::Identity = &*self.identity;
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(enc.as_bytes())).ok()?;
        read(decryptor.decrypt(std::iter::once(identity)).ok()?)
    }
}

impl Locked {
    /// A file of keys that `age -p` encrypted.
    pub(super) fn file(place: &str, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { place: place.to_owned(), sealed: Sealed::File(bytes), opened: OnceLock::new() }
    }

    /// The public half of the key; that of a file is known once it is open.
    pub(super) fn public(&self) -> Vec<(String, String)> {
        match (&self.sealed, self.opened.get()) {
            (Sealed::Ssh { public, .. }, _) => vec![(public.clone(), self.place.clone())],
            (Sealed::File(_), Some(Ok(found))) => found.public(),
            _ => Vec::new(),
        }
    }

    /// What was wrong when it was opened.
    pub(super) fn wrong(&self) -> Vec<String> {
        match self.opened.get() {
            Some(Ok(found)) => found.wrong(),
            Some(Err(why)) => vec![format!("{}: {why}", self.place)],
            None => Vec::new(),
        }
    }

    /// What is encrypted in an armored age file; asks for the passphrase where the key may open it.
    pub(super) fn open(&self, enc: &str, ask: &Ask) -> Option<Zeroizing<Vec<u8>>> {
        if matches!(&self.sealed, Sealed::Ssh { public, .. } if !is_for(enc, public)) {
            return None;
        }
        self.opened.get_or_init(|| self.unlock(ask)).as_ref().ok()?.open(enc)
    }

    fn unlock(&self, ask: &Ask) -> Result<Found, String> {
        let Some(passphrase) = ask(&format!("passphrase of {}: ", self.place)) else {
            return Err("it has a passphrase, and there is no terminal to ask for it".to_owned());
        };
        let passphrase = SecretString::from(passphrase.as_str());
        let mut found = Found::default();
        match &self.sealed {
            Sealed::Ssh { public, key } => {
                let key = key.decrypt(passphrase).map_err(|_| "the passphrase is wrong".to_owned())?;
                found.keys.push(Key::ssh(key.into(), public.clone(), &self.place));
            }
            Sealed::File(bytes) => found.text(&self.place, &decrypted(bytes, passphrase)?, false),
        }
        Ok(found)
    }
}

/// A private key of SSH in a file; or why it is none that can be used.
pub(super) fn ssh(place: &str, bytes: &[u8], found: &mut Found) -> Result<(), String> {
    let identity = ssh::Identity::from_buffer(bytes, None).map_err(|_| not_ssh(bytes))?;
    let public = ssh::Recipient::try_from(identity.clone()).map(|public| public.to_string());
    match (identity, public) {
        (ssh::Identity::Encrypted(key), Ok(public)) => {
            let sealed = Sealed::Ssh { public, key };
            found.locked.push(Locked { place: place.to_owned(), sealed, opened: OnceLock::new() });
        }
        (identity @ ssh::Identity::Unencrypted(_), Ok(public)) => found.keys.push(Key::ssh(identity, public, place)),
        (ssh::Identity::Unsupported(kind), _) => return Err(unsupported(&kind)),
        (_, Err(_)) => return Err("age takes ssh-ed25519 and ssh-rsa keys only".to_owned()),
    }
    Ok(())
}

fn not_ssh(bytes: &[u8]) -> String {
    let is_other = ["-----BEGIN PRIVATE KEY", "-----BEGIN ENCRYPTED PRIVATE KEY"]
        .iter()
        .any(|begin| bytes.trim_ascii_start().starts_with(begin.as_bytes()));
    if is_other {
        return "it is in another format (PKCS#8); `ssh-keygen -p -f FILE` writes it in OpenSSH's".to_owned();
    }
    "this is no private key of SSH".to_owned()
}

fn unsupported(kind: &ssh::UnsupportedKey) -> String {
    use ssh::UnsupportedKey as Kind;
    match kind {
        Kind::EncryptedPem => {
            "its passphrase is kept in an old way; `ssh-keygen -p -f FILE` writes it in a new one".to_owned()
        }
        Kind::EncryptedSsh(cipher) => {
            format!("it is encrypted with `{}`, which age cannot open", cipher.escape_debug())
        }
        Kind::Hardware(_) => "it lies on a security key, which age cannot use".to_owned(),
        Kind::Type(kind) => format!("age takes ssh-ed25519 and ssh-rsa keys only, not `{}`", kind.escape_debug()),
    }
}

/// The text of a file that `age -p` encrypted.
fn decrypted(bytes: &[u8], passphrase: SecretString) -> Result<Zeroizing<Vec<u8>>, String> {
    let damaged = || "it is a damaged age file".to_owned();
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|_| damaged())?;
    if !decryptor.is_scrypt() {
        return Err("it is encrypted for other keys; here it may have a passphrase only".to_owned());
    }
    let mut identity = scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(WORK);
    let identity: &dyn age::Identity = &identity;
    let reader = decryptor.decrypt(std::iter::once(identity)).map_err(|_| "the passphrase is wrong".to_owned())?;
    read(reader).ok_or_else(damaged)
}

fn read(mut reader: impl Read) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    reader.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether an age file is encrypted for an SSH key: its header has the first 4 bytes of the key's SHA-256.
fn is_for(enc: &str, public: &str) -> bool {
    let mut words = public.split_whitespace();
    let (Some(kind), Some(Ok(key))) = (words.next(), words.next().map(|key| STANDARD.decode(key))) else {
        return false;
    };
    let mark = digest::hex(key, 4);
    let lines = BufReader::new(ArmoredReader::new(enc.as_bytes())).split(b'\n').map_while(Result::ok);
    // after the stanzas comes the MAC of the header, `---`
    lines.take_while(|line| !line.starts_with(b"---")).any(|line| {
        let line = String::from_utf8_lossy(&line);
        let mut words = line.split(' ');
        let is_kind = words.next() == Some("->") && words.next() == Some(kind);
        let marked = words.next().and_then(|mark| STANDARD_NO_PAD.decode(mark).ok());
        is_kind
            && marked
                .is_some_and(|bytes| bytes.iter().fold(String::new(), |all, byte| all + &format!("{byte:02x}")) == mark)
    })
}
