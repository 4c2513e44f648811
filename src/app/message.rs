//! What becomes of one message: deleted when everything it names is done or given up,
//! given back otherwise.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::object::one_object;
use super::parts::Parts;
use crate::event::{self, Decoded, ObjectEvent, Reason};
use crate::queue::{
    DeadLetter, DeadLettered, Heartbeat, HeartbeatOptions, Lost, Message, QueueError,
};

/// Where no other rest is sensible, for what only a person or another version can mend.
const LONG_REST: Duration = Duration::from_secs(3600);
/// Until the dead-letter queue is tried again.
const DEAD_LETTER_REST: Duration = Duration::from_secs(60);

/// Works on one message to its end. Never fails: whatever goes wrong, the message
/// is either deleted because all is done, or comes back.
pub(super) async fn handle(
    parts: &Parts,
    message: Message,
    received_at: Instant,
    stop: &CancellationToken,
) {
    let span = info_span!("message", message.id = %message.id);
    async {
        // Received while the stop was asked for: given back untouched.
        if stop.is_cancelled() {
            release(parts, &message, Duration::ZERO, "stopping").await;
            return;
        }
        match event::decode(&message.body) {
            Decoded::Noise(noise) => {
                parts.metrics.noise(noise.name());
                delete(parts, &message, "noise").await;
            }
            Decoded::NotUnderstood(reason) => not_understood(parts, &message, &reason).await,
            Decoded::Objects(events) => work(parts, &message, events, received_at, stop).await,
        }
    }
    .instrument(span)
    .await;
}

/// It is nobody's to delete without a copy: another version may know better.
async fn not_understood(parts: &Parts, message: &Message, reason: &Reason) {
    warn!(
        reason = %reason,
        message.receive_count = message.receive_count,
        "message not understood"
    );
    let letter = DeadLetter {
        reason: "not_understood".into(),
        detail: reason.to_string(),
        object: None,
        route: None,
    };
    match parts.queue.send_to_dead_letters(message, &letter).await {
        Ok(DeadLettered::Sent) => delete(parts, message, "not_understood").await,
        Ok(DeadLettered::NoDeadLetterQueue) => {
            release(parts, message, LONG_REST, "not_understood").await;
        }
        Err(error) => {
            dead_letter_failed(parts, &error);
            release(parts, message, DEAD_LETTER_REST, "not_understood").await;
        }
    }
}

async fn work(
    parts: &Parts,
    message: &Message,
    events: Vec<ObjectEvent>,
    received_at: Instant,
    stop: &CancellationToken,
) {
    let heartbeat = Heartbeat::start(
        parts.queue.clone(),
        message.handle.clone(),
        HeartbeatOptions::new(parts.config.queue.visibility, received_at),
    );
    // Cancelled by a stop of the service as well as by the loss of the message.
    let halt = stop.child_token();
    let lost = heartbeat.lost();
    let mut verdict = Verdict::Delete;
    for event in events {
        if halt.is_cancelled() {
            verdict = verdict.and(Verdict::Release {
                after: Duration::ZERO,
                reason: "stopping",
            });
            break;
        }
        let ended = {
            // A token of its own: an object that has to stop stops no other.
            let one = one_object(parts, message, &event, halt.child_token());
            tokio::pin!(one);
            tokio::select! {
                ended = &mut one => ended,
                () = lost.cancelled() => {
                    // No further request; those that are out may end, and what they bring
                    // is recorded, so that whoever receives the message next goes on.
                    halt.cancel();
                    one.await
                }
            }
        };
        verdict = verdict.and(ended);
    }
    let was_lost = lost.is_cancelled();
    let why = heartbeat.lost_because();
    heartbeat.stop().await;
    if was_lost {
        parts.metrics.heartbeats_lost.inc();
    }
    match (was_lost, why, verdict) {
        // It is still ours to give back, and then may be held for as long again.
        (true, Some(Lost::Wall), _) => {
            info!("the message was held for as long as it may be; it is given back");
            release(parts, message, Duration::ZERO, "wall").await;
        }
        (true, ..) => {
            warn!("the message was lost while being worked on; whoever receives it next goes on");
        }
        (false, _, Verdict::Delete) => delete(parts, message, "done").await,
        (false, _, Verdict::Release { after, reason }) => {
            release(parts, message, after, reason).await;
        }
        (false, _, Verdict::Quarantine { letter, kept }) => {
            quarantine(parts, message, &letter, kept).await;
        }
    }
}

/// What to do with the message once its objects are through.
pub(super) enum Verdict {
    Delete,
    /// An object of it was given up. A copy with the reason goes to the dead-letter queue.
    Quarantine {
        letter: Box<DeadLetter>,
        /// Whether the receipt or the ledger tells of it as well.
        kept: bool,
    },
    Release {
        after: Duration,
        reason: &'static str,
    },
}

impl Verdict {
    /// A message is done when all its objects are. The longest wait counts.
    fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Delete, other) => other,
            (this, Verdict::Delete) => this,
            (Verdict::Release { after: a, reason }, Verdict::Release { after: b, .. })
                if a >= b =>
            {
                Verdict::Release { after: a, reason }
            }
            // While another is not through, the message stays as it is.
            (release @ Verdict::Release { .. }, Verdict::Quarantine { .. }) => release,
            (quarantine @ Verdict::Quarantine { kept: false, .. }, Verdict::Quarantine { .. }) => {
                quarantine
            }
            (Verdict::Release { .. } | Verdict::Quarantine { .. }, other) => other,
        }
    }
}

/// The copy is sent before the message is deleted: a crash in between makes two of one.
async fn quarantine(parts: &Parts, message: &Message, letter: &DeadLetter, kept: bool) {
    match parts.queue.send_to_dead_letters(message, letter).await {
        // Where nothing else tells of it, the message stays.
        Ok(DeadLettered::NoDeadLetterQueue) if !kept => {
            release(parts, message, LONG_REST, "quarantined").await;
        }
        // Without such a queue the receipt tells, and the object is where it was.
        Ok(DeadLettered::Sent | DeadLettered::NoDeadLetterQueue) => {
            delete(parts, message, "quarantined").await;
        }
        Err(error) => {
            dead_letter_failed(parts, &error);
            release(parts, message, DEAD_LETTER_REST, "quarantined").await;
        }
    }
}

fn dead_letter_failed(parts: &Parts, error: &QueueError) {
    parts.metrics.queue_errors.inc();
    error!(error = %error, "cannot send to the dead-letter queue; the message is kept");
}

async fn delete(parts: &Parts, message: &Message, result: &'static str) {
    match parts.queue.delete(&message.handle).await {
        Ok(()) => parts.metrics.message(result),
        Err(error) => {
            // It comes back, is found done, and is deleted then.
            parts.metrics.queue_errors.inc();
            warn!(error = %error, "cannot delete the message; it will come back");
        }
    }
}

async fn release(parts: &Parts, message: &Message, after: Duration, reason: &'static str) {
    parts.metrics.message(reason);
    match parts.queue.set_visibility(&message.handle, after).await {
        Ok(()) | Err(QueueError::HandleExpired) => {}
        Err(error) => {
            parts.metrics.queue_errors.inc();
            warn!(error = %error, "cannot give the message back; it returns after its visibility timeout");
        }
    }
}
