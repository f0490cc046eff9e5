//! Where a file of `out/` comes from: the stack, the component, the layout and the lines that made it.

mod find;
mod trace;
mod used;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::disk;
use crate::load;
use crate::out;
use crate::problem::{Problems, Source};
use crate::render::{self, Artifact};
use crate::resolve::{self, Job, Module};
use crate::site::{Site, SiteSources};
use crate::yaml;

pub use find::below;
pub use used::Used;

/// What made a file of `out/`.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// `out/ntfy/ntfy/deployment.ntfy.yaml`
    pub file: String,
    /// `Deployment ntfy/ntfy`
    pub object: String,
    /// Its stack.
    pub stack: String,
    /// Its module.
    pub module: String,
    /// The component's key.
    pub component: String,
    /// Where the component stands.
    pub place: String,
    /// Which of its instances, if it has several.
    pub instance: Option<String>,
    /// The layout's name.
    pub layout: String,
    /// The layout's file.
    pub template: String,
    /// Where the object begins in the layout, or in a partial: `partials/ingress.yaml.j2:36`. None where it is a value of
    /// the component as a whole.
    pub document: Option<String>,
    /// The partials that the layout uses, and those that they use.
    pub partials: Vec<String>,
    /// The schema of the layout's values.
    pub schema: String,
    /// The files whose texts the component takes by name.
    pub files: Vec<String>,
    /// The patches that are meant for it.
    pub patches: Vec<String>,
    /// The values of the author that can be seen in it.
    pub values: Vec<Used>,
}

/// Explains a file of `out/`, named by its path or as KIND/NAME, in a namespace or stack where several are named so. Of a
/// field, only the values that can be seen in it are told.
pub fn explain(
    root: &Path,
    asked: &str,
    namespace: Option<&str>,
    field: Option<&str>,
) -> Result<Explanation, Problems> {
    let disk = disk::Site::open(root)?;
    let tree = out::read(&disk)?;
    let found = find::find(&tree, root, asked, namespace)?;
    // marked templates are only good for lines: what is wrong with a source is told of the source itself
    let mut told = made_by(&disk, &found, trace::marked).or_else(|_| made_by(&disk, &found, Arc::clone))?;
    if let Some(field) = field {
        used::only(&mut told.values, found.value(), field)?;
    }
    Ok(told)
}

/// Makes the stack of a file again, with all templates changed by a function, and looks at what made the file.
fn made_by(
    disk: &disk::Site,
    file: &find::File,
    template: fn(&Arc<Source>) -> Arc<Source>,
) -> Result<Explanation, Problems> {
    let changed = |sources: &[Arc<Source>]| sources.iter().map(template).collect::<Vec<_>>();
    let (config, sources, _) = load::shared(disk)?;
    let (layouts, partials) = (changed(&sources.layouts), changed(&sources.partials));
    let site = Site::new(config, &SiteSources { layouts, partials, ..sources })?;
    let (of_stack, _) = load::stack(disk, file.stack)?;
    let (stack, problems) = resolve::stack(&site, file.stack, &changed(&of_stack));
    let stack = problems.or(stack)?.ok_or_else(Problems::new)?;
    let modules = stack.modules.iter().zip(render::stack(&site, &stack)?);
    let mut all = modules.flat_map(|(module, made)| made.artifacts.into_iter().map(move |artifact| (module, artifact)));
    let (module, artifact) = all.find(|(_, artifact)| artifact.path == file.path()).ok_or_else(|| file.is_stale())?;
    Ok(explanation(file, &sources.partials, module, &artifact))
}

fn explanation(file: &find::File, partials: &[Arc<Source>], module: &Module, artifact: &Artifact) -> Explanation {
    let job: &Job = &module.jobs[artifact.job];
    let object = yaml::parse_one(&Source::new(file.whole(), artifact.text.as_str())).ok();
    let said = |keys: &[&str]| object.as_ref().and_then(|node| node.at(keys.iter().copied())?.as_str());
    let (kind, name) = (said(&["kind"]).unwrap_or_default(), said(&["metadata", "name"]).unwrap_or_default());
    let mut files = Vec::new();
    job.layout.schema.files(&job.values, &mut |name, _| {
        files.extend(module.files.find(name).map(|source| source.path.clone()));
    });
    let patches = job.patches.iter().chain(&module.patches).filter(|patch| render::is_target(patch, kind, name));
    Explanation {
        file: file.whole(),
        object: artifact.label.clone(),
        stack: file.stack.to_owned(),
        module: module.name.clone(),
        component: job.component.clone(),
        place: job.place.to_string(),
        instance: job.instance.clone(),
        layout: job.layout.name.clone(),
        template: job.layout.template.path.clone(),
        document: artifact.rendered.as_ref().and_then(trace::mark_of),
        partials: trace::partials(&job.layout.template.text, partials),
        schema: job.layout.template.path.replace(".yaml.j2", ".schema.yaml"),
        files,
        patches: patches.map(|patch| patch.place.to_string()).collect(),
        values: object.map(|object| used::used(&job.values, &job.place, &object)).unwrap_or_default(),
    }
}
