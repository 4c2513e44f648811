//! What became of an object, in counts: the proof that every row is accounted for.
//!
//! A receipt is small, holds nothing that a person could be recognised by, and lies
//! at a place that its object and route alone determine. So "was this done?" is one
//! read, and writing it again after a crash overwrites the same receipt.

mod balance;
mod code;
mod erasure;
mod local;
pub(crate) mod path;
mod receipt;
mod refusals;
mod reject_list;
mod rejects;
mod run;
mod s3;
mod share;
mod status;
mod timestamp;
mod trace_ids;
mod unmapped;
mod warning;

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::object::version::ObjectVersion;
use crate::state::failure::Failure;

pub use balance::Unbalanced;
pub use code::{Code, NoCode};
pub use erasure::{
    AskedErasure, ErasedFrom, ErasedStatus, ErasureCounts, ErasureReceipt, UnfinishedPerson,
};
pub use local::LocalReceiptStore;
pub use receipt::{
    Attempts, Batches, Destination, Entries, FieldCounts, ObjectDescription, Receipt, Rows, Schema,
    Sent, Worker,
};
pub use refusals::{RefusalSample, Refusals};
pub use reject_list::{FinishedList, RejectList, RejectsFile, whole_list};
pub use rejects::{RejectSample, Rejects};
pub use run::{Live, RunObject, RunReport};
pub use s3::S3ReceiptStore;
pub use share::Share;
pub use status::Status;
pub use timestamp::Timestamp;
pub use trace_ids::TraceIds;
pub use unmapped::UnmappedColumns;
pub use warning::Warning;

/// Where receipts are kept: one of each object version and route. The
/// implementations pass one suite, `tests/receipt_store_conformance.rs`.
pub trait ReceiptStore: Send + Sync {
    /// Keeps the receipt instead of any earlier one of the same object version and route,
    /// but for one: that of a delivery stays, unless this is of another. What was sent again
    /// and failed does not unmake it, and a worker that has not delivered the object may be
    /// late to say so. When this returns, what is there survives a crash: the message may be
    /// deleted. A receipt whose counts do not add up is refused.
    ///
    /// Dropped in flight, it may or may not be kept, but never in part.
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>>;

    /// Keeps the list of rejects of the receipt's object version and route instead of any
    /// earlier one, at the [`path`](RejectsFile::path) that the receipt names. When this
    /// returns, it survives a crash: the receipt may be put.
    ///
    /// Dropped in flight, it may or may not be kept, but never in part.
    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>>;

    /// The receipt of exactly this version, if there is one.
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>>;
}

/// Where a receipt or its list of rejects is, to be read by people: `s3://bucket/key`, or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLocation(String);

impl ReceiptLocation {
    pub fn new(location: impl Into<String>) -> ReceiptLocation {
        ReceiptLocation(location.into())
    }
}

impl fmt::Display for ReceiptLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a receipt could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A fault of this program. Nothing was stored.
    #[error("the receipt's counts do not add up")]
    Unbalanced(#[from] Unbalanced),
    /// Nothing will succeed until somebody changes something.
    #[error("{0}")]
    Setup(String),
    /// Worth trying again.
    #[error("{0}")]
    Transient(String),
    /// Something lies where the receipt should, and is none that this version can
    /// read. Whether the object was done is not known: a person has to look.
    #[error("{location} is no receipt that this version can read: look at it, and move it away")]
    Unreadable { location: ReceiptLocation },
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Setup(text) => StoreError::Setup(text),
            Failure::Transient(text) => StoreError::Transient(text),
        }
    }
}

/// Far above what any receipt of ours comes to.
const MOST_BYTES: usize = 4 * 1024 * 1024;

fn to_json(receipt: &Receipt) -> Result<Vec<u8>, StoreError> {
    receipt.check()?;
    // It fails only for maps with keys that are no text, of which there is none.
    serde_json::to_vec_pretty(receipt)
        .map_err(|_| StoreError::Setup("could not write the receipt as JSON".to_owned()))
}

/// Two objects never share a place by their names, but on a file system that takes
/// `A` for `a`; what is found there must then not count for the other.
fn from_json(json: &[u8], location: &ReceiptLocation) -> Result<Receipt, StoreError> {
    let unreadable = || StoreError::Unreadable {
        location: location.clone(),
    };
    if json.len() > MOST_BYTES {
        return Err(unreadable());
    }
    serde_json::from_slice(json).map_err(|_| unreadable())
}

/// Whether what lies where `receipt` belongs says that its object was delivered.
fn is_of_a_delivery(
    json: &[u8],
    location: &ReceiptLocation,
    receipt: &Receipt,
) -> Result<bool, StoreError> {
    let there = from_json(json, location)?;
    let is_its = there.object.is_same(&receipt.object) && there.route == receipt.route;
    Ok(is_its && there.status == Status::Delivered)
}
