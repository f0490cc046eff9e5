//! `homebuild secrets import`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::{Answer, Open, now};
use crate::disk;
use crate::problem::{Place, Problem, Problems, did_you_mean};
use crate::secrets::reference::path_text;
use crate::sops::tfvars::{self, Tree, Variable};
use crate::sops::{File, Value};

/// Arguments of `homebuild secrets import`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets import tfvars terraform.tfvars"))]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// Take the variables of a terraform.tfvars or *.tfvars.json over
    ///
    /// A variable is a secret of its name; maps and lists stay maps and lists. What is there with the same value stays
    /// as it is, so that a second import changes nothing. Prints names only.
    Tfvars(Tfvars),
}

#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets import tfvars terraform.tfvars --dry-run",
    "secrets import tfvars terraform.tfvars --only shop_password,mail_accounts"
))]
struct Tfvars {
    /// The file; one locked by git-crypt is unlocked first
    #[arg(value_name = "FILE")]
    from: PathBuf,
    /// Only these variables
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Take the file's value where a secret is there with another one
    #[arg(long)]
    replace: bool,
    /// The secrets file that new names go into [default: the first]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Name what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    let From::Tfvars(tfvars) = &arguments.from;
    crate::cli::answer(tfvars.json, import(root, tfvars))
}

/// What is to be done with a file's secrets.
#[derive(Default)]
struct Plan<'a> {
    new: Vec<Step<'a>>,
    unchanged: Vec<String>,
    others: Vec<Step<'a>>,
    nulls: Vec<String>,
}

/// One change.
struct Step<'a> {
    path: Vec<String>,
    change: Change<'a>,
    place: &'a Place,
}

enum Change<'a> {
    /// Where nothing is.
    Add(&'a Tree),
    /// A value where another one is.
    Set(&'a Value),
    /// Where something of another form is.
    Replace(&'a Tree),
    /// What a list has more than the tfvars.
    Remove,
}

fn import(root: &Path, arguments: &Tfvars) -> Answer {
    let bytes = disk::private(&arguments.from)?;
    let shown = arguments.from.display().to_string();
    let variables = chosen(tfvars::read(&shown, &bytes)?, &arguments.only)?;
    drop(bytes);
    let mut open = super::open(root)?;
    let mut plan = Plan::default();
    let mut problems = Problems::new();
    for variable in &variables {
        let path = vec![variable.name.clone()];
        match open.vault.file_for(&path, arguments.file.as_deref()) {
            Ok(file) => {
                problems.extend(in_plain(file, variable));
                plan.compare(file, path, &variable.tree, &variable.place);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !arguments.replace {
        problems.extend(plan.others.iter().map(refused));
    }
    problems.or(())?;
    let files = if arguments.dry_run {
        Vec::new()
    } else {
        for step in plan.others.iter().chain(&plan.new) {
            apply(&mut open, step, arguments.file.as_deref())?;
        }
        open.vault.save(&open.site, &now())?
    };
    Ok(plan.said(&shown, &files, arguments.dry_run))
}

/// The variables that are wanted.
fn chosen(variables: Vec<Variable>, only: &[String]) -> Result<Vec<Variable>, Problems> {
    let unknown = only.iter().filter(|name| !variables.iter().any(|variable| variable.name == **name));
    let known = || variables.iter().map(|variable| variable.name.as_str());
    let problem = |name: &String| {
        let problem = Problem::error("tfvars", format!("there is no variable `{name}` in the file"));
        Some(did_you_mean(name, known())).filter(|hint| !hint.is_empty()).into_iter().fold(problem, Problem::note)
    };
    unknown.map(problem).collect::<Problems>().or(())?;
    Ok(variables.into_iter().filter(|variable| only.is_empty() || only.contains(&variable.name)).collect())
}

/// The problem of a variable that the rule of a secrets file would leave in plain text.
fn in_plain(file: &File, variable: &Variable) -> Option<Problem> {
    let leaves = variable.tree.leaves();
    let full = |path: &[String]| [std::slice::from_ref(&variable.name), path].concat();
    let path = leaves.iter().map(|(path, _)| full(path)).find(|path| file.is_plain(path))?;
    let message = format!("`{}` would stand in plain text in {}", path_text(&path), file.path());
    Some(Problem::error("tfvars", message).at(&variable.place).note(
        "the rule in its `sops:` leaves such keys alone; give the key another name, or import without it: `--only`",
    ))
}

fn refused(step: &Step<'_>) -> Problem {
    let message = match step.change {
        Change::Set(_) => format!("`{}` is there with another value", path_text(&step.path)),
        Change::Add(_) | Change::Replace(_) => format!("`{}` is there in another form", path_text(&step.path)),
        Change::Remove => format!("`{}` is there, and the file's list is shorter", path_text(&step.path)),
    };
    Problem::error("tfvars", message).at(step.place).note("nothing was written; `--replace` takes the file's value")
}

fn apply(open: &mut Open, step: &Step<'_>, wanted: Option<&str>) -> Result<(), Problems> {
    let file = open.vault.file_for(&step.path, wanted)?;
    match step.change {
        Change::Add(tree) => file.add(&step.path, tree),
        Change::Set(value) => file.set(&step.path, value).map(|_| ()),
        Change::Remove => file.remove(&step.path).map(|_| ()),
        Change::Replace(tree) => {
            file.remove(&step.path)?;
            file.add(&step.path, tree)
        }
    }
}

impl<'a> Plan<'a> {
    /// Compares a tree with what a file has at a path.
    fn compare(&mut self, file: &File, path: Vec<String>, tree: &'a Tree, place: &'a Place) {
        let below = |key: &str| path.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
        let is_map_or_list = file.is_collection(&path);
        match (tree, file.value(&path)) {
            (Tree::Null, _) => self.nulls.push(path_text(&path)),
            (Tree::Value(value), Some(there)) if value == there => self.unchanged.push(path_text(&path)),
            (Tree::Value(value), Some(_)) => self.others.push(Step { path, change: Change::Set(value), place }),
            (Tree::List(list), None) if is_map_or_list => {
                for (index, tree) in list.iter().enumerate() {
                    self.compare(file, below(&index.to_string()), tree, place);
                }
                let is_there = |path: &Vec<String>| file.value(path).is_some() || file.is_collection(path);
                let more = (list.len()..).map(|index| below(&index.to_string())).take_while(is_there);
                let mut more: Vec<_> = more.map(|path| Step { path, change: Change::Remove, place }).collect();
                more.reverse(); // the last one first, so that the others keep their places
                self.others.extend(more);
            }
            (Tree::Map(map), None) if is_map_or_list => {
                for (key, tree) in map {
                    self.compare(file, below(key), tree, place);
                }
            }
            (tree, None) if !is_map_or_list => {
                self.nulls_below(&path, tree);
                self.new.push(Step { path, change: Change::Add(tree), place });
            }
            (tree, _) => self.others.push(Step { path, change: Change::Replace(tree), place }),
        }
    }

    fn nulls_below(&mut self, path: &[String], tree: &Tree) {
        let Tree::Map(map) = tree else { return };
        for (key, tree) in map {
            let path = [path, std::slice::from_ref(key)].concat();
            match tree {
                Tree::Null => self.nulls.push(path_text(&path)),
                _ => self.nulls_below(&path, tree),
            }
        }
    }

    /// What was done, as JSON and as text.
    fn said(&self, from: &str, files: &[String], is_dry: bool) -> (serde_json::Value, String) {
        let sorted = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>();
        let new = sorted(self.new.iter().flat_map(Step::names).collect());
        let replaced = sorted(self.others.iter().flat_map(Step::names).collect());
        let (unchanged, nulls) = (sorted(self.unchanged.clone()), sorted(self.nulls.clone()));
        let mut text = String::new();
        for (word, names) in [("new", &new), ("replaced", &replaced), ("unchanged", &unchanged), ("null", &nulls)] {
            for name in names {
                let _ = writeln!(text, "{word:<10} {name}");
            }
        }
        let (number, other, same) = (new.len(), replaced.len(), unchanged.len());
        let place = if files.is_empty() { String::new() } else { format!(" in {}", files.join(", ")) };
        let would = if is_dry { "; nothing was written" } else { "" };
        let _ = writeln!(text, "{number} new, {other} replaced, {same} unchanged{place}{would}");
        if !nulls.is_empty() {
            text.push_str("null is no secret: such a variable or key is left out\n");
        }
        if !files.is_empty() {
            let _ = write!(
                text,
                "the values still lie in {from}, in copies of it, and in git wherever it was committed:\n  \
                 delete it once Terraform no longer reads it, and keep it out of git: .gitignore\n  \
                 a value that was ever pushed in plain stays in the history: give it a new one (docs/secrets.md)\n"
            );
        }
        let json = json!({"new": new, "replaced": replaced, "unchanged": unchanged, "null": nulls, "changed": files});
        (json, text)
    }
}

impl Step<'_> {
    /// The names of the values that it is about.
    fn names(&self) -> Vec<String> {
        let (Change::Add(tree) | Change::Replace(tree)) = &self.change else { return vec![path_text(&self.path)] };
        let leaves = tree.leaves();
        if leaves.is_empty() {
            return vec![path_text(&self.path)];
        }
        leaves.iter().map(|(path, _)| path_text(&[self.path.as_slice(), path].concat())).collect()
    }
}
