//! Sends the batches of one object, several at once, and records each answer before
//! another batch takes its place.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug};

use super::batch_slots::ObjectSlots;
use super::halt::{Halt, Refusal};
use super::produce::Portion;
use super::replace::{Place, RunHalt, Way};
use crate::delivery::{RefusedRow, Stop};
use crate::ledger::{Keeper, Lost};

/// What dispatching works with.
pub(super) struct Dispatch<F> {
    pub way: Arc<Way>,
    pub keeper: Arc<Keeper>,
    /// They bound the memory of the process, and how much is sent again after a crash.
    pub slots: ObjectSlots,
    /// Cancelled here as soon as one batch has to stop.
    pub halt: CancellationToken,
    /// Rows that earlier attempts brought to Meta.
    pub accepted_before: u64,
    /// Hears of rows that were accepted.
    pub accepted: F,
}

impl<F: Fn(u64)> Dispatch<F> {
    /// Sends every batch that comes, each in a slot, which it holds until its answer is
    /// recorded. Batches that an earlier attempt has acknowledged are only recorded.
    ///
    /// Ends when all batches are recorded, or one had to stop, or `halt` is cancelled;
    /// then requests that are out are waited for, and no other begins.
    pub(super) async fn run(self, mut portions: mpsc::Receiver<Portion>) -> Result<(), Halt> {
        let mut sum = Sum {
            rows_accepted: self.accepted_before,
            refused: None,
            stop: None,
            in_doubt: None,
            halt: self.halt.clone(),
            accepted: self.accepted,
        };
        let mut out = JoinSet::new();
        while sum.stop.is_none() {
            let portion = tokio::select! {
                biased;
                Some(ended) = out.join_next() => {
                    sum.add(ended);
                    continue;
                }
                portion = portions.recv() => portion,
                // The producer may be waiting for bytes that are long in coming.
                () = self.halt.cancelled() => {
                    sum.stop(Halt::Halted);
                    break;
                }
            };
            let Some(portion) = portion else { break };
            let rows = portion.cut.rows;
            match self.keeper.acknowledged_earlier(rows.batch) {
                None => {}
                Some(earlier) if earlier == rows => {
                    debug!(batch.sequence = rows.batch, "acknowledged before; not sent");
                    self.keeper.passed_again(portion.cut);
                    continue;
                }
                Some(_) => {
                    sum.stop(Halt::Refused(Refusal::OtherBatches));
                    break;
                }
            }
            match self.way.place(rows.batch) {
                Place::Any => {}
                // What is answered by now is recorded as well.
                Place::Last => {
                    while let Some(ended) = out.join_next().await {
                        sum.add(ended);
                    }
                }
                Place::Beyond => {
                    while let Some(ended) = out.join_next().await {
                        sum.add(ended);
                    }
                    sum.stop(Halt::Run(RunHalt::SessionFull));
                }
            }
            if sum.stop.is_some() {
                break;
            }
            let slot = async {
                self.keeper.comes_near(rows.batch).await;
                self.slots.acquire().await
            };
            tokio::pin!(slot);
            let slot = loop {
                // Waiting keeps its place in the line while answers are taken in.
                tokio::select! {
                    biased;
                    Some(ended) = out.join_next() => sum.add(ended),
                    () = self.halt.cancelled() => sum.stop(Halt::Halted),
                    slot = &mut slot => break slot,
                    // Nothing moves any more: the batch in doubt is too far behind.
                    () = std::future::ready(()), if sum.in_doubt.is_some() && out.is_empty() => {
                        break None;
                    }
                }
                if sum.stop.is_some() {
                    break None;
                }
            };
            let Some(slot) = slot else { break };
            let (way, keeper) = (self.way.clone(), self.keeper.clone());
            let deliver = async move {
                let delivered = deliver(&way, &keeper, portion).await;
                drop(slot);
                delivered
            };
            out.spawn(deliver.in_current_span());
        }
        // The producer sees at its next batch that nobody takes it any more.
        drop(portions);
        while let Some(ended) = out.join_next().await {
            sum.add(ended);
        }
        match sum.stop.or(sum.in_doubt) {
            None => Ok(self.way.conclude(sum.rows_accepted, sum.refused)?),
            Some(stop) => Err(stop),
        }
    }
}

async fn deliver(
    way: &Way,
    keeper: &Keeper,
    Portion { batch, cut }: Portion,
) -> Result<Delivered, Halt> {
    let rows = cut.rows;
    let mut in_doubt = keeper.may_have_arrived(rows.batch);
    let delivered = way.deliver(batch, &mut in_doubt).await;
    if delivered.is_err() && in_doubt {
        keeper.unknown(rows);
    }
    let tally = delivered?;
    let delivered = Delivered {
        rows_accepted: tally.rows_accepted,
        refused: tally.refused.iter().copied().find(RefusedRow::is_by_meta),
    };
    keeper.acknowledge(cut, tally).await?;
    if delivered.rows_accepted > 0 {
        way.recorded().await?;
    }
    Ok(delivered)
}

/// What of a batch's answers matters for the object as a whole.
struct Delivered {
    rows_accepted: u64,
    refused: Option<RefusedRow>,
}

struct Sum<F> {
    rows_accepted: u64,
    refused: Option<RefusedRow>,
    stop: Option<Halt>,
    /// One batch cannot be delivered or given up; the others go on all the same.
    in_doubt: Option<Halt>,
    halt: CancellationToken,
    accepted: F,
}

impl<F: Fn(u64)> Sum<F> {
    fn add(&mut self, ended: Result<Result<Delivered, Halt>, JoinError>) {
        match ended {
            Ok(Ok(delivered)) => {
                if delivered.rows_accepted > 0 {
                    (self.accepted)(delivered.rows_accepted);
                }
                self.rows_accepted += delivered.rows_accepted;
                self.refused = self.refused.or(delivered.refused);
            }
            Ok(Err(stop @ Halt::Delivery(Stop::InDoubt { .. }))) => {
                self.in_doubt.get_or_insert(stop);
            }
            Ok(Err(stop)) => self.stop(stop),
            // A panic in a delivery: the batch may have arrived. The object is taken
            // up again, and the batch sent identically.
            Err(_) => self.stop(Halt::Panicked),
        }
    }

    /// The first reason is the one that is told; what others say follows from it.
    fn stop(&mut self, stop: Halt) {
        self.halt.cancel();
        let told = self.stop.as_ref();
        if told.is_none_or(|told| told.is_asked_for() && !stop.is_asked_for()) {
            self.stop = Some(stop);
        }
    }
}

impl From<Lost> for Halt {
    fn from(lost: Lost) -> Halt {
        Halt::Lost(lost)
    }
}
