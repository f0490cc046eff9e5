//! What a chart was rendered to, as a tree of files that can be compared like `out/`.

use crate::diff::Tree;
use crate::kubernetes::identity::Identity;
use crate::kubernetes::kinds::Kinds;
use crate::problem::Source;
use crate::yaml::{Node, emit, parse};

use super::mask::Mask;

/// Which objects they are is no secret.
const NAMES: [&[&str]; 4] = [&["apiVersion"], &["kind"], &["metadata", "name"], &["metadata", "namespace"]];

/// The objects of a manifest as files below a folder, `stack/module`, without the secrets of the release. `namespace` is
/// the release's.
pub(super) fn tree(manifest: &str, folder: &str, namespace: &str, kinds: &Kinds, mask: &Mask) -> Tree {
    documents(manifest).flat_map(|text| files(text, folder, namespace, kinds, mask)).collect()
}

/// The texts between lines that begin with `---`.
fn documents(manifest: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(manifest.strip_prefix("---").unwrap_or(manifest));
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (document, after) = text.split_once("\n---").map_or((text, None), |(a, b)| (a, Some(b)));
        rest = after;
        Some(document)
    })
}

fn files(text: &str, folder: &str, namespace: &str, kinds: &Kinds, mask: &Mask) -> Vec<(String, String)> {
    let Ok(nodes) = parse(&Source::new("manifest", text)) else {
        // what is not to be read here may be a secret: that it changes is seen, and no more
        return vec![(format!("{folder}/{}.txt", template(text)), text.to_owned())];
    };
    let file = |mut node: Node| {
        let identity = Identity::read(&node).ok();
        let name = identity.map(|identity| identity.file_name(kinds, Some(namespace)));
        let name = name.unwrap_or_else(|| format!("{}.yaml", template(text)));
        hide(&mut node, mask);
        (format!("{folder}/{name}"), emit(&node))
    };
    nodes.into_iter().filter(|node| node.as_map().is_some_and(|map| !map.is_empty())).map(file).collect()
}

/// The objects of these kinds that helm deletes with the release, in words: not those that it is told to keep.
pub(super) fn deleted(manifest: &str, kinds: &[&str]) -> Vec<String> {
    let of = |text: &str| match parse(&Source::new("manifest", text)) {
        Ok(nodes) => nodes.iter().flat_map(|node| named(node, kinds)).collect(),
        // what is not to be read here may be one of them
        Err(_) if kinds.iter().any(|kind| text.contains(kind)) => vec![format!("what {} makes", template(text))],
        Err(_) => Vec::new(),
    };
    documents(manifest).flat_map(of).collect()
}

fn named(node: &Node, kinds: &[&str]) -> Vec<String> {
    let text = |path: [&str; 2]| node.at(path).and_then(Node::as_str).unwrap_or_default();
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or_default();
    if kind == "List" {
        // helm asks no annotation inside of it
        let items = node.get("items").and_then(Node::as_list).unwrap_or_default();
        return items.iter().flat_map(|item| named(item, kinds)).collect();
    }
    let policy = node.at(["metadata", "annotations", "helm.sh/resource-policy"]).and_then(Node::as_str);
    let is_kept = policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"));
    let is_one = kinds.contains(&kind) && !is_kept;
    is_one.then(|| format!("{kind} {}", text(["metadata", "name"]))).into_iter().collect()
}

fn hide(node: &mut Node, mask: &Mask) {
    let names: Vec<Option<Node>> = NAMES.iter().map(|path| node.at(path.iter().copied()).cloned()).collect();
    mask.tree(node);
    for (path, name) in NAMES.iter().zip(names) {
        let (Some(name), Some((last, above))) = (name, path.split_last()) else { continue };
        let map = above.iter().try_fold(&mut *node, |node, key| node.as_map_mut()?.get_mut(key));
        if let Some(map) = map.and_then(Node::as_map_mut) {
            map.set(*last, name);
        }
    }
}

/// The template that a text was rendered from, as helm notes it above: `traefik/templates/deployment.yaml`.
fn template(text: &str) -> &str {
    let noted = text.lines().find_map(|line| line.strip_prefix("# Source: "));
    noted.map_or("unknown", str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 2] = ["PersistentVolumeClaim", "Namespace"];

    #[test]
    fn what_goes_with_a_release_is_named_but_for_what_helm_keeps() {
        let claim = |name: &str, more: &str| {
            format!("---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}{more}}}\n")
        };
        let keep = |word: &str| format!(", annotations: {{helm.sh/resource-policy: {word}}}");
        let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
        let all = claim("data", "") + config + &claim("kept", &keep("keep")) + &claim("also", &keep("' Keep '"));
        assert_eq!(deleted(&all, &KINDS), ["PersistentVolumeClaim data"]);
    }

    #[test]
    fn what_goes_with_a_release_is_named_inside_of_a_list_and_where_it_cannot_be_read() {
        let list = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Namespace, metadata: {name: more}}]\n";
        let broken = "# Source: web/templates/claim.yaml\nkind: PersistentVolumeClaim\nmetadata: {{\n";
        let other = "# Source: web/templates/other.yaml\nkind: ConfigMap\nmetadata: {{\n";
        let all = format!("{list}---\n{broken}---\n{other}");
        assert_eq!(deleted(&all, &KINDS), ["Namespace more", "what web/templates/claim.yaml makes"]);
    }
}
