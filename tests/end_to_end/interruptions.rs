//! The worker is stopped, or dies, in the middle of an object.

use std::time::Duration;

use simulator::{Fault, Target};

use super::people;
use super::stage::{DATASET, Stage};
use super::worker::Worker;

const KEY: &str = "meta/people/list.csv";
const ROWS: u32 = 10_000;

/// Slows Meta down, so that there is a middle to be interrupted in.
async fn in_mid_file(stage: &Stage, worker: &Worker) {
    let slow = Fault::delay(Target::Events, Duration::from_millis(800));
    stage.meta.fault(slow.always());
    stage.plane.put(KEY, people::csv(0..ROWS)).await;
    stage.until_received(2_000).await;
    assert!(stage.received().0 < u64::from(ROWS));
    assert!(worker.log().contains("audience-activator starts"));
}

/// Two requests at once, of ten.
fn config(stage: &Stage, visibility_seconds: u32) -> String {
    let queue = format!("[queue]\nvisibility_seconds = {visibility_seconds}\n");
    let config = stage.people_config().replace("[queue]\n", &queue);
    format!("{config}[delivery]\nrequests_in_flight = 2\n")
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_stop_is_clean_within_its_limit() {
    let stage = Stage::set_up().await;
    // So long that only a message that was given back can be visible again.
    let config = config(&stage, 300);
    let mut worker = Worker::start(&config).await;
    in_mid_file(&stage, &worker).await;

    worker.signal("TERM");
    let status = worker.ended(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0));
    stage.plane.until_depth(1, 0).await;
    let stopped = worker.log();
    assert!(stopped.contains("stopped before the end; the message is given back"));
    assert!(stopped.contains("audience-activator has stopped"));
    assert!(!stopped.contains("panicked"));
    assert!(stage.plane.receipts().await.is_empty());
    let (sent_before, duplicates) = stage.received();
    assert_eq!(duplicates, 0);
    assert!(sent_before < u64::from(ROWS));

    stage.meta.clear_faults();
    let _second = Worker::start(&config).await;
    let receipt = stage.plane.receipt(KEY).await;
    stage.plane.until_empty().await;
    assert_eq!(receipt.sent.accepted, u64::from(ROWS));
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!(dataset.distinct, u64::from(ROWS));
    // Every request that was out was waited for: what came twice is what was sent
    // again on purpose, and nothing else.
    assert_eq!(dataset.duplicates, sent_before);
    assert_eq!(dataset.changed_duplicates, 0);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_crash_resends_the_same_bytes() {
    let stage = Stage::set_up().await;
    let config = config(&stage, 8);
    let mut worker = Worker::start(&config).await;
    in_mid_file(&stage, &worker).await;

    worker.signal("KILL");
    worker.ended(Duration::from_secs(20)).await;
    assert!(stage.plane.receipts().await.is_empty());
    stage.plane.until_depth(1, 0).await;

    stage.meta.clear_faults();
    let _second = Worker::start(&config).await;
    let receipt = stage.plane.receipt(KEY).await;
    stage.plane.until_empty().await;
    assert_eq!(receipt.sent.accepted, u64::from(ROWS));
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!(dataset.distinct, u64::from(ROWS));
    assert!(dataset.duplicates >= 2_000);
    assert_eq!(dataset.changed_duplicates, 0);
    for person in [0, 999, ROWS - 1] {
        assert!(stage.arrivals(person) >= 1, "person {person}");
    }
}
