use super::*;
use crate::yaml::dice::Dice;

fn read(text: &str) -> Result<Node, Problem> {
    parse_one(&Source::new("a.yaml", text))
}

fn good(text: &str) -> Node {
    read(text).unwrap_or_else(|problem| panic!("{problem}"))
}

fn bad(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

/// A tree in one line, for comparing.
fn shown(node: &Node) -> String {
    match &node.data {
        Data::Null => "null".into(),
        Data::Removed => "removed".into(),
        Data::Bool(b) => b.to_string(),
        Data::Int(i) => i.to_string(),
        Data::Float(f) => format!("{f:?}"),
        Data::Str(s) => format!("{s:?}"),
        Data::List(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Data::Map(map) => {
            let entries: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn value(text: &str) -> String {
    shown(&good(&format!("a: {text}\n")).get("a").cloned().expect("a"))
}

#[test]
fn plain_scalars_follow_the_core_schema_strictly() {
    for text in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(value(text), "null", "{text}");
    }
    for (text, expected) in [
        ("true", "true"),
        ("False", "false"),
        ("7", "7"),
        ("-7", "-7"),
        ("+7", "7"),
        ("0", "0"),
        ("-0", "0"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("1.10", "1.1"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("-1.5E-2", "-0.015"),
        ("0.5", "0.5"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for text in [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "nULL",
        "tRUE",
        "0755",
        "-0755",
        "00",
        "1_000",
        "12:30:45",
        "2024-01-01",
        "0x",
        "0o8",
        "0x+1",
        "+0x1",
        "1e",
        "1e999",
        ".",
        "..",
        "+",
        "+-1",
        ".inf",
        "-.inf",
        ".nan",
        "1.2.3",
        "170141183460469231731687303715884105728",
        "inf",
        "infinity",
        "nan",
        "10m",
        "1Gi",
        "0b1",
        "e3",
        "-.",
    ] {
        assert_eq!(value(&format!("[{text}]")), format!("[{text:?}]"));
    }
}

#[test]
fn quoted_scalars_are_text() {
    assert_eq!(value("'7'"), "\"7\"");
    assert_eq!(value("\"true\""), "\"true\"");
    assert_eq!(value("|\n  5\n"), "\"5\\n\"");
}

#[test]
fn plain_scalars_keep_their_source_text() {
    for text in ["1.10", "0x1f", "~", "True", "+7"] {
        assert_eq!(good(text).plain.as_deref(), Some(text));
    }
    assert_eq!(good("a:\n").get("a").and_then(|n| n.plain.as_deref()), Some(""));
    assert_eq!(good("text").plain, None);
    assert_eq!(good("'1'").plain, None);
}

#[test]
fn core_tags_are_honoured_and_others_refused() {
    assert_eq!(value("!!str 5"), "\"5\"");
    assert_eq!(value("! 5"), "\"5\"");
    assert_eq!(value("!!int '5'"), "5");
    assert_eq!(value("!!float 1"), "1.0");
    assert_eq!(value("!!null ''"), "null");
    assert_eq!(value("!!map {a: 1}"), "{a: 1}");
    insta::assert_snapshot!(bad("a: !!int five\n"), @r"
    error[yaml]: `five` is tagged `!!int`, but is not a whole number
      --> a.yaml:1:4
       |
     1 | a: !!int five
       |    ^^^^^
    ");
    insta::assert_snapshot!(bad("a: !vault x\n"), @r"
    error[yaml]: the tag `!vault` has no meaning here
      --> a.yaml:1:4
       |
     1 | a: !vault x
       |    ^^^^^^
       = a text that begins with `!` must be quoted
    ");
    assert!(bad("a: !!set {b: }\n").contains("!!set"));
}

#[test]
fn every_value_knows_its_place() {
    let place = |node: &Node| (node.place.line, node.place.column, node.place.length);
    let tree = good("ä: \"é q\"\nb:\n- c: 12\n  d: {e: f}\ng: |\n  one\n  two\nh: long\n  text\n");
    assert_eq!(place(tree.get("ä").expect("ä")), (1, 4, 5));
    let item = &tree.get("b").and_then(Node::as_list).expect("list")[0];
    assert_eq!(place(item), (3, 3, 1));
    assert_eq!(place(item.get("c").expect("c")), (3, 6, 2));
    assert_eq!(place(item.get("d").expect("d")), (4, 6, 1));
    assert_eq!(place(tree.get("g").expect("g")), (6, 3, 3));
    assert_eq!(place(tree.get("h").expect("h")), (8, 4, 4));
    let key = &tree.as_map().and_then(|map| map.entry("g")).expect("g").place;
    assert_eq!((key.line, key.column, key.length), (5, 1, 1));
}

#[test]
fn several_documents_are_read_and_empty_ones_are_none() {
    let all = |text| parse(&Source::new("a.yaml", text)).map(|all| all.iter().map(shown).collect::<Vec<_>>());
    assert_eq!(all("a: 1\n---\nb: 2\n"), Ok(vec!["{a: 1}".into(), "{b: 2}".into()]));
    assert_eq!(all("---\n# nothing\n---\na: 1\n---\n"), Ok(vec!["{a: 1}".into()]));
    for empty in ["", "\n\n", "# only this\n", "---\n", "\u{feff}", "---\n...\n"] {
        assert_eq!(all(empty), Ok(vec![]), "{empty:?}");
        assert_eq!(shown(&good(empty)), "{}");
    }
    assert_eq!(all("null\n"), Ok(vec!["null".into()]));
    insta::assert_snapshot!(bad("a: 1\n---\nb: 2\n"), @r"
    error[yaml]: this file holds one document, but `---` begins another
      --> a.yaml:3:1
       |
     3 | b: 2
       | ^ the second document
    ");
}

#[test]
fn a_byte_order_mark_and_foreign_line_breaks_are_read_over() {
    assert_eq!(shown(&good("\u{feff}a: 1\r\nb: x\r\n")), "{a: 1, b: \"x\"}");
}

#[test]
fn a_key_given_twice_is_an_error_that_names_the_first() {
    insta::assert_snapshot!(bad("a:\n  b: 1\n  c: 2\n  b: 3\n"), @r"
    error[yaml]: the key `b` is given twice
      --> a.yaml:4:3
       |
     4 |   b: 3
       |   ^ the first is on line 2
    ");
    let many = (0..40).map(|n| format!("k{n}: 1\n")).collect::<Vec<_>>().concat();
    let problem = bad(&format!("{many}k30: 2\nk7: 2\n"));
    assert!(problem.contains("`k30`") && problem.contains("line 31"), "{problem}");
    assert!(bad("1: a\n'1': b\n").contains("`1` is given twice"));
}

#[test]
fn keys_are_text() {
    assert_eq!(shown(&good("1.10: a\nyes: b\n~: c\n'': d\n")), "{1.10: \"a\", yes: \"b\", ~: \"c\", : \"d\"}");
    assert_eq!(shown(&good("? long\n: 1\n")), "{long: 1}");
    assert!(bad("[1, 2]: a\n").contains("a key is text, but this one is a list"));
    assert!(bad("? {a: 1}\n: b\n").contains("a map"));
    assert!(bad(": b\n").contains("a key is missing"));
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    assert_eq!(shown(&good("a: &x {b: 1}\nc: *x\n")), "{a: {b: 1}, c: {b: 1}}");
    assert_eq!(shown(&good("a: &x 1.10\n*x : 2\n")), "{a: 1.1, 1.10: 2}");
    assert_eq!(
        shown(&good("a: &x {k: 1, l: 2}\nb: &y {l: 3, m: 4}\nc:\n  z: 0\n  <<: [*x, *y]\n  m: 5\n")),
        "{a: {k: 1, l: 2}, b: {l: 3, m: 4}, c: {z: 0, k: 1, l: 2, m: 5}}"
    );
    assert_eq!(shown(&good("a: &x {k: 1}\nb: {<<: *x, k: 2}\n")), "{a: {k: 1}, b: {k: 2}}");
    assert_eq!(shown(&good("a: {'<<': 1}\n")), "{a: {<<: 1}}");
    assert!(bad("a: {<<: 1}\n").contains("`<<` takes a map or a list of maps, not a whole number"));
    assert!(bad("a: &x {b: 1}\nc: {<<: *x, <<: *x}\n").contains("`<<` is given twice"));
    assert!(bad("a: &x [*x]\n").contains("inside of the value that it names"));
    assert!(bad("a: *x\n").contains("nothing above is named"));
}

#[test]
fn an_alias_stands_where_it_is_written() {
    let tree = good("a: &x {b: 1}\nc: *x\n");
    let c = tree.get("c").expect("c");
    assert_eq!((c.place.line, c.place.column, c.place.length), (2, 4, 2));
    assert_eq!(c.get("b").map(|b| b.place.line), Some(1));
}

#[test]
fn aliases_of_aliases_are_bounded() {
    let tenfold = |n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    let text = format!("a0: &a0 [x]\n{}", (1..12).map(tenfold).collect::<Vec<_>>().concat());
    assert!(bad(&text).contains("the aliases of this file copy more than"));
    let deeper = |n| format!("a{n}: &a{n} [*a{}]\n", n - 1);
    let deep = format!("a0: &a0 [x]\n{}", (1..200).map(deeper).collect::<Vec<_>>().concat());
    assert!(bad(&deep).contains("levels deep"));
}

#[test]
fn too_deep_is_an_error_and_no_crash() {
    for (open, count) in [("[", 100_000), ("{a: ", 100_000), ("- ", 100_000), ("[", 200), ("- ", 200), ("? ", 1000)] {
        let problem = bad(&open.repeat(count));
        assert!(problem.contains("levels deep"), "{open}: {problem}");
    }
    assert!(read(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
    let mixed = format!("{}[[[[[{}", "- ".repeat(125), "]]]]]");
    assert!(bad(&mixed).contains("levels deep"));
}

#[test]
fn an_unquoted_expression_is_explained() {
    insta::assert_snapshot!(bad("env: {A: ${{ secrets.a }}}\n"), @r#"
    error[yaml]: `,` or `}` is expected here
      --> a.yaml:1:11
       |
     1 | env: {A: ${{ secrets.a }}}
       |           ^
       = an expression inside `{ }` or `[ ]`, or with `: ` or ` #` in it, must be quoted: "${{ ... }}"
    "#);
    for text in ["a: [${{ x }}]\n", "a: ${{ {b: 1} }}\n", "a: 'x'\nb: ${{ x | default(\"a: b\") }}\n"] {
        assert!(bad(text).contains("must be quoted"), "{text}");
    }
    insta::assert_snapshot!(bad("a: ${{ x # y }}\n"), @r#"
    error[yaml]: the expression `${{` does not end in this value
      --> a.yaml:1:4
       |
     1 | a: ${{ x # y }}
       |    ^^^^^
       = an expression inside `{ }` or `[ ]`, or with `: ` or ` #` in it, must be quoted: "${{ ... }}"
    "#);
    assert!(bad("- ${{ {b: 1} }}\n").contains("must be quoted"));
    assert_eq!(value("${{ x }}-${{ y }}"), "\"${{ x }}-${{ y }}\"");
    assert_eq!(value("$${{ literal"), "\"$${{ literal\"");
    let quoted = bad("a: \"${{ x }}\" y\n");
    assert!(!quoted.contains("must be quoted"), "{quoted}");
}

#[test]
fn a_text_that_a_comma_cut_is_no_key() {
    insta::assert_snapshot!(bad("a: {b: one, with more, c: 1}\n"), @r"
    error[yaml]: `with more` is a key without a value
      --> a.yaml:1:13
       |
     1 | a: {b: one, with more, c: 1}
       |             ^^^^^^^^^
       = a text with `, ` in it must be quoted inside `{ }`; a key without a value is written `key: ~`
    ");
    assert!(bad("{a}\n").contains("without a value") && bad("{a: 1, \"b\"}\n").contains("without a value"));
    assert!(bad("? a\nb: 1\n").contains("without a value"));
    assert_eq!(value("{b: , c: ~, \"d\":, ? e : , f:}"), "{b: null, c: null, d: null, e: null, f: null}");
    assert_eq!(shown(&good("a:\nb:   # c\n? d\n:\ne: {f:\n  }\n")), "{a: null, b: null, d: null, e: {f: null}}");
    assert_eq!(shown(&good("a: &x\nb: !!null\nc: *x\n")), "{a: null, b: null, c: null}");
}

#[test]
fn common_mistakes_have_messages_that_help() {
    insta::assert_snapshot!(bad("a:\n\tb: 1\n"), @r"
    error[yaml]: a tab stands where YAML takes spaces only
      --> a.yaml:2:1
       |
     2 |  b: 1
       | ^
    ");
    insta::assert_snapshot!(bad("a: b: c\n"), @r"
    error[yaml]: a key cannot stand here
      --> a.yaml:1:5
       |
     1 | a: b: c
       |     ^
       = a text with `: ` in it must be quoted; a key has the column of the keys beside it
    ");
    insta::assert_snapshot!(bad("a: @b\n"), @r"
    error[yaml]: a value cannot begin with `@`
      --> a.yaml:1:4
       |
     1 | a: @b
       |    ^
       = a text that begins with it must be quoted
    ");
    insta::assert_snapshot!(bad("a: x\0y\n"), @r"
    error[yaml]: a NUL character stands here
      --> a.yaml:1:5
       |
     1 | a: x y
       |     ^
       = is this a text file?
    ");
    for (text, expected) in [
        ("a: 1\nb: [1,\n", "2:4: the `[` is not closed"),
        ("a: 1\nb: \"x\n", "2:4: a quote is not closed"),
        ("a: 1\n  b: 2\n", "2:4: a key cannot stand here"),
        ("a:\n  - 1\n - 2\n", "3:2: a key with `:` is expected here"),
        ("a: 1\nb\nc: 2\n", "2:1: a key with `:` is expected here"),
        ("a: 'x' y\n", "1:8: something follows the closing quote"),
        ("a: \"\\d\"\n", "1:4: `\\` is followed by a character that it does not escape"),
        ("a: [1, 2}\n", "1:4: the `[` is closed by `}`"),
        ("a: b\n- c\n", "2:3: a key with `:` is expected here"),
        ("a: |\n  x\n y\n", "3:2: a key with `:` is expected here"),
        ("a: %x\n", "1:4: a value cannot begin with `%`"),
        ("a: *\n", "1:4: a name is missing after `*` or `&`"),
        ("a: `x`\n", "1:4: a value cannot begin with ```"),
        ("a: x\n}\n", "2:1: this bracket closes nothing"),
    ] {
        let problem = read(text).expect_err(text);
        let place = problem.place.as_ref().expect("a place").to_string();
        assert_eq!(format!("{}: {}", place.trim_start_matches("a.yaml:"), problem.message), expected, "{text}");
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    const SAMPLE: &str = "# c\na: &x {b: [1, 'two', \"th\\tree\"], <<: *y}\nd:\n- |2\n    e\n- >-\n  f\n\n  g\n? h\n: *x\n\
        ---\n!!str i: ${{ j }}\n'k': ~\n...\n%YAML 1.2\n---\n[é, {日: 🦀}]\n\u{feff}\u{85}";
    const PIECES: [&str; 40] = [
        "\n",
        "  ",
        " ",
        "\t",
        "\r",
        "- ",
        "-",
        ": ",
        ":",
        "? ",
        "? \n",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&x ",
        "*x",
        "<<: ",
        "!!int ",
        "!a!b ",
        "|",
        ">",
        "|+3\n",
        "'",
        "\"",
        "\\",
        "\\x",
        "#",
        "%TAG ! a\n",
        "---\n",
        "...\n",
        "${{",
        "}}",
        "\0",
        "\u{feff}",
        "é",
        "🦀",
        "1e999",
        "\u{1}",
    ];
    let mut dice = Dice(3);
    for round in 0..20_000 {
        let mut text: Vec<&str> = SAMPLE.split_inclusive(|_| true).collect();
        for _ in 0..=dice.roll(6) {
            if text.is_empty() {
                break;
            }
            let at = dice.roll(text.len());
            match dice.roll(4) {
                0 => drop(text.remove(at)),
                1 => text.truncate(at + 1),
                2 => text.swap(at, round % SAMPLE.len().min(40).min(at + 1)),
                _ => text.insert(at, PIECES[dice.roll(PIECES.len())]),
            }
        }
        let text = text.concat();
        match parse(&Source::new("a.yaml", text.as_str())) {
            Ok(documents) => documents.iter().for_each(|node| drop(crate::yaml::emit(node))),
            Err(problem) => assert!(!problem.to_string().is_empty() && problem.place.is_some(), "{text}"),
        }
    }
}
