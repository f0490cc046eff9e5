//! What the cluster keeps of a release: a Secret of helm's own for each revision, `sh.helm.release.v1.NAME.vN`.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::manifest;
use super::program::plain;
use super::release::Release;
use super::values::Values;
use crate::disk::read_private;
use crate::problem::Problem;
use crate::push::kubernetes::filled::wipe;

/// More than any release holds: a Secret is no larger than a megabyte, and text shrinks to a tenth.
const LARGEST: u64 = 64 << 20;

/// One revision of a release, as the metadata of its Secret says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The Secret's name.
    pub secret: String,
    /// The Secret's uid.
    pub uid: String,
    /// Its number, from 1.
    pub number: u64,
    /// What became of it.
    pub status: Status,
}

/// What became of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is what runs.
    Deployed,
    /// A later one runs.
    Superseded,
    /// It could not be done, or not whole.
    Failed,
    /// A helm is at work on it, or was killed.
    Pending,
    /// The release was removed; only its history is there.
    Uninstalled,
    /// Something else, of another helm.
    Unknown,
}

impl Status {
    fn of(text: &str) -> Self {
        match text {
            "deployed" => Self::Deployed,
            "superseded" => Self::Superseded,
            "failed" => Self::Failed,
            "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling" => Self::Pending,
            "uninstalled" => Self::Uninstalled,
            _ => Self::Unknown,
        }
    }
}

impl Revision {
    /// The revisions of a release, the newest first, of a list of Secrets of its namespace with the label `owner=helm`
    /// or of their metadata alone.
    #[must_use]
    pub fn list(secrets: &[Value], release: &str) -> Vec<Self> {
        let own = secrets.iter().filter(|secret| label(secret, "owner") == "helm" && label(secret, "name") == release);
        let mut all: Vec<Self> = own.filter_map(Self::of).collect();
        all.sort_by_key(|revision| std::cmp::Reverse(revision.number));
        all
    }

    fn of(secret: &Value) -> Option<Self> {
        let metadata = |key: &str| secret["metadata"][key].as_str().unwrap_or_default().to_owned();
        Some(Self {
            secret: metadata("name"),
            uid: metadata("uid"),
            number: label(secret, "version").parse().ok()?,
            status: Status::of(label(secret, "status")),
        })
    }
}

fn label<'a>(secret: &'a Value, name: &str) -> &'a str {
    secret["metadata"]["labels"][name].as_str().unwrap_or_default()
}

/// A revision of a release as it was installed.
#[derive(Debug)]
pub struct Installed {
    /// The release's name.
    pub name: String,
    /// Its number, from 1.
    pub revision: u64,
    /// What became of it.
    pub status: Status,
    /// The chart's name.
    pub chart: String,
    /// The chart's version.
    pub version: String,
    /// The version of what the chart installs, as the chart says it.
    pub app_version: String,
    /// When helm began with it.
    pub at: Option<Timestamp>,
    pub(super) values: Values,
    /// The objects, a document of YAML each; Secrets are among them.
    pub(super) manifest: Zeroizing<String>,
}

impl Installed {
    /// Reads the Secret of a revision.
    pub fn read(secret: &Value) -> Result<Self, Problem> {
        let mut payload = payload(secret).ok_or_else(|| unreadable(secret))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let chart = &payload["chart"]["metadata"];
        let installed = Self {
            name: text(&payload["name"]),
            revision: payload["version"].as_u64().unwrap_or_default(),
            status: Status::of(payload["info"]["status"].as_str().unwrap_or_default()),
            chart: text(&chart["name"]),
            version: text(&chart["version"]),
            app_version: text(&chart["appVersion"]),
            at: payload["info"]["last_deployed"].as_str().and_then(|at| at.parse().ok()),
            values: Values::of(&payload["config"]).unwrap_or_default(),
            manifest: Zeroizing::new(text(&payload["manifest"])),
        };
        wipe(&mut payload);
        Ok(installed)
    }

    /// Whether it is what a release asks for: this chart, in this version, with these values, and it runs.
    #[must_use]
    pub fn is(&self, release: &Release) -> bool {
        self.status == Status::Deployed
            && self.chart == release.chart
            && plain(&self.version) == plain(&release.version)
            && self.values.are(&release.values)
    }

    /// The objects of these kinds that helm deletes when it removes the release, in words.
    #[must_use]
    pub fn takes_along(&self, kinds: &[&str]) -> Vec<String> {
        manifest::deleted(&self.manifest, kinds)
    }

    /// Why a release that is adopted is refused: it runs another version of its chart than is pinned. Who names the
    /// release has seen it.
    #[must_use]
    pub fn other_version(&self, release: &Release) -> Option<Problem> {
        if self.chart == release.chart && plain(&self.version) == plain(&release.version) {
            return None;
        }
        let name = &self.name;
        let what = format!(
            "release `{name}` runs chart {} {}, and `out/` pins {} {}",
            self.chart, self.version, release.chart, release.version
        );
        let problem = Problem::error("chart-version", what);
        let problem =
            problem.note(format!("pin {} first, adopt the release, and change the version then", self.version));
        Some(problem.note(format!("or let it change now: `--chart-version-change {name}`")))
    }

    /// Until when a revision that is pending must be taken for a helm at work: as long as push itself lets helm run. None
    /// where it is not pending, or where nobody can be at work on it any more, and [`freed`] is safe.
    #[must_use]
    pub fn busy_until(&self, release: &Release, now: Timestamp) -> Option<Timestamp> {
        let longest = release.limit() + release.grace() + Duration::from_mins(1);
        let until = self.at?.checked_add(longest).ok()?;
        (self.status == Status::Pending && now < until).then_some(until)
    }

    /// What is told of a release that a helm may be at work on.
    #[must_use]
    pub fn busy(&self, until: Timestamp) -> Problem {
        let what = format!("release `{}` is pending: another helm is at work on it, or was killed", self.name);
        let problem = Problem::error("helm-pending", what);
        let at = self.at.map_or_else(String::new, |at| format!(", since {at:.0}"));
        let problem = problem.note(format!("revision {}{at}; push frees it by itself after {until:.0}", self.revision));
        problem.note(format!("if no helm runs, free it now: `--free-release {}`", self.name))
    }
}

/// The Secret of a pending revision with the status `failed`, to be put in its place (its `resourceVersion` stays, so that
/// nothing is lost that came in between). The next upgrade then goes from there, and no object is deleted, as a removal
/// would do; this is how Flux frees a release.
pub fn freed(secret: &Value, now: Timestamp) -> Result<Value, Problem> {
    let mut payload = payload(secret).ok_or_else(|| unreadable(secret))?;
    let was = payload["info"]["status"].as_str().unwrap_or_default().to_owned();
    payload["info"]["status"] = json!("failed");
    payload["info"]["description"] = json!(format!("freed by homebuild, was {was}"));
    let text = Zeroizing::new(payload.to_string());
    wipe(&mut payload);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let packed = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish());
    let packed = packed.map_err(|_| unreadable(secret))?;
    let mut freed = secret.clone();
    freed["data"]["release"] = json!(BASE64.encode(BASE64.encode(packed)));
    freed["metadata"]["labels"]["status"] = json!("failed");
    freed["metadata"]["labels"]["modifiedAt"] = json!(now.as_second().to_string());
    if let Some(metadata) = freed["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    Ok(freed)
}

/// The JSON of a Secret: in base64 and gzip, all of it in base64 once more.
fn payload(secret: &Value) -> Option<Value> {
    let outer = Zeroizing::new(BASE64.decode(secret["data"]["release"].as_str()?).ok()?);
    let packed = Zeroizing::new(BASE64.decode(&*outer).ok()?);
    let text = if packed.starts_with(&[0x1f, 0x8b]) {
        read_private(GzDecoder::new(packed.as_slice()).take(LARGEST)).ok()?
    } else {
        packed
    };
    serde_json::from_slice(&text).ok()
}

fn unreadable(secret: &Value) -> Problem {
    let name = secret["metadata"]["name"].as_str().unwrap_or_default();
    Problem::error("helm", format!("cannot read Secret `{name}`, in which helm keeps a release"))
}
