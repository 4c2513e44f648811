//! Sends the batches of one object, several at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use crate::batches::Batch;
use crate::delivery::{DeliveryTally, Sender, Stop};

/// Sends every batch that comes, each under a permit of `slots`, which bounds the
/// requests of the whole process and with them its memory.
///
/// Ends when all batches are answered, or one had to stop; then `halt` is cancelled,
/// requests that are out are waited for, and no other begins.
pub(super) async fn dispatch(
    mut batches: mpsc::Receiver<Batch>,
    sender: Arc<Sender>,
    slots: Arc<Semaphore>,
    halt: CancellationToken,
    progress: Arc<Progress>,
) -> (DeliveryTally, Result<(), Stop>) {
    let mut sum = Sum {
        tally: DeliveryTally::default(),
        stop: None,
        halt,
        progress,
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
        };
        let Some(batch) = batch else { break };
        let slot = slots.clone().acquire_owned();
        tokio::pin!(slot);
        let slot = loop {
            // Waiting keeps its place in the line while answers are taken in.
            tokio::select! {
                biased;
                Some(ended) = out.join_next() => sum.add(ended),
                slot = &mut slot => break slot.ok(),
            }
            if sum.stop.is_some() {
                break None;
            }
        };
        let Some(slot) = slot else { break };
        let sender = sender.clone();
        out.spawn(async move {
            let delivered = sender.deliver(batch).await;
            drop(slot);
            delivered
        });
    }
    // The producer sees at its next batch that nobody takes it any more.
    drop(batches);
    while let Some(ended) = out.join_next().await {
        sum.add(ended);
    }
    match sum.stop {
        None => (sum.tally, Ok(())),
        Some(stop) => (sum.tally, Err(stop)),
    }
}

struct Sum {
    tally: DeliveryTally,
    stop: Option<Stop>,
    halt: CancellationToken,
    progress: Arc<Progress>,
}

impl Sum {
    fn add(&mut self, ended: Result<Result<DeliveryTally, Stop>, JoinError>) {
        match ended {
            Ok(Ok(tally)) => {
                self.progress
                    .rows_accepted
                    .fetch_add(tally.rows_accepted, Ordering::Relaxed);
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
