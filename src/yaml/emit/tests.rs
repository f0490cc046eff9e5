use super::*;
use crate::problem::Source;
use crate::yaml::parse_one;

fn read(text: &str) -> Node {
    parse_one(&Source::new("a.yaml", text)).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

#[test]
fn a_tree_is_written_in_blocks_with_lists_at_the_column_of_their_key() {
    let tree = read("{a: {b: [1, {c: d, e: [f, [g, h]]}, [], {}], i: {}}, j: 'k: l', m: \"n\\no\\n\", p: ~, q: -1.50}");
    insta::assert_snapshot!(emit(&tree), @r#"
    a:
      b:
      - 1
      - c: d
        e:
        - f
        - - g
          - h
      - []
      - {}
      i: {}
    j: "k: l"
    m: |
      n
      o
    p: null
    q: -1.5
    "#);
}
