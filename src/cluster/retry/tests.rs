use super::*;

/// A refusal as a server sends it.
fn refused(code: u16, body: &str) -> Refusal {
    Refusal::answer(code, body.as_bytes(), None)
}

fn status(code: u16, reason: &str, message: &str, causes: &str) -> Refusal {
    let message = serde_json::to_string(message).unwrap();
    refused(
        code,
        &format!(
            r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","code":{code},"reason":"{reason}","message":{message},"details":{{"causes":[{causes}]}}}}"#
        ),
    )
}

fn is_tried_again(refusal: &Refusal) -> bool {
    Tries::default().again(refusal, Duration::ZERO, 0.5).is_some()
}

#[test]
fn a_connection_that_is_refused_or_cut_is_tried_again() {
    assert!(is_tried_again(&Refusal::Silence("connection refused".into())));
}

#[test]
fn a_server_that_never_answered_is_not_tried_for_long() {
    let silence = Refusal::Silence("connection refused".into());
    assert!(Tries::first().again(&silence, Duration::from_secs(9), 0.5).is_some());
    assert!(Tries::first().again(&silence, Duration::from_secs(11), 0.5).is_none());
}

#[test]
fn a_certificate_that_is_not_trusted_is_no_matter_of_time() {
    assert!(!is_tried_again(&Refusal::Silence("invalid peer certificate: UnknownIssuer".into())));
}

#[test]
fn a_busy_server_is_asked_again_when_it_wishes() {
    let busy = Refusal::answer(429, b"", Some(Duration::from_secs(7)));
    assert_eq!(Tries::default().again(&busy, Duration::ZERO, 0.0), Some(Duration::from_secs(7)));
    for code in [502, 503, 504] {
        assert!(is_tried_again(&refused(code, "")), "{code}");
    }
}

#[test]
fn no_wish_makes_it_wait_longer_than_a_minute() {
    let busy = Refusal::answer(429, b"", Some(Duration::from_hours(24)));
    assert_eq!(Tries::default().again(&busy, Duration::ZERO, 0.0), Some(Duration::from_mins(1)));
}

#[test]
fn a_wish_in_the_status_counts_too() {
    let body =
        r#"{"kind":"Status","code":429,"reason":"TooManyRequests","message":"","details":{"retryAfterSeconds":3}}"#;
    assert_eq!(Tries::default().again(&refused(429, body), Duration::ZERO, 0.0), Some(Duration::from_secs(3)));
}

#[test]
fn a_webhook_that_does_not_answer_is_waited_for_and_then_named() {
    for why in [
        "dial tcp 10.96.0.7:443: connect: connection refused",
        "no endpoints available for service \"hook\"",
        "service \"hook\" not found",
        "context deadline exceeded",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ] {
        let text = format!("Internal error occurred: failed calling webhook \"x.example.org\": {why}");
        let refusal = status(500, "InternalError", &text, "");
        assert_eq!(refusal.verdict(), Verdict::Webhook("x.example.org".into()), "{why}");
        let later = Duration::from_secs(130);
        assert!(Tries::default().again(&refusal, later, 0.5).is_some(), "for longer than a busy server");
        assert!(Tries::default().again(&refusal, Duration::from_secs(601), 0.5).is_none());
        assert!(Tries::dry(true).again(&refusal, Duration::ZERO, 0.5).is_none(), "a dry run has nothing to wait for");
        assert!(!waiting(&refusal, Duration::from_secs(1)).contains(why));
        assert!(waiting(&refusal, Duration::from_secs(16)).contains(why));
    }
    let text = "conversion webhook for example.org/v1, Kind=Thing failed: Post \"https://...\": EOF";
    assert!(is_tried_again(&status(500, "InternalError", text, "")));
}

#[test]
fn a_store_that_changes_its_leader_is_asked_again() {
    for text in ["etcdserver: leader changed", "etcdserver: request timed out"] {
        assert!(is_tried_again(&status(500, "InternalError", text, "")), "{text}");
    }
}

#[test]
fn a_mistake_against_the_schema_is_a_500_and_never_tried_again() {
    let text = "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.replcas: field not declared in schema";
    let refusal = status(500, "", text, "");
    assert_eq!(refusal.verdict(), Verdict::Never);
    assert!(!is_tried_again(&refusal));
}

#[test]
fn a_conflict_of_managers_is_no_matter_of_patience() {
    let cause = r#"{"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1","field":".spec.replicas"}"#;
    let refusal = status(409, "Conflict", "Apply failed with 1 conflict", cause);
    assert_eq!(refusal.verdict(), Verdict::Conflict);
    assert_eq!(refusal.status().unwrap().causes[0].field, ".spec.replicas");
    assert!(!is_tried_again(&refusal));
}

#[test]
fn an_object_that_changed_is_read_again_by_who_asked() {
    let text = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified";
    let refusal = status(409, "Conflict", text, "");
    assert_eq!(refusal.verdict(), Verdict::Changed);
    assert!(!is_tried_again(&refusal));
    assert_eq!(status(409, "AlreadyExists", "", "").verdict(), Verdict::Exists);
}

#[test]
fn a_namespace_that_is_being_deleted_is_known() {
    let cause =
        r#"{"reason":"NamespaceTerminating","message":"namespace a is being terminated","field":"metadata.namespace"}"#;
    assert_eq!(status(403, "Forbidden", "", cause).verdict(), Verdict::Terminating);
}

#[test]
fn rights_quotas_and_policies_are_final() {
    for text in [
        "deployments.apps \"a\" is forbidden: User \"x\" cannot patch",
        "pods \"a\" is forbidden: exceeded quota: q",
        "admission webhook \"x\" denied the request: no",
    ] {
        assert_eq!(status(403, "Forbidden", text, "").verdict(), Verdict::Never, "{text}");
    }
    assert_eq!(
        status(400, "BadRequest", "admission webhook \"x\" denied the request: no", "").verdict(),
        Verdict::Never
    );
    assert_eq!(status(422, "Invalid", "ValidatingAdmissionPolicy 'x' denied request", "").verdict(), Verdict::Invalid);
    assert!(!is_tried_again(&status(422, "Invalid", "", "")));
}

#[test]
fn a_kind_that_is_not_served_yet_answers_without_a_status() {
    assert_eq!(refused(404, "404 page not found\n").verdict(), Verdict::NotServed);
    let missing = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"","details":{"kind":"namespaces"}}"#;
    assert_eq!(refused(404, missing).verdict(), Verdict::NoNamespace);
    let missing = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"","details":{"kind":"configmaps"}}"#;
    assert_eq!(refused(404, missing).verdict(), Verdict::Missing);
}

#[test]
fn what_is_too_large_or_malformed_is_final() {
    for code in [400, 413, 401, 415] {
        assert_eq!(status(code, "", "", "").verdict(), Verdict::Never, "{code}");
    }
}

#[test]
fn a_webhook_that_cannot_be_asked_in_a_dry_run_is_known() {
    let text = "admission webhook \"x\" does not support dry run";
    assert_eq!(status(400, "BadRequest", text, "").verdict(), Verdict::NoDryRun);
}

#[test]
fn pauses_grow_and_stay_bounded() {
    let silence = Refusal::Silence(String::new());
    let mut tries = Tries::default();
    let pauses: Vec<_> = (0..12).filter_map(|_| tries.again(&silence, Duration::ZERO, 1.0)).collect();
    assert_eq!(pauses.len(), 12);
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(pauses.last(), Some(&LONGEST));
    assert_eq!(Tries::default().again(&silence, Duration::ZERO, 0.0), Some(SHORTEST));
    assert!(Tries::default().again(&silence, Duration::from_secs(121), 0.0).is_none());
}
