//! `patches`: the last resort, applied to normalised objects.

use crate::document::Document;
use crate::kubernetes::{merge::overlay, patch};
use crate::problem::{Problem, Problems};
use crate::render::{Made, documents};
use crate::site::Site;
use crate::yaml::Node;

/// Whether a patch is meant for objects of this kind and name.
#[must_use]
pub fn is_target(patch: &Node, kind: &str, name: &str) -> bool {
    let text = |key| patch.at(["target", key]).and_then(Node::as_str);
    text("kind") == Some(kind) && text("name").is_none_or(|wanted| wanted == name)
}

/// Applies patches in their order. One without a target or without a change is an error.
pub(super) fn apply(site: &Site, patches: &[&Node], made: &mut [Made]) -> Problems {
    let mut problems = Problems::new();
    for one in patches {
        let text = |key| one.at(["target", key]).and_then(Node::as_str);
        let (kind, name) = (text("kind").unwrap_or_default(), text("name"));
        let place = one.get("target").map_or(&one.place, |target| &target.place);
        let mut found = false;
        for Made { document, .. } in made.iter_mut() {
            let Document::Object { identity, object } = &*document else { continue };
            if !is_target(one, &identity.kind, &identity.name) {
                continue;
            }
            found = true;
            match patched(site, identity, object, one) {
                Ok(object) if same(&object, document) => {
                    let message = format!("this patch changes nothing in {}", document.label());
                    problems.push(Problem::error("patch", message).at(place).label("take it away"));
                }
                Ok(object) => {
                    if let Some(changed) = problems.take(documents::again(site, object)) {
                        *document = changed;
                    }
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        if !found {
            let wanted = name.map_or_else(|| kind.to_owned(), |name| format!("{kind} `{name}`"));
            problems.push(Problem::error("patch", format!("nothing here makes a {wanted} to patch")).at(place));
        }
    }
    problems
}

fn patched(
    site: &Site,
    identity: &crate::kubernetes::identity::Identity,
    object: &Node,
    one: &Node,
) -> Result<Node, Problems> {
    if let Some(merge) = one.get("merge").filter(|merge| !merge.is_null()) {
        let of = site.kinds.kind(&identity.api_version, &identity.kind).and_then(|kind| site.kinds.type_of(kind));
        return Ok(overlay(&site.kinds, of, object.clone(), merge.clone()));
    }
    match one.get("json").filter(|json| !json.is_null()) {
        Some(json) => Ok(patch::apply(object.clone(), json)?),
        None => Err(Problem::error("patch", "a patch has `merge` or `json`").at(&one.place).into()),
    }
}

/// Whether two objects are the same data, wherever it stands.
fn same(object: &Node, document: &Document) -> bool {
    matches!(document, Document::Object { object: before, .. } if patch::is_same(before, object))
}
