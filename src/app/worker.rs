//! The receive loop: takes a message only when there is room to work on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

use super::parts::Parts;
use super::task_protection::TaskProtection;
use super::{message, preflight, queue_facts};
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

/// How often a loop that waits says that it does.
const TICK: Duration = Duration::from_secs(20);

/// The service: receives, works, and stops when told to.
#[derive(Debug)]
pub struct Worker {
    parts: Arc<Parts>,
    stop: CancellationToken,
    protection: Option<TaskProtection>,
    /// How many messages are in hand.
    in_hand: Arc<watch::Sender<usize>>,
}

impl Worker {
    /// Cancelling `stop` ends the service cleanly: no new work, requests that are
    /// out are waited for, messages are given back.
    pub fn new(parts: Arc<Parts>, stop: CancellationToken) -> Worker {
        Worker {
            parts,
            stop,
            protection: None,
            in_hand: Arc::default(),
        }
    }

    /// On ECS the task is not taken away while a message is in hand.
    #[must_use]
    pub fn with_task_protection(mut self, protection: Option<TaskProtection>) -> Worker {
        self.protection = protection;
        self
    }

    /// Runs until `stop`, and then no longer than the configured limit. True when
    /// everything in hand was ended or given back in time.
    pub async fn run(self) -> bool {
        let slots = Arc::new(Semaphore::new(self.parts.config.worker.objects));
        let mut jobs = JoinSet::new();
        let mut failures = 0;
        let _beside = self.start_beside();
        // The limit counts from the signal, not from the end of the poll in flight.
        let (stop, health) = (self.stop.clone(), self.parts.health.clone());
        let stopped_at = tokio::spawn(async move {
            stop.cancelled().await;
            health.set(Latch::Running, Err("the worker is stopping".to_owned()));
            Instant::now()
        });
        // An empty queue answers the first poll at once, and the worker is ready.
        let mut wait = Duration::ZERO;
        let mut is_cut_off = false;
        while let Some(free) = self.free_slots(&slots).await {
            self.parts.health.turned();
            self.parts.forget_old_stops();
            let received = tokio::select! {
                biased;
                received = self.parts.queue.receive(free.len(), wait) => received,
                () = self.stop_is_over() => {
                    is_cut_off = true;
                    break;
                }
            };
            match received {
                Ok(messages) => {
                    failures = 0;
                    wait = self.parts.config.queue.wait;
                    self.parts.health.set(Latch::Queue, Ok(()));
                    self.start(messages, free, &mut jobs);
                }
                Err(error) => {
                    failures += 1;
                    wait = Duration::ZERO;
                    drop(free);
                    self.failed(&error, failures).await;
                }
            }
            while let Some(ended) = jobs.try_join_next() {
                note_panic(ended);
            }
        }
        let stopped_at = stopped_at.await.unwrap_or_else(|_| Instant::now());
        self.drain(jobs, stopped_at).await && !is_cut_off
    }

    /// Ends when a stop has taken as long as it may. A poll that takes longer is left: what it
    /// brings comes back after its visibility timeout.
    async fn stop_is_over(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(self.parts.config.worker.stop).await;
        warn!("the limit for stopping is over, and the queue has not answered the last poll");
    }

    /// What runs as long as the loop does, and ends with it.
    fn start_beside(&self) -> Vec<AbortOnDropHandle<()>> {
        let parts = self.parts.clone();
        let facts = tokio::spawn(async move { queue_facts::watch(&parts).await });
        let protection = self.protection.clone();
        let protection = protection.map(|it| tokio::spawn(it.follow(self.in_hand.subscribe())));
        let parts = self.parts.clone();
        let preflight = tokio::spawn(async move { preflight::watch(&parts).await });
        let beside = [facts, preflight].into_iter().chain(protection);
        beside.map(AbortOnDropHandle::new).collect()
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
                () = tokio::time::sleep(TICK) => {
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
            let in_hand = InHand::new(self.in_hand.clone());
            jobs.spawn(async move {
                message::handle(&parts, message, received_at, &stop).await;
                drop(in_hand);
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

    async fn drain(&self, mut jobs: JoinSet<()>, stopped_at: Instant) -> bool {
        info!(messages = jobs.len(), "stopping: ending what is in hand");
        let limit = self.parts.config.worker.stop;
        let over = sleep_until(stopped_at + limit);
        tokio::pin!(over);
        loop {
            self.parts.health.turned();
            tokio::select! {
                biased;
                ended = jobs.join_next() => match ended {
                    Some(ended) => note_panic(ended),
                    None => return true,
                },
                () = &mut over => break,
                () = tokio::time::sleep(TICK) => {}
            }
        }
        warn!(
            messages = jobs.len(),
            limit_s = limit.as_secs(),
            "the limit for stopping is over; what is left comes back after its visibility timeout"
        );
        false
    }
}

/// One message in hand, until it is dropped: also by a job that panics.
struct InHand(Arc<watch::Sender<usize>>);

impl InHand {
    fn new(count: Arc<watch::Sender<usize>>) -> InHand {
        count.send_modify(|count| *count += 1);
        InHand(count)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A job never fails but by a fault of the program. Its message comes back after its
/// visibility timeout.
fn note_panic(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        error!("the work on a message failed by a fault of the program; the message comes back");
    }
}
