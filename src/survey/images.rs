//! What runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::out::Tree;
use crate::survey::{Named, list, objects, said};
use crate::yaml::{Data, Node};

/// An image and what runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// As the containers name it.
    pub image: String,
    /// How many containers do.
    pub containers: usize,
    /// The stacks that they are in.
    pub stacks: BTreeSet<String>,
    /// The objects that they are in.
    pub used_by: BTreeSet<Named>,
}

/// The images of pods, sorted; of a Helm release those that its values name, not those that the chart chooses.
#[must_use]
pub fn images(tree: &Tree) -> Vec<Image> {
    let mut images: BTreeMap<String, Image> = BTreeMap::new();
    for object in objects(tree) {
        let mut found = Vec::new();
        object.pod().into_iter().for_each(|pod| of_pod(pod, &mut found));
        object.chart_values().into_iter().for_each(|values| everywhere(values, &mut found));
        for image in found {
            let row = images.entry(image.clone()).or_insert_with(|| Image {
                image,
                containers: 0,
                stacks: BTreeSet::new(),
                used_by: BTreeSet::new(),
            });
            row.containers += 1;
            row.stacks.insert(object.stack.to_owned());
            row.used_by.insert(object.named());
        }
    }
    images.into_values().collect()
}

fn of_pod(pod: &Node, found: &mut Vec<String>) {
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        found.extend(list(pod, [key]).iter().filter_map(|container| said(container, ["image"])));
    }
}

/// The containers that values add to a chart, and the images by which they replace a chart's own, as charts are used to.
fn everywhere(values: &Node, found: &mut Vec<String>) {
    of_pod(values, found);
    match &values.data {
        Data::List(list) => list.iter().for_each(|item| everywhere(item, found)),
        Data::Map(map) => {
            found.extend(map.get("image").and_then(of_chart));
            map.iter().for_each(|(_, value)| everywhere(value, found));
        }
        _ => {}
    }
}

/// `{registry, repository, tag}` of a chart's values; an image without a repository is the chart's own.
fn of_chart(image: &Node) -> Option<String> {
    let repository = said(image, ["repository"])?;
    let registry = said(image, ["registry"]).map(|registry| registry + "/").unwrap_or_default();
    let tag = said(image, ["tag"]).map(|tag| format!(":{tag}")).unwrap_or_default();
    Some(format!("{registry}{repository}{tag}"))
}
