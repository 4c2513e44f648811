//! What every queue does, of SQS and of the one in memory alike.
//!
//! Not here, because LocalStack differs from AWS: handles after their expiry
//! (LocalStack accepts them). The queue in memory does as AWS, in tests of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

use std::sync::Arc;
use std::time::Duration;

use audience_activator::queue::{
    InProcessQueue, Message, Queue, QueueError, ReceiptHandle, SqsQueue, sqs,
};
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

/// Short, because LocalStack's clock is the real one; and it is up to a second late.
const VISIBILITY: Duration = Duration::from_secs(3);
const SLACK: Duration = Duration::from_millis(1_500);

type Sender = Box<dyn Fn(&str) -> BoxFuture<'static, ()>>;

/// A queue, empty at first, and the other end of it.
struct Stand {
    queue: Arc<dyn Queue>,
    send: Sender,
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

fn in_process() -> Stand {
    let queue = Arc::new(InProcessQueue::new(VISIBILITY));
    let sender = Arc::clone(&queue);
    Stand {
        queue,
        send: Box::new(move |body| {
            sender.send(body);
            Box::pin(std::future::ready(()))
        }),
    }
}

async fn sqs_on_localstack(test: &str) -> Stand {
    let aws = localstack::aws();
    let client = sqs::client(&aws, "");
    let created = client
        .create_queue()
        .queue_name(localstack::fresh_name(test))
        .send()
        .await
        .unwrap();
    let url = created.queue_url.unwrap();
    Stand {
        queue: Arc::new(SqsQueue::new(client.clone(), &url, VISIBILITY)),
        send: Box::new(move |body| {
            let request = client.send_message().queue_url(&url).message_body(body);
            Box::pin(async move {
                request.send().await.unwrap();
            })
        }),
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

macro_rules! every_queue {
    ($($test:ident,)*) => {
        mod in_process {
            $(
                #[tokio::test(start_paused = true)]
                async fn $test() {
                    super::$test(super::in_process()).await;
                }
            )*
        }

        mod sqs_on_localstack {
            $(
                #[tokio::test]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::$test(super::sqs_on_localstack(stringify!($test)).await).await;
                }
            )*
        }
    };
}

every_queue! {
    a_message_comes_as_it_was_sent,
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
