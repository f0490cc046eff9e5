//! The graph as a table.

use super::super::style::width;
use super::super::table::table;
use crate::survey::{Graph, Stack};

/// Columns where there is no terminal.
const WIDTH: usize = 100;

pub(super) fn draw(graph: &Graph) -> String {
    let mut rows = Vec::new();
    for group in graph.groups() {
        let mut tiers: Vec<(&str, Vec<&str>)> = Vec::new();
        for stack in group.stacks {
            let tier = tier(stack);
            match tiers.iter_mut().find(|(known, _)| *known == tier) {
                Some((_, names)) => names.push(&stack.stack),
                None => tiers.push((tier, vec![&stack.stack])),
            }
        }
        for (number, (tier, names)) in tiers.into_iter().enumerate() {
            let once = |text: String| if number == 0 { text } else { String::new() };
            let (wave, after) = (once(group.wave.to_string()), once(group.after.join(", ")));
            rows.push([wave, after, tier.to_owned(), names.join(", ")]);
        }
    }
    let table = table(["wave", "after", "tier", "stacks"], &rows, width().or(Some(WIDTH)));
    format!("{table}{}\n", super::summary(graph))
}

fn tier(stack: &Stack) -> &str {
    let mut tiers = stack.tiers.iter();
    match (tiers.next(), tiers.next()) {
        (None, _) => "",
        (Some(only), None) => only,
        _ => "several",
    }
}
