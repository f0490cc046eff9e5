//! What is written is read back, by us and by others.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::problem::{Place, Source};
use crate::yaml::dice::Dice;
use crate::yaml::{Entry, parse_one};

fn read(text: &str) -> Node {
    parse_one(&Source::new("a.yaml", text)).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn nowhere() -> Place {
    Place::file(&Source::new("", ""))
}

/// The data alone: without places and source texts.
fn bare(mut node: Node) -> Node {
    node.place = nowhere();
    node.plain = None;
    match &mut node.data {
        Data::Removed => node.data = Data::Null,
        Data::List(list) => *list = std::mem::take(list).into_iter().map(bare).collect(),
        Data::Map(map) => {
            let entries = std::mem::take(&mut map.0).into_iter();
            map.0 = entries.map(|e| Entry { place: nowhere(), value: bare(e.value), ..e }).collect();
        }
        _ => {}
    }
    node
}

fn text(text: &str) -> Node {
    Node::text(text, &nowhere())
}

fn list(nodes: impl IntoIterator<Item = Node>) -> Node {
    Node::new(Data::List(nodes.into_iter().collect()), &nowhere())
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let entry = |(key, value): (&str, Node)| Entry { key: key.into(), place: nowhere(), value };
    Node::new(Data::Map(Map(entries.into_iter().map(entry).collect())), &nowhere())
}

/// Those with spaces and line breaks.
const SPACED: &[&str] = &[
    "",
    " ",
    "  ",
    " a",
    "a ",
    "a b",
    "a  b",
    "a: b",
    "a :b",
    "a :",
    "a #b",
    "a# b",
    "- a",
    "-\ta",
    "? a",
    ": a",
    "! a",
    "% a",
    "--- a",
    "---\ta",
    "... a",
    "\t",
    "\ta",
    "a\t",
    "a\tb",
    "a:\tb",
    "a\t#b",
    "2001-12-14 21:59:43",
    "1 000",
    "<< ",
    "\n",
    "\n\n",
    " \n",
    "\n ",
    "a\n",
    "a\n\n",
    "a\n\n\n",
    "\na",
    "\n\na\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n",
    " a\nb\n",
    "  a\n b\n",
    "\n a\n",
    "\n  \na\n",
    " \na\n",
    "a\n \nb\n",
    "a\n b\n",
    "a\n  ",
    "a\n  \n",
    "a\n\t",
    "a\n\t\n",
    "\ta\nb\n",
    "\n\ta\n",
    "  \ta\n",
    "a\n\tb\n",
    "a \nb \n",
    "a\t\nb\n",
    "# a\nb\n",
    "a\n# b\n",
    "a\n #b\n",
    "- a\n- b\n",
    "a: b\n",
    "---\na\n",
    "a\n---\nb\n",
    "...\n",
    "a\n...\n",
    "%YAML 1.2\n---\n",
    "|\n a\n",
    "a\r\nb\r\n",
    "a\rb",
    "\r",
    "a\n\r\n",
    "a\u{85}b\nc\n",
    "a\u{2028}b\n",
    "a\n\u{feff}b\n",
    "a\n\u{7f}\n",
    "\u{a0}\na\n",
    "a\n\u{a0}\n",
    "${{ a }}",
    "{{ a }}",
    "a\n{{ b }}\n",
    "é\n日本\n",
    "\"a\nb\"\n",
    "'\n'",
    "\\\n\\\n",
    "a\0b",
    "\0",
    "yes\n",
    "1\n",
    "null\n",
    "~\n",
    "[a\n",
    "#!/bin/sh\nset -e\n",
    "a \n",
    " a \n ",
    "\u{feff}a\nb\n",
];

/// Strings that some writer or reader of YAML gets wrong.
fn awkward() -> Vec<String> {
    let words = "y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL \
        nUll yEs ~ << = - -- --- -a - .. ... ... .... ? ?a : :a ::1 a: a:b , ,a [ [] ] { {} } # #a a#b & &a * *a ! !a \
        !!str | |- > >- ' '' \" \"\" % %a @ @a ` `a \\ \\n a\\ 0 00 07 08 0644 0755 0o17 0O17 0b1 0b102 0B1 0x1f 0X1F \
        0xg 0x 0o 0b 1 -1 +1 1_000 -1_0 _1 1_ 1,000 1. .1 . +.1 -.1 1.0 1.10 1.2.3 10.0.20.1 1e3 1E3 1e+3 1.5e-7 1e \
        1.e3 .e3 e3 0e1 0123e45 12e03 1e3e 12:30 12:30:45 12:30:45.6 1:2:3 22:22 8080:80 190:20:30.15 2024-01-01 \
        2024-1-1 2001-12-14t21:59:43.10-05:00 2024-01 2024 .inf -.inf +.inf .Inf .INF .nan .NaN .NAN inf nan NaN \
        Infinity + +a -+1 +-1 1Gi 10m 500Mi 0.5 $${{ ${{ {{x}} {{ a:b:c http://a:80/ a@b.c a%b /a=b key=value é 日本 \
        🦀 \u{a0} \u{a0}a a\u{a0} \u{85} a\u{85}b \u{2028} a\u{2029}b \u{feff} \u{feff}a a\u{feff} \u{fffd} \u{fffe} \
        \u{ffff} \u{7f} \u{80} \u{9f} \u{1} \u{1b}[0m \u{200b} \u{202e}a \u{e000} \u{10ffff} - ";
    let mut all: Vec<String> = words.split(' ').map(str::to_owned).collect();
    all.extend(SPACED.iter().map(|s| (*s).to_owned()));
    all.extend([100, 127, 128, 129, 511, 512, 600, 1023, 1024, 1025, 3000].map(|n| "k".repeat(n)));
    all.extend([format!("{}: b", "k".repeat(200)), "é".repeat(600), "\u{1}".repeat(200), "a b ".repeat(400) + "c"]);
    all.sort();
    all.dedup();
    all
}

/// Each string in every position that a string can have.
fn positions() -> Vec<Node> {
    let each = |s: &String| {
        let s = s.as_str();
        let both = || map([("k", text(s)), ("z", text("end"))]);
        map([
            ("value", text(s)),
            ("list", list([text(s), list([text(s), text(s)]), both()])),
            ("map", both()),
            ("key", map([(s, text(s)), ("z", list([map([(s, text("end"))])]))])),
            ("keys", list([map([(s, list([text("a")])), ("zz", text(s))]), map([(s, map([(s, text(s))]))])])),
        ])
    };
    awkward().iter().map(each).collect()
}

#[test]
fn awkward_strings_are_read_back_by_this_parser() {
    assert!(awkward().len() > 300, "{}", awkward().len());
    for tree in positions().into_iter().chain(awkward().iter().map(|s| text(s))) {
        let written = emit(&tree);
        assert_eq!(bare(read(&written)), tree, "{written}");
        let json = emit_json(&tree);
        assert_eq!(bare(read(&json)), tree, "{json}");
    }
}

#[test]
fn awkward_strings_are_read_back_by_serde() {
    for tree in positions() {
        let written = emit(&tree);
        let theirs: serde_json::Value = serde_yaml::from_str(&written).unwrap_or_else(|e| panic!("{e}\n{written}"));
        let json: serde_json::Value = serde_json::from_str(&emit_json(&tree)).expect(&written);
        assert_eq!(theirs, json, "{written}");
    }
}

/// What a program prints that is given a text.
fn through(program: &str, arguments: &[&str], input: &str) -> String {
    let command = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = command.expect(program);
    let mut stdin = child.stdin.take().expect("stdin");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect(program);
    writer.join().expect("a writer").expect("written");
    assert!(output.status.success(), "{program}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Reads all of them with a Python that prints JSON.
fn python_reads_back(load: &str) {
    let tree = list(positions());
    let script = format!("import sys, json; {load}; print(json.dumps(load(sys.stdin.buffer.read().decode())))");
    let theirs: serde_json::Value =
        serde_json::from_str(&through("python3", &["-c", &script], &emit(&tree))).expect("JSON");
    let ours: serde_json::Value = serde_json::from_str(&emit_json(&tree)).expect("JSON");
    let (theirs, ours) = (theirs.as_array().expect("a list"), ours.as_array().expect("a list"));
    for ((theirs, ours), tree) in theirs.iter().zip(ours).zip(positions()) {
        assert_eq!(theirs, ours, "{}", emit(&tree));
    }
    assert_eq!(theirs.len(), ours.len());
}

#[test]
#[ignore = "needs python3 with PyYAML"]
fn awkward_strings_are_read_back_by_pyyaml() {
    python_reads_back("from yaml import safe_load as load");
}

#[test]
#[ignore = "needs python3 with ruamel.yaml"]
fn awkward_strings_are_read_back_by_ruamel() {
    python_reads_back("from ruamel.yaml import YAML; load = YAML(typ='safe', pure=True).load");
}

#[test]
#[ignore = "needs kubectl"]
fn awkward_strings_are_read_back_by_kubectl() {
    // Without a server kubectl reads and prints an object of a kind that it does not know.
    let tree = map([
        ("apiVersion", text("v1")),
        ("kind", text("ConfigMap")),
        ("metadata", map([("name", text("a"))])),
        ("data", list(positions())),
    ]);
    let arguments = ["patch", "--local", "--type=merge", "-p", "{}", "-f", "-", "-o", "json"];
    let theirs = through("kubectl", &arguments, &emit(&tree));
    let theirs: serde_json::Value = serde_json::from_str(&theirs).expect("JSON");
    let ours: serde_json::Value = serde_json::from_str(&emit_json(&tree)).expect("JSON");
    assert_eq!(theirs["data"], ours["data"]);
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
    insta::assert_snapshot!(emit_json(&tree.get("a").cloned().expect("a")), @r#"
    {
      "b": [
        1,
        {
          "c": "d",
          "e": [
            "f",
            [
              "g",
              "h"
            ]
          ]
        },
        [],
        {}
      ],
      "i": {}
    }
    "#);
}

#[test]
fn ordinary_strings_have_no_quotes() {
    for s in ["10.0.20.1", "1.2.3", "10m", "1Gi", "--flag=x", "-c", "a:b", "http://a.b:80/", "a b", "é", "a,b", "n/a"]
    {
        assert_eq!(emit(&text(s)), format!("{s}\n"));
    }
    for s in ["no", "1_000", "0644", "1e3", "12:30:45", "2024-01-01", "<<", "=", "a: b", "a #b", ".5", "8080:80"] {
        assert_eq!(emit(&text(s)), format!("\"{s}\"\n"));
    }
}

#[test]
fn numbers_are_read_back_as_the_same_number_of_the_same_kind() {
    let floats = [0.0, -0.0, 1.0, 1.5, -1.5, 1e16, 1.5e21, 1e300, 1e-5, 1.5e-7, 5e-324, f64::MAX, 0.1, 123_456_789.125];
    let float = |n: &f64| emit(&Node::new(Data::Float(*n), &nowhere()));
    let written: Vec<String> = floats.iter().map(float).collect();
    insta::assert_snapshot!(written.concat(), @r"
    0.0
    -0.0
    1.0
    1.5
    -1.5
    1.0e+16
    1.5e+21
    1.0e+300
    1.0e-5
    1.5e-7
    5.0e-324
    1.7976931348623157e+308
    0.1
    123456789.125
    ");
    for (text, float) in written.iter().zip(floats) {
        assert!(matches!(read(text).data, Data::Float(n) if n.to_bits() == float.to_bits()), "{text}");
        assert!(matches!(serde_yaml::from_str(text), Ok(serde_yaml::Value::Number(n)) if n.is_f64()), "{text}");
    }
    for number in [0, -1, i128::MAX, i128::MIN] {
        assert_eq!(read(&emit(&Node::new(Data::Int(number), &nowhere()))).data, Data::Int(number));
    }
}

impl Dice {
    fn text(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "a", "b", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "1", "0x", "e", "'", "\"", "\\",
            "{", "é", "\u{2028}", "\r", "yes",
        ];
        (0..self.roll(6)).map(|_| PIECES[self.roll(PIECES.len())]).collect()
    }

    fn tree(&mut self, depth: usize) -> Node {
        let data = match self.roll(if depth == 0 { 6 } else { 10 }) {
            0 => Data::Null,
            1 => Data::Bool(self.roll(2) == 0),
            2 => Data::Int(i128::from(self.0) - i128::from(u64::MAX / 2)),
            3 => Data::Float(f64::from_bits(self.0)),
            4 | 5 => Data::Str(self.text().into()),
            6 | 7 => Data::List((0..self.roll(4)).map(|_| self.tree(depth - 1)).collect()),
            _ => {
                let mut entries = Map::default();
                for _ in 0..self.roll(5) {
                    entries.set(self.text(), self.tree(depth - 1));
                }
                Data::Map(entries)
            }
        };
        match data {
            Data::Float(n) if !n.is_finite() => self.tree(depth),
            data => bare(Node::new(data, &nowhere())),
        }
    }
}

#[test]
fn any_tree_is_read_back_and_written_the_same_again() {
    let mut dice = Dice(7);
    for _ in 0..5000 {
        let tree = dice.tree(5);
        let written = emit(&tree);
        let again = bare(read(&written));
        assert_eq!(again, tree, "{written}");
        assert_eq!(emit(&again), written);
        assert_eq!(bare(read(&emit_json(&tree))), tree, "{written}");
        if let Ok(theirs) = serde_yaml::from_str::<serde_yaml::Value>(&written) {
            // serde_yaml has no numbers beyond 64 bits; all of ours are within.
            let ours = serde_yaml::from_str::<serde_yaml::Value>(&emit_json(&tree)).expect(&written);
            assert_eq!(theirs, ours, "{written}");
        } else {
            panic!("serde_yaml cannot read\n{written}");
        }
    }
}
