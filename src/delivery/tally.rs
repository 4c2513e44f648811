//! What became of the rows that were sent, in counts.

use crate::meta::{RefusalCause, TraceId};

/// A row that was not accepted, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    pub row: u64,
    pub cause: RefusalCause,
}

impl RefusedRow {
    /// Whether Meta was asked.
    pub fn is_by_meta(&self) -> bool {
        matches!(self.cause, RefusalCause::ByMeta(_))
    }
}

/// Sums over batches. Rows are source rows; entries are what the requests held.
#[derive(Clone, Debug, Default)]
pub struct DeliveryTally {
    pub batches: u64,
    pub rows_accepted: u64,
    pub refused: Vec<RefusedRow>,
    pub entries_sent: u64,
    /// Entries of accepted audience rows that Meta calls wrongly formed.
    pub entries_invalid: u64,
    pub requests: u64,
    pub retries: u64,
    /// Meta's trace ids of requests that were accepted.
    pub trace_ids: Vec<TraceId>,
    pub trace_ids_total: u64,
}

/// More trace ids than anybody quotes to a support desk; what is beyond is counted.
const MOST_TRACE_IDS: usize = 200;

impl DeliveryTally {
    pub(crate) fn trace(&mut self, trace_id: Option<TraceId>) {
        if let Some(trace_id) = trace_id {
            self.trace_ids_total += 1;
            if self.trace_ids.len() < MOST_TRACE_IDS {
                self.trace_ids.push(trace_id);
            }
        }
    }
}
