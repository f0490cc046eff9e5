//! What an object waits for, for people: a line while push waits, and an account when it has waited in vain.
//!
//! Which pods and events are an object's is said by who asks. No message shows a value of a container's environment,
//! and what a container wrote is left to the command that the account ends with.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::condition::holds;
use super::event::{Event, in_order};
use super::trouble::{Grade, Trouble};
use super::{Status, is, items, text};

/// How many pods an account tells of.
const PODS: usize = 3;

/// How many of the last events an account tells.
const EVENTS: usize = 5;

/// What is known of an object that is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// The object as it was read last.
    pub object: &'a Value,
    /// How far it has come.
    pub status: &'a Status,
    /// The pods that it has made, or that those have which it has made.
    pub pods: &'a [&'a Value],
    /// The events of the object, of its pods and of what lies between them, in any order.
    pub events: &'a [&'a Value],
}

impl<'a> Waiting<'a> {
    /// In one line: `Deployment traefik 1 of 3 ready: pod traefik-7d9 ImagePullBackOff "manifest unknown"`.
    #[must_use]
    pub fn line(&self) -> String {
        let subject = self.subject();
        match self.because().filter(|_| !self.status.is_current()) {
            Some(because) => format!("{subject}: {because}"),
            None => subject,
        }
    }

    /// In full, a line each: how far it has come, what is wrong with its pods, its last events, and the command that
    /// says more.
    #[must_use]
    pub fn account(&self) -> Vec<String> {
        let troubles = self.troubles();
        let mut lines = vec![self.subject()];
        lines.extend(self.failure());
        lines.extend(troubles.iter().take(PODS).map(|(pod, trouble)| self.told(pod, trouble)));
        if troubles.len() > PODS {
            lines.push(format!("and {}", text::counted(number(troubles.len() - PODS), "more pod")));
        }
        let events = in_order(self.events);
        let last = events.len().saturating_sub(EVENTS);
        lines.extend(events[last..].iter().map(|event| self.happened(event)));
        lines.push(self.command(&troubles));
        lines
    }

    fn subject(&self) -> String {
        format!("{} {} {}", kind(self.object), name(self.object), self.masked(&self.status.to_string()))
    }

    /// The pods that are not ready, the worst first.
    fn troubles(&self) -> Vec<(&'a Value, Trouble<'a>)> {
        let itself = is(self.object, "", "Pod").then_some(&self.object);
        let pods = self.pods.iter().chain(itself.filter(|_| self.pods.is_empty()));
        let mut troubles: Vec<_> = pods.filter_map(|pod| Some((*pod, Trouble::of(pod)?))).collect();
        troubles.sort_by_key(|(_, trouble)| trouble.grade);
        troubles
    }

    fn because(&self) -> Option<String> {
        let events = in_order(self.events);
        if let Some((pod, trouble)) = self.troubles().first() {
            let word = self.in_a_word(pod, trouble, &events);
            return Some(if is(self.object, "", "Pod") { word } else { format!("pod {} {word}", name(pod)) });
        }
        let warning = || {
            let last = events.iter().rev().find(|event| event.is_warning())?;
            Some(format!("{} {}", last.reason, text::quoted(&text::short(&self.masked(last.message)))))
        };
        self.failure().map(|failure| text::short(&failure)).or_else(warning)
    }

    /// Why no pods could be made.
    fn failure(&self) -> Option<String> {
        let failure = holds(self.object, "ReplicaFailure")?;
        Some(format!("{} {}", failure.reason, text::quoted(&self.masked(failure.message))))
    }

    /// `ImagePullBackOff "manifest unknown"`, `CrashLoopBackOff (exit code 1, 3 restarts)`.
    fn in_a_word(&self, pod: &Value, trouble: &Trouble, events: &[Event]) -> String {
        let reason = trouble.reason;
        if trouble.ended.is_some() {
            return format!("{reason} ({})", trouble.history().join(", "));
        }
        let of_pod = || events.iter().rev().filter(|event| event.of == ("Pod", name(pod)) && event.is_warning());
        let quoted = |message: &str| format!("{reason} {}", text::quoted(&text::short(&self.masked(message))));
        match trouble.grade {
            _ if reason.contains("ImagePull") => {
                let failed = of_pod().find(|event| event.message.starts_with("Failed to pull"));
                quoted(cause(failed.map_or(trouble.message, |event| event.message)))
            }
            Grade::Homeless => quoted(trouble.message.split(". ").next().unwrap_or_default()),
            _ if !trouble.message.is_empty() => quoted(trouble.message),
            _ => match of_pod().next() {
                Some(event) => {
                    let message = text::short(&self.masked(event.message));
                    text::with_reason(reason.to_owned(), event.reason, &message)
                }
                None => reason.to_owned(),
            },
        }
    }

    /// What is wrong with a pod, with the whole message.
    fn told(&self, pod: &Value, trouble: &Trouble) -> String {
        let container = trouble.container.map_or_else(String::new, |container| format!(" container {container}:"));
        let said =
            if trouble.message.is_empty() { String::new() } else { format!(" {}", self.quoted(trouble.message)) };
        let what = [format!("{}{said}", trouble.reason)].into_iter().chain(trouble.history());
        format!("pod {}:{container} {}", name(pod), what.collect::<Vec<_>>().join(", "))
    }

    /// What an event tells.
    fn happened(&self, event: &Event) -> String {
        let (kind, name) = event.of;
        let times = if event.times > 1 { format!(", {} times", event.times) } else { String::new() };
        let (level, reason) = (event.level.to_lowercase(), event.reason);
        format!("{level} {reason}{times}, {kind} {name}: {}", self.quoted(event.message))
    }

    /// The command that says more.
    fn command(&self, troubles: &[(&Value, Trouble)]) -> String {
        let with_log = troubles.iter().find(|(_, trouble)| trouble.has_log());
        let command = match (with_log, troubles.first()) {
            (Some((pod, trouble)), _) => {
                let container = trouble.container.map_or_else(String::new, |name| format!(" --container {name}"));
                format!("kubectl logs{} {}{container} --tail 20", namespace(pod), name(pod))
            }
            (None, Some((pod, _))) => format!("kubectl describe{} pod {}", namespace(pod), name(pod)),
            (None, None) => {
                let kind = kind(self.object).to_lowercase();
                format!("kubectl describe{} {kind} {}", namespace(self.object), name(self.object))
            }
        };
        format!("more: `{command}`")
    }

    fn quoted(&self, message: &str) -> String {
        text::quoted(&self.masked(message))
    }

    /// A message without the values of any container's environment. Short ones are part of too many words.
    fn masked(&self, message: &str) -> String {
        let specs = self.pods.iter().chain([&self.object]).flat_map(|object| {
            let spec = &object["spec"];
            [spec, &spec["template"]["spec"]]
        });
        let containers = specs.flat_map(|spec| items(&spec["initContainers"]).chain(items(&spec["containers"])));
        let values = containers.flat_map(|container| items(&container["env"])).filter_map(|env| env["value"].as_str());
        let mut values: Vec<&str> = values.filter(|value| value.len() >= 6).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(message.to_owned(), |message, value| message.replace(value, "***"))
    }
}

/// The last of the causes that an error names from the outside in: `manifest unknown`.
fn cause(message: &str) -> &str {
    let last = message.rsplit(": ").next().unwrap_or_default();
    last.rsplit(" desc = ").next().unwrap_or_default()
}

fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn namespace(object: &Value) -> String {
    let namespace = object["metadata"]["namespace"].as_str();
    namespace.map_or_else(String::new, |namespace| format!(" --namespace {namespace}"))
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
