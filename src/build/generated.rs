//! The secrets that homebuild is to make, found although a build fails while they are missing.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::across::generated_twice;
use crate::disk;
use crate::load;
use crate::problem::{Problems, Source};
use crate::render;
use crate::resolve;
use crate::secrets::Secret;
use crate::site::Site;
use crate::template::Generated;

/// The secrets that a site says homebuild makes.
#[derive(Debug)]
pub struct Declared {
    /// Each once, by path.
    pub generated: Vec<Generated>,
    /// The names of all secrets that are there.
    pub secrets: Arc<Secret>,
    /// What is wrong in the sources besides: what stands behind it may declare more.
    pub problems: Problems,
}

impl Declared {
    /// How a secret is made.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Generated> {
        self.generated.iter().find(|one| one.path == path)
    }

    /// The names of all.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.generated.iter().map(|one| one.path.as_str()).collect();
        names.dedup();
        names
    }

    /// Those that are not there yet.
    pub fn missing(&self) -> impl Iterator<Item = &Generated> {
        let is_there = |one: &Generated| self.secrets.get(one.keys().iter().map(String::as_str)).is_some();
        self.generated.iter().filter(move |one| !is_there(one))
    }
}

/// Finds what the site, its stacks and their expressions and texts declare. Two that disagree are an error.
pub fn declared(root: &Path) -> Result<Declared, Problems> {
    let disk = disk::Site::open(root)?;
    let (config, mut sources, _) = load::shared(&disk)?;
    sources.pretend = true;
    let site = Site::new(config, &sources)?;
    let stacks: Vec<_> = disk.stacks()?.par_iter().map(|name| of_stack(&disk, &site, name)).collect();
    let mut problems = Problems::new();
    let mut generated = site.generated.clone();
    for (found, wrong) in stacks {
        generated.extend(found);
        problems.extend(wrong);
    }
    let source = |path: &str| disk.file(path, &mut disk::Seen::new()).ok().flatten();
    let source = |path: &str| source(path).unwrap_or_else(|| Source::new(path, ""));
    generated_twice(&generated, &source).or(())?;
    generated.sort();
    generated.dedup_by(|one, other| one.agrees(other));
    Ok(Declared { generated, secrets: site.secrets.clone(), problems })
}

/// What a stack declares, and what else is wrong with it.
fn of_stack(disk: &disk::Site, site: &Site, name: &str) -> (Vec<Generated>, Problems) {
    let sources = match load::stack(disk, name) {
        Ok((sources, _)) => sources,
        Err(problems) => return (Vec::new(), problems),
    };
    let (stack, mut problems) = resolve::stack(site, name, &sources);
    let Some(stack) = stack else { return (Vec::new(), problems) };
    problems.extend(render::problems(site, &stack));
    let mut generated = stack.generated.clone();
    generated.extend(stack.modules.iter().flat_map(|module| module.files.generated()));
    (generated, problems)
}
