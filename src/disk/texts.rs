//! Texts from anywhere: what a person names on the command line, which may lie outside of the site.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::problem::{Problem, Problems, Source};

/// A file's text, or that of every file of a folder whose name ends so (`.json`), sorted by path.
pub fn texts(path: &Path, ends: &[&str]) -> Result<Vec<Arc<Source>>, Problems> {
    let mut files = Vec::new();
    let unreadable = |path: &Path, error: &std::io::Error| {
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or_default().to_lowercase();
        Problem::error("unreadable", format!("cannot read `{}`: {why}", path.display()))
    };
    find(path, ends, &mut files).map_err(|error| unreadable(path, &error))?;
    files.sort();
    let mut problems = Problems::new();
    let read = |file: &PathBuf| fs::read_to_string(file).map_err(|error| unreadable(file, &error));
    let texts = files.iter().filter_map(|file| {
        let text = problems.take(read(file))?;
        Some(Source::new(file.display().to_string(), text))
    });
    let texts = texts.collect();
    problems.or(texts)
}

fn find(path: &Path, ends: &[&str], files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_text = || ends.iter().any(|end| entry.file_name().to_string_lossy().ends_with(end));
        // a link to a folder may lead in a circle
        if entry.file_type()?.is_dir() {
            find(&entry.path(), ends, files)?;
        } else if is_text() {
            files.push(entry.path());
        }
    }
    Ok(())
}
