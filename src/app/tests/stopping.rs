//! A stop that comes at an awkward moment.

#![allow(clippy::panic)]

use std::time::Duration;

use futures_util::stream::BoxStream;
use tokio::sync::Notify;

use super::*;
use crate::ledger::{Entry, Found, Ledger, LedgerError, Put, State, Tag};
use crate::queue::{DeadLetter, DeadLettered, Message, QueueError, QueueFacts, ReceiptHandle};
use crate::receipts::Code;

/// Never answers a poll.
struct Silent(Arc<dyn Queue>);

impl Queue for Silent {
    fn receive(&self, _: usize, _: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        future::pending().boxed()
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        self.0.delete(handle)
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.0.set_visibility(handle, timeout)
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        self.0.send_to_dead_letters(message, letter)
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        self.0.facts()
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_never_answered_does_not_outlast_the_limit_of_a_stop() {
    let stage = Stage::with(|places| Places {
        queue: Arc::new(Silent(places.queue)),
        ..places
    })
    .await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(Arc::new(stage.parts), stop.clone()).run());
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.cancel();
    let asked = Instant::now();
    assert!(
        !worker.await.unwrap(),
        "messages may have come that nobody gave back"
    );
    assert_eq!(asked.elapsed().as_secs(), 30);
}

/// Does a claim, and says so only when it is told to.
struct SlowToAnswer {
    ledger: Arc<dyn Ledger>,
    claimed: Arc<Notify>,
    answers: Arc<Notify>,
}

impl Ledger for SlowToAnswer {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        self.ledger.get(object, route)
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        Box::pin(async move {
            let put = self.ledger.put(entry, expected).await;
            if expected.is_none() {
                self.claimed.notify_one();
                self.answers.notified().await;
            }
            put
        })
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.ledger.put_segment(entry, name, bytes)
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        self.ledger.get_segment(entry, name)
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.ledger.remove_segments(entry, names)
    }

    fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        self.ledger.list(bucket, route)
    }
}

#[tokio::test]
async fn an_object_that_is_being_claimed_when_the_stop_comes_is_given_back_at_once() {
    let (claimed, answers) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let stage = Stage::with(|places| Places {
        ledger: Arc::new(SlowToAnswer {
            ledger: places.ledger,
            claimed: claimed.clone(),
            answers: answers.clone(),
        }),
        ..places
    })
    .await;
    let object = stage.put("good/people.csv", PEOPLE);
    let event = stage.event(&object, None).await;
    let stop = CancellationToken::new();
    let stops = async {
        claimed.notified().await;
        stop.cancel();
        tokio::time::sleep(Duration::from_millis(50)).await;
        answers.notify_one();
    };
    let (deleted, ()) = tokio::join!(stage.handle(event, &stop), stops);
    assert!(!deleted);
    assert_eq!(stage.received(), 0, "no request begins after the stop");
    let version = stage.version(&object).await;
    let entry = stage.parts.ledger.get(&version, "good").await;
    let entry = entry.unwrap().unwrap().entry;
    let reason = Code::new("halted");
    assert_eq!(entry.state, State::Waiting { reason });
    assert_eq!(entry.attempts.without_progress, 0, "it is not the object's");
    let again = stage.queue.receive(1, Duration::ZERO).await.unwrap();
    assert_eq!(again.len(), 1, "nobody has to wait for it");
    let stop = CancellationToken::new();
    for message in again {
        message::handle(&stage.parts, message, Instant::now(), &stop).await;
    }
    assert!(stage.queue.is_empty());
    assert_eq!(stage.received(), 3);
}

/// Never stores anything.
struct Hangs;

impl ReceiptStore for Hangs {
    fn put<'a>(&'a self, _: &'a Receipt) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        future::pending().boxed()
    }

    fn put_rejects<'a>(
        &'a self,
        _: &'a Receipt,
        _: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        future::pending().boxed()
    }

    fn get<'a>(
        &'a self,
        _: &'a ObjectVersion,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        async { Ok(None) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_stop_counts_from_the_signal() {
    let stage = Stage::with(|places| Places {
        receipts: Arc::new(Hangs),
        ..places
    })
    .await;
    let object = stage.put("good/empty.csv", "email\n");
    stage.queue.send(stage.event(&object, None).await);
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(Arc::new(stage.parts), stop.clone()).run());
    // One message in hand, and the next poll under way for fifteen seconds more.
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.cancel();
    let asked = Instant::now();
    assert!(!worker.await.unwrap(), "something was left");
    assert_eq!(asked.elapsed().as_secs(), 30);
}
