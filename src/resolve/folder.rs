//! What lies where in a stack's folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::problem::{Place, Problem, Problems, Source};

/// The files of a stack, sorted into what they are.
pub struct Folders {
    /// What lies beside `stack.yaml`.
    pub stack: Folder,
    /// The modules by name.
    pub modules: BTreeMap<String, Folder>,
    strangers: Vec<Arc<Source>>,
}

/// The files of a stack or module.
pub struct Folder {
    /// `stack.yaml` or `module.yaml`.
    pub main: Arc<Source>,
    /// Its own layouts and their schemas.
    pub layouts: Vec<Arc<Source>>,
    /// The texts of `files/`, by their path below it.
    pub files: BTreeMap<String, Arc<Source>>,
}

impl Folder {
    /// Where its texts lie.
    #[must_use]
    pub fn files_path(&self) -> String {
        let folder = self.main.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/files")
    }

    /// The file as a whole.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::file(&self.main)
    }
}

impl Folders {
    /// Sorts the files of a stack.
    pub fn new(stack: &str, sources: &[Arc<Source>]) -> Result<Self, Problems> {
        let root = format!("stacks/{stack}/");
        let below = |source: &Arc<Source>| source.path.strip_prefix(&root).unwrap_or_default().to_owned();
        let main = |path: &str| sources.iter().find(|source| below(source) == path).cloned();
        let Some(stack_file) = main("stack.yaml") else {
            return Err(Problem::error("missing-file", format!("there is no `{root}stack.yaml`")).into());
        };
        let folder = |main| Folder { main, layouts: Vec::new(), files: BTreeMap::new() };
        let mut folders = Self { stack: folder(stack_file), modules: BTreeMap::new(), strangers: Vec::new() };
        for source in sources {
            if let Some((module, "module.yaml")) = below(source).split_once('/') {
                folders.modules.insert(module.to_owned(), folder(source.clone()));
            }
        }
        for source in sources {
            folders.sort(&below(source), source);
        }
        Ok(folders)
    }

    fn sort(&mut self, path: &str, source: &Arc<Source>) {
        let (folder, rest) = match path.split_once('/') {
            Some((first, rest)) if first != "files" => match self.modules.get_mut(first) {
                Some(module) => (module, rest),
                None => return self.strangers.push(source.clone()),
            },
            _ => (&mut self.stack, path),
        };
        if let Some(name) = rest.strip_prefix("files/") {
            folder.files.insert(name.to_owned(), source.clone());
        } else if rest.contains('/') {
            self.strangers.push(source.clone());
        } else if rest.ends_with(".yaml.j2") || rest.ends_with(".schema.yaml") {
            folder.layouts.push(source.clone());
        } else if folder.main.path != source.path && !rest.ends_with(".md") {
            self.strangers.push(source.clone());
        }
    }

    /// Files that nothing could ever read.
    #[must_use]
    pub fn strangers(&self) -> Problems {
        let problem = |source: &Arc<Source>| {
            Problem::error("unused-file", format!("nothing reads `{}`", source.path))
                .at(&Place::file(source))
                .note("texts lie in `files/`, a module in a folder with a `module.yaml`, a layout beside the file that uses it")
        };
        self.strangers.iter().map(problem).collect()
    }
}
