//! What looks like a secret in the sources of a stack and in no document of it, with the levels and acceptances of where
//! it stands.

use crate::check::PLAIN_SECRET as CHECK;
use crate::problem::Place;
use crate::resolve::{Job, Module, Stack};
use crate::site::Site;

use super::Findings;

/// What is settled of the secrets in plain of a stack's sources by one module.
pub(super) struct Shown {
    /// The texts of its documents that look like secrets: what is in one of them is told, or accepted, there.
    pub texts: Vec<String>,
    /// Those of [`Stack::plain`] that it or one of its components accepts, by their number.
    pub accepted: Vec<usize>,
}

/// What a module and its components accept of what stands in their own lines and files.
pub(super) fn accepted(stack: &Stack, module: &Module, needed: &mut Vec<Place>) -> Vec<usize> {
    let mut accepted = Vec::new();
    for (number, plain) in stack.plain.iter().enumerate() {
        let of_component = module.jobs.iter().filter(|job| is_within(&plain.place, job)).map(|job| &job.accepts);
        let of_module = is_beside(&plain.place, module).then_some(&module.accepts);
        if let Some(place) = of_component.chain(of_module).find_map(|accepts| accepts.of(&CHECK)) {
            needed.push(place.clone());
            accepted.push(number);
        }
    }
    accepted
}

/// What no document shows and nobody accepts; and what the stack accepts. Where it is not known what all documents show,
/// nothing is told that one of them might accept.
pub(super) fn told(site: &Site, stack: &Stack, modules: &[Option<Shown>]) -> Findings {
    let mut findings = Findings::default();
    let is_known = modules.len() == stack.modules.len() && modules.iter().all(Option::is_some);
    if !is_known && may_accept(stack) {
        return findings;
    }
    for (number, plain) in stack.plain.iter().enumerate() {
        let is_settled =
            |shown: &Shown| shown.accepted.contains(&number) || shown.texts.iter().any(|text| plain.is_in(text));
        let of_site = site.plain.iter().any(|known| known == plain);
        if of_site || modules.iter().flatten().any(is_settled) {
            continue;
        }
        let module = stack.modules.iter().find(|module| is_beside(&plain.place, module)).or(stack.modules.first());
        let Some(level) = module.map_or(&site.checks, |module| &module.levels).level(&CHECK) else { continue };
        match stack.accepts.of(&CHECK) {
            Some(place) => findings.needed.push(place.clone()),
            None => findings.problems.push(plain.problem(level)),
        }
    }
    findings
}

fn may_accept(stack: &Stack) -> bool {
    let of = |module: &Module| {
        module.accepts.of(&CHECK).is_some() || module.jobs.iter().any(|job| job.accepts.of(&CHECK).is_some())
    };
    stack.accepts.of(&CHECK).is_some() || stack.modules.iter().any(of)
}

/// Whether a place is in the folder of a module's own file.
fn is_beside(place: &Place, module: &Module) -> bool {
    let folder = module.place.source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.ends_with(&format!("/{}", module.name)) && place.source.path.starts_with(&format!("{folder}/"))
}

/// Whether a place is in the lines of a component.
fn is_within(place: &Place, job: &Job) -> bool {
    let of = &job.place;
    if place.source.path != of.source.path || place.line < of.line {
        return false;
    }
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let mut lines = of.source.text.lines().skip(of.line as usize).take((place.line - of.line) as usize);
    lines.all(|line| line.trim().is_empty() || indentation(line) >= usize::from(of.column))
}
