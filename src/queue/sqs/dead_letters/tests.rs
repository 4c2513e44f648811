#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::queue::sqs::stand_in::{Answer, Call, StandIn};

const ASIDE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/aside";
const POLICY: &str =
    r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:aside","maxReceiveCount":9}"#;

fn letter() -> DeadLetter {
    DeadLetter {
        reason: "no_progress".into(),
        detail: "nothing was accepted in 8 attempts".to_owned(),
        object: Some("s3://bucket/list.csv".to_owned()),
        route: Some("store-buyers".to_owned()),
    }
}

/// As AWS answers where all is well.
fn in_order(call: &Call) -> Answer {
    match call.action.as_str() {
        "GetQueueAttributes" => Answer::Done(json!({"Attributes": {"RedrivePolicy": POLICY}})),
        "GetQueueUrl" => Answer::Done(json!({"QueueUrl": ASIDE})),
        "SendMessage" => Answer::Done(json!({"MessageId": "m", "MD5OfMessageBody": "x"})),
        other => panic!("{other} was not due"),
    }
}

fn attributes(input: &Value) -> Vec<&str> {
    let attributes = input.get("MessageAttributes").and_then(Value::as_object);
    let names = attributes.into_iter().flat_map(|all| all.keys());
    names.map(String::as_str).collect()
}

#[tokio::test]
async fn the_queue_is_asked_once_where_messages_are_put_aside() {
    let stand_in = StandIn::start(in_order).await;
    let queue = stand_in.queue_without_retries();
    for _ in 0..3 {
        let sent = queue.put_aside("body", &letter()).await.unwrap();
        assert_eq!(sent, DeadLettered::Sent);
    }
    assert_eq!(stand_in.inputs("GetQueueAttributes").len(), 1);
    let asked = stand_in.inputs("GetQueueUrl");
    assert_eq!(
        asked,
        [json!({"QueueName": "aside", "QueueOwnerAWSAccountId": "123456789012"})]
    );
    let sent = stand_in.inputs("SendMessage");
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0]["QueueUrl"], ASIDE);
    assert_eq!(sent[0]["MessageBody"], "body");
    let reason = &sent[0]["MessageAttributes"]["activator.reason"];
    assert_eq!(reason["StringValue"], "no_progress");
    assert_eq!(reason["DataType"], "String");
    assert_eq!(attributes(&sent[0]).len(), 5);
}

#[tokio::test]
async fn what_could_not_be_learned_is_asked_again_the_next_time() {
    let calls = AtomicUsize::new(0);
    let stand_in = StandIn::start(move |call| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::refused(403, "AccessDeniedException"),
        1 => in_order(call),
        2 => Answer::refused(500, "InternalFailure"),
        _ => in_order(call),
    })
    .await;
    let queue = stand_in.queue_without_retries();
    let error = queue.put_aside("body", &letter()).await.unwrap_err();
    assert!(
        error.to_string().contains("sqs:GetQueueAttributes"),
        "{error}"
    );
    assert!(queue.put_aside("body", &letter()).await.is_err());
    assert!(stand_in.inputs("SendMessage").is_empty());
    let sent = queue.put_aside("body", &letter()).await.unwrap();
    assert_eq!(sent, DeadLettered::Sent);
}

#[tokio::test]
async fn a_dead_letter_queue_that_is_gone_is_looked_for_anew() {
    let sends = AtomicUsize::new(0);
    let stand_in = StandIn::start(move |call| {
        let is_second = call.action == "SendMessage" && sends.fetch_add(1, Ordering::Relaxed) == 1;
        match is_second {
            true => Answer::refused(400, "com.amazonaws.sqs#QueueDoesNotExist"),
            false => in_order(call),
        }
    })
    .await;
    let queue = stand_in.queue_without_retries();
    queue.put_aside("body", &letter()).await.unwrap();
    let error = queue.put_aside("body", &letter()).await.unwrap_err();
    assert!(error.to_string().contains(ASIDE), "{error}");
    queue.put_aside("body", &letter()).await.unwrap();
    assert_eq!(stand_in.inputs("GetQueueUrl").len(), 2);
}

#[tokio::test]
async fn what_is_too_long_with_its_reason_goes_without_the_end_of_it() {
    let stand_in = StandIn::start(in_order).await;
    let queue = stand_in.queue_without_retries();
    for (length, left) in [
        (MOST_BYTES - 300, 5),
        (MOST_BYTES - 160, 4),
        (MOST_BYTES - 40, 1),
        (MOST_BYTES, 0),
    ] {
        let sent = queue.put_aside(&"x".repeat(length), &letter()).await;
        assert_eq!(sent.unwrap(), DeadLettered::Sent);
        let sent = stand_in.inputs("SendMessage").pop().unwrap();
        let names = attributes(&sent);
        assert_eq!(names.len(), left, "{length}: {names:?}");
        assert!(left == 0 || names.contains(&"activator.reason"));
    }
}

#[tokio::test]
async fn a_queue_with_a_limit_of_its_own_gets_as_much_of_the_reason_as_it_takes() {
    let stand_in = StandIn::start(|call| {
        let names = attributes(&call.input);
        if names.contains(&"activator.object") {
            Answer::refused(400, "InvalidParameterValue")
        } else {
            in_order(call)
        }
    })
    .await;
    let queue = stand_in.queue_without_retries();
    let sent = queue.put_aside("body", &letter()).await.unwrap();
    assert_eq!(sent, DeadLettered::Sent);
    let last = stand_in.inputs("SendMessage").pop().unwrap();
    assert_eq!(attributes(&last).len(), 3);
}

#[tokio::test]
async fn what_is_refused_even_without_a_reason_is_an_error() {
    let stand_in = StandIn::start(|call| match call.action.as_str() {
        "SendMessage" => Answer::refused(400, "InvalidParameterValue"),
        _ => in_order(call),
    })
    .await;
    let queue = stand_in.queue_without_retries();
    let error = queue.put_aside("body", &letter()).await.unwrap_err();
    assert!(matches!(error, QueueError::Setup(_)), "{error}");
    assert_eq!(stand_in.inputs("SendMessage").len(), 6);
}
