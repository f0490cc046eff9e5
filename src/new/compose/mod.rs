//! A Docker Compose file taken over as a stack.
//!
//! Every value of it is taken out of the tree that was read, and what is left at the end is a comment where it stood and
//! a message: nothing can be lost in silence. A value that is written otherwise than before has its old form in a
//! comment above it.

mod component;
mod container;
mod network;
mod ports;
mod probe;
mod resources;
mod service;
mod variables;
mod volumes;
mod words;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{New, Wish, free, layout_of, tried};
use crate::check;
use crate::disk::{self, Seen};
use crate::problem::{Level, Place, Problem, Problems, Source, did_you_mean};
use crate::site::Site;
use crate::yaml::{self, Data, Map, Node};
use component::Component;
use variables::{Variables, read_env};
use write::Text;

/// A Compose file and what lies beside it.
#[derive(Debug)]
pub struct Project {
    /// The file's name.
    file: String,
    folder: disk::Site,
    root: Map,
    env: BTreeMap<String, String>,
}

/// What is known while a project is taken over.
struct Taking<'a> {
    site: &'a Site,
    stack: &'a str,
    project: &'a Project,
    services: &'a Map,
    wish: &'a Wish,
    declared: BTreeSet<&'a str>,
    variables: Variables<'a>,
    problems: Problems,
    /// Texts for `files/`.
    files: BTreeMap<String, String>,
    /// Named volumes that are claims already.
    claims: BTreeSet<String>,
    /// Folders of the Docker host, by the names that they have here.
    folders: BTreeMap<String, String>,
    /// The service that gets the host.
    front: Option<String>,
    /// Services whose names cannot be those of components, and what they are called.
    renamed: Vec<(String, String)>,
}

impl Project {
    /// Reads a Compose file, and `.env` beside it.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let shown = path.display();
        let missing = || Problems::from(Problem::error("missing-file", format!("there is no file `{shown}`")));
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = disk::Site::open(folder).map_err(|_| missing())?;
        let source = folder.file(name, &mut Seen::new())?.ok_or_else(missing)?;
        let source = Source::new(shown.to_string(), source.text.as_str());
        let node = yaml::parse_one(&source)?;
        let Data::Map(root) = node.data else {
            return Err(Problem::error("compose", "a Compose file is a map").at(&node.place).into());
        };
        if root.get("services").and_then(Node::as_map).is_none_or(Map::is_empty) {
            let problem = Problem::error("compose", "this is no Compose file: it has no `services`");
            let known = did_you_mean("services", root.keys());
            return Err(problem.at(&Place::file(&source)).label(known).into());
        }
        let env = folder.file(".env", &mut Seen::new())?.map(|source| read_env(&source.text));
        Ok(Self { file: name.to_owned(), folder, root, env: env.into_iter().flatten().collect() })
    }

    /// A text beside the Compose file; none where there is no such text.
    fn text(&self, path: &str) -> Option<Arc<Source>> {
        let path = path.trim_start_matches("./");
        self.folder.file(path, &mut Seen::new()).ok().flatten()
    }
}

/// A stack of the services of a Compose file, each a component.
pub fn stack(disk: &disk::Site, site: &Site, name: &str, project: &Project, wish: &Wish) -> Result<New, Problems> {
    free(disk, name)?;
    let layout = layout_of(site, &wish.layout)?;
    let none = Map::default();
    let mut taking = Taking {
        site,
        stack: name,
        project,
        services: project.root.get("services").and_then(Node::as_map).unwrap_or(&none),
        wish,
        declared: layout.schema.declared().map(|(name, _)| name).collect(),
        variables: Variables::new(project.env.clone(), name, &site.secrets),
        problems: Problems::new(),
        files: BTreeMap::new(),
        claims: BTreeSet::new(),
        folders: BTreeMap::new(),
        front: None,
        renamed: Vec::new(),
    };
    taking.front = taking.front();
    taking.renamed = taking.renamed();
    let components: Vec<Component> = taking.services.0.iter().filter_map(|entry| taking.component(entry)).collect();
    taking.same_names(&components);
    let text = taking.text(components);
    let Taking { mut problems, files, variables, .. } = taking;
    problems.extend(variables.problems.iter().cloned());
    let problems = problems.map(|problem| variables.without_secret(problem));
    problems.clone().or(())?;
    let files = files.into_iter().map(|(path, text)| (format!("stacks/{name}/files/{path}"), text));
    Ok(finish(site, name, &text, files.collect(), problems))
}

/// The files of the stack, in the lowest tier that holds it. What only a check denies is accepted, for the author to
/// settle; what else would stop a build is told.
fn finish(site: &Site, name: &str, text: &Text, mut files: Vec<(String, String)>, mut warnings: Problems) -> New {
    let main = format!("stacks/{name}/stack.yaml");
    let beside: Vec<_> = files.iter().map(|(path, text)| Source::new(path.as_str(), text.as_str())).collect();
    let attempt = |tier: Option<&str>, accepted: &BTreeSet<&str>| {
        let file = (main.clone(), text.with(site, tier, accepted));
        tried(site, name, &beside, file.clone()).map(|_| file.clone()).map_err(|problems| (problems, file))
    };
    let tiers = super::tiers(site);
    let lowest = attempt(tiers.first().copied(), &BTreeSet::new());
    let file = lowest.or_else(|(problems, _)| {
        let higher = tiers.iter().skip(1).find_map(|tier| Some((tier, attempt(Some(tier), &BTreeSet::new()).ok()?)));
        if let Some((tier, file)) = higher {
            let message = format!("tier `{tier}` is the lowest that allows what the services ask for");
            warnings.push(Problem::warning("compose", message).note("ask for less, and a lower one will do"));
            return Ok(file);
        }
        // a secret in the open is for the author to see
        let is_acceptable = |code: &&str| check::is_known(code) && !["secret-in-plain", "plain-secret"].contains(code);
        let denied: BTreeSet<_> = problems.iter().map(|problem| problem.code).filter(is_acceptable).collect();
        for check in &denied {
            let message = format!("the check `{check}` denies what the services have, and is accepted in stack.yaml");
            warnings.push(Problem::warning("compose", message).note("settle it, then take the line of `accept` away"));
        }
        attempt(tiers.first().copied(), &denied)
    });
    files.push(file.unwrap_or_else(|(problems, file)| {
        let todo = "the stack is written, and does not build until this is settled";
        warnings.extend(problems.into_iter().map(|problem| Problem { level: Level::Warning, ..problem.note(todo) }));
        file
    }));
    New { files, warnings }
}
