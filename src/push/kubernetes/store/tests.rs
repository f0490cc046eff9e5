use std::sync::atomic::AtomicBool;

use super::*;
use crate::push::lease::tests as leases;
use crate::push::record::tests::large;
use crate::push::record::{Tree, Trees};

/// The store of the cluster of `KUBECONFIG`, which `tests/cluster` started.
fn store() -> InCluster {
    let cluster = Cluster::open(None, Box::new(|_| {}), Arc::new(AtomicBool::new(false)));
    InCluster::new(Arc::new(cluster.unwrap_or_else(|problem| panic!("tests/cluster up: {problem}"))))
}

macro_rules! in_a_cluster {
    ($($name:ident)*) => { $(
        #[test]
        #[ignore = "needs tests/cluster"]
        fn $name() { leases::$name(&store()); }
    )* };
}

in_a_cluster! {
    of_two_that_want_a_lease_at_once_one_gets_it
    a_lease_is_renewed_for_longer_than_its_time_and_given_back
    a_lease_whose_holder_is_dead_is_taken_over_once_it_was_watched
    a_lease_that_lives_by_another_clock_is_not_taken
    a_lease_that_was_lost_allows_no_write
    a_push_that_panics_leaves_no_lease
    a_lease_is_waited_for_as_long_as_is_wished
    of_two_writers_of_a_record_the_second_is_refused
}

/// Saves a record of a stack, reads it back, and forgets it.
fn round_trip(stack: &str, record: &Record) {
    let store = store();
    if let Some(left) = store.record(stack).unwrap().version {
        store.forget(stack, &left).unwrap();
    }
    let version = store.save(stack, record, None).unwrap();
    assert_eq!(store.record(stack).unwrap().record, *record);
    let listed = store.records().unwrap();
    assert_eq!((&listed[stack].record, listed[stack].version.as_ref()), (record, Some(&version)));
    store.forget(stack, &version).unwrap();
    assert!(!store.records().unwrap().contains_key(stack));
}

#[test]
#[ignore = "needs tests/cluster"]
fn a_record_of_eight_thousand_objects_is_kept() {
    let mut record = large(8_000);
    let files = (0..40).map(|number| (format!("{number}.yaml"), format!("a: {number}\n").repeat(300))).collect();
    let tree = |release| Some(Tree::pack(release, "namespace: x\n", &files).unwrap());
    record.trees.insert("module-1".into(), Trees { good: tree(2), previous: tree(1) });
    round_trip("big", &record);
}

#[test]
#[ignore = "needs tests/cluster"]
fn a_record_that_uses_all_its_room_is_kept() {
    // more objects in one stack are refused before anything is written
    let most = (10_000..30_000).step_by(500).take_while(|number| large(*number).to_entries("full").is_ok()).last();
    round_trip("full", &large(most.unwrap()));
}

#[test]
#[ignore = "needs tests/cluster"]
fn a_stack_may_be_called_what_no_object_can_be() {
    for stack in ["Große Küche", "a.b", "x_y", "-", &"long".repeat(50)] {
        round_trip(stack, &large(3));
    }
}

#[test]
#[ignore = "needs tests/cluster"]
fn what_is_written_is_ours_and_not_applied() {
    let store = store();
    let version = store.save("mark", &large(1), None).unwrap();
    let object = store.get(&store.records, "mark").unwrap().unwrap();
    let entry = &object["metadata"]["managedFields"][0];
    assert_eq!((entry["manager"].as_str(), entry["operation"].as_str()), (Some(MANAGER), Some("Update")));
    store.forget("mark", &version).unwrap();
}

#[test]
fn a_name_that_is_a_label_stands_as_it_is_and_no_two_stacks_have_one_name() {
    assert_eq!(name("ntfy"), "homebuild-stack-ntfy");
    assert_eq!(name("Ntfy"), "homebuild-stack.53704fe438fe08330f245626df55521c");
    let stacks = ["a", "A", "a.b", "a-b", "a_b", "-a", "a-", "", "ä", &"a".repeat(63), &"a".repeat(64)];
    let names: std::collections::BTreeSet<_> = stacks.iter().map(|stack| name(stack)).collect();
    assert_eq!(names.len(), stacks.len());
    assert!(names.iter().all(|name| name.len() <= 253));
}
