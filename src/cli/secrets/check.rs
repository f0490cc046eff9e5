//! `homebuild secrets check`

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::Answer;
use crate::cli::count;
use crate::secrets::reference::path_text;

/// Arguments of `homebuild secrets check`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("secrets check"))]
pub(super) struct Arguments {
    /// Print it as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(root: &Path) -> Answer {
    super::warn_of_exposed(&super::keys());
    let vault = super::vault(root)?;
    let mut text = String::new();
    let mut files = Vec::new();
    for file in vault.files() {
        let names: Vec<String> = file.values().map(|(path, _)| path_text(&path)).collect();
        let readers: Vec<String> = file.readers().into_iter().map(|reader| reader.recipient).collect();
        let _ = writeln!(text, "{}: {}, the MAC is right", file.path(), count(names.len(), "value"));
        for reader in readers.iter().chain(&file.other_readers()) {
            let _ = writeln!(text, "    for {reader}");
        }
        files
            .push(json!({"file": file.path(), "values": names, "recipients": readers, "others": file.other_readers()}));
    }
    if files.is_empty() {
        text.push_str("this site has no secrets file; `homebuild secrets init` makes one\n");
    }
    Ok((json!({"files": files}), text))
}
