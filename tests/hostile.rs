//! Input that nobody means well: a clear error, soon and in little memory, never a hang or a panic. What a snapshot can
//! show is in `cases/`; here is what is too large for one, or no file at all.

mod toy;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use toy::{put, tree};

/// The address space of the program, in KiB: 200 MiB of data, the stack of its thread, libraries, and the program itself,
/// which is large where it is built for tests.
fn room() -> u64 {
    let program = fs::metadata(env!("CARGO_BIN_EXE_homebuild")).expect("the program").len();
    ((200 + 64 + 40) << 10) + (program >> 10)
}
/// A program without optimisation on a busy machine takes long; one that hangs takes longer.
const PATIENCE: Duration = Duration::from_mins(2);

const STACK: &str = "stacks/web/stack.yaml";
const LAYOUT: &str = "layouts/web.yaml.j2";
const END: &str = "tier: 4-aux\ncomponents:\n  web: {layout: web, image: a}\n";

fn site() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base")) {
        put(root.path(), &path, &String::from_utf8(bytes).expect("text"));
    }
    root
}

/// Many lines.
fn each(number: usize, line: impl Fn(usize) -> String) -> String {
    (0..number).map(line).collect::<Vec<_>>().concat()
}

/// What a build says, and how it ends, in so much room and time.
#[track_caller]
fn build(site: &Path) -> (i32, String) {
    build_in(site, room())
}

#[track_caller]
fn build_in(site: &Path, room: u64) -> (i32, String) {
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v $0 && exec \"$@\" 2>&1", &room.to_string()])
        .args([env!("CARGO_BIN_EXE_homebuild"), "build", "--threads", "1"])
        .current_dir(site)
        // the allocator sets 64 MiB of addresses aside for each thread: what is measured here is what is used
        .env("MALLOC_ARENA_MAX", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stream = child.stdout.take().expect("a stream");
    let said = thread::spawn(move || {
        let mut said = String::new();
        stream.read_to_string(&mut said).map(|_| said)
    });
    let begin = Instant::now();
    while child.try_wait().expect("a status").is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().expect("an end");
        }
        thread::sleep(Duration::from_millis(5));
    }
    let said = said.join().expect("no panic").expect("text");
    let code = child.wait().expect("a status").code();
    (code.unwrap_or_else(|| panic!("killed, or out of memory: {said}")), said)
}

/// A stack of this text fails with this message.
#[track_caller]
fn refuses(text: &str, message: &str) {
    refuses_file(STACK, text, message);
}

#[track_caller]
fn refuses_file(path: &str, text: &str, message: &str) {
    let site = site();
    put(site.path(), path, text);
    let (code, said) = build(site.path());
    assert!(said.contains(message), "{}", said.chars().take(2000).collect::<String>());
    assert_eq!(code, 1);
    assert!(said.len() < 100_000, "{} bytes are said", said.len());
    assert!(!site.path().join("out").exists(), "nothing is written");
}

#[test]
fn a_file_of_a_gibibyte_is_not_read() {
    let site = site();
    fs::File::create(site.path().join(STACK)).and_then(|file| file.set_len(1 << 30)).expect("a file");
    let (code, said) = build(site.path());
    assert_eq!(code, 1);
    assert!(said.starts_with("error[too-large]: `stacks/web/stack.yaml` has 1024 MiB"), "{said}");
}

#[test]
fn as_large_as_a_file_may_be_it_is_built_or_refused() {
    let text = format!("vars: {{a: '{}'}}\n{END}", "x".repeat(15 << 20));
    let site = site();
    put(site.path(), STACK, &text);
    assert_eq!(build(site.path()).0, 0);
    refuses(&format!("vars: [{}]\n{END}", "x,".repeat(3_000_000)), "holds more than 500000 values");
    refuses(&"---\na: 1\n".repeat(500_000), "holds more than 500000 values");
    let keys = each(1_000_000, |number| format!("k{number}: 1\n"));
    refuses(&keys, "holds more than 500000 values");
}

#[test]
fn what_opens_for_ever_is_stopped() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        refuses(&format!("{}x{}\n", open.repeat(100_000), close.repeat(100_000)), "more than 128 levels deep");
    }
    let deep = each(2000, |depth| format!("{}a:\n", " ".repeat(depth)));
    refuses(&deep, "more than 128 levels deep");
    refuses(&format!("a: \"{}", "x\n".repeat(1_000_000)), "a quote is not closed");
    refuses(&format!("a: {}", "{a: [".repeat(60) + &"a, ".repeat(100_000)), "is not closed");
}

#[test]
fn expressions_that_nest_for_ever_are_stopped() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{'a': ", "}"), ("not (", ")"), ("-(", ")")] {
        let text = format!("vars: {{a: \"${{{{ {}1{} }}}}\"}}\n{END}", open.repeat(20_000), close.repeat(20_000));
        refuses(&text, "recursion limit");
    }
    for text in ["{% if true %}", "{% for a in [1] %}", "{{ (", "{% macro a() %}"] {
        refuses_file(LAYOUT, &text.repeat(20_000), "error[syntax]");
    }
}

#[test]
fn templates_that_make_too_much_are_stopped() {
    for text in [
        "{{ 'x' * 10000000000 }}",
        "{% for i in range(10000) %}{{ 'x' * 1000000 }}{% endfor %}",
        "{% set a = 'x' * 50000 %}{{ a | replace('x', a) }}",
        "{{ range(90000) | join('x' * 100000) }}",
        "{{ ('x\n' * 10000) | indent(1000000) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{% set a = [0] * 100000 %}{{ a * 100000 }}",
    ] {
        refuses_file(LAYOUT, &format!("a: {text}\n"), "error[template]");
    }
}

#[test]
fn templates_without_an_end_are_ended() {
    let doubled = "{% set a = a + a %}".repeat(40);
    let site = site();
    put(site.path(), LAYOUT, &format!("{{% set a = [1] %}}{doubled}a: {{{{ a }}}}\n"));
    // a fast machine sees the memory first, a slow one the time
    let (code, said) = build_in(site.path(), room() + (2 << 20));
    assert!(said.contains("it has no end") && code == 1, "{said}");
    assert!(!site.path().join("out").exists(), "nothing is written");
    let doubled = "(".repeat(40) + "[1]" + &" * 2)".repeat(40);
    refuses(&format!("vars: {{a: \"${{{{ {doubled} | length }}}}\"}}\n{END}"), "repeated sequence is too large");
}

#[test]
fn variables_that_double_are_stopped() {
    let doubled = |first: &str, next: &dyn Fn(usize) -> String| {
        let more = each(60, |number| format!("  a{}: {}\n", number + 1, next(number)));
        format!("vars:\n  a0: {first}\n{more}{END}")
    };
    let text = doubled("xxxxxxxxxx", &|n| format!("${{{{ vars.a{n} ~ vars.a{n} }}}}"));
    refuses(&text, "has more than 8 MiB");
    let text = doubled("xxxxxxxxxx", &|n| format!("'${{{{ vars.a{n} }}}}${{{{ vars.a{n} }}}}'"));
    refuses(&text, "has more than 8 MiB");
    let text = doubled("[1, 2]", &|n| format!("['${{{{ vars.a{n} }}}}', '${{{{ vars.a{n} }}}}']"));
    refuses(&text, "has more than 8 MiB");
    let many = each(10_000, |number| format!("  a{number}: ${{{{ nosuch }}}}\n"));
    refuses(&format!("vars:\n{many}{END}"), "10000 variables have expressions");
}

#[test]
fn ten_thousand_mistakes_are_told_in_one_screenful_or_two() {
    let keys = each(10_000, |number| format!("    k{number}: 1\n"));
    refuses(&format!("tier: 4-aux\ncomponents:\n  web:\n    layout: web\n{keys}"), "10001 errors; nothing was written");
    let components = each(10_000, |number| format!("  c{number}: {{layout: l{number}}}\n"));
    refuses(&format!("tier: 4-aux\ncomponents:\n{components}"), "and 9900 more; --json has all of them");
}

#[test]
fn each_of_thousands_of_mistakes_finds_its_place_at_once() {
    let objects = |object: &dyn Fn(usize) -> String| {
        let objects = each(5000, |number| format!("    - {{apiVersion: v1, kind: {}}}\n", object(number)));
        format!("tier: 4-aux\ncomponents:\n  web:\n    layout: objects\n    objects:\n{objects}")
    };
    let begin = Instant::now();
    refuses(
        &objects(&|n| format!("ConfigMap, metadata: {{name: c{n}}}, dat: 1")),
        "`dat` is not a field of v1 ConfigMap",
    );
    refuses(&objects(&|n| format!("K{n}, metadata: {{name: c{n}}}")), "5000 errors; nothing was written");
    let hosts = objects(&|n| format!("ConfigMap, metadata: {{name: c{n}}}, data: {{a: x{n}.web.svc}}"));
    refuses(&hosts, "5000 errors; nothing was written");
    let services =
        objects(&|n| format!("Service, metadata: {{name: c{n}}}, spec: {{selector: {{a: b}}, ports: [{{port: 80}}]}}"));
    refuses(&services, "of layouts/objects.yaml.j2, 5000 times");
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
}

#[test]
fn what_is_no_file_is_named_and_not_waited_for() {
    let site = site();
    let stack = site.path().join("stacks/web");
    fs::remove_file(stack.join("stack.yaml")).expect("gone");
    assert!(Command::new("mkfifo").arg(stack.join("stack.yaml")).status().expect("mkfifo").success());
    fs::create_dir(stack.join("files")).expect("a folder");
    std::os::unix::fs::symlink("../files", stack.join("files/loop")).expect("a link");
    std::os::unix::fs::symlink("self", stack.join("files/self")).expect("a link");
    let (code, said) = build(site.path());
    assert_eq!(code, 1);
    assert!(said.contains("`stacks/web/stack.yaml` is a named pipe"), "{said}");
    assert!(said.contains("`stacks/web/files/loop` is a symbolic link"), "{said}");
    assert!(said.contains("`stacks/web/files/self` is a symbolic link"), "{said}");
}

#[test]
fn folders_without_an_end_are_stopped() {
    let site = site();
    put(site.path(), &format!("stacks/web/files/{}x", "d/".repeat(200)), "x");
    let (code, said) = build(site.path());
    assert_eq!(code, 1);
    assert!(said.contains("lies more than 32 folders deep"), "{said}");
}

#[test]
fn names_that_a_terminal_would_obey_are_shown_escaped() {
    let site = site();
    put(site.path(), "stacks/web/files/a\u{1b}[2J", "x");
    put(site.path(), "stacks/web/files/\u{202e}txt.sh", "x");
    let (code, said) = build(site.path());
    assert_eq!(code, 1);
    assert!(said.contains("has a control character in its name"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn merge_keys_and_anchors_by_the_thousand_are_read_in_time() {
    let maps = each(5000, |number| format!("  a{number}: &a{number} {{k{number}: 1}}\n"));
    let names: Vec<String> = (0..5000).map(|number| format!("*a{number}")).collect();
    let site = site();
    put(site.path(), STACK, &format!("vars:\n{maps}  b: {{<<: [{}]}}\n{END}", names.join(", ")));
    let (code, said) = build(site.path());
    assert_eq!(code, 0, "{said}");
}
