//! Keeps the entry of one object in hand: records what is acknowledged, renews the lease,
//! and notices when the object is somebody else's.
//!
//! The one idea: an acknowledged batch counts as in flight until it is recorded. So
//! whoever waits for [`Keeper::acknowledge`] before he sends another batch in its place
//! never has more to send again, after whatever crash, than he may have in flight.
//! Acknowledgements that come while a write is out are recorded together by the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::claim::Claimed;
use super::entry::Entry;
use super::progress::{BatchRows, ReadCounts};
use super::record::Record;
use super::run::RunRecord;
use super::window::Cut;
use super::writer::Writer;
use super::{Ledger, LedgerError};
use crate::delivery::DeliveryTally;
use crate::receipts::{Code, FinishedList};

pub use super::writer::Lost;

/// How the work on an object ends, for its entry.
#[derive(Clone, Debug)]
pub enum Ending {
    /// Given back: anybody may go on.
    Release {
        reason: Code,
        /// The attempt counts as one without progress, if it had none: what ended it is
        /// the object's own.
        counted: bool,
    },
    /// An object of a run: read to its end, and all of it sent. Its receipt waits for the run.
    Sent {
        read: Box<ReadCounts>,
        /// The rows rejected since the last cut.
        rejects: Option<FinishedList>,
    },
    /// Its receipt is stored.
    Done,
    /// Its receipt is stored.
    Superseded,
    /// Its receipt is stored.
    Quarantined { reason: Code },
}

/// No batch is sent so far ahead of the first that is not acknowledged: what is known of
/// each of them is kept in memory and in the entry.
pub(super) const MOST_AHEAD: u64 = 128;

/// Batches that an earlier attempt has acknowledged, and that were only passed again, may go
/// so far without a write.
const MOST_UNWRITTEN: u64 = MOST_AHEAD / 2;

/// A claimed object. Dropping it leaves the entry as it was written last; its lease then
/// ends by itself.
#[derive(Debug)]
pub struct Keeper {
    commands: mpsc::UnboundedSender<Command>,
    lost: Arc<OnceLock<Lost>>,
    /// Acknowledged by an earlier attempt, beyond the watermark.
    earlier: BTreeMap<u64, BatchRows>,
    /// Sent by an earlier attempt, perhaps, with an answer that nobody has.
    in_doubt: BTreeSet<u64>,
    in_doubt_before: u64,
    /// The first batch that is not acknowledged.
    next: watch::Receiver<u64>,
    _task: AbortOnDropHandle<()>,
}

enum Command {
    /// No longer than the batches that may be on their way.
    Acknowledge {
        cut: Box<Cut>,
        /// None if an earlier attempt has counted it.
        tally: Option<Box<DeliveryTally>>,
        recorded: oneshot::Sender<()>,
    },
    Unknown(BatchRows),
    /// What is known of the run that the entry is of.
    Run {
        run: Box<RunRecord>,
        progressed: bool,
        recorded: oneshot::Sender<()>,
    },
    /// What is recorded, written down.
    Tell(oneshot::Sender<Entry>),
    End(Ending, oneshot::Sender<Result<Entry, Lost>>),
}

impl Keeper {
    /// Keeps what was claimed. `halt` is cancelled when the object is lost: no request
    /// may begin then. Needs a tokio runtime; logs into the caller's span.
    pub fn start(claimed: Claimed, ledger: Arc<dyn Ledger>, halt: CancellationToken) -> Keeper {
        let beyond = &claimed.entry.progress.beyond;
        let earlier = beyond.iter().map(|rows| (rows.batch, *rows)).collect();
        let unknown = claimed.entry.progress.unknown.iter();
        let in_doubt = unknown.map(|rows| rows.batch).collect();
        let in_doubt_before = claimed.entry.progress.in_doubt_before;
        let (commands, receiver) = mpsc::unbounded_channel();
        let lost = Arc::new(OnceLock::new());
        let (passed, next) = watch::channel(claimed.entry.progress.watermark.batches);
        let keeping = Keeping {
            lost: Arc::clone(&lost),
            halt: halt.clone(),
            passed,
            record: Record::new(claimed.entry.clone()),
            writer: Writer::new(claimed, ledger),
            commands: receiver,
        };
        // Held by the task, so that its panic counts as a loss too.
        let guard = halt.drop_guard();
        let task = tokio::spawn(
            async move {
                if keeping.keep().await.is_ok() {
                    guard.disarm();
                }
            }
            .instrument(tracing::Span::current()),
        );
        Keeper {
            commands,
            lost,
            earlier,
            in_doubt,
            in_doubt_before,
            next,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Why the object was lost, once it is.
    pub fn lost(&self) -> Option<Lost> {
        self.lost.get().copied()
    }

    /// The rows of this batch, if an earlier attempt has it acknowledged: it must not be
    /// sent again, but its cut be passed on.
    pub fn acknowledged_earlier(&self, batch: u64) -> Option<BatchRows> {
        self.earlier.get(&batch).copied()
    }

    /// Whether an earlier attempt may have brought this batch to Meta without anybody
    /// hearing of it.
    pub fn may_have_arrived(&self, batch: u64) -> bool {
        batch < self.in_doubt_before || self.in_doubt.contains(&batch)
    }

    /// Waits until this batch is not too far ahead of those that have no answer yet.
    /// Dropping the future costs nothing.
    pub async fn comes_near(&self, batch: u64) {
        let mut next = self.next.clone();
        // Without a keeper nothing is sent any more.
        let _ = next.wait_for(|next| batch < next + MOST_AHEAD).await;
    }

    /// Records the answers of one batch. When this returns, it survives a crash.
    ///
    /// Dropping the future leaves it to the keeper to record it.
    pub async fn acknowledge(&self, cut: Cut, tally: DeliveryTally) -> Result<(), Lost> {
        let recorded = self.pass(cut, Some(Box::new(tally)));
        recorded.await.map_err(|_| self.why())
    }

    /// A batch that an earlier attempt has acknowledged was made again.
    pub fn passed_again(&self, cut: Cut) {
        // Nobody waits for it: it is recorded with the next write.
        drop(self.pass(cut, None));
    }

    /// The batch was sent, and whether it arrived is not known.
    pub fn unknown(&self, rows: BatchRows) {
        // Without a keeper there is nobody to tell.
        let _ = self.commands.send(Command::Unknown(rows));
    }

    /// Records what is known of the run, and whether this attempt has brought it on. When
    /// this returns, it survives a crash.
    pub async fn note(&self, run: RunRecord, progressed: bool) -> Result<(), Lost> {
        let (recorded, receiver) = oneshot::channel();
        // Without a keeper `recorded` is dropped, which says so.
        let _ = self.commands.send(Command::Run {
            run: Box::new(run),
            progressed,
            recorded,
        });
        receiver.await.map_err(|_| self.why())
    }

    /// The entry with all that was acknowledged so far, whether or not it is recorded.
    pub async fn entry(&self) -> Result<Entry, Lost> {
        let (told, entry) = oneshot::channel();
        let _ = self.commands.send(Command::Tell(told));
        entry.await.map_err(|_| self.why())
    }

    /// Writes the entry for the last time and gives the object up.
    ///
    /// Dropping the future leaves it to the lease to end.
    pub async fn end(&self, ending: Ending) -> Result<Entry, Lost> {
        let (told, ended) = oneshot::channel();
        let _ = self.commands.send(Command::End(ending, told));
        ended.await.map_err(|_| self.why())?
    }

    fn pass(&self, cut: Cut, tally: Option<Box<DeliveryTally>>) -> oneshot::Receiver<()> {
        let (recorded, receiver) = oneshot::channel();
        let cut = Box::new(cut);
        // Without a keeper `recorded` is dropped, which says so.
        let _ = self.commands.send(Command::Acknowledge {
            cut,
            tally,
            recorded,
        });
        receiver
    }

    fn why(&self) -> Lost {
        self.lost().unwrap_or(Lost::Broken)
    }
}

struct Keeping {
    lost: Arc<OnceLock<Lost>>,
    halt: CancellationToken,
    passed: watch::Sender<u64>,
    record: Record,
    writer: Writer,
    commands: mpsc::UnboundedReceiver<Command>,
}

impl Keeping {
    async fn keep(mut self) -> Result<(), Lost> {
        loop {
            let first = tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => Some(command),
                    // Dropped: as after a crash.
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(self.writer.renew_at()) => None,
            };
            let mut waiting = Vec::new();
            let mut is_due = first.is_none();
            let mut next = first;
            while let Some(command) = next {
                match command {
                    Command::Acknowledge {
                        cut,
                        tally,
                        recorded,
                    } => {
                        is_due |= tally.is_some();
                        self.record.acknowledge(*cut, tally);
                        waiting.push(recorded);
                    }
                    Command::Unknown(rows) => self.record.unknown(rows),
                    Command::Run {
                        run,
                        progressed,
                        recorded,
                    } => {
                        is_due = true;
                        self.record.run(run, progressed);
                        waiting.push(recorded);
                    }
                    Command::Tell(told) => {
                        // Whoever asked may have gone.
                        let _ = told.send(self.record.entry().clone());
                    }
                    Command::End(ending, told) => {
                        self.record.end(ending);
                        let ended = self.write().await;
                        let lost = ended.as_ref().err().copied();
                        let _ = told.send(ended.map(|()| self.record.entry().clone()));
                        return lost.map_or(Ok(()), Err);
                    }
                }
                next = self.commands.try_recv().ok();
            }
            let watermark = self.record.entry().progress.watermark.batches;
            let written = *self.passed.borrow();
            if is_due || watermark.saturating_sub(written) >= MOST_UNWRITTEN {
                self.write().await?;
                // Nobody goes ahead of what a crash leaves: so far, at most, batches were out
                // that the next attempt has to take for sent.
                self.passed.send_if_modified(|passed| {
                    let advances = *passed < watermark;
                    *passed = watermark;
                    advances
                });
            }
            for recorded in waiting {
                let _ = recorded.send(());
            }
        }
    }

    /// Whoever waits for an answer hears of a loss only when no request may begin any more.
    async fn write(&mut self) -> Result<(), Lost> {
        let written = self.write_all().await;
        if let Err(why) = written {
            // Nobody else sets it.
            let _ = self.lost.set(why);
            self.halt.cancel();
        }
        written
    }

    async fn write_all(&mut self) -> Result<(), Lost> {
        if let Some((name, bytes)) = self.record.spill() {
            let entry = self.record.entry();
            self.writer.write_segment(entry, &name, bytes).await?;
            self.record.spilled(name);
        }
        let entry = self.record.next_revision();
        self.writer.write(entry).await
    }
}

/// Takes away the parts of the list of rejects that an entry named, once the whole list is
/// stored. What fails is left lying; it is small, and nobody reads it.
pub async fn remove_segments(ledger: &dyn Ledger, entry: &Entry, names: &[String]) {
    if names.is_empty() {
        return;
    }
    if let Err(error) = ledger.remove_segments(entry, names).await {
        let error: &LedgerError = &error;
        tracing::warn!(%error, "parts of a list of rejects that is stored as a whole are left lying");
    }
}

#[cfg(test)]
mod tests;
