//! `homebuild secrets fill`: every artifact of this repository's `out/` with its secrets, as the real `sops` reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use homebuild::problem::Source;
use homebuild::secrets::reference::{Piece, pieces};
use homebuild::yaml::{Data, Map, Node, parse_one};
use serde_json::Value as Json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn with_key(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env_remove("SOPS_AGE_KEY").env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt"));
    command
}

fn run(path: &str) -> Output {
    with_key(env!("CARGO_BIN_EXE_homebuild")).args(["secrets", "fill", path]).output().unwrap()
}

fn fill(path: &str) -> String {
    let output = run(path);
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All secrets, by the real `sops`.
fn secrets() -> Json {
    let sops = with_key("sops").args(["decrypt", "--output-type", "json", "secrets.sops.yaml"]).output();
    let sops = sops.expect("`sops` is on the PATH: tests/setup.sh");
    assert!(sops.status.success(), "{}", String::from_utf8_lossy(&sops.stderr));
    serde_json::from_slice(&sops.stdout).unwrap()
}

/// The files of `out/` that have references, below the repository.
fn artifacts() -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join("out"), &mut found);
    let has = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("<secret:");
    let below = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.into_iter().filter(has).map(below).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn every_artifact_of_out_is_filled_in_with_what_sops_reads() {
    let (secrets, artifacts) = (secrets(), artifacts());
    assert!(artifacts.len() > 60, "{}", artifacts.len());
    for path in artifacts {
        let filled = fill(&path);
        assert!(!filled.contains("<secret:"), "{path}");
        assert_eq!(fill(&path), filled, "{path} twice");
        let built = parse_one(&Source::new(&*path, fs::read_to_string(root().join(&path)).unwrap())).unwrap();
        let sent = parse_one(&Source::new(&*path, filled.as_str())).unwrap();
        serde_yaml::from_str::<serde_yaml::Value>(&filled).unwrap();
        if path.ends_with(".json") {
            serde_json::from_str::<Json>(&filled).unwrap();
        }
        compare(&built, &sent, &secrets, &path);
        assert_eq!(path.contains("/cloud-init/"), filled.starts_with("#cloud-config\n"), "{path}");
    }
}

/// Whether one tree is another, filled in.
fn compare(built: &Node, sent: &Node, secrets: &Json, path: &str) {
    match (&built.data, &sent.data) {
        (Data::Str(built), Data::Str(sent)) => compare_text(built, sent, secrets, path),
        (Data::List(built), Data::List(sent)) => {
            assert_eq!(built.len(), sent.len(), "{path}");
            built.iter().zip(sent).for_each(|(built, sent)| compare(built, sent, secrets, path));
        }
        (Data::Map(built), Data::Map(sent)) => compare_map(built, sent, secrets, path),
        (built, sent) => assert_eq!(built, sent, "{path}"),
    }
}

fn compare_map(built: &Map, sent: &Map, secrets: &Json, path: &str) {
    let is_secret = built.get("kind").and_then(Node::as_str) == Some("Secret") && built.get("stringData").is_some();
    let keys = built.keys().map(|key| if is_secret && key == "stringData" { "data" } else { key });
    assert_eq!(keys.collect::<Vec<_>>(), sent.keys().collect::<Vec<_>>(), "{path}");
    for ((key, built), (_, sent)) in built.iter().zip(sent.iter()) {
        if !is_secret || key != "stringData" {
            compare(built, sent, secrets, path);
            continue;
        }
        let (built, sent) = (built.as_map().unwrap(), sent.as_map().unwrap());
        assert!(built.keys().eq(sent.keys()), "{path}");
        for ((_, built), (_, sent)) in built.iter().zip(sent.iter()) {
            let bytes = base64::engine::general_purpose::STANDARD.decode(sent.as_str().unwrap()).unwrap();
            compare_text(built.as_str().unwrap(), std::str::from_utf8(&bytes).unwrap(), secrets, path);
        }
    }
}

fn compare_text(built: &str, sent: &str, secrets: &Json, path: &str) {
    let mut rest = sent;
    for piece in pieces(built).unwrap() {
        let wanted = match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Reference(reference) => {
                let at = |list: &Json, key: &str| list.get(key.parse::<usize>().ok()?).cloned();
                let below = |value: Json, key: &String| at(&value, key).unwrap_or_else(|| value[key].clone());
                let value = reference.path.iter().fold(secrets.clone(), below);
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                reference.filters.iter().fold(value, |value, filter| match filter.as_str() {
                    "b64encode" => base64::engine::general_purpose::STANDARD.encode(value),
                    "json" => {
                        let quoted = Json::from(value).to_string();
                        quoted[1..quoted.len() - 1].to_owned()
                    }
                    "bcrypt(10)" | "bcrypt(6)" => {
                        let (hash, rounds) = (&rest[..60], if filter == "bcrypt(6)" { "06" } else { "10" });
                        let is_right =
                            hash.starts_with(&format!("$2y${rounds}$")) && bcrypt::verify(&value, hash).unwrap();
                        assert!(is_right, "{path}");
                        hash.to_owned()
                    }
                    other => panic!("{path} has {other:?}"),
                })
            }
        };
        // no `assert_eq`: it would print a secret
        rest = rest.strip_prefix(&*wanted).unwrap_or_else(|| panic!("{path} is not what it should be"));
    }
    assert!(rest.is_empty(), "{path}");
}

#[test]
fn a_file_that_is_none_of_out_is_not_filled_in() {
    for (path, said) in [
        ("secrets.sops.yaml", "is no file of out/"),
        ("out/nothing.yaml", "there is no `out/nothing.yaml`"),
        ("out/../secrets.sops.yaml", "is not a path below the site"),
    ] {
        let output = run(path);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && output.stdout.is_empty() && told.contains(said), "{told}");
    }
}

#[test]
fn a_terminal_shows_secrets_only_where_that_is_said() {
    let path = "out/immich/immich/secret.immich-server-env.yaml";
    let on_a_terminal = |more: &str| {
        let line = format!("'{}' secrets fill {path} {more}", env!("CARGO_BIN_EXE_homebuild"));
        let output = with_key("script").args(["-qec", &line, "/dev/null"]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, told) = on_a_terminal("");
    assert!(!done && told.contains("without `--show`") && !told.contains("DB_PASSWORD"), "{told}");
    let (done, told) = on_a_terminal("--show");
    assert!(done && told.contains("DB_PASSWORD"), "{told}");
}

#[test]
fn an_artifact_that_is_older_than_a_secret_is_refused() {
    let site = tempfile::tempdir().unwrap();
    let artifact = "out/shop/shop/secret.shop-env.yaml";
    fs::create_dir_all(site.path().join(artifact).parent().unwrap()).unwrap();
    for file in ["secrets.sops.yaml", "homebuild.yaml"] {
        fs::copy(root().join(file), site.path().join(file)).unwrap();
    }
    let text = "apiVersion: v1\nkind: Secret\nstringData:\n  A: <secret:vm_ci_password#00000000>\n  B: <secret:vm_ci_pass#00000000>\n";
    fs::write(site.path().join(artifact), text).unwrap();
    let mut fill = with_key(env!("CARGO_BIN_EXE_homebuild"));
    let output = fill.current_dir(site.path()).args(["secrets", "fill", artifact]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{told}");
    for said in [
        "`vm_ci_password` in `stringData.A` was changed",
        "`homebuild build`",
        "`vm_ci_pass` in `stringData.B` is not there",
    ] {
        assert!(told.contains(said), "{told}");
    }
}
