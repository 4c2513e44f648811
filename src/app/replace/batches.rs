//! The batches of one object on their way: into the session, or added once it is over.
//!
//! A batch number stands for the same rows in all of a session, because what Meta does with
//! a number that comes with others is not known. So a half gets a number of its own, and
//! where halves were made, an attempt that goes on numbers everything anew.

use std::sync::Arc;

use tracing::warn;

use super::halt::RunHalt;
use super::hold::Hold;
use super::wire::{Reply, Wire};
use crate::app::halt::Halt;
use crate::batches::Batch;
use crate::delivery::{DeliveryTally, RefusedRow, Sender, Stop};
use crate::meta::{Named, RefusalCause, SessionBatch, TraceId};

/// How the batches of one object go out.
pub(in crate::app) enum Way {
    /// Each for itself.
    Each(Box<Sender>),
    InSession(InSession),
    /// Each for itself, to what a session has made the audience.
    Adding {
        sender: Box<Sender>,
        hold: Arc<Hold>,
    },
}

/// The place of one object's batches in a session.
pub(in crate::app) struct InSession {
    pub(super) wire: Arc<Wire>,
    pub(super) hold: Arc<Hold>,
    pub(super) session: u64,
    /// Batches of the objects before.
    pub(super) base: u64,
    /// Batches that belong to the session.
    pub(super) in_session: u64,
}

/// Where a batch stands among those of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Place {
    /// It may go at any time.
    Any,
    /// It goes once all others are recorded.
    Last,
    /// It does not belong to the session.
    Beyond,
}

/// Halves of refused batches of one batch. Where there are more, the fault is not in a row.
const MOST_SPLITS: u32 = 200;

impl Way {
    pub(in crate::app) fn place(&self, sequence: u64) -> Place {
        let Way::InSession(session) = self else {
            return Place::Any;
        };
        match session.base + sequence + 1 {
            number if number == session.in_session => Place::Last,
            number if number > session.in_session => Place::Beyond,
            _ => Place::Any,
        }
    }

    /// As [`Sender::deliver`] does.
    pub(in crate::app) async fn deliver(
        &self,
        batch: Batch,
        in_doubt: &mut bool,
    ) -> Result<DeliveryTally, Halt> {
        match self {
            Way::Each(sender) | Way::Adding { sender, .. } => {
                Ok(sender.deliver(batch, in_doubt).await?)
            }
            Way::InSession(session) => {
                let place = self.place(batch.sequence());
                let delivered = session.deliver(batch, place == Place::Last).await;
                let lost = |halt: &Halt| matches!(halt, Halt::Delivery(Stop::Unknown { .. }));
                *in_doubt |= delivered.as_ref().is_err_and(lost);
                delivered
            }
        }
    }

    /// Accepted rows of the object are recorded: that brings its run on, too.
    pub(in crate::app) async fn recorded(&self) -> Result<(), Halt> {
        match self {
            Way::Each(_) => Ok(()),
            Way::InSession(InSession { hold, .. }) | Way::Adding { hold, .. } => {
                hold.accepted().await
            }
        }
    }

    /// Looks at the object as a whole, as [`Sender::conclude`] does. A run is looked at
    /// before it is sent.
    pub(in crate::app) fn conclude(
        &self,
        accepted: u64,
        refused: Option<RefusedRow>,
    ) -> Result<(), Stop> {
        match self {
            Way::Each(sender) => sender.conclude(accepted, refused),
            Way::InSession(_) | Way::Adding { .. } => Ok(()),
        }
    }
}

impl InSession {
    async fn deliver(&self, batch: Batch, is_last: bool) -> Result<DeliveryTally, Halt> {
        let mut tally = DeliveryTally {
            batches: 1,
            ..DeliveryTally::default()
        };
        let index = self.base + batch.sequence();
        let (opened_with, renumbered) = {
            let record = self.hold.record().await;
            (record.opened_with.clone(), record.renumbered)
        };
        if index == 0
            && let Some(opened) = opened_with
        {
            self.metrics_of(&batch, opened.invalid);
            tally.requests = 1;
            tally.rows_accepted = batch.rows();
            tally.entries_sent = opened.entries;
            tally.entries_invalid = opened.invalid;
            tally.trace(opened.trace_id.as_deref().and_then(TraceId::recognise));
            self.hold.keep_to_close_with(&batch).await;
            return Ok(tally);
        }
        let number = match index {
            // What opened the session goes by 1, and never again.
            0 => self.hold.draw().await?,
            _ if renumbered || is_last => self.hold.draw().await?,
            _ => index + 1,
        };
        let mut splits = 0;
        // Last in, first out, and the left half last: rows keep their order, and the last of
        // the session stays the last.
        let mut waiting = vec![(batch, number)];
        while let Some((batch, number)) = waiting.pop() {
            let is_last = is_last && waiting.is_empty();
            match self.send(&batch, number, is_last, &mut tally).await? {
                Reply::Accepted { invalid, trace_id } => {
                    self.metrics_of(&batch, invalid);
                    tally.trace(trace_id);
                    tally.rows_accepted += batch.rows();
                    tally.entries_sent += batch.entries();
                    tally.entries_invalid += invalid;
                    self.hold.keep_to_close_with(&batch).await;
                    if is_last {
                        self.hold.closed();
                    }
                }
                Reply::Refused { answer, in_doubt } => match batch.halves() {
                    Some((left, right)) => {
                        splits += 1;
                        if splits > MOST_SPLITS {
                            return Err(Stop::TooManyRefused { answer }.into());
                        }
                        // A number that may have arrived stands for what it arrived with.
                        let left_number = match in_doubt {
                            true => self.hold.draw().await?,
                            false => number,
                        };
                        waiting.push((right, self.hold.draw().await?));
                        waiting.push((left, left_number));
                    }
                    None => {
                        self.refused(&batch, &answer, &mut tally);
                        if is_last {
                            // Somebody has to close the session.
                            self.close(answer, &mut tally).await?;
                        }
                    }
                },
                Reply::Ended(end) => return Err(Halt::Run(RunHalt::Ended(end))),
            }
        }
        Ok(tally)
    }

    async fn send(
        &self,
        batch: &Batch,
        number: u64,
        is_last: bool,
        tally: &mut DeliveryTally,
    ) -> Result<Reply, Halt> {
        let place = SessionBatch {
            session: self.session,
            number,
            is_last,
        };
        self.wire.send(batch, place, tally).await
    }

    /// Sends rows again that were accepted, as the last of the session, in place of what was
    /// refused with this answer.
    pub(super) async fn close(&self, answer: Named, tally: &mut DeliveryTally) -> Result<(), Halt> {
        let Some(batch) = self.hold.to_close_with().await else {
            return Err(Halt::Run(RunHalt::NothingToCloseWith));
        };
        let number = self.hold.draw().await?;
        match self.send(&batch, number, true, tally).await? {
            Reply::Accepted { .. } => {
                self.hold.closed();
                Ok(())
            }
            Reply::Refused { .. } => Err(Stop::TooManyRefused { answer }.into()),
            Reply::Ended(end) => Err(Halt::Run(RunHalt::Ended(end))),
        }
    }

    fn refused(&self, batch: &Batch, answer: &Named, tally: &mut DeliveryTally) {
        warn!(
            meta.error = answer.error.map(tracing::field::display),
            meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
            "Meta refuses a row of the run; the others go on"
        );
        self.wire.metrics.rows_refused.inc_by(batch.rows());
        tally.entries_sent += batch.entries();
        let cause = RefusalCause::ByMeta(answer.error);
        let refused = batch.row_numbers().map(|row| RefusedRow { row, cause });
        tally.refused.extend(refused);
    }

    fn metrics_of(&self, batch: &Batch, invalid: u64) {
        self.wire.metrics.rows_accepted.inc_by(batch.rows());
        self.wire.metrics.entries_invalid.inc_by(invalid);
    }
}
