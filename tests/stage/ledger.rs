//! A ledger in a directory, whose clock is moved on when a test says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use audience_activator::ledger::{Entry, Found, Ledger, LedgerError, LocalLedger, Put, State, Tag};
use audience_activator::object::version::ObjectVersion;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::crash::{Crash, Point};
use super::journal::{Journal, Step};

pub struct WatchedLedger {
    inner: LocalLedger,
    journal: Arc<Journal>,
    crash: Arc<Crash>,
    older_by_seconds: AtomicU64,
    writes: AtomicU64,
}

impl WatchedLedger {
    pub(super) fn new(
        directory: PathBuf,
        journal: Arc<Journal>,
        crash: Arc<Crash>,
    ) -> WatchedLedger {
        WatchedLedger {
            inner: LocalLedger::new(directory),
            journal,
            crash,
            older_by_seconds: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        }
    }

    /// Every entry seems to have been written so much earlier: leases are over.
    pub fn later(&self, by: Duration) {
        self.older_by_seconds.store(by.as_secs(), Ordering::Relaxed);
    }

    /// How often an entry was written.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

impl Ledger for WatchedLedger {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        Box::pin(async move {
            let older = Duration::from_secs(self.older_by_seconds.load(Ordering::Relaxed));
            let found = Ledger::get(&self.inner, object, route).await?;
            Ok(found.map(|found| Found {
                age: found.age + older,
                ..found
            }))
        })
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        Box::pin(async move {
            let is_done = entry.state == State::Done;
            let end = match entry.state {
                State::Done => Some(Point::LedgerDone),
                State::Quarantined { .. } => Some(Point::LedgerGivenUp),
                State::InProgress | State::Waiting { .. } | State::Superseded => None,
            };
            if let Some(end) = end {
                self.crash.before(end).await;
            }
            let put = Ledger::put(&self.inner, entry, expected).await;
            if matches!(put, Ok(Put::Stored(_))) {
                self.writes.fetch_add(1, Ordering::Relaxed);
                if is_done {
                    self.journal.add(Step::LedgerDone);
                }
                if let Some(end) = end {
                    self.crash.after(end).await;
                }
            }
            put
        })
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.inner.put_segment(entry, name, bytes)
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        self.inner.get_segment(entry, name)
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.inner.remove_segments(entry, names)
    }

    fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        self.inner.list(bucket, route)
    }
}
