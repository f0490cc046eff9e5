//! What containers ask for, as the tier's defaults complete it.

use super::subject::{Container, text};
use crate::kubernetes::quantity::Quantity;
use crate::yaml::Node;

/// The resources that a tier's defaults are about.
pub(super) const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// An amount and its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount<'a> {
    pub(super) quantity: Quantity,
    pub(super) text: &'a str,
}

/// An amount in a map; none where it is not there, or no quantity.
pub(super) fn amount<'a>(map: Option<&'a Node>, resource: &str) -> Option<Amount<'a>> {
    let text = map?.get(resource).and_then(text)?;
    Some(Amount { quantity: Quantity::parse(text)?, text })
}

/// What a container's own words ask for.
pub(super) fn own<'a>(container: Container<'a>, which: &str) -> Option<&'a Node> {
    container.node.get("resources")?.get(which)
}

/// A container's limit: its own, or the tier's default.
pub(super) fn limit<'a>(container: Container<'a>, tier: Option<&'a Node>, resource: &str) -> Option<Amount<'a>> {
    amount(own(container, "limits"), resource).or_else(|| amount(tier.and_then(|tier| tier.get("default")), resource))
}

/// A container's request: its own, its own limit, or the tier's default.
pub(super) fn request<'a>(container: Container<'a>, tier: Option<&'a Node>, resource: &str) -> Option<Amount<'a>> {
    let default = |key: &str| amount(tier.and_then(|tier| tier.get(key)), resource);
    amount(own(container, "requests"), resource)
        .or_else(|| amount(own(container, "limits"), resource))
        .or_else(|| default("defaultRequest"))
        .or_else(|| default("default"))
}
