//! All objects of a folder take the place of an audience's members.

use std::ops::Range;
use std::time::Duration;

use audience_activator::receipts::Status;
use simulator::{Fault, Target};

use super::eventually;
use super::people::{self, email_hash};
use super::stage::{AUDIENCE, Stage};
use super::worker::Worker;

const PARTS: u32 = 3;

/// Small requests, one at a time, and short waits.
fn config(stage: &Stage) -> String {
    let route = stage.audience(
        "list",
        "replace",
        &format!("ssm:{}", stage.secret("default")),
    );
    let bucket = format!("bucket = \"{}\"\nprefix", stage.plane.audience_bucket);
    let route = route.replacen("prefix", &bucket, 1);
    let run = "[route.run]\ncomplete = \"success_marker\"\n";
    let queue = "[queue]\nvisibility_seconds = 5\n";
    let config = stage.config(&[route + run]).replace("[queue]\n", queue);
    let delivery = "[delivery]\nrequests_in_flight = 1\nmax_body_bytes = 65536\n";
    format!("{config}{delivery}[ledger]\nlease_seconds = 3\n")
}

/// An export as Spark writes it: the parts, and then the marker.
async fn export(stage: &Stage, run: &str, people: Range<u32>) -> Vec<String> {
    let mut keys = Vec::new();
    let each = (people.end - people.start) / PARTS;
    for part in 0..PARTS {
        let first = people.start + part * each;
        let key = format!("meta/list/{run}/part-{part:05}");
        stage
            .plane
            .put(&key, people::csv(first..first + each))
            .await;
        keys.push(key);
    }
    stage
        .plane
        .put(&format!("meta/list/{run}/_SUCCESS"), "")
        .await;
    keys
}

fn members(stage: &Stage) -> u64 {
    stage.meta.inspect().audiences[AUDIENCE].members
}

fn is_member(stage: &Stage, person: u32) -> bool {
    stage
        .meta
        .members_bearing(AUDIENCE, "EMAIL", &email_hash(person))
        == 1
}

async fn until_delivered(stage: &Stage, keys: &[String], people: u64) {
    let mut accepted = 0;
    for key in keys {
        let receipt = stage.plane.receipt(key).await;
        assert_eq!(receipt.status, Status::Delivered);
        accepted += receipt.sent.accepted;
    }
    assert_eq!(accepted, people);
    stage.plane.until_empty().await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_folder_replaces_the_members_wholly_though_the_worker_is_killed_in_the_middle() {
    let stage = Stage::set_up().await;
    let config = config(&stage);
    let mut worker = Worker::start(&config).await;
    let keys = export(&stage, "run-1", 0..1_500).await;
    until_delivered(&stage, &keys, 1_500).await;
    assert_eq!(members(&stage), 1_500);

    let slow = Fault::delay(Target::UsersReplace, Duration::from_secs(2));
    stage.meta.fault(slow.nth(3).always());
    let taken = || {
        let outcomes = stage.meta.inspect().requests.outcomes;
        let of_replacement = outcomes.get(&Target::UsersReplace);
        of_replacement.map_or(0, |outcomes| outcomes.values().sum())
    };
    let before = taken();
    let keys = export(&stage, "run-2", 1_000..2_500).await;
    eventually("a replacement under way", || async {
        (taken() >= before + 2).then_some(())
    })
    .await;
    worker.signal("KILL");
    worker.ended(Duration::from_secs(5)).await;
    assert_eq!(members(&stage), 1_500, "the old list");
    assert!(is_member(&stage, 0) && !is_member(&stage, 2_499));

    stage.meta.clear_faults();
    let worker = Worker::start(&config).await;
    until_delivered(&stage, &keys, 1_500).await;
    assert_eq!(members(&stage), 1_500, "the new list");
    assert!(!is_member(&stage, 0) && is_member(&stage, 1_000) && is_member(&stage, 2_499));
    assert!(!worker.log().contains("xample.com"));
}
