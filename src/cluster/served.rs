//! Which kinds a server has, and where.

use std::collections::BTreeMap;

use kube::core::discovery::v2::{APIGroupDiscoveryList, APIResourceDiscovery};

/// A kind of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `apps/v1`, `v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its name in paths: `deployments`.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// What can be done with it: `list`, `patch`.
    pub verbs: Vec<String>,
}

impl Resource {
    /// The path of all its objects, of those in one namespace, or of one object.
    #[must_use]
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        let mut path = format!("/{root}/{}", self.api_version);
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.push_str(&encoded(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(&encoded(name));
        }
        path
    }
}

/// All kinds of a server.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// By API version and kind.
    kinds: BTreeMap<(String, String), Resource>,
    /// By group and kind: the API version that the server prefers.
    preferred: BTreeMap<(String, String), String>,
    /// Groups of which the server cannot say what they have: whoever serves them does not answer.
    stale: Vec<String>,
}

impl Served {
    /// What `/api` and `/apis` answer, aggregated.
    pub(super) fn new(lists: Vec<APIGroupDiscoveryList>) -> Self {
        let mut served = Self::default();
        for group in lists.into_iter().flat_map(|list| list.items) {
            let name = group.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
            for version in group.versions {
                let number = version.version.unwrap_or_default();
                let api_version = if name.is_empty() { number } else { format!("{name}/{number}") };
                // what it had when it last answered is not served now
                if version.freshness.as_deref() == Some("Stale") {
                    served.stale.push(name.clone());
                    continue;
                }
                for resource in version.resources.into_iter().filter_map(|one| self::resource(&api_version, one)) {
                    served.preferred.entry((name.clone(), resource.kind.clone())).or_insert(api_version.clone());
                    served.kinds.insert((api_version.clone(), resource.kind.clone()), resource);
                }
            }
        }
        served
    }

    /// A kind in one version.
    #[must_use]
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.kinds.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// A kind of a group in the version that the server prefers.
    #[must_use]
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Resource> {
        let api_version = self.preferred.get(&(group.to_owned(), kind.to_owned()))?;
        self.kind(api_version, kind)
    }

    /// Whether the server could not say what a group has, since whoever serves it does not answer.
    #[must_use]
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.iter().any(|stale| stale == group)
    }

    /// One resource of every kind, in the version that the server prefers.
    pub fn all(&self) -> impl Iterator<Item = &Resource> {
        self.preferred.iter().filter_map(|((_, kind), api_version)| self.kind(api_version, kind))
    }
}

fn resource(api_version: &str, one: APIResourceDiscovery) -> Option<Resource> {
    Some(Resource {
        api_version: api_version.to_owned(),
        kind: one.response_kind?.kind?,
        plural: one.resource?,
        namespaced: one.scope.as_deref() == Some("Namespaced"),
        verbs: one.verbs,
    })
}

/// A name as part of a path; RBAC has names with `:`, which a path may have as it is.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte);
    name.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_dead_api_service_had_is_not_served() {
        let group = |name: &str, freshness: &str| {
            let resource = json!({"resource": "things", "responseKind": {"kind": "Thing"}, "scope": "Namespaced", "verbs": ["list"]});
            let versions = json!([{"version": "v1", "freshness": freshness, "resources": [resource]}]);
            json!({"metadata": {"name": name}, "versions": versions})
        };
        let list = json!({"items": [group("alive.test", "Current"), group("dead.test", "Stale")]});
        let served = Served::new(vec![serde_json::from_value(list).unwrap()]);
        assert!(served.kind("alive.test/v1", "Thing").is_some() && !served.is_stale("alive.test"));
        assert!(served.kind("dead.test/v1", "Thing").is_none() && served.is_stale("dead.test"));
    }
}
