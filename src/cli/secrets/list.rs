//! `homebuild secrets list`

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::Answer;
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
    let state = |row: &Row| match (&row.file, row.is_used) {
        (None, _) => "missing",
        (Some(_), false) => "unused",
        _ => "",
    };
    let json: Vec<_> = rows
        .iter()
        .map(|(name, row)| json!({"name": name, "file": row.file, "stacks": row.stacks, "missing": row.file.is_none(), "unused": !row.is_used}))
        .collect();
    let cells: Vec<[String; 4]> = rows
        .iter()
        .map(|(name, row)| {
            [name.clone(), row.file.clone().unwrap_or_default(), row.stacks.join(" "), state(row).to_owned()]
        })
        .collect();
    Ok((json!({"secrets": json}), table(["SECRET", "FILE", "STACKS", ""], &cells, style::width())))
}

/// What `out/` refers to; nothing where there is no `out/` yet.
pub(super) fn used(site: &disk::Site) -> Result<Vec<survey::Secret>, Problems> {
    match out::read(site) {
        Ok(tree) => survey::secrets(&tree),
        Err(problems) if problems.iter().all(|problem| problem.code == "no-out") => Ok(Vec::new()),
        Err(problems) => Err(problems),
    }
}
