//! What a difference comes to, in numbers.

use std::collections::BTreeSet;
use std::fmt;

use super::{Difference, Effect, Verb};

/// Numbers of objects.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Stacks with any change.
    pub stacks: usize,
    /// Objects that come.
    pub added: usize,
    /// Objects that change.
    pub changed: usize,
    /// Objects that go.
    pub removed: usize,
    /// Objects with a change that needs care.
    pub risks: usize,
    /// Workloads whose pods restart.
    pub restarts: usize,
    /// Virtual machines that show a change after their next reboot.
    pub reboots: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(differences: &[Difference]) -> Self {
        let verbs = |verb| differences.iter().filter(|difference| difference.verb == verb).count();
        let effects = |is: fn(Effect) -> bool| {
            differences.iter().filter(|d| d.fields.iter().any(|field| is(field.effect))).count()
        };
        let stacks = differences.iter().map(|d| d.subject.stack.as_str()).filter(|stack| !stack.is_empty());
        Self {
            stacks: stacks.collect::<BTreeSet<_>>().len(),
            added: verbs(Verb::Added),
            changed: verbs(Verb::Changed),
            removed: verbs(Verb::Removed),
            risks: effects(|effect| matches!(effect, Effect::Risk(_))),
            restarts: effects(|effect| effect == Effect::Restart),
            reboots: effects(|effect| effect == Effect::Reboot),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
        let place = if self.stacks == 0 { "site".to_owned() } else { many(self.stacks, "stack", "stacks") };
        write!(f, "{place}: {} added, {} changed, {} removed", self.added, self.changed, self.removed)?;
        let told = [
            (self.risks, "needs care", "need care"),
            (self.restarts, "workload restarts", "workloads restart"),
            (self.reboots, "VM waits for a reboot", "VMs wait for a reboot"),
        ];
        let told = told.into_iter().filter(|(number, ..)| *number > 0);
        for (index, (number, one, more)) in told.enumerate() {
            write!(f, "{} {}", if index == 0 { ";" } else { "," }, many(number, one, more))?;
        }
        Ok(())
    }
}
