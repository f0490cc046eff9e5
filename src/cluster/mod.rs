//! A Kubernetes API, asked over the network through the crate `kube`. Only here is anything asynchronous; what is given
//! back is plain values, and a [`Cluster`] can be asked from many threads at once.
//!
//! Which server is asked, as whom and through which proxy is said by the kubeconfig, read as kubectl reads it: the files
//! that `KUBECONFIG` names, else `~/.kube/config`; a pod without one asks its own cluster.
//!
//! What a server refuses is a [`Refusal`], and [`Verdict`] says what to do about it; what only needs patience is asked
//! again here.

mod ask;
mod body;
mod connection;
mod refusal;
mod retry;
mod served;
mod trouble;

use std::time::Duration;

use serde_json::Value;

use crate::problem::Problem;
use connection::Connection;

pub use ask::{Apply, Cluster, Deletion, Listener, Part, Select, Written};
pub use body::json;
pub use refusal::{Cause, Refusal, Status, Verdict};
pub use served::{Resource, Served};

/// How long a server may think before it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server says of the kinds that it serves.
#[derive(Debug)]
pub struct Published {
    /// Its address.
    pub server: String,
    /// Its version: `1.34.2`.
    pub version: String,
    /// Its `OpenAPI` documents, one for each version of each API group.
    pub documents: Vec<Value>,
}

/// Asks the server of a context (or of the current one) for the schemas of its kinds.
pub fn published(context: Option<&str>) -> Result<Published, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::error("cluster", format!("cannot use the network: {error}")))?;
    runtime.block_on(async {
        let connection = Connection::open(context).await?;
        let version = connection.version().await?;
        let root = connection.get("/openapi/v3").await?;
        let mut documents = Vec::new();
        for path in root["paths"].as_object().into_iter().flat_map(|paths| paths.keys()) {
            if path.starts_with("api/") || path.starts_with("apis/") {
                documents.push(connection.get(&format!("/openapi/v3/{path}")).await?);
            }
        }
        Ok(Published { server: connection.server, version, documents })
    })
}
