//! What becomes of one message: deleted when everything it names is done, given
//! back otherwise, left alone when it is not understood.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::activation::{Activation, End};
use super::halt::{Halt, Wait};
use super::parts::Parts;
use crate::event::{self, Decoded, ObjectEvent};
use crate::queue::{Heartbeat, HeartbeatOptions, Message, QueueError};
use crate::receipts::{Code, Receipt};

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
            Decoded::NotUnderstood(reason) => {
                parts.metrics.message("not_understood");
                warn!(
                    reason = %reason,
                    message.receive_count = message.receive_count,
                    "message not understood; left to the queue's redrive policy"
                );
            }
            Decoded::Objects(events) => work(parts, &message, events, received_at, stop).await,
        }
    }
    .instrument(span)
    .await;
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
                    // No further request; those that are out may end.
                    halt.cancel();
                    one.await
                }
            }
        };
        verdict = verdict.and(ended);
    }
    let was_lost = lost.is_cancelled();
    heartbeat.stop().await;
    if was_lost {
        parts.metrics.heartbeats_lost.inc();
        warn!("the message was lost while being worked on; whoever receives it next goes on");
        return;
    }
    match verdict {
        Verdict::Delete => delete(parts, message, "done").await,
        Verdict::Release { after, reason } => release(parts, message, after, reason).await,
    }
}

/// What to do with the message once its objects are through.
enum Verdict {
    Delete,
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
            (_, other) => other,
        }
    }
}

async fn one_object(
    parts: &Parts,
    message: &Message,
    event: &ObjectEvent,
    halt: CancellationToken,
) -> Verdict {
    let address = &event.address;
    if parts.config.is_state(&address.bucket, &address.key) {
        parts.metrics.noise("own_state");
        return Verdict::Delete;
    }
    let Some(route) = parts.config.route_for(&address.bucket, &address.key) else {
        parts.metrics.noise("unrouted");
        info!(object = %address, "no route takes this object; its event is dropped");
        return Verdict::Delete;
    };
    let span = info_span!("object", object = %address, route = %route.name);
    let on_board = parts.board.begin();
    let activation = Activation {
        parts,
        route,
        address,
        key_may_be_encoded: event.key_may_be_encoded,
        replay: event.replay_name.clone(),
        force: false,
        halt,
        progress: on_board.progress.clone(),
    };
    async {
        let in_progress = parts.metrics.object_in_progress();
        let ended = activation.run().await;
        drop(in_progress);
        match ended {
            Ok(end) => {
                parts.metrics.object(end.status());
                if let End::Receipted(receipt) = &end {
                    told(receipt);
                }
                Verdict::Delete
            }
            Err(halt) => {
                parts.metrics.object(halt.status());
                halted(parts, &route.name, message, &halt)
            }
        }
    }
    .instrument(span)
    .await
}

/// One line for each object, with its counts.
fn told(receipt: &Receipt) {
    let warnings: Vec<&str> = receipt
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    info!(
        status = receipt.status.name(),
        reason = receipt.status.reason().map(Code::as_str),
        rows.read = receipt.rows.read,
        rows.filtered = receipt.rows.filtered,
        rows.rejected = receipt.rows.rejected,
        rows.accepted = receipt.sent.accepted,
        rows.refused = receipt.sent.refused,
        unmapped_columns = receipt.unmapped_columns.total(),
        warnings = (!warnings.is_empty()).then(|| warnings.join(" ")),
        duration_ms = receipt.duration_ms,
        "object done"
    );
}

/// Says why, and for how long the message rests.
fn halted(parts: &Parts, route: &str, message: &Message, halt: &Halt) -> Verdict {
    let wait = halt.wait();
    let after = wait.rest(message.receive_count);
    let rest_s = after.as_secs();
    match wait {
        Wait::None => info!("stopped before the end; the message is given back"),
        Wait::Passing => warn!(reason = %halt, rest_s, "not finished; the message is given back"),
        Wait::File => {
            warn!(reason = %halt, rest_s, "refused; the queue's redrive policy decides how often it is tried");
        }
        Wait::Route => {
            parts.route_stops(route, halt.to_string());
            error!(reason = %halt, rest_s, "the route waits for somebody to act; its messages are kept");
        }
    }
    Verdict::Release {
        after,
        reason: halt.status(),
    }
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
