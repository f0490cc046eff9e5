//! A program beside a test, which ends with it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running Python program of this folder, and a folder for it.
pub struct Script {
    folder: TempDir,
    process: Child,
}

impl Script {
    /// Starts it in a folder that `prepare` has filled.
    pub fn start(name: &str, folder: TempDir, arguments: &[&str]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push").join(name);
        let mut command = Command::new("python3");
        command.arg(path).args(arguments).current_dir(folder.path()).stdin(Stdio::null());
        let process = command.spawn().unwrap();
        Self { folder, process }
    }

    /// A file of its folder, once it has written it.
    #[track_caller]
    pub fn wrote(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        until("it does not start", || path.exists());
        std::fs::read_to_string(path).unwrap()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something is so.
#[track_caller]
pub fn until(otherwise: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{otherwise}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
