//! `homebuild explain`

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::style::{BOLD, DIM, paint, width};
use super::table::table;
use crate::explain::{Explanation, Used, explain};
use crate::problem::Problems;

/// Fields of a value that are listed before the rest is only counted.
const LISTED: usize = 3;

/// Arguments of `homebuild explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "explain out/immich/immich/ingress.immich.yaml",
    "explain Deployment/immich-server",
    "explain Deployment/immich-server spec.template.spec",
    "explain Secret/tls-secret --namespace immich"
))]
pub(super) struct Arguments {
    /// A file of out/, or an object as KIND/NAME
    #[arg(value_name = "PATH|KIND/NAME", value_hint = clap::ValueHint::FilePath)]
    what: String,
    /// Only the values that can be seen in this field: spec.rules
    #[arg(value_name = "FIELD")]
    field: Option<String>,
    /// The namespace or the stack of KIND/NAME, where several have one
    #[arg(long, value_name = "NAME", add = super::complete::stacks())]
    namespace: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    super::pool(0);
    super::answer(arguments.json, rayon::scope(|_| explained(root, arguments)))
}

fn explained(root: &Path, arguments: &Arguments) -> Result<(Value, String), Problems> {
    let Arguments { what, field, namespace, .. } = arguments;
    let explanation = explain(root, what, namespace.as_deref(), field.as_deref())?;
    Ok((json!(explanation), text(&explanation)))
}

fn text(told: &Explanation) -> String {
    let mut text = format!("{}\n", paint(BOLD, &told.object));
    let mut line = |word: &str, said: &str| {
        if !said.is_empty() {
            _ = writeln!(text, "  {}{said}", paint(DIM, &format!("{word:<11}")));
        }
    };
    let module = if told.module == told.stack { String::new() } else { format!(", module {}", told.module) };
    line("file", &told.file);
    line("stack", &format!("{}{module}", told.stack));
    line("component", &format!("{}, {}", told.component, told.place));
    line("instance", told.instance.as_deref().unwrap_or_default());
    line("layout", &format!("{}, {}", told.layout, told.template));
    line("written at", told.document.as_deref().unwrap_or_default());
    line("partials", &told.partials.join(", "));
    line("schema", &told.schema);
    line("files", &told.files.join(", "));
    line("patches", &told.patches.join(", "));
    if !told.values.is_empty() {
        let rows: Vec<[String; 3]> = told.values.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(["value", "given at", "seen in"], &rows, width()));
    }
    text
}

fn row(used: &Used) -> [String; 3] {
    let shown = used.fields.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let fields = match used.fields.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    };
    [used.value.clone(), used.place.clone(), fields]
}
