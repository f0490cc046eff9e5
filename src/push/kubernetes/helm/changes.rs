//! What a run of helm would change, for the plan.

use crate::diff::{self, Difference, Verb};
use crate::kubernetes::kinds::Kinds;
use crate::problem::Problems;

use super::installed::{Installed, Status};
use super::manifest::tree;
use super::mask::Mask;
use super::program::{Helm, How, plain};
use super::release::Release;
use super::values::are;

/// One thing that a run of helm would change. None holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The release is installed: chart and version.
    Install(String, String),
    /// The chart is another one, or another version of it: before and now, `traefik 39.0.1`.
    Chart(String, String),
    /// The revision that is there is no good base: why.
    Redone(&'static str),
    /// A value of the chart.
    Value {
        /// Where it stands: `server.env.WOODPECKER_HOST`.
        path: String,
        /// What became of it.
        verb: Verb,
        /// Whether it is a secret. What values were is never said: helm keeps them in a Secret.
        is_secret: bool,
    },
    /// An object of the chart, as helm renders it against what is installed.
    Object(Difference),
    /// Objects are rendered without the server, as the chart brings kinds of its own: they may come out otherwise.
    Rough,
}

impl Helm {
    /// What applying a release would change. The objects' differences are in this stack and module.
    pub fn changes(
        &self,
        release: &Release,
        installed: Option<&Installed>,
        how: How,
        (stack, module): (&str, &str),
        kinds: &Kinds,
    ) -> Result<Vec<Change>, Problems> {
        let (rendered, is_rough) = self.render(release, installed, how)?;
        let mut changes = described(release, installed);
        if is_rough {
            changes.push(Change::Rough);
        }
        let mask = Mask::of(release, installed);
        let folder = format!("{stack}/{module}");
        let files = |manifest: &str| tree(manifest, &folder, &release.namespace, kinds, &mask);
        let before = installed.filter(|installed| installed.status != Status::Uninstalled);
        let before = before.map(|installed| files(&installed.manifest)).unwrap_or_default();
        let comparison = diff::compare(&before, &files(&rendered), kinds)?;
        changes.extend(comparison.differences.into_iter().map(Change::Object));
        Ok(changes)
    }
}

/// What is to be said of the release itself.
fn described(release: &Release, installed: Option<&Installed>) -> Vec<Change> {
    let Some(installed) = installed.filter(|installed| installed.status != Status::Uninstalled) else {
        return vec![Change::Install(release.chart.clone(), release.version.clone())];
    };
    let mut changes = Vec::new();
    if installed.chart != release.chart || plain(&installed.version) != plain(&release.version) {
        let before = format!("{} {}", installed.chart, installed.version);
        changes.push(Change::Chart(before, format!("{} {}", release.chart, release.version)));
    }
    match installed.status {
        Status::Failed => changes.push(Change::Redone("the last try failed")),
        Status::Pending => changes.push(Change::Redone("the last try did not end")),
        _ => {}
    }
    changes.extend(values(release, installed));
    changes
}

fn values(release: &Release, installed: &Installed) -> Vec<Change> {
    let secret: Vec<_> = release.secret.leaves().into_iter().map(|(path, _)| path).collect();
    let change = |path: &super::values::Path, verb| Change::Value {
        path: path.to_string(),
        verb,
        is_secret: secret.iter().any(|other| other.touches(path)),
    };
    let (before, now) = (installed.values.leaves(), release.values.leaves());
    let gone = before.iter().filter(|(path, _)| release.values.at(path).is_none());
    let mut changes: Vec<_> = gone.map(|(path, _)| change(path, Verb::Removed)).collect();
    changes.extend(now.iter().filter_map(|(path, value)| match installed.values.at(path) {
        None => Some(change(path, Verb::Added)),
        Some(old) => (!are(old, value)).then(|| change(path, Verb::Changed)),
    }));
    changes
}
