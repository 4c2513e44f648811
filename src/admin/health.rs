//! What the loops say of themselves, for `/livez` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

/// The receive loop turns at least every long poll (20 s) or wait after an error
/// (30 s), and each call to the queue ends within its timeout (25 s).
const STILL_AFTER: Duration = Duration::from_secs(90);

/// A message that waits is received again within an hour at most. So a route or a
/// message of which nothing was heard for longer is through, or another worker's.
const UNHEARD: Duration = Duration::from_secs(2 * 3600);

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
    preflight: BTreeMap<String, Vec<String>>,
    /// For how long after its sending the queue keeps a message, where that is known.
    retention: Option<Duration>,
}

#[derive(Debug)]
struct StoppedRoute {
    reason: String,
    /// When it was last heard of.
    at: Instant,
    first: Option<KeptMessage>,
}

/// The message of a stopped route that will be the first to go.
#[derive(Clone, Copy, Debug)]
struct KeptMessage {
    sent_at: OffsetDateTime,
    /// When it was last heard of.
    at: Instant,
}

impl KeptMessage {
    /// The earlier of the two, unless nothing was heard of it any more.
    fn or_earlier(self, known: Option<KeptMessage>) -> KeptMessage {
        known
            .filter(|known| known.sent_at < self.sent_at && known.at.elapsed() < UNHEARD)
            .unwrap_or(self)
    }
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
    /// What was found not to be in order when Meta was last asked about a route.
    pub preflight: BTreeMap<String, Vec<String>>,
}

impl Health {
    pub fn new() -> Health {
        let waiting = Err("not reached yet".to_owned());
        Health(Mutex::new(State {
            turned: Instant::now(),
            latches: BTreeMap::from([(Latch::Queue, waiting), (Latch::Running, Ok(()))]),
            stopped_routes: BTreeMap::new(),
            preflight: BTreeMap::new(),
            retention: None,
        }))
    }

    /// The receive loop has come round once more.
    pub fn turned(&self) {
        self.state().turned = Instant::now();
    }

    pub fn set(&self, latch: Latch, state: Result<(), String>) {
        self.state().latches.insert(latch, state);
    }

    /// What the queue says of itself; `None` where it keeps messages for ever or does
    /// not say.
    pub fn keeps_for(&self, retention: Option<Duration>) {
        self.state().retention = retention;
    }

    /// The route waits for somebody to act, and so does a message sent at this time.
    pub fn route_stops(&self, name: &str, reason: String, sent_at: Option<OffsetDateTime>) {
        let mut state = self.state();
        let at = Instant::now();
        let known = state.stopped_routes.get(name).and_then(|route| route.first);
        let first = match sent_at {
            Some(sent_at) => Some(KeptMessage { sent_at, at }.or_earlier(known)),
            None => known,
        };
        let stopped = StoppedRoute { reason, at, first };
        state.stopped_routes.insert(name.to_owned(), stopped);
    }

    pub fn route_goes_on(&self, name: &str) {
        self.state().stopped_routes.remove(name);
    }

    /// What was found of the route that is not in order; nothing where all of it is.
    pub fn preflight(&self, name: &str, findings: Vec<String>) {
        let known = &mut self.state().preflight;
        if findings.is_empty() {
            known.remove(name);
        } else {
            known.insert(name.to_owned(), findings);
        }
    }

    /// Takes back the stops of which nothing was heard for long; gives their routes.
    pub fn forget_stops(&self) -> Vec<String> {
        let mut state = self.state();
        let old = state
            .stopped_routes
            .extract_if(.., |_, stopped| stopped.at.elapsed() >= UNHEARD);
        old.map(|(route, _)| route).collect()
    }

    /// For each route that stands still, when the first of its messages is lost to the
    /// queue's retention, as far as that is known.
    pub fn expiries(&self) -> BTreeMap<String, OffsetDateTime> {
        let state = self.state();
        let routes = state.stopped_routes.iter();
        routes
            .filter_map(|(name, route)| Some((name.clone(), state.expiry(route)?)))
            .collect()
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
            preflight: state.preflight.clone(),
            stopped_routes: state
                .stopped_routes
                .iter()
                .map(|(route, stopped)| (route.clone(), state.told(stopped)))
                .collect(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Every write leaves it whole, even if a holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn expiry(&self, route: &StoppedRoute) -> Option<OffsetDateTime> {
        let kept_for = time::Duration::try_from(self.retention?).ok()?;
        route.first?.sent_at.checked_add(kept_for)
    }

    fn told(&self, route: &StoppedRoute) -> String {
        let expiry = self.expiry(route);
        match expiry.and_then(|at| at.truncate_to_second().format(&Rfc3339).ok()) {
            Some(at) => format!("{}; the first message expires at {at}", route.reason),
            None => route.reason.clone(),
        }
    }
}

impl Default for Health {
    fn default() -> Health {
        Health::new()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

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

    fn stop(health: &Health, route: &str, sent_at: Option<OffsetDateTime>) {
        health.route_stops(route, "token not accepted".to_owned(), sent_at);
    }

    #[tokio::test]
    async fn a_stopped_route_is_told_of_but_leaves_the_worker_ready() {
        let health = Health::new();
        health.set(Latch::Queue, Ok(()));
        stop(&health, "a", None);
        let report = health.report();
        assert!(report.ready);
        assert_eq!(report.stopped_routes["a"], "token not accepted");
        health.route_goes_on("a");
        assert!(health.report().stopped_routes.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_of_which_nothing_more_is_heard_is_forgotten() {
        let health = Health::new();
        stop(&health, "gone", None);
        stop(&health, "still", None);
        tokio::time::advance(UNHEARD / 2).await;
        stop(&health, "still", None);
        assert!(health.forget_stops().is_empty());
        tokio::time::advance(UNHEARD / 2).await;
        assert_eq!(health.forget_stops(), ["gone"]);
        assert!(health.report().stopped_routes.contains_key("still"));
    }

    const DAY: Duration = Duration::from_secs(24 * 3600);
    const EARLY: OffsetDateTime = datetime!(2026-11-01 12:00:00.5 UTC);
    const LATE: OffsetDateTime = datetime!(2026-11-02 00:00 UTC);

    #[tokio::test]
    async fn a_stopped_route_says_when_its_first_message_is_lost() {
        let health = Health::new();
        stop(&health, "a", Some(LATE));
        stop(&health, "a", Some(EARLY));
        stop(&health, "a", Some(LATE));
        stop(&health, "a", None);
        stop(&health, "unknown", None);
        assert!(
            health.expiries().is_empty(),
            "for how long is not known yet"
        );
        assert_eq!(health.report().stopped_routes["a"], "token not accepted");

        health.keeps_for(Some(14 * DAY));
        let expiry = datetime!(2026-11-15 12:00:00.5 UTC);
        assert_eq!(
            health.expiries(),
            BTreeMap::from([("a".to_owned(), expiry)])
        );
        let stopped = health.report().stopped_routes;
        assert_eq!(
            stopped["a"],
            "token not accepted; the first message expires at 2026-11-15T12:00:00Z"
        );
        assert_eq!(stopped["unknown"], "token not accepted");
        health.route_goes_on("a");
        assert!(health.expiries().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_of_which_nothing_more_is_heard_is_not_the_first_any_more() {
        let health = Health::new();
        health.keeps_for(Some(DAY));
        stop(&health, "a", Some(EARLY));
        tokio::time::advance(UNHEARD / 2).await;
        stop(&health, "a", Some(LATE));
        assert_eq!(health.expiries()["a"], EARLY + DAY);
        tokio::time::advance(UNHEARD / 2).await;
        stop(&health, "a", Some(LATE));
        assert_eq!(health.expiries()["a"], LATE + DAY);
    }
}
