//! Passwords as others keep them.
//!
//! The same value at the same path gives the same hash, so that a second push writes nothing. So its salt is not made by
//! chance, but of path and value, and without giving the value away: a salt is public, and a quick digest of the value
//! would let everyone who sees it try passwords a million times faster than the hash allows. So the value goes into the
//! salt as its hash with a salt of the path alone:
//!
//! ```text
//! first = hash(value, salt = digest("homebuild salt of path", filter, keys of the path))
//! hash  = hash(value, salt = digest("homebuild salt of value", filter, keys of the path, first))
//! ```
//!
//! `digest` is the first bytes of the SHA-256 of all parts, each behind its length. Who guesses at the value pays for the
//! whole hash with each guess, whichever of the two is tried.

use bcrypt::Version;
use sha_crypt::{Algorithm, Params, PasswordHasher as _, ShaCrypt};
use zeroize::Zeroizing;

use crate::digest;

/// Bytes of a value that bcrypt looks at.
const BCRYPT_LONGEST: usize = 72;
/// Bytes that Linux's `crypt` takes: `CRYPT_MAX_PASSPHRASE_SIZE` of libxcrypt, with the NUL at the end.
const CRYPT_LONGEST: usize = 511;

/// A line of htpasswd, in the form that htpasswd itself writes and Apache, nginx, Traefik and Dovecot read: `$2y$`. (`$2b$`
/// is the same hash by another name, which Apache's own code does not know.)
pub(super) fn bcrypt(value: &[u8], cost: u32, path: &[String]) -> Result<Zeroizing<String>, String> {
    can_be_hashed(value, "bcrypt", BCRYPT_LONGEST)?;
    twice("bcrypt", path, |salt: [u8; 16]| {
        let hash = bcrypt::hash_with_salt(value, cost, salt).map_err(|_| format!("has no bcrypt of cost {cost}"))?;
        Ok(hash.format_for_version(Version::TwoY))
    })
}

/// The password of a Linux user: `$6$rounds=N$salt$hash`. Its salt has the 16 characters that it can have, of 12 bytes.
pub(super) fn sha512_crypt(value: &[u8], rounds: u32, path: &[String]) -> Result<Zeroizing<String>, String> {
    can_be_hashed(value, "sha512_crypt", CRYPT_LONGEST)?;
    let wrong = || format!("has no sha512_crypt of {rounds} rounds");
    let hasher = ShaCrypt::new(Algorithm::Sha512Crypt, Params::new(rounds).map_err(|_| wrong())?);
    twice("sha512_crypt", path, |salt: [u8; 12]| {
        hasher.hash_password_with_salt(value, &salt).map(|hash| hash.as_str().to_owned()).map_err(|_| wrong())
    })
}

/// The hash whose salt is made of path and value.
fn twice<const N: usize>(
    filter: &str,
    path: &[String],
    hash: impl Fn([u8; N]) -> Result<String, String>,
) -> Result<Zeroizing<String>, String> {
    let first = Zeroizing::new(hash(salt("homebuild salt of path", filter, path, None))?);
    hash(salt("homebuild salt of value", filter, path, Some(&first))).map(Zeroizing::new)
}

fn salt<const N: usize>(domain: &str, filter: &str, path: &[String], first: Option<&str>) -> [u8; N] {
    let parts = [domain, filter].into_iter().chain(path.iter().map(String::as_str)).chain(first);
    let digest = digest::of_parts(parts);
    std::array::from_fn(|index| digest[index])
}

/// Whether the whole of a value would count.
fn can_be_hashed(value: &[u8], filter: &str, longest: usize) -> Result<(), String> {
    if value.contains(&0) {
        return Err(format!("holds a NUL, where `{filter}` stops"));
    }
    if value.len() > longest {
        return Err(format!("has more than the {longest} bytes that `{filter}` takes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn path(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    /// What `openssl passwd -6` makes of a value with a salt.
    fn openssl(value: &[u8], salt: &str) -> String {
        let mut openssl = Command::new("openssl");
        openssl.args(["passwd", "-6", "-salt", salt, "-stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = openssl.spawn().expect("openssl is installed");
        child.stdin.take().unwrap().write_all(&[value, b"\n"].concat()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim_end().to_owned()
    }

    #[test]
    fn sha512_crypt_is_what_the_c_library_makes() {
        for (value, rounds) in
            [("hunter2", 5000), ("x", 1000), ("pässwörd ☃ 'x' \"y\"", 1234), (&"x".repeat(200), 1000)]
        {
            let hash = sha512_crypt(value.as_bytes(), rounds, &path(&["vm", "password"])).unwrap();
            let (salt, _) = hash.rsplit_once('$').unwrap();
            let salt = salt.strip_prefix("$6$").unwrap();
            assert_eq!(salt.len(), format!("rounds={rounds}$").len() + 16);
            assert_eq!(openssl(value.as_bytes(), salt), *hash);
        }
    }

    #[test]
    fn bcrypt_is_what_others_make() {
        // by python's `bcrypt.hashpw`, with this salt, and right to `htpasswd -vb`
        let hash = bcrypt(b"hunter2", 10, &path(&["ollama", "viktor"])).unwrap();
        assert_eq!(*hash, "$2y$10$w8E/OfMpaIr3daHYMdMBSO/1n.0N9yf4vkcX18bApsr2vbl6HCGPW");
        assert_eq!(bcrypt::verify("hunter2", &hash).ok(), Some(true));
        assert_eq!(bcrypt::verify("hunter3", &hash).ok(), Some(false));
    }

    #[test]
    fn a_hash_is_of_path_and_value_and_nothing_else() {
        let hash = |value: &str, keys: &[&str]| bcrypt(value.as_bytes(), 4, &path(keys)).unwrap();
        let salt = |hash: &str| hash[..29].to_owned();
        assert_eq!(*hash("x", &["a", "b"]), *hash("x", &["a", "b"]));
        let salts = [hash("x", &["a", "b"]), hash("y", &["a", "b"]), hash("x", &["ab"]), hash("x", &["a", "b", ""])];
        let salts: std::collections::BTreeSet<_> = salts.iter().map(|hash| salt(hash)).collect();
        assert_eq!(salts.len(), 4);
    }

    #[test]
    fn what_would_be_cut_off_is_not_hashed() {
        let here = path(&["a"]);
        assert!(bcrypt(&[b'x'; 72], 4, &here).is_ok() && bcrypt(&[b'x'; 73], 4, &here).is_err());
        assert!(sha512_crypt(&[b'x'; 511], 1000, &here).is_ok() && sha512_crypt(&[b'x'; 512], 1000, &here).is_err());
        assert!(bcrypt(b"a\0b", 4, &here).is_err() && sha512_crypt(b"a\0b", 1000, &here).is_err());
    }
}
