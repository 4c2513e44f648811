//! The rate at which one account of Meta's is called, by all jobs of this worker.
//!
//! A fixed ceiling, and below it what Meta's usage headers leave: the
//! [`controller`] decides, and here requests wait for it.

mod accounts;
mod ceiling;
mod controller;
mod cost;
mod gate;
mod pace;
mod trend;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

pub use accounts::{AccountLimiters, Limits};
use ceiling::Ceiling;
use controller::{Controller, Heard, Hold};
pub use cost::Cost;

use crate::meta::{Answer, ErrorCode, Outcome};
use crate::telemetry::QuotaState;

/// Whoever waits for its turn looks again then at the latest: a rate may have climbed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What holds the requests of one account up: its ceiling, its own quota and that of the
/// token it is called with.
///
/// The gate is the account's, not a request's: Meta counts every call during a block and
/// lengthens it, so one throttled answer stops them all.
pub struct AccountLimiter {
    account: Arc<Account>,
    /// Shared with all accounts that are called with the token.
    token: Arc<Quota>,
    /// Of all accounts together.
    in_flight: Arc<Semaphore>,
    longest_wait: Duration,
}

/// What is one account's, whichever route sends to it.
struct Account {
    /// Of an ad account.
    id: Option<u64>,
    ceiling: Ceiling,
    quota: Quota,
    /// First come, first served: only the first in line looks at the quota.
    line: tokio::sync::Mutex<()>,
    went_through_at: Mutex<Option<Instant>>,
}

/// One of Meta's quotas.
struct Quota {
    controller: Mutex<Controller>,
    /// An answer came, or the hope for one is gone.
    changed: Notify,
}

/// The gate stays closed for longer than anybody should wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongClosed {
    pub until: Instant,
}

/// Leave for one request. Its answer is to be given back; dropped without, the request
/// counts as lost.
#[must_use = "the request is counted as in flight until this is dropped"]
pub struct Turn {
    limiter: Arc<AccountLimiter>,
    cost: Cost,
    is_answered: bool,
    /// Nobody closes the semaphore, so there always is one.
    _permit: Option<OwnedSemaphorePermit>,
}

impl AccountLimiter {
    /// Waits until a request of this cost may go out. Every attempt passes here, retries too.
    /// Dropping the future costs nothing but a place below the ceiling.
    ///
    /// Last of all it waits for one of the requests of the process to end, so that an
    /// account that has to wait keeps no other from sending.
    pub async fn ready(self: &Arc<Self>, cost: Cost) -> Result<Turn, LongClosed> {
        let _first_in_line = self.account.line.lock().await;
        let mut is_below_ceiling = false;
        loop {
            self.open(cost).await?;
            if !is_below_ceiling {
                self.account.ceiling.pass(cost).await;
                is_below_ceiling = true;
            }
            let permit = self.in_flight.clone().acquire_owned().await.ok();
            // It may have closed while we waited for our turn.
            if self.begin(cost).is_ok() {
                return Ok(Turn {
                    limiter: self.clone(),
                    cost,
                    is_answered: false,
                    _permit: permit,
                });
            }
        }
    }

    /// Waits until both quotas let a request go.
    async fn open(&self, cost: Cost) -> Result<(), LongClosed> {
        loop {
            let changed = self.account.quota.changed.notified();
            let token_changed = self.token.changed.notified();
            let now = Instant::now();
            let again = match self.hold(now, cost) {
                Ok(()) => return Ok(()),
                Err(Hold::Closed { known, .. }) if known > self.longest_wait => {
                    return Err(LongClosed { until: now + known });
                }
                Err(Hold::Closed { until, .. }) => until,
                Err(Hold::Due(at)) => at.min(now + LOOK_AGAIN),
                Err(Hold::Answer) => now + LOOK_AGAIN,
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = token_changed => {}
                () = sleep_until(again) => {}
            }
        }
    }

    fn hold(&self, now: Instant, cost: Cost) -> Result<(), Hold> {
        let (mut account, mut token) = self.controllers();
        let (account, token) = (account.check(now, cost), token.check(now, cost));
        // What is closed for longest is told first.
        match (account, token) {
            (Err(Hold::Closed { until: a, .. }), Err(Hold::Closed { until: b, .. })) if b > a => {
                token
            }
            (Err(Hold::Closed { .. }), _) | (_, Ok(())) => account,
            (_, Err(_)) => token,
        }
    }

    fn begin(&self, cost: Cost) -> Result<(), Hold> {
        let now = Instant::now();
        let (mut account, mut token) = self.controllers();
        account.check(now, cost)?;
        token.check(now, cost)?;
        account.begin(now, cost);
        token.begin(now, cost);
        Ok(())
    }

    /// Both at once, always in this order.
    fn controllers(&self) -> (MutexGuard<'_, Controller>, MutexGuard<'_, Controller>) {
        let account = lock(&self.account.quota.controller);
        (account, lock(&self.token.controller))
    }

    /// Whether Meta has taken any request of the account since then.
    pub fn went_through_since(&self, since: Instant) -> bool {
        lock(&self.account.went_through_at).is_some_and(|at| at >= since)
    }

    /// When the gate opens, if it is closed.
    pub fn closed_until(&self) -> Option<Instant> {
        let now = Instant::now();
        let (account, token) = self.controllers();
        account.opens(now).max(token.opens(now))
    }

    /// How things stand, for a route that sends here.
    fn state(&self, route: &str) -> QuotaState {
        let now = Instant::now();
        let (account, token) = self.controllers();
        let opens = account.opens(now).max(token.opens(now));
        QuotaState {
            route: route.to_owned(),
            requests_per_second: account.rate(now).min(token.rate(now)),
            opens_in: opens.map(|opens| opens.duration_since(now)),
            used: account
                .used(now)
                .into_iter()
                .chain(token.used(now))
                .reduce(f64::max)
                .map(|percent| percent / 100.0),
        }
    }

    /// Whether the account's access is limited, as far as an answer tells.
    pub fn limited_tier(&self, answer: &Answer) -> Option<bool> {
        answer.usage.limited_tier(self.account.id)
    }

    fn went_through(&self) {
        *lock(&self.account.went_through_at) = Some(Instant::now());
    }

    fn answered(&self, answer: &Answer, cost: Cost) -> Option<Duration> {
        let now = Instant::now();
        let reading = answer.usage.of_account(self.account.id);
        let app_reading = answer.usage.of_app();
        let (throttled, retry_after) = match answer.outcome {
            Outcome::Throttled { wait } => (true, wait),
            // Whoever said that may not even have been Meta.
            Outcome::Transient | Outcome::Unknown if reading.is_none() && app_reading.is_none() => {
                self.lost(cost);
                return None;
            }
            _ => (false, None),
        };
        let of_token = throttled && answer.error.is_some_and(ErrorCode::limits_the_token);
        let was_closed = self.closed_until();
        {
            let (mut account, mut token) = self.controllers();
            account.answered(
                now,
                cost,
                Heard {
                    reading,
                    throttled: throttled && !of_token,
                    retry_after,
                },
            );
            token.answered(
                now,
                cost,
                Heard {
                    reading: app_reading,
                    throttled: of_token,
                    retry_after,
                },
            );
        }
        self.wake();
        let closed = self.closed_until();
        closed
            .filter(|_| throttled || was_closed.is_none())
            .map(|until| until.duration_since(now))
    }

    fn lost(&self, cost: Cost) {
        let now = Instant::now();
        {
            let (mut account, mut token) = self.controllers();
            account.lost(now, cost);
            token.lost(now, cost);
        }
        self.wake();
    }

    fn unused(&self, cost: Cost) {
        let now = Instant::now();
        {
            let (mut account, mut token) = self.controllers();
            account.unused(now, cost);
            token.unused(now, cost);
        }
        self.wake();
    }

    fn wake(&self) {
        self.account.quota.changed.notify_waiters();
        self.token.changed.notify_waiters();
    }
}

impl Quota {
    fn new(controller: Controller) -> Quota {
        Quota {
            controller: Mutex::new(controller),
            changed: Notify::new(),
        }
    }
}

impl Turn {
    /// What became of the request. Gives how long all of the account's requests wait now, if
    /// the answer refused it for its rate, or closed the gate before that had to happen.
    pub fn answered(self, answer: &Answer) -> Option<Duration> {
        if let Outcome::Accepted { .. } | Outcome::Partial { .. } = answer.outcome {
            self.limiter.went_through();
        }
        self.asked(answer)
    }

    /// The same for a question: that Meta answers it does not say that it takes rows.
    pub fn asked(mut self, answer: &Answer) -> Option<Duration> {
        self.is_answered = true;
        self.limiter.answered(answer, self.cost)
    }

    /// No request went out: nothing is known of the quota.
    pub fn unused(mut self) {
        self.is_answered = true;
        self.limiter.unused(self.cost);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_answered {
            self.limiter.lost(self.cost);
        }
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccountLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountLimiter")
            .field("closed_until", &self.closed_until())
            .finish_non_exhaustive()
    }
}

/// What is locked here is whole after every statement, even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
