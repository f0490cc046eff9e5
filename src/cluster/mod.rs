//! A Kubernetes API, asked over the network through the crate `kube`. Only here is anything asynchronous; what is given
//! back is plain values.
//!
//! Which server is asked, as whom and through which proxy is said by the kubeconfig, read as kubectl reads it: the files
//! that `KUBECONFIG` names, else `~/.kube/config`.

mod connection;
mod trouble;

use std::time::Duration;

use serde_json::Value;

use crate::problem::Problem;
use connection::Connection;

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
    wait(async {
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

/// Does what is asynchronous, on this thread.
fn wait<T>(what: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Problem::error("cluster", format!("cannot use the network: {error}")))?.block_on(what)
}
