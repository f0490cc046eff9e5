//! `table.yaml`, row by row, and what no row can say.

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    object: Value,
    applied: Option<Value>,
    #[serde(default)]
    waited: u64,
    #[serde(default)]
    beside: Vec<Value>,
    is: String,
    says: Option<String>,
    patience: Option<u64>,
    kstatus: Option<String>,
}

fn rows() -> Vec<Row> {
    serde_yaml::from_str(include_str!("table.yaml")).unwrap()
}

impl Row {
    fn status(&self) -> Status {
        let mut beside = Beside::default();
        self.beside.iter().for_each(|object| beside.add(object));
        let applied = self.applied.as_ref().map(|metadata| Applied::of(&json!({"metadata": metadata})));
        status(&self.object, applied.as_ref(), &beside, Duration::from_secs(self.waited))
    }
}

fn word(status: &Status) -> &'static str {
    match status {
        Status::Current { .. } => "Current",
        Status::InProgress { .. } => "InProgress",
        Status::Failed { .. } => "Failed",
        Status::Terminating => "Terminating",
        Status::NotFound => "NotFound",
    }
}

fn patience(status: &Status) -> Option<u64> {
    if let Status::Failed { patience, .. } = status { Some(patience.as_secs()) } else { None }
}

#[test]
fn every_row_of_the_table_is_as_it_says() {
    for row in rows() {
        let status = row.status();
        let says = row.says.as_deref().unwrap_or("is ready");
        assert_eq!((word(&status), status.to_string().as_str()), (row.is.as_str(), says), "{}", row.name);
        let expected = row.patience.or((row.is == "Failed").then_some(10));
        assert_eq!(patience(&status), expected, "{}", row.name);
    }
}

#[test]
fn rows_have_names_of_their_own_and_a_change_is_one() {
    let rows = rows();
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len());
    for row in &rows {
        assert_ne!(row.kstatus.as_deref(), Some(row.is.as_str()), "{}: kstatus says the same", row.name);
    }
}

#[test]
fn an_object_that_is_not_there_is_not_found() {
    let sent = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {}});
    assert_eq!(gone(&sent, None), Status::NotFound);
    let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"ttlSecondsAfterFinished": 0}});
    assert_eq!(gone(&cron_job, None), Status::NotFound);
}

#[test]
fn a_job_that_cleans_up_after_itself_may_be_gone_unless_it_had_failed() {
    let sent = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"ttlSecondsAfterFinished": 0}});
    assert!(gone(&sent, None).is_current());
    assert!(gone(&sent, Some(&Status::in_progress("0 of 1 done"))).is_current());
    let failed = Status::failed("has failed");
    assert_eq!(gone(&sent, Some(&failed)), failed);
}
