//! Everything that changes while the simulator runs, behind its locks.
//!
//! No lock is held while a request is read, while it is parsed, or across an await.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::{
    clock::Clock,
    faults::Faults,
    graph::{
        Access, Target,
        quota::{self, Quotas},
        route::Versions,
        usage::Usage,
    },
    inspection::RequestSummary,
    records::{Audience, Dataset, Digester, Journal, Profile, Records},
    scenario::{Scenario, ScenarioError, Script},
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
    pub(crate) quotas: Quotas,
    pub(crate) scenario: Scenario,
    pub(crate) clock: Clock,
}

impl Start {
    fn records(&self, now: u64) -> Records {
        let mut records = Records::default();
        for id in &self.datasets {
            records.datasets.insert(id.clone(), Dataset::default());
        }
        for account in &self.accounts {
            records.accounts.entry(account.clone()).or_default();
        }
        for (id, account) in &self.audiences {
            records.accounts.entry(account.clone()).or_default();
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
    /// What the headers were told to say, if anything.
    usage: Mutex<Option<Usage>>,
    quotas: Mutex<quota::Ledger>,
    versions: Mutex<Versions>,
    script: Mutex<Script>,
    journal: Mutex<Journal>,
    traces: AtomicU64,
    sessions: AtomicU64,
    /// In bytes; 0 = whatever is read at all.
    largest_upload: AtomicU64,
    began: Instant,
}

impl State {
    pub(crate) fn new(start: Start) -> Self {
        let now = start.clock.unix_seconds();
        let state = Self {
            digester: Digester::new(),
            access: Mutex::new(start.access.clone()),
            records: Mutex::new(start.records(now)),
            faults: Mutex::default(),
            usage: Mutex::default(),
            quotas: Mutex::default(),
            versions: Mutex::default(),
            script: Mutex::new(Script::new(&start.scenario, now)),
            journal: Mutex::default(),
            // Different from those of another simulator's run, for who compares logs.
            traces: AtomicU64::new(now << 24),
            sessions: AtomicU64::new(1),
            largest_upload: AtomicU64::new(0),
            began: Instant::now(),
            start,
        };
        state.quotas().set(state.start.quotas.clone());
        state
    }

    /// Everything as it was at the start. Requests under way end as they would have.
    pub(crate) fn reset(&self) {
        self.start.clock.reset();
        self.access().clone_from(&self.start.access);
        *self.records() = self.start.records(self.now());
        self.faults().clear();
        *self.usage() = None;
        self.quotas().set(self.start.quotas.clone());
        *self.versions() = Versions::default();
        *lock(&self.script) = Script::new(&self.start.scenario, self.now());
        self.set_largest_upload(0);
        self.journal().clear();
    }

    /// Whether the scenario is about what there is.
    pub(crate) fn check_scenario(&self) -> Result<(), ScenarioError> {
        self.start.scenario.check(self)
    }

    /// Makes the scenario's steps that are due with this request.
    pub(crate) fn play(&self, target: Target, object: &str) {
        let due = lock(&self.script).due(target, object, self.now());
        for changes in due {
            // Everything it names was there at the start, and nothing is taken away.
            if let Err(error) = changes.make(self) {
                tracing::error!(error = %error, "a step of the scenario was not made");
            }
        }
    }

    pub(crate) fn set_token(&self, token: Secret) {
        self.access().renew(token);
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.start.clock
    }

    /// By the simulator's clock, in Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.start.clock.unix_seconds()
    }

    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        lock(&self.access)
    }

    /// As they are by now.
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        let mut records = lock(&self.records);
        records.settle(self.now());
        records
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn usage(&self) -> MutexGuard<'_, Option<Usage>> {
        lock(&self.usage)
    }

    pub(crate) fn quotas(&self) -> MutexGuard<'_, quota::Ledger> {
        lock(&self.quotas)
    }

    pub(crate) fn versions(&self) -> MutexGuard<'_, Versions> {
        lock(&self.versions)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    pub(crate) fn set_largest_upload(&self, bytes: u64) {
        self.largest_upload.store(bytes, Ordering::Relaxed);
    }

    /// Whether an upload of this many bytes is more than an audience takes.
    pub(crate) fn is_too_large(&self, bytes: usize) -> bool {
        let largest = self.largest_upload.load(Ordering::Relaxed);
        largest > 0 && bytes as u64 > largest
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
