//! `proxy.py`, which does to requests what a test tells it to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A proxy that lives as long as this.
pub struct Proxy {
    folder: TempDir,
    process: Child,
}

impl Proxy {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push/proxy.py");
        let kubeconfig = std::env::var_os("KUBECONFIG").expect("start a cluster: tests/run.sh push");
        let mut command = Command::new("python3");
        command.arg(script).arg(kubeconfig).arg(folder.path()).stdin(Stdio::null());
        let process = command.spawn().unwrap();
        let proxy = Self { folder, process };
        let begin = Instant::now();
        while !proxy.kubeconfig().exists() {
            assert!(begin.elapsed() < Duration::from_secs(30), "the proxy does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    /// A kubeconfig that leads through it.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// From now on these rules hold.
    pub fn rules(&self, rules: &Value) {
        fs::write(self.folder.path().join("part"), rules.to_string()).unwrap();
        fs::rename(self.folder.path().join("part"), self.folder.path().join("rules")).unwrap();
    }

    /// The requests until now: a line `METHOD PATH` each.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The process that a rule may kill.
    pub fn aim_at(&self, process: u32) {
        fs::write(self.folder.path().join("pid"), process.to_string()).unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
