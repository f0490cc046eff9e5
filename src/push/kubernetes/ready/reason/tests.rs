use serde_json::json;

use super::*;

/// A Deployment with its status, pods and events.
struct Seen {
    object: Value,
    status: Status,
    pods: Vec<Value>,
    events: Vec<Value>,
}

impl Seen {
    fn deployment(status: Status) -> Self {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "platform", "name": "traefik"},
            "spec": {"template": {"spec": {"containers": [{"name": "traefik"}]}}},
        });
        Self { object, status, pods: Vec::new(), events: Vec::new() }
    }

    fn unready() -> Self {
        Self::deployment(Status::in_progress("1 of 3 ready"))
    }

    fn pod(mut self, name: &str, status: Value) -> Self {
        let env = json!([{"name": "TOKEN", "value": "correct-horse"}]);
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "platform", "name": name},
            "spec": {"containers": [{"name": "traefik", "env": env}]},
        });
        pod["status"] = status;
        self.pods.push(pod);
        self
    }

    fn event(mut self, minute: u8, (kind, name): (&str, &str), (level, reason): (&str, &str), message: &str) -> Self {
        self.events.push(json!({
            "type": level, "reason": reason, "message": message, "count": minute,
            "lastTimestamp": format!("2026-11-26T12:{minute:02}:00Z"), "involvedObject": {"kind": kind, "name": name},
        }));
        self
    }

    fn waiting<'a>(&'a self, pods: &'a [&'a Value], events: &'a [&'a Value]) -> Waiting<'a> {
        Waiting { object: &self.object, status: &self.status, pods, events }
    }

    fn line(&self) -> String {
        self.waiting(&refs(&self.pods), &refs(&self.events)).line()
    }

    fn account(&self) -> String {
        self.waiting(&refs(&self.pods), &refs(&self.events)).account().join("\n")
    }
}

fn refs(objects: &[Value]) -> Vec<&Value> {
    objects.iter().collect()
}

fn ready() -> Value {
    json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
}

fn waits(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [
        {"name": "traefik", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason, "message": message}}},
    ]})
}

fn crashes(ended: &Value) -> Value {
    json!({"phase": "Running", "containerStatuses": [{
        "name": "traefik", "ready": false, "restartCount": 3, "lastState": {"terminated": ended},
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
    }]})
}

fn runs_unready() -> Value {
    json!({"phase": "Running", "containerStatuses": [
        {"name": "sidecar", "ready": true, "restartCount": 0, "state": {"running": {}}},
        {"name": "traefik", "ready": false, "restartCount": 0, "state": {"running": {}}},
    ]})
}

fn homeless() -> Value {
    json!({"phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No victims.",
    }]})
}

const PULL: &str = r#"Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"#;

#[test]
fn an_image_that_cannot_be_pulled_is_told_by_the_last_of_its_causes() {
    let seen = Seen::unready()
        .pod("traefik-7d8", ready())
        .pod("traefik-7d9", waits("ImagePullBackOff", r#"Back-off pulling image "traefik:v9""#))
        .event(1, ("Pod", "traefik-7d9"), ("Warning", "Failed"), PULL)
        .event(2, ("Pod", "traefik-7d9"), ("Warning", "Failed"), "Error: ImagePullBackOff");
    let expected = r#"Deployment traefik 1 of 3 ready: pod traefik-7d9 ImagePullBackOff "manifest unknown""#;
    assert_eq!(seen.line(), expected);
}

#[test]
fn an_image_without_an_event_is_told_by_what_its_container_says() {
    let seen = Seen::unready().pod("traefik-7d9", waits("ErrImagePull", "failed to resolve: traefik:v9: not found"));
    assert_eq!(seen.line(), r#"Deployment traefik 1 of 3 ready: pod traefik-7d9 ErrImagePull "not found""#);
}

#[test]
fn a_container_that_crashes_is_told_by_how_it_ended() {
    let seen = Seen::unready().pod("traefik-7d9", crashes(&json!({"exitCode": 1, "reason": "Error"})));
    let expected = "Deployment traefik 1 of 3 ready: pod traefik-7d9 CrashLoopBackOff (exit code 1, 3 restarts)";
    assert_eq!(seen.line(), expected);
    let seen = Seen::unready().pod("traefik-7d9", crashes(&json!({"exitCode": 137, "reason": "OOMKilled"})));
    assert!(seen.line().ends_with("pod traefik-7d9 CrashLoopBackOff (OOMKilled, exit code 137, 3 restarts)"));
}

#[test]
fn a_container_that_runs_again_is_told_by_how_it_ended_too() {
    let mut status = runs_unready();
    status["containerStatuses"][1]["restartCount"] = json!(1);
    status["containerStatuses"][1]["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    let seen = Seen::unready().pod("traefik-7d9", status);
    assert!(seen.line().ends_with("pod traefik-7d9 not ready (exit code 1, 1 restart)"), "{}", seen.line());
}

#[test]
fn a_container_that_has_ended_badly_is_told_before_it_is_started_again() {
    let status = json!({"phase": "Failed", "containerStatuses": [
        {"name": "traefik", "restartCount": 0, "state": {"terminated": {"exitCode": 2, "reason": "Error"}}},
    ]});
    let seen = Seen::unready().pod("traefik-7d9", status);
    assert!(seen.line().ends_with("pod traefik-7d9 ended (exit code 2)"), "{}", seen.line());
}

#[test]
fn an_init_container_that_fails_is_told_and_not_those_that_wait_for_it() {
    let status = json!({"phase": "Pending",
        "initContainerStatuses": [{"name": "migrate", "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}}],
        "containerStatuses": [{"name": "traefik", "state": {"waiting": {"reason": "PodInitializing"}}}],
    });
    let seen = Seen::unready().pod("traefik-7d9", status);
    assert!(seen.line().ends_with("pod traefik-7d9 CrashLoopBackOff (exit code 3, 1 restart)"), "{}", seen.line());
    assert!(seen.account().contains("pod traefik-7d9: container migrate: CrashLoopBackOff, exit code 3, 1 restart"));
}

#[test]
fn a_pod_that_no_node_takes_is_told_by_the_scheduler() {
    let seen = Seen::unready().pod("traefik-7d9", homeless());
    let expected = r#"pod traefik-7d9 Unschedulable "0/2 nodes are available: 2 Insufficient cpu""#;
    assert!(seen.line().ends_with(expected), "{}", seen.line());
}

#[test]
fn a_pod_that_is_not_ready_is_told_by_its_last_warning() {
    let seen = Seen::unready()
        .pod("traefik-7d9", runs_unready())
        .event(3, ("Pod", "traefik-7d9"), ("Warning", "Unhealthy"), "Readiness probe failed:\n statuscode: 503")
        .event(4, ("Pod", "traefik-7d8"), ("Warning", "Unhealthy"), "another pod's")
        .event(5, ("Pod", "traefik-7d9"), ("Normal", "Pulled"), "not bad");
    let expected = r#"pod traefik-7d9 not ready: Unhealthy "Readiness probe failed: statuscode: 503""#;
    assert!(seen.line().ends_with(expected), "{}", seen.line());
    assert!(Seen::unready().pod("traefik-7d9", runs_unready()).line().ends_with("pod traefik-7d9 not ready"));
}

#[test]
fn a_pod_that_cannot_be_started_is_told_by_its_last_warning() {
    let message = r#"MountVolume.SetUp failed for volume "tls": secret "web" not found"#;
    let seen = Seen::unready().pod("traefik-7d9", waits("ContainerCreating", "")).event(
        1,
        ("Pod", "traefik-7d9"),
        ("Warning", "FailedMount"),
        message,
    );
    let expected = format!("pod traefik-7d9 ContainerCreating: FailedMount \"{message}\"");
    assert!(seen.line().ends_with(&expected), "{}", seen.line());
}

#[test]
fn a_pod_that_was_evicted_is_told_by_its_status() {
    let evicted = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."});
    let seen = Seen::unready().pod("traefik-7d9", evicted);
    let expected = r#"pod traefik-7d9 Evicted "The node was low on resource: memory.""#;
    assert!(seen.line().ends_with(expected), "{}", seen.line());
}

#[test]
fn the_worst_pod_is_told_first_and_what_is_ready_or_leaves_is_not() {
    let mut seen = Seen::unready()
        .pod("traefik-a", ready())
        .pod("traefik-b", waits("ImagePullBackOff", "it is on its way out"))
        .pod("traefik-c", runs_unready())
        .pod("traefik-d", homeless())
        .pod("traefik-e", waits("CreateContainerConfigError", r#"configmap "app" not found"#))
        .pod("traefik-f", json!({"phase": "Succeeded"}));
    seen.pods[1]["metadata"]["deletionTimestamp"] = json!("2026-11-26T12:00:00Z");
    let expected = r#"pod traefik-e CreateContainerConfigError "configmap "app" not found""#;
    assert!(seen.line().ends_with(expected), "{}", seen.line());
    let account = seen.account();
    let order = ["traefik-e:", "traefik-d:", "traefik-c:"].map(|pod| account.find(pod).unwrap());
    assert!(order.is_sorted());
    assert!(!["traefik-a", "traefik-b", "traefik-f"].iter().any(|pod| account.contains(pod)), "{account}");
}

#[test]
fn a_workload_without_pods_is_told_by_why_they_cannot_be_made() {
    let mut seen = Seen::unready();
    let message =
        r#"pods "traefik-7d9-" is forbidden: exceeded quota: small, requested: cpu=1, used: cpu=2, limited: cpu=2"#;
    seen.object["status"] = json!({"conditions": [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message},
    ]});
    assert_eq!(seen.line(), format!("Deployment traefik 1 of 3 ready: FailedCreate \"{message}\""));
}

#[test]
fn what_makes_no_pods_is_told_by_its_last_warning() {
    let message = r#"storageclass.storage.k8s.io "fast" not found"#;
    let mut seen = Seen::deployment(Status::in_progress("is not bound: there is no StorageClass `fast`"))
        .event(2, ("PersistentVolumeClaim", "data"), ("Warning", "ProvisioningFailed"), message)
        .event(1, ("PersistentVolumeClaim", "data"), ("Warning", "Older"), "older");
    seen.object = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}});
    insta::assert_snapshot!(seen.line(), @r#"PersistentVolumeClaim data is not bound: there is no StorageClass `fast`: ProvisioningFailed "storageclass.storage.k8s.io "fast" not found""#);
    insta::assert_snapshot!(seen.account(), @r#"
    PersistentVolumeClaim data is not bound: there is no StorageClass `fast`
    warning Older, PersistentVolumeClaim data: "older"
    warning ProvisioningFailed, 2 times, PersistentVolumeClaim data: "storageclass.storage.k8s.io "fast" not found"
    more: `kubectl describe persistentvolumeclaim data`
    "#);
}

#[test]
fn a_pod_that_stands_by_itself_is_not_named_twice() {
    let mut seen = Seen::unready().pod("shell", homeless());
    seen.status = Status::failed("fits on no node");
    seen.object = seen.pods.remove(0);
    let expected = r#"Pod shell fits on no node: Unschedulable "0/2 nodes are available: 2 Insufficient cpu""#;
    assert_eq!(seen.line(), expected);
}

#[test]
fn what_is_ready_has_no_reason() {
    let mut seen = Seen::unready().pod("traefik-7d9", runs_unready());
    seen.status = Status::noted("is paused: its pods stay as they are");
    assert_eq!(seen.line(), "Deployment traefik is paused: its pods stay as they are");
}

#[test]
fn an_account_has_the_pods_the_last_events_and_the_command_that_says_more() {
    let ended = json!({"exitCode": 1, "reason": "Error", "message": "what it wrote last"});
    let mut seen = Seen::unready()
        .pod("traefik-a", waits("ImagePullBackOff", r#"Back-off pulling image "traefik:v9""#))
        .pod("traefik-b", crashes(&ended))
        .pod("traefik-c", homeless())
        .pod("traefik-d", homeless())
        .pod("traefik-e", homeless());
    for minute in (1..8).rev() {
        seen = seen.event(minute, ("Pod", "traefik-a"), ("Warning", "Failed"), PULL);
    }
    insta::assert_snapshot!(seen.account(), @r#"
    Deployment traefik 1 of 3 ready
    pod traefik-a: container traefik: ImagePullBackOff "Back-off pulling image "traefik:v9""
    pod traefik-b: container traefik: CrashLoopBackOff, exit code 1, 3 restarts
    pod traefik-c: Unschedulable "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No victims."
    and 2 more pods
    warning Failed, 3 times, Pod traefik-a: "Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"
    warning Failed, 4 times, Pod traefik-a: "Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"
    warning Failed, 5 times, Pod traefik-a: "Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"
    warning Failed, 6 times, Pod traefik-a: "Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"
    warning Failed, 7 times, Pod traefik-a: "Failed to pull image "traefik:v9": rpc error: code = NotFound desc = manifest unknown"
    more: `kubectl logs --namespace platform traefik-b --container traefik --tail 20`
    "#);
}

#[test]
fn the_command_is_one_that_has_an_answer() {
    let command = |seen: Seen| seen.account().lines().last().unwrap_or_default().to_owned();
    let expected = "more: `kubectl logs --namespace platform traefik-a --container traefik --tail 20`";
    assert_eq!(command(Seen::unready().pod("traefik-a", runs_unready())), expected);
    let no_log = command(Seen::unready().pod("traefik-a", homeless()));
    assert_eq!(no_log, "more: `kubectl describe --namespace platform pod traefik-a`");
    assert_eq!(command(Seen::unready()), "more: `kubectl describe --namespace platform deployment traefik`");
}

#[test]
fn no_value_of_an_environment_and_no_control_character_is_told() {
    let escape = "exec: \u{1b}[31mcorrect-horse\u{7}\nfailed";
    let mut seen = Seen::unready().pod("traefik-a", waits("RunContainerError", escape)).event(
        1,
        ("Pod", "traefik-a"),
        ("Warning", "Failed"),
        escape,
    );
    seen.object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "B", "value": "battery-staple"}]);
    seen.object["status"]["conditions"] = json!([
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "battery-staple"},
    ]);
    seen.status = Status::in_progress("has a battery-staple");
    let all = format!("{}\n{}", seen.line(), seen.account());
    assert!(!all.contains("horse") && !all.contains("battery"), "{all}");
    assert!(!all.contains(['\u{1b}', '\u{7}']), "{all}");
    assert!(all.contains(r#"RunContainerError "exec: [31m*** failed""#), "{all}");
}

#[test]
fn events_of_the_newer_api_are_read_too() {
    let mut seen = Seen::unready().pod("traefik-a", runs_unready());
    seen.events.push(json!({
        "type": "Warning", "reason": "Unhealthy", "note": "refused", "eventTime": "2026-11-26T12:00:00.000000Z",
        "series": {"count": 9, "lastObservedTime": "2026-11-26T12:05:00.000000Z"},
        "regarding": {"kind": "Pod", "name": "traefik-a"},
    }));
    assert!(seen.line().ends_with(r#"pod traefik-a not ready: Unhealthy "refused""#), "{}", seen.line());
    assert!(seen.account().contains(r#"warning Unhealthy, 9 times, Pod traefik-a: "refused""#), "{}", seen.account());
}
