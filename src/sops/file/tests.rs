use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::sops::{Keys, Recipient};
use crate::yaml::Map;

const NOW: &str = "2026-11-26T10:00:00Z";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn keys() -> Keys {
    Keys::of(&std::fs::read_to_string(root().join("tests/keys/age.txt")).unwrap())
}

fn recipient() -> Recipient {
    Recipient::parse("age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur").unwrap()
}

fn open(text: &str) -> Result<File, Problems> {
    File::unlock(&Source::new("secrets.sops.yaml", text), &keys())
}

/// A file of homebuild's own making.
fn file(values: &[(&[&str], &str)]) -> File {
    let mut file = File::new("secrets.sops.yaml", &[recipient()], &Map::default()).unwrap();
    for (path, value) in values {
        assert!(file.set(path, &Value::str(*value)).unwrap());
    }
    file
}

fn finished(file: &File) -> String {
    file.finish(NOW).unwrap()
}

fn message(result: Result<File, Problems>) -> String {
    result.unwrap_err().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_file_of_this_repository_opens() {
    let text = std::fs::read_to_string(root().join("secrets.sops.yaml")).unwrap();
    let file = open(&text).unwrap();
    assert!(file.values().count() > 100);
    let text = file.decrypted();
    assert!(!text.contains("ENC[") && !text.contains("sops:"));
}

#[test]
fn what_was_set_is_read_again() {
    let file = file(&[
        (&["a"], "value one"),
        (&["b", "c"], "two\nlines here\n"),
        (&["b", "d@e.f"], ""),
        (&["l", "x"], "'\"\\"),
    ]);
    let text = finished(&file);
    let again = open(&text).unwrap();
    let values: Vec<_> =
        again.values().map(|(path, value)| (path.join("/"), value.text().unwrap().to_owned())).collect();
    let expected = [("a", "value one"), ("b/c", "two\nlines here\n"), ("b/d@e.f", ""), ("l/x", "'\"\\")];
    assert_eq!(values, expected.map(|(path, value)| (path.to_owned(), value.to_owned())));
    assert!(!text.contains("value one") && !text.contains("lines here"));
}

#[test]
fn one_change_leaves_every_other_byte() {
    let before = finished(&file(&[(&["a"], "one"), (&["b", "c"], "two"), (&["b", "d"], "three")]));
    let mut file = open(&before).unwrap();
    assert!(!file.set(&["b", "c"], &Value::str("two")).unwrap(), "it is there already");
    assert!(!file.is_changed());
    assert!(file.set(&["b", "c"], &Value::str("other")).unwrap());
    let after = finished(&file);
    let differing = before.lines().zip(after.lines()).filter(|(before, after)| before != after).count();
    assert_eq!(differing, 2, "the value and the MAC; `lastmodified` is the same here:\n{before}\n{after}");
    assert_eq!(open(&after).unwrap().value(&["b", "c"]), Some(&Value::str("other")));
}

#[test]
fn a_value_goes_where_it_belongs() {
    let mut file = file(&[(&["b", "c"], "1"), (&["z"], "2")]);
    for path in [&["b", "new"][..], &["a"], &["deep", "er", "est"], &["b", "map", "x"]] {
        assert!(file.set(path, &Value::str("new")).unwrap());
        assert_eq!(file.value(path), Some(&Value::str("new")));
    }
    let text = finished(&file);
    let order: Vec<_> = open(&text).unwrap().values().map(|(path, _)| path.join("/")).collect();
    assert_eq!(order, ["b/c", "b/new", "b/map/x", "z", "a", "deep/er/est"]);
}

#[test]
fn lists_grow_and_flow_style_stays() {
    let mut file = file(&[(&["x"], "1")]);
    file.edit("x: \"1\"\nlist:\n- one\n- two: 2\n  three: 3\nflow: {a: b, c: [d]}\nempty: {}\nnone: []\nnull: \n")
        .unwrap();
    for (path, value) in
        [(&["list", "2"][..], "L"), (&["list", "1", "four"], "4"), (&["flow", "n"], "N"), (&["flow", "c", "1"], "C")]
    {
        assert!(file.set(path, &Value::str(value)).unwrap(), "{path:?}");
    }
    assert!(file.set(&["empty", "e"], &Value::str("E")).unwrap());
    assert!(file.set(&["null", "u"], &Value::str("U")).unwrap());
    let again = open(&finished(&file)).unwrap();
    let order: Vec<_> = again.values().map(|(path, _)| path.join("/")).collect();
    let expected = "x list/0 list/1/two list/1/three list/1/four list/2 flow/a flow/c/0 flow/c/1 flow/n empty/e null/u";
    assert_eq!(order.join(" "), expected);
    assert!(again.value(&["list", "5"]).is_none());
    assert!(file.set(&["list", "7"], &Value::str("")).is_err() && file.set(&["list", "one"], &Value::str("")).is_err());
}

#[test]
fn what_is_removed_takes_its_empty_maps_along() {
    let mut file = file(&[(&["a", "b", "c"], "1"), (&["k"], "2"), (&["m", "x"], "3"), (&["m", "y"], "4")]);
    assert!(file.remove(&["a", "b", "c"]).unwrap() && file.remove(&["m", "x"]).unwrap());
    assert!(!file.remove(&["nothing"]).unwrap() && !file.remove(&["sops", "mac"]).unwrap());
    let order: Vec<_> = open(&finished(&file)).unwrap().values().map(|(path, _)| path.join("/")).collect();
    assert_eq!(order, ["k", "m/y"]);
    file.edit("list:\n- zero\n- a: 1\n  b: 2\n- x\n").unwrap();
    assert!(file.remove(&["list", "0"]).unwrap(), "what stands behind it has another number then");
    assert!(file.remove(&["list", "0", "a"]).unwrap());
    let order: Vec<_> = open(&finished(&file)).unwrap().values().map(|(path, _)| path.join("/")).collect();
    assert_eq!(order, ["list/0/b", "list/1"]);
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let mut file = file(&[(&["a", "b"], "1")]);
    for path in [&["a"][..], &["a", "b", "c"], &["sops", "mac"], &[]] {
        assert!(file.set(path, &Value::str("x")).is_err(), "{path:?}");
    }
    assert_eq!(file.value(&["a", "b"]), Some(&Value::str("1")));
}

#[test]
fn an_edited_file_keeps_what_did_not_change() {
    let before = finished(&file(&[(&["a"], "one"), (&["b", "c"], "two\nlines\n"), (&["b", "num"], "0123")]));
    let mut file = open(&before).unwrap();
    let text = file.decrypted().to_string();
    assert_eq!(text, "a: one\nb:\n  c: |\n    two\n    lines\n  num: \"0123\"\n");
    let edited = "# hello\nb:\n  num: '0123' # kept\n  c: |2\n      two\n      lines\n  new: >-\n    folded\n    text\na: other\n";
    file.edit(edited).unwrap();
    let after = finished(&file);
    let again = open(&after).unwrap();
    let values: Vec<_> =
        again.values().map(|(path, value)| (path.join("/"), value.text().unwrap().to_owned())).collect();
    let expected = [("b/num", "0123"), ("b/c", "  two\n  lines\n"), ("b/new", "folded text"), ("a", "other")];
    assert_eq!(values, expected.map(|(path, value)| (path.to_owned(), value.to_owned())));
    let line = |text: &str, key: &str| {
        text.lines().find(|line| line.trim().starts_with(key)).unwrap().split(" #").next().unwrap().to_owned()
    };
    assert_eq!(line(&before, "num:"), line(&after, "num:"));
    assert!(!after.contains("hello") && !after.contains("kept"), "comments are encrypted");
    let mut again = again;
    let text = again.decrypted().to_string();
    assert!(text.starts_with("# hello\n") && text.contains("\"0123\" # kept"), "{text}");
    again.edit(&text).unwrap();
    assert_eq!(again.text, after, "an edit of nothing changes nothing");
}

#[test]
fn an_edit_that_cannot_be_read_says_where_and_not_what() {
    let mut file = file(&[(&["a"], "one")]);
    for text in [
        "a: [canary\n",
        "a: 1\na: canary\n",
        "sops: canary\n",
        "- canary\n",
        "a: !canary x\n",
        "a: \"canary\n",
        "a: &x {b: canary}\nc: *x\n",
        "z: {k: v, canary}\n",
        "x_unencrypted: {canary}\n",
        "? canary\n",
        "a: 1\n canary: 2\n",
    ] {
        let problems = file.edit(text).unwrap_err();
        let told = problems.iter().map(ToString::to_string).collect::<String>();
        assert!(!told.contains("canary") && told.contains("secrets.sops.yaml:"), "{told}");
    }
    assert_eq!(file.value(&["a"]), Some(&Value::str("one")));
}

#[test]
fn what_was_changed_by_hand_is_found() {
    let mut file = file(&[(&["a"], "one"), (&["b"], "two")]);
    assert!(file.set(&["c_unencrypted"], &Value::str("plain")).is_err(), "it would stand in plain");
    file.edit("a: one\nb: two\nc_unencrypted: plain\n").unwrap();
    let text = finished(&file);
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap();
    let (a, b) = (&line("a: ")[3..], &line("b: ")[3..]);
    let swapped = text.replace(a, "§").replace(b, a).replace('§', b);
    assert_eq!(
        message(open(&swapped)),
        "`a` cannot be decrypted: it was changed, or moved here from another name or file; `b` cannot be decrypted: it was \
         changed, or moved here from another name or file"
    );
    assert!(message(open(&text.replace(&format!("{}\n", line("b: ")), ""))).contains("MAC of this file does not fit"));
    assert!(message(open(&text.replace("plain", "other"))).contains("MAC of this file does not fit"));
    assert!(message(open(&text.replace(NOW, "2026-11-26T10:00:01Z"))).contains("`lastmodified`"));
    assert!(message(open(&text.replace("data:", "data:AAAA"))).contains("cannot be decrypted"));
    assert_eq!(open(&text).unwrap().value(&["c_unencrypted"]), Some(&Value::str("plain")));
}

#[test]
fn a_key_that_does_not_fit_is_told() {
    let text = finished(&file(&[(&["a"], "one")]));
    let error = File::unlock(&Source::new("s.yaml", text), &Keys::of("")).unwrap_err();
    assert!(error.iter().any(|problem| problem.to_string().contains("age1jx6g")));
}

/// The real sops, in a folder with a file of these bytes.
struct Sops(tempfile::TempDir);

impl Sops {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secrets.sops.yaml"), text).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("sops");
        command.args(arguments).current_dir(&self.0).env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt"));
        let out = command.output().expect("sops, of tests/setup.sh");
        assert!(out.status.success(), "sops {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.0.path().join("secrets.sops.yaml")).unwrap()
    }

    fn put(&self, text: &str) {
        std::fs::write(self.0.path().join("secrets.sops.yaml"), text).unwrap();
    }

    /// Encrypts a plain text by a rule of `.sops.yaml`.
    fn encrypted(text: &str, rule: &str, indent: usize) -> Self {
        // bytes that are no text cannot stand in plain
        let is_all_encrypted = !rule.contains("regex") && !rule.contains("suffix");
        let text = if is_all_encrypted { text.to_owned() } else { text.replace("bytes: !!binary /w==\n", "") };
        let sops = Self::new(&text);
        let rules =
            format!("creation_rules: [{{age: {}{rule}}}]\nstores: {{yaml: {{indent: {indent}}}}}\n", recipient());
        std::fs::write(sops.0.path().join(".sops.yaml"), rules).unwrap();
        sops.run(&["encrypt", "--in-place", "secrets.sops.yaml"]);
        sops
    }
}

/// Rules of what is encrypted.
const RULES: [&str; 5] = [
    "",
    ", mac_only_encrypted: true",
    ", encrypted_regex: '^(map|plain)$'",
    ", unencrypted_regex: '^b$'",
    ", encrypted_suffix: t",
];

/// What a text means to another reader of YAML.
fn meaning(text: &str) -> serde_yaml::Value {
    serde_yaml::from_str(text).unwrap()
}

const ALL: &str = "# the first\nplain: one # beside\nnumber: 42\nfraction: 1.5\nyes: true\nempty: \"\"\n\
    nothing: null\ntext: |\n  two\n  lines\nodd@key: \"q\\\"uote\\\\ \\u0001 \\u00e9 \\U0001F600\"\nbytes: !!binary /w==\nmap:\n  # inner\n  \
    a: \"0123\"\n  b:\n  - one\n  - x: y\n    # in a list\n    z: [1, 2]\n  - - deep\n  # foot\nopen_unencrypted: 2024-01-01\n";

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn what_sops_writes_is_read() {
    for rule in RULES {
        for indent in [2, 4] {
            let sops = Sops::encrypted(ALL, rule, indent);
            let file = open(&sops.text()).unwrap();
            let expect = [
                (&["plain"][..], "one"),
                (&["number"], "42"),
                (&["yes"], "true"),
                (&["empty"], ""),
                (&["map", "b", "1", "z", "1"], "2"),
                (&["map", "b", "2", "0"], "deep"),
            ];
            for (path, value) in expect {
                assert_eq!(file.value(path).and_then(Value::text), Some(value), "{rule} {path:?}");
            }
            assert_eq!(file.value(&["odd@key"]).and_then(Value::text), Some("q\"uote\\ \u{1} é \u{1F600}"));
            assert_eq!(file.value(&["nothing"]), None);
            if rule.is_empty() {
                assert_eq!(file.value(&["bytes"]).map(Value::bytes), Some(&[0xff][..]));
                assert!(file.decrypted().contains("# in a list") && file.decrypted().contains("# beside"));
            }
        }
    }
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn what_is_changed_sops_reads_and_verifies() {
    for rule in RULES {
        let sops = Sops::encrypted(ALL, rule, 4);
        let mut file = open(&sops.text()).unwrap();
        // what the rule would leave in plain is refused
        let mut set = |path: &[&str], value: &str| {
            let done = file.set(path, &Value::str(value)).is_ok();
            assert!(done || !matches!(rule, "" | ", mac_only_encrypted: true"), "{rule} {path:?}");
            done
        };
        assert!(set(&["plain"], "other") || rule.contains("suffix"));
        let (new, item) = (set(&["map", "new"], "a\nb\r\n\0"), set(&["map", "b", "3"], "# no comment"));
        let (more, brand) = (set(&["map", "b", "1", "more"], "deep"), set(&["brand", "new"], "true"));
        file.remove(&["number"]).unwrap();
        sops.put(&finished(&file));
        let read = meaning(&sops.run(&["decrypt", "secrets.sops.yaml"]).replace("!!binary ", ""));
        assert!(!new || read["map"]["new"] == "a\nb\r\n\0");
        assert!(!item || read["map"]["b"][3] == "# no comment");
        assert!(!more || read["map"]["b"][1]["more"] == "deep");
        assert!(!brand || read["brand"]["new"] == "true");
        assert_eq!(read["fraction"], 1.5);
        assert!(read.get("number").is_none());
        sops.run(&["set", "secrets.sops.yaml", "[\"plain\"]", "\"by sops\""]);
        assert_eq!(open(&sops.text()).unwrap().value(&["plain"]), Some(&Value::str("by sops")));
    }
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn an_edit_of_nothing_changes_nothing_that_sops_wrote() {
    let sops = Sops::encrypted(ALL, "", 4);
    let before = sops.text();
    let mut file = open(&before).unwrap();
    let text = file.decrypted();
    file.edit(&text).unwrap();
    for (now, before) in file.text.lines().zip(before.lines()) {
        assert_eq!(now, before, "{}", text.as_str());
    }
    assert_eq!(file.text, before);
    file.edit(&format!("{}# at the end\nlast: 7\n", text.as_str())).unwrap();
    sops.put(&finished(&file));
    let read = sops.run(&["decrypt", "secrets.sops.yaml"]);
    assert!(read.contains("# at the end") && read.contains("last: 7") && read.contains("# inner"), "{read}");
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn a_new_file_is_one_of_sops() {
    let mut file = file(&[(&["tls", "key"], "-----BEGIN\nx\n"), (&["z"], "")]);
    let bytes: Vec<u8> = (0..=255).collect();
    file.set(&["bytes"], &Value::str(bytes.clone())).unwrap();
    file.set(&["large"], &Value::str("é".repeat(1 << 19))).unwrap();
    let sops = Sops::new(&finished(&file));
    let read: serde_json::Value =
        serde_json::from_str(&sops.run(&["decrypt", "--output-type", "json", "secrets.sops.yaml"])).unwrap();
    assert_eq!(read["tls"]["key"], "-----BEGIN\nx\n");
    assert_eq!(read["large"].as_str().map(str::len), Some(1 << 20));
    sops.run(&["set", "secrets.sops.yaml", "[\"more\"]", "{\"x\": [1, \"two\"]}"]);
    let again = open(&sops.text()).unwrap();
    assert_eq!(again.value(&["bytes"]).map(Value::bytes), Some(bytes.as_slice()));
    assert_eq!(again.value(&["more", "x", "1"]), Some(&Value::str("two")));
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn readers_come_and_go() {
    let pair = |folder: &Path, name: &str| -> (PathBuf, Recipient) {
        let path = folder.join(name);
        assert!(Command::new("age-keygen").arg("-o").arg(&path).output().unwrap().status.success());
        let text = std::fs::read_to_string(&path).unwrap();
        let public = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
        (path, Recipient::parse(public).unwrap())
    };
    let sops = Sops::encrypted("a: one\n", "", 2);
    let (path, other) = pair(sops.0.path(), "other.txt");
    let before = sops.text();
    let mut file = open(&before).unwrap();
    assert!(file.add_reader(&other).unwrap() && !file.add_reader(&other).unwrap());
    sops.put(&finished(&file));
    let decrypt = |key: &Path| {
        let mut command = Command::new("sops");
        command
            .args(["decrypt", "secrets.sops.yaml"])
            .current_dir(&sops.0)
            .env("SOPS_AGE_KEY_FILE", key)
            .output()
            .unwrap()
    };
    assert_eq!(decrypt(&path).stdout, b"a: one\n");
    let line = before.lines().next().unwrap();
    assert!(sops.text().starts_with(line), "the ciphertext stays");
    let mut file = open(&sops.text()).unwrap();
    assert!(file.remove_reader(&other.to_string()).unwrap() && !file.remove_reader(&other.to_string()).unwrap());
    sops.put(&finished(&file));
    assert!(!decrypt(&path).status.success());
    assert_eq!(sops.run(&["decrypt", "secrets.sops.yaml"]), "a: one\n");
}

/// Files by chance, changed by chance: one value changes and no other, and what cannot be done is refused.
#[test]
fn a_change_by_chance_touches_one_value() {
    let mut dice = crate::yaml::dice::Dice(5);
    let mut changed = 0;
    for _ in 0..150 {
        let mut file = file(&[]);
        let text = tree(&mut dice, 3);
        file.edit(&text).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
        for step in 0..8 {
            let path: Vec<&str> = (0..=dice.roll(3)).map(|_| KEYS[dice.roll(KEYS.len())]).collect();
            let before: Vec<_> = file.values().map(|(path, value)| (path, value.clone())).collect();
            let value = Value::str(format!("new {step}"));
            let is_set = dice.roll(3) > 0;
            let done = if is_set { file.set(&path, &value) } else { file.remove(&path) };
            let after: Vec<_> = file.values().map(|(path, value)| (path, value.clone())).collect();
            match done {
                Ok(true) => changed += 1,
                Ok(false) => assert_eq!(before, after),
                Err(problems) => {
                    assert_eq!(before, after);
                    let told = problems.iter().map(|problem| problem.message.clone()).collect::<String>();
                    let is_style = told.contains("safely") || told.contains("flow style");
                    assert!(!is_style || file.text.contains(['{', '[']), "{told}: {path:?}\n{}", file.text);
                    continue;
                }
            }
            let is_path = |known: &Vec<String>| known.iter().map(String::as_str).eq(path.iter().copied());
            let others = |all: &[(Vec<String>, Value)]| {
                let all = all.iter().filter(|(known, _)| !is_path(known)).cloned();
                all.collect::<Vec<_>>()
            };
            if is_set {
                assert_eq!(others(&before), others(&after), "{path:?}\n{}", file.text);
                assert_eq!(file.value(&path), Some(&value));
            } else {
                assert!(after.len() < before.len() || before == after, "an empty map or list is gone, or values");
                let values =
                    |all: &[(Vec<String>, Value)]| all.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
                let mut rest = values(&before).into_iter();
                assert!(values(&after).iter().all(|value| rest.any(|one| one == *value)), "{path:?}\n{}", file.text);
            }
        }
        open(&finished(&file)).unwrap();
    }
    assert!(changed > 300, "{changed}");
}

const KEYS: [&str; 8] = ["a", "b", "c", "0", "1", "key with space", "x@y", "true"];

/// A map in any style.
fn tree(dice: &mut crate::yaml::dice::Dice, depth: usize) -> String {
    fn value(dice: &mut crate::yaml::dice::Dice, depth: usize, indent: usize) -> String {
        let space = " ".repeat(indent);
        match dice.roll(if depth == 0 { 6 } else { 10 }) {
            0 => " plain\n".to_owned(),
            1 => " 'it''s'  # beside\n".to_owned(),
            2 => format!(" |\n{space}  two\n\n{space}  lines\n"),
            3 => " 42\n".to_owned(),
            4 => "\n".to_owned(),
            5 => " \"a\\tb\"\n".to_owned(),
            6 => " {a: 1, b: [x, {c: y}], c: }\n".to_owned(),
            7 => " {}\n".to_owned(),
            8 => {
                let items = (0..=dice.roll(2)).map(|_| format!("{space}-{}", value(dice, depth - 1, indent + 2)));
                format!("\n{}", items.collect::<String>())
            }
            _ => format!("\n{}", map(dice, depth - 1, indent + 2)),
        }
    }
    fn map(dice: &mut crate::yaml::dice::Dice, depth: usize, indent: usize) -> String {
        let first = dice.roll(KEYS.len());
        let entry = |number: usize, dice: &mut crate::yaml::dice::Dice| {
            let (key, space) = (KEYS[(first + number) % KEYS.len()], " ".repeat(indent));
            let comment = if dice.roll(4) == 0 { format!("{space}# above\n") } else { String::new() };
            format!("{comment}{space}\"{key}\":{}", value(dice, depth, indent))
        };
        (0..=dice.roll(3)).map(|number| entry(number, dice)).collect()
    }
    map(dice, depth, 0)
}

/// Texts that people type, each of which was once read wrongly.
const SHAPES: [&str; 16] = [
    "a: one\nb:\n  c: | # why\n    line\n",
    "l: [\"one, two\", \"x\"]\nz: {k: \"v, w\"}\n",
    "a: |+\n  x\n\nb: y\n",
    "k: 1e30\nm: 1.50\nn: 0x10\no: True\n",
    "a:\n  b: x\n# end\n",
    "l:\n  - x\n  # foot\nb: y\n",
    "l:\n- # of item\n  a: 1\n",
    "a: {} # beside\nb: x\n",
    "a: [] # beside\nb: x\n",
    "x_unencrypted: 0644\ny_unencrypted: 1_000\nz_unencrypted: 2020-01-02 10:00:00\nw_unencrypted: .inf\n",
    "u_unencrypted: 9223372036854775808\nv_unencrypted: 2024-01-01\n",
    "1: x\ntrue: y\nnull: z\n1.5: a\n2020-01-01: b\n",
    "k0: \"m\" # r\nk1: v # r\n# r\nk2: v # r\n",
    "l:\n  # head\n  - one # beside\n  # between\n  - two\n",
    "a: \"x\\n\\n\\n\"\nb: \"\\n\"\n",
    "# only a comment\n\na: >-\n  folded\n  text\n\n# last\n",
];

#[test]
fn an_edit_of_nothing_changes_no_byte() {
    for shape in SHAPES {
        let mut file = file(&[]);
        file.edit(shape).unwrap_or_else(|problems| panic!("{shape}: {problems:?}"));
        let (text, values) =
            (file.text.clone(), file.values().map(|(path, value)| (path, value.clone())).collect::<Vec<_>>());
        for _ in 0..3 {
            let shown = file.decrypted();
            file.edit(&shown).unwrap_or_else(|problems| panic!("{shape}: {problems:?}\n{}", shown.as_str()));
            assert_eq!(file.values().map(|(path, value)| (path, value.clone())).collect::<Vec<_>>(), values, "{shape}");
            assert_eq!(file.text, text, "{shape}");
        }
    }
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn whatever_is_typed_sops_reads() {
    for shape in SHAPES {
        let mut file = file(&[]);
        file.edit(shape).unwrap();
        let sops = Sops::new(&finished(&file));
        let read = sops.run(&["decrypt", "secrets.sops.yaml"]);
        assert!(!read.contains("ENC["), "a comment is bound to another map:\n{shape}\n{read}\n{}", file.text);
        // and what sops makes of it
        sops.run(&["rotate", "--in-place", "secrets.sops.yaml"]);
        let again = open(&sops.text()).unwrap_or_else(|problems| panic!("{shape}: {problems:?}"));
        let values =
            |file: &File| file.values().map(|(path, value)| (path.join("/"), value.clone())).collect::<Vec<_>>();
        assert_eq!(values(&again), values(&file), "{shape}");
    }
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn recipients_of_pgp_and_a_cloud_stay_as_they_are() {
    let others = "  kms:\n  - arn: arn:aws:kms:eu-west-1:1:key/x\n    created_at: \"2026-01-01T00:00:00Z\"\n    enc: AQ==\n    \
                  aws_profile: \"\"\n  pgp:\n  - created_at: \"2026-01-01T00:00:00Z\"\n    enc: |\n      -----BEGIN PGP \
                  MESSAGE-----\n      x\n      -----END PGP MESSAGE-----\n    fp: FBC7B9E2\n";
    let text = finished(&file(&[(&["a"], "value")])).replace("  lastmodified:", &format!("{others}  lastmodified:"));
    let mut file = open(&text).unwrap();
    assert_eq!(file.other_readers(), ["pgp FBC7B9E2", "kms arn:aws:kms:eu-west-1:1:key/x"]);
    file.set(&["b"], &Value::str("new")).unwrap();
    let other = Recipient::parse("age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg").unwrap();
    assert!(file.add_reader(&other).unwrap());
    let sops = Sops::new(&finished(&file));
    assert!(sops.text().contains(others), "{}", sops.text());
    assert_eq!(sops.run(&["decrypt", "secrets.sops.yaml"]), "a: value\nb: new\n");
}
