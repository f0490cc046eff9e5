//! Where private keys lie: variables of the environment, commands, and files of the user.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use zeroize::Zeroizing;

use super::identity::{self, Key, Locked};
use super::{Ask, Variable, words};
use crate::disk;

/// The file of age keys below the user's folder of configurations.
const DEFAULT: &str = "sops/age/keys.txt";
/// Keys of SSH below the user's home.
const SSH: [&str; 2] = [".ssh/id_ed25519", ".ssh/id_rsa"];
/// Tells a command for whom the key is wanted.
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";
/// Bytes of what a command may print; what is more is no key.
const LARGEST: u64 = 1 << 20;

/// What some places had.
#[derive(Default)]
pub(super) struct Found {
    /// Keys that can be used at once.
    pub keys: Vec<Key>,
    /// Keys that want a passphrase.
    pub locked: Vec<Locked>,
    /// Places without a key.
    pub empty: Vec<String>,
    /// What is wrong in a place, with its name.
    wrong: Vec<String>,
    /// Files that others can read.
    pub exposed: Vec<String>,
}

/// A command that prints keys.
pub(super) struct Command {
    variable: &'static str,
    text: String,
    is_ssh: bool,
}

/// Looks in every place that sops looks in, in its order: SSH keys first.
pub(super) fn all(variable: &Variable) -> (Found, Vec<Command>) {
    let mut found = Found::default();
    let mut commands = Vec::new();
    let home = variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    found.named("SOPS_AGE_SSH_PRIVATE_KEY_FILE", variable, true);
    commands.extend(found.command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", variable, true));
    for name in SSH {
        if let Some(home) = &home {
            found.file(&home.join(name), None, true);
        }
    }
    match variable("SOPS_AGE_KEY").map(OsString::into_string) {
        Some(Ok(text)) => found.text("SOPS_AGE_KEY", Zeroizing::new(text).as_bytes(), true),
        Some(Err(_)) => found.wrong.push("SOPS_AGE_KEY: this is no text".to_owned()),
        None => found.empty.push("SOPS_AGE_KEY".to_owned()),
    }
    found.named("SOPS_AGE_KEY_FILE", variable, false);
    commands.extend(found.command("SOPS_AGE_KEY_CMD", variable, false));
    if let Some(folder) = configuration(variable, home.as_deref()) {
        found.file(&folder.join(DEFAULT), None, false);
    }
    (found, commands)
}

/// The file where a new key goes: the one that sops looks into by itself.
pub fn default(variable: &Variable) -> Option<PathBuf> {
    let home = variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    Some(configuration(variable, home.as_deref())?.join(DEFAULT))
}

/// The user's folder of configurations, as Go and sops name it.
fn configuration(variable: &Variable, home: Option<&Path>) -> Option<PathBuf> {
    let named = variable("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let is_mac = cfg!(target_os = "macos");
    let own = if is_mac { "Library/Application Support" } else { ".config" };
    match named {
        // Go refuses a relative one
        Some(named) if is_mac || named.is_absolute() => Some(named),
        Some(_) => None,
        None => home.map(|home| home.join(own)),
    }
}

impl Found {
    /// What is encrypted in an armored age file, where a key opens it that needs no passphrase.
    pub(super) fn open(&self, enc: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.keys.iter().find_map(|key| key.open(enc))
    }

    /// The same with the keys that need one.
    pub(super) fn unlock(&self, enc: &str, ask: &Ask) -> Option<Zeroizing<Vec<u8>>> {
        self.locked.iter().find_map(|locked| locked.open(enc, ask))
    }

    /// The public halves of the keys, with their places.
    pub(super) fn public(&self) -> Vec<(String, String)> {
        let keys = self.keys.iter().map(|key| (key.public.clone(), key.place.clone()));
        keys.chain(self.locked.iter().flat_map(Locked::public)).collect()
    }

    /// The public halves of the keys that no passphrase keeps closed.
    pub(super) fn unlocked(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.public.clone()).collect()
    }

    /// What is wrong in the places.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.iter().cloned().chain(self.locked.iter().flat_map(Locked::wrong)).collect()
    }

    /// Takes the keys of a text, a line each; in a variable several may stand on one line. Empty lines and those that
    /// begin with `#` are skipped. Of what is no key the line number is kept, once.
    pub(super) fn text(&mut self, place: &str, bytes: &[u8], are_several: bool) {
        let Ok(text) = std::str::from_utf8(bytes) else { return self.wrong.push(format!("{place}: this is no text")) };
        let (keys, wrong) = (self.keys.len(), self.wrong.len());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = if are_several { line.split_whitespace().collect() } else { vec![line] };
            for word in words {
                match Key::age(word, place) {
                    Some(key) => self.keys.push(key),
                    None if self.wrong.len() == wrong => {
                        self.wrong.push(format!("{place}, line {}: {}", index + 1, no_key(word)));
                    }
                    None => {}
                }
            }
        }
        if (self.keys.len(), self.wrong.len()) == (keys, wrong) {
            self.empty.push(place.to_owned());
        }
    }

    /// Takes what is in a file or what a command printed.
    fn bytes(&mut self, place: &str, bytes: Zeroizing<Vec<u8>>, is_ssh: bool) {
        if is_ssh {
            if let Err(why) = identity::ssh(place, &bytes, self) {
                self.wrong.push(format!("{place}: {why}"));
            }
        } else if bytes.starts_with(b"age-encryption") || bytes.starts_with(b"-----BEGIN AGE") {
            self.locked.push(Locked::file(place, bytes));
        } else {
            self.text(place, &bytes, false);
        }
    }

    /// Takes the keys of a file. One that a variable names has to be there.
    fn file(&mut self, path: &Path, variable: Option<&str>, is_ssh: bool) {
        let shown = path.display().to_string();
        let place = variable.map_or(shown.clone(), |variable| format!("{variable} ({shown})"));
        match disk::key_file(path) {
            Ok(Some(file)) => {
                if file.is_exposed {
                    self.exposed.push(shown);
                }
                self.bytes(&place, file.bytes, is_ssh);
            }
            Ok(None) if variable.is_some() => self.wrong.push(format!("{place}: there is no such file")),
            Ok(None) => self.empty.push(place),
            Err(why) => self.wrong.push(format!("{place}: cannot read it: {why}")),
        }
    }

    /// Takes the keys of the file that a variable names.
    fn named(&mut self, name: &str, variable: &Variable, is_ssh: bool) {
        match variable(name).filter(|path| !path.is_empty()) {
            Some(path) => self.file(Path::new(&path), Some(name), is_ssh),
            None => self.empty.push(name.to_owned()),
        }
    }

    /// The command that a variable has.
    fn command(&mut self, name: &'static str, variable: &Variable, is_ssh: bool) -> Option<Command> {
        match variable(name).filter(|text| !text.is_empty()).map(OsString::into_string) {
            Some(Ok(text)) => return Some(Command { variable: name, text, is_ssh }),
            Some(Err(_)) => self.wrong.push(format!("{name}: this is no text")),
            None => self.empty.push(name.to_owned()),
        }
        None
    }
}

impl Command {
    /// Runs it for a recipient and takes the keys that it prints. Its arguments are in no message: a key may be among
    /// them.
    pub(super) fn run(&self, recipient: &str, found: &mut Found) {
        match self.output(recipient) {
            Ok(bytes) if bytes.trim_ascii().is_empty() => {
                found.wrong.push(format!("{}: the command printed nothing", self.variable));
            }
            Ok(bytes) => found.bytes(self.variable, bytes, self.is_ssh),
            Err(why) => found.wrong.push(format!("{}: {why}", self.variable)),
        }
    }

    fn output(&self, recipient: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let words = words::split(&self.text).ok_or("the command has a quote that does not end")?;
        let (program, arguments) = words.split_first().ok_or("the command is empty")?;
        let mut command = std::process::Command::new(program);
        command.args(arguments).env(RECIPIENT, recipient).stdin(Stdio::null()).stdout(Stdio::piped());
        let cannot = |error: std::io::Error| format!("the command cannot be run: {}", error.kind());
        let mut child = command.spawn().map_err(cannot)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 16));
        let read = child.stdout.take().map(|out| out.take(LARGEST).read_to_end(&mut bytes));
        let ended = child.wait().map_err(cannot)?;
        read.transpose().map_err(cannot)?;
        if ended.success() { Ok(bytes) } else { Err(format!("the command failed: {ended}")) }
    }
}

/// What a word is that is no key, without a letter of it.
fn no_key(word: &str) -> &'static str {
    match word {
        _ if word.starts_with("AGE-SECRET-KEY-PQ-1") => "a post-quantum key, which homebuild cannot use (sops can)",
        _ if word.starts_with("AGE-PLUGIN-") => "a key of an age plugin, which homebuild cannot use (sops can)",
        _ if word.starts_with("AGE-SECRET-KEY-") => "a key of age with a wrong letter, or with some missing",
        _ if word.starts_with("age1") => "a public key, and the private half is wanted (AGE-SECRET-KEY-1...)",
        _ if word.starts_with("-----BEGIN") => {
            "a key of another kind; SOPS_AGE_SSH_PRIVATE_KEY_FILE names a file with an SSH key"
        }
        _ => "this is no key of age (AGE-SECRET-KEY-1...)",
    }
}
