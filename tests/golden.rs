//! The repository's own `out/`: what its sources give, and the same data to another reader of YAML.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use homebuild::problem::Source;
use homebuild::yaml::{Data, Node, parse};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_sources_give_the_committed_tree() {
    let arguments = ["--site", env!("CARGO_MANIFEST_DIR"), "build", "--check"];
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_picture_in_docs_is_that_of_the_committed_tree() {
    let arguments = ["--site", env!("CARGO_MANIFEST_DIR"), "graph", "--format", "svg"];
    let output = Command::new(env!("CARGO_BIN_EXE_homebuild")).args(arguments).output().unwrap();
    let kept = fs::read(root().join("docs/graph.svg")).unwrap();
    assert!(output.stdout == kept, "the stacks are others now: `just picture` draws them again");
}

#[test]
fn serde_yaml_reads_every_file_of_out_as_we_do() {
    let mut files = Vec::new();
    collect(&root().join("out"), &mut files);
    assert!(files.len() > 350, "{} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let theirs: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let ours = parse(&Source::new(path.display().to_string(), text)).unwrap();
        assert_eq!(ours.len(), 1, "{}", path.display());
        assert!(same(&ours[0], &theirs), "{}", path.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "lock" || end == "json") {
            files.push(path);
        }
    }
}

fn same(ours: &Node, theirs: &serde_yaml::Value) -> bool {
    use serde_yaml::Value;
    match (&ours.data, theirs) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Int(a), Value::Number(b)) => b.as_i64().map(i128::from) == Some(*a),
        (Data::Float(a), Value::Number(b)) => b.is_f64() && b.as_f64() == Some(*a),
        (Data::Str(a), Value::String(b)) => **a == **b,
        (Data::List(a), Value::Sequence(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Data::Map(a), Value::Mapping(b)) => {
            a.0.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => false,
    }
}
