//! A server, and how to speak with it.

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde_json::Value;

use super::{PATIENCE, trouble};
use crate::problem::Problem;

/// A server that can be asked, as someone.
pub(super) struct Connection {
    /// Its address.
    pub server: String,
    client: Client,
}

impl Connection {
    /// The server of a context of the kubeconfig, or of the current one.
    pub async fn open(context: Option<&str>) -> Result<Self, Problem> {
        let kubeconfig = Kubeconfig::read().map_err(|error| trouble::kubeconfig(&error))?;
        let contexts = names(&kubeconfig);
        let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| match &error {
            KubeconfigError::LoadContext(name) => trouble::unknown_context(name, &contexts),
            KubeconfigError::CurrentContextNotSet => trouble::no_context(&contexts),
            _ => trouble::kubeconfig(&error),
        })?;
        Self::to(config)
    }

    fn to(mut config: Config) -> Result<Self, Problem> {
        config.connect_timeout = Some(PATIENCE);
        // a retry would only make who waits wait longer
        config.default_retry = false;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        match Client::try_from(config) {
            Ok(client) => Ok(Self { server, client }),
            Err(error) => Err(trouble::server(&server, &error)),
        }
    }

    /// The server's version, without what its maker adds: `1.34.2`.
    pub async fn version(&self) -> Result<String, Problem> {
        let version = self.get("/version").await?;
        let version = version["gitVersion"].as_str().unwrap_or_default().trim_start_matches('v');
        Ok(version.split(['+', '-']).next().unwrap_or_default().to_owned())
    }

    /// What the server answers at a path.
    pub async fn get(&self, path: &str) -> Result<Value, Problem> {
        let request = http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError);
        let answer = async { self.client.request(request?).await };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|error| trouble::server(&self.server, &error)),
            Err(_) => Err(trouble::silent(&self.server)),
        }
    }
}

fn names(kubeconfig: &Kubeconfig) -> Vec<String> {
    kubeconfig.contexts.iter().map(|context| context.name.clone()).collect()
}
