//! The graph as a picture by itself: waves from left to right, groups of stacks as panels, tiers as colours. It follows
//! the light or dark mode of who looks at it.

use std::collections::BTreeMap;

use super::{colours, legend, summary};
use crate::survey::{Graph, Group, Stack};

/// Height of a stack's box.
const BOX: usize = 26;
/// Between boxes.
const GAP: usize = 8;
/// Between a panel's edge and its boxes.
const PAD: usize = 12;
/// Between the panels of two waves, where the arrows are.
const WAVES: usize = 90;
/// Around everything.
const MARGIN: usize = 24;
/// What stands above the panels: title and names of the waves.
const HEAD: usize = 72;
/// What stands below them: the legend.
const FOOT: usize = 48;
/// Width of a letter of a name; rather too wide.
const LETTER: usize = 8;
/// Boxes below one another before another column begins.
const ROWS: usize = 16;

const STYLE: &str = "\
text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}\
.title{font-size:16px;font-weight:600}\
.wave{font-size:12px;fill:#59636e}\
.ground{fill:#fff}\
.panel{fill:#f6f8fa;stroke:#d1d9e0}\
.box{fill:#fff;stroke:#afb8c1}\
.edge{fill:none;stroke:#818b98;stroke-width:1.5}\
.tip{fill:#818b98}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.wave{fill:#9198a1}.ground{fill:#0d1117}.panel{fill:#151b23;stroke:#3d444d}\
.box{fill:#212830;stroke:#545d68}.edge{stroke:#767e88}.tip{fill:#767e88}}";

/// A group with its place in the picture.
struct Panel<'a> {
    group: Group<'a>,
    rows: usize,
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    /// Where its wave ends.
    end: usize,
}

/// Draws it; with links, each stack leads to the place on the page that has its name.
pub(super) fn draw(graph: &Graph, has_links: bool) -> String {
    let longest = graph.stacks.iter().map(|stack| letters(&stack.stack)).max().unwrap_or_default();
    let wide = longest * LETTER + 28;
    let panels = panels(graph, wide);
    let right = panels.iter().map(|panel| panel.x + panel.width).max().unwrap_or_default();
    let bottom = panels.iter().map(|panel| panel.y + panel.height).max().unwrap_or_default();
    let (keys, keys_end) = keys(graph, bottom + 20);
    let title = summary(graph);
    let (width, height) = (right.max(keys_end).max(title.len() * 10) + MARGIN, bottom + FOOT);
    let mut parts = vec![
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">"),
        format!("<title>{title}</title>\n<style>{STYLE}</style>"),
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>".to_owned(),
        format!("<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"),
        format!("<text class=\"title\" x=\"{MARGIN}\" y=\"34\">{title}</text>"),
    ];
    let mut wave = None;
    for panel in &panels {
        if wave.replace(panel.group.wave) != Some(panel.group.wave) {
            parts.push(format!(
                "<text class=\"wave\" x=\"{}\" y=\"{}\">wave {}</text>",
                panel.x,
                HEAD - 12,
                panel.group.wave
            ));
        }
        let Panel { x, y, width, height, .. } = panel;
        parts.push(format!(
            "<rect class=\"panel\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
        ));
    }
    parts.extend(edges(&panels, wide));
    let tiers = graph.tiers();
    let boxes = panels.iter().flat_map(|panel| boxes(panel, wide));
    parts.extend(boxes.map(|(stack, x, y)| {
        let drawn = one(stack, &colours(&tiers, stack), x, y, wide);
        if has_links { format!("<a href=\"#{}\">{drawn}</a>", escaped(&stack.stack)) } else { drawn }
    }));
    parts.extend(keys);
    parts.push("</svg>\n".to_owned());
    parts.join("\n")
}

/// The groups, those of a wave below one another, and each wave in the middle of the height.
fn panels(graph: &Graph, wide: usize) -> Vec<Panel<'_>> {
    let mut waves: BTreeMap<usize, Vec<Panel>> = BTreeMap::new();
    for group in graph.groups() {
        let columns = group.stacks.len().div_ceil(ROWS);
        let rows = group.stacks.len().div_ceil(columns);
        let width = columns * (wide + GAP) - GAP + 2 * PAD;
        let height = rows * (BOX + GAP) - GAP + 2 * PAD;
        waves.entry(group.wave).or_default().push(Panel { group, rows, x: 0, y: 0, width, height, end: 0 });
    }
    let high = |wave: &Vec<Panel>| wave.iter().map(|panel| panel.height + 2 * GAP).sum::<usize>() - 2 * GAP;
    let highest = waves.values().map(high).max().unwrap_or_default();
    let mut x = MARGIN;
    for wave in waves.values_mut() {
        let mut y = HEAD + (highest - high(wave)) / 2;
        let widest = wave.iter().map(|panel| panel.width).max().unwrap_or_default();
        for panel in wave.iter_mut() {
            (panel.x, panel.y, panel.end) = (x, y, x + widest);
            y += panel.height + 2 * GAP;
        }
        x += widest + WAVES;
    }
    waves.into_values().flatten().collect()
}

/// The stacks of a panel with their corners, column by column.
fn boxes<'a>(panel: &'a Panel, wide: usize) -> impl Iterator<Item = (&'a Stack, usize, usize)> {
    panel.group.stacks.iter().enumerate().map(move |(at, stack)| {
        let (column, row) = (at / panel.rows, at % panel.rows);
        (*stack, panel.x + PAD + column * (wide + GAP), panel.y + PAD + row * (BOX + GAP))
    })
}

/// From each stack that a group comes after to the group: straight to the end of its wave, where nothing stands in the
/// way any more, and in a curve from there. They arrive one below the other.
fn edges(panels: &[Panel], wide: usize) -> Vec<String> {
    let mut from: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for panel in panels {
        from.extend(boxes(panel, wide).map(|(stack, x, y)| (&*stack.stack, (x + wide, y + BOX / 2, panel.end))));
    }
    let mut paths = Vec::new();
    for panel in panels {
        let many = panel.group.after.len() + 1;
        for (number, after) in panel.group.after.iter().enumerate() {
            let (x1, y1, end) = from[after];
            let (x2, y2) = (panel.x - 1, panel.y + panel.height * (number + 1) / many);
            let middle = end.midpoint(x2);
            paths.push(format!(
                "<path class=\"edge\" marker-end=\"url(#tip)\" d=\"M{x1} {y1}H{end}C{middle} {y1} {middle} {y2} {x2} {y2}\"/>"
            ));
        }
    }
    paths
}

/// A stack: its name, and its tiers as a stripe.
fn one(stack: &Stack, colours: &[&str], x: usize, y: usize, wide: usize) -> String {
    let name = escaped(&stack.stack);
    let about = |word: &str, list: Vec<&str>| {
        if list.is_empty() { String::new() } else { format!("\n{word} {}", list.join(", ")) }
    };
    let tiers = about("tier", stack.tiers.iter().map(String::as_str).collect());
    let after = about("after", stack.depends_on.iter().map(String::as_str).collect());
    let about = escaped(&format!("{tiers}{after}"));
    let high = (BOX - 8) / colours.len();
    let stripe = |(at, colour): (usize, &&str)| {
        format!("<rect x=\"{}\" y=\"{}\" width=\"6\" height=\"{high}\" fill=\"{colour}\"/>", x + 5, y + 4 + at * high)
    };
    let stripes: String = colours.iter().enumerate().map(stripe).collect();
    format!(
        "<g><title>{name}{about}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{BOX}\" rx=\"5\"/>\
         {stripes}<text x=\"{}\" y=\"{}\">{name}</text></g>",
        x + 18,
        y + 18
    )
}

/// The legend, and where it ends.
fn keys(graph: &Graph, y: usize) -> (Vec<String>, usize) {
    let mut x = MARGIN;
    let mut parts = Vec::new();
    for (tier, colour) in legend(&graph.tiers()) {
        parts.push(format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{colour}\"/><text x=\"{}\" y=\"{}\">{}</text>",
            x + 18,
            y + 11,
            escaped(tier)
        ));
        x += 18 + letters(tier) * LETTER + 18;
    }
    (parts, x)
}

/// How wide a text is, in letters.
fn letters(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_element() {
        assert_eq!(escaped("</text>&\""), "&lt;/text&gt;&amp;&quot;");
    }
}
