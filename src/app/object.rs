//! What becomes of one object of a message, and what that means for the message.

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::activation::{Activation, End};
use super::halt::{Halt, Wait};
use super::message::Verdict;
use super::missing::Missing;
use super::parts::Parts;
use super::progress::Progress;
use super::replace::{Awaits, RunHalt};
use crate::event::ObjectEvent;
use crate::queue::{DeadLetter, Message};
use crate::receipts::{Code, Receipt};

/// What takes so long to be there will not come by itself: an export has ended long ago, and
/// so has any replacement of Meta's.
const LONG_WAIT: time::Duration = time::Duration::hours(6);

pub(super) async fn one_object(
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
    let progress = on_board.progress.clone();
    let activation = Activation {
        parts,
        route,
        address,
        key_may_be_encoded: event.key_may_be_encoded,
        replay: event.replay_name.clone(),
        force: false,
        may_quarantine: true,
        halt,
        progress: progress.clone(),
    };
    async {
        let in_progress = parts.metrics.object_in_progress();
        let ended = activation.run().await;
        drop(in_progress);
        let ended = match ended {
            Err(halt) => {
                let missing = Missing {
                    parts,
                    route,
                    event,
                    message,
                };
                missing.settle(halt, &progress).await
            }
            ended => ended,
        };
        match ended {
            Ok(end) => {
                parts.metrics.object(end.status());
                through(&event.address.to_string(), &route.name, end)
            }
            Err(halt) => {
                parts.metrics.object(halt.status());
                if matches!(halt, Halt::Lost(_)) {
                    parts.metrics.objects_lost.inc();
                }
                halted(parts, &route.name, message, &halt, &progress)
            }
        }
    }
    .instrument(span)
    .await
}

fn through(object: &str, route: &str, end: End) -> Verdict {
    match end {
        End::Receipted(receipt) => {
            told(&receipt);
            Verdict::Delete
        }
        End::AlreadyDelivered | End::Marker(_) => Verdict::Delete,
        End::Quarantined {
            receipt,
            kept,
            reason,
            detail,
        } => {
            told(&receipt);
            error!(
                reason = reason.as_str(),
                detail, "given up: the object is quarantined; mend the cause, then replay it"
            );
            let letter = Box::new(DeadLetter {
                reason: reason.as_str().to_owned().into(),
                detail,
                object: Some(object.to_owned()),
                route: Some(route.to_owned()),
            });
            Verdict::Quarantine { letter, kept }
        }
    }
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
        rows.unknown = receipt.sent.unknown,
        rows.withheld = receipt.rows.withheld,
        unmapped_columns = receipt.unmapped_columns.total(),
        warnings = (!warnings.is_empty()).then(|| warnings.join(" ")),
        attempts = receipt.attempts.as_ref().map(|attempts| attempts.total),
        duration_ms = receipt.duration_ms,
        "object done"
    );
}

/// Whether somebody should look at what a run waits for.
fn waits_in_vain(message: &Message, halt: &Halt) -> bool {
    let is_for_others = match halt {
        Halt::Run(RunHalt::Incomplete { awaits, .. }) => !matches!(awaits, Awaits::Quiet(_)),
        Halt::Run(RunHalt::BeingReplaced | RunHalt::Swapping) => true,
        _ => false,
    };
    let age = message
        .sent_at
        .map(|sent_at| OffsetDateTime::now_utc() - sent_at);
    is_for_others && age.is_some_and(|age| age > LONG_WAIT)
}

/// Says why, and for how long the message rests.
fn halted(
    parts: &Parts,
    route: &str,
    message: &Message,
    halt: &Halt,
    progress: &Progress,
) -> Verdict {
    let wait = halt.wait();
    // Receives count what is not the object's fault, too; but where it was not even
    // claimed there is no better count.
    let tries = match wait {
        Wait::Passing | Wait::Occupied | Wait::File => {
            progress.in_vain().unwrap_or(message.receive_count)
        }
        Wait::None
        | Wait::Route
        | Wait::Blocked
        | Wait::Lease(_)
        | Wait::Quota(_)
        | Wait::Run
        | Wait::For(_) => message.receive_count,
    };
    let after = wait.rest(tries);
    let rest_s = after.as_secs();
    match wait {
        Wait::None if matches!(halt, Halt::Again) => {
            info!(reason = %halt, "the message is given back");
        }
        Wait::None => info!("stopped before the end; the message is given back"),
        Wait::Lease(_) if matches!(halt, Halt::Turn(_)) => {
            info!(reason = %halt, rest_s, "it is others' turn at the audience; the message rests");
        }
        Wait::Lease(_) => {
            info!(reason = %halt, rest_s, "another worker has the object; the message rests");
        }
        Wait::Run | Wait::For(_) if waits_in_vain(message, halt) => {
            parts.route_stops(route, halt.to_string(), message.sent_at);
            warn!(
                reason = %halt,
                rest_s,
                "the run has waited for hours, and perhaps for what never comes; its messages are kept as long as the queue keeps them"
            );
        }
        Wait::Run | Wait::For(_) => info!(reason = %halt, rest_s, "the message rests"),
        Wait::Quota(_) | Wait::Occupied => {
            warn!(reason = %halt, rest_s, "not finished; the message rests");
        }
        Wait::Passing => warn!(reason = %halt, rest_s, "not finished; the message is given back"),
        Wait::File => warn!(
            reason = %halt,
            rest_s,
            attempts = tries,
            "refused; tried again a few times, then quarantined"
        ),
        Wait::Route | Wait::Blocked => {
            if wait == Wait::Blocked {
                parts.preflights.rest(route);
            }
            parts.route_stops(route, halt.to_string(), message.sent_at);
            error!(reason = %halt, rest_s, "the route waits for somebody to act; its messages are kept");
        }
    }
    let reason = halt.status();
    Verdict::Release { after, reason }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::queue::ReceiptHandle;

    #[test]
    fn somebody_hears_of_a_run_that_has_waited_for_hours_for_what_does_not_come() {
        let message = |hours| Message {
            id: "1".to_owned(),
            handle: ReceiptHandle("1".to_owned()),
            body: String::new(),
            receive_count: 30,
            sent_at: Some(OffsetDateTime::now_utc() - time::Duration::hours(hours)),
        };
        let incomplete = |awaits| {
            let objects = 3;
            Halt::Run(RunHalt::Incomplete { objects, awaits })
        };
        for halt in [
            incomplete(Awaits::SuccessMarker),
            incomplete(Awaits::Objects { expected: 4 }),
            Halt::Run(RunHalt::BeingReplaced),
            Halt::Run(RunHalt::Swapping),
        ] {
            assert!(waits_in_vain(&message(7), &halt), "{halt}");
            assert!(!waits_in_vain(&message(5), &halt), "{halt}");
        }
        // Their end is known.
        for halt in [
            incomplete(Awaits::Quiet(Duration::from_secs(60))),
            Halt::Run(RunHalt::Resting(Duration::from_secs(60))),
            Halt::Halted,
        ] {
            assert!(!waits_in_vain(&message(7), &halt), "{halt}");
        }
    }
}
