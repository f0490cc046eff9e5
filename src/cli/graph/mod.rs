//! `homebuild graph`

mod dot;
mod mermaid;
mod svg;
mod text;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::disk;
use crate::out;
use crate::problem::Problems;
use crate::survey::{self, Graph, Stack};

/// Arguments of `homebuild graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "graph",
    "graph --format svg > graph.svg",
    "graph --format mermaid         # to put into Markdown"
))]
pub(super) struct Arguments {
    /// As what it is drawn
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table of waves and tiers
    Text,
    /// For Markdown that draws it: GitHub, Forgejo
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
    /// For programs
    Json,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    let format = if arguments.json { Format::Json } else { arguments.format };
    super::answer(format == Format::Json, drawn(root, format))
}

/// The graph: as JSON and as it is drawn.
fn drawn(root: &Path, format: Format) -> Result<(Value, String), Problems> {
    let tree = out::read(&disk::Site::open(root)?)?;
    let graph = survey::graph(&tree)?;
    let text = match format {
        Format::Text => text::draw(&graph),
        Format::Mermaid => mermaid::draw(&graph),
        Format::Dot => dot::draw(&graph),
        Format::Svg => svg::draw(&graph, false),
        Format::Json => String::new(),
    };
    Ok((json!(graph), text))
}

/// The graph as a picture in a page, each stack with a link to its place there.
pub(super) fn picture(graph: &Graph) -> String {
    svg::draw(graph, true)
}

/// Fills on which black can be read, and which can be told from one another on white and on black.
const COLOURS: [&str; 8] = ["#f4a582", "#7fb8e0", "#9ccf6a", "#f7ce5b", "#c3a3dc", "#6cc7b8", "#f2a3cc", "#c0b090"];
/// Of a stack without a tier.
const PLAIN: &str = "#b8bec6";

/// The colours of a stack: one for each of its tiers.
fn colours(tiers: &BTreeSet<&str>, stack: &Stack) -> Vec<&'static str> {
    let colour = |tier: &String| tiers.iter().position(|known| known == tier).map(|at| COLOURS[at % COLOURS.len()]);
    let found: Vec<&str> = stack.tiers.iter().filter_map(colour).collect();
    if found.is_empty() { vec![PLAIN] } else { found }
}

/// The tiers with their colours.
fn legend<'a>(tiers: &BTreeSet<&'a str>) -> Vec<(&'a str, &'static str)> {
    tiers.iter().enumerate().map(|(at, tier)| (*tier, COLOURS[at % COLOURS.len()])).collect()
}

/// The number of a stack, for names that need no escaping.
fn number(graph: &Graph, name: &str) -> usize {
    graph.stacks.iter().position(|stack| stack.stack == name).unwrap_or_default()
}

/// `19 stacks in 3 waves`
fn summary(graph: &Graph) -> String {
    let waves = graph.stacks.last().map_or(0, |stack| stack.wave + 1);
    format!("{} in {}", super::count(graph.stacks.len(), "stack"), super::count(waves, "wave"))
}
