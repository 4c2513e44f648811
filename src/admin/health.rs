//! What the loops say of themselves, for `/livez` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// The receive loop turns at least every long poll (20 s) or wait after an error
/// (30 s), and each call to the queue ends within its timeout (25 s).
const STILL_AFTER: Duration = Duration::from_secs(90);

/// What has to be in place before the worker can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Latch {
    /// The queue answered the last time it was asked.
    Queue,
    /// No stop has been asked for.
    Running,
}

/// Shared by the loops, which write it, and the admin port, which reads it.
#[derive(Debug)]
pub struct Health(Mutex<State>);

#[derive(Debug)]
struct State {
    turned: Instant,
    latches: BTreeMap<Latch, Result<(), String>>,
    stopped_routes: BTreeMap<String, StoppedRoute>,
}

#[derive(Debug)]
struct StoppedRoute {
    reason: String,
    /// When it was last heard of.
    at: Instant,
}

/// The detail of `/readyz`.
#[derive(Debug, Serialize)]
pub struct Report {
    pub ready: bool,
    /// What is not in place yet, and why.
    pub waiting_for: BTreeMap<Latch, String>,
    /// Routes that wait for somebody to act, and why. They do not make the worker
    /// unready: the others go on.
    pub stopped_routes: BTreeMap<String, String>,
}

impl Health {
    pub fn new() -> Health {
        let waiting = Err("not reached yet".to_owned());
        Health(Mutex::new(State {
            turned: Instant::now(),
            latches: BTreeMap::from([(Latch::Queue, waiting), (Latch::Running, Ok(()))]),
            stopped_routes: BTreeMap::new(),
        }))
    }

    /// The receive loop has come round once more.
    pub fn turned(&self) {
        self.state().turned = Instant::now();
    }

    pub fn set(&self, latch: Latch, state: Result<(), String>) {
        self.state().latches.insert(latch, state);
    }

    /// `Some` reason while the route waits for somebody to act.
    pub fn route(&self, name: &str, stopped: Option<String>) {
        let mut state = self.state();
        match stopped {
            Some(reason) => {
                let at = Instant::now();
                let stopped = StoppedRoute { reason, at };
                state.stopped_routes.insert(name.to_owned(), stopped)
            }
            None => state.stopped_routes.remove(name),
        };
    }

    /// Takes back the stops of which nothing was heard for so long; gives their routes.
    pub fn forget_stops(&self, unheard: Duration) -> Vec<String> {
        let mut state = self.state();
        let old = state
            .stopped_routes
            .extract_if(.., |_, stopped| stopped.at.elapsed() >= unheard);
        old.map(|(route, _)| route).collect()
    }

    /// Whether the loops move; else for how long they have not.
    pub fn live(&self) -> Result<(), Duration> {
        let still = self.state().turned.elapsed();
        if still < STILL_AFTER {
            Ok(())
        } else {
            Err(still)
        }
    }

    pub fn report(&self) -> Report {
        let state = self.state();
        let waiting_for: BTreeMap<_, _> = state
            .latches
            .iter()
            .filter_map(|(latch, state)| Some((*latch, state.as_ref().err()?.clone())))
            .collect();
        Report {
            ready: waiting_for.is_empty(),
            waiting_for,
            stopped_routes: state
                .stopped_routes
                .iter()
                .map(|(route, stopped)| (route.clone(), stopped.reason.clone()))
                .collect(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Every write leaves it whole, even if a holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Health {
    fn default() -> Health {
        Health::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_stands_still_is_not_live() {
        let health = Health::new();
        tokio::time::advance(STILL_AFTER - Duration::from_secs(1)).await;
        assert!(health.live().is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(health.live().is_err());
        health.turned();
        assert!(health.live().is_ok());
    }

    #[tokio::test]
    async fn ready_is_when_nothing_is_waited_for() {
        let health = Health::new();
        assert!(!health.report().ready);
        health.set(Latch::Queue, Ok(()));
        assert!(health.report().ready);
        health.set(Latch::Queue, Err("the queue cannot be reached".to_owned()));
        assert_eq!(
            health.report().waiting_for[&Latch::Queue],
            "the queue cannot be reached"
        );
    }

    #[tokio::test]
    async fn a_stopped_route_is_told_of_but_leaves_the_worker_ready() {
        let health = Health::new();
        health.set(Latch::Queue, Ok(()));
        health.route("a", Some("token not accepted".to_owned()));
        let report = health.report();
        assert!(report.ready);
        assert_eq!(report.stopped_routes["a"], "token not accepted");
        health.route("a", None);
        assert!(health.report().stopped_routes.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_of_which_nothing_more_is_heard_is_forgotten() {
        let hour = Duration::from_secs(3600);
        let health = Health::new();
        health.route("gone", Some("token not accepted".to_owned()));
        health.route("still", Some("token not accepted".to_owned()));
        tokio::time::advance(hour).await;
        health.route("still", Some("token not accepted".to_owned()));
        assert!(health.forget_stops(2 * hour).is_empty());
        tokio::time::advance(hour).await;
        assert_eq!(health.forget_stops(2 * hour), ["gone"]);
        assert!(health.report().stopped_routes.contains_key("still"));
    }
}
