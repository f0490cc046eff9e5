//! `homebuild site`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::graph::picture;
use crate::disk::{self, Seen};
use crate::out::{self, Tree};
use crate::page;
use crate::problem::Problems;
use crate::survey;
use crate::yaml;

const FILE: &str = "index.html";

/// Arguments of `homebuild site`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "site public",
    "site public --json"
))]
pub(super) struct Arguments {
    /// The folder to write to; it is made where it is missing
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    super::wrote(arguments.json, write(root, &arguments.folder))
}

fn write(root: &Path, folder: &Path) -> Result<(Value, String), Problems> {
    let disk = disk::Site::open(root)?;
    let tree = out::read(&disk)?;
    let graph = survey::graph(&tree)?;
    let text = page::page(&tree, &descriptions(&disk, &tree), &graph, &picture(&graph));
    let kept = out::keep(folder, page::MARK, &BTreeMap::from([(FILE.to_owned(), text)]))?;
    let path = folder.join(FILE).display().to_string();
    let done = if kept.written.is_empty() { "as it was" } else { "written" };
    let value = json!({"path": path, "stacks": graph.stacks.len(), "written": !kept.written.is_empty()});
    Ok((value, format!("{path}: {done}, {}\n", super::count(graph.stacks.len(), "stack"))))
}

/// What the stacks say of themselves. `out/` does not have it, and the page does without where a source cannot be read.
fn descriptions(disk: &disk::Site, tree: &Tree) -> BTreeMap<String, String> {
    let of = |name: &str| {
        let source = disk.file(&format!("stacks/{name}/stack.yaml"), &mut Seen::new()).ok()??;
        Some(yaml::parse_one(&source).ok()?.get("description")?.as_str()?.to_owned())
    };
    tree.stacks.iter().filter_map(|stack| Some((stack.name.clone(), of(&stack.name)?))).collect()
}
