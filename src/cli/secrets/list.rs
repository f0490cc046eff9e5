//! `homebuild secrets list`

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::Answer;
use crate::build;
use crate::cli::style;
use crate::cli::table::table;
use crate::disk;
use crate::load;
use crate::out;
use crate::problem::Problems;
use crate::secrets::Secret;
use crate::secrets::reference::path_text;
use crate::survey;

/// Arguments of `homebuild secrets list`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets list", "secrets list --json"))]
pub(super) struct Arguments {
    /// Print it as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A name, where it is and who uses it.
#[derive(Default)]
struct Row {
    file: Option<String>,
    stacks: Vec<String>,
    is_used: bool,
}

pub(super) fn run(root: &Path) -> Answer {
    let site = disk::Site::open(root)?;
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for source in load::secrets_only(&site)? {
        let secrets = Secret::load(std::slice::from_ref(&source))?;
        let mut names = Vec::new();
        secrets.walk(&mut Vec::new(), &mut |path| names.push(path_text(path)));
        for name in names {
            rows.entry(name).or_default().file = Some(source.path.clone());
        }
    }
    for used in used(&site)? {
        let row = rows.entry(used.secret).or_default();
        row.is_used = true;
        row.stacks = used.stacks.into_iter().collect();
    }
    // those that homebuild would make; where the sources are wrong, a build tells it
    if let Ok(declared) = build::declared(root) {
        for one in declared.missing() {
            let row = rows.entry(one.path.clone()).or_default();
            let stack = one.spot.path.strip_prefix("stacks/").and_then(|path| path.split('/').next());
            row.is_used = true;
            row.stacks.extend(stack.filter(|stack| !row.stacks.iter().any(|known| known == stack)).map(str::to_owned));
        }
    }
    let used_by = |row: &Row| match (row.is_used, row.stacks.as_slice()) {
        (false, _) => "nothing".to_owned(),
        (true, []) => "the site".to_owned(),
        (true, stacks) => stacks.join(" "),
    };
    let json: Vec<_> = rows
        .iter()
        .map(|(name, row)| json!({"name": name, "file": row.file, "stacks": row.stacks, "missing": row.file.is_none(), "unused": !row.is_used}))
        .collect();
    let file = |row: &Row| row.file.clone().unwrap_or_else(|| "missing".to_owned());
    let cells: Vec<[String; 3]> = rows.iter().map(|(name, row)| [name.clone(), file(row), used_by(row)]).collect();
    Ok((json!({"secrets": json}), table(["SECRET", "FILE", "USED BY"], &cells, style::width())))
}

/// What `out/` refers to; nothing where there is no `out/` yet.
pub(super) fn used(site: &disk::Site) -> Result<Vec<survey::Secret>, Problems> {
    match out::read(site) {
        Ok(tree) => survey::secrets(&tree),
        Err(problems) if problems.iter().all(|problem| problem.code == "no-out") => Ok(Vec::new()),
        Err(problems) => Err(problems),
    }
}
