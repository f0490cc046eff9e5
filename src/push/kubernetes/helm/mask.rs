//! The secrets of a release, and texts without them.

use serde_json::Value;
use zeroize::Zeroizing;

use super::installed::Installed;
use super::release::Release;
use super::values::{Path, Values};
use crate::secrets::text::base64;
use crate::yaml::{Data, Node};

/// Shorter ones are masked only where they are all of a value: what else has them is chance.
const SHORT: usize = 4;

/// What stands in place of a secret: the same before and now, only before, only now.
const MARKS: [&str; 3] = ["(secret)", "(secret, before)", "(secret, now)"];

/// Secrets, and what is shown in their place.
pub(super) struct Mask(Vec<(Zeroizing<String>, &'static str)>);

impl Mask {
    /// The secrets of a release, and those of what is installed of it: at the paths that are secret now, and wherever a
    /// key says so.
    pub fn of(release: &Release, installed: Option<&Installed>) -> Self {
        let paths: Vec<Path> = release.secret.leaves().into_iter().map(|(path, _)| path).collect();
        let is_secret = |path: &Path| paths.iter().any(|secret| secret.touches(path)) || path.sounds_secret();
        let now = texts(&release.secret, |_| true);
        let before = installed.map_or_else(Vec::new, |installed| texts(&installed.values, is_secret));
        let mut all = Vec::new();
        for (texts, others, mark) in [(&now, &before, MARKS[2]), (&before, &now, MARKS[1])] {
            for text in texts {
                let mark = if installed.is_none() || others.contains(text) { MARKS[0] } else { mark };
                all.extend(forms(text).into_iter().map(|form| (form, mark)));
            }
        }
        // the longest first: one secret may hold another
        all.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        all.dedup_by(|a, b| a.0 == b.0);
        Self(all)
    }

    /// A text without them.
    pub fn text(&self, text: &str) -> String {
        if let Some((_, mark)) = self.0.iter().find(|(secret, _)| secret.as_str() == text) {
            return (*mark).to_owned();
        }
        let long = self.0.iter().filter(|(secret, _)| secret.len() >= SHORT);
        long.fold(text.to_owned(), |text, (secret, mark)| text.replace(secret.as_str(), mark))
    }

    /// Takes them out of a tree.
    pub fn tree(&self, node: &mut Node) {
        match &mut node.data {
            Data::Str(text) => *text = self.text(text).into(),
            Data::Int(number) => self.number(&number.to_string(), node),
            Data::Float(number) => self.number(&number.to_string(), node),
            Data::List(list) => list.iter_mut().for_each(|node| self.tree(node)),
            Data::Map(map) => {
                for entry in &mut map.0 {
                    entry.key = self.key(&entry.key).into();
                    self.tree(&mut entry.value);
                }
            }
            Data::Null | Data::Removed | Data::Bool(_) => {}
        }
    }

    /// Keys say what a value is: only what is long enough to be no word is taken out of them.
    fn key(&self, key: &str) -> String {
        let long = self.0.iter().filter(|(secret, _)| secret.len() >= 2 * SHORT);
        long.fold(key.to_owned(), |key, (secret, mark)| key.replace(secret.as_str(), mark))
    }

    fn number(&self, text: &str, node: &mut Node) {
        if let Some((_, mark)) = self.0.iter().find(|(secret, _)| secret.len() >= SHORT && secret.as_str() == text) {
            *node = Node::text(*mark, &node.place);
        }
    }
}

/// The texts and numbers at paths, in lists too.
fn texts(values: &Values, is_wanted: impl Fn(&Path) -> bool) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    for (_, value) in values.leaves().into_iter().filter(|(path, _)| is_wanted(path)) {
        gather(value, &mut found);
    }
    found
}

fn gather(value: &Value, found: &mut Vec<Zeroizing<String>>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(Zeroizing::new(text.clone())),
        Value::Number(number) => found.push(Zeroizing::new(number.to_string())),
        Value::Array(list) => list.iter().for_each(|value| gather(value, found)),
        Value::Object(map) => map.values().for_each(|value| gather(value, found)),
        _ => {}
    }
}

/// What a secret looks like where a chart or an error has it: as it is, its lines, in quotes, in base64.
fn forms(text: &str) -> Vec<Zeroizing<String>> {
    let quoted = Value::from(text).to_string();
    let mut forms = vec![text.to_owned(), text.trim().to_owned(), quoted[1..quoted.len() - 1].to_owned()];
    forms.extend(text.lines().map(str::trim).filter(|line| line.len() >= 2 * SHORT).map(str::to_owned));
    forms.push(base64(text.as_bytes()));
    forms.push(base64(text.trim().as_bytes()));
    forms.into_iter().map(Zeroizing::new).collect()
}
