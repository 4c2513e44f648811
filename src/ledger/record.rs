//! The entry in hand, and what each event of the work does to it. Pure but for the time
//! that it notes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use time::OffsetDateTime;

use super::entry::{Entry, SENT, State};
use super::keeper::Ending;
use super::progress::BatchRows;
use super::run::RunRecord;
use super::window::{Cut, Window};
use crate::delivery::DeliveryTally;
use crate::receipts::{Code, FinishedList, RejectList};

/// A part of the list of rejects of so many bytes is worth an object of its own.
const SPILL_BYTES: usize = 48 * 1024;

/// So many replays are remembered.
const MOST_REPLAYS: usize = 32;

const MOST_TRACE_IDS: usize = 200;

pub(super) struct Record {
    entry: Entry,
    window: Window,
    /// Of the list of rejects, what no segment holds yet: gzip members.
    tail: Vec<u8>,
    /// Of this attempt alone.
    segments: u64,
    attempts_before: u32,
}

impl Record {
    pub(super) fn new(entry: Entry) -> Record {
        let progress = &entry.progress;
        let window = Window::new(progress.watermark.batches, &progress.beyond);
        Record {
            window,
            tail: progress.rejects.tail_bytes().into(),
            segments: 0,
            attempts_before: entry.attempts.without_progress.saturating_sub(1),
            entry,
        }
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(super) fn acknowledge(&mut self, cut: Cut, tally: Option<Box<DeliveryTally>>) {
        let batch = cut.rows.batch;
        if let Some(tally) = tally {
            self.count(&tally);
            // Whatever kept earlier attempts from this is over. Where Meta has refused all so
            // far, the next attempt throws this away, and it is none.
            if self.entry.progress.answered.rows_accepted > 0 {
                self.progressed();
            }
        }
        for cut in self.window.acknowledge(cut) {
            self.list(cut.rejects);
            self.entry.progress.watermark = cut.watermark;
            self.entry.progress.read = cut.read;
        }
        self.entry.progress.beyond = self.window.beyond();
        self.entry
            .progress
            .unknown
            .retain(|rows| rows.batch != batch);
        self.entry.progress.rejects.tail = STANDARD.encode(&self.tail);
    }

    fn progressed(&mut self) {
        self.entry.attempts.without_progress = 0;
        self.entry.attempts.in_vain = 0;
        self.attempts_before = 0;
    }

    pub(super) fn unknown(&mut self, rows: BatchRows) {
        let unknown = &mut self.entry.progress.unknown;
        if !unknown.iter().any(|one| one.batch == rows.batch) {
            unknown.push(rows);
        }
    }

    pub(super) fn run(&mut self, run: Box<RunRecord>, progressed: bool) {
        self.entry.run = Some(run);
        if progressed {
            self.progressed();
        }
    }

    fn count(&mut self, tally: &DeliveryTally) {
        let mut refused = RejectList::default();
        let answered = &mut self.entry.progress.answered;
        for row in &tally.refused {
            answered.refusals.add(row.row, row.cause);
            refused.refused(row.row, row.cause);
        }
        answered.batches += tally.batches;
        answered.rows_accepted += tally.rows_accepted;
        answered.entries_sent += tally.entries_sent;
        answered.entries_invalid += tally.entries_invalid;
        answered.requests += tally.requests;
        answered.retries += tally.retries;
        answered.trace_ids_total += tally.trace_ids_total;
        let room = MOST_TRACE_IDS.saturating_sub(answered.trace_ids.len());
        let ids = tally.trace_ids.iter().take(room);
        answered
            .trace_ids
            .extend(ids.map(|id| id.as_str().to_owned()));
        self.list(refused.finish());
    }

    fn list(&mut self, list: Option<FinishedList>) {
        let Some(list) = list else { return };
        let rejects = &mut self.entry.progress.rejects;
        rejects.of += list.of;
        if rejects.listed + list.listed <= RejectList::MOST_ROWS {
            rejects.listed += list.listed;
            rejects.bytes += list.bytes.len() as u64;
            self.tail.extend_from_slice(&list.bytes);
        }
    }

    /// The tail, if it is to be kept beside the entry, and a name that no other attempt
    /// gives.
    pub(super) fn spill(&self) -> Option<(String, Bytes)> {
        let name = format!("{}-{}", self.entry.fence, self.segments);
        (self.tail.len() >= SPILL_BYTES).then(|| (name, Bytes::copy_from_slice(&self.tail)))
    }

    /// It is kept.
    pub(super) fn spilled(&mut self, name: String) {
        self.segments += 1;
        self.tail.clear();
        let rejects = &mut self.entry.progress.rejects;
        rejects.tail.clear();
        rejects.names.push(name);
    }

    /// The entry as it is to be written next.
    pub(super) fn next_revision(&mut self) -> &Entry {
        self.entry.revision += 1;
        self.entry.updated_at = OffsetDateTime::now_utc().into();
        &self.entry
    }

    pub(super) fn end(&mut self, ending: Ending) {
        let entry = &mut self.entry;
        match ending {
            Ending::Release { reason, counted } => {
                if !counted && entry.attempts.without_progress > 0 {
                    entry.attempts.without_progress = self.attempts_before;
                }
                entry.state = State::Waiting { reason };
            }
            Ending::Sent { read, rejects } => {
                self.list(rejects);
                let entry = &mut self.entry;
                entry.progress.read = *read;
                entry.progress.rejects.tail = STANDARD.encode(&self.tail);
                entry.state = State::Waiting {
                    reason: Code::new(SENT),
                };
            }
            Ending::Done => {
                entry.deliveries += 1;
                if let Some(name) = entry.replay.take() {
                    entry.replayed.push(name);
                    let old = entry.replayed.len().saturating_sub(MOST_REPLAYS);
                    entry.replayed.drain(..old);
                }
                self.settle(State::Done);
            }
            Ending::Superseded => self.settle(State::Superseded),
            Ending::Quarantined { reason } => entry.state = State::Quarantined { reason },
        }
    }

    /// What only a later attempt would need is not kept: the receipt has it.
    fn settle(&mut self, state: State) {
        let entry = &mut self.entry;
        self.tail.clear();
        entry.state = state;
        entry.attempts.without_progress = 0;
        entry.attempts.in_vain = 0;
        entry.progress.rejects = Default::default();
        entry.progress.unknown.clear();
        entry.progress.answered.trace_ids.clear();
    }
}
