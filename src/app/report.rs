//! Gathers what a receipt tells, step by step, so that it can be written whatever
//! step was the last.

use std::collections::BTreeMap;

use bytes::Bytes;
use time::OffsetDateTime;

use super::plan::{Plan, describe_unplanned};
use super::produce::Produced;
use crate::config::Route;
use crate::delivery::DeliveryTally;
use crate::identity::key::{Api, Key};
use crate::identity::{KeyTally, Tally, quality};
use crate::object::version::ObjectVersion;
use crate::receipts::{
    Code, Destination, FieldCounts, Receipt, Share, Status, TraceIds, UnmappedColumns, Warning,
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
    produced: Produced,
    delivered: DeliveryTally,
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
            produced: Produced::default(),
            delivered: DeliveryTally::default(),
        }
    }

    pub(super) fn planned(&mut self, plan: &Plan) {
        self.destination = plan.description.clone();
        self.keys = plan.mapping.source_keys();
        self.unmapped = UnmappedColumns::new(&plan.unmapped());
    }

    pub(super) fn sent(&mut self, tally: DeliveryTally) {
        self.delivered = tally;
    }

    pub(super) fn read(&mut self, produced: Produced) {
        self.produced = produced;
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

        let produced = self.produced;
        receipt.rows.read = produced.rows_read;
        receipt.rows.filtered = produced.rows_filtered;
        receipt.rows.rejected = produced.rejects.total();
        receipt.rejects = produced.rejects;
        receipt.fields = fields(&self.keys, &produced.fields);
        receipt.unmapped_columns = self.unmapped;
        let warnings = produced
            .quality
            .warnings(self.api, &self.keys, &produced.fields);
        receipt.warnings = warnings.iter().map(warning).collect();
        for left_out in produced.left_out {
            // The configuration lets no other names through than codes may have.
            if let Ok(property) = Code::try_from(left_out.property) {
                let reasons = receipt.properties_left_out.entry(property).or_default();
                reasons.insert(Code::new(left_out.reason), left_out.cells);
            }
        }

        let mut delivered = self.delivered;
        delivered.refused.sort_by_key(|refused| refused.row);
        let mut list = produced.reject_list;
        receipt.sent.accepted = delivered.rows_accepted;
        receipt.sent.refused = delivered.refused.len() as u64;
        for refused in &delivered.refused {
            receipt.refusals.add(refused.row, refused.error);
            list.refused(refused.row, refused.error);
        }
        receipt.rows.sent = receipt.sent.accepted + receipt.sent.refused;
        let accounted = receipt.rows.filtered + receipt.rows.rejected + receipt.rows.sent;
        receipt.rows.withheld = receipt.rows.read.saturating_sub(accounted);
        receipt.entries.sent = delivered.entries_sent;
        receipt.entries.invalid = delivered.entries_invalid;
        receipt.batches.acknowledged = delivered.batches;
        receipt.batches.requests = delivered.requests;
        receipt.batches.retries = delivered.retries;
        receipt.trace_ids = TraceIds::new(delivered.trace_ids, delivered.trace_ids_total);
        let rejects = list.finish().map(|list| {
            receipt.list_rejects(list.listed, list.of);
            list.bytes
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
