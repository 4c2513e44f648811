//! The rate at which one account of Meta's is called, by all jobs of this worker.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::backoff::Backoff;

/// For a throttle without a hint: Meta blocks for one to five minutes, and calling
/// while blocked lengthens it.
const UNTOLD: Backoff = Backoff {
    first: Duration::from_secs(60),
    most: Duration::from_secs(900),
};

/// A steady ceiling of requests a second, and a gate that closes on a throttle.
///
/// The gate is the account's, not a request's: Meta counts every call during a
/// block and lengthens it, so one throttled answer stops them all.
pub struct AccountLimiter {
    ceiling: DefaultDirectRateLimiter,
    gate: Mutex<Gate>,
    /// Of all accounts together.
    in_flight: Arc<Semaphore>,
}

/// Leave for one request, until it is dropped.
#[derive(Debug)]
#[must_use = "the request is counted as in flight until this is dropped"]
pub struct Turn {
    /// Nobody closes the semaphore, so there always is one.
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Gate {
    closed_until: Option<Instant>,
    throttles_in_a_row: usize,
}

impl AccountLimiter {
    fn new(requests_per_second: f64, in_flight: Arc<Semaphore>) -> AccountLimiter {
        AccountLimiter {
            ceiling: RateLimiter::direct(quota(requests_per_second)),
            gate: Mutex::default(),
            in_flight,
        }
    }

    /// Waits until a request may go out. Every attempt passes here, retries too.
    /// Dropping the future costs nothing.
    ///
    /// Last of all it waits for one of the requests of the process to end, so that an
    /// account that has to wait keeps no other from sending.
    pub async fn ready(&self) -> Turn {
        loop {
            while let Some(until) = self.closed_until() {
                tokio::time::sleep_until(until).await;
            }
            self.ceiling.until_ready().await;
            let permit = self.in_flight.clone().acquire_owned().await.ok();
            // It may have closed while we waited for our turn.
            if self.closed_until().is_none() {
                return Turn { _permit: permit };
            }
        }
    }

    /// Closes the gate for `wait`, or for longer each time where Meta does not say.
    /// Gives how long it is closed from now.
    pub fn throttled(&self, wait: Option<Duration>) -> Duration {
        let mut gate = self.gate();
        let now = Instant::now();
        // Requests that were out together are throttled together: one event.
        if gate.closed_until.is_none_or(|until| until <= now) {
            gate.throttles_in_a_row = gate.throttles_in_a_row.saturating_add(1);
        }
        let wait = wait.unwrap_or_else(|| UNTOLD.wait(gate.throttles_in_a_row));
        let until = gate
            .closed_until
            .max(Some(now + wait))
            .unwrap_or(now + wait);
        gate.closed_until = Some(until);
        until - now
    }

    /// A request went through: the next throttle starts from the shortest wait.
    pub fn went_through(&self) {
        self.gate().throttles_in_a_row = 0;
    }

    /// When the gate opens, if it is closed.
    pub fn closed_until(&self) -> Option<Instant> {
        self.gate()
            .closed_until
            .filter(|until| *until > Instant::now())
    }

    fn gate(&self) -> std::sync::MutexGuard<'_, Gate> {
        // The gate is whole after every statement, even if a holder panicked.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AccountLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountLimiter")
            .field("closed_until", &self.closed_until())
            .finish_non_exhaustive()
    }
}

/// Evenly spread, with a burst of a second's worth. Below one a second, one at a time.
fn quota(requests_per_second: f64) -> Quota {
    let period =
        Duration::try_from_secs_f64(1.0 / requests_per_second).unwrap_or(Duration::from_secs(1));
    let burst = NonZeroU32::new(requests_per_second as u32).unwrap_or(NonZeroU32::MIN);
    // The shortest period a quota knows is a nanosecond.
    Quota::with_period(period.max(Duration::from_nanos(1)))
        .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
        .allow_burst(burst)
}

/// One limiter for each account that this worker sends to.
#[derive(Debug)]
pub struct AccountLimiters {
    requests_per_second: f64,
    in_flight: Arc<Semaphore>,
    accounts: Mutex<HashMap<String, Arc<AccountLimiter>>>,
}

impl AccountLimiters {
    /// At most `requests_per_second` for each account, evenly spread but for a burst of
    /// a second's worth, and `in_flight` at once for all of them together.
    pub fn new(requests_per_second: f64, in_flight: usize) -> AccountLimiters {
        AccountLimiters {
            requests_per_second,
            in_flight: Arc::new(Semaphore::new(in_flight)),
            accounts: Mutex::default(),
        }
    }

    /// The limiter of `account`: a dataset, an ad account, or an audience whose ad
    /// account is not configured.
    pub fn of(&self, account: &str) -> Arc<AccountLimiter> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts
            .entry(account.to_owned())
            .or_insert_with(|| {
                let in_flight = self.in_flight.clone();
                Arc::new(AccountLimiter::new(self.requests_per_second, in_flight))
            })
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Arc<AccountLimiter> {
        AccountLimiters::new(10_000.0, 8).of("one")
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_waits_keeps_no_other_from_sending() {
        let limiters = AccountLimiters::new(10_000.0, 1);
        let (throttled, other) = (limiters.of("throttled"), limiters.of("other"));
        throttled.throttled(Some(Duration::from_secs(3600)));
        let waiting = tokio::spawn(async move { throttled.ready().await });
        tokio::task::yield_now().await;
        let turn = other.ready().await;
        let next = tokio::time::timeout(Duration::from_secs(60), other.ready());
        assert!(next.await.is_err(), "one at once");
        drop(turn);
        let _turn = other.ready().await;
        assert!(!waiting.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_stops_every_request_until_its_end() {
        let limiter = limiter();
        let start = Instant::now();
        drop(limiter.ready().await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.throttled(Some(Duration::from_secs(90)));
        drop(limiter.ready().await);
        assert!(start.elapsed() >= Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_throttle_never_opens_the_gate_earlier() {
        let limiter = limiter();
        limiter.throttled(Some(Duration::from_secs(600)));
        let wait = limiter.throttled(Some(Duration::from_secs(1)));
        assert_eq!(wait, Duration::from_secs(600));
    }

    #[tokio::test(start_paused = true)]
    async fn throttles_without_a_hint_wait_longer_each_time_until_one_goes_through() {
        let limiter = limiter();
        let mut waits = Vec::new();
        for _ in 0..3 {
            waits.push(limiter.throttled(None));
            drop(limiter.ready().await);
        }
        assert!(
            waits[0] <= Duration::from_secs(60) && waits[2] >= Duration::from_secs(120),
            "{waits:?}"
        );
        limiter.went_through();
        assert!(limiter.throttled(None) <= Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_throttled_together_count_as_one_throttle() {
        let limiter = limiter();
        for _ in 0..8 {
            assert!(limiter.throttled(None) <= Duration::from_secs(60));
        }
    }
}
