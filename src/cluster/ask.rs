//! What can be asked of a server: one function a verb.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::Request;
use kube::core::discovery::v2::{ACCEPT_AGGREGATED_DISCOVERY_V2, APIGroupDiscoveryList};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::body::{Body, json};
use super::connection::{Answer, Connection};
use super::refusal::Refusal;
use super::retry::{Tries, waiting};
use super::served::{Resource, Served};
use super::{Verdict, trouble};
use crate::problem::Problem;

/// Requests that are under way at one time.
const WIDTH: usize = 8;
/// How long one answer may take: longer than the 30 seconds that a webhook may.
const PATIENCE: Duration = Duration::from_secs(35);
/// Objects of one page of a list.
const PAGE: usize = 500;
/// Every how long a wait looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// Is told what is waited for while a request is tried again.
pub type Listener = Box<dyn Fn(&str) + Send + Sync>;

/// A Kubernetes API, asked from any number of threads.
pub struct Cluster {
    connection: Connection,
    runtime: Runtime,
    permits: Semaphore,
    served: RwLock<Arc<Served>>,
    listener: Listener,
    stop: Arc<AtomicBool>,
}

/// An object as the server has it after a write, or would have it.
#[derive(Debug, Clone)]
pub struct Written {
    /// It.
    pub object: Value,
    /// Whether it was not there before.
    pub created: bool,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

/// How an object is applied.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// Whether fields of others are taken.
    pub force: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// How an object is deleted: this very one, in this very state.
#[derive(Debug, Clone, Default)]
pub struct Deletion<'a> {
    /// Its uid.
    pub uid: Option<&'a str>,
    /// Its resource version.
    pub version: Option<&'a str>,
    /// `Background`, `Foreground` or `Orphan`.
    pub propagation: &'a str,
    /// Whether nothing is deleted.
    pub dry_run: bool,
}

/// How much of each object a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `metadata` only.
    Metadata,
    /// All of it.
    Whole,
}

/// Which objects a list has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Select<'a> {
    /// In this namespace; in all where none is named.
    pub namespace: Option<&'a str>,
    /// By labels: `a=b,c`.
    pub labels: &'a str,
    /// By fields: `involvedObject.uid=x`.
    pub fields: &'a str,
}

impl Cluster {
    /// The cluster of a context of the kubeconfig, or of the current one. `stop` ends all waiting.
    pub fn open(context: Option<&str>, listener: Listener, stop: Arc<AtomicBool>) -> Result<Self, Problem> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Problem::error("cluster", format!("cannot use the network: {error}")))?;
        let connection = runtime.block_on(Connection::open(context))?;
        let permits = Semaphore::new(WIDTH);
        let cluster = Self { connection, runtime, permits, served: RwLock::default(), listener, stop };
        cluster.discovered(Tries::first).map_err(|refusal| cluster.problem(&refusal))?;
        Ok(cluster)
    }

    /// Its address.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    /// The context of the kubeconfig; none inside of the cluster itself.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.connection.context.as_deref()
    }

    /// Whether all waiting is to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits, unless it is stopped.
    pub fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(TICK));
        }
    }

    /// A refusal, for people.
    #[must_use]
    pub fn problem(&self, refusal: &Refusal) -> Problem {
        trouble::refused(self.server(), refusal)
    }

    /// Which kinds it has.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks again which kinds it has.
    pub fn discover(&self) -> Result<(), Refusal> {
        self.discovered(Tries::default)
    }

    fn discovered(&self, tries: fn() -> Tries) -> Result<(), Refusal> {
        let list = |path: &str| -> Result<APIGroupDiscoveryList, Refusal> {
            let request = || Request::get(path).header("accept", ACCEPT_AGGREGATED_DISCOVERY_V2).body(Body::default());
            serde_json::from_slice(&self.tried(tries(), &request)?.body).map_err(|error| unreadable(&error))
        };
        let served = Served::new(vec![list("/api")?, list("/apis")?]);
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
        Ok(())
    }

    /// An object; none where it is not there.
    pub fn get(&self, of: &Resource, namespace: Option<&str>, name: &str) -> Result<Option<Value>, Refusal> {
        let path = of.path(namespace, Some(name));
        match self.patiently(&|| Request::get(&path).body(Body::default())) {
            Ok(answer) => value(&answer.body).map(Some),
            Err(refusal) if is_missing(&refusal) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Objects of a kind, given one by one.
    pub fn list(
        &self,
        of: &Resource,
        select: Select<'_>,
        part: Part,
        each: &mut dyn FnMut(Value),
    ) -> Result<(), Refusal> {
        let accept = match part {
            Part::Whole => "application/json",
            Part::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
        };
        let mut next = String::new();
        loop {
            let query = query(&[
                ("limit", &PAGE.to_string()),
                ("labelSelector", select.labels),
                ("fieldSelector", select.fields),
                ("continue", &next),
            ]);
            let path = format!("{}{query}", of.path(select.namespace, None));
            let answer = self.patiently(&|| Request::get(&path).header("accept", accept).body(Body::default()))?;
            let mut page = value(&answer.body)?;
            if let Some(items) = page["items"].as_array_mut() {
                std::mem::take(items).into_iter().for_each(&mut *each);
            }
            page["metadata"]["continue"].as_str().unwrap_or_default().clone_into(&mut next);
            if next.is_empty() {
                return Ok(());
            }
        }
    }

    /// Makes an object what `body` says, by server-side apply.
    pub fn apply(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        name: &str,
        body: &Value,
        how: Apply<'_>,
    ) -> Result<Written, Refusal> {
        let force = if how.force { "true" } else { "false" };
        let dry_run = if how.dry_run { "All" } else { "" };
        let query = query(&[
            ("fieldManager", how.manager),
            ("fieldValidation", "Strict"),
            ("force", force),
            ("dryRun", dry_run),
        ]);
        let path = format!("{}{query}", of.path(namespace, Some(name)));
        let kind = "application/apply-patch+yaml";
        let request = || Request::patch(&path).header("content-type", kind).body(json(body));
        written(self.tried(Tries::dry(how.dry_run), &request)?)
    }

    /// Changes an object by a merge patch, or by a JSON patch where `body` is a list.
    pub fn patch(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        name: &str,
        body: &Value,
        how: Apply<'_>,
    ) -> Result<Written, Refusal> {
        let dry_run = if how.dry_run { "All" } else { "" };
        let path = format!(
            "{}{}",
            of.path(namespace, Some(name)),
            query(&[("fieldManager", how.manager), ("dryRun", dry_run)])
        );
        let kind = if body.is_array() { "application/json-patch+json" } else { "application/merge-patch+json" };
        let request = || Request::patch(&path).header("content-type", kind).body(json(body));
        written(self.tried(Tries::dry(how.dry_run), &request)?)
    }

    /// Makes a new object. It is asked once: where there is no answer, whether it is there must be looked up.
    pub fn create(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        body: &Value,
        how: Apply<'_>,
    ) -> Result<Written, Refusal> {
        let dry_run = if how.dry_run { "All" } else { "" };
        let path =
            format!("{}{}", of.path(namespace, None), query(&[("fieldManager", how.manager), ("dryRun", dry_run)]));
        let request = Request::post(path).header("content-type", "application/json").body(json(body));
        written(self.once(request)?)
    }

    /// Puts an object in place of the one with the same resource version. It is asked once, as [`Cluster::create`] is.
    pub fn update(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        name: &str,
        body: &Value,
        manager: &str,
    ) -> Result<Written, Refusal> {
        let path = format!("{}{}", of.path(namespace, Some(name)), query(&[("fieldManager", manager)]));
        let request = Request::put(path).header("content-type", "application/json").body(json(body));
        written(self.once(request)?)
    }

    /// What an object would be if it were put in place of the one that is there; nothing is written.
    pub fn preview(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        name: &str,
        body: &Value,
        manager: &str,
    ) -> Result<Value, Refusal> {
        let path =
            format!("{}{}", of.path(namespace, Some(name)), query(&[("fieldManager", manager), ("dryRun", "All")]));
        let request = || Request::put(&path).header("content-type", "application/json").body(json(body));
        value(&self.tried(Tries::dry(true), &request)?.body)
    }

    /// Deletes an object; whether it was there.
    pub fn delete(
        &self,
        of: &Resource,
        namespace: Option<&str>,
        name: &str,
        how: &Deletion<'_>,
    ) -> Result<bool, Refusal> {
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": how.propagation});
        let mut conditions = json!({});
        for (key, value) in [("uid", how.uid), ("resourceVersion", how.version)] {
            if let Some(value) = value {
                conditions[key] = value.into();
            }
        }
        body["preconditions"] = conditions;
        if how.dry_run {
            // in the body: it beats the query, and a body without it would delete
            body["dryRun"] = json!(["All"]);
        }
        let path = of.path(namespace, Some(name));
        let request = || Request::delete(&path).header("content-type", "application/json").body(json(&body));
        match self.patiently(&request) {
            Ok(_) => Ok(true),
            Err(refusal) if is_missing(&refusal) => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    /// Asks until there is an answer that is worth something.
    fn patiently(&self, request: &dyn Fn() -> http::Result<Request<Body>>) -> Result<Answer, Refusal> {
        self.tried(Tries::default(), request)
    }

    fn tried(&self, mut tries: Tries, request: &dyn Fn() -> http::Result<Request<Body>>) -> Result<Answer, Refusal> {
        let begin = Instant::now();
        loop {
            let refusal = match self.once(request()) {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let waited = begin.elapsed();
            if self.is_stopped() {
                return Err(refusal);
            }
            let Some(pause) = tries.again(&refusal, waited, dice()) else { return Err(refusal) };
            (self.listener)(&waiting(&refusal, waited));
            self.pause(pause);
        }
    }

    fn once(&self, request: http::Result<Request<Body>>) -> Result<Answer, Refusal> {
        let request = request.map_err(|error| Refusal::Login(error.to_string()))?;
        self.runtime.block_on(async {
            let _permit = self.permits.acquire().await;
            self.connection.ask(request, PATIENCE).await
        })
    }
}

fn is_missing(refusal: &Refusal) -> bool {
    matches!(refusal.verdict(), Verdict::Missing | Verdict::NoNamespace)
}

fn written(answer: Answer) -> Result<Written, Refusal> {
    Ok(Written { object: value(&answer.body)?, created: answer.code == 201, warnings: answer.warnings })
}

fn value(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    Refusal::Silence(format!("the answer cannot be read: {error}"))
}

/// The part of a path behind `?`; what is empty is left out.
fn query(pairs: &[(&str, &str)]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A number from 0 to 1.
fn dice() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
