//! Gathers what a receipt tells, step by step, so that it can be written whatever
//! step was the last.

use time::OffsetDateTime;

use super::plan::{Plan, describe_unplanned};
use super::produce::Produced;
use crate::config::Route;
use crate::delivery::DeliveryTally;
use crate::object::version::ObjectVersion;
use crate::receipts::{Code, Destination, FieldCounts, Receipt, Status, TraceIds};

#[derive(Debug)]
pub(super) struct Report {
    object: ObjectVersion,
    route: String,
    destination: Destination,
    replay: Option<String>,
    started_at: OffsetDateTime,
    produced: Produced,
    delivered: DeliveryTally,
}

impl Report {
    pub(super) fn new(route: &Route, object: &ObjectVersion, replay: Option<String>) -> Report {
        Report {
            object: object.clone(),
            route: route.name.clone(),
            destination: describe_unplanned(route),
            replay,
            started_at: OffsetDateTime::now_utc(),
            produced: Produced::default(),
            delivered: DeliveryTally::default(),
        }
    }

    pub(super) fn planned(&mut self, plan: &Plan) {
        self.destination = plan.description.clone();
    }

    pub(super) fn sent(&mut self, tally: DeliveryTally) {
        self.delivered = tally;
    }

    pub(super) fn read(&mut self, produced: Produced) {
        self.produced = produced;
    }

    /// The receipt as things stand. It is asked for only when nothing is out: every row
    /// that was sent has its answer, and what is left was held back.
    pub(super) fn receipt(self, status: Status, explanation: Option<String>) -> Receipt {
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
        for (key, tally) in produced.fields.iter() {
            let counts = FieldCounts {
                filled: tally.filled,
                kept: tally.kept,
                changed: tally.changed,
                dropped: tally
                    .dropped()
                    .map(|(reason, count)| (Code::new(reason.code()), count))
                    .collect(),
            };
            receipt.fields.insert(Code::new(key.name()), counts);
        }
        for left_out in produced.left_out {
            // The configuration lets no other names through than codes may have.
            if let Ok(property) = Code::try_from(left_out.property) {
                let reasons = receipt.properties_left_out.entry(property).or_default();
                reasons.insert(Code::new(left_out.reason), left_out.cells);
            }
        }

        let delivered = self.delivered;
        receipt.sent.accepted = delivered.rows_accepted;
        receipt.sent.refused = delivered.refused.len() as u64;
        for refused in &delivered.refused {
            receipt.refusals.add(refused.row, refused.error);
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
        receipt
    }
}
