//! `homebuild schema`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::disk;
use crate::load;
use crate::problem::Problems;
use crate::schema::editor;
use crate::site::Site;

pub(super) fn run(root: &Path) -> ExitCode {
    match text(root) {
        Ok(text) => {
            let _ = super::style::out().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            super::tell_problems(problems, "");
            ExitCode::from(super::FAILED)
        }
    }
}

fn text(root: &Path) -> Result<String, Problems> {
    let disk = disk::Site::open(root)?;
    let (config, sources, _) = load::shared(&disk)?;
    Ok(editor(&Site::new(config, &sources)?.language()))
}
