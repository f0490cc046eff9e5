//! The program `helm`: which one, with which arguments and environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::installed::{Installed, Revision, Status};
use super::mask::Mask;
use super::options::Options;
use super::release::{Release, Source};
use super::running::{Ending, Limits, Ran, run};
use crate::problem::Problem;

/// The oldest that takes over objects and renders on the server.
const OLDEST: (u32, u32) = (3, 17);

/// What would lead helm to another cluster, store or folder than homebuild's, or make it talk.
const FOREIGN: [&str; 19] = [
    "HELM_CACHE_HOME",
    "HELM_CONTENT_CACHE",
    "HELM_DATA_HOME",
    "HELM_DEBUG",
    "HELM_DRIVER",
    "HELM_DRIVER_SQL_CONNECTION_STRING",
    "HELM_KUBEAPISERVER",
    "HELM_KUBEASGROUPS",
    "HELM_KUBEASUSER",
    "HELM_KUBECAFILE",
    "HELM_KUBECONTEXT",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
    "HELM_KUBETLS_SERVER_NAME",
    "HELM_KUBETOKEN",
    "HELM_MAX_HISTORY",
    "HELM_NAMESPACE",
    "HELM_PLUGINS",
    "HELM_REPOSITORY_CACHE",
    "HELM_REPOSITORY_CONFIG",
];

/// The program, of a version that does what push needs.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    /// Its version: `4.3`.
    version: (u32, u32),
    folder: PathBuf,
}

/// The cluster that helm speaks with: the one that homebuild does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A context of the kubeconfig that `KUBECONFIG` names, or else lies at home.
    Context(String),
    /// The cluster that homebuild itself runs in.
    InCluster,
}

/// How helm is run.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// The cluster.
    pub access: &'a Access,
    /// Whether a release may take objects that helm did not make.
    pub adopt: bool,
    /// Whether the run shall end: helm then marks the release as failed or undoes it.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What helm says that it would install.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    manifest: String,
    chart: Chart,
}

#[derive(Deserialize)]
struct Chart {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: String,
}

impl Helm {
    /// The first `helm` of a search path. `folder` is one that is there and that it may use as its cache: the user's own
    /// repositories and caches are left alone, but not the logins to registries.
    pub fn find(path: &OsStr, folder: &Path) -> Result<Self, Problem> {
        let advice = "install helm 3.17 or newer, or 4: https://helm.sh/docs/intro/install";
        let found = std::env::split_paths(path).map(|folder| folder.join("helm")).find(|program| program.is_file());
        let Some(program) = found else {
            return Err(Problem::error("no-helm", "the program `helm` is not on the PATH").note(advice));
        };
        let failed = |said: &str| {
            let what = format!("`{} version` does not say its version: {said}", program.display());
            Problem::error("no-helm", what).note(advice)
        };
        let mut command = Command::new(&program);
        command.args(["version", "--template", "{{.Version}}"]).env("HELM_NO_PLUGINS", "1");
        let limit = Duration::from_secs(30);
        let limits = Limits { limit, grace: Duration::ZERO, stop: &|| false };
        let ran = run(&mut command, b"", &limits).map_err(|error| failed(&error.to_string()))?;
        let said = String::from_utf8_lossy(&ran.said);
        let version = version(&said).ok_or_else(|| failed(said.trim()))?;
        if version < OLDEST || version.0 > 4 {
            let what = format!("`{}` is helm {}, which push cannot use", program.display(), said.trim());
            return Err(Problem::error("no-helm", what).note(advice));
        }
        Ok(Self { program, version, folder: folder.to_owned() })
    }

    /// The objects that a release would have, a document of YAML each; Secrets are among them. Where helm cannot say it, as
    /// a new chart brings the kinds of some of its objects, they are rendered without the server, and `true` is given
    /// beside them.
    pub(super) fn render(
        &self,
        release: &Release,
        installed: Option<&Installed>,
        how: How,
    ) -> Result<(Zeroizing<String>, bool), Problem> {
        let mask = Mask::of(release, installed);
        let mut command = self.upgrade(release, installed, how)?;
        command.args(["--dry-run=server", "--output", "json"]);
        let ran = self.run(command, release, how)?;
        if ran.complaint.contains("ensure CRDs are installed first") && installed.is_none() {
            let ran = self.run(self.template(release, how)?, release, how)?;
            let text = Zeroizing::new(String::from_utf8_lossy(&ran.said).into_owned());
            return if ran.ending == Ending::Well {
                Ok((text, true))
            } else {
                Err(trouble(&ran, release, &mask, "render"))
            };
        }
        if ran.ending != Ending::Well {
            return Err(trouble(&ran, release, &mask, "render"));
        }
        // of a chart from a registry it says first what it fetched
        let begin = ran.said.iter().position(|byte| *byte == b'{').unwrap_or_default();
        let answer: Answer = serde_json::from_slice(&ran.said[begin..]).map_err(|_| {
            Problem::error("helm", format!("cannot read what helm renders for release `{}`", release.name))
        })?;
        let (text, version) = (Zeroizing::new(answer.manifest), answer.chart.metadata.version);
        if plain(&version) == plain(&release.version) {
            return Ok((text, false));
        }
        let what = format!("the repository gives chart {} {version} for {}", release.chart, release.version);
        Err(Problem::error("helm", format!("{what}, in release `{}`", release.name)))
    }

    /// Installs a release, or upgrades what is installed of it. `installed` is the newest of its revisions, if there are
    /// any.
    ///
    /// Where the newest failed, helm compares with the last one that did not, and helm 3 would leave in the objects what
    /// the failed one had put there: the release goes back first.
    pub fn apply(
        &self,
        release: &Release,
        installed: Option<&Installed>,
        revisions: &[Revision],
        how: How,
    ) -> Result<(), Problem> {
        let good = revisions.iter().find(|revision| revision.status == Status::Deployed);
        if let (Some(good), Some(Status::Failed)) = (good, revisions.first().map(|newest| newest.status)) {
            self.roll_back(release, good.number, how)?;
        }
        let mut command = self.upgrade(release, installed, how)?;
        let options = options(release, installed);
        // undoing an installation deletes its objects, also those that were there before it
        if options.atomic && !(how.adopt && installed.is_none()) {
            command.arg(if self.version.0 < 4 { "--atomic" } else { "--rollback-on-failure" });
        }
        if options.wait {
            command.arg("--wait");
        }
        command.args(&options.flags).arg("--hide-notes");
        self.finish(command, release, installed, how, if installed.is_none() { "install" } else { "upgrade" })
    }

    /// Takes a release back to a revision that the cluster still has: the same objects with the same values, as they
    /// were rendered then.
    pub fn roll_back(&self, release: &Release, revision: u64, how: How) -> Result<(), Problem> {
        let mut command = self.command(&release.namespace, how.access)?;
        command.args(["rollback", &release.name, &revision.to_string(), "--wait"]);
        command.args(["--timeout", &seconds(release.upgrade.timeout)]);
        command.args(["--history-max", &release.history.to_string()]);
        self.finish(command, release, None, how, "roll back")
    }

    /// Removes a release and the objects that it made, but those that it is told to keep. None is none to remove.
    pub fn uninstall(&self, name: &str, namespace: &str, how: How) -> Result<(), Problem> {
        let limit = Duration::from_mins(5);
        let mut command = self.command(namespace, how.access)?;
        command.args(["uninstall", name, "--ignore-not-found", "--wait", "--timeout", &seconds(limit)]);
        let limits = Limits { limit: 2 * limit, grace: limit, stop: how.stop };
        let ran = run(&mut command, b"", &limits).map_err(|error| self.broken(&error))?;
        if ran.ending == Ending::Well { Ok(()) } else { Err(said(&ran, name, "remove", str::to_owned)) }
    }

    fn finish(
        &self,
        command: Command,
        release: &Release,
        installed: Option<&Installed>,
        how: How,
        verb: &str,
    ) -> Result<(), Problem> {
        let ran = self.run(command, release, how)?;
        let is_well = ran.ending == Ending::Well;
        if is_well { Ok(()) } else { Err(trouble(&ran, release, &Mask::of(release, installed), verb)) }
    }

    fn run(&self, mut command: Command, release: &Release, how: How) -> Result<Ran, Problem> {
        let limits = Limits { limit: release.limit(), grace: release.grace(), stop: how.stop };
        run(&mut command, release.values.text().as_bytes(), &limits).map_err(|error| self.broken(&error))
    }

    /// `helm upgrade --install`: these values alone, whatever an earlier revision had.
    fn upgrade(&self, release: &Release, installed: Option<&Installed>, how: How) -> Result<Command, Problem> {
        let mut command = self.of_chart("upgrade", release, how)?;
        let options = options(release, installed);
        command.args(["--install", "--reset-values", "--timeout", &seconds(options.timeout)]);
        command.args(["--history-max", &release.history.to_string()]);
        if options.force {
            command.arg(if self.version.0 < 4 { "--force" } else { "--force-replace" });
        }
        if how.adopt {
            command.arg("--take-ownership");
            // and the fields of those who wrote the objects
            command.args((self.version.0 >= 4 && installed.is_none()).then_some("--force-conflicts"));
        }
        Ok(command)
    }

    /// `helm template`: without a look at the cluster, which helm 3 takes in every other way to render.
    fn template(&self, release: &Release, how: How) -> Result<Command, Problem> {
        let mut command = self.of_chart("template", release, how)?;
        command.arg("--no-hooks");
        Ok(command)
    }

    /// A command with a release's chart, in exactly its version, and with its values at the standard input.
    fn of_chart(&self, verb: &str, release: &Release, how: How) -> Result<Command, Problem> {
        let mut command = self.command(&release.namespace, how.access)?;
        command.args([verb, &release.name]);
        match &release.source {
            Source::Http(url) => command.args([&release.chart, "--repo", url]),
            Source::Oci { url, is_plain } => {
                command.arg(format!("{url}/{}", release.chart)).args(is_plain.then_some("--plain-http"))
            }
        };
        if self.folder.join(&release.chart).exists() {
            let what = format!("helm would take `{}` for the chart", self.folder.join(&release.chart).display());
            return Err(Problem::error("helm", what).note("it is in a cache folder, and can be removed"));
        }
        command.args(["--version", &release.version, "--values", "-"]);
        Ok(command)
    }

    fn command(&self, namespace: &str, access: &Access) -> Result<Command, Problem> {
        let mut command = Command::new(&self.program);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("HELM_NO_PLUGINS", "1").env("HELM_DRIVER", "secret").env("HELM_CACHE_HOME", &self.folder);
        command.env("HELM_REPOSITORY_CONFIG", self.folder.join("repositories.yaml"));
        // where it runs, a folder with the name of a chart would be taken for the chart
        command.current_dir(&self.folder);
        match access {
            Access::Context(name) => command.arg(format!("--kube-context={name}")).envs(kubeconfig()?),
            Access::InCluster => command.env("KUBECONFIG", "/dev/null"),
        };
        command.args(["--namespace", namespace]);
        Ok(command)
    }

    fn broken(&self, error: &std::io::Error) -> Problem {
        Problem::error("helm", format!("cannot run `{}`: {error}", self.program.display()))
    }
}

/// `KUBECONFIG` with its paths made whole, as helm runs in another folder.
fn kubeconfig() -> Result<Option<(&'static str, std::ffi::OsString)>, Problem> {
    let Some(paths) = std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()) else { return Ok(None) };
    let whole = std::env::split_paths(&paths).filter_map(|path| std::path::absolute(path).ok());
    let whole = std::env::join_paths(whole);
    let whole = whole.map_err(|error| Problem::error("helm", format!("cannot use `KUBECONFIG`: {error}")))?;
    Ok(Some(("KUBECONFIG", whole)))
}

/// Installing is what helm does where there is nothing, or only what was removed.
fn options<'a>(release: &'a Release, installed: Option<&Installed>) -> &'a Options {
    let is_there = installed.is_some_and(|installed| installed.status != Status::Uninstalled);
    if is_there { &release.upgrade } else { &release.install }
}

fn seconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// A version without the `v` that charts may write before it.
pub(super) fn plain(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Major and minor number: `v3.17.4`, `v4.0+unreleased`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn trouble(ran: &Ran, release: &Release, mask: &Mask, verb: &str) -> Problem {
    said(ran, &release.name, verb, |text| mask.text(text))
}

/// What helm said of a run that failed: from its `Error:` on, if there is one.
fn said(ran: &Ran, name: &str, verb: &str, shown: impl Fn(&str) -> String) -> Problem {
    let complaint: &str = &ran.complaint;
    let error = complaint.find("Error: ").map_or(complaint, |at| &complaint[at + "Error: ".len()..]);
    let what = match ran.ending {
        Ending::Well | Ending::Failed => format!("helm could not {verb} release `{name}`"),
        Ending::Stopped => format!("helm was ended before it could {verb} release `{name}`"),
        Ending::Killed => format!("helm was killed before it could {verb} release `{name}`: it is left pending"),
    };
    let problem = Problem::error("helm", what).note(shown(error.trim()));
    let advice = [
        (
            "invalid ownership metadata",
            "objects of these names are there, and helm did not make them: `--adopt` takes them",
        ),
        ("another operation", "another helm is at work on it, or was killed: `homebuild status` says since when"),
        ("context deadline exceeded", "its objects did not become ready in time, or the network is slow"),
    ];
    let found = advice.iter().find(|(sign, _)| error.contains(sign));
    found.map_or(problem.clone(), |(_, advice)| problem.note(*advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_helm_says_it() {
        assert_eq!(version("v3.17.4"), Some((3, 17)));
        assert_eq!(version("v4.0+unreleased\n"), Some((4, 0)));
        assert_eq!(version("helm?"), None);
        assert!((3, 9) < OLDEST && (3, 20) > OLDEST);
    }

    #[test]
    fn a_missing_helm_is_told_with_what_to_do() {
        let problem = Helm::find(OsStr::new("/nonesuch:/"), Path::new("/")).unwrap_err();
        assert_eq!((problem.code, problem.message.as_str()), ("no-helm", "the program `helm` is not on the PATH"));
        assert!(problem.notes[0].contains("3.17"));
    }
}
