//! What the checks find in the documents of a module, told where the author wrote what caused it.

use crate::check::{self, Accepts, Check, Finding, Of};
use crate::document::Document;
use crate::problem::{Level, Problem};
use crate::resolve::{Module, Stack};
use crate::secrets::reference::has_reference;
use crate::site::{NAMESPACE_LAYOUT, Site};
use crate::yaml::Node;

use super::{Findings, Made, documents, of_component};

/// All checks, with the levels and acceptances of where the documents come from.
pub(super) fn check<'a>(
    site: &'a Site,
    stack: &Stack,
    module: &'a Module,
    made: impl Iterator<Item = &'a Made>,
    findings: &mut Findings,
) {
    let objects: Vec<_> = made.filter_map(checked).collect();
    let quota =
        module.jobs.iter().find(|job| job.layout.name == NAMESPACE_LAYOUT).and_then(|job| job.values.get("quota"));
    let about = check::Module {
        name: &module.name,
        namespace: module.namespace.as_deref(),
        tier: module.tier.as_deref().and_then(|tier| Some((tier, site.tiers.get(tier)?))),
        has_quota_of_tier: quota.is_none_or(Node::is_null),
        kinds: &site.kinds,
    };
    for check in Check::ALL {
        let Some(level) = module.levels.level(check) else { continue };
        for finding in check.find(&objects, &about) {
            let job = finding.job.map(|number| &module.jobs[number]);
            let hidden = if let Of::Hidden(text) = finding.of { Some(text) } else { None };
            if hidden.is_some_and(|text| site.plain.iter().any(|plain| plain.is_in(text))) {
                continue; // of a file that all stacks share: told or accepted there
            }
            findings.plain.extend(hidden.map(str::to_owned));
            let accepts = [job.map(|job| &job.accepts), Some(&module.accepts), Some(&stack.accepts)];
            match accepts.into_iter().flatten().find_map(|all: &Accepts| all.of(check)) {
                Some(place) => {
                    findings.needed.push(place.clone());
                    findings.plain_accepted.extend(hidden.map(str::to_owned));
                }
                None => findings.problems.push(found(check, level, finding, stack, module)),
            }
        }
    }
}

/// A document as checks see it, if they do.
pub(super) fn checked(made: &Made) -> Option<check::Object<'_>> {
    match &made.document {
        Document::Object { identity, object } => Some(check::Object::new(identity, object, made.job)),
        Document::ControlPlaneFile { name, text } => Some(check::Object::file(name, text, made.job)),
        Document::CloudInit { name, spec } => Some(check::Object::cloud_init(name, spec, made.job)),
        Document::Proxmox { .. } => None,
    }
}

/// What a check found, told at the value that it is about, or else at the component or the module.
fn found(check: &Check, level: Level, finding: Finding<'_>, stack: &Stack, module: &Module) -> Problem {
    let problem = Problem { level, ..Problem::error(check.name, finding.message) };
    let subject = Some(finding.subject).filter(|subject| !subject.is_empty());
    let problem = subject.into_iter().fold(problem, Problem::note).note(check.hint());
    let Some(number) = finding.job else { return problem.at(&module.place) };
    let job = &module.jobs[number];
    let written = |key, text| job.written.place(&job.values, key, text);
    let place = match finding.of {
        Of::Nothing => None,
        Of::Value(text) => written(None, text),
        Of::Key(key, text) => written(Some(key), text),
        Of::Field(key) => documents::key_place(&job.values, key),
        Of::Scalar(key, text) => written(Some(key), text).or_else(|| written(None, text)),
        Of::Hidden(text) => {
            let source = || stack.plain.iter().find(|plain| plain.is_in(text)).map(|plain| plain.place.clone());
            let place = written(None, text).or_else(source);
            Some(place.as_ref().unwrap_or(&job.place).without_text())
        }
        Of::Secret(text) => documents::value_place(&job.values, &|value| has_reference(value) && text.contains(value)),
    };
    of_component(place.iter().fold(problem, Problem::at), job)
}
