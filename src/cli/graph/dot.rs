//! The graph for Graphviz.

use super::{colours, legend, number, summary};
use crate::survey::Graph;

pub(super) fn draw(graph: &Graph) -> String {
    let tiers = graph.tiers();
    let mut lines = vec![
        "digraph homebuild {".to_owned(),
        format!("  label=\"{}\"", summary(graph)),
        "  rankdir=LR".to_owned(),
        "  node [shape=box, fontname=\"sans-serif\"]".to_owned(),
    ];
    for (at, stack) in graph.stacks.iter().enumerate() {
        lines.push(format!("  s{at} [{}]", look(&stack.stack, &colours(&tiers, stack))));
    }
    for edge in &graph.edges {
        lines.push(format!("  s{} -> s{}", number(graph, &edge.from), number(graph, &edge.to)));
    }
    lines.push("  subgraph cluster_tiers {\n    label=\"tiers\"".to_owned());
    for (at, (tier, colour)) in legend(&tiers).iter().enumerate() {
        lines.push(format!("    t{at} [{}]", look(tier, &[colour])));
    }
    lines.push("  }\n}".to_owned());
    lines.join("\n") + "\n"
}

fn look(label: &str, colours: &[&str]) -> String {
    let style = if colours.len() == 1 { "filled" } else { "striped" };
    format!("label=\"{}\", style={style}, fillcolor=\"{}\"", escaped(label), colours.join(":"))
}

/// A text between double quotes; a backslash begins nothing.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_label() {
        assert_eq!(escaped(r#"a"]; \N"#), r#"a\"]; \\N"#);
    }
}
