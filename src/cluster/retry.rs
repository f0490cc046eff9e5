//! When to ask again, and for how long: the one place where it is decided.

use std::time::Duration;

use super::refusal::{Refusal, Verdict};

/// How long one object is tried while the server is busy or away.
const DEADLINE: Duration = Duration::from_mins(2);
/// How long one object is tried while a webhook does not answer: whoever serves it may be starting.
const WEBHOOK_DEADLINE: Duration = Duration::from_mins(10);
/// How long a server is looked for: its address may be wrong.
const FIRST_DEADLINE: Duration = Duration::from_secs(10);
/// When a webhook that does not answer is named.
const WEBHOOK_NAMED: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);
/// The longest that a server may make us wait.
const LONGEST_WISH: Duration = Duration::from_mins(1);

/// How one request has gone until now.
#[derive(Debug)]
pub(super) struct Tries {
    number: u32,
    deadline: Duration,
    webhook_deadline: Duration,
}

impl Default for Tries {
    fn default() -> Self {
        Self { number: 0, deadline: DEADLINE, webhook_deadline: WEBHOOK_DEADLINE }
    }
}

impl Tries {
    /// Of the first request of all.
    pub fn first() -> Self {
        Self { deadline: FIRST_DEADLINE, ..Self::default() }
    }

    /// Of a dry run, if it is one: a webhook is not waited for before there is something to write.
    pub fn dry(is_dry: bool) -> Self {
        let patience = Self::default();
        if is_dry { Self { webhook_deadline: Duration::ZERO, ..patience } } else { patience }
    }

    /// How long to wait before the next try; none where there is none. `waited` is the time since the first, `dice` a
    /// number from 0 to 1.
    pub fn again(&mut self, refusal: &Refusal, waited: Duration, dice: f64) -> Option<Duration> {
        let deadline = match refusal.verdict() {
            Verdict::Again => self.deadline,
            Verdict::Webhook(_) => self.webhook_deadline,
            _ => return None,
        };
        let most = LONGEST.min(SHORTEST * 2_u32.pow((self.number + 1).min(16)));
        self.number += 1;
        let delay = SHORTEST + most.saturating_sub(SHORTEST).mul_f64(dice);
        let wish = refusal.status().and_then(|status| status.after).unwrap_or_default().min(LONGEST_WISH);
        (waited < deadline).then(|| delay.max(wish))
    }
}

/// What is said while it is tried again.
pub(super) fn waiting(refusal: &Refusal, waited: Duration) -> String {
    match refusal.verdict() {
        Verdict::Webhook(name) if waited >= WEBHOOK_NAMED => {
            format!("the webhook {name} does not answer: is its service running? ({})", refusal.message())
        }
        Verdict::Webhook(name) => format!("the webhook {name} does not answer yet"),
        _ => match refusal.status() {
            Some(status) => format!("the server answers {}: {}", status.code, status.message),
            None => format!("no answer: {}", refusal.message()),
        },
    }
}

#[cfg(test)]
mod tests;
