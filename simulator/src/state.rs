//! Everything that changes while the simulator runs, behind its locks.
//!
//! No lock is held while a request is read, while it is parsed, or across an await.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    faults::Faults,
    graph::{Access, usage::Usage},
    inspection::RequestSummary,
    records::{Audience, Dataset, Digester, Journal, Profile, Records},
    secret::Secret,
};

/// What there is at the start, and again after a reset.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) access: Access,
    pub(crate) datasets: Vec<String>,
    /// Audience id → its ad account's number.
    pub(crate) audiences: BTreeMap<String, String>,
    pub(crate) accounts: Vec<String>,
}

impl Start {
    fn records(&self, now: u64) -> Records {
        let mut records = Records::default();
        for id in &self.datasets {
            records.datasets.insert(id.clone(), Dataset::default());
        }
        records.accounts.extend(self.accounts.iter().cloned());
        for (id, account) in &self.audiences {
            records.accounts.insert(account.clone());
            let audience = Audience::new(Profile::existing(account), now);
            records.audiences.insert(id.clone(), audience);
        }
        records
    }
}

/// See the module.
pub(crate) struct State {
    pub(crate) digester: Digester,
    start: Start,
    access: Mutex<Access>,
    records: Mutex<Records>,
    faults: Mutex<Faults>,
    usage: Mutex<Usage>,
    journal: Mutex<Journal>,
    traces: AtomicU64,
    sessions: AtomicU64,
    began: Instant,
}

impl State {
    pub(crate) fn new(start: Start) -> Self {
        let now = unix_seconds();
        Self {
            digester: Digester::new(),
            access: Mutex::new(start.access.clone()),
            records: Mutex::new(start.records(now)),
            faults: Mutex::default(),
            usage: Mutex::default(),
            journal: Mutex::default(),
            // Different from those of another simulator's run, for who compares logs.
            traces: AtomicU64::new(now << 24),
            sessions: AtomicU64::new(1),
            began: Instant::now(),
            start,
        }
    }

    /// Everything as it was at the start. Requests under way end as they would have.
    pub(crate) fn reset(&self) {
        self.access().clone_from(&self.start.access);
        *self.records() = self.start.records(self.now());
        self.faults().clear();
        *self.usage() = Usage::default();
        self.journal().clear();
    }

    pub(crate) fn set_token(&self, token: Secret) {
        self.access().token = token;
    }

    /// The clock by which events are too old and proofs expire, in Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        unix_seconds()
    }

    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        lock(&self.access)
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn usage(&self) -> MutexGuard<'_, Usage> {
        lock(&self.usage)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// A trace id of Meta's look, never given twice.
    pub(crate) fn next_trace_id(&self) -> String {
        format!("A{:015x}", self.traces.fetch_add(1, Ordering::Relaxed))
    }

    /// The session id of an upload that named none.
    pub(crate) fn next_session_id(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request as under way until the visit is dropped.
    pub(crate) fn visit(&self) -> Visit<'_> {
        Visit {
            number: self.journal().begin(),
            state: self,
        }
    }
}

/// One request to the Graph API that is under way.
pub(crate) struct Visit<'a> {
    state: &'a State,
    number: u64,
}

impl Visit<'_> {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Notes how it ended.
    pub(crate) fn end(&self, mut summary: RequestSummary) {
        summary.ended = self.state.began.elapsed();
        self.state.journal().end(summary);
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.state.journal().leave();
    }
}

/// A panic elsewhere leaves counts that are still whole: nothing here is ever changed
/// in steps that depend on one another.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
