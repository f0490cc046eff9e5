//! `.sops.yaml`: for whom a file is encrypted, and which of its values. Source: `config/config.go` of sops.
//!
//! The first rule whose `path_regex` matches the path of a file, from the folder of `.sops.yaml`, is the file's. What only
//! sops can do (PGP, a cloud's keys, several groups of keys) is told when a file shall be made; a file that is there opens
//! without it.

mod edit;

use std::sync::Arc;

use regex_lite::Regex;

use super::Recipient;
use crate::problem::{Place, Problem, Problems, Source, gather};
use crate::secrets::{DEFAULT_SUFFIX, OF_COMMENTS, OF_KEYS, Rules};
use crate::yaml::{self, Data, Map, Node};

/// The name of the file.
pub const NAME: &str = ".sops.yaml";

/// Keys of a rule that name keys which homebuild has not, and what they are.
const OTHERS: [(&str, &str); 8] = [
    ("pgp", "PGP"),
    ("kms", "AWS KMS"),
    ("gcp_kms", "Google Cloud KMS"),
    ("hckms", "Huawei Cloud KMS"),
    ("azure_keyvault", "Azure Key Vault"),
    ("azure_kv", "Azure Key Vault"),
    ("hc_vault_transit_uri", "HashiCorp Vault"),
    ("hc_vault", "HashiCorp Vault"),
];
/// A `.sops.yaml`.
#[derive(Debug)]
pub struct Config {
    source: Arc<Source>,
    rules: Vec<Node>,
}

/// What it says of one file.
#[derive(Debug)]
pub struct Rule {
    /// For whom the file is encrypted.
    pub recipients: Vec<Recipient>,
    /// The keys of the file's `sops:` that say which values are encrypted.
    pub which: Map,
}

impl Config {
    /// The rules of a `.sops.yaml`.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        let node = yaml::parse_one(source)?;
        let rules = match node.get("creation_rules").filter(|rules| !rules.is_null()) {
            None => Vec::new(),
            Some(rules) => {
                let list = rules.as_list().ok_or_else(|| wrong("`creation_rules` is a list of rules", rules))?;
                list.to_vec()
            }
        };
        Ok(Self { source: source.clone(), rules })
    }

    /// Its file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// What it says of a new file, whose path is that from its own folder.
    pub fn rule(&self, path: &str) -> Result<Rule, Problems> {
        let rule = &self.rules[self.index(path)?.ok_or_else(|| self.no_rule(path))?];
        let groups = groups(rule);
        if let [_, second, ..] = groups.as_slice() {
            return Err(only_sops("several groups of keys, of which a part opens a file", second).into());
        }
        let keys = groups.first().copied().unwrap_or(rule);
        if let Some((name, node)) = OTHERS.iter().find_map(|(key, name)| Some((name, said(keys, key)?))) {
            return Err(only_sops(&format!("keys of {name}"), node).into());
        }
        if let Some(node) = said(keys, "merge") {
            return Err(only_sops("groups of keys that are merged", node).into());
        }
        let recipients = gather(
            recipients(keys)?
                .into_iter()
                .map(|(text, place)| Recipient::parse(&text).map_err(|problem| Problems::from(problem.at(&place)))),
        )?;
        if recipients.is_empty() {
            return Err(wrong("this rule names nobody to encrypt for", rule)
                .note("give it `age:` with a recipient; `homebuild secrets init` makes a key")
                .into());
        }
        Ok(Rule { recipients, which: which(rule)? })
    }

    /// The recipients of age that a file's rule names, as they stand there; none where no rule is for it.
    pub fn named(&self, path: &str) -> Result<Vec<String>, Problems> {
        let Some(index) = self.index(path)? else { return Ok(Vec::new()) };
        Ok(self.named_by(index)?)
    }

    fn named_by(&self, index: usize) -> Result<Vec<String>, Problem> {
        let rule = &self.rules[index];
        let keys = groups(rule).first().copied().unwrap_or(rule);
        Ok(recipients(keys)?.into_iter().map(|(text, _)| text).collect())
    }

    /// The first rule that is for a file.
    fn index(&self, path: &str) -> Result<Option<usize>, Problem> {
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(node) = said(rule, "path_regex") else { return Ok(Some(index)) };
            let text = node.as_str().ok_or_else(|| wrong("`path_regex` is a text", node))?;
            let regex = Regex::new(text).map_err(|error| {
                wrong("this is no regular expression that homebuild can read", node)
                    .label(error.to_string())
                    .note("it knows no `\\p{..}`, no `\\Q..\\E` and no classes in classes")
            })?;
            if regex.is_match(path) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn no_rule(&self, path: &str) -> Problem {
        Problem::error("sops-config", format!("no rule of `{}` is for `{path}`", self.source.path))
            .at(&Place::file(&self.source))
            .note(format!("add one below `creation_rules`: path_regex: ^{}$", regex_lite::escape(path)))
    }
}

/// The text of a `.sops.yaml` for the secrets files of a site, which these can open.
#[must_use]
pub fn text(recipients: &[Recipient]) -> String {
    let lines: Vec<String> = recipients.iter().map(|recipient| format!("      {recipient}")).collect();
    format!(
        "# Who can open the secrets of this site: sops and homebuild encrypt for these.\n\
         stores: {{yaml: {{indent: 2}}}}\n\
         creation_rules:\n  \
         - path_regex: \\.sops\\.yaml$\n    \
         age: >-\n{}\n",
        lines.join(",\n")
    )
}

/// The groups of keys of a rule; where there are any, they alone count.
fn groups(rule: &Node) -> Vec<&Node> {
    rule.get("key_groups").and_then(Node::as_list).unwrap_or_default().iter().collect()
}

/// The recipients of age in a rule or a group, each with its place: text with commas, or a list of such.
fn recipients(keys: &Node) -> Result<Vec<(String, Place)>, Problem> {
    let Some(age) = said(keys, "age") else { return Ok(Vec::new()) };
    let texts: Vec<&Node> = match &age.data {
        Data::Str(_) => vec![age],
        Data::List(list) => list.iter().collect(),
        _ => return Err(wrong("`age` is text with commas, or a list", age)),
    };
    let mut all = Vec::new();
    for node in texts {
        let text = node.as_str().ok_or_else(|| wrong("a recipient is a text", node))?;
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        all.extend(parts.map(|part| (part.to_owned(), node.place.clone())));
    }
    Ok(all)
}

/// What a new file's `sops:` says of which values are encrypted.
fn which(rule: &Node) -> Result<Map, Problems> {
    if let Some(node) = OF_COMMENTS.iter().find_map(|key| said(rule, key)) {
        return Err(only_sops("a rule that goes by comments", node).into());
    }
    let mut map = Map::default();
    for (key, node) in OF_KEYS.iter().filter_map(|key| Some((key, said(rule, key)?))) {
        map.set(*key, node.clone());
    }
    if map.is_empty() {
        map.set("unencrypted_suffix", Node::text(DEFAULT_SUFFIX, &rule.place));
    }
    // the same that is read in the file: one at most, and a regular expression that can be read
    Rules::read(&Node::new(Data::Map(map.clone()), &rule.place))?;
    match said(rule, "mac_only_encrypted").map(|node| (&node.data, node)) {
        Some((Data::Bool(true), node)) => map.set("mac_only_encrypted", node.clone()),
        None | Some((Data::Bool(false), _)) => {}
        Some((_, node)) => return Err(wrong("`mac_only_encrypted` is true or false", node).into()),
    }
    Ok(map)
}

/// What a key says; as in sops an empty text or list says nothing.
fn said<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let is_empty = |node: &&Node| match &node.data {
        Data::Null => true,
        Data::Str(text) => text.trim().is_empty(),
        Data::List(list) => list.is_empty(),
        _ => false,
    };
    node.get(key).filter(|node| !is_empty(node))
}

fn wrong(message: &str, node: &Node) -> Problem {
    Problem::error("sops-config", message).at(&node.place)
}

fn only_sops(what: &str, node: &Node) -> Problem {
    wrong(&format!("this rule has {what}, which only `sops` can use"), node)
        .note("make the file with `sops edit FILE`; homebuild opens and changes it as long as one age key opens it")
}

#[cfg(test)]
mod tests;
