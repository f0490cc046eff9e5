//! A server, and how to speak with it.

use std::time::Duration;

use http::{Request, Response};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde_json::Value;

use super::body::{Body, sent};
use super::refusal::Refusal;
use super::{PATIENCE, trouble};
use crate::problem::Problem;

/// A server that can be asked, as someone.
pub(super) struct Connection {
    /// Its address.
    pub server: String,
    /// The context of the kubeconfig by which it was found; none inside of the cluster itself.
    pub context: Option<String>,
    client: Client,
}

/// What a server answered.
pub(super) struct Answer {
    /// The HTTP status: 200, 201.
    pub code: u16,
    /// Its texts of the header `Warning`.
    pub warnings: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// The server of a context of the kubeconfig, or of the current one. Where no context is named and there is no
    /// kubeconfig, a pod asks its own cluster.
    pub async fn open(context: Option<&str>) -> Result<Self, Problem> {
        let kubeconfig = match Kubeconfig::read() {
            Ok(kubeconfig) => kubeconfig,
            Err(error) => match Config::incluster() {
                Ok(config) if context.is_none() => return Self::to(config, None),
                _ => return Err(trouble::kubeconfig(&error)),
            },
        };
        let contexts = names(&kubeconfig);
        let name = context.map(str::to_owned).or_else(|| kubeconfig.current_context.clone());
        let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| match &error {
            KubeconfigError::LoadContext(name) => trouble::unknown_context(name, &contexts),
            KubeconfigError::CurrentContextNotSet => trouble::no_context(&contexts),
            _ => trouble::kubeconfig(&error),
        })?;
        Self::to(config, name)
    }

    fn to(mut config: Config, context: Option<String>) -> Result<Self, Problem> {
        config.connect_timeout = Some(PATIENCE);
        // when and how long to ask again is decided in `retry`
        config.default_retry = false;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        match Client::try_from(config) {
            Ok(client) => Ok(Self { server, context, client }),
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
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError);
        let answer = async { self.client.request(request?).await };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|error| trouble::server(&self.server, &error)),
            Err(_) => Err(trouble::silent(&self.server)),
        }
    }

    /// Asks once, and waits no longer than so.
    pub async fn ask(&self, request: Request<Body>, patience: Duration) -> Result<Answer, Refusal> {
        let answer = async {
            let answer = self.client.send(request.map(sent)).await.map_err(|error| Refusal::silence(&error))?;
            let (head, body) = Response::into_parts(answer);
            let body = body.collect_bytes().await.map_err(|error| Refusal::silence(&error))?.to_vec();
            let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
            let warnings = head.headers.get_all("warning").iter().map(text).collect();
            let code = head.status.as_u16();
            if code < 300 {
                return Ok(Answer { code, warnings, body });
            }
            let after = head.headers.get("retry-after").map(text).and_then(|text| text.parse().ok());
            Err(Refusal::answer(code, &body, after.map(Duration::from_secs)))
        };
        let silent = |_| Refusal::Silence(format!("no answer for {} seconds", patience.as_secs()));
        tokio::time::timeout(patience, answer).await.map_err(silent)?
    }
}

fn names(kubeconfig: &Kubeconfig) -> Vec<String> {
    kubeconfig.contexts.iter().map(|context| context.name.clone()).collect()
}
