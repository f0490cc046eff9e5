//! What a server answers instead of what it was asked for, and what that means.
//!
//! HTTP status and `reason` alone do not say it: a mistake against a schema is a 500, a denied policy and an immutable
//! field are both a 422. The rules were found by asking real servers.

use std::time::Duration;

use serde_json::Value;

use super::trouble;

/// Why a server did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It did not answer: refused, cut off, too slow. Whether it did it is not known.
    Silence(String),
    /// The login failed, before anything was asked.
    Login(String),
    /// It was not asked any more, since all work is to stop.
    Stopped,
    /// It answered no.
    Status(Box<Status>),
}

/// A `Status` object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status: 409.
    pub code: u16,
    /// One word, or nothing: `Conflict`.
    pub reason: String,
    /// For people. It can repeat values that were sent.
    pub message: String,
    /// What it is about in detail.
    pub causes: Vec<Cause>,
    /// The resource that it is about: `namespaces`.
    pub resource: String,
    /// When to ask again, as the server wishes it.
    pub after: Option<Duration>,
    /// Whether it was a `Status` object: a path that is not served answers with plain text.
    pub is_object: bool,
    /// It as it came; null where it was no JSON.
    pub body: Value,
}

/// A part of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// One word: `FieldManagerConflict`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The field's path.
    pub field: String,
}

/// What to do about a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Ask again: the server is busy, away, or changes its leader.
    Again,
    /// Ask again, for longer: the webhook of this name does not answer yet, nor the service behind it.
    Webhook(String),
    /// Fields belong to others.
    Conflict,
    /// The object changed, or is another one, since it was read.
    Changed,
    /// The namespace is being deleted.
    Terminating,
    /// There is no such namespace.
    NoNamespace,
    /// The kind is not served, or not yet.
    NotServed,
    /// There is no such object.
    Missing,
    /// It is there already.
    Exists,
    /// A webhook cannot be asked in a dry run.
    NoDryRun,
    /// The values are refused: a mistake, or a field that cannot change. `push::kubernetes::immutable` tells them apart.
    Invalid,
    /// It will not be accepted however often it is asked: rights, quotas, policies, mistakes.
    Never,
}

impl Refusal {
    /// An error of the way to the server.
    pub(super) fn silence(error: &kube::Error) -> Self {
        match trouble::login_failed(error) {
            Some(why) => Self::Login(why),
            None => Self::Silence(trouble::plain(error)),
        }
    }

    /// An answer that is no success.
    pub(super) fn answer(code: u16, body: &[u8], after: Option<Duration>) -> Self {
        let parsed = serde_json::from_slice::<kube::core::Status>(body).ok().filter(|status| status.code > 0);
        let Some(parsed) = parsed else {
            let message = String::from_utf8_lossy(body).trim().chars().take(300).collect();
            return Self::Status(Box::new(Status { code, message, after, ..Status::default() }));
        };
        let cause = |cause: kube::core::response::StatusCause| Cause {
            reason: cause.reason,
            message: cause.message,
            field: cause.field,
        };
        let (causes, resource, seconds) = match parsed.details {
            Some(details) => (details.causes, details.kind, u64::from(details.retry_after_seconds)),
            None => (Vec::new(), String::new(), 0),
        };
        Self::Status(Box::new(Status {
            code,
            reason: parsed.reason,
            message: parsed.message,
            causes: causes.into_iter().map(cause).collect(),
            resource,
            after: after.or((seconds > 0).then(|| Duration::from_secs(seconds))),
            is_object: true,
            body: serde_json::from_slice(body).unwrap_or_default(),
        }))
    }

    /// The answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        if let Self::Status(status) = self { Some(status) } else { None }
    }

    /// What people read of it.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Silence(message) | Self::Login(message) => message,
            Self::Stopped => "interrupted",
            Self::Status(status) => &status.message,
        }
    }

    /// What it means.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Silence(why) if trouble::is_untrusted(why) => Verdict::Never,
            Self::Silence(_) => Verdict::Again,
            Self::Login(_) | Self::Stopped => Verdict::Never,
            Self::Status(status) => status.verdict(),
        }
    }
}

impl Status {
    fn verdict(&self) -> Verdict {
        match self.code {
            404 if !self.is_object => Verdict::NotServed,
            404 if self.resource == "namespaces" => Verdict::NoNamespace,
            404 => Verdict::Missing,
            409 if self.has_cause("FieldManagerConflict") => Verdict::Conflict,
            409 if self.reason == "AlreadyExists" => Verdict::Exists,
            409 => Verdict::Changed,
            422 => Verdict::Invalid,
            403 if self.has_cause("NamespaceTerminating") => Verdict::Terminating,
            400 if self.message.contains("does not support dry run") => Verdict::NoDryRun,
            429 | 502..=504 => Verdict::Again,
            500 => self.internal(),
            _ => Verdict::Never,
        }
    }

    /// A 500 is a webhook that does not answer, a store that changes its leader, or a mistake against a schema.
    fn internal(&self) -> Verdict {
        let message = &self.message;
        if let Some(name) = webhook(message) {
            return Verdict::Webhook(name);
        }
        let is_store =
            message.contains("etcdserver: leader changed") || message.contains("etcdserver: request timed out");
        if is_store { Verdict::Again } else { Verdict::Never }
    }

    fn has_cause(&self, reason: &str) -> bool {
        self.causes.iter().any(|cause| cause.reason == reason)
    }
}

/// The webhook that could not be asked: `failed calling webhook "x.example.org": ...`,
/// `conversion webhook for example.org/v1, Kind=X failed: ...`.
fn webhook(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once("failed calling webhook \"") {
        return rest.split('"').next().map(str::to_owned);
    }
    let (_, rest) = message.split_once("conversion webhook for ")?;
    rest.split(" failed").next().map(|kind| format!("of the conversion of {kind}"))
}
