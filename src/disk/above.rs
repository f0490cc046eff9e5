//! The nearest file of a name from a file upwards, as tools find their configuration.

use std::path::Path;
use std::sync::Arc;

use super::{Seen, Site};
use crate::problem::{Problem, Problems, Source};

/// Folders that are looked into above a site, as in sops.
const DEEPEST: usize = 100;

/// A file that was found so.
#[derive(Debug)]
pub struct Above {
    /// The file; its path is that below the site, or the whole one where it lies above.
    pub source: Arc<Source>,
    /// The path of the file that it was looked for, from the folder that it was found in.
    pub path: String,
    /// Whether it belongs to the site.
    pub is_inside: bool,
}

/// The file `name` that is nearest to a file of a site: in its folder, in the folders above it, and above the site.
pub fn nearest(site: &Site, root: &Path, file: &str, name: &str) -> Result<Option<Above>, Problems> {
    let ends = file.match_indices('/').map(|(at, _)| at + 1).rev().chain([0]);
    for end in ends {
        if let Some(source) = site.file(&format!("{}{name}", &file[..end]), &mut Seen::new())? {
            return Ok(Some(Above { source, path: file[end..].to_owned(), is_inside: true }));
        }
    }
    let whole = std::fs::canonicalize(root).map_err(|error| unreadable(root, &error))?;
    for folder in whole.ancestors().skip(1).take(DEEPEST) {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let below = whole.strip_prefix(folder).unwrap_or(&whole).join(file);
                let source = Source::new(path.display().to_string(), text);
                return Ok(Some(Above { source, path: below.display().to_string(), is_inside: false }));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&path, &error).into()),
        }
    }
    Ok(None)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::error("unreadable", format!("cannot read `{}`: {}", path.display(), error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_file_upwards_is_found_also_above_the_site() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        fs::create_dir_all(root.join("a/b")).unwrap();
        let found = |file: &str| {
            let above = nearest(&Site::open(&root).unwrap(), &root, file, ".x.yaml").unwrap()?;
            Some((above.source.text.clone(), above.path, above.is_inside))
        };
        fs::write(folder.path().join(".x.yaml"), "above").unwrap();
        assert_eq!(found("a/b/c"), Some(("above".to_owned(), "site/a/b/c".to_owned(), false)));
        fs::write(root.join(".x.yaml"), "top").unwrap();
        fs::write(root.join("a/.x.yaml"), "a").unwrap();
        assert_eq!(found("a/b/c"), Some(("a".to_owned(), "b/c".to_owned(), true)));
        assert_eq!(found("c"), Some(("top".to_owned(), "c".to_owned(), true)));
    }
}
