//! The secrets that `out/` refers to: their names, never a value or a fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::problem::{Place, Problem, Problems};
use crate::secrets::reference::{Piece, pieces, write_path};
use crate::yaml::{Data, Node};

/// A secret and who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Its keys: `tls.key`.
    pub secret: String,
    /// The stacks that refer to it, sorted.
    pub stacks: BTreeSet<String>,
    /// How many files of them do.
    pub files: usize,
    /// Whether `site.lock` does: push itself needs it.
    pub site: bool,
}

/// The secrets, sorted. What only begins like a reference is a problem.
pub fn secrets(tree: &Tree) -> Result<Vec<Secret>, Problems> {
    let mut found: BTreeMap<String, Secret> = BTreeMap::new();
    let mut problems = Problems::new();
    for path in tree.site.iter().flat_map(|site| of_value(site, &mut problems)) {
        entry(&mut found, path).site = true;
    }
    for stack in &tree.stacks {
        for file in &stack.files {
            let paths = match &file.value {
                Some(value) => of_value(value, &mut problems),
                None => of_text(&file.source.text, &Place::file(&file.source), &mut problems),
            };
            for path in paths {
                let secret = entry(&mut found, path);
                secret.files += 1;
                secret.stacks.insert(stack.name.clone());
            }
        }
    }
    problems.or(found.into_values().collect())
}

fn entry(found: &mut BTreeMap<String, Secret>, path: String) -> &mut Secret {
    let none = Secret { secret: path.clone(), stacks: BTreeSet::new(), files: 0, site: false };
    found.entry(path).or_insert(none)
}

/// The paths of all references in a value's texts and keys.
fn of_value(node: &Node, problems: &mut Problems) -> BTreeSet<String> {
    match &node.data {
        Data::Str(text) => of_text(text, &node.place, problems),
        Data::List(list) => list.iter().flat_map(|value| of_value(value, problems)).collect(),
        Data::Map(map) => {
            let both = |e: &crate::yaml::Entry| {
                let mut paths = of_text(&e.key, &e.place, problems);
                paths.extend(of_value(&e.value, problems));
                paths
            };
            map.0.iter().flat_map(both).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn of_text(text: &str, place: &Place, problems: &mut Problems) -> BTreeSet<String> {
    let told = |message| Problem::error("reference", message).at(place);
    let pieces = problems.take(pieces(text).map_err(told)).unwrap_or_default();
    let path = |piece| match piece {
        Piece::Reference(reference) => {
            let mut path = String::new();
            write_path(&mut path, reference.path.iter().map(String::as_str)).ok().map(|()| path)
        }
        Piece::Text(_) => None,
    };
    pieces.into_iter().filter_map(path).collect()
}
