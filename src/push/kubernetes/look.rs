//! What is there: one list of metadata for each kind, over all namespaces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::object::{self, Id, STACK};
use crate::cluster::{Cluster, Part, Refusal, Resource, Select, Verdict};
use crate::problem::{Problem, Problems};
use crate::push::each::each;

/// Stacks that are named in one query; for more all are asked for.
const NAMED: usize = 20;

/// A live object, as far as its metadata say it.
#[derive(Debug, Clone)]
pub struct Live {
    /// By what it is told from another one of its name.
    pub uid: String,
    /// Its resource version.
    pub version: String,
    /// What it was changed how often, where its kind counts it.
    pub generation: Option<u64>,
    /// The stack that owns it, by its mark.
    pub owner: Option<String>,
    /// Whether it is being deleted.
    pub is_going: bool,
    /// Whether something else controls it, and would make it again.
    pub is_controlled: bool,
    /// Its labels and annotations.
    pub marks: Arc<Marks>,
}

/// Labels and annotations by their names. Of ten thousand objects they are most of what is kept: they are shared, and
/// packed close.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Marks {
    labels: Vec<(Box<str>, Box<str>)>,
    annotations: Vec<(Box<str>, Box<str>)>,
}

impl Marks {
    /// Of an object or its metadata.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let all = |key: &str| {
            let map = object["metadata"][key].as_object().into_iter().flatten();
            map.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into())).collect()
        };
        Self { labels: all("labels"), annotations: all("annotations") }
    }
}

impl Live {
    /// Of an object or its metadata.
    #[must_use]
    pub fn of(object: &Value, id: &Id) -> Self {
        let metadata = &object["metadata"];
        let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
        let mut owners = metadata["ownerReferences"].as_array().into_iter().flatten();
        Self {
            uid: text("uid"),
            version: text("resourceVersion"),
            generation: metadata["generation"].as_u64(),
            owner: object::owner(object, id).map(str::to_owned),
            is_going: metadata.get("deletionTimestamp").is_some(),
            is_controlled: owners.any(|owner| owner["controller"].as_bool() == Some(true)),
            marks: Arc::new(Marks::of(object)),
        }
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.marks.annotations.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value)
    }
}

/// All objects of some kinds that carry the label of one of these stacks.
pub fn labelled(
    cluster: &Cluster,
    kinds: &[Resource],
    stacks: &BTreeSet<&str>,
) -> Result<BTreeMap<Id, Live>, Problems> {
    let labels = if stacks.len() <= NAMED {
        format!("{STACK} in ({})", stacks.iter().copied().collect::<Vec<_>>().join(","))
    } else {
        STACK.to_owned()
    };
    labelled_with(cluster, kinds, &labels)
}

fn labelled_with(cluster: &Cluster, kinds: &[Resource], labels: &str) -> Result<BTreeMap<Id, Live>, Problems> {
    let select = Select { labels, ..Select::default() };
    let lists = each(kinds, |of| {
        let mut found = Vec::new();
        let group = crate::kubernetes::kinds::group_of(&of.api_version);
        let listed = cluster.list(of, select, Part::Metadata, &mut |item| {
            let metadata = &item["metadata"];
            let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
            let id =
                Id { group: group.to_owned(), kind: of.kind.clone(), namespace: text("namespace"), name: text("name") };
            found.push((id.clone(), Live::of(&item, &id)));
        });
        match listed {
            Ok(()) => Ok(found),
            Err(refusal) if refusal.verdict() == Verdict::NotServed => Ok(Vec::new()),
            Err(refusal) => Err(refused(cluster, &format!("cannot list the objects of kind {}", of.kind), &refusal)),
        }
    });
    let mut problems = Problems::new();
    let found = lists.into_iter().filter_map(|list| problems.take(list)).flatten().collect();
    problems.or(found)
}

/// The names of all namespaces; none where they may not be listed.
#[must_use]
pub fn namespaces(cluster: &Cluster) -> Option<BTreeSet<String>> {
    let served = cluster.served();
    let mut names = BTreeSet::new();
    let listed = cluster.list(served.kind("v1", "Namespace")?, Select::default(), Part::Metadata, &mut |item| {
        names.extend(item["metadata"]["name"].as_str().map(str::to_owned));
    });
    listed.ok().map(|()| names)
}

/// All objects of all kinds that carry the label, and whose mark names them themselves: their identity and stack.
pub fn marked(cluster: &Cluster) -> Result<Vec<(String, String)>, Problems> {
    let served = cluster.served();
    let is_listed = |of: &&Resource| ["list", "delete"].iter().all(|verb| of.verbs.iter().any(|has| has == verb));
    let kinds: Vec<Resource> = served.all().filter(is_listed).cloned().collect();
    let found = labelled_with(cluster, &kinds, STACK)?;
    Ok(found.into_iter().filter_map(|(id, live)| Some((id.to_string(), live.owner?))).collect())
}

/// An object, if it is there.
pub fn get(cluster: &Cluster, of: &Resource, id: &Id) -> Result<Option<Value>, Problem> {
    cluster
        .get(of, object::place(of, id), &id.name)
        .map_err(|refusal| refused(cluster, &format!("cannot read {}", id.words()), &refusal))
}

/// A refusal behind what could not be done.
#[must_use]
pub fn refused(cluster: &Cluster, what: &str, refusal: &Refusal) -> Problem {
    let problem = cluster.problem(refusal);
    Problem { message: format!("{what}: {}", problem.message), ..problem }
}
