//! The rules of `src/` that `ARCHITECTURE.md` states, held by reading it.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the ground up: each names only those before it.
const ORDER: [&str; 30] = [
    "digest",
    "problem",
    "yaml",
    "secrets",
    "kubernetes",
    "schema",
    "template",
    "layer",
    "check",
    "links",
    "document",
    "disk",
    "out",
    "cluster",
    "survey",
    "page",
    "export",
    "site",
    "load",
    "resolve",
    "render",
    "lock",
    "across",
    "build",
    "diff",
    "explain",
    "new",
    "init",
    "sops",
    "push",
];

/// Each crate that matters, and the modules that are its home.
const HOMES: [(&str, &[&str]); 32] = [
    ("granit_parser", &["yaml"]),
    ("minijinja", &["template"]),
    ("rustix", &["cli", "disk", "out", "push"]),
    ("clap", &["cli"]),
    ("anstream", &["cli"]),
    ("anstyle", &["cli"]),
    ("terminal_size", &["cli"]),
    ("rayon", &["build", "render", "disk", "out", "cli"]),
    ("serde_json", &["cli", "cluster", "kubernetes", "push", "schema", "sops"]),
    ("postcard", &["build", "out"]),
    ("sha2", &["digest", "out", "disk", "sops"]),
    ("base64", &["kubernetes", "push", "secrets", "sops"]),
    ("bcrypt", &["sops"]),
    ("sha_crypt", &["sops"]),
    ("aes_gcm", &["sops"]),
    ("age", &["sops"]),
    ("getrandom", &["cluster", "push", "sops"]),
    ("zeroize", &["cli", "cluster", "disk", "push", "sops"]),
    ("strsim", &["problem"]),
    ("hcl_edit", &["sops"]),
    ("http", &["cluster"]),
    ("flate2", &["push"]),
    ("k8s_openapi", &["cluster"]),
    ("kube", &["cluster"]),
    ("tokio", &["cluster"]),
    ("regex_lite", &["kubernetes", "schema", "secrets", "sops"]),
    ("similar", &["diff"]),
    ("notify", &["cli"]),
    ("ctrlc", &["cli"]),
    ("jiff", &["cli", "push"]),
    ("rpassword", &["cli"]),
    ("pretty_yaml", &["yaml"]),
];

#[test]
fn a_module_names_only_those_below_it() {
    for (path, text) in sources() {
        let module = module(&path);
        let Some(height) = ORDER.iter().position(|name| *name == module) else { continue };
        for named in ORDER[height + 1..].iter().chain(&["cli"]) {
            let uses = [format!("crate::{named}::"), format!("crate::{named};"), format!("crate::{{{named}")];
            let found = uses.iter().find(|text_of_use| code(&text).contains(text_of_use.as_str()));
            assert!(found.is_none(), "{} is below `{named}` and names it", path.display());
        }
    }
}

#[test]
fn every_module_has_its_height() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in declared {
        assert!(module == "cli" || ORDER.contains(&module), "give `{module}` its place in ORDER");
    }
}

#[test]
fn a_crate_that_matters_has_one_home() {
    for (path, text) in sources() {
        for (name, homes) in HOMES {
            let code = code(&text);
            let is_whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let is_path = code.match_indices(&format!("{name}::")).any(|(at, _)| is_whole(at));
            let named = is_path || code.contains(&format!("use {name}"));
            assert!(!named || homes.contains(&module(&path).as_str()), "{} names `{name}`", path.display());
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    for (path, text) in sources() {
        for word in ["println!", "eprintln!", "print!(", "stdout()", "stderr()"] {
            assert!(module(&path) == "cli" || !code(&text).contains(word), "{} prints: {word}", path.display());
        }
    }
}

#[test]
fn only_disk_and_out_touch_the_file_system() {
    for (path, text) in sources() {
        let touches =
            ["std::fs", "File::open", "File::create", "read_dir"].iter().find(|word| code(&text).contains(**word));
        assert!(
            touches.is_none() || ["disk", "out"].contains(&module(&path).as_str()),
            "{}: {touches:?}",
            path.display()
        );
    }
}

#[test]
fn nothing_is_left_to_do_and_nothing_is_printed_for_debugging() {
    for (path, text) in sources() {
        for word in ["todo!", "unimplemented!", "dbg!", "TODO", "FIXME"] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The code of a source, without its tests and comments.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The module of `src/` that a file belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    assert!(found.len() > 20);
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, found);
        } else if name.ends_with(".rs") && !name.contains("test") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}
