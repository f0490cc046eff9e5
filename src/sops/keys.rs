//! The private keys of whoever runs the program, and the recipients that a file is encrypted for.
//!
//! Keys are found where sops finds them, so that what `sops` opens homebuild opens. Source: `age/keysource.go` of sops.
//! No key, and no text of a file where one should be, is in a message: only places, line numbers and public halves.

mod find;
mod identity;
mod recipient;
mod words;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::file::Reader;
use crate::problem::Problem;
pub use find::default;
use find::{Command, Found};
pub use recipient::{Pair, Recipient, is_same};

/// The keys that were found and, for messages, where none were.
pub struct Keys {
    found: Found,
    commands: Vec<Command>,
    /// What the commands gave, by the recipient that they were asked for.
    gave: Mutex<BTreeMap<String, Arc<Found>>>,
    ask: Box<Ask>,
}

/// Asks a person for a passphrase, with these words; none where there is nobody to ask.
pub type Ask = dyn Fn(&str) -> Option<Zeroizing<String>> + Send + Sync;

/// The value of a variable of the environment.
pub type Variable<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

impl Keys {
    /// All keys that an environment leads to. What is wrong in a place is kept for [`Self::refusal`].
    #[must_use]
    pub fn found(variable: &Variable, ask: Box<Ask>) -> Self {
        let (found, commands) = find::all(variable);
        Self { found, commands, gave: Mutex::default(), ask }
    }

    /// The keys of age in a text, a line each.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut found = Found::default();
        found.text("the text", text.as_bytes(), false);
        Self { found, commands: Vec::new(), gave: Mutex::default(), ask: Box::new(|_| None) }
    }

    /// The key of a file that is wrapped for these, where one of the keys opens it.
    ///
    /// A command is run only where no key that is there opens it, a passphrase is asked for only where nothing else does.
    #[must_use]
    pub fn open(&self, readers: &[Reader]) -> Option<Zeroizing<Vec<u8>>> {
        let any = |open: &dyn Fn(&Reader) -> Option<Zeroizing<Vec<u8>>>| readers.iter().find_map(open);
        let opened = any(&|reader| self.found.open(&reader.wrapped));
        let opened = opened.or_else(|| any(&|reader| self.given(&reader.recipient)?.open(&reader.wrapped)));
        let opened = opened.or_else(|| any(&|reader| self.found.unlock(&reader.wrapped, &self.ask)));
        opened.or_else(|| any(&|reader| self.given(&reader.recipient)?.unlock(&reader.wrapped, &self.ask)))
    }

    /// The public halves of the keys that are here, with their places. Those that a command gives are known once it was
    /// run.
    #[must_use]
    pub fn public(&self) -> Vec<(String, String)> {
        let mut all = self.found.public();
        for found in self.gave.lock().unwrap_or_else(PoisonError::into_inner).values() {
            all.extend(found.public());
        }
        all.sort();
        all.dedup();
        all
    }

    /// Whether a recipient is the public half of one of the keys.
    #[must_use]
    pub fn has(&self, recipient: &str) -> bool {
        self.public().iter().any(|(public, _)| recipient::is_same(public, recipient))
    }

    /// Warnings of key files that others can read.
    #[must_use]
    pub fn exposed(&self) -> Vec<Problem> {
        let warning = |path: &String| {
            Problem::warning("exposed-key", format!("others than you can read the private key in `{path}`"))
                .note(format!("close it: chmod 600 {path}"))
        };
        self.found.exposed.iter().map(warning).collect()
    }

    /// Why a file for these recipients stays closed: none of the keys opens it.
    #[must_use]
    pub fn refusal(&self, recipients: &[String]) -> Problem {
        let (would, others): (Vec<_>, Vec<_>) = recipients.iter().partition(|one| recipient::is_for_age(one));
        let public = self.public();
        let mut problem = Problem::error("no-key", "no private key that is here opens this file");
        if would.is_empty() {
            problem = problem.note("it has no age recipient, and homebuild opens files with age and SSH keys only");
        } else {
            problem =
                problem.note(listed("the key of one of these would do:", would.iter().map(|one| (**one).clone())));
        }
        if !others.is_empty() {
            let others = others.into_iter().cloned();
            problem = problem.note(listed("for `sops` alone, homebuild has no PGP and no KMS:", others));
        }
        if !public.is_empty() {
            let keys = public.iter().map(|(public, place)| format!("{public}, from {place}"));
            problem = problem.note(listed("keys that are here:", keys));
        }
        self.looked(problem, &would, &public)
    }

    /// The places that had nothing or something wrong, and what to do.
    fn looked(&self, mut problem: Problem, would: &[&String], public: &[(String, String)]) -> Problem {
        let gave = self.gave.lock().unwrap_or_else(PoisonError::into_inner);
        let found = || [&self.found].into_iter().chain(gave.values().map(AsRef::as_ref));
        let mut wrong: Vec<String> = found().flat_map(Found::wrong).collect();
        wrong.dedup();
        if !wrong.is_empty() {
            problem = problem.note(listed("keys that are not usable:", wrong));
        }
        let mut empty: Vec<String> = found().flat_map(|found| found.empty.clone()).collect();
        empty.dedup();
        if !empty.is_empty() {
            problem = problem.note(format!("no key in {}", empty.join(", ")));
        }
        let unlocked: Vec<_> = found().flat_map(Found::unlocked).collect();
        let same = |one: &String| unlocked.iter().find(|public| recipient::is_same(one, public));
        match (would.iter().find_map(|one| same(one)), public.first()) {
            (Some(public), _) => problem.note(format!(
                "the key of {public} is here and does not open it: what stands in the file for it is damaged, restore the \
                 file from git"
            )),
            (None, Some((public, _))) => problem.note(format!(
                "put such a key where sops looks for it, or let someone who has one run: homebuild secrets recipients add \
                 {}",
                quoted(public)
            )),
            (None, None) => problem.note(
                "put such a key where sops looks for it; without one: make yours with `homebuild secrets init`, and let \
                 someone who has one add it with `homebuild secrets recipients add`",
            ),
        }
    }

    /// What the commands give for a recipient; none where there are none.
    fn given(&self, recipient: &str) -> Option<Arc<Found>> {
        if self.commands.is_empty() {
            return None;
        }
        let mut gave = self.gave.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || {
            let mut found = Found::default();
            self.commands.iter().for_each(|command| command.run(recipient, &mut found));
            Arc::new(found)
        };
        Some(gave.entry(recipient.to_owned()).or_insert_with(run).clone())
    }
}

/// A heading and its lines below it.
fn listed(heading: &str, lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(heading.to_owned(), |all, line| all + "\n  " + &line)
}

/// A recipient as a shell takes it: an SSH key has spaces.
fn quoted(recipient: &str) -> String {
    if recipient.contains(' ') { format!("'{recipient}'") } else { recipient.to_owned() }
}

#[cfg(test)]
mod tests;
