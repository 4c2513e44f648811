//! What every queue does, of SQS and of the one in memory alike.
//!
//! Not here, because LocalStack differs from AWS: handles after their expiry
//! (LocalStack accepts them). The queue in memory does as AWS, in tests of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

use std::sync::Arc;
use std::time::Duration;

use audience_activator::queue::{
    DeadLetter, DeadLettered, InProcessQueue, Message, Queue, QueueError, QueueFacts,
    ReceiptHandle, SqsQueue, sqs,
};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use futures_util::future::BoxFuture;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

/// Short, because LocalStack's clock is the real one; and it is up to a second late.
const VISIBILITY: Duration = Duration::from_secs(3);
const SLACK: Duration = Duration::from_millis(1_500);
/// As the queues are made, and other than SQS's defaults.
const RETENTION: Duration = Duration::from_secs(14 * 24 * 3_600);
const MAX_RECEIVE_COUNT: u32 = 1_000;

type Sender = Box<dyn Fn(&str) -> BoxFuture<'static, ()>>;
/// The bodies of what was put aside, each with the names of what is said about it.
type Aside = Box<dyn Fn() -> BoxFuture<'static, Vec<(String, Vec<String>)>>>;

/// A queue, empty at first, and the other ends of it.
struct Stand {
    queue: Arc<dyn Queue>,
    send: Sender,
    aside: Aside,
}

impl Stand {
    async fn one(&self) -> Message {
        let mut messages = self
            .queue
            .receive(1, Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(messages.len(), 1, "one message was due");
        messages.remove(0)
    }

    async fn none_for(&self, wait: Duration) {
        let messages = self.queue.receive(10, wait).await.unwrap();
        assert!(messages.is_empty(), "{messages:?} was not due");
    }
}

fn in_process(dead_letters: bool) -> Stand {
    let facts = QueueFacts {
        retention: Some(RETENTION),
        visibility: Some(VISIBILITY),
        max_receive_count: dead_letters.then_some(MAX_RECEIVE_COUNT),
        dead_letters,
    };
    let queue = Arc::new(InProcessQueue::with_facts(VISIBILITY, facts));
    let (sender, keeper) = (Arc::clone(&queue), Arc::clone(&queue));
    Stand {
        queue,
        send: Box::new(move |body| {
            sender.send(body);
            Box::pin(std::future::ready(()))
        }),
        aside: Box::new(move || {
            let letters = keeper.dead_letters().into_iter();
            let bodies = letters.map(|(body, letter)| (body, names(&letter)));
            Box::pin(std::future::ready(bodies.collect()))
        }),
    }
}

fn names(letter: &DeadLetter) -> Vec<String> {
    let mut all = vec![letter.reason.to_string(), letter.detail.clone()];
    all.extend(letter.object.clone());
    all.extend(letter.route.clone());
    all.sort();
    all
}

async fn created(
    client: &Client,
    name: String,
    attributes: &[(QueueAttributeName, String)],
) -> String {
    let mut request = client.create_queue().queue_name(name);
    for (name, value) in attributes {
        request = request.attributes(name.clone(), value);
    }
    request.send().await.unwrap().queue_url.unwrap()
}

async fn sqs_on_localstack(test: &str, dead_letters: bool) -> Stand {
    let aws = localstack::aws();
    let client = sqs::client(&aws, "");
    let name = localstack::fresh_name(test);
    let mut attributes = vec![
        (
            QueueAttributeName::MessageRetentionPeriod,
            RETENTION.as_secs().to_string(),
        ),
        (
            QueueAttributeName::VisibilityTimeout,
            VISIBILITY.as_secs().to_string(),
        ),
    ];
    let aside = created(&client, format!("{name}-d"), &[]).await;
    if dead_letters {
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}-d");
        let policy =
            format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"{MAX_RECEIVE_COUNT}"}}"#);
        attributes.push((QueueAttributeName::RedrivePolicy, policy));
    }
    let url = created(&client, name, &attributes).await;
    let keeper = client.clone();
    Stand {
        queue: Arc::new(SqsQueue::new(client.clone(), &url, VISIBILITY)),
        send: Box::new(move |body| {
            let request = client.send_message().queue_url(&url).message_body(body);
            Box::pin(async move {
                request.send().await.unwrap();
            })
        }),
        aside: Box::new(move || {
            let request = keeper
                .receive_message()
                .queue_url(&aside)
                .max_number_of_messages(10)
                .message_attribute_names("activator.*");
            Box::pin(async move {
                let messages = request.send().await.unwrap().messages.unwrap_or_default();
                messages.into_iter().map(put_aside).collect()
            })
        }),
    }
}

fn put_aside(message: aws_sdk_sqs::types::Message) -> (String, Vec<String>) {
    let mut attributes = message.message_attributes.unwrap_or_default();
    assert_eq!(
        attributes
            .remove("activator.worker_version")
            .and_then(text)
            .as_deref(),
        Some(env!("CARGO_PKG_VERSION"))
    );
    let mut texts: Vec<String> = attributes.into_values().filter_map(text).collect();
    texts.sort();
    (message.body.unwrap(), texts)
}

fn text(value: MessageAttributeValue) -> Option<String> {
    value.string_value
}

fn letter() -> DeadLetter {
    DeadLetter {
        reason: "no_progress".into(),
        detail: "nothing was accepted in 8 attempts".to_owned(),
        object: Some("s3://bucket/größe 100%.csv".to_owned()),
        route: Some("store-buyers".to_owned()),
    }
}

async fn a_message_comes_as_it_was_sent(stand: Stand) {
    let body = "{\"key\": \"größe 100% <&>\"}\n\tend";
    (stand.send)(body).await;
    let message = stand.one().await;
    assert_eq!(message.body, body);
    assert_eq!(message.receive_count, 1);
    assert!(!message.id.is_empty());
}

async fn a_message_says_when_it_was_sent_however_often_it_comes(stand: Stand) {
    let before = OffsetDateTime::now_utc() - SLACK;
    (stand.send)("hello").await;
    let sent_at = stand.one().await.sent_at.unwrap();
    assert!(
        sent_at >= before && sent_at <= OffsetDateTime::now_utc() + SLACK,
        "{sent_at}"
    );
    assert_eq!(stand.one().await.sent_at, Some(sent_at));
}

async fn what_is_put_aside_keeps_its_body_and_its_reason_and_leaves_the_message(stand: Stand) {
    (stand.send)("{\"key\": \"größe\"}").await;
    let message = stand.one().await;
    let sent = stand.queue.send_to_dead_letters(&message, &letter()).await;
    assert_eq!(sent.unwrap(), DeadLettered::Sent);
    assert_eq!(
        (stand.aside)().await,
        [(message.body.clone(), names(&letter()))]
    );
    // Ours as before: whoever put it aside deletes it.
    stand.none_for(Duration::ZERO).await;
    stand.queue.delete(&message.handle).await.unwrap();
}

async fn a_detail_of_any_length_is_no_error(stand: Stand) {
    (stand.send)("hello").await;
    let message = stand.one().await;
    let mut letter = letter();
    letter.detail = "ä".repeat(1 << 20);
    letter.object = Some("s3://bucket/\u{1}\u{ffff}".to_owned());
    let sent = stand.queue.send_to_dead_letters(&message, &letter).await;
    assert_eq!(sent.unwrap(), DeadLettered::Sent);
    assert_eq!((stand.aside)().await.len(), 1);
}

async fn the_queue_says_how_it_is_set_up(stand: Stand) {
    assert_eq!(
        stand.queue.facts().await.unwrap(),
        QueueFacts {
            retention: Some(RETENTION),
            visibility: Some(VISIBILITY),
            max_receive_count: Some(MAX_RECEIVE_COUNT),
            dead_letters: true,
        }
    );
}

async fn without_a_dead_letter_queue_nothing_is_put_aside_and_that_is_said(stand: Stand) {
    (stand.send)("hello").await;
    let message = stand.one().await;
    let sent = stand.queue.send_to_dead_letters(&message, &letter()).await;
    assert_eq!(sent.unwrap(), DeadLettered::NoDeadLetterQueue);
    assert!((stand.aside)().await.is_empty());
    let facts = stand.queue.facts().await.unwrap();
    assert!(!facts.dead_letters);
    assert_eq!(facts.max_receive_count, None);
}

async fn an_empty_queue_answers_with_nothing_when_the_wait_is_over(stand: Stand) {
    stand.none_for(Duration::ZERO).await;
    let began = Instant::now();
    stand.none_for(Duration::from_secs(1)).await;
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(900), "waited {waited:?}");
    assert!(waited <= Duration::from_secs(3), "waited {waited:?}");
}

async fn a_waiting_receive_gets_what_is_sent_meanwhile(stand: Stand) {
    let queue = Arc::clone(&stand.queue);
    let began = Instant::now();
    let receive = tokio::spawn(async move { queue.receive(10, Duration::from_secs(15)).await });
    sleep(Duration::from_millis(500)).await;
    (stand.send)("late").await;
    let messages = receive.await.unwrap().unwrap();
    assert_eq!(messages.len(), 1);
    assert!(began.elapsed() < Duration::from_secs(10));
}

async fn no_more_messages_come_than_were_asked_for(stand: Stand) {
    for number in 0..4 {
        (stand.send)(&number.to_string()).await;
    }
    let mut bodies = Vec::new();
    while bodies.len() < 4 {
        let messages = stand
            .queue
            .receive(2, Duration::from_secs(5))
            .await
            .unwrap();
        assert!((1..=2).contains(&messages.len()), "{} came", messages.len());
        for message in messages {
            // Or a slow machine sees it twice.
            stand.queue.delete(&message.handle).await.unwrap();
            bodies.push(message.body);
        }
    }
    bodies.sort();
    assert_eq!(bodies, ["0", "1", "2", "3"]);
}

async fn a_number_or_a_wait_beyond_the_limits_is_no_error(stand: Stand) {
    (stand.send)("hello").await;
    let messages = stand
        .queue
        .receive(1_000, Duration::from_secs(600))
        .await
        .unwrap();
    assert_eq!(messages.len(), 1);
    stand
        .queue
        .set_visibility(&messages[0].handle, Duration::ZERO)
        .await
        .unwrap();
    let messages = stand
        .queue
        .receive(0, Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(messages.len(), 1);
}

async fn a_received_message_is_hidden_and_then_comes_again_under_a_new_handle(stand: Stand) {
    (stand.send)("hello").await;
    let first = stand.one().await;
    stand.none_for(Duration::ZERO).await;
    let second = stand.one().await;
    assert_eq!(second.body, first.body);
    assert_eq!(second.receive_count, 2);
    assert_ne!(second.handle, first.handle);
}

async fn a_message_given_back_comes_at_once(stand: Stand) {
    (stand.send)("hello").await;
    let first = stand.one().await;
    let hour = Duration::from_secs(3_600);
    stand
        .queue
        .set_visibility(&first.handle, hour)
        .await
        .unwrap();
    stand
        .queue
        .set_visibility(&first.handle, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(stand.one().await.receive_count, 2);
}

async fn an_extended_message_stays_hidden_beyond_its_first_timeout(stand: Stand) {
    (stand.send)("hello").await;
    let message = stand.one().await;
    let longer = Duration::from_secs(60);
    stand
        .queue
        .set_visibility(&message.handle, longer)
        .await
        .unwrap();
    sleep(VISIBILITY + SLACK).await;
    stand.none_for(Duration::ZERO).await;
}

async fn a_deleted_message_never_comes_again(stand: Stand) {
    (stand.send)("hello").await;
    let message = stand.one().await;
    stand.queue.delete(&message.handle).await.unwrap();
    sleep(VISIBILITY + SLACK).await;
    stand.none_for(Duration::ZERO).await;
}

async fn deleting_twice_is_harmless(stand: Stand) {
    (stand.send)("hello").await;
    (stand.send)("other").await;
    let message = stand.one().await;
    stand.queue.delete(&message.handle).await.unwrap();
    stand.queue.delete(&message.handle).await.unwrap();
    assert_ne!(stand.one().await.body, message.body);
}

async fn a_handle_of_nowhere_is_an_expired_one(stand: Stand) {
    let nowhere = ReceiptHandle("nonsense".to_owned());
    assert!(matches!(
        stand.queue.set_visibility(&nowhere, VISIBILITY).await,
        Err(QueueError::HandleExpired)
    ));
    assert!(matches!(
        stand.queue.delete(&nowhere).await,
        Err(QueueError::HandleExpired)
    ));
}

/// Each test with a queue that has a dead-letter queue, or has none.
macro_rules! every_queue {
    ($($dead_letters:literal: $($test:ident),*;)*) => {
        mod in_process {
            $($(
                #[tokio::test(start_paused = true)]
                async fn $test() {
                    super::$test(super::in_process($dead_letters)).await;
                }
            )*)*
        }

        mod sqs_on_localstack {
            $($(
                #[tokio::test]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    let stand = super::sqs_on_localstack(stringify!($test), $dead_letters);
                    super::$test(stand.await).await;
                }
            )*)*
        }
    };
}

every_queue! {
    true:
    a_message_comes_as_it_was_sent,
    a_message_says_when_it_was_sent_however_often_it_comes,
    an_empty_queue_answers_with_nothing_when_the_wait_is_over,
    a_waiting_receive_gets_what_is_sent_meanwhile,
    no_more_messages_come_than_were_asked_for,
    a_number_or_a_wait_beyond_the_limits_is_no_error,
    a_received_message_is_hidden_and_then_comes_again_under_a_new_handle,
    a_message_given_back_comes_at_once,
    an_extended_message_stays_hidden_beyond_its_first_timeout,
    a_deleted_message_never_comes_again,
    deleting_twice_is_harmless,
    a_handle_of_nowhere_is_an_expired_one,
    what_is_put_aside_keeps_its_body_and_its_reason_and_leaves_the_message,
    a_detail_of_any_length_is_no_error,
    the_queue_says_how_it_is_set_up;
    false:
    without_a_dead_letter_queue_nothing_is_put_aside_and_that_is_said;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_queue_that_does_not_exist_is_told_by_its_url() {
    let aws = localstack::aws();
    let url = format!(
        "{}/queue/us-east-1/000000000000/no-such-queue",
        aws.endpoint_url().unwrap()
    );
    let queue = SqsQueue::new(sqs::client(&aws, &url), &url, VISIBILITY);
    let error = queue.receive(1, Duration::ZERO).await.unwrap_err();
    let QueueError::Setup(text) = &error else {
        panic!("{error} is no setup failure")
    };
    assert!(
        text.contains(&url) && text.contains("there is no such queue"),
        "{text}"
    );
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn what_the_configuration_names_goes_before_the_redrive_policy() {
    let client = sqs::client(&localstack::aws(), "");
    let name = localstack::fresh_name("configured");
    let url = created(&client, name.clone(), &[]).await;
    let aside = created(&client, format!("{name}-d"), &[]).await;
    let queue = SqsQueue::new(client.clone(), &url, VISIBILITY).with_dead_letters(&aside);
    assert!(queue.facts().await.unwrap().dead_letters);

    queue.send_all(vec!["hello".to_owned()]).await.unwrap();
    let message = queue
        .receive(1, Duration::from_secs(10))
        .await
        .unwrap()
        .remove(0);
    let sent = queue.send_to_dead_letters(&message, &letter()).await;
    assert_eq!(sent.unwrap(), DeadLettered::Sent);
    let found = client
        .receive_message()
        .queue_url(&aside)
        .send()
        .await
        .unwrap();
    assert_eq!(found.messages()[0].body(), Some("hello"));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn many_messages_are_sent_at_once() {
    let client = sqs::client(&localstack::aws(), "");
    let url = created(&client, localstack::fresh_name("many"), &[]).await;
    let queue = SqsQueue::new(client, &url, Duration::from_secs(60));
    let bodies: Vec<String> = (0..12).map(|number| format!("größe {number:02}")).collect();
    queue.send_all(bodies.clone()).await.unwrap();
    let mut found = Vec::new();
    while found.len() < bodies.len() {
        let messages = queue.receive(10, Duration::from_secs(5)).await.unwrap();
        assert!(!messages.is_empty(), "only {} came", found.len());
        found.extend(messages.into_iter().map(|message| message.body));
    }
    found.sort();
    assert_eq!(found, bodies);
}
