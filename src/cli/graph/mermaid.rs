//! The graph for Mermaid. An arrow leads to a whole group of stacks, so that the picture of many stacks can be read.

use super::{PLAIN, colours, legend, number};
use crate::survey::Graph;

pub(super) fn draw(graph: &Graph) -> String {
    let tiers = graph.tiers();
    let mut lines = vec!["flowchart LR".to_owned()];
    let node = |name: &str| format!("s{}", number(graph, name));
    let mut arrows = Vec::new();
    for (at, group) in graph.groups().iter().enumerate() {
        let is_one = group.stacks.len() == 1;
        let id = if is_one { node(&group.stacks[0].stack) } else { format!("g{at}") };
        if !is_one {
            lines.push(format!("  subgraph {id}[\"wave {}\"]", group.wave));
        }
        for stack in &group.stacks {
            let class = class(&colours(&tiers, stack));
            lines.push(format!("    {}[\"{}\"]:::{class}", node(&stack.stack), escaped(&stack.stack)));
        }
        if !is_one {
            lines.push("  end".to_owned());
        }
        arrows.extend(group.after.iter().map(|after| format!("  {} --> {id}", node(after))));
    }
    lines.extend(arrows);
    lines.push("  subgraph tiers".to_owned());
    let legend = legend(&tiers);
    for (at, (tier, colour)) in legend.iter().enumerate() {
        lines.push(format!("    t{at}[\"{}\"]:::{}", escaped(tier), class(&[colour])));
    }
    lines.push("  end".to_owned());
    for (_, colour) in legend.iter().chain(&[("", PLAIN)]) {
        lines.push(format!("  classDef {} fill:{colour},stroke:#57606a,color:#000", class(&[colour])));
    }
    lines.join("\n") + "\n"
}

/// A class by its colour; several tiers have no colour of their own.
fn class(colours: &[&str]) -> String {
    format!("c{}", if let [only] = colours { only } else { PLAIN }.trim_start_matches('#'))
}

/// A text between double quotes.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '#' | '&' | '<' | '>' | '`' | '\\' => format!("#{};", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_label() {
        assert_eq!(escaped("a\"]; x[<b>#`"), "a#34;]; x[#60;b#62;#35;#96;");
    }
}
