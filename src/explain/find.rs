//! Which file is meant.

use std::path::{Path, absolute};

use crate::out::{Built, Tree};
use crate::problem::{Problem, Problems, did_you_mean};
use crate::yaml::Node;

/// Candidates that are listed before the rest is only counted.
const LISTED: usize = 12;

/// A file of `out/` and what it holds.
#[derive(Debug, Clone)]
pub(super) struct File<'a> {
    /// The stack that has it.
    pub stack: &'a str,
    built: &'a Built,
    kind: &'a str,
    name: &'a str,
    namespace: Option<&'a str>,
}

impl<'a> File<'a> {
    fn new(stack: &'a str, built: &'a Built) -> Self {
        let said = |keys: &[&str]| built.value.as_ref().and_then(|value| value.at(keys.iter().copied())?.as_str());
        let stem = || built.path.rsplit('/').next().unwrap_or_default();
        let (kind, name, namespace) = if built.object().is_some() {
            (said(&["kind"]), said(&["metadata", "name"]), said(&["metadata", "namespace"]))
        } else if built.machine().is_some() {
            (said(&["kind"]), said(&["name"]), None)
        } else if built.path.starts_with("cloud-init/") {
            (Some("CloudInit"), stem().strip_suffix(".yaml"), None)
        } else if built.path.starts_with("control-plane/") {
            (Some("ControlPlaneFile"), stem().strip_suffix(".txt"), None)
        } else {
            (None, None, None)
        };
        Self { stack, built, kind: kind.unwrap_or_default(), name: name.unwrap_or_default(), namespace }
    }

    /// Its path below the stack's folder.
    pub fn path(&self) -> String {
        format!("{}/{}", self.built.module, self.built.path)
    }

    /// Its path below the site.
    pub fn whole(&self) -> String {
        format!("out/{}/{}", self.stack, self.path())
    }

    /// What it holds, if that is a value.
    pub fn value(&self) -> Option<&'a Node> {
        self.built.value.as_ref()
    }

    /// `Deployment/ntfy`
    fn named(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    fn is_in(&self, namespace: Option<&str>) -> bool {
        namespace.is_none_or(|wanted| wanted == self.stack || Some(wanted) == self.namespace)
    }

    /// The problem that nothing makes it any more.
    pub fn is_stale(&self) -> Problem {
        Problem::error("stale", format!("the sources do not make `{}` any more", self.whole()))
            .note("run `homebuild build`")
    }
}

/// The file that is asked for.
pub(super) fn find<'a>(
    tree: &'a Tree,
    root: &Path,
    asked: &str,
    namespace: Option<&str>,
) -> Result<File<'a>, Problems> {
    let path = below(root, asked);
    if let Some(problem) = of_all(&path) {
        return Err(problem.into());
    }
    let of_stack = |stack: &'a crate::out::Stack| stack.files.iter().map(|built| File::new(&stack.name, built));
    let files: Vec<File> = tree.stacks.iter().flat_map(of_stack).filter(|file| !file.kind.is_empty()).collect();
    if let Some(file) = files.iter().find(|file| file.whole() == path) {
        return Ok(file.clone());
    }
    let is_meant = |file: &&File| file.named().eq_ignore_ascii_case(asked) && file.is_in(namespace);
    let mut meant: Vec<File> = files.iter().filter(is_meant).cloned().collect();
    match meant.len() {
        0 => Err(unknown(&files, asked, &path, namespace).into()),
        1 => Ok(meant.remove(0)),
        _ => Err(ambiguous(&meant, asked).into()),
    }
}

/// A path as it may be typed, below the site.
#[must_use]
pub fn below(root: &Path, asked: &str) -> String {
    let whole = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = whole(Path::new(asked));
    let path = path.strip_prefix(whole(root)).unwrap_or(Path::new(asked));
    path.to_string_lossy().trim_start_matches("./").to_owned()
}

/// What is made of all objects of a module or stack, and by no component.
fn of_all(path: &str) -> Option<Problem> {
    let made_of = match path.strip_prefix("out/")?.rsplit('/').next()? {
        "site.lock" => "homebuild.yaml: the versions and targets that push must know",
        "stack.lock" => "all components of its stack: the dependencies, namespaces and order that push must know",
        "SHA256SUMS" => "all files of its module: their digests",
        "nfs-exports.txt" => "all objects of its module that mount NFS folders: homebuild list volumes",
        _ => return None,
    };
    let problem = Problem::error("no-component", format!("no component makes `{path}` by itself"));
    Some(problem.note(format!("it is made of {made_of}")))
}

fn unknown(files: &[File], asked: &str, path: &str, namespace: Option<&str>) -> Problem {
    let place = namespace.map(|wanted| format!(" of `{wanted}`")).unwrap_or_default();
    let problem = Problem::error("unknown-file", format!("there is no `{asked}`{place} in out/"));
    let elsewhere = files.iter().find(|file| file.named().eq_ignore_ascii_case(asked));
    if let Some(file) = elsewhere.filter(|_| namespace.is_some()) {
        return problem.note(format!("there is `{}`", file.whole()));
    }
    let names: Vec<String> = files.iter().flat_map(|file| [file.whole(), file.named()]).collect();
    let known = || names.iter().map(String::as_str);
    let label = did_you_mean(asked, known());
    let label = if label.is_empty() { did_you_mean(path, known()) } else { label };
    problem
        .label(label)
        .note("it is asked for as a path below out/, or as KIND/NAME; `homebuild build` makes what is new")
}

fn ambiguous(meant: &[File], asked: &str) -> Problem {
    let message = format!("`{asked}` is {} files; say which with `--namespace`, or by its path", meant.len());
    let problem = Problem::error("ambiguous", message);
    let problem = meant.iter().take(LISTED).fold(problem, |problem, file| problem.note(file.whole()));
    match meant.len().saturating_sub(LISTED) {
        0 => problem,
        more => problem.note(format!("and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_below_the_site_however_it_is_typed() {
        for (root, asked) in [
            (".", "out/a/x.yaml"),
            (".", "./out/a/x.yaml"),
            ("/site", "/site/out/a/x.yaml"),
            ("site", "site/out/a/x.yaml"),
            ("site", "./site/out//a/x.yaml"),
            ("site", "out/a/x.yaml"),
        ] {
            assert_eq!(below(Path::new(root), asked), "out/a/x.yaml", "{root} {asked}");
        }
        let here = absolute("out/a/x.yaml").unwrap();
        assert_eq!(below(Path::new("."), here.to_str().unwrap()), "out/a/x.yaml");
    }
}
