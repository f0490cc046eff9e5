//! What a stack is to the others, and what is wrong between them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Built, Told, keep, kept};
use crate::across::{Object, Stacks, Summary, Unmet};
use crate::check::{Check, PLAIN_SECRET, UNUSED_SECRET};
use crate::disk;
use crate::links::{Answer, Needed, Offers};
use crate::load;
use crate::lock;
use crate::out::{Look, State};
use crate::problem::{Level, Place, Problem, Problems};
use crate::render::{self, Asked, Rendered};
use crate::resolve;
use crate::secrets;
use crate::secrets::reference::path_text;
use crate::site::Site;

/// What is wrong between stacks, and what is kept of it.
pub(super) struct Between {
    pub(super) errors: Problems,
    /// The warnings, kept for the builds that have nothing to do.
    pub(super) warnings: Vec<u8>,
    /// Whether all stacks were looked at together: what [`is_known`] reads.
    pub(super) state: Vec<u8>,
}

/// What a stack is to the others before it is rendered.
pub(super) fn summary(stack: &resolve::Stack) -> Summary {
    let mut summary = Summary::default();
    summary.target = stack.target.as_deref().map(Into::into);
    summary.place = summary.mark(&stack.place);
    summary.generated.clone_from(&stack.generated);
    for (name, place) in &stack.depends_on {
        let mark = summary.mark(place);
        summary.depends_on.push((name.as_str().into(), mark));
    }
    summary
}

/// What a stack that was rendered is to the others, too.
pub(super) fn add(summary: &mut Summary, stack: &resolve::Stack, rendered: &[Rendered], external: &Offers<'_>) {
    let own = own(stack, rendered);
    let is_there = |need: &Needed<Place>| {
        let part = need.part.as_deref();
        [external, &own].into_iter().any(|offers| matches!(offers.answer(&need.key, part), Answer::Yes(_)))
    };
    for (module, made) in stack.modules.iter().zip(rendered) {
        summary.provides.extend_from_slice(&made.links.provides);
        summary.secrets.extend(made.secrets.iter().cloned());
        for one in &made.links.offers {
            let at = summary.mark(&one.place);
            summary.objects.push(Object { key: one.key.clone(), at, parts: one.parts.clone() });
        }
        for one in made.links.needs.iter().filter(|one| !is_there(&one.need)) {
            let need = one.need.at(&mut |place| summary.mark(place));
            summary.needs.push(need);
        }
        for one in &made.links.claims {
            let claim = one.at(&mut |place| summary.mark(place));
            summary.claims.push(claim);
        }
        let accepts = module.jobs.iter().map(|job| &job.accepts).chain([&module.accepts]);
        let accepts: Vec<_> = accepts.flat_map(crate::check::Accepts::across).collect();
        accept(summary, accepts);
    }
    accept(summary, stack.accepts.across());
}

/// Instances and modules share what is written once.
fn accept<'a>(summary: &mut Summary, accepts: impl IntoIterator<Item = &'a (&'static str, Place)>) {
    for (check, place) in accepts {
        let accept = ((*check).into(), summary.mark(place));
        if !summary.accepts.contains(&accept) {
            summary.accepts.push(accept);
        }
    }
}

/// What the modules of a stack have for one another.
fn own<'a>(stack: &'a resolve::Stack, rendered: &'a [Rendered]) -> Offers<'a> {
    let mut own = Offers::default();
    // a module knows already what it has itself
    for made in rendered.iter().filter(|_| stack.modules.len() > 1) {
        made.links.offer(&stack.name, &mut own);
    }
    own
}

/// What no stack can know alone, over those that were built and those that are known from before. Where they are to one
/// another what they were, what was found then still holds.
pub(super) fn check(disk: &disk::Site, site: &Site, look: &Look, built: &[Built]) -> Between {
    if is_known(look) && same_to_others(look, built) {
        let (warnings, state) = look.site();
        return Between { errors: Problems::new(), warnings: warnings.to_vec(), state: state.to_vec() };
    }
    let now: BTreeMap<&str, &Summary> = built.iter().map(|one| (one.output.stack.as_str(), &one.summary)).collect();
    let is_kept = |(name, state): &(&String, &State)| **state == State::Same && !now.contains_key(name.as_str());
    let before: Vec<&str> = look.stacks.iter().filter(is_kept).map(|(name, _)| name.as_str()).collect();
    let before: Vec<(&str, Summary)> =
        before.par_iter().filter_map(|name| Some((*name, kept(look.summary(name))?))).collect();
    let was_built = |name: &&str| now.contains_key(name);
    let names = look.stacks.keys().map(String::as_str);
    let new = if is_known(look) { names.filter(was_built).collect() } else { names.collect() };
    let stacks = stacks(disk, site, look, before.iter().map(|(name, summary)| (*name, summary)).chain(now));
    let (mut problems, unmet) = stacks.check(&new);
    problems.extend(explained(disk, site, unmet));
    let unused = stacks.are_all_known().then(|| stacks.unused_secrets());
    problems.extend(shared(site, unused.as_deref()));
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(|problem| problem.level == Level::Error);
    let warnings = warnings.into_iter().collect::<Problems>().sorted();
    let warnings: Vec<Told> = warnings.into_iter().map(Told::from).collect();
    Between {
        errors: errors.into_iter().collect(),
        warnings: if warnings.is_empty() { Vec::new() } else { keep(&warnings) },
        state: if stacks.are_all_known() { keep(&true) } else { Vec::new() },
    }
}

/// What is wrong with the files that all stacks share, as far as no stack is: secrets in plain, and secrets that nobody
/// names where all stacks are known.
fn shared(site: &Site, unused: Option<&[Vec<&str>]>) -> Problems {
    let mut problems = Problems::new();
    let mut needed = Vec::new();
    let mut tell = |check: &Check, is_found: bool, found: &dyn Fn() -> Vec<Problem>| match (
        site.accepts.of(check),
        site.checks.level(check).filter(|_| is_found),
    ) {
        (_, None) => {}
        (Some(place), _) => needed.push(place.clone()),
        (None, Some(level)) => problems.extend(found().into_iter().map(|problem| Problem { level, ..problem })),
    };
    let plain = || site.plain.iter().map(|plain| plain.problem(Level::Error)).collect();
    tell(&PLAIN_SECRET, !site.plain.is_empty(), &plain);
    let paths = unused.unwrap_or_default();
    tell(&UNUSED_SECRET, !paths.is_empty(), &|| unused_secrets(site, paths));
    let is_unknown = |name: &str| name == UNUSED_SECRET.name && unused.is_none();
    let unneeded = site.accepts.all().filter(|(name, place)| !needed.contains(place) && !is_unknown(name));
    problems.extend(unneeded.map(|(name, place)| crate::check::unneeded(name, place)));
    problems
}

/// One problem a file, so that a site on its way here is not told of a hundred.
fn unused_secrets(site: &Site, paths: &[Vec<&str>]) -> Vec<Problem> {
    const SHOWN: usize = 8;
    let mut by_file: BTreeMap<String, (Place, Vec<String>)> = BTreeMap::new();
    for (path, place) in paths.iter().zip(secrets::places(&site.secret_files, paths)) {
        let place = place.unwrap_or_else(Place::nowhere);
        let file = by_file.entry(place.source.path.clone()).or_insert_with(|| (place, Vec::new()));
        file.1.push(format!("`{}`", path_text(path)));
    }
    let problem = |(place, names): (Place, Vec<String>)| {
        let shown = names[..names.len().min(SHOWN)].join(", ");
        let message = match names.len() {
            1 => format!("nothing uses the secret {shown}"),
            number if number > SHOWN => format!("nothing uses {number} secrets: {shown} and {} more", number - SHOWN),
            number => format!("nothing uses {number} secrets: {shown}"),
        };
        Problem::error(UNUSED_SECRET.name, message).at(&place).note(UNUSED_SECRET.hint())
    };
    by_file.into_values().map(problem).collect()
}

/// What can be said of a stack between the others before it is rendered.
pub(super) fn early(disk: &disk::Site, site: &Site, look: &Look, stack: &resolve::Stack) -> Problems {
    let summary = summary(stack);
    let name = stack.name.as_str();
    stacks(disk, site, look, [(name, &summary)]).check(&BTreeSet::from([name])).0
}

/// Whether the last build looked at all stacks together, and there are no fewer now. Otherwise what all of them are to
/// one another was never looked at, even where each of them is what it was when it was built.
pub(super) fn is_known(look: &Look) -> bool {
    !look.left && kept(look.site().1).unwrap_or(false)
}

/// Whether the stacks that were built are to all others what they were when the last build looked across them.
fn same_to_others(look: &Look, built: &[Built]) -> bool {
    let are_known = look.stacks.values().all(|state| matches!(state, State::Same | State::Sources | State::Outputs));
    let is_same = |one: &Built| !one.keep.summary.is_empty() && one.keep.summary == look.summary(&one.keep.stack);
    are_known && built.iter().all(is_same)
}

/// The secrets that the site's own file names.
fn site_uses(site: &Site) -> BTreeSet<Box<str>> {
    let found = site.secrets.check(&lock::site(site)).unwrap_or_default();
    found.iter().map(|one| path_text(&one.path).into()).collect()
}

/// Some stacks, among all that the site has.
fn stacks<'a>(
    disk: &'a disk::Site,
    site: &'a Site,
    look: &'a Look,
    summaries: impl IntoIterator<Item = (&'a str, &'a Summary)>,
) -> Stacks<'a> {
    Stacks {
        names: look.stacks.keys().map(String::as_str).collect(),
        summaries: summaries.into_iter().collect(),
        generated: &site.generated,
        external: &site.external,
        secrets: &site.secrets,
        used: site_uses(site),
        read: Box::new(|path| disk.file(path, &mut disk::Seen::new()).ok().flatten()),
    }
}

/// The problems of what is needed and not there. A summary does not say where an author wrote what: the stacks are
/// rendered once more, which costs only where something is wrong.
fn explained(disk: &disk::Site, site: &Site, unmet: Vec<Unmet>) -> Problems {
    let mut by_stack: BTreeMap<String, Vec<Unmet>> = BTreeMap::new();
    for one in unmet {
        by_stack.entry(one.stack.clone()).or_default().push(one);
    }
    by_stack
        .par_iter()
        .flat_map_iter(|(name, unmet)| of_stack(disk, site, name, unmet))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn of_stack(disk: &disk::Site, site: &Site, name: &str, unmet: &[Unmet]) -> Problems {
    let Ok((sources, _)) = load::stack(disk, name) else { return Problems::new() };
    let (Some(stack), _) = resolve::stack(site, name, &sources) else { return Problems::new() };
    let Ok(rendered) = render::stack(site, &stack) else { return Problems::new() };
    let hints: BTreeMap<_, _> = unmet.iter().map(|one| ((&one.check, &one.key, &one.part), &one.hint)).collect();
    let mut problems = Problems::new();
    for (module, made) in stack.modules.iter().zip(&rendered) {
        let problem = |asked: &Asked| {
            let Needed { check, key, part, .. } = &asked.need;
            asked.problem(module, hints.get(&(check, key, part))?)
        };
        problems.extend(made.links.needs.iter().filter_map(problem));
    }
    problems
}
