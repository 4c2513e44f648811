//! The writes of an owner, each tried until it is known to have happened, or the object is
//! no longer his.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::claim::Claimed;
use super::entry::Entry;
use super::{Ledger, LedgerError, Put, Tag};
use crate::backoff::Backoff;
use crate::object::version::{ObjectAddress, ObjectVersion};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    most: Duration::from_secs(5),
};

/// Why an object is no longer this worker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("another worker has claimed the object")]
    Taken,
    #[error(
        "the ledger did not take a write for as long as the lease ran: is the state location in reach?"
    )]
    NotRenewed,
    #[error("the keeper of the ledger entry failed by a fault of the program")]
    Broken,
}

pub(super) struct Writer {
    ledger: Arc<dyn Ledger>,
    object: ObjectVersion,
    route: String,
    tag: Tag,
    lease: Duration,
    /// When the last write that happened was begun: the lease counts from then at the
    /// earliest.
    since: Instant,
}

impl Writer {
    pub(super) fn new(claimed: Claimed, ledger: Arc<dyn Ledger>) -> Writer {
        let object = &claimed.entry.object;
        Writer {
            ledger,
            object: ObjectVersion {
                address: ObjectAddress {
                    bucket: object.bucket.clone(),
                    key: object.key.clone(),
                    version_id: object.version_id.clone(),
                },
                etag: object.etag.clone(),
                size: object.size,
                last_modified: object.last_modified.moment().unix_timestamp(),
            },
            route: claimed.entry.route,
            tag: claimed.tag,
            lease: Duration::from_secs(claimed.entry.lease_seconds),
            since: claimed.since,
        }
    }

    /// When the lease is to be renewed if nothing else is written.
    pub(super) fn renew_at(&self) -> Instant {
        self.since + self.lease / 3
    }

    /// No request may begin after this without a write in between; a tenth is kept for
    /// whoever has to notice.
    fn ends(&self) -> Instant {
        self.since + self.lease - self.lease / 10
    }

    pub(super) async fn write(&mut self, entry: &Entry) -> Result<(), Lost> {
        let ends = self.ends();
        let first = Instant::now();
        let mut failures = 0;
        loop {
            let began = Instant::now();
            match self.put(entry, ends).await {
                Ok(Written::Now(tag)) => {
                    self.tag = tag;
                    self.since = began;
                    return Ok(());
                }
                Ok(Written::Before(tag)) => {
                    self.tag = tag;
                    self.since = first;
                    return Ok(());
                }
                Ok(Written::ByAnother) => return Err(Lost::Taken),
                Err(error) => self.failed(&error, &mut failures, ends).await?,
            }
        }
    }

    pub(super) async fn write_segment(
        &mut self,
        entry: &Entry,
        name: &str,
        bytes: Bytes,
    ) -> Result<(), Lost> {
        let ends = self.ends();
        let mut failures = 0;
        loop {
            let put = self.ledger.put_segment(entry, name, bytes.clone());
            match within(ends, put).await {
                Ok(()) => return Ok(()),
                Err(error) => self.failed(&error, &mut failures, ends).await?,
            }
        }
    }

    async fn put(&self, entry: &Entry, ends: Instant) -> Result<Written, LedgerError> {
        match within(ends, self.ledger.put(entry, Some(&self.tag))).await? {
            Put::Stored(tag) => Ok(Written::Now(tag)),
            // It may be this very write, of which an answer was lost on the way.
            Put::Conflict => {
                let there = within(ends, self.ledger.get(&self.object, &self.route)).await?;
                let own = there.filter(|there| there.entry.is_same_write(entry));
                Ok(own.map_or(Written::ByAnother, |own| Written::Before(own.tag)))
            }
        }
    }

    async fn failed(
        &self,
        error: &LedgerError,
        failures: &mut usize,
        ends: Instant,
    ) -> Result<(), Lost> {
        *failures += 1;
        tracing::warn!(%error, "could not write to the ledger; trying again");
        let again = Instant::now() + BACKOFF.wait(*failures);
        if again >= ends {
            return Err(Lost::NotRenewed);
        }
        sleep(again - Instant::now()).await;
        Ok(())
    }
}

/// Whose entry lies there after a write, and since when.
enum Written {
    Now(Tag),
    /// By one of the tries before this one, of which nothing was heard: the first, perhaps.
    Before(Tag),
    ByAnother,
}

/// A call that ends before the lease does, or has failed.
async fn within<T>(
    ends: Instant,
    call: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    let patience = ends.saturating_duration_since(Instant::now());
    timeout(patience, call).await.unwrap_or_else(|_| {
        let text = "the ledger gave no answer before the lease ended";
        Err(LedgerError::Transient(text.to_owned()))
    })
}
