//! Messages that name no object to work on.

use serde_json::json;

use super::people;
use super::stage::Stage;
use super::worker::Worker;

const NOT_UNDERSTOOD: [(&str, &str); 3] = [
    ("hello", "not JSON"),
    (
        "{\"order\": 7}",
        "neither an EventBridge event nor an S3 notification",
    ),
    (
        "{\"source\": \"aws.s3\", \"detail-type\": \"Object Created\"}",
        "lacks \"detail\"",
    ),
];

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn what_is_not_understood_is_put_aside_with_its_reason() {
    let stage = Stage::set_up().await;
    let short = "[queue]\nvisibility_seconds = 3\n";
    let config = stage.people_config().replace("[queue]\n", short);
    let worker = Worker::start(&config).await;
    for (message, _) in NOT_UNDERSTOOD {
        stage.plane.send(message).await;
    }
    stage.plane.put("meta/people/1", people::csv(0..5)).await;

    stage.plane.receipt("meta/people/1").await;
    for (_, reason) in NOT_UNDERSTOOD {
        let told = |line: &serde_json::Value| line["reason"].as_str().unwrap().contains(reason);
        worker.until_logged("message not understood", told).await;
    }
    stage.plane.until_empty().await;
    let mut letters = stage.plane.dead_letters(NOT_UNDERSTOOD.len()).await;
    letters.sort();
    let mut expected =
        NOT_UNDERSTOOD.map(|(message, _)| (message.to_owned(), "not_understood".to_owned()));
    expected.sort();
    assert_eq!(letters, expected);
    assert_eq!(stage.received(), (5, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn noise_is_deleted_and_counted() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    let event = |detail_type: &str, bucket: &str, key: &str| {
        json!({
            "version": "0",
            "source": "aws.s3",
            "detail-type": detail_type,
            "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
        })
        .to_string()
    };
    let (audience, state) = (&stage.plane.audience_bucket, &stage.plane.state_bucket);
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": audience});
    for message in [
        test.to_string(),
        event("Object Deleted", audience, "meta/people/1"),
        event("Object Tags Added", audience, "meta/people/1"),
        event("Object Created", audience, "elsewhere/1"),
        event("Object Created", state, "receipts/people/1.json"),
    ] {
        stage.plane.send(&message).await;
    }
    for kind in [
        "test_event",
        "object_removed",
        "other_event_type",
        "unrouted",
        "own_state",
    ] {
        let metric = format!("worker_noise_messages_total{{kind=\"{kind}\"}}");
        worker.until_metric(&metric, 1.0).await;
    }
    stage.plane.until_empty().await;
    let dropped = "no route takes this object; its event is dropped";
    let line = worker.until_logged(dropped, |_| true).await;
    assert_eq!(line["object"], format!("s3://{audience}/elsewhere/1"));
    assert_eq!(stage.uploads(), 0);
}
