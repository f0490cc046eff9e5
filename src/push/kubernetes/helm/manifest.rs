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
