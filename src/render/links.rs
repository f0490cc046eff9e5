//! What the objects of a module need of others and claim for themselves, with the levels and acceptances of where they
//! come from.

use crate::check::{Check, Object, UNDECLARED_DEPENDENCY};
use crate::document::Document;
use crate::links::{self, Answer, Claim, Need, Offers, Target};
use crate::problem::{Level, Place, Problem};
use crate::resolve::{Module, Stack};

use super::checks::checked;
use super::{Made, documents, of_component};

/// What a module is to others.
#[derive(Debug, Default)]
pub struct Links {
    /// Its objects.
    pub offers: Vec<Offered>,
    /// What its objects need and the module does not have.
    pub needs: Vec<Needed>,
    /// What only one can have.
    pub claims: Vec<Claimed>,
    /// What its charts make and controllers make of its objects, `Kind/name`, and the namespace of each.
    pub provides: Vec<(Box<str>, Option<Box<str>>)>,
}

/// An object as others may name it.
#[derive(Debug)]
pub struct Offered {
    /// What makes it the one that it is: `Deployment.apps ntfy/ntfy`.
    pub key: Box<str>,
    /// The ports of a Service, the keys of a `ConfigMap` or Secret.
    pub parts: Option<Vec<Box<str>>>,
    /// The component that makes it.
    pub place: Place,
}

/// Something that an object needs.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The check that fails where it is not there.
    pub check: &'static str,
    /// By what it is found: `Service ntfy/ntfy`.
    pub key: Box<str>,
    /// A port of a Service, a key of a `ConfigMap` or Secret.
    pub part: Option<Box<str>>,
    /// Whether it is meant only if there is its namespace.
    pub is_guess: bool,
    /// How bad it is where it is missing; none where that is allowed, and of what is not made, of which only the
    /// acceptance matters.
    pub level: Option<Level>,
    /// Where it is accepted.
    pub accept: Option<Place>,
    /// How bad it is where another stack has it that does not come first, and where that is accepted.
    pub dependency: (Option<Level>, Option<Place>),
    /// The number of the job that made the object, in its module.
    pub job: usize,
    /// It as a message says it: kind, name, port or key, and namespace, if it is another one.
    pub what: String,
    /// The object and its field.
    pub subject: String,
    /// The text that names it.
    pub text: String,
}

/// Something that only one can have.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// What it is.
    pub claim: Claim,
    /// How bad it is where two have it; none of what is not made, of which only the acceptance matters.
    pub level: Option<Level>,
    /// Where it is accepted.
    pub accept: Option<Place>,
    /// What claims it: `Ingress draw/draw`.
    pub subject: String,
    /// The component.
    pub place: Place,
}

/// The links of a module's documents; those of the jobs that are not made only as far as something is accepted there.
pub(super) fn links(stack: &Stack, module: &Module, made: &[Made], not_made: &[Made]) -> Links {
    let offered = |one: &Made| match &one.document {
        Document::Object { identity, .. } => {
            let parts = object(one).and_then(|object| links::parts(&object));
            Some(Offered { key: identity.key_text(), parts, place: module.jobs[one.job].place.clone() })
        }
        _ => None,
    };
    let mut links = Links {
        offers: made.iter().filter_map(offered).collect(),
        provides: provides(module, made),
        ..Links::default()
    };
    let mut across = Check::ALL.iter().filter(|check| check.is_across());
    if across.all(|check| module.levels.level(check).is_none()) {
        return links;
    }
    let mut here = Offers::default();
    links.offer(&module.name, &mut here);
    let missing = |object: &Object<'_>, is_made: bool| -> Vec<Needed> {
        let needs = links::needs(object).into_iter();
        needs.filter_map(|need| needed(stack, module, &here, (object, &need), is_made)).collect()
    };
    let needs = made.iter().filter_map(object).flat_map(|object| missing(&object, true));
    let silent = not_made.iter().filter_map(object).flat_map(|object| missing(&object, false));
    let is_accepted = |need: &Needed| need.accept.is_some() || need.dependency.1.is_some();
    let needs = needs.chain(silent.filter(is_accepted)).collect();
    let silent = not_made.iter().flat_map(|one| claims(stack, module, one, false));
    let claims = made.iter().flat_map(|one| claims(stack, module, one, true));
    links.claims = claims.chain(silent.filter(|claim| claim.accept.is_some())).collect();
    links.needs = needs;
    links
}

impl Links {
    /// Adds what the module has, itself or through charts and controllers, to what there is.
    pub fn offer<'a>(&'a self, owner: &'a str, offers: &mut Offers<'a>) {
        for one in &self.offers {
            offers.add(owner, &one.key, one.parts.as_deref());
        }
        for (said, namespace) in &self.provides {
            offers.add_said(owner, said, namespace.as_deref());
        }
    }
}

/// What a module has without making it.
fn provides(module: &Module, made: &[Made]) -> Vec<(Box<str>, Option<Box<str>>)> {
    let said = module.jobs.iter().filter(|job| job.made).flat_map(|job| {
        let namespace = job.namespace.as_deref();
        job.provides.iter().map(move |said| (said.as_str().into(), namespace.map(Into::into)))
    });
    let of_objects = made.iter().filter_map(object).flat_map(|object| {
        let namespace = object.what.namespace.map(Into::into);
        links::makes(&object).into_iter().map(move |what| (what.into(), namespace.clone()))
    });
    said.chain(of_objects).collect()
}

/// A document that is an object of the Kubernetes API.
fn object(made: &Made) -> Option<Object<'_>> {
    checked(made).filter(|_| matches!(made.document, Document::Object { .. }))
}

fn needed(
    stack: &Stack,
    module: &Module,
    offers: &Offers<'_>,
    (object, need): (&Object<'_>, &Need<'_>),
    is_made: bool,
) -> Option<Needed> {
    let key = need.what.key();
    if matches!(offers.answer(&key, need.what.part.as_deref()), Answer::Yes(_)) {
        return None;
    }
    let level = |check: &Check| module.levels.level(check);
    let (missing, undeclared) = (level(Check::named(need.check)?), level(&UNDECLARED_DEPENDENCY));
    missing.or(undeclared)?;
    let accepted = |check: &str| accepted(stack, module, object.job, check);
    // the same mistake in many namespaces is said once
    let elsewhere = need.what.namespace.filter(|namespace| Some(*namespace) != object.what.namespace);
    let field = if need.field.is_empty() { String::new() } else { format!(": {}", need.field) };
    Some(Needed {
        check: need.check,
        part: need.what.part.clone(),
        is_guess: need.what.is_guess,
        level: missing.filter(|_| is_made),
        accept: missing.and_then(|_| accepted(need.check)),
        dependency: (undeclared.filter(|_| is_made), undeclared.and_then(|_| accepted(UNDECLARED_DEPENDENCY.name))),
        job: object.job,
        what: Target { namespace: elsewhere, ..need.what.clone() }.to_string(),
        subject: format!("{}{field}", object.label()),
        text: need.text.to_owned(),
        key,
    })
}

fn claims(stack: &Stack, module: &Module, made: &Made, is_made: bool) -> Vec<Claimed> {
    let claims = match &made.document {
        Document::Object { .. } => object(made).map_or_else(Vec::new, |object| links::claims_of_object(&object)),
        Document::Proxmox { vmid, calls, .. } => links::claims_of_machine(*vmid, calls),
        Document::CloudInit { .. } | Document::ControlPlaneFile { .. } => Vec::new(),
    };
    let claimed = |claim: Claim| {
        let level = module.levels.level(Check::named(claim.check)?)?;
        let accept = accepted(stack, module, made.job, claim.check);
        let (level, subject) = (is_made.then_some(level), made.document.label());
        Some(Claimed { level, accept, subject, place: module.jobs[made.job].place.clone(), claim })
    };
    claims.into_iter().filter_map(claimed).collect()
}

impl Needed {
    /// That it is not there, told where the author wrote its name; `hint` says what may have been meant.
    #[must_use]
    pub fn missing(&self, module: &Module, level: Level, hint: &str) -> Problem {
        let Some(check) = Check::named(self.check) else { return Problem::error("reference", self.what.clone()) };
        let job = &module.jobs[self.job];
        let name = self.key.rsplit(['/', ' ']).next().unwrap_or_default();
        let place = documents::value_place(&job.values, &|_, value| value == self.text)
            .or_else(|| documents::value_place(&job.values, &|_, value| value.contains(name)));
        let problem = Problem { level, ..Problem::error(check.name, format!("there is no {}", self.what)) };
        let problem = place.iter().fold(problem, Problem::at).label(hint).note(self.subject.clone());
        of_component(problem.note(check.hint()), job)
    }
}

/// Where a check is accepted for what a job makes.
fn accepted(stack: &Stack, module: &Module, job: usize, check: &str) -> Option<Place> {
    let check = Check::named(check)?;
    let accepts = [&module.jobs[job].accepts, &module.accepts, &stack.accepts];
    accepts.into_iter().find_map(|all| all.of(check)).cloned()
}
