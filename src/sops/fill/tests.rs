use super::*;
use crate::secrets::Fingerprint;
use crate::yaml::dice::Dice;

/// Secrets by name, all below `s`, each with the ciphertext of its name.
struct Safe(Vec<(&'static str, Value)>);

impl Safe {
    fn of(values: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self(values.into_iter().map(|(name, value)| (name, Value::str(value))).collect())
    }

    fn names(&self) -> Secret {
        let names = self.0.iter().map(|(name, _)| ((*name).to_owned(), Secret::Value(Fingerprint::of(name))));
        Secret::Map(vec![("s".to_owned(), Secret::Map(names.collect()))])
    }

    fn fill(&self, path: &str, text: &str) -> Result<Zeroizing<String>, Problems> {
        let value = |path: &[String]| {
            let [first, name] = path else { return None };
            self.0.iter().find(|(known, _)| first == "s" && known == name).map(|(_, value)| value)
        };
        fill(&Source::new(path, text), &self.names(), &value)
    }

    fn filled(&self, path: &str, text: &str) -> String {
        self.fill(path, text).map_or_else(|problems| panic!("{problems:?}"), |text| text.to_string())
    }

    fn told(&self, path: &str, text: &str) -> String {
        let problems = self.fill(path, text).expect_err("it is filled in");
        problems.sorted().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// A reference to a secret of a safe.
fn to(name: &str, filters: &str) -> String {
    format!("<secret:s.{name}{filters}#{}>", Fingerprint::of(name).0)
}

const OBJECT: &str = "out/shop/shop/configmap.shop.yaml";
const SECRET: &str = "out/shop/shop/secret.shop.yaml";

#[test]
fn a_reference_becomes_its_value_wherever_it_stands_in_a_text() {
    let safe = Safe::of([("password", "a b/c"), ("name", "x")]);
    let text = format!("url: postgres://{}:{}@db\n", to("name", ""), to("password", "|urlencode"));
    assert_eq!(safe.filled(OBJECT, &text), "url: \"postgres://x:a%20b%2Fc@db\"\n");
    let text = format!("a: {}\nb: <secret::x> is said so\n\"<secret::c>\": 1\n", to("password", "|b64encode|json"));
    let filled = "a: \"YSBiL2M=\"\nb: \"<secret:x> is said so\"\n<secret:c>: 1\n";
    assert_eq!(safe.filled(OBJECT, &text), filled);
}

#[test]
fn a_text_that_is_data_of_its_own_is_filled_in_as_its_language_wants_it() {
    let safe = Safe::of([("token", "\"\n}'")]);
    let text = format!("spec:\n  config: |\n    {{\"token\": \"{}\"}}\n", to("token", "|json"));
    let node = parse_one(&Source::new("x", safe.filled(OBJECT, &text))).unwrap();
    let config = node.at(["spec", "config"]).and_then(Node::as_str).unwrap();
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    assert_eq!(config["token"], "\"\n}'");
}

#[test]
fn the_text_data_of_a_secret_is_sent_as_data() {
    let safe = Safe(vec![("key", Value::str(vec![0xff, 0x00])), ("name", Value::str("x"))]);
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  a: {}\n  b: AAAA\n  raw: eA==\nstringData:\n  \
         raw: {}\n  tls.key: \"[{}]\"\n  plain: text\n",
        to("key", "|b64encode"),
        to("key", ""),
        to("name", ""),
    );
    let filled = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  a: \"/wA=\"\n  b: AAAA\n  raw: \"/wA=\"\n  \
                  tls.key: \"W3hd\"\n  plain: \"dGV4dA==\"\n";
    assert_eq!(safe.filled(SECRET, &text), filled);
    let plain = "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n";
    assert_eq!(safe.filled(SECRET, plain), "apiVersion: v1\nkind: Secret\ndata:\n  a: \"Yg==\"\n");
}

#[test]
fn every_kind_of_artifact_keeps_its_form() {
    let safe = Safe::of([("p", "x: \"y\"\n")]);
    let cloud = format!("#cloud-config\nusers:\n- passwd: {}\n", to("p", ""));
    assert_eq!(
        safe.filled("out/infra/infra/cloud-init/node.yaml", &cloud),
        "#cloud-config\nusers:\n- passwd: \"x: \\\"y\\\"\\n\"\n"
    );
    let payload = format!("{{\n  \"a\": [\n    \"{}\",\n    1.5\n  ]\n}}\n", to("p", ""));
    assert_eq!(
        safe.filled("out/infra/infra/proxmox/220-x.json", &payload),
        "{\n  \"a\": [\n    \"x: \\\"y\\\"\\n\",\n    1.5\n  ]\n}\n"
    );
    let file = format!("# kept\nkey: \"{}\"   # as it is\n", to("p", "|json"));
    assert_eq!(
        safe.filled("out/infra/infra/control-plane/audit.yaml.txt", &file),
        "# kept\nkey: \"x: \\\"y\\\"\\n\"   # as it is\n"
    );
    let nothing = "b:   1 # untouched\na: 2\n";
    assert_eq!(safe.filled(OBJECT, nothing), nothing);
}

#[test]
fn all_that_cannot_be_filled_in_is_told_at_once_and_never_a_value() {
    let mut safe = Safe::of([("password", "hunter2"), ("nul", "hunter2\0"), ("long", LONG)]);
    safe.0.push(("bytes", Value::str(vec![0xff; 3])));
    let wrong = to("password", "").replace('#', "#0").replace('>', "");
    let wrong = format!("{}>", &wrong[..wrong.len() - 1]);
    let text = format!(
        "spec:\n  missing: <secret:s.pasword#00000000>\n  stale: {wrong}\n  map: <secret:s#00000000>\n  list:\n  - a.b: x{}\n    \
         c: {}\n  - {}\n  broken: <secret:s.password>\n  cost: {}\n  <secret:s.password#00000000>: 1\n  text: |\n    first\n    {}\n",
        to("bytes", ""),
        to("bytes", "|json"),
        to("nul", "|bcrypt"),
        to("password", "|bcrypt(99)"),
        to("long", "|bcrypt(4)"),
    );
    let told = safe.told(OBJECT, &text);
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told, @r#"
    error[secret]: the secret `s.pasword` in `spec.missing` is not there
      --> out/shop/shop/configmap.shop.yaml:2:12
       |
     2 |   missing: <secret:s.pasword#00000000>
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean `password`?
       = run `homebuild build`: it says where the sources name it

    error[secret]: the secret `s.password` in `spec.stale` was changed since this was built
      --> out/shop/shop/configmap.shop.yaml:3:10
       |
     3 |   stale: <secret:s.password#05e88489>
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = run `homebuild build`, and look at what changes: `homebuild diff`

    error[secret]: the secret `s` in `spec.map` is a map of secrets, not one value
      --> out/shop/shop/configmap.shop.yaml:4:8
       |
     4 |   map: <secret:s#00000000>
       |        ^^^^^^^^^^^^^^^^^^^
       = below it are `password`, `nul`, `long`, `bytes`

    error[secret]: the secret `s.bytes` in `spec.list[0]["a.b"]` is no text: its bytes are not UTF-8
      --> out/shop/shop/configmap.shop.yaml:6:11
       |
     6 |   - a.b: x<secret:s.bytes#277089d9>
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^
       = bytes can be all of a value of a Secret; elsewhere give them a filter: `| b64encode`

    error[secret]: the secret `s.bytes` in `spec.list[0].c` is no text for JSON: its bytes are not UTF-8
      --> out/shop/shop/configmap.shop.yaml:7:8
       |
     7 |     c: <secret:s.bytes|json#277089d9>
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[secret]: the secret `s.nul` in `spec.list[1]` holds a NUL, where `bcrypt` stops
      --> out/shop/shop/configmap.shop.yaml:8:5
       |
     8 |   - <secret:s.nul|bcrypt#99e62427>
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[secret]: `spec.broken`: `<secret:s.password>` is no reference to a secret; `<secret::` is the literal text
      --> out/shop/shop/configmap.shop.yaml:9:11
       |
     9 |   broken: <secret:s.password>
       |           ^^^^^^^^^^^^^^^^^^^

    error[secret]: the secret `s.password` in `spec.cost` cannot be filled in: `bcrypt(99)`: the number of `bcrypt` is from 4 to 17
      --> out/shop/shop/configmap.shop.yaml:10:9
        |
     10 |   cost: <secret:s.password|bcrypt(99)#5e884898>
        |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[secret]: a secret stands in a key of `spec`, where push fills in nothing
      --> out/shop/shop/configmap.shop.yaml:11:3
        |
     11 |   <secret:s.password#00000000>: 1
        |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[secret]: the secret `s.long` in `spec.text` has more than the 72 bytes that `bcrypt` takes
      --> out/shop/shop/configmap.shop.yaml:14:5
        |
     14 |     <secret:s.long|bcrypt(4)#fc66f021>
        |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

const LONG: &str = "hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2";

#[test]
fn any_value_reads_back_as_itself_and_changes_nothing_beside_it() {
    const PARTS: [&str; 22] = [
        "\"",
        "'",
        "\\",
        "\n",
        "\r\n",
        "\0",
        "\t",
        "<secret:",
        "<secret::",
        "<secret:s.v#00000000>",
        "homebuild-gap",
        ": ",
        " #",
        "- ",
        "{",
        "}",
        "${{",
        "---",
        "\u{feff}",
        "\u{2028}",
        "😀",
        "x",
    ];
    let mut dice = Dice(7);
    for _ in 0..500 {
        let value: String = (0..dice.roll(8)).map(|_| PARTS[dice.roll(PARTS.len())]).collect();
        let safe = Safe(vec![("v", Value::str(value.clone()))]);
        let artifact = format!(
            "kind: ConfigMap\na:\n- {0}\n- \"<{0}>\"\nb:\n  c: |\n    {{\"x\": \"{1}\"}}\n  d: homebuild-gap\n",
            to("v", ""),
            to("v", "|json")
        );
        let filled = safe.filled(OBJECT, &artifact);
        assert_eq!(safe.filled(OBJECT, &artifact), filled);
        let node = parse_one(&Source::new("x", filled.as_str())).unwrap();
        let texts: Vec<_> = node.get("a").and_then(Node::as_list).unwrap().iter().filter_map(Node::as_str).collect();
        assert_eq!(texts, [value.clone(), format!("<{value}>")]);
        let json: serde_json::Value =
            serde_json::from_str(node.at(["b", "c"]).and_then(Node::as_str).unwrap()).unwrap();
        assert_eq!(json["x"], *value);
        assert_eq!(node.at(["b", "d"]).and_then(Node::as_str), Some("homebuild-gap"));
        let keys = |node: &Node| node.as_map().map(|map| map.keys().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(keys(&node), Some(vec!["kind".to_owned(), "a".to_owned(), "b".to_owned()]));
    }
}

#[test]
fn filters_make_of_a_secret_what_they_make_of_plain_text() {
    use crate::secrets::text::{base64, percent};
    let value = "a \"b\"\n/ü\0😀";
    let safe = Safe(vec![("v", Value::str(value))]);
    let fill = |filter: &str| safe.filled("out/a/a/control-plane/x.txt", &to("v", filter));
    assert_eq!(fill("|b64encode"), base64(value));
    assert_eq!(fill("|urlencode"), percent(value));
    assert_eq!(format!("\"{}\"", fill("|json")), crate::secrets::text::quoted(value).unwrap());
    assert_eq!(fill("|urlencode|b64encode"), base64(percent(value)));
    let safe = Safe::of([("v", "hunter2")]);
    let fill = |filter: &str| safe.filled("out/a/a/control-plane/x.txt", &to("v", filter));
    assert!(fill("|bcrypt(4)").starts_with("$2y$04$") && fill("|sha512_crypt(1000)").starts_with("$6$rounds=1000$"));
    assert_eq!(fill("|bcrypt(4)|b64encode"), base64(fill("|bcrypt(4)")));
}
