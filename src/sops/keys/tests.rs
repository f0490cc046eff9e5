use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::sops::cipher::KEY;

/// A key of a file, to be wrapped.
const SECRET: [u8; KEY] = *b"0123456789abcdef0123456789abcdef";
const PASSPHRASE: &str = "correct horse";

/// Runs a program; what it prints.
#[track_caller]
fn tool(folder: &Path, line: &[&str], input: &[u8]) -> String {
    use std::io::Write as _;
    let mut command = std::process::Command::new(line[0]);
    command.args(&line[1..]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line:?}: {error}; is tests/setup.sh on PATH?"));
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(path: &Path, text: &str) -> String {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    path.display().to_string()
}

/// A key of SSH in a file of this name; its public half.
fn ssh_key(home: &Path, name: &str, kind: &str, passphrase: &str) -> String {
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let path = path.to_str().unwrap();
    tool(home, &["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "me@home", "-f", path], b"");
    fs::read_to_string(format!("{path}.pub")).unwrap().trim().to_owned()
}

/// The keys of an environment; nobody is there to ask.
fn keys(variables: &[(&str, &str)]) -> Keys {
    asking(variables, |_| None)
}

fn asking(variables: &[(&str, &str)], ask: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static) -> Keys {
    let variables: BTreeMap<_, _> = variables.iter().map(|(name, text)| (*name, OsString::from(text))).collect();
    let ask = move |question: &str| ask(question).map(|text| Zeroizing::new(text.to_owned()));
    Keys::found(&|name| variables.get(name).cloned(), Box::new(ask))
}

fn reader(recipient: &str) -> Reader {
    let wrapped = Recipient::parse(recipient).unwrap().wrap(&SECRET).unwrap();
    Reader { recipient: recipient.to_owned(), wrapped }
}

#[track_caller]
fn opens(keys: &Keys, recipient: &str) {
    let opened = keys.open(&[reader(recipient)]);
    let why = || keys.refusal(&[recipient.to_owned()]);
    assert_eq!(opened.unwrap_or_else(|| panic!("{}", why())).as_slice(), SECRET);
}

#[track_caller]
fn refused(keys: &Keys, recipient: &str) -> String {
    assert!(keys.open(&[reader(recipient)]).is_none());
    keys.refusal(&[recipient.to_owned()]).to_string()
}

/// What `sops` takes for the file of a recipient it decrypts with the environment alone.
fn sops_opens(home: &Path, recipient: &str, variables: &[(&str, &str)]) {
    let command = |line: &[&str]| {
        let mut command = std::process::Command::new("sops");
        command.args(line).current_dir(home).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    write(&home.join("plain.yaml"), "a: b\n");
    let text = command(&["encrypt", "--age", recipient, "plain.yaml"]);
    let source = crate::problem::Source::new("s.yaml", text);
    let file = crate::sops::File::unlock(&source, &keys(variables)).unwrap();
    let mut other = crate::sops::File::new("o.yaml", &[Recipient::parse(recipient).unwrap()], &yaml()).unwrap();
    other.set(&["a"], file.value(&["a"]).unwrap()).unwrap();
    write(&home.join("o.yaml"), &other.finish("2026-01-01T00:00:00Z").unwrap());
    assert_eq!(command(&["decrypt", "o.yaml"]), "a: b\n");
}

fn yaml() -> crate::yaml::Map {
    crate::yaml::Map::default()
}

#[test]
#[ignore = "needs sops, which tests/setup.sh installs"]
fn keys_are_found_in_every_place_of_sops_and_open_what_sops_wrapped() {
    let home = home();
    let at = |name: &str| home.path().join(name).display().to_string();
    let root = at("");
    let one = |name: &str, variables: &[(&str, &str)]| {
        let pair = Pair::generate();
        let text = format!("# a comment\n\n{}\r\n\n", *pair.private);
        write(&home.path().join(name), &text);
        sops_opens(home.path(), &pair.public, variables);
    };
    one("keys.txt", &[("SOPS_AGE_KEY_FILE", &at("keys.txt"))]);
    one("x/sops/age/keys.txt", &[("XDG_CONFIG_HOME", &at("x")), ("HOME", &root)]);
    one("keys.txt", &[("SOPS_AGE_KEY_CMD", &format!("cat '{}'", at("keys.txt")))]);
    one(".config/sops/age/keys.txt", &[("HOME", &root)]);
    let (a, b) = (Pair::generate(), Pair::generate());
    sops_opens(home.path(), &b.public, &[("SOPS_AGE_KEY", &format!("{} {}", *a.private, *b.private))]);
    for kind in ["ed25519", "rsa"] {
        let public = ssh_key(home.path(), &format!("{kind}/key"), kind, "");
        let path = at(&format!("{kind}/key"));
        sops_opens(home.path(), &public, &[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &path)]);
        sops_opens(home.path(), &public, &[("SOPS_AGE_SSH_PRIVATE_KEY_CMD", &format!("cat {path}"))]);
        let public = ssh_key(home.path(), &format!(".ssh/id_{kind}"), kind, "");
        sops_opens(home.path(), &public, &[("HOME", &root)]);
    }
}

#[test]
fn the_variable_takes_several_keys_on_one_line() {
    let (a, b) = (Pair::generate(), Pair::generate());
    let keys = keys(&[("SOPS_AGE_KEY", &format!("{} {}\n", *a.private, *b.private))]);
    opens(&keys, &a.public);
    opens(&keys, &b.public);
}

#[test]
fn a_command_is_told_the_recipient_and_run_once_for_it() {
    let home = home();
    let pair = Pair::generate();
    write(&home.path().join(&pair.public), &pair.private);
    let script = format!("echo x >> {0}/runs; cat {0}/$SOPS_AGE_RECIPIENT", home.path().display());
    let keys = keys(&[("SOPS_AGE_KEY_CMD", &format!("sh -c '{script}'"))]);
    opens(&keys, &pair.public);
    opens(&keys, &pair.public);
    assert_eq!(fs::read_to_string(home.path().join("runs")).unwrap(), "x\n");
}

#[test]
fn a_command_that_gives_no_key_is_told_without_its_words() {
    let other = Pair::generate().public;
    for (command, said) in [
        ("false hunter2", "SOPS_AGE_KEY_CMD: the command failed: exit status: 1"),
        ("true hunter2", "SOPS_AGE_KEY_CMD: the command printed nothing"),
        ("echo hunter2", "SOPS_AGE_KEY_CMD, line 1: this is no key of age"),
        ("/no/such/program hunter2", "SOPS_AGE_KEY_CMD: the command cannot be run: entity not found"),
        ("echo 'hunter2", "SOPS_AGE_KEY_CMD: the command has a quote that does not end"),
    ] {
        let told = refused(&keys(&[("SOPS_AGE_KEY_CMD", command)]), &other);
        assert!(told.contains(said) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_for_a_key_that_may_open() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let home = home();
    let root = home.path().display().to_string();
    let locked = ssh_key(home.path(), ".ssh/id_ed25519", "ed25519", PASSPHRASE);
    let rsa = ssh_key(home.path(), ".ssh/id_rsa", "rsa", PASSPHRASE);
    let keys = asking(&[("HOME", &root)], |question| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        assert!(question.starts_with("passphrase of ") && question.contains(".ssh/id_ed25519"), "{question}");
        Some(PASSPHRASE)
    });
    let other = ssh_key(home.path(), "other", "ed25519", "");
    refused(&keys, &other);
    assert_eq!(ASKED.load(Ordering::Relaxed), 0);
    opens(&keys, &locked);
    opens(&keys, &locked);
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    let wrong = asking(&[("HOME", &root)], |_| Some("wrong"));
    assert!(refused(&wrong, &rsa).contains(".ssh/id_rsa: the passphrase is wrong"));
    let nobody = asking(&[("HOME", &root)], |_| None);
    assert!(refused(&nobody, &rsa).contains("it has a passphrase, and there is no terminal to ask for it"));
}

#[test]
fn a_key_file_with_a_passphrase_opens() {
    let home = home();
    let pair = Pair::generate();
    let mut recipient = age::scrypt::Recipient::new(age::secrecy::SecretString::from(PASSPHRASE));
    recipient.set_work_factor(10);
    let text = age::encrypt_and_armor(&recipient, format!("{}\n", *pair.private).as_bytes()).unwrap();
    let path = write(&home.path().join("keys.age"), &text);
    opens(&asking(&[("SOPS_AGE_KEY_FILE", &path)], |_| Some(PASSPHRASE)), &pair.public);
    let told = refused(&asking(&[("SOPS_AGE_KEY_FILE", &path)], |_| Some("wrong")), &pair.public);
    assert!(told.contains("the passphrase is wrong"), "{told}");
    write(&home.path().join("keys.age"), "-----BEGIN AGE ENCRYPTED FILE-----\nx\n");
    let told = refused(&asking(&[("SOPS_AGE_KEY_FILE", &path)], |_| Some(PASSPHRASE)), &pair.public);
    assert!(told.contains("it is a damaged age file"), "{told}");
}

#[test]
fn a_refusal_says_who_could_what_is_here_and_what_is_wrong() {
    let home = home();
    let pair = Pair::generate();
    let broken = format!("# mine\n{}\n{}x\nhunter2\n", *pair.private, *pair.private);
    let path = write(&home.path().join("keys.txt"), &broken);
    write(&home.path().join(".ssh/id_rsa"), "hunter2");
    let root = home.path().display().to_string();
    let keys = keys(&[("SOPS_AGE_KEY_FILE", &path), ("SOPS_AGE_KEY", ""), ("HOME", &root)]);
    let wanted = "age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur";
    assert!(keys.open(&[reader(wanted)]).is_none());
    let told = keys.refusal(&[wanted.to_owned(), "pgp FBC7B9E2".to_owned()]).to_string();
    let told = told.replace(&root, "~").replace(&pair.public, "age1mine");
    insta::assert_snapshot!(told, @r"
    error[no-key]: no private key that is here opens this file
       = the key of one of these would do:
           age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur
       = for `sops` alone, homebuild has no PGP and no KMS:
           pgp FBC7B9E2
       = keys that are here:
           age1mine, from SOPS_AGE_KEY_FILE (~/keys.txt)
       = keys that are not usable:
           ~/.ssh/id_rsa: this is no private key of SSH
           SOPS_AGE_KEY_FILE (~/keys.txt), line 3: a key of age with a wrong letter, or with some missing
       = no key in SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_CMD, ~/.ssh/id_ed25519, SOPS_AGE_KEY, SOPS_AGE_KEY_CMD, ~/.config/sops/age/keys.txt
       = put such a key where sops looks for it, or let someone who has one run: homebuild secrets recipients add age1mine
    ");
}

#[test]
fn a_refusal_without_any_key_says_how_to_begin() {
    insta::assert_snapshot!(keys(&[]).refusal(&["pgp FBC7B9E2".to_owned()]).to_string(), @r"
    error[no-key]: no private key that is here opens this file
       = it has no age recipient, and homebuild opens files with age and SSH keys only
       = for `sops` alone, homebuild has no PGP and no KMS:
           pgp FBC7B9E2
       = no key in SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_CMD, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD
       = put such a key where sops looks for it; without one: make yours with `homebuild secrets init`, and let someone who has one add it with `homebuild secrets recipients add`
    ");
}

#[test]
fn a_damaged_entry_for_a_key_that_is_here_is_told_as_such() {
    let pair = Pair::generate();
    let keys = Keys::of(&pair.private);
    let damaged = reader(&pair.public).wrapped.replacen('\n', "\nAAAA", 1);
    assert!(keys.open(&[Reader { recipient: pair.public.clone(), wrapped: damaged }]).is_none());
    assert!(keys.refusal(&[pair.public]).to_string().contains("is here and does not open it"));
}

#[test]
fn what_is_wrong_with_a_file_of_keys_is_said_by_line_and_never_by_text() {
    let home = home();
    let other = Pair::generate().public;
    for (text, said) in [
        ("AGE-SECRET-KEY-1HUNTER2", "line 1: a key of age with a wrong letter, or with some missing"),
        ("\n\nAGE-SECRET-KEY-PQ-1HUNTER2", "line 3: a post-quantum key, which homebuild cannot use (sops can)"),
        ("#\nAGE-PLUGIN-YUBIKEY-1HUNTER2", "line 2: a key of an age plugin, which homebuild cannot use (sops can)"),
        ("age1hunter2", "line 1: a public key, and the private half is wanted"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2", "line 1: a key of another kind"),
        ("hunter2", "line 1: this is no key of age"),
        ("# nothing\n", "no key in SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
    ] {
        let path = write(&home.path().join("keys.txt"), text);
        let told = refused(&keys(&[("SOPS_AGE_KEY_FILE", &path)]), &other);
        assert!(told.contains(said) && !told.to_lowercase().contains("hunter2"), "{told}");
    }
    let folder = home.path().display().to_string();
    let told = refused(&keys(&[("SOPS_AGE_KEY_FILE", &folder)]), &other);
    assert!(told.contains("cannot read it: is a directory"), "{told}");
    let told = refused(&keys(&[("SOPS_AGE_KEY_FILE", &format!("{folder}/none"))]), &other);
    assert!(told.contains("there is no such file"), "{told}");
}

#[test]
fn what_is_wrong_with_an_ssh_key_is_said() {
    let home = home();
    let other = Pair::generate().public;
    ssh_key(home.path(), "ecdsa", "ecdsa", "");
    ssh_key(home.path(), "pkcs8", "rsa", "");
    tool(home.path(), &["ssh-keygen", "-q", "-p", "-N", "", "-m", "PKCS8", "-f", "pkcs8"], b"");
    ssh_key(home.path(), "pem", "rsa", "");
    tool(home.path(), &["ssh-keygen", "-q", "-p", "-N", PASSPHRASE, "-m", "PEM", "-f", "pem"], b"");
    write(&home.path().join("text"), "hunter2\n");
    for (name, said) in [
        ("ecdsa", "age takes ssh-ed25519 and ssh-rsa keys only"),
        ("pkcs8", "it is in another format (PKCS#8); `ssh-keygen -p -f FILE` writes it in OpenSSH's"),
        ("pem", "its passphrase is kept in an old way"),
        ("text", "this is no private key of SSH"),
    ] {
        let path = home.path().join(name).display().to_string();
        let told = refused(&keys(&[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &path)]), &other);
        assert!(told.contains(said) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    let path = write(&home.path().join("keys.txt"), &Pair::generate().private);
    for (mode, warnings) in [(0o600, 0), (0o644, 1)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(keys(&[("SOPS_AGE_KEY_FILE", &path)]).exposed().len(), warnings);
    }
}

#[test]
fn a_recipient_is_what_age_can_encrypt_for() {
    let home = home();
    let native = Pair::generate().public;
    let ssh = ssh_key(home.path(), "key", "ed25519", "");
    for text in [&native, &ssh, &format!(" {native}\n")] {
        assert_eq!(Recipient::parse(text).unwrap().to_string(), text.trim());
    }
    let recipient = Recipient::parse(&ssh).unwrap();
    assert!(recipient.is(ssh.trim_end_matches(" me@home")) && !recipient.is(&native));
    let small = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDIfhAIZIlN9dH6mUPqFMXBBfkI+bUsRX5AjrxOYfFNDXvRQgX4JFSS";
    for (text, said) in [
        (&native[..40], "a letter is wrong, or some are missing"),
        ("age1yubikey1qwertz", "is a key of an age plugin"),
        ("age1pq1qwertz", "is a post-quantum key"),
        (&Pair::generate().private, "this is a private key"),
        ("me.pub", "the text of the file is meant"),
        ("ecdsa-sha2-nistp256 AAAA", "is no recipient"),
        (small, "this SSH key cannot be a recipient"),
        ("", "is no recipient"),
    ] {
        let told = Recipient::parse(text).unwrap_err().to_string();
        assert!(told.contains(said) && !told.contains("AGE-SECRET"), "{told}");
    }
}
