//! `webhook.py` as a webhook of the API server, for one namespace.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::script::{Script, until};
use crate::site::Site;

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

/// An object of the whole cluster, as long as this lasts.
pub struct Beside<'a> {
    site: &'a Site,
    kind: &'static str,
    name: String,
}

impl<'a> Beside<'a> {
    /// Of one that is there.
    pub fn of(site: &'a Site, kind: &'static str, name: &str) -> Self {
        Self { site, kind, name: name.to_owned() }
    }

    pub fn make(site: &'a Site, path: &str, kind: &'static str, object: &Value) -> Self {
        let made = site.raw("POST", path, "test", object);
        Self::of(site, kind, made["metadata"]["name"].as_str().unwrap())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        let _ = self.site.try_kubectl(&["delete", self.kind, &self.name, "--ignore-not-found"]);
    }
}

/// The webhook, as long as this lasts.
pub struct Webhook<'a> {
    script: Script,
    _configuration: Beside<'a>,
}

impl<'a> Webhook<'a> {
    /// It looks at the `ConfigMaps` of the site's namespace; while it is asleep it does not answer.
    pub fn refusing(site: &'a Site, is_asleep: bool) -> Self {
        let file = if is_asleep { "asleep" } else { "awake" };
        let script = begin(file, "");
        let probe = ["create", "configmap", "probe", "--from-literal=key=bad", "--dry-run=server", "-n", "{n}"];
        let configuration = register(site, &script, "ValidatingWebhookConfiguration", ["", "configmaps"]);
        until("the webhook is not asked", || site.try_kubectl(&probe).err.contains("webhook"));
        Self { script, _configuration: configuration }
    }

    /// It changes each Deployment of the site's namespace by this JSON patch.
    pub fn changing(site: &'a Site, patch: &Value) -> Self {
        let script = begin("patch", &patch.to_string());
        let configuration = register(site, &script, "MutatingWebhookConfiguration", ["apps", "deployments"]);
        // the server takes a moment until it asks it
        std::thread::sleep(std::time::Duration::from_secs(2));
        Self { script, _configuration: configuration }
    }

    pub fn wake(&self) {
        std::fs::remove_file(self.script.folder().join("asleep")).unwrap();
    }
}

/// The program, with a file beside it.
fn begin(file: &str, text: &str) -> Script {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(file), text).unwrap();
    Script::start("webhook.py", folder, &["."])
}

fn register<'a>(site: &'a Site, script: &Script, kind: &'static str, [group, plural]: [&str; 2]) -> Beside<'a> {
    let config: Value = serde_json::from_str(&script.wrote("config.json")).unwrap();
    let webhook = json!({
        "name": "{n}.example.org", "clientConfig": config, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail", "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{n}"}},
        "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [plural]}],
    });
    let object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "{n}"}, "webhooks": [webhook],
    });
    let path = format!("{GROUP}/{}s", kind.to_lowercase());
    Beside::make(site, &path, kind, &object)
}
