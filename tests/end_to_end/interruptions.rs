//! The worker is stopped, or dies, in the middle of an object.

use std::time::Duration;

use simulator::{Fault, Target};

use super::eventually;
use super::people;
use super::stage::{DATASET, Stage};
use super::worker::Worker;

const KEY: &str = "meta/people/list.csv";
const ROWS: u32 = 10_000;

/// Meta takes the first two requests at once and is slow from then on, so that there is
/// a middle to be interrupted in.
async fn in_mid_file(stage: &Stage) {
    let slow = Fault::delay(Target::Events, Duration::from_secs(3));
    stage.meta.fault(slow.nth(3).always());
    stage.plane.put(KEY, people::csv(0..ROWS)).await;
    stage.until_received(2_000).await;
    assert!(stage.received().0 < u64::from(ROWS));
}

/// Two requests at once, of ten.
fn config(stage: &Stage, visibility_seconds: u32) -> String {
    let queue = format!("[queue]\nvisibility_seconds = {visibility_seconds}\n");
    let config = stage.people_config().replace("[queue]\n", &queue);
    format!("{config}[delivery]\nrequests_in_flight = 2\n[ledger]\nlease_seconds = 3\n")
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_stop_is_clean_within_its_limit() {
    let stage = Stage::set_up().await;
    // So long that only a message that was given back can be visible again.
    let config = config(&stage, 300);
    let mut worker = Worker::start(&config).await;
    in_mid_file(&stage).await;

    worker.signal("TERM");
    let status = worker.ended(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0));
    let at_once = tokio::time::timeout(Duration::from_secs(10), stage.plane.until_depth(1, 0));
    at_once
        .await
        .expect("the message is given back, not rested");
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
    // Every request that was out was waited for, and its answer recorded.
    assert_eq!(dataset.duplicates, 0);
    assert!(receipt.attempts.unwrap().rows_before >= 2_000);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_stop_that_takes_too_long_or_is_insisted_on_ends_all_the_same() {
    let stage = Stage::set_up().await;
    stage.plane.put(KEY, people::csv(0..10)).await;
    let silent = Fault::delay(Target::Events, Duration::from_secs(60));
    stage.meta.fault(silent.always());
    // Short, so that the second worker need not wait long for the message.
    let config = config(&stage, 3);
    for (stop_seconds, signals) in [(1, 1), (100, 2)] {
        let limit = format!("[worker]\nstop_seconds = {stop_seconds}\n");
        let mut worker = Worker::start(&format!("{config}{limit}")).await;
        let out = "worker_requests_in_flight";
        worker.until_metric(out, 1.0).await;
        for _ in 0..signals {
            worker.signal("TERM");
            let noticed = "stopping: ending what is in hand";
            worker.until_logged(noticed, |_| true).await;
        }
        let status = worker.ended(Duration::from_secs(20)).await;
        assert_eq!(
            status.code(),
            Some(5),
            "{stop_seconds} s, {signals} signals"
        );
        stage.plane.until_kept(1).await;
    }
    assert!(stage.plane.receipts().await.is_empty());
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_message_that_comes_while_the_worker_stops_is_given_back_at_once() {
    let stage = Stage::set_up().await;
    // A poll that lasts until the message is there.
    let config = config(&stage, 300).replace("wait_seconds = 1\n", "wait_seconds = 20\n");
    let mut worker = Worker::start(&config).await;
    worker.signal("TERM");
    let stopping = "the worker is stopping";
    eventually("the worker to know", || async {
        (worker.readiness().await["waiting_for"]["running"] == stopping).then_some(())
    })
    .await;
    stage.plane.put(KEY, people::csv(0..10)).await;

    let status = worker.ended(Duration::from_secs(25)).await;
    assert_eq!(status.code(), Some(0));
    // Hidden for 300 s, had it not been given back.
    let again = stage.plane.receive_count_of_the_next().await;
    assert_eq!(again, 2, "the worker had it, and once only");
    assert_eq!(stage.received(), (0, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_crash_resends_the_same_bytes() {
    let stage = Stage::set_up().await;
    let config = config(&stage, 8);
    let mut worker = Worker::start(&config).await;
    in_mid_file(&stage).await;

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
    assert!(dataset.duplicates <= 2_000, "two requests were in flight");
    assert_eq!(dataset.changed_duplicates, 0);
    assert_eq!(receipt.attempts.unwrap().total, 2);
    for person in [0, 999, ROWS - 1] {
        assert!(stage.arrivals(person) >= 1, "person {person}");
    }
}
