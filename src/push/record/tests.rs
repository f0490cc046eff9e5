use super::*;
use crate::diff::Subject;

/// Numbers that look like random ones, always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// A text that cannot be packed well, with what JSON and keys must escape.
    fn text(&mut self, length: u64) -> String {
        let characters = ['a', 'k', '9', '"', '\\', '\n', 'é', '\u{1f40b}', ' ', '.', '/', '-', '_', '\0', '{'];
        (0..self.roll(length)).map(|_| characters[usize::try_from(self.roll(15)).unwrap()]).collect()
    }

    fn maybe(&mut self) -> Option<String> {
        (self.roll(2) == 0).then(|| self.text(40))
    }

    fn tree(&mut self) -> Option<Tree> {
        let files = (0..self.roll(4)).map(|_| (self.text(20), self.text(400))).collect();
        (self.roll(3) > 0).then(|| Tree::pack(self.roll(99), &self.text(50), &files).unwrap())
    }

    fn record(&mut self) -> Record {
        let states = [State::Applying, State::Owned, State::Replacing, State::Kept];
        let mut record = Record { identity: self.maybe(), ..Record::default() };
        for _ in 0..self.roll(40) {
            let member = Member {
                module: self.text(10),
                state: states[usize::try_from(self.roll(4)).unwrap()],
                uid: self.maybe(),
                version: self.maybe(),
                digest: self.text(16),
            };
            record.members.insert(self.text(60), member);
        }
        for number in (0..self.roll(20)).rev() {
            let counts = (0..self.roll(4)).map(|_| (self.text(9), 7)).collect();
            let (commit, why) = (self.maybe(), self.maybe());
            let (version, by, at) = (self.text(12), self.text(20), self.text(20));
            let result = [Outcome::Begun, Outcome::Done, Outcome::WentBack][usize::try_from(self.roll(3)).unwrap()];
            record.releases.push(Release { number, version, commit, by, at, result, counts, why });
        }
        for _ in 0..self.roll(6) {
            let trees = Trees { good: self.tree(), previous: self.tree() };
            if trees != Trees::default() {
                record.trees.insert(self.text(12), trees);
            }
        }
        record
    }
}

/// A record of so many objects that were all seen.
pub(crate) fn large(members: usize) -> Record {
    let mut record = Record::default();
    for number in 0..members {
        let member = Member {
            module: format!("module-{}", number % 20),
            state: State::Owned,
            uid: Some(crate::digest::hex(format!("uid {number}"), 18)),
            version: Some((1_000_000 + number * 7).to_string()),
            digest: crate::digest::hex(format!("digest {number}"), 8),
        };
        record.members.insert(format!("apps/Deployment/module-{}/application-{number}", number % 20), member);
    }
    record
}

/// A tree of so many bytes that cannot be packed.
fn noise(release: u64, bytes: usize) -> Tree {
    let mut dice = Dice(release);
    Tree { release, packed: (0..bytes).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect() }
}

fn kept(record: &Record) -> Record {
    Record::from_entries("ntfy", record.to_entries("ntfy").unwrap()).unwrap()
}

fn step(id: &str, action: Action, digest: &str) -> Step<()> {
    let subject = Subject {
        stack: "ntfy".into(),
        module: "ntfy".into(),
        kind: "Deployment".into(),
        namespace: Some("ntfy".into()),
        name: id.into(),
        path: String::new(),
    };
    let (fields, by, notes, digest) = (Vec::new(), Vec::new(), Vec::new(), Some(digest.to_owned()));
    let (waits, seen, problem) = (None, None, None);
    Step { id: id.into(), subject, action, fields, by, restarts: 0, notes, waits, digest, seen, problem, work: () }
}

fn owned(uid: &str) -> Member {
    let (module, digest) = ("ntfy".into(), "old".into());
    Member { module, state: State::Owned, uid: Some(uid.into()), version: Some("1".into()), digest }
}

#[test]
fn what_is_kept_is_what_is_read() {
    let mut dice = Dice(7);
    for round in 0..300 {
        let record = dice.record();
        assert_eq!(kept(&record), record, "round {round}");
    }
}

#[test]
fn an_entry_is_called_what_every_store_takes() {
    let mut dice = Dice(8);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    for _ in 0..100 {
        let entries = dice.record().to_entries("ntfy").unwrap();
        assert!(entries.keys().all(|key| key.len() < 250 && key.chars().all(is_plain)), "{:?}", entries.keys());
    }
}

#[test]
fn a_record_is_read_by_people() {
    let mut record = Record::default();
    record.members.insert("apps/Deployment/ntfy/ntfy".into(), owned("4f6e"));
    let release = Release { version: "9f86d081884c".into(), by: "ada@desk".into(), ..Release::default() };
    record.begin::<()>("here", "ntfy", release, &[]).unwrap();
    record.finish(Outcome::Done, "2026-11-26T16:00:00Z", [("create".into(), 1)].into(), None);
    record.keep_tree("ntfy", Tree::pack(1, "namespace: ntfy\n", &BTreeMap::new()).unwrap());
    let texts = record.to_entries("ntfy").unwrap().into_iter().map(|(name, entry)| match entry {
        Entry::Text(text) => format!("{name}: {text}"),
        Entry::Bytes(_) => format!("{name}: packed"),
    });
    insta::assert_snapshot!(texts.collect::<Vec<_>>().join("\n"), @r#"
    format: 1
    identity: here
    inventory: {"id":"apps/Deployment/ntfy/ntfy","module":"ntfy","state":"owned","uid":"4f6e","version":"1","digest":"old"}

    releases: {"number":1,"version":"9f86d081884c","by":"ada@desk","at":"2026-11-26T16:00:00Z","result":"done","counts":{"create":1}}

    tree.ntfy: packed
    trees: {"module":"ntfy","good":1}
    "#);
}

#[test]
fn a_record_of_ten_thousand_objects_fits() {
    let record = large(10_000);
    let entries = record.to_entries("big").unwrap();
    assert!(matches!(entries["inventory.gz"], Entry::Bytes(_)));
    assert_eq!(Record::from_entries("big", entries).unwrap(), record);
}

#[test]
fn a_record_without_room_for_its_objects_is_refused_before_anything_is_written() {
    let mut record = large(9_000);
    let create = |number| {
        let digest = crate::digest::hex(format!("digest {number}"), 8);
        step(&format!("v1/ConfigMap/ntfy/{number}"), Action::Create, &digest)
    };
    let steps: Vec<_> = (0..16_000).map(create).collect();
    let problem = record.begin("", "big", Release::default(), &steps).unwrap_err();
    assert!(problem.message.contains("stack `big` has too many objects: its record of 25000 takes"), "{problem}");
}

#[test]
fn where_room_is_short_previous_trees_go_first_then_the_largest_good_ones_and_no_object() {
    let mut record = large(20);
    for (module, good, previous) in [("a", 300_000, 1_000), ("b", 200_000, 300_000), ("c", 10, 300_000)] {
        let trees = Trees { good: Some(noise(2, good)), previous: Some(noise(1, previous)) };
        record.trees.insert(module.into(), trees);
    }
    let names = |record: &Record| kept(record).to_entries("x").unwrap().into_keys().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&record), "format inventory previous.a previous.b releases tree.a tree.b tree.c trees");
    assert_eq!(record.without_tree().unwrap(), Vec::<&str>::new());

    record.trees.insert("d".into(), Trees { good: Some(noise(2, 700_000)), previous: None });
    assert_eq!(record.without_tree().unwrap(), ["d"]);
    assert_eq!(kept(&record).members, record.members);
    assert!(!kept(&record).trees.contains_key("d"));
}

#[test]
fn a_record_of_a_newer_format_is_left_alone() {
    let mut entries = Record::default().to_entries("ntfy").unwrap();
    entries.insert("format".into(), Entry::Text("2".into()));
    insta::assert_snapshot!(Record::from_entries("ntfy", entries).unwrap_err(), @r"
    error[record]: the record of stack `ntfy` has the format `2`, and this homebuild knows `1`
       = a newer homebuild wrote it; use that one: nothing was changed
    ");
}

#[test]
fn a_broken_record_is_told_and_not_taken_for_an_empty_one() {
    let whole = large(3_000).to_entries("ntfy").unwrap();
    let broken = |change: &dyn Fn(&mut Entries)| {
        let mut entries = whole.clone();
        change(&mut entries);
        Record::from_entries("ntfy", entries).unwrap_err().message
    };
    let half = |entries: &mut Entries| {
        let Some(Entry::Bytes(bytes)) = entries.get_mut("inventory.gz") else { panic!("it is packed") };
        bytes.truncate(1000);
    };
    assert!(broken(&half).starts_with("the record of stack `ntfy` cannot be read: `inventory.gz`"));
    assert!(broken(&|entries| _ = entries.remove("inventory.gz")).ends_with("it has no inventory"));
    assert!(broken(&|entries| _ = entries.remove("format")).ends_with("it does not say its format"));
    let line = |entries: &mut Entries| _ = entries.insert("releases".into(), Entry::Text("{}\n".into()));
    assert!(broken(&line).contains("`releases`, line 1: missing field"));
}

#[test]
fn a_tree_gives_back_its_files_and_the_same_files_give_the_same_bytes() {
    let files = BTreeMap::from([("service.ntfy.yaml".to_owned(), "a: 1\n".to_owned()), ("x/y".into(), "\0é".into())]);
    let tree = Tree::pack(3, "namespace: ntfy\n", &files).unwrap();
    assert_eq!(tree.unpack().unwrap(), ("namespace: ntfy\n".into(), files.clone()));
    assert_eq!(Tree::pack(3, "namespace: ntfy\n", &files).unwrap(), tree);
    assert!(Tree { release: 3, packed: tree.packed[..9].into() }.unpack().is_err());
}

#[test]
fn a_push_that_begins_has_all_that_it_had_and_all_that_is_to_be() {
    let mut record = Record::default();
    for id in ["unchanged", "configured", "replaced", "pruned", "kept", "not planned"] {
        record.members.insert(id.into(), owned(id));
    }
    let steps = [
        step("unchanged", Action::Unchanged, "new"),
        step("configured", Action::Configure, "new"),
        step("replaced", Action::Replace, "new"),
        step("pruned", Action::Prune, "new"),
        step("kept", Action::Keep, "new"),
        step("made", Action::Create, "new"),
        step("ours without a record", Action::Unchanged, "new"),
    ];
    record.begin("here", "ntfy", Release::default(), &steps).unwrap();
    let shown = record.members.iter().map(|(id, member)| {
        let or_none = |text: &Option<String>| text.clone().unwrap_or("none".into());
        let (uid, version) = (or_none(&member.uid), or_none(&member.version));
        format!("{id}: {:?}, uid {uid}, version {version}, {}", member.state, member.digest)
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
    configured: Applying, uid configured, version none, new
    kept: Kept, uid kept, version 1, old
    made: Applying, uid none, version none, new
    not planned: Owned, uid not planned, version 1, old
    ours without a record: Applying, uid none, version none, new
    pruned: Owned, uid pruned, version 1, old
    replaced: Applying, uid none, version none, new
    unchanged: Owned, uid unchanged, version 1, new
    ");
}

#[test]
fn the_last_twenty_releases_are_remembered() {
    let mut record = Record::default();
    for number in 1..=25 {
        assert_eq!(record.next_number(), number);
        record.begin::<()>("here", "ntfy", Release::default(), &[]).unwrap();
        assert_eq!(record.releases[0].result, Outcome::Begun);
        record.finish(Outcome::Failed, "2026-11-26T16:00:00Z", BTreeMap::new(), Some(&"x".repeat(9000)));
    }
    assert_eq!(
        record.releases.iter().map(|release| release.number).collect::<Vec<_>>(),
        (6..=25).rev().collect::<Vec<_>>()
    );
    assert_eq!(record.releases[0].why.as_ref().unwrap().len(), WHY);
}

#[test]
fn the_good_tree_of_before_is_kept_beside_the_new_one() {
    let tree = |release, lock| Tree::pack(release, lock, &BTreeMap::new()).unwrap();
    let mut record = large(1);
    for (release, lock) in [(1, "a"), (2, "a"), (3, "b")] {
        record.keep_tree("module-0", tree(release, lock));
    }
    record.keep_tree("gone", tree(1, "a"));
    record.finish(Outcome::Done, "", BTreeMap::new(), None);
    let trees = Trees { good: Some(tree(3, "b")), previous: Some(tree(1, "a")) };
    assert_eq!(record.trees, BTreeMap::from([("module-0".to_owned(), trees)]));
}

#[test]
fn a_record_that_was_written_elsewhere_forgets_which_objects_were_its_own() {
    let mut record = large(1);
    assert!(!record.is_copy("here"), "an old record does not say where it was written");
    record.begin("there", "ntfy", Release::default(), &[] as &[Step<()>]).unwrap();
    assert!(kept(&record).is_copy("here") && !record.is_copy("there"));
    record.take_over();
    assert!(!record.is_copy("here"));
    let member = record.members.values().next().unwrap();
    assert_eq!((member.state, &member.uid, &member.version), (State::Applying, &None, &None));
}
