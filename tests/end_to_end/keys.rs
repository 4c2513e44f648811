//! Objects are found under their keys, whatever is in these and whoever announces them.

use super::announcements::{notification, through_sns};
use super::people;
use super::stage::Stage;
use super::worker::Worker;

const NAMES: [&str; 9] = [
    "plain.csv",
    "run=2026-11-23/part=0 of 1",
    "a+b.csv",
    "100%.csv",
    "%41.csv",
    "%2B%20 +.csv",
    "größe/übung.csv",
    "комната & 'co' (1)?.csv",
    "deep//empty/./folder",
];

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn keys_of_every_kind_arrive_by_eventbridge() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    let keys = NAMES.map(|name| format!("meta/people/{name}"));
    for (person, key) in (0..).zip(&keys) {
        stage.plane.put(key, people::csv(person..person + 1)).await;
    }
    all_arrived(&stage, &keys).await;

    // Announced once more by the bucket's own notification, in its own writing.
    stage.plane.send(&notification(&stage, &keys)).await;
    let already = "worker_objects_total{status=\"already_delivered\"}";
    worker.until_metric(already, NAMES.len() as f64).await;
    stage.plane.until_empty().await;
    assert_eq!(stage.received(), (NAMES.len() as u64, 0));
    // No key was found only after it had been decoded once too often.
    let decoded = worker.metric("worker_object_keys_decoded_total").await;
    assert_eq!(decoded, Some(0.0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn keys_of_every_kind_arrive_by_notifications_also_through_sns() {
    let stage = Stage::set_up().await;
    let config = stage.config(&[stage.unannounced_conversions("people")]);
    let _worker = Worker::start(&config).await;
    let keys = NAMES.map(|name| format!("people/{name}"));
    for (person, key) in (0..).zip(&keys) {
        stage.plane.put(key, people::csv(person..person + 1)).await;
    }
    let (by_sns, direct) = keys.split_at(4);
    let wrapped = through_sns(&notification(&stage, by_sns));
    stage.plane.send(&wrapped).await;
    stage.plane.send(&notification(&stage, direct)).await;
    all_arrived(&stage, &keys).await;
}

/// Each object with its one person, once.
async fn all_arrived(stage: &Stage, keys: &[String]) {
    for (person, key) in (0..).zip(keys) {
        let receipt = stage.plane.receipt(key).await;
        assert_eq!(receipt.sent.accepted, 1, "{key}");
        assert_eq!(stage.arrivals(person), 1, "{key}");
    }
    stage.plane.until_empty().await;
    assert_eq!(stage.plane.receipts().await.len(), keys.len());
}
