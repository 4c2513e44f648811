//! The receive loop: takes a message only when there is room to work on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::message;
use super::parts::Parts;
use crate::admin::Latch;
use crate::backoff::Backoff;
use crate::queue::{Message, QueueError};

/// SQS gives no more than this at once.
const MOST_MESSAGES: usize = 10;

/// For the queue, when it cannot be reached or used.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    most: Duration::from_secs(30),
};

/// The service: receives, works, and stops when told to.
#[derive(Debug)]
pub struct Worker {
    parts: Arc<Parts>,
    stop: CancellationToken,
}

impl Worker {
    /// Cancelling `stop` ends the service cleanly: no new work, requests that are
    /// out are waited for, messages are given back.
    pub fn new(parts: Arc<Parts>, stop: CancellationToken) -> Worker {
        Worker { parts, stop }
    }

    /// Runs until `stop`, and then no longer than the configured limit. True when
    /// everything in hand was ended or given back in time.
    pub async fn run(self) -> bool {
        let slots = Arc::new(Semaphore::new(self.parts.config.worker.objects));
        let mut jobs = JoinSet::new();
        let mut failures = 0;
        while let Some(free) = self.free_slots(&slots).await {
            self.parts.health.turned();
            match self
                .parts
                .queue
                .receive(free.len(), self.parts.config.queue.wait)
                .await
            {
                Ok(messages) => {
                    failures = 0;
                    self.parts.health.set(Latch::Queue, Ok(()));
                    self.start(messages, free, &mut jobs);
                }
                Err(error) => {
                    failures += 1;
                    drop(free);
                    self.failed(&error, failures).await;
                }
            }
            while jobs.try_join_next().is_some() {}
        }
        self.drain(jobs).await
    }

    /// Waits for the first free slot and takes all that are free then; `None` once
    /// the service is to stop.
    async fn free_slots(&self, slots: &Arc<Semaphore>) -> Option<Vec<OwnedSemaphorePermit>> {
        loop {
            let first = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                slot = slots.clone().acquire_owned() => slot.ok()?,
                // A long job is no standstill.
                () = tokio::time::sleep(Duration::from_secs(20)) => {
                    self.parts.health.turned();
                    continue;
                }
            };
            let mut free = vec![first];
            while free.len() < MOST_MESSAGES
                && let Ok(slot) = slots.clone().try_acquire_owned()
            {
                free.push(slot);
            }
            return Some(free);
        }
    }

    fn start(
        &self,
        messages: Vec<Message>,
        free: Vec<OwnedSemaphorePermit>,
        jobs: &mut JoinSet<()>,
    ) {
        let received_at = Instant::now();
        for (message, slot) in messages.into_iter().zip(free) {
            let parts = self.parts.clone();
            let stop = self.stop.clone();
            jobs.spawn(async move {
                message::handle(&parts, message, received_at, &stop).await;
                drop(slot);
            });
        }
    }

    async fn failed(&self, error: &QueueError, failures: usize) {
        self.parts.metrics.queue_errors.inc();
        self.parts.health.set(Latch::Queue, Err(error.to_string()));
        let wait = BACKOFF.wait(failures);
        match error {
            QueueError::Setup(_) => {
                error!(error = %error, "cannot use the queue; trying again until somebody mends it");
            }
            QueueError::Transient(_) | QueueError::HandleExpired => {
                warn!(error = %error, "cannot receive from the queue; trying again");
            }
        }
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    async fn drain(&self, mut jobs: JoinSet<()>) -> bool {
        self.parts
            .health
            .set(Latch::Running, Err("the worker is stopping".to_owned()));
        info!(messages = jobs.len(), "stopping: ending what is in hand");
        let limit = self.parts.config.worker.stop;
        let ended = timeout(limit, async { while jobs.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            warn!(
                messages = jobs.len(),
                limit_s = limit.as_secs(),
                "the limit for stopping is over; what is left comes back after its visibility timeout"
            );
        }
        ended.is_ok()
    }
}
