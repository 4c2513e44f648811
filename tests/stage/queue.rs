//! The queue in memory, watched, and able to lose a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audience_activator::queue::{InProcessQueue, Message, Queue, QueueError, ReceiptHandle};
use futures_util::future::BoxFuture;

use super::journal::{Journal, Step};

pub struct WatchedQueue {
    inner: InProcessQueue,
    journal: Arc<Journal>,
    loses: AtomicBool,
}

impl WatchedQueue {
    pub(super) fn new(visibility: Duration, journal: Arc<Journal>) -> WatchedQueue {
        WatchedQueue {
            inner: InProcessQueue::new(visibility),
            journal,
            loses: AtomicBool::new(false),
        }
    }

    pub fn send(&self, body: String) {
        self.inner.send(body);
    }

    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
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
        self.journal.add(Step::Deleted);
        self.inner.delete(handle)
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
}
