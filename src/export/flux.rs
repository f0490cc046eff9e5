//! What Flux is given: a Kustomization a stack, and the `GitRepository` if it is wanted.

use super::{Exported, is_secret, left_out, list, map, object_name, said, text, texts, truth};
use crate::kubernetes::duration;
use crate::out;
use crate::yaml::{self, Map, Node};

/// How often Flux compares the cluster with `out/`.
const INTERVAL: &str = "10m";
/// When it tries again what failed, such as pods that wait for a Secret.
const RETRY: &str = "1m";
/// How long it waits for a stack of which no module says how long.
const TIMEOUT: &str = "10m";
/// What is never pruned, as push has it: with it goes what cannot be made again.
const PROTECTED: &str = "Namespace|Node|PersistentVolume|PersistentVolumeClaim|CustomResourceDefinition|StorageClass";

/// What Flux is told.
#[derive(Debug, Clone)]
pub struct Flux {
    /// The namespace of its objects: `flux-system`.
    pub namespace: String,
    /// The name of the `GitRepository` that holds `out/`.
    pub source: String,
    /// Its address, if the `GitRepository` is to be made too.
    pub url: Option<String>,
    /// Its branch.
    pub branch: String,
    /// The path of `out/` in it.
    pub out: String,
    /// Whether Flux deletes what leaves `out/`.
    pub prune: bool,
}

impl Flux {
    /// A stack's Kustomization.
    pub(super) fn kustomization(&self, stack: &out::Stack, one: &Exported) -> Node {
        let depends_on = one.depends_on.iter().map(|name| texts([("name", object_name(name).as_str())]));
        let spec = map([
            ("interval", Some(text(INTERVAL))),
            ("retryInterval", Some(text(RETRY))),
            ("timeout", Some(text(timeout(&stack.lock).unwrap_or(TIMEOUT)))),
            ("path", Some(text(format!("./{}/{}", self.out, stack.name)))),
            ("prune", Some(truth(self.prune))),
            ("wait", Some(truth(true))),
            ("sourceRef", Some(texts([("kind", "GitRepository"), ("name", &self.source)]))),
            ("dependsOn", Some(list(depends_on)).filter(|_| !one.depends_on.is_empty())),
            ("patches", Some(list(self.patches(stack)))),
        ]);
        self.object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", &object_name(&stack.name), spec)
    }

    /// The `GitRepository`, where its address is known.
    pub(super) fn repository(&self) -> Option<Node> {
        let spec = map([
            ("interval", Some(text(RETRY))),
            ("url", Some(text(self.url.as_deref()?))),
            ("ref", Some(texts([("branch", self.branch.as_str())]))),
        ]);
        Some(self.object("source.toolkit.fluxcd.io/v1", "GitRepository", &self.source, spec))
    }

    fn object(&self, version: &str, kind: &str, name: &str, spec: Node) -> Node {
        map([
            ("apiVersion", Some(text(version))),
            ("kind", Some(text(kind))),
            ("metadata", Some(texts([("name", name), ("namespace", &self.namespace)]))),
            ("spec", Some(spec)),
        ])
    }

    /// What Flux does to the objects of a stack before it applies them. All Secrets go, not only those of today: one that
    /// comes to a stack later must not be applied with a reference in place of its value.
    fn patches(&self, stack: &out::Stack) -> Vec<Node> {
        let secrets = map([("version", Some(text("v1"))), ("kind", Some(text("Secret")))]);
        let mut patches = vec![without(secrets, "v1", "Secret")];
        for object in left_out(stack).filter_map(out::Built::object).filter(|object| !is_secret(object)) {
            let (version, kind) = (said(object, &["apiVersion"]), said(object, &["kind"]));
            let keys = [
                ("name", said(object, &["metadata", "name"])),
                ("namespace", said(object, &["metadata", "namespace"])),
            ];
            let target = [("kind", kind)].into_iter().chain(keys).filter(|(_, value)| !value.is_empty());
            patches.push(without(texts(target), version, kind));
        }
        if self.prune {
            patches.push(kept(texts([("kind", PROTECTED)])));
            patches.push(kept(texts([("annotationSelector", "homebuild.dev/prune=keep")])));
        }
        patches
    }
}

/// A patch that takes objects away. Which ones is said by the target alone; the patch must look like an object.
fn without(target: Node, version: &str, kind: &str) -> Node {
    patch(
        target,
        &map([
            ("apiVersion", Some(text(version))),
            ("kind", Some(text(kind))),
            ("metadata", Some(texts([("name", "any")]))),
            ("$patch", Some(text("delete"))),
        ]),
    )
}

/// A patch that keeps objects from being pruned.
fn kept(target: Node) -> Node {
    let annotations = texts([("kustomize.toolkit.fluxcd.io/prune", "disabled")]);
    patch(
        target,
        &map([
            ("apiVersion", Some(text("v1"))),
            ("kind", Some(text("any"))),
            ("metadata", Some(map([("name", Some(text("any"))), ("annotations", Some(annotations))]))),
        ]),
    )
}

fn patch(target: Node, patch: &Node) -> Node {
    map([("target", Some(target)), ("patch", Some(text(yaml::emit(patch))))])
}

/// The longest timeout of a stack's modules.
fn timeout(lock: &Node) -> Option<&str> {
    let modules = lock.get("modules").and_then(Node::as_map);
    let timeouts = modules.into_iter().flat_map(Map::iter).filter_map(|(_, module)| module.get("timeout")?.as_str());
    timeouts.max_by_key(|timeout| duration::parse(timeout))
}
