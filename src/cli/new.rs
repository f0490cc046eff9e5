//! `homebuild new`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::disk;
use crate::load;
use crate::new::compose::{self, Project};
use crate::new::{self, New, Wish};
use crate::problem::{Problems, Source};
use crate::site::Site;
use crate::yaml::{self, Node};

/// Arguments of `homebuild new`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "new stack notes --image ghcr.io/example/notes:1.4 --port 8080 --host notes",
    "new stack notes --from compose.yaml"
))]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A stack with one component
    #[command(after_help = examples!(
        "new stack notes --image ghcr.io/example/notes:1.4 --port 8080 --host notes",
        "new stack notes --from compose.yaml"
    ))]
    Stack {
        #[command(flatten)]
        component: Component,
        /// A Docker Compose file, whose services become components
        #[arg(long, value_name = "COMPOSE", conflicts_with_all = ["image", "port", "values"])]
        from: Option<PathBuf>,
    },
    /// A module of a stack, with a namespace of its own
    #[command(after_help = examples!("new module platform/registry --image registry:3.0 --port 5000"))]
    Module(Component),
    /// A layout: a template and the schema of its values
    #[command(after_help = examples!("new layout redirect"))]
    Layout {
        /// Its name
        name: String,
        /// Print what was made as JSON
        #[arg(long)]
        json: bool,
    },
}

/// A stack or module and its component.
#[derive(Debug, clap::Args)]
struct Component {
    /// Its name: NAME of a stack, STACK/NAME of a module
    name: String,
    /// The layout of its component
    #[arg(long, default_value = "app")]
    layout: String,
    /// The image, with its tag
    #[arg(long)]
    image: Option<String>,
    /// The port on which it listens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The host by which it is reached
    #[arg(long)]
    host: Option<String>,
    /// Any other value of the layout, as YAML (may be given several times)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = value)]
    values: Vec<(String, Node)>,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

/// A value of `--set`.
fn value(argument: &str) -> Result<(String, Node), String> {
    let (name, value) = argument.split_once('=').ok_or("it is written NAME=VALUE")?;
    let node = yaml::parse_one(&Source::new("--set", value)).map_err(|problem| problem.message)?;
    Ok((name.to_owned(), node))
}

pub(super) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    let (json, made) = match arguments.what {
        What::Stack { component, from } => {
            let (name, json, wish) = component.wish();
            let make_stack = |disk: &disk::Site, site: &Site| match from {
                Some(path) => compose::stack(disk, site, &name, &Project::read(&path)?, &wish),
                None => new::stack(disk, site, &name, &wish),
            };
            (json, make(root, make_stack))
        }
        What::Module(component) => {
            let (name, json, wish) = component.wish();
            (json, make(root, |disk, site| new::module(disk, site, &name, &wish)))
        }
        What::Layout { name, json } => (json, make(root, |_, site| new::layout(site, &name))),
    };
    tell(made, json, &["homebuild build"])
}

impl Component {
    fn wish(self) -> (String, bool, Wish) {
        let Self { name, layout, image, port, host, values, json } = self;
        (name, json, Wish { layout, image, port, host, values })
    }
}

/// Makes new files of a site and writes them.
fn make(root: &Path, make: impl FnOnce(&disk::Site, &Site) -> Result<New, Problems> + Send) -> Result<New, Problems> {
    let disk = disk::Site::open(root)?;
    let (config, sources, _) = load::shared(&disk)?;
    super::pool(0);
    // in the pool: this thread's own stack may be small
    let new = rayon::scope(|_| make(&disk, &Site::new(config, &sources)?))?;
    disk.add(&new.files)?;
    Ok(new)
}

/// Prints what was made, and the commands that come next.
pub(super) fn tell(made: Result<New, Problems>, json: bool, next: &[&str]) -> ExitCode {
    let failed = made.is_err();
    match made {
        made if json => super::json::print(&as_json(made, next)),
        Ok(New { files, warnings }) => {
            if !warnings.is_empty() {
                super::tell_problems(warnings, "");
            }
            let mut out = super::style::out().lock();
            for (path, _) in &files {
                let _ = writeln!(out, "made {path}");
            }
            for command in next {
                let _ = writeln!(out, "next: {command}");
            }
        }
        Err(problems) => super::tell_problems(problems, "; nothing was written"),
    }
    if failed { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS }
}

fn as_json(made: Result<New, Problems>, next: &[&str]) -> serde_json::Value {
    match made {
        Ok(New { files, warnings }) => super::json::done(json!({
            "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            "warnings": super::json::problems(warnings),
            "next": next,
        })),
        Err(problems) => super::json::failed(problems),
    }
}
