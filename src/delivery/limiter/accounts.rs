//! One limiter for each account that this worker sends to, and one for each token.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::ceiling::Ceiling;
use super::controller::Controller;
use super::{Account, AccountLimiter, Quota, lock};
use crate::credentials::SecretRef;
use crate::telemetry::QuotaState;

/// What holds whatever Meta says.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each account, evenly spread but for a burst of a second's worth.
    pub requests_per_second: f64,
    /// At once, for all accounts together.
    pub in_flight: usize,
    /// Nobody waits longer for a gate to open.
    pub longest_wait: Duration,
}

/// All limiters of a worker; clones are the same.
#[derive(Clone)]
pub struct AccountLimiters {
    limits: Limits,
    in_flight: Arc<Semaphore>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    accounts: HashMap<String, Arc<Account>>,
    tokens: HashMap<SecretRef, Arc<Quota>>,
    /// As each route last asked for it.
    routes: BTreeMap<String, Arc<AccountLimiter>>,
}

impl AccountLimiters {
    pub fn new(limits: Limits) -> AccountLimiters {
        AccountLimiters {
            limits,
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            known: Arc::default(),
        }
    }

    /// The limiter of `account` for `route`, which calls it with the token in `secret`. An
    /// account is a dataset, an ad account (`act_…`), or an audience whose ad account is
    /// not configured.
    pub fn of(&self, route: &str, account: &str, secret: &SecretRef) -> Arc<AccountLimiter> {
        let ceiling = self.limits.requests_per_second;
        let mut known = lock(&self.known);
        let shared = known.accounts.entry(account.to_owned()).or_insert_with(|| {
            let id = account.strip_prefix("act_");
            Arc::new(Account {
                id: id.and_then(|id| id.parse().ok()),
                ceiling: Ceiling::new(ceiling),
                quota: Quota::new(Controller::of_account(ceiling, fastrand::Rng::new())),
                line: tokio::sync::Mutex::default(),
                went_through_at: Mutex::default(),
            })
        });
        let shared = shared.clone();
        let token = known.tokens.entry(secret.clone()).or_insert_with(|| {
            Arc::new(Quota::new(Controller::of_token(
                ceiling,
                fastrand::Rng::new(),
            )))
        });
        let limiter = Arc::new(AccountLimiter {
            account: shared,
            token: token.clone(),
            in_flight: self.in_flight.clone(),
            longest_wait: self.limits.longest_wait,
        });
        known.routes.insert(route.to_owned(), limiter.clone());
        limiter
    }

    /// How things stand for each route that has sent anything.
    pub fn states(&self) -> Vec<QuotaState> {
        let known = lock(&self.known);
        let limiters = known.routes.iter();
        limiters
            .map(|(route, limiter)| limiter.state(route))
            .collect()
    }
}

impl std::fmt::Debug for AccountLimiters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountLimiters")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
