//! The queue in memory, watched, and able to lose a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audience_activator::queue::{
    DeadLetter, DeadLettered, InProcessQueue, Message, Queue, QueueError, QueueFacts, ReceiptHandle,
};
use futures_util::future::BoxFuture;

use super::crash::{Crash, Point};
use super::journal::{Journal, Step};

pub struct WatchedQueue {
    inner: InProcessQueue,
    journal: Arc<Journal>,
    crash: Arc<Crash>,
    loses: AtomicBool,
}

impl WatchedQueue {
    pub(super) fn new(
        visibility: Duration,
        journal: Arc<Journal>,
        crash: Arc<Crash>,
    ) -> WatchedQueue {
        WatchedQueue {
            inner: InProcessQueue::new(visibility),
            journal,
            crash,
            loses: AtomicBool::new(false),
        }
    }

    pub fn send(&self, body: String) {
        self.inner.send(body);
    }

    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// What was put aside, with the reason.
    pub fn dead_letters(&self) -> Vec<(String, DeadLetter)> {
        self.inner.dead_letters()
    }

    /// From now on every message that is in hand counts as somebody else's.
    pub fn lose(&self) {
        self.loses.store(true, Ordering::Relaxed);
    }
}

impl Queue for WatchedQueue {
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        Box::pin(async move {
            let messages = self.inner.receive(most, wait).await?;
            for _ in &messages {
                self.journal.add(Step::Received);
            }
            Ok(messages)
        })
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            self.crash.before(Point::Deleted).await;
            self.journal.add(Step::Deleted);
            self.inner.delete(handle).await?;
            self.crash.after(Point::Deleted).await;
            Ok(())
        })
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        if self.loses.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err(QueueError::HandleExpired)));
        }
        self.journal.add(Step::HiddenFor(timeout));
        self.inner.set_visibility(handle, timeout)
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        Box::pin(async move {
            self.crash.before(Point::PutAside).await;
            let put_aside = self.inner.send_to_dead_letters(message, letter).await?;
            self.crash.after(Point::PutAside).await;
            Ok(put_aside)
        })
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        self.inner.facts()
    }
}
