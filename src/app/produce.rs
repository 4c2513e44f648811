//! Reads the rows of one object and fills batches with them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::left_out::LeftOutBefore;
use super::progress::Progress;
use super::sample_gate::{Blocked, SampleGate};
use crate::batches::{Batch, BatchBuilder};
use crate::identity::quality::Quality;
use crate::identity::{IdentifiedRow, Mapping, Tally, Verdict};
use crate::ledger::{BatchRows, Cut, ReadCounts, Watermark};
use crate::meta::{Destination, RowReject};
use crate::object::{Decompressed, PinnedReader};
use crate::receipts::{Code, FinishedList, RejectList};
use crate::rows::{Next, Position, Record, RowReader, RowsError};
use crate::telemetry::Metrics;

/// What is read, and what becomes of its rows.
pub(super) struct Production {
    pub reader: RowReader<Decompressed<PinnedReader>>,
    pub mapping: Mapping,
    pub destination: Arc<dyn Destination>,
    pub gate: SampleGate,
    /// Where an earlier attempt came to; the reader stands there.
    pub from: Watermark,
    /// What was counted until there.
    pub counted: ReadCounts,
    /// No row after these is read.
    pub most_rows: u64,
    pub metrics: Arc<Metrics>,
    pub progress: Arc<Progress>,
    pub halt: CancellationToken,
}

/// A batch, and what is true once it and all before it are acknowledged.
#[derive(Debug)]
pub(super) struct Portion {
    pub batch: Batch,
    pub cut: Cut,
}

/// The counts of what was read, whether or not it was read to the end.
#[derive(Debug, Default)]
pub(super) struct Produced {
    pub counts: ReadCounts,
    pub quality: Quality,
    /// Rows rejected before the cuts of batches that nobody was given.
    pub withheld: Vec<FinishedList>,
    /// Rows rejected since the last cut.
    pub rejects: RejectList,
    /// What a gate that only tells has told.
    pub would_block: Option<Blocked>,
    /// Optional properties that an earlier attempt left out, and how many of those that the
    /// destination counts now are among them.
    left_out: LeftOutBefore,
}

/// Why the rows were not read to the end.
#[derive(Debug)]
pub(super) enum ProduceError {
    Rows(RowsError),
    Blocked(Blocked),
    /// The rows do not make the batches that an earlier attempt made of them.
    OtherBatches,
    /// Told to stop, or nobody takes the batches any more.
    Halted,
}

impl Production {
    /// Runs until the last row is in a batch and the batch is taken. Of the batches
    /// only one is filled and one waits in the channel at any time.
    pub(super) async fn run(
        mut self,
        portions: mpsc::Sender<Portion>,
    ) -> (Produced, Result<(), ProduceError>) {
        let mut produced = Produced::from(std::mem::take(&mut self.counted));
        let ended = self.fill(&portions, &mut produced).await;
        produced.withheld = self.gate.withheld();
        produced.would_block = self.gate.told();
        produced.settle(&*self.destination);
        (produced, ended)
    }

    async fn fill(
        &mut self,
        portions: &mpsc::Sender<Portion>,
        produced: &mut Produced,
    ) -> Result<(), ProduceError> {
        let mut builder = BatchBuilder::new(self.destination.envelope(), self.destination.limits())
            .after(self.from.batches);
        let mut record = Record::default();
        let mut row = IdentifiedRow::default();
        if self.from.first_is_counted {
            self.take_first(&mut record, &mut row, &mut builder, produced)
                .await?;
        }
        while produced.counts.rows_read < self.most_rows {
            // Rows that are in the reader's buffer are read without waiting; where
            // there are many, the other tasks of this thread still get their turn.
            if produced.counts.rows_read.is_multiple_of(256) {
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
            produced.counts.rows_read += 1;
            self.metrics.rows_read.inc();
            self.progress
                .rows_read
                .store(produced.counts.rows_read, Ordering::Relaxed);

            let mut completed = None;
            let rejected = match written {
                Written::Batched(batch) => {
                    completed = batch.map(|batch| self.portion(batch, &record, &builder, produced));
                    produced.quality.row(&row);
                    false
                }
                // Never meant to be sent, so that it says nothing about the mapping.
                Written::Filtered => {
                    produced.counts.rows_filtered += 1;
                    self.metrics.rows_filtered.inc();
                    continue;
                }
                Written::Rejected(row, reject) => {
                    self.reject(row, reject, produced);
                    true
                }
            };
            let passed = completed.and_then(|portion| self.gate.pass(portion));
            let opened = self.gate.row(rejected).map_err(ProduceError::Blocked)?;
            for portion in opened.into_iter().chain(passed) {
                hand_over(portions, portion).await?;
            }
        }
        let last = builder.finish();
        let last = last.map(|batch| {
            let place = Watermark {
                batches: batch.sequence() + 1,
                position: Position {
                    rows: produced.counts.rows_read,
                    offset: self.reader.offset(),
                },
                first_is_counted: false,
            };
            self.cut_at(place, batch, produced)
        });
        let passed = last.and_then(|portion| self.gate.pass(portion));
        let opened = self.gate.end().map_err(ProduceError::Blocked)?;
        for portion in opened.into_iter().chain(passed) {
            hand_over(portions, portion).await?;
        }
        Ok(())
    }

    /// The row that an earlier attempt had counted, but in no batch that is acknowledged:
    /// it begins the first one now.
    async fn take_first(
        &mut self,
        record: &mut Record,
        row: &mut IdentifiedRow,
        builder: &mut BatchBuilder,
        produced: &mut Produced,
    ) -> Result<(), ProduceError> {
        let next = self.reader.next(record).await;
        let is_row = matches!(next.map_err(ProduceError::Rows)?, Next::Row);
        let mut uncounted = Tally::default();
        let verdict = self
            .mapping
            .identify(|position| record.get(position), row, &mut uncounted);
        let written = builder.push(record.number(), |body| {
            self.destination.write(record, row, body)
        });
        produced.left_out.are_counted(&*self.destination);
        match (verdict, written) {
            (Verdict::Keep, Ok(None)) if is_row => Ok(()),
            _ => Err(ProduceError::OtherBatches),
        }
    }

    fn write(
        &self,
        record: &Record,
        row: &mut IdentifiedRow,
        builder: &mut BatchBuilder,
        produced: &mut Produced,
    ) -> Written {
        match self.mapping.identify(
            |position| record.get(position),
            row,
            &mut produced.counts.fields,
        ) {
            Verdict::Filtered => return Written::Filtered,
            Verdict::Reject(reject) => return Written::Rejected(record.number(), reject.into()),
            Verdict::Keep => {}
        }
        match builder.push(record.number(), |body| {
            self.destination.write(record, row, body)
        }) {
            Ok(batch) => Written::Batched(batch),
            Err(reject) => Written::Rejected(record.number(), reject),
        }
    }

    /// The batch that the row of `record` has completed: with that row, or because it did
    /// not fit, and begins the next one.
    fn portion(
        &self,
        batch: Batch,
        record: &Record,
        builder: &BatchBuilder,
        produced: &mut Produced,
    ) -> Portion {
        let batches = batch.sequence() + 1;
        let place = if builder.is_empty() {
            Watermark {
                batches,
                position: Position {
                    rows: produced.counts.rows_read,
                    offset: self.reader.offset(),
                },
                first_is_counted: false,
            }
        } else {
            Watermark {
                batches,
                position: Position {
                    rows: produced.counts.rows_read - 1,
                    offset: record.offset(),
                },
                first_is_counted: true,
            }
        };
        self.cut_at(place, batch, produced)
    }

    fn cut_at(&self, watermark: Watermark, batch: Batch, produced: &mut Produced) -> Portion {
        produced.settle(&*self.destination);
        let cut = Cut {
            rows: rows_of(&batch),
            watermark,
            read: produced.counts.clone(),
            rejects: std::mem::take(&mut produced.rejects).finish(),
        };
        Portion { batch, cut }
    }

    fn reject(&self, row: u64, reject: RowReject, produced: &mut Produced) {
        let key = reject.field.map(Code::new);
        let rejects = &mut produced.counts.rejects;
        rejects.add(row, key, reject.reason);
        // Of the whole object, however many parts of its list are on their way.
        match rejects.total() <= RejectList::MOST_ROWS {
            true => produced.rejects.rejected(row, reject.field, reject.reason),
            false => produced.rejects.counted(),
        }
        self.metrics.rejected(reject.reason);
        self.progress.rows_rejected.fetch_add(1, Ordering::Relaxed);
    }
}

impl From<ReadCounts> for Produced {
    /// Goes on from what was counted before.
    fn from(counts: ReadCounts) -> Produced {
        Produced {
            quality: counts.quality.clone().into(),
            left_out: LeftOutBefore::new(counts.left_out.clone()),
            counts,
            ..Produced::default()
        }
    }
}

impl Produced {
    /// Brings the counts up to date that are kept elsewhere while rows pass.
    fn settle(&mut self, destination: &dyn Destination) {
        self.counts.quality = self.quality.settled().cloned();
        self.counts.left_out = self.left_out.and(destination);
    }
}

pub(super) fn rows_of(batch: &Batch) -> BatchRows {
    BatchRows {
        batch: batch.sequence(),
        first_row: batch.row_numbers().next().unwrap_or_default(),
        last_row: batch.row_numbers().last().unwrap_or_default(),
        rows: batch.rows(),
    }
}

enum Written {
    /// In a batch; the batch is given when the row completed one.
    Batched(Option<Batch>),
    Filtered,
    Rejected(u64, RowReject),
}

async fn hand_over(portions: &mpsc::Sender<Portion>, portion: Portion) -> Result<(), ProduceError> {
    let handed = portions.send(portion).await;
    handed.map_err(|_| ProduceError::Halted)
}
