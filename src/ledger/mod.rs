//! How far each object is acknowledged, and who works on it: what makes a crash cost a few
//! requests and not a file, and keeps two workers from sending one object.
//!
//! One small JSON document for each object version and route, the [`Entry`]. It is only
//! ever written by compare-and-swap, and every write differs from all others
//! ([`Entry::revision`]). So whoever finds his write refused has lost the object, and a
//! write whose answer was lost can be told from somebody else's. Leases are a courtesy:
//! they keep a second worker from beginning; what keeps two from both advancing is the
//! swap, and no clock.

mod claim;
mod document;
mod entry;
#[cfg(test)]
mod in_memory;
mod keeper;
mod local;
mod progress;
mod record;
mod run;
mod s3;
mod window;
mod writer;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::object::version::ObjectVersion;
use crate::state::failure::Failure;

pub use claim::{ChangedRoute, Claim, Claimant, Claimed, Look, Wanted};
pub use entry::{Attempts, Entry, PANICKED, Schema, State};
pub use keeper::{Ending, Keeper, Lost, remove_segments};
pub use local::LocalLedger;
pub use progress::{Answered, BatchRows, Progress, ReadCounts, RejectSegments, Watermark};
pub use run::{LONGEST_SESSION, OpenedWith, RunPart, RunRecord, Stage};
pub use s3::S3Ledger;
pub use window::Cut;

pub use crate::state::swap::{Put, Tag};

/// Where entries are kept. The implementations pass one suite,
/// `tests/ledger_conformance`.
pub trait Ledger: Send + Sync {
    /// The entry of exactly this version on this route, if there is one.
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>>;

    /// Stores the entry if what is there has this tag; with `None`, if nothing is there.
    /// When it says [`Put::Stored`], that survives a crash.
    ///
    /// After an error, and after a drop in flight, it may or may not be stored. A
    /// [`Put::Conflict`] may be of one's own earlier attempt: [`get`](Ledger::get) tells.
    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>>;

    /// Keeps a part of the list of rejects beside the entry, under a name (letters,
    /// digits, `-`; 32 at most) that nobody else uses, until [`remove_segments`](Ledger::remove_segments).
    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// A part that was kept. One that is not there is an error.
    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>>;

    /// Removes these parts; those that are not there are no error.
    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// All entries of a route, or of all routes, in no particular order. One that cannot
    /// be read is an error in its place, and the rest follow. `bucket` is where to look
    /// if entries are kept in the buckets of their objects.
    fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>>;
}

/// An entry as it was read.
#[derive(Clone, Debug)]
pub struct Found {
    pub entry: Entry,
    pub tag: Tag,
    /// How long ago it was written, by the clock of whoever keeps it.
    pub age: Duration,
}

/// Where an entry is, to be read by people: `s3://bucket/key`, or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLocation(pub(crate) String);

impl fmt::Display for EntryLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an entry could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Nothing will succeed until somebody changes something.
    #[error("{0}")]
    Setup(String),
    /// Worth trying again. A write may have happened.
    #[error("{0}")]
    Transient(String),
    /// Something lies where the entry should, and is none that this version can read. How
    /// far the object was delivered is not known: a person has to look.
    #[error(
        "{location} is no ledger entry that this version can read: look at it, and move it away"
    )]
    Unreadable { location: EntryLocation },
}

impl From<Failure> for LedgerError {
    fn from(failure: Failure) -> LedgerError {
        match failure {
            Failure::Setup(text) => LedgerError::Setup(text),
            Failure::Transient(text) => LedgerError::Transient(text),
        }
    }
}
