//! Where data lies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::survey::{Named, Object, each_entry, list, objects, said};
use crate::yaml::Node;

/// A folder of an NFS server, or a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// `server:/path`, or the claim as `namespace/name`.
    pub volume: String,
    /// `nfs` or `claim`.
    pub kind: &'static str,
    /// What a claim asks for: `100Gi`.
    pub size: Option<String>,
    /// What a claim gets it from: the volume that it names, or else its class.
    pub from: Option<String>,
    /// The stacks that have it or mount it.
    pub stacks: BTreeSet<String>,
    /// What mounts it: workloads, the volumes that make a folder known to claims, Helm releases that name a claim.
    pub used_by: BTreeSet<Named>,
}

/// The volumes: NFS folders, then claims, sorted.
#[must_use]
pub fn volumes(tree: &Tree) -> Vec<Volume> {
    let mut found = Found::default();
    for object in objects(tree) {
        for volume in object.pod().map_or(&[][..], |pod| list(pod, ["volumes"])) {
            found.of_pod(&object, volume);
        }
        for claim in list(object.node, ["spec", "volumeClaimTemplates"]) {
            found.template(&object, claim);
        }
        match object.kind {
            "PersistentVolume" => found.folder(&object, object.node.at(["spec", "nfs"])),
            "PersistentVolumeClaim" => found.claimed(&object, &object.named().name, object.node),
            _ => object.chart_values().into_iter().for_each(|values| found.of_chart(&object, values)),
        }
    }
    // what is no claim of out/ is not known to be one
    found.claims.retain(|_, claim| claim.is_said);
    let claims = found.claims.into_values().map(|claim| claim.volume);
    found.folders.into_values().chain(claims).collect()
}

#[derive(Default)]
struct Found {
    folders: BTreeMap<String, Volume>,
    claims: BTreeMap<String, Claim>,
}

struct Claim {
    volume: Volume,
    /// Whether `out/` has the claim itself, or a workload makes it.
    is_said: bool,
}

impl Found {
    fn of_pod(&mut self, object: &Object, volume: &Node) {
        self.folder(object, volume.get("nfs"));
        if let Some(name) = said(volume, ["persistentVolumeClaim", "claimName"]) {
            self.mounted(object, &name);
        }
    }

    fn folder(&mut self, object: &Object, nfs: Option<&Node>) {
        let Some(nfs) = nfs else { return };
        let part = |key| said(nfs, [key]).unwrap_or_default();
        let name = format!("{}:{}", part("server"), part("path"));
        let volume = self.folders.entry(name.clone()).or_insert_with(|| empty(name, "nfs"));
        used(volume, object);
    }

    fn claim(&mut self, object: &Object, name: &str) -> &mut Claim {
        let name = format!("{}/{name}", object.named().namespace.unwrap_or_default());
        let new = || Claim { volume: empty(name.clone(), "claim"), is_said: false };
        self.claims.entry(name.clone()).or_insert_with(new)
    }

    fn mounted(&mut self, object: &Object, name: &str) {
        used(&mut self.claim(object, name).volume, object);
    }

    fn claimed(&mut self, object: &Object, name: &str, node: &Node) {
        let Claim { volume, is_said } = self.claim(object, name);
        *is_said = true;
        volume.stacks.insert(object.stack.to_owned());
        volume.size = said(node, ["spec", "resources", "requests", "storage"]);
        let from = |key| said(node, ["spec", key]).filter(|name| !name.is_empty());
        volume.from = from("volumeName").or_else(|| from("storageClassName"));
    }

    /// The claim of each of a set's pods, which Kubernetes names `data-postgres-0`.
    fn template(&mut self, object: &Object, claim: &Node) {
        let name = said(claim, ["metadata", "name"]).unwrap_or_default();
        let name = format!("{name}-{}-*", object.named().name);
        self.claimed(object, &name, claim);
        self.mounted(object, &name);
    }

    /// Charts have their own words for a claim to use, all of which end alike: `existingClaim`.
    fn of_chart(&mut self, object: &Object, values: &Node) {
        each_entry(values, &mut |key, value| {
            let key = key.to_ascii_lowercase();
            if let Some(name) = value.as_str().filter(|_| key.ends_with("claim") || key.ends_with("claimname")) {
                self.mounted(object, name);
            }
        });
    }
}

fn empty(volume: String, kind: &'static str) -> Volume {
    Volume { volume, kind, size: None, from: None, stacks: BTreeSet::new(), used_by: BTreeSet::new() }
}

fn used(volume: &mut Volume, object: &Object) {
    volume.stacks.insert(object.stack.to_owned());
    volume.used_by.insert(object.named());
}
