//! Objects are found under their keys, whatever is in these and whoever announces them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::people;
use super::stage::Stage;

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
    let _worker = super::worker::Worker::start(&config).await;
    let keys = NAMES.map(|name| format!("people/{name}"));
    for (person, key) in (0..).zip(&keys) {
        stage.plane.put(key, people::csv(person..person + 1)).await;
    }
    let (by_sns, direct) = keys.split_at(4);
    let wrapped = json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:audiences",
        "Subject": "Amazon S3 Notification",
        "Message": notification(&stage, by_sns),
        "Timestamp": "2026-11-23T00:54:06.655Z",
    });
    stage.plane.send(&wrapped.to_string()).await;
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

/// S3's own message: one record for each object, keys as a form would encode them.
fn notification(stage: &Stage, keys: &[String]) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'*');
    let record = |key: &String| -> Value {
        let encoded = utf8_percent_encode(key, ENCODED).to_string();
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": "2026-11-23T16:58:42.288Z",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": stage.plane.audience_bucket},
                "object": {"key": encoded.replace("%20", "+"), "sequencer": "0055AED6DCD90281E5"},
            },
        })
    };
    json!({"Records": keys.iter().map(record).collect::<Vec<_>>()}).to_string()
}
