use super::*;
use crate::sops::keys::Pair;

const A: &str = "age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN me@home";

fn config(text: &str) -> Config {
    Config::read(&Source::new(NAME, text)).unwrap()
}

/// Texts of `.sops.yaml` with these two recipients, in all ways in which they are written.
fn ways(a: &str, b: &str) -> Vec<String> {
    let rule =
        |age: &str| format!("# top\ncreation_rules: # c\n  - path_regex: x # r\n    {age}\n  - age: {A} # last\n");
    vec![
        rule(&format!("age: {a},{b}")),
        rule(&format!("age: {a}, {b} # why")),
        rule(&format!("age: \"{a},{b}\" # why")),
        rule(&format!("age: '{a}, {b}'")),
        rule(&format!("age: >- # why\n      {a},\n      {b}\n    # after")),
        rule(&format!("age: |\n      {a},\n      {b}\n")),
        rule(&format!("age: {a},\n      {b}")),
        rule(&format!("age:\n      - {a} # a\n      # b is\n      - {b} # b")),
        rule(&format!("age:\n    - {a}\n    - \"{b}\"")),
        rule(&format!("age: [{a}, {b}] # why")),
        rule(&format!("key_groups:\n      - age:\n          - {a}\n          - {b}\n        pgp: []")),
    ]
}

#[test]
fn recipients_come_and_go_and_all_else_stays() {
    let (b, c) = (Pair::generate().public, Pair::generate().public);
    let new = Recipient::parse(&c).unwrap();
    for (b, new) in [(b.as_str(), &new), (SSH, &new), (b.as_str(), &Recipient::parse(SSH).unwrap())] {
        for text in ways(A, b) {
            let before = config(&text);
            assert_eq!(before.named("x").unwrap(), [A, b], "{text}");
            let more = before.with("x", new).unwrap().unwrap();
            assert_eq!(config(&more).named("x").unwrap(), [A, b, &new.to_string()], "{more}");
            assert_eq!(config(&more).with("x", new).unwrap(), None);
            let again = config(&more).without("x", &|one| new.is(one)).unwrap().unwrap();
            assert_eq!(again, text);
            let less = before.without("x", &|one| one == A).unwrap().unwrap();
            assert_eq!(config(&less).named("x").unwrap(), [b], "{less}");
            for comment in text.match_indices('#').map(|(at, _)| text[at..].lines().next().unwrap()) {
                assert!(less.contains(comment) || comment == "# a", "{less}");
            }
            assert_eq!(before.without("x", &|one| one == "age1other").unwrap(), None);
        }
    }
}

#[test]
fn a_rule_without_recipients_of_age_gets_one() {
    let new = Recipient::parse(A).unwrap();
    for (text, after) in [
        (
            "creation_rules:\n  - path_regex: x\n    pgp: F\n",
            format!("creation_rules:\n  - age: {A}\n    path_regex: x\n    pgp: F\n"),
        ),
        ("creation_rules: [{pgp: F}]\n", format!("creation_rules: [{{age: {A}, pgp: F}}]\n")),
    ] {
        assert_eq!(config(text).with("x", &new).unwrap(), Some(after));
    }
}

#[test]
fn the_first_rule_that_matches_is_the_one() {
    let text = format!(
        "creation_rules:\n- path_regex: ^secrets/\n  age: {A}\n- path_regex: \\.sops\\.yaml$\n  age: ['{SSH}']\n"
    );
    let config = config(&text);
    assert_eq!(config.named("secrets/a.sops.yaml").unwrap(), [A]);
    assert_eq!(config.named("a/secrets/a.sops.yaml").unwrap(), [SSH]);
    assert!(config.named("other.yaml").unwrap().is_empty());
    assert!(config.rule("other.yaml").unwrap_err().iter().any(|problem| problem.message.contains("no rule of")));
}

#[test]
fn a_new_file_gets_what_its_rule_says() {
    let said = |rest: &str| {
        let rule = config(&format!("creation_rules: [{{age: {A}{rest}}}]\n")).rule("x").unwrap();
        rule.which.iter().map(|(key, node)| format!("{key} {}", node.as_str().unwrap_or("true"))).collect::<Vec<_>>()
    };
    assert_eq!(said(""), ["unencrypted_suffix _unencrypted"]);
    assert_eq!(said(", encrypted_regex: ^data$"), ["encrypted_regex ^data$"]);
    assert_eq!(
        said(", unencrypted_regex: ^a, mac_only_encrypted: true"),
        ["unencrypted_regex ^a", "mac_only_encrypted true"]
    );
    assert_eq!(said(", encrypted_suffix: _s, unencrypted_suffix: ''"), ["encrypted_suffix _s"]);
}

#[test]
fn what_only_sops_can_do_is_said() {
    for (rule, said) in [
        ("{pgp: FBC7}", "has keys of PGP, which only `sops` can use"),
        ("{kms: 'arn:aws:kms:x'}", "has keys of AWS KMS"),
        ("{key_groups: [{age: [a]}, {age: [b]}]}", "has several groups of keys"),
        ("{key_groups: [{hc_vault: [x]}]}", "has keys of HashiCorp Vault"),
        ("{key_groups: [{merge: [{age: [a]}]}]}", "has groups of keys that are merged"),
        (&format!("{{age: {A}, encrypted_comment_regex: x}}"), "has a rule that goes by comments"),
        (&format!("{{age: {A}, encrypted_suffix: x, encrypted_regex: y}}"), "stand in one file"),
        (&format!("{{age: {A}, encrypted_regex: '('}}"), "is no regular expression"),
        (&format!("{{age: {A}, path_regex: '('}}"), "is no regular expression"),
        ("{age: age1wrong}", "is no age recipient"),
        ("{age: ''}", "names nobody to encrypt for"),
        ("{age: {a: b}}", "is text with commas, or a list"),
    ] {
        let problems = config(&format!("creation_rules: [{rule}]\n")).rule("x").unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains(said) && told[0].contains(".sops.yaml:1:"), "{told:?}");
    }
    assert!(Config::read(&Source::new(NAME, "creation_rules: x\n")).is_err());
    assert!(Config::read(&Source::new(NAME, "creation_rules: [\n")).is_err());
}

#[test]
fn what_cannot_be_changed_in_place_is_left_to_its_author() {
    let new = Recipient::parse(A).unwrap();
    for text in [
        "k: &k {age: age1x}\ncreation_rules:\n  - *k\n",
        "k: &k [age1x]\ncreation_rules:\n  - age: *k\n",
        "k: &k {age: age1x}\ncreation_rules:\n  - <<: *k\n    path_regex: x\n",
    ] {
        let problems = config(text).with("x", &new).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.notes.iter().any(|note| note.contains("by hand"))),
            "{problems:?}"
        );
    }
}

#[test]
fn the_text_of_a_new_one_is_read() {
    let recipients = [Recipient::parse(A).unwrap(), Recipient::parse(SSH).unwrap()];
    let text = text(&recipients);
    assert_eq!(config(&text).named("secrets/a.sops.yaml").unwrap(), [A, SSH]);
}
