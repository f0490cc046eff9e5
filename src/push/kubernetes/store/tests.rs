use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{env, fs, process, thread};

use super::*;
use crate::push::lease::tests as leases;
use crate::push::record::tests::large;
use crate::push::record::{Member, Tree, Trees};

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
    let most = (12_000..30_000).step_by(2_000).take_while(|number| large(*number).to_entries("full").is_ok()).last();
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

/// Writes over and over; every write is done once, however it is answered.
#[test]
#[ignore = "needs tests/cluster"]
fn a_record_and_a_lease_are_written_many_times() {
    let (store, stack) = (store(), format!("many-{}", process::id()));
    let (mut record, time) = (large(1), "2026-11-26T16:00:00.000000Z");
    let (acquired, renewed) = (time.to_owned(), time.to_owned());
    let mut lease = Lease { holder: "ada@desk".into(), seconds: 60, acquired, renewed, transitions: 0 };
    let (mut of_record, mut of_lease) = (None, None);
    for number in 0..40 {
        record.members.insert(format!("v1/ConfigMap/ntfy/{number}"), Member::default());
        lease.renewed = format!("2026-11-26T16:00:00.{number:06}Z");
        of_record = Some(store.save(&stack, &record, of_record.as_deref()).unwrap());
        of_lease = Some(store.write_lease(&stack, &lease, of_lease.as_deref()).unwrap());
    }
    assert_eq!(store.record(&stack).unwrap().record, record);
    assert_eq!(store.lease(&stack).unwrap(), of_lease.clone().map(|version| (lease, version)));
    store.forget(&stack, &of_record.unwrap()).unwrap();
    store.drop_lease(&stack, &of_lease.unwrap()).unwrap();
    assert_eq!(store.lease(&stack).unwrap(), None);
}

#[test]
#[ignore = "needs tests/cluster"]
fn a_write_whose_answer_is_cut_off_is_looked_up() {
    let path = env::var_os("KUBECONFIG").expect("tests/cluster up");
    let kubeconfig = fs::read_to_string(path).unwrap();
    let (before, rest) = kubeconfig.split_once("https://127.0.0.1:").unwrap();
    let (port, after) = rest.split_once('"').unwrap();
    let through = format!("{before}https://127.0.0.1:{}\"{after}", cutting(port.parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kubeconfig"), through).unwrap();
    // the kubeconfig is named by the environment, so that it takes a process
    let test = concat!(module_path!(), "::a_record_and_a_lease_are_written_many_times");
    let test = test.split_once("::").unwrap().1;
    let run = process::Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", test])
        .env("KUBECONFIG", folder.path().join("kubeconfig"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
}

/// The port of a proxy that swallows one in eight pieces of what the server answers, and cuts the connection.
fn cutting(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass(from, to, || true));
            let count = count.clone();
            thread::spawn(move || pass(server, client, || count.fetch_add(1, Ordering::Relaxed) * 7919 % 8 != 5));
        }
    });
    port
}

fn pass(mut from: TcpStream, mut to: TcpStream, goes_on: impl Fn() -> bool) {
    let mut piece = [0; 1 << 14];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if !goes_on() || to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
