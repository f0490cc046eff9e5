//! No output of any command, and no file that it leaves, holds the value of a secret, however it is written: every
//! command runs on a site with planted values, with good and bad input and with the most verbose logging.

mod toy;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use homebuild::sops::{File, Recipient};
use homebuild::yaml::Map;
use tempfile::TempDir;
use toy::{put, tree};

const FILE: &str = "secrets.sops.yaml";
const RECIPIENT: &str = "age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur";
/// The canaries by name. Each line of one is looked for by itself.
const CANARIES: [(&str, &str); 7] = [
    ("plain", "canary0Kq2mP9vL4wR8tZ"),
    ("based", "Y2FuYXJ5LW9mLWJhc2U2NC03ZjNh"),
    ("url", "canary%2Fof%3Furl%3D9b1c"),
    ("json", "canary \"of\" \\json\\ \t4d2e"),
    ("quotes", "canary' of \"quotes\"$(x) 8a7b"),
    ("lines", "canary-line-one-5c6d\ncanary-line-two-1e0f\n"),
    ("unicode", "canary-\u{e9}\u{1f426}-3f2a"),
];
/// What a person may write into a source by mistake.
const WRITTEN: &str = "cN4rYx7Kq2mP9vL4wR8tZ";

const STACK: &str = "\
tier: 4-aux
components:
  conf:
    layout: config
    data:
      plain: \"${{ secrets.canary.plain }}\"
      url: \"mysql://user:${{ secrets.canary.url | urlencode }}@host/x\"
      json: \"${{ {'a': secrets.canary.json} | tojson }}\"
      based: \"${{ secrets.canary.based | b64encode }}\"
      file: \"${{ file('users.j2') }}\"
      lines: \"${{ secrets.canary.lines }}\"
      unicode: \"${{ secrets.canary.unicode | bcrypt(4) }}\"
";

/// The site that a command runs on, and the folder for its temporary files.
struct Place {
    site: TempDir,
    aside: TempDir,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Place {
    /// A site whose secrets are the canaries, set by the program itself.
    fn new() -> Self {
        let place = Self { site: tempfile::tempdir().unwrap(), aside: tempfile::tempdir().unwrap() };
        for (path, bytes) in tree(&root().join("tests/base")) {
            place.put(&path, &String::from_utf8(bytes).unwrap());
        }
        place.put("stacks/web/stack.yaml", STACK);
        place.put("stacks/web/files/users.j2", "{{ secrets.canary.quotes | bcrypt(4) }}\n");
        let file = File::new(FILE, &[Recipient::parse(RECIPIENT).unwrap()], &Map::default()).unwrap();
        place.put(FILE, &file.finish("2026-01-01T00:00:00Z").unwrap());
        for (name, value) in CANARIES {
            let output = place.run(&["secrets", "set", &format!("canary.{name}")], value.as_bytes());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        place.git(&["init", "-q"]);
        let built = place.run(&["build"], b"");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        place.git(&["add", "-A"]);
        place.git(&["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"]);
        place
    }

    fn put(&self, path: &str, text: &str) {
        put(self.site.path(), path, text);
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.site.path().join(path)).unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        assert!(Command::new("git").args(arguments).current_dir(self.site.path()).status().unwrap().success());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
        command.args(arguments).current_dir(self.site.path()).env_clear();
        command
            .env("SOPS_AGE_KEY_FILE", root().join("tests/keys/age.txt"))
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.env("TMPDIR", self.aside.path()).env("HOME", self.aside.path());
        command.env("XDG_RUNTIME_DIR", self.aside.path()).env("EDITOR", "true");
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        command
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        finish(self.command(arguments), input)
    }

    /// All that a command says, and all that lies on the disk afterwards, but for what `written` names.
    fn traces(&self, output: &Output, written: &[&str]) -> Vec<(String, Vec<u8>)> {
        let mut traces = vec![("stdout".into(), output.stdout.clone()), ("stderr".into(), output.stderr.clone())];
        for folder in [self.site.path(), self.aside.path()] {
            collect(folder, folder, &mut traces);
        }
        traces.retain(|(path, _)| !written.contains(&path.as_str()));
        traces
    }

    /// Runs a command and looks for every canary.
    #[track_caller]
    fn is_silent(&self, arguments: &[&str], input: &[u8], written: &[&str]) -> Output {
        let output = self.run(arguments, input);
        leaks_nothing(&self.traces(&output, written), arguments);
        output
    }

    /// The same for every command of the program that is not asked to show a value.
    #[track_caller]
    fn all_are_silent(&self, written: &[&str]) {
        for line in COMMANDS {
            let arguments: Vec<&str> = line.split_whitespace().collect();
            self.is_silent(&arguments, b"another value that nobody looks for\n", written);
        }
    }
}

/// Every command, in the order in which the site bears them.
const COMMANDS: [&str; 51] = [
    "build --check",
    "build --json",
    "build --stack web --json",
    "build --explain plain-secret",
    "diff HEAD",
    "diff HEAD --json",
    "diff HEAD --format markdown",
    "diff HEAD --format text",
    "list",
    "list secrets",
    "list secrets --json",
    "list values",
    "list hosts --json",
    "explain out/web/web/secret.conf.yaml",
    "explain Secret/conf --json",
    "graph",
    "graph --format svg",
    "graph --format mermaid",
    "graph --format dot",
    "fmt",
    "fmt --check",
    "schema",
    "schemas add missing.yaml",
    "completions bash",
    "new stack notes --image example.org/notes:1 --port 8080",
    "build",
    "secrets list",
    "secrets list --json",
    "secrets check",
    "secrets check --json",
    "secrets get canary.plain",
    "secrets get canary --show",
    "secrets get canary.plan --show",
    "secrets set canary.plain.below",
    "secrets set other.name --json",
    "secrets edit",
    "secrets recipients list",
    "secrets recipients list --json",
    "secrets recipients add age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "secrets recipients add age1nothing",
    "secrets recipients remove age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "secrets init",
    "secrets generate --dry-run",
    "secrets generate --json",
    "secrets rotate canary.plain",
    "secrets rotate canary.nothing --length 8",
    "secrets import tfvars missing.tfvars",
    "secrets fill out/web/web/nothing.yaml",
    "secrets fill stacks/web/stack.yaml",
    "secrets remove other.name",
    "build --json",
];

fn finish(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn collect(root: &Path, folder: &Path, traces: &mut Vec<(String, Vec<u8>)>) {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.collect::<Vec<PathBuf>>() {
        if path.is_dir() && !path.is_symlink() {
            if !path.ends_with(".git") {
                collect(root, &path, traces);
            }
        } else if path.is_file() {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            traces.push((name, fs::read(&path).unwrap_or_default()));
        }
    }
}

/// A value in every form that it may take on its way.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let lines = value.lines().filter(|line| line.len() >= 8);
    lines
        .flat_map(|line| {
            let hex = |upper: bool| -> String {
                line.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
            };
            let urlencoded = |upper: bool| -> String {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
                let one = |byte: u8| match (is_plain(byte), upper) {
                    (true, _) => char::from(byte).to_string(),
                    (false, true) => format!("%{byte:02X}"),
                    (false, false) => format!("%{byte:02x}"),
                };
                line.bytes().map(one).collect()
            };
            let json = serde_json::to_string(line).unwrap();
            let based = (0..3).map(|offset| ("base64", based(line, offset)));
            let other = [
                ("raw", line.to_owned()),
                ("JSON", json[1..json.len() - 1].to_owned()),
                ("Debug", format!("{line:?}").trim_matches('"').to_owned()),
                ("hex", hex(false)),
                ("HEX", hex(true)),
                ("URL", urlencoded(true)),
                ("url", urlencoded(false)),
                ("reversed", line.chars().rev().collect()),
                ("bytes", line.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")),
            ];
            based.chain(other).collect::<Vec<_>>()
        })
        .collect()
}

/// The characters that a text surely gives in base64 where so many bytes modulo 3 stand before it.
fn based(text: &str, offset: usize) -> String {
    let bytes: Vec<u8> = std::iter::repeat_n(0, offset).chain(text.bytes()).collect();
    let whole = BASE64.encode(&bytes);
    let end = whole.len() - usize::from(!bytes.len().is_multiple_of(3));
    whole[[0, 2, 3][offset]..end].to_owned()
}

#[track_caller]
fn leaks_nothing(traces: &[(String, Vec<u8>)], arguments: &[&str]) {
    let values = CANARIES.iter().map(|(_, value)| *value).chain([WRITTEN]);
    let needles: Vec<_> = values.flat_map(forms).collect();
    for (path, bytes) in traces {
        let text = String::from_utf8_lossy(bytes);
        for (form, needle) in &needles {
            assert!(!text.contains(needle.as_str()), "{arguments:?}: {path} holds a canary as {form}: {needle}");
        }
    }
}

#[test]
fn a_canary_is_found_in_every_form() {
    for (_, value) in CANARIES {
        let line = value.lines().next().unwrap();
        for prefix in ["", "x", "xy"] {
            let leak = BASE64.encode(format!("{prefix}{line} and more"));
            let traces = [("x".to_owned(), leak.into_bytes())];
            assert!(std::panic::catch_unwind(|| leaks_nothing(&traces, &["x"])).is_err(), "{prefix}{line}");
        }
        let traces = [("x".to_owned(), format!("{:?}", format!("a {line} b")).into_bytes())];
        assert!(std::panic::catch_unwind(|| leaks_nothing(&traces, &["x"])).is_err(), "{line}");
    }
}

#[test]
fn no_command_shows_a_value_of_a_site_that_is_right() {
    let place = Place::new();
    assert!(place.text("out/web/web/secret.conf.yaml").contains("<secret:canary.plain#"));
    place.all_are_silent(&[]);
    let shown = place.run(&["secrets", "get", "canary.plain", "--show"], b"");
    assert_eq!(shown.stdout, CANARIES[0].1.as_bytes(), "the secrets are there");
}

#[test]
fn no_command_shows_a_value_of_a_site_with_mistakes() {
    let mistakes = [
        ("stacks/web/stack.yaml", STACK.replace("canary.plain", "canary.plan")),
        ("stacks/web/stack.yaml", STACK.replace("${{ secrets.canary.plain }}", "${{ secrets.canary }}")),
        ("stacks/web/stack.yaml", STACK.replace("${{ secrets.canary.plain }}", "<secret:canary.plain#00000000>")),
        ("stacks/web/stack.yaml", STACK.replace("| tojson", "| upper")),
        ("stacks/web/stack.yaml", STACK.replace("    data:", "    dat:")),
        ("layouts/config.yaml.j2", "kind: {{ values.data | nothing }}\n".to_owned()),
        ("layouts/config.yaml.j2", "{{ values.data }}: [\n".to_owned()),
    ];
    for (path, text) in mistakes {
        let place = Place::new();
        place.put(path, &text);
        let output = place.is_silent(&["build"], b"", &[]);
        assert_eq!(output.status.code(), Some(1), "{path}: {}\n{text}", String::from_utf8_lossy(&output.stdout));
        place.is_silent(&["build", "--check", "--json"], b"", &[]);
        place.is_silent(&["secrets", "list"], b"", &[]);
    }
}

#[test]
fn no_command_shows_what_stands_in_plain_in_a_secrets_file() {
    let good = Place::new();
    let whole = good.text(FILE);
    let (before, sops) = whole.split_at(whole.find("\nsops:").unwrap() + 1);
    let plain = "extra: canary0Kq2mP9vL4wR8tZ\n";
    for text in [
        format!("{plain}{whole}"),
        format!("{plain}{plain}{sops}"),
        format!("extra: \"canary0Kq2mP9vL4wR8tZ\n{whole}"),
        format!("- canary0Kq2mP9vL4wR8tZ\n{whole}"),
        format!("<<<<<<< canary0Kq2mP9vL4wR8tZ\n{plain}=======\n{before}>>>>>>> x\n{sops}"),
        format!("{plain}---\n{whole}"),
        plain.to_owned(),
        "canary0Kq2mP9vL4wR8tZ".to_owned(),
        format!("{before}{plain}{}", sops.replace("mac:", "nomac:")),
        format!("{before}extra: [canary0Kq2mP9vL4wR8tZ, {{a: canary0Kq2mP9vL4wR8tZ}}]\n{sops}"),
        format!("{before}extra_unencrypted: canary0Kq2mP9vL4wR8tZ\n{sops}"),
    ] {
        let place = Place::new();
        place.put(FILE, &text);
        place.all_are_silent(&[FILE]);
    }
}

#[test]
fn no_command_shows_a_value_where_keys_and_macs_are_wrong() {
    let place = Place::new();
    let whole = place.text(FILE);
    let mac = whole.find("mac: ENC[AES256_GCM,data:").unwrap() + "mac: ENC[AES256_GCM,data:".len();
    let other = if whole[mac..].starts_with('A') { "B" } else { "A" };
    place.put(FILE, &format!("{}{other}{}", &whole[..mac], &whole[mac + 1..]));
    place.all_are_silent(&[]);
    let twice = whole.find("plain: ").unwrap()..whole.find("plain: ").unwrap() + 60;
    place.put(FILE, &format!("{}{}", &whole[..twice.start], &whole[twice.end..]));
    place.all_are_silent(&[]);
    place.put(FILE, &whole);
    for (name, value) in [("SOPS_AGE_KEY_FILE", "/nonexistent"), ("SOPS_AGE_KEY", "AGE-SECRET-KEY-1NOTHING")] {
        for line in ["secrets check", "secrets edit", "secrets get canary.plain --show", "secrets set canary.new"] {
            let mut command = place.command(&line.split(' ').collect::<Vec<_>>());
            command.env_remove("SOPS_AGE_KEY_FILE").env(name, value);
            let output = finish(command, CANARIES[0].1.as_bytes());
            assert_eq!(output.status.code(), Some(1), "{line}");
            leaks_nothing(&place.traces(&output, &[]), &[line, name]);
        }
    }
}

#[test]
fn what_is_taken_over_or_stale_is_not_shown() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("terraform.tfvars");
    let value = CANARIES[0].1;
    for text in [
        format!("a = \"{value}\"\nb = {{ c = [\"{value}\", 1] }}\n"),
        format!("canary = {{ plain = \"{value}x\" }}\n"),
        format!("a = \"{value}\na = 1\n"),
        format!("a = {value}\n"),
        format!("a = \"${{{value}}}\"\n"),
        format!("\"{value}\" = [\n"),
        format!("a = <<X\n{value}\n"),
    ] {
        let place = Place::new();
        fs::write(&path, text).unwrap();
        for more in [&[][..], &["--dry-run"], &["--json"], &["--replace"]] {
            let arguments = [&["secrets", "import", "tfvars", path.to_str().unwrap()], more].concat();
            place.is_silent(&arguments, b"", &[]);
        }
    }
    let place = Place::new();
    assert!(place.run(&["secrets", "set", "canary.url"], CANARIES[1].1.as_bytes()).status.success());
    let output = place.is_silent(&["secrets", "fill", "out/web/web/secret.conf.yaml"], b"", &[]);
    assert_eq!(output.status.code(), Some(1), "it is stale");
}

#[test]
fn no_command_shows_what_somebody_wrote_into_a_source() {
    let place = Place::new();
    let stack = format!("{STACK}      password: {WRITTEN}\nvars: {{token: {WRITTEN}x}}\n# secret: {WRITTEN}y\n");
    place.put("stacks/web/stack.yaml", &stack);
    place.put("stacks/web/files/old.env", &format!("api_key={WRITTEN}z\n"));
    let output = place.is_silent(&["build"], b"", &["stacks/web/stack.yaml", "stacks/web/files/old.env"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("5 errors") || said.contains("4 errors"), "{said}");
    place.all_are_silent(&["stacks/web/stack.yaml", "stacks/web/files/old.env"]);
}

#[test]
fn an_editor_that_fails_or_writes_nonsense_leaves_nothing_behind() {
    for (editor, is_done) in [("false", false), ("sh -c 'echo \"{ broken\" >> \"$0\"'", false), ("true", true)] {
        let place = Place::new();
        let script = place.aside.path().join("editor");
        fs::write(&script, format!("#!/bin/sh\n{editor} \"$1\"\n")).unwrap();
        Command::new("chmod").arg("+x").arg(&script).status().unwrap();
        let mut command = place.command(&["secrets", "edit"]);
        command.env("EDITOR", &script);
        let output = finish(command, b"");
        assert_eq!(output.status.success(), is_done, "{editor}: {}", String::from_utf8_lossy(&output.stderr));
        leaks_nothing(&place.traces(&output, &[]), &["secrets", "edit", editor]);
    }
}
