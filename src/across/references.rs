//! References between stacks: what one needs and another may make, what two claim, and the dependencies that follow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mark, Stacks, Summary};
use crate::check::{Check, MACHINE_TWICE, REFERENCE, UNDECLARED_DEPENDENCY};
use crate::links::{Answer, Claimed, Needed, Offers, ROUTED};
use crate::problem::{Level, Problem, Problems, did_you_mean};

/// Something needed that is not there. Its problem is told by who knows the sources of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The stack that needs it.
    pub stack: String,
    /// The check that fails.
    pub check: Box<str>,
    /// By what it was looked for.
    pub key: Box<str>,
    /// The port or key that was looked for.
    pub part: Option<Box<str>>,
    /// What may have been meant.
    pub hint: String,
}

/// What looking at references found, and what of it was accepted where.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) problems: Problems,
    pub(super) unmet: Vec<Unmet>,
    needed: BTreeSet<(&'a str, Mark)>,
}

/// All references of all stacks.
pub(super) fn check<'a>(stacks: &'a Stacks<'a>) -> Found<'a> {
    let mut found = Found::default();
    let offers = offers(stacks);
    let mut reach = Reach { stacks, known: BTreeMap::new() };
    for (name, summary) in &stacks.summaries {
        let mut undeclared = BTreeSet::new();
        for need in &summary.needs {
            match offers.answer(&need.key, need.part.as_deref()) {
                Answer::Yes(owner) if owner.is_empty() || reach.reaches(name, owner) => {}
                Answer::Yes(owner) => {
                    if let Some(accepted) = need.undeclared.accept {
                        found.needed.insert((name, accepted));
                    } else if let Some(level) = need.undeclared.level.filter(|_| undeclared.insert(owner)) {
                        found.dependency(stacks, (name, summary), (need, level), owner);
                    }
                }
                answer => found.unmet(&offers, name, need, &answer),
            }
        }
    }
    found.claims(stacks);
    found.accepts(stacks);
    found
}

fn offers<'a>(stacks: &'a Stacks<'a>) -> Offers<'a> {
    let mut offers = Offers::default();
    for said in stacks.external {
        offers.add_said("", said, None);
    }
    for (name, summary) in &stacks.summaries {
        for object in &summary.objects {
            offers.add(name, &object.key, object.parts.as_deref());
        }
        for (said, namespace) in &summary.provides {
            offers.add_said(name, said, namespace.as_deref());
        }
    }
    offers
}

/// Which stacks come before which, as far as it was asked.
struct Reach<'a> {
    stacks: &'a Stacks<'a>,
    known: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Reach<'a> {
    fn reaches(&mut self, from: &'a str, to: &str) -> bool {
        let stacks = self.stacks;
        let direct = |name: &str| stacks.summaries.get(name).into_iter().flat_map(|summary| &summary.depends_on);
        if from == to || direct(from).any(|(name, _)| **name == *to) {
            return true;
        }
        let before = self.known.entry(from).or_insert_with(|| {
            let mut before = BTreeSet::new();
            let mut left: Vec<&'a str> = vec![from];
            while let Some(name) = left.pop() {
                left.extend(direct(name).map(|(name, _)| &**name).filter(|name| before.insert(*name)));
            }
            before
        });
        before.contains(to)
    }
}

impl<'a> Found<'a> {
    fn unmet(&mut self, offers: &Offers<'_>, stack: &'a str, need: &Needed<Mark>, answer: &Answer<'_>) {
        let (_, name) = need.key.split_once(' ').unwrap_or_default();
        if need.is_guess && !has_namespace(offers, name) {
            return;
        }
        if let Some(mark) = need.missing.accept {
            self.needed.insert((stack, mark));
            return;
        }
        if need.missing.level.is_none() {
            return;
        }
        let hint = match answer {
            Answer::Parts(parts) if parts.is_empty() => "it has none".to_owned(),
            Answer::Parts(parts) => format!("it has {}", quoted(parts)),
            _ => {
                let name = name.rsplit('/').next().unwrap_or_default();
                did_you_mean(name, offers.names(&need.key))
            }
        };
        let (check, key, part) = (need.check.clone(), need.key.clone(), need.part.clone());
        self.unmet.push(Unmet { stack: stack.to_owned(), check, key, part, hint });
    }

    /// A stack needs another one that does not come before it.
    fn dependency(
        &mut self,
        stacks: &Stacks<'_>,
        (name, summary): (&str, &Summary),
        (need, level): (&Needed<Mark>, Level),
        owner: &str,
    ) {
        let check = &UNDECLARED_DEPENDENCY;
        let message = format!("a stack needs `{owner}` and does not depend on it");
        let routed = need.key.strip_prefix(ROUTED).map(|name| format!("{}{ROUTED}", name.trim_start()));
        let what = routed.as_deref().unwrap_or(&need.key);
        let part = need.part.as_ref().map_or_else(String::new, |part| format!(" ({part})"));
        let problem = Problem { level, ..Problem::error(check.name, message) };
        let problem =
            problem.at(&stacks.place(summary, summary.place)).note(format!("stack `{name}` names {what}{part}"));
        self.problems.push(problem.note(check.hint()));
    }

    fn claims(&mut self, stacks: &'a Stacks<'a>) {
        let mut first: BTreeMap<_, (&'a str, &'a Summary, &'a Claimed<Mark>)> = BTreeMap::new();
        for (name, summary) in &stacks.summaries {
            for claim in &summary.claims {
                // machines are not of a cluster
                let cluster = summary.target.as_deref().filter(|_| *claim.check != *MACHINE_TWICE.name);
                let Some((one, other, before)) =
                    first.insert((&claim.check, &claim.what, cluster), (name, summary, claim))
                else {
                    continue;
                };
                if claim.shared.is_some() && claim.shared == before.shared {
                    continue;
                }
                let accepts = [(*name, claim.judged.accept), (one, before.judged.accept)];
                let accepted: Vec<_> = accepts.into_iter().filter_map(|(name, mark)| Some((name, mark?))).collect();
                let levels = claim.judged.level.zip(before.judged.level).filter(|_| accepted.is_empty());
                if let Some((level, other_level)) = levels {
                    let problem = twice(before, claim).at(&stacks.place(summary, claim.at));
                    let note = format!("{} is made at {}", before.subject, stacks.place(other, before.at));
                    let level = level.min(other_level);
                    self.problems.push(Problem { level, ..problem }.note(note).note(hint(&claim.check)));
                }
                self.needed.extend(accepted);
            }
        }
    }

    /// A warning for each acceptance that nothing needed.
    fn accepts(&mut self, stacks: &'a Stacks<'a>) {
        for (name, summary) in &stacks.summaries {
            for (check, mark) in summary.accepts.iter().filter(|(_, mark)| !self.needed.contains(&(*name, *mark))) {
                self.problems.push(crate::check::unneeded(check, &stacks.place(summary, *mark)));
            }
        }
    }
}

/// Whether there is the namespace of `NAMESPACE/NAME`.
fn has_namespace(offers: &Offers<'_>, name: &str) -> bool {
    let namespace = name.split('/').next().unwrap_or_default();
    offers.answer(&format!("Namespace {namespace}"), None) != Answer::No
}

fn twice(first: &Claimed<Mark>, claim: &Claimed<Mark>) -> Problem {
    let name = Check::named(&claim.check).map_or(REFERENCE.name, |check| check.name);
    Problem::error(name, format!("{} and {} both claim `{}`", first.subject, claim.subject, claim.what))
}

fn hint(check: &str) -> String {
    Check::named(check).map(Check::hint).unwrap_or_default()
}

fn quoted(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ")
}
