//! `homebuild secrets init` and `recipients` with the real program: who can open the secrets, and who cannot any more.

mod toy;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use homebuild::sops::keys::Pair;
use tempfile::TempDir;
use toy::{put, tree};

const FILE: &str = "secrets.sops.yaml";
const RULES: &str = ".sops.yaml";
const KEYS: &str = ".config/sops/age/keys.txt";

/// A site without secrets, and the home of who works on it.
struct Work {
    site: TempDir,
    home: TempDir,
}

impl Work {
    fn new() -> Self {
        let (site, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (path, bytes) in tree(&root().join("tests/base")) {
            put(site.path(), &path, &String::from_utf8(bytes).unwrap());
        }
        Self { site, home }
    }

    /// One where `init` has run.
    fn begun() -> Self {
        let work = Self::new();
        work.done(&["init"]);
        work
    }

    fn program(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.site.path()).env_clear().env("HOME", self.home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
        command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.program(Path::new(env!("CARGO_BIN_EXE_homebuild")), &[&["secrets"], arguments].concat())
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        self.shown(&output.stdout)
    }

    /// What a command says that changes nothing.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let before = tree(self.site.path());
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert_eq!(tree(self.site.path()), before);
        self.shown(&output.stderr)
    }

    #[track_caller]
    fn sops(&self, arguments: &[&str]) -> String {
        let output = self.program(Path::new("sops"), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        self.shown(&output.stdout)
    }

    fn shown(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace(self.home.path().to_str().unwrap(), "~")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.site.path().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        put(self.site.path(), path, text);
    }

    /// Another key of the home, in place of the one that is there.
    fn key(&self, pair: &Pair) {
        put(self.home.path(), KEYS, &pair.private);
        fs::set_permissions(self.home.path().join(KEYS), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn public(&self) -> String {
        let text = fs::read_to_string(self.home.path().join(KEYS)).unwrap();
        text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
    }

    fn set(&self, name: &str, value: &str) {
        self.write("value", value);
        self.done(&["set", name, "--from", "value"]);
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn init_makes_a_key_the_rules_and_the_file_and_never_anything_twice() {
    let work = Work::new();
    let told = work.done(&["init"]);
    let public = work.public();
    for line in [
        "made ~/.config/sops/age/keys.txt: your private key",
        &public,
        "back it up now",
        "made .sops.yaml\n",
        "made secrets.sops.yaml\n",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("AGE-SECRET-KEY"));
    let mode = |path: &str| fs::metadata(work.home.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(KEYS), mode(".config/sops/age"), mode(".config/sops")], [0o600, 0o700, 0o700]);
    work.set("shop.password", "hunter2");
    assert_eq!(work.done(&["get", "shop.password", "--show"]), "hunter2");
    let (before, key) = (tree(work.site.path()), fs::read(work.home.path().join(KEYS)).unwrap());
    let again = work.done(&["init"]);
    assert!(
        again.contains("your key is there already, from ~/.config/sops/age/keys.txt")
            && again.contains("nothing was missing"),
        "{again}"
    );
    assert_eq!((tree(work.site.path()), fs::read(work.home.path().join(KEYS)).unwrap()), (before, key));
}

#[test]
fn init_for_others_makes_no_key() {
    let work = Work::new();
    let (a, b) = (Pair::generate(), Pair::generate());
    work.done(&["init", "--recipient", &a.public, "--recipient", &b.public]);
    assert!(!work.home.path().join(".config").exists());
    let list = work.done(&["recipients", "list"]);
    assert_eq!(list, format!("{FILE}\n  {}\n  {}\n", a.public, b.public));
    work.key(&b);
    assert!(work.done(&["recipients", "list"]).contains(&format!("{} (you)", b.public)));
    work.done(&["check"]);
    let told = work.refused(&["init", "--recipient", &a.private]);
    assert!(told.contains("this is a private key") && !told.contains("AGE-SECRET"), "{told}");
}

#[test]
fn init_takes_rules_that_are_there_and_adds_who_runs_it() {
    let work = Work::new();
    let other = Pair::generate().public;
    work.write(RULES, &format!("# ours\ncreation_rules:\n  - age: {other} # them\n    encrypted_regex: ^pass\n"));
    let told = work.done(&["init"]);
    let public = work.public();
    assert!(told.contains("changed .sops.yaml\nmade secrets.sops.yaml\n"), "{told}");
    assert_eq!(
        work.read(RULES),
        format!("# ours\ncreation_rules:\n  - age: {other},{public} # them\n    encrypted_regex: ^pass\n")
    );
    let file = work.read(FILE);
    assert!(file.contains("encrypted_regex: ^pass") && file.contains(&other) && file.contains(&public), "{file}");
}

#[test]
fn init_says_what_only_sops_can_do_and_never_takes_the_place_of_a_broken_key_file() {
    let work = Work::new();
    work.write(RULES, "creation_rules: [{pgp: FBC7}]\n");
    let told = work.refused(&["init"]);
    assert!(told.contains("keys of PGP, which only `sops` can use"), "{told}");
    let work = Work::new();
    put(work.home.path(), KEYS, "hunter2\n");
    let told = work.refused(&["init"]);
    assert!(
        told.contains("cannot make `~/.config/sops/age/keys.txt`: file exists") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_not_for_the_own_key_is_told_by_init() {
    let work = Work::begun();
    work.key(&Pair::generate());
    let told = work.done(&["init"]);
    assert!(
        told.contains("secrets.sops.yaml is not encrypted for you") && told.contains("recipients add age1"),
        "{told}"
    );
    let told = work.refused(&["check"]);
    assert!(
        told.contains("no private key that is here opens this file") && told.contains("keys that are here"),
        "{told}"
    );
}

#[test]
fn who_is_added_opens_all_and_who_is_removed_nothing_new_and_ciphertexts_stay() {
    let work = Work::begun();
    let me = fs::read_to_string(work.home.path().join(KEYS)).unwrap();
    work.set("shop.password", "hunter2");
    let values = |text: &str| text.lines().take_while(|line| *line != "sops:").map(str::to_owned).collect::<Vec<_>>();
    let (before, rules) = (work.read(FILE), work.read(RULES));
    let other = Pair::generate();
    let told = work.done(&["recipients", "add", &other.public]);
    assert!(told.contains("changed secrets.sops.yaml\nchanged .sops.yaml\n"), "{told}");
    assert_eq!(values(&work.read(FILE)), values(&before));
    assert!(work.done(&["recipients", "add", &other.public]).contains("nothing changed"));
    work.key(&other);
    assert_eq!(work.done(&["get", "shop.password", "--show"]), "hunter2");
    put(work.home.path(), KEYS, &me);
    let told = work.done(&["recipients", "remove", &other.public]);
    assert!(told.contains("sops rotate --in-place") && told.contains("secrets rotate NAME"), "{told}");
    assert_eq!((values(&work.read(FILE)), work.read(RULES)), (values(&before), rules));
    work.key(&other);
    work.refused(&["check"]);
}

#[test]
fn nobody_is_locked_out_by_accident() {
    let work = Work::begun();
    let me = work.public();
    let told = work.refused(&["recipients", "remove", &me, "--lock-me-out"]);
    assert!(told.contains("nobody could open `secrets.sops.yaml` any more"), "{told}");
    let other = Pair::generate().public;
    work.done(&["recipients", "add", &other]);
    let told = work.refused(&["recipients", "remove", &me]);
    assert!(
        told.contains("you could not open `secrets.sops.yaml` any more") && told.contains("--lock-me-out"),
        "{told}"
    );
    let told = work.refused(&["recipients", "remove", "age1nobody"]);
    assert!(told.contains("`age1nobody` is no recipient") && told.contains(&other), "{told}");
    work.done(&["recipients", "remove", &me, "--lock-me-out"]);
    assert!(work.refused(&["check"]).contains(&other));
}

#[test]
fn several_files_have_recipients_of_their_own() {
    let work = Work::new();
    let site = work.read("homebuild.yaml");
    work.write("homebuild.yaml", &format!("{site}\nsecrets: [secrets/a.sops.yaml, secrets/b.sops.yaml]\n"));
    let told = work.done(&["init"]);
    assert!(told.contains("made secrets/a.sops.yaml\nmade secrets/b.sops.yaml\n"), "{told}");
    let rules =
        |age: &str| format!("creation_rules:\n  - path_regex: /a\\.\n    age: {age}\n  - age: {}\n", work.public());
    work.write(RULES, &rules(&work.public()));
    let other = Pair::generate().public;
    work.done(&["recipients", "add", &other, "--file", "secrets/a.sops.yaml"]);
    assert_eq!(work.read(RULES), rules(&format!("{},{other}", work.public())));
    assert!(work.read("secrets/a.sops.yaml").contains(&other) && !work.read("secrets/b.sops.yaml").contains(&other));
    assert!(work.refused(&["recipients", "add", &other, "--file", "c"]).contains("its files are secrets/a.sops.yaml"));
}

#[test]
fn a_key_file_that_others_can_read_is_told_by_check() {
    let work = Work::begun();
    fs::set_permissions(work.home.path().join(KEYS), fs::Permissions::from_mode(0o644)).unwrap();
    let output = work.run(&["check"]);
    assert!(output.status.success());
    assert!(work.shown(&output.stderr).contains("chmod 600 ~/.config/sops/age/keys.txt"));
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn sops_reads_edits_and_verifies_what_init_and_recipients_make() {
    let work = Work::begun();
    work.set("shop.password", "hunter2");
    assert_eq!(work.sops(&["decrypt", FILE]), "shop:\n  password: hunter2\n");
    work.sops(&["set", FILE, "[\"shop\"][\"token\"]", "\"t\""]);
    assert_eq!(work.done(&["get", "shop.token", "--show"]), "t");
    let other = Pair::generate();
    let ssh = work.home.path().join("key");
    let generated =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "a, b # c", "-f"]).arg(&ssh).status();
    assert!(generated.unwrap().success());
    let public = fs::read_to_string(ssh.with_extension("pub")).unwrap();
    work.done(&["recipients", "add", &other.public, &public]);
    // sops finds nothing to change: files and rules name the same
    let output = work.program(Path::new("sops"), &["updatekeys", "--yes", FILE]);
    assert!(work.shown(&output.stderr).contains("already up to date"), "{}", work.shown(&output.stderr));
    work.done(&["recipients", "remove", &work.public(), "--lock-me-out"]);
    work.key(&other);
    assert_eq!(work.sops(&["decrypt", FILE]), "shop:\n  password: hunter2\n  token: t\n");
    fs::create_dir(work.home.path().join(".ssh")).unwrap();
    fs::rename(&ssh, work.home.path().join(".ssh/id_ed25519")).unwrap();
    fs::remove_file(work.home.path().join(KEYS)).unwrap();
    assert_eq!(work.sops(&["decrypt", FILE]), "shop:\n  password: hunter2\n  token: t\n");
    work.done(&["check"]);
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn recipients_that_only_sops_can_use_stay() {
    let work = Work::begun();
    work.set("a", "b");
    let kms = "  kms:\n    - arn: arn:aws:kms:us-east-1:1:key/x\n      created_at: \"2026-01-01T00:00:00Z\"\n      enc: AAAA\n      aws_profile: \"\"\n";
    work.write(FILE, &work.read(FILE).replace("\nsops:\n", &format!("\nsops:\n{kms}")));
    let other = Pair::generate().public;
    work.done(&["recipients", "add", &other]);
    assert!(work.read(FILE).contains(kms));
    assert!(work.done(&["recipients", "list"]).contains("kms arn:aws:kms:us-east-1:1:key/x (for sops alone)"));
    assert_eq!(work.sops(&["decrypt", FILE]), "a: b\n");
}
