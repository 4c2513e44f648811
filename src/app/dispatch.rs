//! Sends the batches of one object, several at once.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::batch_slots::ObjectSlots;
use crate::batches::Batch;
use crate::delivery::{DeliveryTally, Sender, Stop};

/// Sends every batch that comes, each in a slot of `slots`, which bound the memory of
/// the process. `accepted` hears of rows as they are.
///
/// Ends when all batches are answered, or one had to stop, or `halt` is cancelled; then
/// requests that are out are waited for, and no other begins.
pub(super) async fn dispatch(
    mut batches: mpsc::Receiver<Batch>,
    sender: Arc<Sender>,
    slots: ObjectSlots,
    halt: CancellationToken,
    accepted: impl Fn(u64),
) -> (DeliveryTally, Result<(), Stop>) {
    let mut sum = Sum {
        tally: DeliveryTally::default(),
        stop: None,
        halt: halt.clone(),
        accepted,
    };
    let mut out = JoinSet::new();
    while sum.stop.is_none() {
        let batch = tokio::select! {
            biased;
            Some(ended) = out.join_next() => {
                sum.add(ended);
                continue;
            }
            batch = batches.recv() => batch,
            // The producer may be waiting for bytes that are long in coming.
            () = halt.cancelled() => {
                sum.stop(Stop::Halted);
                break;
            }
        };
        let Some(batch) = batch else { break };
        let slot = slots.acquire();
        tokio::pin!(slot);
        let slot = loop {
            // Waiting keeps its place in the line while answers are taken in.
            tokio::select! {
                biased;
                Some(ended) = out.join_next() => sum.add(ended),
                () = halt.cancelled() => sum.stop(Stop::Halted),
                slot = &mut slot => break slot,
            }
            if sum.stop.is_some() {
                break None;
            }
        };
        let Some(slot) = slot else { break };
        let sender = sender.clone();
        let deliver = async move {
            let delivered = sender.deliver(batch).await;
            drop(slot);
            delivered
        };
        out.spawn(deliver.in_current_span());
    }
    // The producer sees at its next batch that nobody takes it any more.
    drop(batches);
    while let Some(ended) = out.join_next().await {
        sum.add(ended);
    }
    match sum.stop {
        None => {
            let concluded = sender.conclude(&sum.tally);
            (sum.tally, concluded)
        }
        Some(stop) => (sum.tally, Err(stop)),
    }
}

struct Sum<F> {
    tally: DeliveryTally,
    stop: Option<Stop>,
    halt: CancellationToken,
    accepted: F,
}

impl<F: Fn(u64)> Sum<F> {
    fn add(&mut self, ended: Result<Result<DeliveryTally, Stop>, JoinError>) {
        match ended {
            Ok(Ok(tally)) => {
                if tally.rows_accepted > 0 {
                    (self.accepted)(tally.rows_accepted);
                }
                self.tally.add(tally);
            }
            Ok(Err(stop)) => self.stop(stop),
            // A panic in a delivery: the batch may have arrived. The object is taken
            // up again, and the batch sent identically.
            Err(_) => self.stop(Stop::Unknown { attempts: 1 }),
        }
    }

    /// The first reason is the one that is told; what others say follows from it.
    fn stop(&mut self, stop: Stop) {
        self.halt.cancel();
        match &self.stop {
            None | Some(Stop::Halted) => self.stop = Some(stop),
            Some(_) => {}
        }
    }
}
