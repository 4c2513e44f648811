//! How far an object is acknowledged: all in counts, none of it a person's.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::identity::{QualityFindings, Tally};
use crate::receipts::{Code, Refusals, Rejects};
use crate::rows::Position;

/// Everything that a later attempt goes on from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub watermark: Watermark,
    /// Of the rows below the watermark. The others are read again.
    pub read: ReadCounts,
    /// Batches that are acknowledged though one before them is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<BatchRows>,
    /// Batches that were sent, and of which nobody knows whether they arrived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<BatchRows>,
    /// Of the batches before this one, those that are not acknowledged may have been sent by
    /// an attempt that ended without a word.
    #[serde(default)]
    pub in_doubt_before: u64,
    /// Of all acknowledged batches.
    pub answered: Answered,
    pub rejects: RejectSegments,
    /// Why it was begun anew once, if it was: `route_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<Code>,
}

/// Every batch before it is acknowledged, and every row of them has its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The number of batches, which is the sequence of the next one.
    pub batches: u64,
    /// Where the next batch begins.
    #[serde(flatten)]
    pub position: Position,
    /// The row at this position is counted in [`Progress::read`] already: it was read
    /// before it was known that the batch before had no room for it.
    #[serde(default)]
    pub first_is_counted: bool,
}

/// What was found in the rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadCounts {
    pub rows_read: u64,
    pub rows_filtered: u64,
    #[serde(flatten)]
    pub rejects: Rejects,
    pub fields: Tally,
    /// Of the first rows, once all of those are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityFindings>,
    /// Cells of optional properties, by property and reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<Code, BTreeMap<Code, u64>>,
}

/// Which rows a batch holds: enough to see that it is made of the same ones again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRows {
    pub batch: u64,
    pub first_row: u64,
    pub last_row: u64,
    pub rows: u64,
}

/// What Meta said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub batches: u64,
    pub rows_accepted: u64,
    #[serde(flatten)]
    pub refusals: Refusals,
    pub entries_sent: u64,
    pub entries_invalid: u64,
    pub requests: u64,
    pub retries: u64,
    /// The first of the trace ids, and how many there were.
    pub trace_ids: Vec<String>,
    pub trace_ids_total: u64,
}

/// The list of rejects as far as it goes: gzip members that, one after the other, are one
/// gzip file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectSegments {
    /// How many rows the segments and the tail list.
    pub listed: u64,
    /// How many rows there were to list.
    pub of: u64,
    /// Kept beside the entry, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Bytes in all of these.
    pub bytes: u64,
    /// What is not worth an object of its own yet, in base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

impl RejectSegments {
    /// What stands in the entry itself.
    pub fn tail_bytes(&self) -> Bytes {
        // It was written by this program.
        STANDARD.decode(&self.tail).unwrap_or_default().into()
    }
}
