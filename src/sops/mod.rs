//! SOPS files with their values: the only code that ever holds a secret. No build can name it, because it stands above
//! `build` in the order of modules; a build sees names and ciphertexts only ([`crate::secrets`]).
//!
//! [`Keys`] are the private keys of whoever runs the program. They open a [`File`]: every value decrypted and the MAC of
//! the whole checked, as `sops` does. What changes in it goes back into the text that it was read from, so that all else
//! stays byte for byte. [`Vault`] is all files of a site, for [`fill`], which puts values where `out/` has references.
//!
//! A [`Value`] is wiped from memory when it is dropped and has no text in `Debug`; nothing here makes a message of one.

pub mod cipher;
pub mod config;
pub mod file;
pub mod fill;
pub mod generate;
pub mod keys;
pub mod tfvars;
pub mod value;
pub mod vault;

pub use cipher::Cipher;
pub use config::Config;
pub use file::File;
pub use keys::{Keys, Recipient};
pub use value::{Kind, Value};
pub use vault::Vault;
