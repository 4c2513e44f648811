//! Reads the rows of one object and fills batches with them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::sample_gate::{Blocked, SampleGate};
use crate::batches::{Batch, BatchBuilder};
use crate::identity::quality::Quality;
use crate::identity::{IdentifiedRow, Mapping, Tally, Verdict};
use crate::meta::{Destination, LeftOut, RowReject};
use crate::object::{Decompressed, PinnedReader};
use crate::receipts::{Code, RejectList, Rejects};
use crate::rows::{Next, Record, RowReader, RowsError};
use crate::telemetry::Metrics;

/// What is read, and what becomes of its rows.
pub(super) struct Production {
    pub reader: RowReader<Decompressed<PinnedReader>>,
    pub mapping: Mapping,
    pub destination: Arc<dyn Destination>,
    pub gate: SampleGate,
    /// No row after these is read.
    pub most_rows: u64,
    pub metrics: Arc<Metrics>,
    pub progress: Arc<Progress>,
    pub halt: CancellationToken,
}

/// The counts of what was read, whether or not it was read to the end.
#[derive(Debug, Default)]
pub(super) struct Produced {
    pub rows_read: u64,
    pub rows_filtered: u64,
    pub rejects: Rejects,
    pub reject_list: RejectList,
    pub fields: Tally,
    pub quality: Quality,
    /// What a gate that only tells has told.
    pub would_block: Option<Blocked>,
    pub left_out: Vec<LeftOut>,
}

/// Why the rows were not read to the end.
#[derive(Debug)]
pub(super) enum ProduceError {
    Rows(RowsError),
    Blocked(Blocked),
    /// Told to stop, or nobody takes the batches any more.
    Halted,
}

impl Production {
    /// Runs until the last row is in a batch and the batch is taken. Of the batches
    /// only one is filled and one waits in the channel at any time.
    pub(super) async fn run(
        mut self,
        batches: mpsc::Sender<Batch>,
    ) -> (Produced, Result<(), ProduceError>) {
        let mut produced = Produced::default();
        let ended = self.fill(&batches, &mut produced).await;
        produced.would_block = self.gate.told();
        produced.left_out = self.destination.left_out();
        (produced, ended)
    }

    async fn fill(
        &mut self,
        batches: &mpsc::Sender<Batch>,
        produced: &mut Produced,
    ) -> Result<(), ProduceError> {
        let mut builder = BatchBuilder::new(self.destination.envelope(), self.destination.limits());
        let mut record = Record::default();
        let mut row = IdentifiedRow::default();
        while produced.rows_read < self.most_rows {
            // Rows that are in the reader's buffer are read without waiting; where
            // there are many, the other tasks of this thread still get their turn.
            if produced.rows_read.is_multiple_of(256) {
                tokio::task::yield_now().await;
                if self.halt.is_cancelled() {
                    return Err(ProduceError::Halted);
                }
            }
            let written = match self
                .reader
                .next(&mut record)
                .await
                .map_err(ProduceError::Rows)?
            {
                Next::End => break,
                Next::Fault { row, fault } => {
                    let reject = RowReject {
                        field: None,
                        reason: fault.code(),
                    };
                    Written::Rejected(row, reject)
                }
                Next::Row => self.write(&record, &mut row, &mut builder, produced),
            };
            produced.rows_read += 1;
            self.metrics.rows_read.inc();
            self.progress
                .rows_read
                .store(produced.rows_read, Ordering::Relaxed);

            let mut completed = None;
            let rejected = match written {
                Written::Batched(batch) => {
                    completed = batch;
                    false
                }
                // Never meant to be sent, so that it says nothing about the mapping.
                Written::Filtered => {
                    produced.rows_filtered += 1;
                    self.metrics.rows_filtered.inc();
                    continue;
                }
                Written::Rejected(row, reject) => {
                    self.reject(row, reject, produced);
                    true
                }
            };
            let opened = self.gate.row(rejected).map_err(ProduceError::Blocked)?;
            let passed = completed.and_then(|batch| self.gate.pass(batch));
            for batch in opened.into_iter().chain(passed) {
                hand_over(batches, batch).await?;
            }
        }
        let last = builder.finish();
        let held = self.gate.end().map_err(ProduceError::Blocked)?;
        for batch in held.into_iter().chain(last) {
            hand_over(batches, batch).await?;
        }
        Ok(())
    }

    fn write(
        &self,
        record: &Record,
        row: &mut IdentifiedRow,
        builder: &mut BatchBuilder,
        produced: &mut Produced,
    ) -> Written {
        match self
            .mapping
            .identify(|position| record.get(position), row, &mut produced.fields)
        {
            Verdict::Filtered => return Written::Filtered,
            Verdict::Reject(reject) => return Written::Rejected(record.number(), reject.into()),
            Verdict::Keep => produced.quality.row(row),
        }
        match builder.push(record.number(), |body| {
            self.destination.write(record, row, body)
        }) {
            Ok(batch) => Written::Batched(batch),
            Err(reject) => Written::Rejected(record.number(), reject),
        }
    }

    fn reject(&self, row: u64, reject: RowReject, produced: &mut Produced) {
        produced
            .rejects
            .add(row, reject.field.map(Code::new), reject.reason);
        produced
            .reject_list
            .rejected(row, reject.field, reject.reason);
        self.metrics.rejected(reject.reason);
        self.progress.rows_rejected.fetch_add(1, Ordering::Relaxed);
    }
}

enum Written {
    /// In a batch; the batch is given when the row completed one.
    Batched(Option<Batch>),
    Filtered,
    Rejected(u64, RowReject),
}

async fn hand_over(batches: &mpsc::Sender<Batch>, batch: Batch) -> Result<(), ProduceError> {
    batches.send(batch).await.map_err(|_| ProduceError::Halted)
}
