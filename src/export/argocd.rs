//! What Argo CD is given: an Application a stack.

use super::{Exported, is_secret, left_out, list, map, number, object_name, text, texts, truth};
use crate::out;
use crate::yaml::Node;

/// How many times a sync is tried, for what waits for a chart's definitions or for a Secret.
const TRIES: i128 = 10;

/// What Argo CD is told.
#[derive(Debug, Clone)]
pub struct ArgoCd {
    /// The namespace of its objects: `argocd`.
    pub namespace: String,
    /// The address of the repository.
    pub repository: String,
    /// Its branch, tag or commit.
    pub revision: String,
    /// The path of `out/` in it.
    pub out: String,
    /// The `AppProject`.
    pub project: String,
    /// The address of the cluster's API.
    pub server: String,
    /// Whether Argo CD deletes what leaves `out/`.
    pub prune: bool,
}

impl ArgoCd {
    /// A stack's Application.
    pub(super) fn application(&self, stack: &out::Stack, one: &Exported) -> Node {
        let wave = texts([("argocd.argoproj.io/sync-wave", one.wave.to_string().as_str())]);
        let metadata = map([
            ("name", Some(text(object_name(&stack.name)))),
            ("namespace", Some(text(self.namespace.as_str()))),
            ("annotations", Some(wave)),
        ]);
        let spec = map([
            ("project", Some(text(self.project.as_str()))),
            ("destination", Some(texts([("server", self.server.as_str())]))),
            ("source", Some(self.source(stack))),
            ("syncPolicy", Some(self.policy())),
        ]);
        map([
            ("apiVersion", Some(text("argoproj.io/v1alpha1"))),
            ("kind", Some(text("Application"))),
            ("metadata", Some(metadata)),
            ("spec", Some(spec)),
        ])
    }

    fn source(&self, stack: &out::Stack) -> Node {
        let directory = map([("recurse", Some(truth(true))), ("exclude", Some(text(exclude(stack))))]);
        map([
            ("repoURL", Some(text(self.repository.as_str()))),
            ("targetRevision", Some(text(self.revision.as_str()))),
            ("path", Some(text(format!("{}/{}", self.out, stack.name)))),
            ("directory", Some(directory)),
        ])
    }

    /// It keeps the cluster as `out/` says, as Flux does. A kind whose definition a chart is yet to bring is no error but
    /// tried again.
    fn policy(&self) -> Node {
        let backoff =
            map([("duration", Some(text("15s"))), ("factor", Some(number(2))), ("maxDuration", Some(text("5m")))]);
        let options = ["ServerSideApply=true", "CreateNamespace=false", "SkipDryRunOnMissingResource=true"];
        map([
            ("automated", Some(map([("prune", Some(truth(self.prune))), ("selfHeal", Some(truth(true)))]))),
            ("syncOptions", Some(list(options.map(text)))),
            ("retry", Some(map([("limit", Some(number(TRIES))), ("backoff", Some(backoff))]))),
        ])
    }
}

/// The glob of the files that Argo CD does not read; its `*` takes a `/` too. All Secrets go, not only those of today:
/// one that comes to a stack later must not be applied with a reference in place of its value.
fn exclude(stack: &out::Stack) -> String {
    let others = left_out(stack).filter(|file| file.object().is_some_and(|object| !is_secret(object)));
    let others = others.map(|file| format!(",{}/{}", file.module, file.path));
    format!("{{*/secret.*{}}}", others.collect::<String>())
}
