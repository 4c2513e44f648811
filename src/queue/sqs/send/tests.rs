#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::queue::sqs::stand_in::{Answer, Call, StandIn};

#[test]
fn a_call_holds_ten_messages_or_a_mebibyte() {
    let small = vec!["x".to_owned(); 25];
    assert_eq!(one_call(&small), 10);
    let large = vec!["x".repeat(MOST_BYTES / 3); 10];
    assert_eq!(one_call(&large), 3);
    let huge = vec!["x".repeat(MOST_BYTES + 1); 2];
    assert_eq!(one_call(&huge), 1);
}

fn entries(input: &Value) -> Vec<(&str, &str)> {
    let entries = input["Entries"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap();
            (text("Id"), text("MessageBody"))
        })
        .collect()
}

/// SQS takes all of them but the one with this body, which fails by this code.
fn all_but(call: &Call, body: &str, code: &str, sender_fault: bool) -> Answer {
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for (id, text) in entries(&call.input) {
        if text == body {
            failed.push(json!({"Id": id, "Code": code, "SenderFault": sender_fault}));
        } else {
            taken.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "x"}));
        }
    }
    Answer::Done(json!({"Successful": taken, "Failed": failed}))
}

fn bodies(of: &[&str]) -> Vec<String> {
    of.iter().map(|&body| body.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_taken_is_sent_again() {
    let calls = AtomicUsize::new(0);
    let stand_in = StandIn::start(move |call| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => all_but(call, "b", "InternalError", false),
        1 => all_but(call, "b", "RequestThrottled", true),
        // Of which nothing is said.
        2 => Answer::Done(json!({"Successful": [], "Failed": []})),
        _ => all_but(call, "", "", false),
    })
    .await;
    let queue = stand_in.queue_without_retries();
    queue.send_all(bodies(&["a", "b", "c"])).await.unwrap();
    let sent = stand_in.inputs("SendMessageBatch");
    assert_eq!(entries(&sent[0]).len(), 3);
    for again in &sent[1..] {
        assert_eq!(entries(again), [("1", "b")]);
    }
    assert_eq!(sent.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_taken_is_told_in_the_end() {
    let stand_in = StandIn::start(|call| all_but(call, "b", "InternalError", false)).await;
    let queue = stand_in.queue_without_retries();
    let error = queue.send_all(bodies(&["a", "b"])).await.unwrap_err();
    assert!(matches!(error, QueueError::Transient(_)), "{error}");
    assert!(error.to_string().contains("did not take 1 of"), "{error}");
    assert_eq!(stand_in.inputs("SendMessageBatch").len(), ATTEMPTS);
}

#[tokio::test]
async fn what_would_be_refused_again_is_told_at_once() {
    for (code, told) in [
        ("InvalidMessageContents", "(InvalidMessageContents)"),
        ("jane@example.com", "(no plain code)"),
    ] {
        let stand_in = StandIn::start(move |call| all_but(call, "b", code, true)).await;
        let queue = stand_in.queue_without_retries();
        let error = queue.send_all(bodies(&["a", "b"])).await.unwrap_err();
        assert!(matches!(error, QueueError::Setup(_)), "{error}");
        assert!(error.to_string().ends_with(told), "{error}");
        assert_eq!(stand_in.inputs("SendMessageBatch").len(), 1);
    }
}
