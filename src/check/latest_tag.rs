//! `latest-tag`: an image without a tag, or with the tag `latest`.

use super::subject::text;
use super::{Check, Finding, Module, Object, Of, Run, Verdict};

pub(super) const CHECK: Check = Check {
    name: "latest-tag",
    default: Verdict::Warn,
    means: "A container's image has no tag, or the tag `latest`. A digest is as good as a tag.",
    matters: "What runs is whatever was pushed last when a node pulled it: two pods of one workload can differ, \
              nothing shows\nin a diff when it changes, and going back does not bring back what ran.",
    fix: "give the version, `image: nginx:1.29`, or a digest.",
    run: Run::Object(run),
};

fn run<'a>(object: &Object<'a>, _: &Module<'a>, found: &mut Vec<Finding<'a>>) {
    for container in object.containers() {
        let Some(image) = container.node.get("image").and_then(text).filter(|image| is_latest(image)) else { continue };
        let message = format!("the image `{image}` has no fixed version");
        found.push(object.finding_in(container, message, Of::Key("image", image)));
    }
}

fn is_latest(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    #[test]
    fn a_port_of_a_registry_is_no_tag() {
        for image in ["nginx", "nginx:latest", "registry:5000/nginx", "registry:5000/nginx:latest"] {
            assert!(is_latest(image), "{image}");
        }
        for image in ["nginx:1", "registry:5000/nginx:1", "nginx@sha256:0a", "nginx:latest@sha256:0a"] {
            assert!(!is_latest(image), "{image}");
        }
    }
}
