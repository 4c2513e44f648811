//! Keeps one message invisible while somebody works on it.
//!
//! The one idea: the worker must know that it lost the message *before* SQS gives it
//! to somebody else. So every time is counted from the moment a call was begun, a
//! margin is kept before the end, and whatever goes wrong ends in [`Heartbeat::lost`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{LONGEST_HOLD, Queue, QueueError, ReceiptHandle};

/// How a message is kept.
#[derive(Clone, Copy, Debug)]
pub struct HeartbeatOptions {
    /// For how long the receive hid the message, and each extension hides it again;
    /// at least a few seconds.
    pub visibility: Duration,
    /// When the receive returned.
    pub received_at: Instant,
    /// Work on the message ends at this time from its receive: SQS lets nobody hold
    /// one for more than twelve hours. What is left of them is for requests that are
    /// out to end, and for the message to be given back.
    pub wall: Duration,
    /// A call that takes longer is given up and tried again.
    pub call_timeout: Duration,
}

impl HeartbeatOptions {
    pub fn new(visibility: Duration, received_at: Instant) -> Self {
        HeartbeatOptions {
            visibility,
            received_at,
            wall: LONGEST_HOLD - Duration::from_secs(15 * 60),
            call_timeout: Duration::from_secs(5),
        }
    }
}

/// SQS tends to refuse the whole of the twelve hours.
const HOLD: Duration = LONGEST_HOLD.saturating_sub(Duration::from_secs(60));

/// Why a message is no longer ours to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// The queue says so: somebody else may have it already.
    HandleExpired,
    /// The queue could not be told in time.
    NotExtended,
    /// It was held nearly as long as a message may be. It is still hidden, for some
    /// minutes or until the heartbeat is stopped: end what is out, stop the heartbeat,
    /// then give the message back with a visibility of zero.
    Wall,
}

/// A running heartbeat. Dropping it ends it without waiting for a call in flight,
/// which may then hide the message for one more timeout: rather [`stop`](Self::stop).
#[derive(Debug)]
pub struct Heartbeat {
    task: JoinHandle<()>,
    stop: CancellationToken,
    lost: CancellationToken,
    reason: Arc<OnceLock<Lost>>,
}

impl Heartbeat {
    /// Extends the message's visibility every third of it, from now until it is
    /// stopped or lost. Needs a tokio runtime; logs into the caller's span.
    pub fn start(
        queue: Arc<dyn Queue>,
        handle: ReceiptHandle,
        options: HeartbeatOptions,
    ) -> Heartbeat {
        let stop = CancellationToken::new();
        let lost = CancellationToken::new();
        let reason = Arc::new(OnceLock::new());
        let wall = options.received_at + options.wall.min(HOLD);
        let keeper = Keeper::new(queue, handle, options, stop.clone());
        // Held by the task, so that also its panic counts as a loss.
        let guard = lost.clone().drop_guard();
        let told = Telling {
            lost: lost.clone(),
            reason: Arc::clone(&reason),
        };
        let task = tokio::spawn(
            async move {
                let kept = keeper.keep();
                tokio::pin!(kept);
                let ended = tokio::select! {
                    biased;
                    ended = &mut kept => ended,
                    () = sleep_until(wall) => {
                        told.lost_because(Lost::Wall);
                        kept.await
                    }
                };
                match ended {
                    Ended::Stopped => {
                        guard.disarm();
                    }
                    Ended::Lost(why) => told.lost_because(why),
                }
            }
            .instrument(tracing::Span::current()),
        );
        Heartbeat {
            task,
            stop,
            lost,
            reason,
        }
    }

    /// Cancelled when the message is lost, before it can be anybody else's: stop
    /// before the next request. Cancelling it does nothing to the heartbeat.
    pub fn lost(&self) -> CancellationToken {
        self.lost.child_token()
    }

    /// Why it was lost, once it is; nothing if the heartbeat itself broke.
    pub fn lost_because(&self) -> Option<Lost> {
        self.reason.get().copied()
    }

    /// Ends it, and waits for a call in flight (at most `call_timeout`), so that the
    /// message can be deleted or given back without being hidden again behind that.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // It fails if the task panicked, of which `lost` has told.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Telling {
    lost: CancellationToken,
    reason: Arc<OnceLock<Lost>>,
}

impl Telling {
    /// The first reason counts.
    fn lost_because(&self, why: Lost) {
        tracing::warn!(reason = ?why, "the message is lost to this worker; its object will be taken up again");
        let _ = self.reason.set(why);
        self.lost.cancel();
    }
}

enum Ended {
    Stopped,
    Lost(Lost),
}

/// From when to when the message is ours, as far as we may believe it.
#[derive(Clone, Copy)]
struct Term {
    begins: Instant,
    ends: Instant,
}

struct Keeper {
    queue: Arc<dyn Queue>,
    handle: ReceiptHandle,
    visibility: Duration,
    call_timeout: Duration,
    hold_ends: Instant,
    first: Term,
    stop: CancellationToken,
}

impl Keeper {
    fn new(
        queue: Arc<dyn Queue>,
        handle: ReceiptHandle,
        options: HeartbeatOptions,
        stop: CancellationToken,
    ) -> Keeper {
        let hold_ends = options.received_at + HOLD;
        let visibility = options.visibility.min(LONGEST_HOLD);
        Keeper {
            queue,
            handle,
            visibility,
            call_timeout: options.call_timeout,
            hold_ends,
            first: Term {
                begins: options.received_at,
                ends: (options.received_at + visibility).min(hold_ends),
            },
            stop,
        }
    }

    async fn keep(&self) -> Ended {
        let mut term = self.first;
        let mut beat = 0_u32;
        loop {
            let third = (term.ends - term.begins) / 3;
            if self
                .pause_until(term.begins + self.jittered(third, beat))
                .await
                .is_break()
            {
                return Ended::Stopped;
            }
            match self.extend(term, &mut beat).await {
                ControlFlow::Continue(next) => term = next,
                ControlFlow::Break(ended) => return ended,
            }
        }
    }

    /// One extension, tried until it succeeds or the present term is nearly over.
    async fn extend(&self, term: Term, beat: &mut u32) -> ControlFlow<Ended, Term> {
        let give_up = self.give_up(term);
        loop {
            *beat = beat.wrapping_add(1);
            // Whole seconds are all that a new term could be longer by.
            if self.hold_ends <= term.ends + Duration::from_secs(1) {
                self.pause_until(give_up)
                    .await
                    .map_break(|()| Ended::Stopped)?;
                return ControlFlow::Break(Ended::Lost(Lost::Wall));
            }
            let now = Instant::now();
            let asked = whole_seconds(
                self.visibility
                    .min(self.hold_ends.saturating_duration_since(now)),
            );
            let patience = self
                .call_timeout
                .min(give_up.saturating_duration_since(now));
            if patience.is_zero() {
                return ControlFlow::Break(Ended::Lost(Lost::NotExtended));
            }
            let call = self.queue.set_visibility(&self.handle, asked);
            match timeout(patience, call).await {
                Ok(Ok(())) => {
                    return ControlFlow::Continue(Term {
                        begins: now,
                        ends: now + asked,
                    });
                }
                Ok(Err(QueueError::HandleExpired)) => {
                    return ControlFlow::Break(Ended::Lost(Lost::HandleExpired));
                }
                // Without permission, too: it may be given back before the end.
                Ok(Err(error @ (QueueError::Setup(_) | QueueError::Transient(_)))) => {
                    tracing::warn!(%error, "could not extend the message's visibility; trying again");
                }
                Err(_) => {
                    tracing::warn!(
                        "extending the message's visibility took too long; trying again"
                    );
                }
            }
            let again = Instant::now() + self.jittered(self.visibility / 15, *beat);
            self.pause_until(again.min(give_up))
                .await
                .map_break(|()| Ended::Stopped)?;
        }
    }

    /// When the message counts as lost: a tenth of the timeout before its end, for
    /// the way of the receive's answer to us and for the job to notice; more where
    /// that is short.
    fn give_up(&self, term: Term) -> Instant {
        let margin = (self.visibility / 10)
            .max(Duration::from_secs(1))
            .min((term.ends - term.begins) / 2);
        term.ends - margin
    }

    /// Between four fifths and the whole of a time, so that messages received
    /// together are not extended together; told by the handle, so that it can be
    /// repeated.
    fn jittered(&self, time: Duration, beat: u32) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.handle, beat).hash(&mut hasher);
        let percent = 80 + hasher.finish() % 21;
        time * u32::try_from(percent).unwrap_or(100) / 100
    }

    /// Breaks if the heartbeat was stopped meanwhile.
    async fn pause_until(&self, at: Instant) -> ControlFlow<()> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => ControlFlow::Break(()),
            () = sleep_until(at) => ControlFlow::Continue(()),
        }
    }
}

/// SQS counts whole seconds; down, so that we never believe more than it does.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod against_sqs;
#[cfg(test)]
mod tests;
