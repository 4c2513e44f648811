//! Small documents below the state location that are no receipt and no entry of the
//! ledger: whose turn an audience is, and what was erased. Each is written as a whole, by
//! compare-and-swap.

mod local;
mod s3;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::state::failure::Failure;

pub use crate::state::swap::{Put, Tag};
pub use local::LocalDocuments;
pub use s3::S3Documents;

/// Where documents are kept. A path is made of letters, digits, `-`, `.` and `/` by
/// whoever asks. The implementations pass one suite, `tests/documents_conformance.rs`.
pub trait Documents: Send + Sync {
    /// What lies at this path, if anything does.
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>>;

    /// Stores the document if what is there has this tag; with `None`, if nothing is
    /// there. When it says [`Put::Stored`], that survives a crash.
    ///
    /// After an error, and after a drop in flight, it may or may not be stored, but never
    /// in part. A [`Put::Conflict`] may be of one's own earlier attempt:
    /// [`get`](Documents::get) tells.
    fn put<'a>(
        &'a self,
        path: &'a str,
        json: Bytes,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, DocumentError>>;

    /// Where it lies, to be read by people: `s3://bucket/key`, or a path.
    fn place_of(&self, path: &str) -> String;
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Looked {
    pub document: Option<Document>,
    /// What time it was, in Unix seconds by the clock of whoever keeps the documents: the
    /// same for all workers, however their own clocks go.
    pub now: i64,
}

/// A document as it was read.
#[derive(Clone, Debug)]
pub struct Document {
    pub json: Vec<u8>,
    pub tag: Tag,
}

/// Why a document could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Nothing will succeed until somebody changes something.
    #[error("{0}")]
    Setup(String),
    /// Worth trying again. A write may have happened.
    #[error("{0}")]
    Transient(String),
}

impl From<Failure> for DocumentError {
    fn from(failure: Failure) -> DocumentError {
        match failure {
            Failure::Setup(text) => DocumentError::Setup(text),
            Failure::Transient(text) => DocumentError::Transient(text),
        }
    }
}

/// Far above what any document of ours comes to.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Nothing is written or taken that is longer.
fn check(length: usize, place: &str) -> Result<(), DocumentError> {
    if length > MOST_BYTES {
        return Err(DocumentError::Setup(format!(
            "{place} is longer than {MOST_BYTES} bytes, which no document of this program is: look at it, and move it away"
        )));
    }
    Ok(())
}
