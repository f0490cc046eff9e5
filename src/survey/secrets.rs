//! The secrets that `out/` refers to: their names, never a value or a fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::problem::{Place, Problem, Problems};
use crate::secrets::reference::{Piece, Reference, pieces, write_path};
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
    /// What push makes of it on the way: `b64encode`, `bcrypt(10)`.
    pub filters: BTreeSet<String>,
    /// Whether `site.lock` refers to it: push itself needs it.
    pub site: bool,
}

/// The secrets, sorted. What only begins like a reference is a problem.
pub fn secrets(tree: &Tree) -> Result<Vec<Secret>, Problems> {
    let mut found: BTreeMap<String, Secret> = BTreeMap::new();
    let mut problems = Problems::new();
    for reference in tree.site.iter().flat_map(|site| of_value(site, &mut problems)) {
        entry(&mut found, reference).site = true;
    }
    for (stack, file) in tree.stacks.iter().flat_map(|stack| stack.files.iter().map(move |file| (stack, file))) {
        let references = match &file.value {
            Some(value) => of_value(value, &mut problems),
            None => of_text(&file.source.text, &Place::file(&file.source), &mut problems),
        };
        let mut names = BTreeSet::new();
        for reference in references {
            let secret = entry(&mut found, reference);
            secret.stacks.insert(stack.name.clone());
            secret.files += usize::from(names.insert(secret.secret.clone()));
        }
    }
    problems.or(found.into_values().collect())
}

/// The row of a reference's secret, with the reference's filters.
fn entry(found: &mut BTreeMap<String, Secret>, reference: Reference) -> &mut Secret {
    let mut path = String::new();
    let _ = write_path(&mut path, reference.path.iter().map(String::as_str)); // a String takes everything
    let secret = found.entry(path.clone()).or_insert_with(|| Secret {
        secret: path,
        stacks: BTreeSet::new(),
        files: 0,
        filters: BTreeSet::new(),
        site: false,
    });
    secret.filters.extend(reference.filters);
    secret
}

/// All references in a value's texts and keys.
fn of_value(node: &Node, problems: &mut Problems) -> Vec<Reference> {
    match &node.data {
        Data::Str(text) => of_text(text, &node.place, problems),
        Data::List(list) => list.iter().flat_map(|value| of_value(value, problems)).collect(),
        Data::Map(map) => {
            let mut found = Vec::new();
            for entry in &map.0 {
                found.extend(of_text(&entry.key, &entry.place, problems));
                found.extend(of_value(&entry.value, problems));
            }
            found
        }
        _ => Vec::new(),
    }
}

fn of_text(text: &str, place: &Place, problems: &mut Problems) -> Vec<Reference> {
    let told = |message| Problem::error("reference", message).at(place);
    let pieces = problems.take(pieces(text).map_err(told)).unwrap_or_default();
    let reference = |piece| if let Piece::Reference(reference) = piece { Some(reference) } else { None };
    pieces.into_iter().filter_map(reference).collect()
}
