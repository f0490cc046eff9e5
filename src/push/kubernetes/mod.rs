//! The target that is a Kubernetes API.
//!
//! [`look`] lists what is there, [`plan`] says what becomes of each object, [`apply`] does it phase by phase and waits
//! until it is [`ready`], [`prune`] deletes what is no more, and [`store`] keeps the records beside it.

mod absent;
pub mod apply;
pub mod body;
mod charts;
mod claim;
mod draft;
pub mod fields;
pub mod filled;
pub mod helm;
pub mod immutable;
mod intent;
pub mod look;
pub mod object;
pub mod owners;
pub mod phase;
pub mod plan;
pub mod prune;
pub mod ready;
pub mod store;
pub mod veil;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use crate::cluster::Cluster;
use crate::kubernetes::kinds::Kinds;
use crate::problem::{Problem, Problems};
use crate::push::journal::Journal;
use crate::push::plan::{Allowed, Planned, Step};
use crate::push::stack::Stack;
use crate::push::target::{Done, Name, Seen, Store, Target, World};
pub use charts::Charts;
use helm::Helm;
use object::Fill;
use plan::Work;
use ready::Beside;

/// A cluster that stacks are pushed to.
pub struct Kubernetes<'a> {
    cluster: Arc<Cluster>,
    store: store::InCluster,
    name: Name,
    kinds: &'a Kinds,
    fill: &'a Fill<'a>,
    charts: Charts,
    helm: OnceLock<Result<Helm, Problem>>,
    /// What was learnt of definitions of custom resources, and of which: they are large, and asked for once.
    defined: Mutex<(BTreeSet<String>, Beside)>,
}

impl<'a> Kubernetes<'a> {
    /// The cluster of a target's name. What makes it this very one is the uid of its namespace `kube-system`.
    pub fn new(
        target: &str,
        cluster: &Arc<Cluster>,
        kinds: &'a Kinds,
        fill: &'a Fill<'a>,
        charts: Charts,
    ) -> Result<Self, Problem> {
        let served = cluster.served();
        let namespaces = served.kind("v1", "Namespace").ok_or_else(|| {
            Problem::error("cluster", format!("{} serves no namespaces: is it a Kubernetes API?", cluster.server()))
        })?;
        let system = cluster.get(namespaces, None, "kube-system").map_err(|refusal| cluster.problem(&refusal))?;
        let identity = system.as_ref().and_then(|system| system["metadata"]["uid"].as_str()).unwrap_or_default();
        let name =
            Name { target: target.to_owned(), address: cluster.server().to_owned(), identity: identity.to_owned() };
        Ok(Self {
            cluster: cluster.clone(),
            store: store::InCluster::new(cluster.clone()),
            name,
            kinds,
            fill,
            charts,
            helm: OnceLock::new(),
            defined: Mutex::default(),
        })
    }
}

impl Target for Kubernetes<'_> {
    type Work = Work;

    fn name(&self) -> &Name {
        &self.name
    }

    fn is_stopped(&self) -> bool {
        self.cluster.is_stopped()
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn plan(&self, world: &World<'_>, chosen: &[&Stack], allowed: &Allowed) -> Result<Vec<Planned<Work>>, Problems> {
        plan::plan(self, world, chosen, allowed)
    }

    fn apply(&self, stack: &Stack, steps: &[&Step<Work>], journal: &Journal<'_>) -> BTreeMap<String, Done> {
        apply::apply(self, stack, steps, journal)
    }

    fn prune(&self, steps: &[&Step<Work>], journal: &Journal<'_>) -> Problems {
        prune::prune(self, steps, journal)
    }

    fn deletion(
        &self,
        world: &World<'_>,
        stack: &str,
        ids: &[String],
        allowed: &Allowed,
    ) -> Result<Planned<Work>, Problems> {
        prune::deletion(self, world, stack, ids, allowed)
    }

    fn look(&self, stack: &Stack) -> Result<Seen, Problems> {
        wait::seen(self, stack)
    }

    fn marked(&self) -> Result<Vec<(String, String)>, Problems> {
        look::marked(&self.cluster)
    }
}
