//! Gathers what a receipt tells, step by step, so that it can be written whatever
//! step was the last.

use std::collections::BTreeMap;

use bytes::Bytes;
use time::OffsetDateTime;

use super::plan::{Plan, describe_unplanned};
use super::produce::Produced;
use crate::config::Route;
use crate::identity::key::{Api, Key};
use crate::identity::{KeyTally, Tally, quality};
use crate::ledger::{Answered, Entry, RejectSegments};
use crate::object::version::ObjectVersion;
use crate::receipts::{
    Attempts, Code, Destination, FieldCounts, FinishedList, Receipt, Share, Status, TraceIds,
    UnmappedColumns, Warning, whole_list,
};

#[derive(Debug)]
pub(super) struct Report {
    object: ObjectVersion,
    route: String,
    destination: Destination,
    replay: Option<String>,
    started_at: OffsetDateTime,
    api: Api,
    /// The keys that columns were mapped to.
    keys: Vec<Key>,
    unmapped: UnmappedColumns,
    /// None where no row was read, or sending stopped first.
    produced: Option<Produced>,
    answered: Answered,
    /// The parts of the list of rejects that were recorded, in order.
    listed: Vec<Bytes>,
    rejects: RejectSegments,
    /// Rows of batches of which nobody knows whether they arrived.
    unknown: u64,
    /// The last row that is acknowledged beyond the watermark.
    beyond: u64,
    attempts: Option<Attempts>,
}

/// The whole report.
#[derive(Debug)]
pub(super) struct Finished {
    pub receipt: Receipt,
    /// The file that the receipt names.
    pub rejects: Option<Bytes>,
}

impl Report {
    pub(super) fn new(route: &Route, object: &ObjectVersion, replay: Option<String>) -> Report {
        Report {
            object: object.clone(),
            route: route.name.clone(),
            destination: describe_unplanned(route),
            replay,
            started_at: OffsetDateTime::now_utc(),
            api: route.destination.api(),
            keys: Vec::new(),
            unmapped: UnmappedColumns::default(),
            produced: None,
            answered: Answered::default(),
            listed: Vec::new(),
            rejects: RejectSegments::default(),
            unknown: 0,
            beyond: 0,
            attempts: None,
        }
    }

    pub(super) fn planned(&mut self, plan: &Plan) {
        self.destination = plan.description.clone();
        self.keys = plan.mapping.source_keys();
        self.unmapped = UnmappedColumns::new(&plan.unmapped());
    }

    /// What the ledger knows of this and all earlier attempts, `listed` being the recorded
    /// parts of the list of rejects. All there is to tell unless this attempt has
    /// [read](Self::read) to where it ended: what it counted beyond what is recorded is lost
    /// with the batches that nobody took.
    pub(super) fn recorded(&mut self, entry: &Entry, listed: Vec<Bytes>) {
        if self.produced.is_none() {
            self.produced = Some(Produced::from(entry.progress.read.clone()));
        }
        self.answered = entry.progress.answered.clone();
        self.rejects = entry.progress.rejects.clone();
        self.listed = listed;
        let unknown = entry.progress.unknown.iter();
        self.unknown = unknown.map(|batch| batch.rows).sum();
        let beyond = entry.progress.beyond.iter();
        self.beyond = beyond.map(|batch| batch.last_row).max().unwrap_or(0);
    }

    /// That it was not begun and ended in one attempt.
    pub(super) fn attempted(&mut self, attempts: Attempts) {
        self.attempts = Some(attempts);
    }

    pub(super) fn read(&mut self, produced: Produced) {
        self.produced = Some(produced);
    }

    /// The report as things stand. It is asked for only when nothing is out: every row
    /// that was sent has its answer, and what is left was held back.
    pub(super) fn finish(self, status: Status, explanation: Option<String>) -> Finished {
        let finished_at = OffsetDateTime::now_utc();
        let mut receipt = Receipt::new(
            &self.object,
            self.route,
            self.destination,
            status,
            self.started_at,
            finished_at,
        );
        receipt.explanation = explanation;
        receipt.replay = self.replay;

        receipt.attempts = self.attempts;

        let Produced {
            counts,
            quality,
            withheld,
            rejects,
            ..
        } = self.produced.unwrap_or_default();
        // What is acknowledged was read, by whichever attempt.
        receipt.rows.read = counts.rows_read.max(self.beyond);
        receipt.rows.filtered = counts.rows_filtered;
        receipt.rows.rejected = counts.rejects.total();
        receipt.rejects = counts.rejects;
        receipt.fields = fields(&self.keys, &counts.fields);
        receipt.unmapped_columns = self.unmapped;
        let warnings = quality.warnings(self.api, &self.keys, &counts.fields);
        receipt.warnings = warnings.iter().map(warning).collect();
        receipt.properties_left_out = counts.left_out;

        let answered = self.answered;
        receipt.sent.accepted = answered.rows_accepted;
        receipt.sent.refused = answered.refusals.total();
        receipt.sent.unknown = self.unknown;
        receipt.refusals = answered.refusals;
        receipt.rows.sent = receipt.sent.accepted + receipt.sent.refused + receipt.sent.unknown;
        let accounted = receipt.rows.filtered + receipt.rows.rejected + receipt.rows.sent;
        // Of a delivery the reader's count stands by itself, so that a row that is counted twice
        // is a receipt that does not add up.
        if receipt.status != Status::Delivered {
            receipt.rows.read = receipt.rows.read.max(accounted);
        }
        receipt.rows.withheld = receipt.rows.read.saturating_sub(accounted);
        receipt.entries.sent = answered.entries_sent;
        receipt.entries.invalid = answered.entries_invalid;
        if answered.entries_invalid > 0 {
            let (invalid, sent) = (answered.entries_invalid, answered.entries_sent);
            let invalid = quality::Warning::of_entries(invalid, sent);
            receipt.warnings.push(warning(&invalid));
        }
        receipt.batches.acknowledged = answered.batches;
        receipt.batches.requests = answered.requests;
        receipt.batches.retries = answered.retries;
        receipt.trace_ids = TraceIds::counted(answered.trace_ids, answered.trace_ids_total);

        let unrecorded: Vec<FinishedList> = withheld.into_iter().chain(rejects.finish()).collect();
        let listed = self.rejects.listed + unrecorded.iter().map(|list| list.listed).sum::<u64>();
        let of = self.rejects.of + unrecorded.iter().map(|list| list.of).sum::<u64>();
        let recorded = self.listed.iter().map(|part| &part[..]);
        let unrecorded = unrecorded.iter().map(|list| &list.bytes[..]);
        let rejects = (of > 0).then(|| {
            receipt.list_rejects(listed, of);
            whole_list(recorded.chain(unrecorded))
        });
        Finished { receipt, rejects }
    }
}

fn fields(keys: &[Key], tally: &Tally) -> BTreeMap<Code, FieldCounts> {
    let of = |key: &Key| counts(&tally.of(*key), tally.rows());
    let counts = keys.iter().map(|key| (Code::new(key.name()), of(key)));
    counts.collect()
}

fn counts(tally: &KeyTally, rows: u64) -> FieldCounts {
    FieldCounts {
        rows: tally.rows,
        share: Share::of(tally.rows, rows),
        filled: tally.filled,
        kept: tally.kept,
        changed: tally.changed,
        already_hashed: tally.already_hashed,
        dropped: tally
            .dropped()
            .map(|(reason, count)| (Code::new(reason.code()), count))
            .collect(),
    }
}

fn warning(warning: &quality::Warning) -> Warning {
    Warning {
        code: Code::new(warning.code.code()),
        key: warning.key.map(|key| Code::new(key.name())),
        reason: warning.reason.map(|reason| Code::new(reason.code())),
        count: warning.count,
        of: warning.of,
        advice: warning.advice().into(),
    }
}
