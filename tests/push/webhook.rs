//! `webhook.py`, which changes what is sent to one namespace.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::site::Site;

/// A mutating webhook for the Deployments of one namespace, as long as this lives.
pub struct Webhook<'a> {
    site: &'a Site,
    folder: TempDir,
    process: Child,
}

impl<'a> Webhook<'a> {
    /// For the namespace `{n}` of a site, with this JSON patch for each of its Deployments.
    pub fn start(site: &'a Site, patch: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("patch"), patch.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push/webhook.py");
        let process = Command::new("python3").arg(script).arg(folder.path()).stdin(Stdio::null()).spawn().unwrap();
        let webhook = Self { site, folder, process };
        let begin = Instant::now();
        while !webhook.folder.path().join("hook").exists() {
            assert!(begin.elapsed() < Duration::from_secs(30), "the webhook does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        webhook.register();
        webhook
    }

    fn register(&self) {
        let hook: Value = serde_json::from_str(&fs::read_to_string(self.folder.path().join("hook")).unwrap()).unwrap();
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": self.name()},
            "webhooks": [{
                "name": format!("{}.example.org", self.name()), "clientConfig": hook, "sideEffects": "None",
                "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.site.name}},
                "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}],
            }],
        });
        let file = self.folder.path().join("configuration.json");
        fs::write(&file, configuration.to_string()).unwrap();
        self.site.kubectl(&["apply", "-f", file.to_str().unwrap()]);
        // the server takes a moment until it asks it
        std::thread::sleep(Duration::from_secs(2));
    }

    fn name(&self) -> String {
        format!("homebuild-test-{}", self.site.name)
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        self.site.try_kubectl(&["delete", "mutatingwebhookconfiguration", &self.name(), "--ignore-not-found"]);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
