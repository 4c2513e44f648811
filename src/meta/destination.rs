//! Where rows go: how they are written into requests, and where those are sent.

use super::client::Request;
use crate::batches::{Batch, BatchLimits, Envelope, RowTooLarge};
use crate::identity::key::Key;
use crate::identity::{IdentifiedRow, Reject};
use crate::rows::Record;

/// One destination for the rows of one object, its columns already found in the header.
///
/// An implementation decides the form of a request and nothing about when or how
/// often it is sent. For the same row it always writes the same bytes. Both pass
/// `tests/destination_conformance.rs`.
pub trait Destination: Send + Sync {
    /// What surrounds the rows in each body.
    fn envelope(&self) -> Envelope;

    fn limits(&self) -> BatchLimits;

    /// Appends the row's entries, joined by commas, and says how many. On a reject
    /// whatever was appended is taken back by the caller.
    fn write(
        &self,
        record: &Record,
        row: &IdentifiedRow,
        body: &mut Vec<u8>,
    ) -> Result<u32, RowReject>;

    fn request(&self, batch: &Batch) -> Request;

    /// Whether rows may be sent again in other requests, though it is not known whether they
    /// have arrived: it makes no difference how often, as in a set.
    fn is_a_set(&self) -> bool {
        false
    }

    /// Which rows of the batch, by their places in it, Meta would not take any more at this
    /// moment (Unix seconds), and with them the request.
    fn too_old(&self, _batch: &Batch, _now: i64) -> Vec<usize> {
        Vec::new()
    }

    /// What was left out of the rows written so far, because it was optional and could
    /// not be sent.
    fn left_out(&self) -> Vec<LeftOut> {
        Vec::new()
    }
}

/// Cells of an optional property that their rows were sent without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// As the configuration calls it.
    pub property: String,
    /// A stable code, such as `property_no_integer`.
    pub reason: &'static str,
    pub cells: u64,
}

/// Why a row cannot be sent, as a code; never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowReject {
    /// The key or event field at fault, where one is.
    pub field: Option<&'static str>,
    /// A stable code, such as `email_without_at` or `event_too_old`.
    pub reason: &'static str,
}

impl RowReject {
    pub const fn new(field: &'static str, reason: &'static str) -> RowReject {
        RowReject {
            field: Some(field),
            reason,
        }
    }
}

impl From<Reject> for RowReject {
    fn from(reject: Reject) -> RowReject {
        RowReject {
            field: reject.key.map(Key::name),
            reason: reject.reason.code(),
        }
    }
}

impl From<RowTooLarge> for RowReject {
    fn from(_: RowTooLarge) -> RowReject {
        RowReject {
            field: None,
            reason: "row_too_large",
        }
    }
}
