//! What goes wrong with a server, and what to do. No message has a token in it.

use std::error::Error;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use super::{PATIENCE, Refusal};
use crate::problem::{Problem, did_you_mean};

const CODE: &str = "cluster";

pub(super) fn unknown_context(name: &str, contexts: &[String]) -> Problem {
    let problem = Problem::error(CODE, format!("the kubeconfig has no context `{name}`"));
    let meant = did_you_mean(name, contexts.iter().map(String::as_str));
    if meant.is_empty() { problem } else { problem.note(meant) }.note(listed(contexts))
}

pub(super) fn no_context(contexts: &[String]) -> Problem {
    Problem::error(CODE, "the kubeconfig has no current context")
        .note(listed(contexts))
        .note("choose one with `--context NAME`")
}

fn listed(contexts: &[String]) -> String {
    match contexts {
        [] => "it has none at all; `KUBECONFIG` names the files that are read, else it is ~/.kube/config".into(),
        contexts => format!("its contexts are `{}`", contexts.join("`, `")),
    }
}

pub(super) fn kubeconfig(error: &KubeconfigError) -> Problem {
    match error {
        KubeconfigError::ReadConfig(why, path) => {
            Problem::error(CODE, format!("cannot read the kubeconfig `{}`: {}", path.display(), plain(why)))
                .note("`KUBECONFIG` names the files that are read, else it is ~/.kube/config")
        }
        error => Problem::error(CODE, format!("cannot use the kubeconfig: {}", plain(error))),
    }
}

/// What went wrong when a server was asked.
pub(super) fn server(server: &str, error: &kube::Error) -> Problem {
    match error {
        kube::Error::Api(status) if status.code == 401 => {
            Problem::error(CODE, format!("{server} does not know who asks (401)"))
                .note("the token or certificate of the context's user is wrong or has expired; log in again")
        }
        kube::Error::Api(status) if status.code == 403 => {
            Problem::error(CODE, format!("{server} forbids it (403): {}", status.message))
                .note("the context's user needs the ClusterRole `system:discovery`")
        }
        kube::Error::Api(status) => {
            Problem::error(CODE, format!("{server} answers {}: {}", status.code, status.message))
        }
        error => login(error).unwrap_or_else(|| unreachable(server, &plain(error))),
    }
}

fn unreachable(server: &str, why: &str) -> Problem {
    let problem = Problem::error(CODE, format!("cannot reach {server}: {why}"));
    if is_untrusted(why) {
        return problem.note("the context's cluster names another `certificate-authority` than that of this server");
    }
    problem.note("is it running, and is it the address that the context's cluster should have?")
}

/// Whether it is the server's certificate that is wrong, which no patience mends.
pub(super) fn is_untrusted(why: &str) -> bool {
    why.contains("certificate")
}

pub(super) fn silent(server: &str) -> Problem {
    Problem::error(CODE, format!("{server} has not answered for {} seconds", PATIENCE.as_secs()))
        .note("is it the address of a Kubernetes API?")
}

/// What a server refused, or why it could not be asked.
pub(super) fn refused(server: &str, refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Silence(why) => unreachable(server, why),
        Refusal::Login(why) => Problem::error(CODE, format!("cannot log in as the user of the context: {why}")),
        Refusal::Stopped => Problem::error(CODE, "interrupted"),
        Refusal::Status(status) if status.code == 401 => {
            Problem::error(CODE, format!("{server} does not know who asks (401)"))
                .note("the token or certificate of the context's user is wrong or has expired; log in again")
        }
        Refusal::Status(status) if status.code == 403 => {
            Problem::error(CODE, format!("{server} forbids it (403): {}", status.message))
        }
        Refusal::Status(status) => {
            Problem::error(CODE, format!("{server} answers {}: {}", status.code, status.message))
        }
    }
}

/// A login that failed. What a program printed or was given stays unsaid: it may be a token.
fn login(error: &kube::Error) -> Option<Problem> {
    let why = login_failed(error)?;
    Some(Problem::error(CODE, format!("cannot log in as the user of the context: {why}")))
}

/// Why a login failed, if it was the login.
pub(super) fn login_failed(error: &kube::Error) -> Option<String> {
    Some(match causes(error).find_map(|cause| cause.downcast_ref::<AuthError>())? {
        AuthError::AuthExecStart(why) => format!("its program cannot be started: {}", plain(why)),
        AuthError::AuthExecRun { out, .. } => format!("its program failed, {}", out.status),
        error => plain(error),
    })
}

/// What lies at the bottom of an error, as part of a sentence.
pub(super) fn plain(error: &(dyn Error + 'static)) -> String {
    let deepest = causes(error).last().unwrap_or(error).to_string();
    let deepest = deepest.split(" (os error").next().unwrap_or_default();
    let mut chars = deepest.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// An error, and what caused it, and what caused that.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
