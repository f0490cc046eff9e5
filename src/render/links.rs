//! What the objects of a module need of others and claim for themselves, with the levels and acceptances of where they
//! come from.

use crate::check::{Check, Object, UNDECLARED_DEPENDENCY};
use crate::document::Document;
use crate::links::{self, Answer, Claim, Claimed, Judged, Need, Needed, Offers, Target};
use crate::problem::{Place, Problem};
use crate::resolve::{Module, Stack};

use super::checks::checked;
use super::{Made, documents, of_component};

/// What a module is to others.
#[derive(Debug, Default)]
pub struct Links {
    /// Its objects.
    pub offers: Vec<Offered>,
    /// What its objects need and the module does not have.
    pub needs: Vec<Asked>,
    /// What only one can have.
    pub claims: Vec<Claimed<Place>>,
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

/// Something that an object needs, and how that is told.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is.
    pub need: Needed<Place>,
    /// The number of the job that made the object, in its module.
    job: usize,
    /// It as a message says it: kind, name, port or key, and namespace, if it is another one.
    what: String,
    /// The object and its field.
    subject: String,
    /// The text that names it.
    text: String,
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
    let missing = |object: &Object<'_>, is_made: bool| -> Vec<Asked> {
        let needs = links::needs(object).into_iter();
        needs.filter_map(|need| needed(stack, module, &here, (object, &need), is_made)).collect()
    };
    let needs = made.iter().filter_map(object).flat_map(|object| missing(&object, true));
    let silent = not_made.iter().filter_map(object).flat_map(|object| missing(&object, false));
    let is_accepted = |one: &Asked| one.need.missing.accept.is_some() || one.need.undeclared.accept.is_some();
    let needs = needs.chain(silent.filter(is_accepted)).collect();
    let silent = not_made.iter().flat_map(|one| claims(stack, module, one, false));
    let claims = made.iter().flat_map(|one| claims(stack, module, one, true));
    links.claims = claims.chain(silent.filter(|claim| claim.judged.accept.is_some())).collect();
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
) -> Option<Asked> {
    let key = need.what.key();
    if matches!(offers.answer(&key, need.what.part.as_deref()), Answer::Yes(_)) {
        return None;
    }
    let judged = |check: &Check| judged(stack, module, object.job, check, is_made);
    let (missing, undeclared) = (judged(Check::named(need.check)?), judged(&UNDECLARED_DEPENDENCY));
    if missing.is_none() && undeclared.is_none() {
        return None;
    }
    // the same mistake in many namespaces is said once
    let elsewhere = need.what.namespace.filter(|namespace| Some(*namespace) != object.what.namespace);
    let field = if need.field.is_empty() { String::new() } else { format!(": {}", need.field) };
    Some(Asked {
        need: Needed {
            check: need.check.into(),
            part: need.what.part.clone(),
            is_guess: need.what.is_guess,
            missing: missing.unwrap_or(Judged::ALLOWED),
            undeclared: undeclared.unwrap_or(Judged::ALLOWED),
            key,
        },
        job: object.job,
        what: Target { namespace: elsewhere, ..need.what.clone() }.to_string(),
        subject: format!("{}{field}", object.label()),
        text: need.text.to_owned(),
    })
}

fn claims(stack: &Stack, module: &Module, made: &Made, is_made: bool) -> Vec<Claimed<Place>> {
    let claims = match &made.document {
        Document::Object { .. } => object(made).map_or_else(Vec::new, |object| links::claims_of_object(&object)),
        Document::Proxmox { vmid, calls, .. } => links::claims_of_machine(*vmid, calls),
        Document::CloudInit { .. } | Document::ControlPlaneFile { .. } => Vec::new(),
    };
    let claimed = |Claim { check, what, shared }: Claim| {
        let judged = judged(stack, module, made.job, Check::named(check)?, is_made)?;
        let subject = made.document.label().into();
        Some(Claimed { check: check.into(), what, shared, subject, judged, at: module.jobs[made.job].place.clone() })
    };
    claims.into_iter().filter_map(claimed).collect()
}

impl Asked {
    /// That it is not there, told where the author wrote its name; `hint` says what may have been meant. None where that is
    /// no problem.
    #[must_use]
    pub fn problem(&self, module: &Module, hint: &str) -> Option<Problem> {
        let level = self.need.missing.level.filter(|_| self.need.missing.accept.is_none())?;
        let check = Check::named(&self.need.check)?;
        let job = &module.jobs[self.job];
        let name = self.need.key.rsplit(['/', ' ']).next().unwrap_or_default();
        let place = (job.written.place(&job.values, None, &self.text))
            .or_else(|| documents::value_place(&job.values, &|value| value.contains(name)));
        let problem = Problem { level, ..Problem::error(check.name, format!("there is no {}", self.what)) };
        let problem = place.iter().fold(problem, Problem::at).label(hint).note(self.subject.clone());
        Some(of_component(problem.note(check.hint()), job))
    }
}

/// What a check's finding means for what a job makes; none where it is allowed.
fn judged(stack: &Stack, module: &Module, job: usize, check: &Check, is_made: bool) -> Option<Judged<Place>> {
    let level = module.levels.level(check)?;
    let accepts = [&module.jobs[job].accepts, &module.accepts, &stack.accepts];
    let accept = accepts.into_iter().find_map(|all| all.of(check)).cloned();
    Some(Judged { level: Some(level).filter(|_| is_made), accept })
}
