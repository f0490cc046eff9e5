use super::*;

/// The variables of a file, as text: only here are values made visible.
fn shown(text: &str) -> String {
    let variables = read("x.tfvars", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"));
    variables.iter().map(|one| format!("{}={}", one.name, tree(&one.tree))).collect::<Vec<_>>().join(" ")
}

fn tree(tree: &Tree) -> String {
    match tree {
        Tree::Null => "null".into(),
        Tree::Value(value) => match value.kind() {
            Kind::Str => format!("{:?}", value.text().unwrap()),
            kind => format!("{}:{}", kind.word(), value.text().unwrap()),
        },
        Tree::List(list) => format!("[{}]", list.iter().map(self::tree).collect::<Vec<_>>().join(",")),
        Tree::Map(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key:?}={}", self::tree(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

/// What is told of a bad file: place, message and notes.
fn told(path: &str, bytes: &[u8]) -> String {
    let problems = read(path, bytes).err().unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(bytes)));
    let problems = problems.sorted();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_form_of_a_value_is_read_as_terraform_reads_it() {
    // what terraform 1.x prints for each, by `echo 'jsonencode(var.a)' | terraform console -var-file=x.tfvars`
    for (text, value) in [
        (r#"a = "x""#, r#""x""#),
        (r#"a = "\u00e9 \U0001F600 $${x} %%{y} $x %y $$ \" \n\t\r\\""#, r#""é 😀 ${x} %{y} $x %y $$ \" \n\t\r\\""#),
        (r#"a = """#, r#""""#),
        ("a = <<EOF\n  x\n y \\n $${z}\nEOF\n", r#""  x\n y \\n ${z}\n""#),
        ("a = <<EOF\nEOF\n", r#""""#),
        ("a = <<-EOF\n    x\n      y\n    EOF\n", r#""x\n  y\n""#),
        ("a = <<-EOF\n    x\n\n  y\n   EOF\n", r#""  x\n\ny\n""#),
        ("a = <<EOF\r\nx\r\ny\r\nEOF\r\n", r#""x\r\ny\r\n""#),
        ("a = 42", "int:42"),
        ("a = -42", "int:-42"),
        ("a = - 42", "int:-42"),
        ("a = 007", "int:7"),
        ("a = 1e3", "int:1000"),
        ("a = 1.0", "int:1"),
        ("a = 1.10", "float:1.1"),
        ("a = -0.5", "float:-0.5"),
        ("a = 25e-4", "float:0.0025"),
        ("a = 9223372036854775807", "int:9223372036854775807"),
        ("a = true", "bool:true"),
        ("a = false", "bool:false"),
        ("a = null", "null"),
        ("a = (\"x\")", r#""x""#),
        ("a = []", "[]"),
        ("a = {}", "{}"),
        ("a = [\n  \"x\", # one\n  [1, true], // two\n  {b = null},\n]", r#"["x",[int:1,bool:true],{"b"=null}]"#),
        ("a = {x : 1, \"y z\" : 2 /* c */\nz = 3}", r#"{"x"=int:1,"y z"=int:2,"z"=int:3}"#),
        (
            "a = {1 = 2, true = 3, null = 4, (5) = 6, (\"q\") = 7}",
            r#"{"1"=int:2,"true"=int:3,"null"=int:4,"5"=int:6,"q"=int:7}"#,
        ),
        ("a = {\"info@x.org\" = \"p\", \"a:b\" = {\"c.d\" = [\"e\"]}}", r#"{"info@x.org"="p","a:b"={"c.d"=["e"]}}"#),
    ] {
        assert_eq!(shown(text), format!("a={value}"), "{text}");
    }
}

#[test]
fn a_file_has_comments_other_line_ends_and_a_mark_before_it() {
    let text =
        "\u{feff}# one\r\na = \"x\"\r\n\r\n// two\r\nb-c = [1,\r\n  2]\r\n/* three\r\n*/ d = {\r\n  e = 1\r\n}\r\n";
    assert_eq!(shown(text), r#"a="x" b-c=[int:1,int:2] d={"e"=int:1}"#);
    assert_eq!(shown(""), "");
    assert_eq!(shown("# nothing"), "");
}

#[test]
fn json_is_read_as_it_is() {
    let text = r#"{"//": "comment", "a": "${x} \u00e9\ud83d\ude00", "b": [1, -2, 1.5, 1e3, true, {}], "c": {"d e": "", "f": null}}"#;
    let variables = read("x.tfvars.json", text.as_bytes()).unwrap();
    let shown: Vec<String> = variables.iter().map(|one| format!("{}={}", one.name, tree(&one.tree))).collect();
    assert_eq!(
        shown,
        [r#"a="${x} é😀""#, r"b=[int:1,int:-2,float:1.5,int:1000,bool:true,{}]", r#"c={"d e"="","f"=null}"#]
    );
}

#[test]
fn large_and_deep_values_are_read() {
    let large = "x".repeat(1 << 20);
    let variables = read("x.tfvars", format!("a = \"{large}\"\n").as_bytes()).unwrap();
    let [(path, value)] = &variables[0].tree.leaves()[..] else { panic!() };
    assert!(path.is_empty() && value.bytes().len() == 1 << 20);
    let deep = format!("a = {}1{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(read("x.tfvars", deep.as_bytes()).unwrap()[0].tree.leaves()[0].0.len(), 64);
    let too_deep = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read("x.tfvars", too_deep.as_bytes()).is_err());
    assert!(read("x.tfvars.json", &too_deep.as_bytes()[4..]).is_err());
}

#[test]
fn leaves_have_the_keys_that_lead_to_them() {
    let variables = read("x.tfvars", b"a = {b = [\"x\", {c = 1}], d = null, e = []}").unwrap();
    let leaves = variables[0].tree.leaves();
    let paths: Vec<String> = leaves.iter().map(|(path, _)| path.join("/")).collect();
    assert_eq!(paths, ["b/0", "b/1/c"]);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_without_its_text() {
    let secret = "hunter2";
    let cases: &[(&str, &str, &str)] = &[
        ("x.tfvars", "a = 1\nb = hunter2\n", "x.tfvars:2:5"),
        ("x.tfvars", "a = var.hunter2\n", "x.tfvars:1:5"),
        ("x.tfvars", "a = file(\"hunter2\")\n", "x.tfvars:1:5"),
        ("x.tfvars", "a = \"${hunter2}\"\n", "x.tfvars:1:5"),
        ("x.tfvars", "a = <<EOF\nhunter2 ${var.x}\nEOF\n", "x.tfvars:1:5"),
        ("x.tfvars", "a = \"hunter2\" == \"x\"\n", "x.tfvars:1:5"),
        ("x.tfvars", "a = {b = \"hunter2\", \"b\" = \"hunter2\"}\n", "x.tfvars:1:21"),
        ("x.tfvars", "a = \"hunter2\"\na = \"hunter2\"\n", "x.tfvars:2:1"),
        ("x.tfvars", "a {\n  b = \"hunter2\"\n}\n", "x.tfvars:1:1"),
        ("x.tfvars", "\n  a = \"hunter2\nb = 2\"\n", "x.tfvars:2:7"),
        ("x.tfvars", "a = \"hunter2\\q\"\n", "x.tfvars:1:15"),
        ("x.tfvars", "é = \"hunter2\" hunter2\n", "x.tfvars:1:15"),
        ("x.tfvars", "a = [\"hunter2\" \"hunter2\"]\n", "x.tfvars:1:16"),
        ("x.tfvars", "a = \"hunter2", "x.tfvars:1:1"),
        ("x.tfvars", "a = <<EOF\nhunter2\n", "x.tfvars:2:1"),
        ("x.tfvars", "a = [<<EOT\nhunter2\nEOT,\n1]\n", "x.tfvars:1:6"),
        ("x.tfvars", "hunter2", "x.tfvars:1"),
        ("x.tfvars", "a = 18446744073709551617\n", "x.tfvars:1:5"),
        ("x.tfvars", "sops = \"hunter2\"\n", "x.tfvars:1:1"),
        ("x.tfvars.json", "{\"a\": \"hunter2\",}", "x.tfvars.json:1:17"),
        ("x.tfvars.json", "{\"a\": \"hunter2\", \"a\": \"hunter2\"}", "x.tfvars.json:1:20"),
        ("x.tfvars.json", "{\"a\": \"hunter2", "x.tfvars.json:1:14"),
        ("x.tfvars.json", "{\n\"a\": \"hunter2\\q\"}", "x.tfvars.json:2:15"),
        ("x.tfvars.json", "\"hunter2\"", "x.tfvars.json"),
        ("x.tfvars.json", "{\"a\": 18446744073709551617}", "x.tfvars.json:1:"),
        ("x.tfvars.json", "hunter2", "x.tfvars.json:1:1"),
        ("x.tfvars", "a = [\"hunter2\", null]\n", "x.tfvars:1:5"),
        ("x.tfvars.json", "{\"a\": [\"hunter2\", null]}", "x.tfvars.json:1:"),
    ];
    let is_right = |told: &str, place: &str| {
        told.contains(&format!("--> {place}")) && !told.contains(secret) && !told.contains("184467")
    };
    let told = cases.iter().map(|(path, text, place)| (text, place, told(path, text.as_bytes())));
    let wrong: Vec<_> = told.filter(|(_, place, told)| !is_right(told, place)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_text_is_told() {
    let locked = told("x.tfvars", b"\0GITCRYPT\0\x01\x02\xff");
    assert!(locked.contains("git-crypt unlock"), "{locked}");
    let binary = told("x.tfvars", b"a = \"x\"\nb = \"\xff\xfe\"\n");
    assert!(binary.contains("UTF-8") && binary.contains("x.tfvars:2:6"), "{binary}");
}
