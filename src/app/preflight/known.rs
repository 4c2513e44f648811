//! What is known of each route, kept for a while, so that a run of many files costs a few
//! questions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::ask::{Facts, ask};
use super::finding::{Finding, Mark, worst};
use super::judge::judge;
use crate::app::halt::Halt;
use crate::app::parts::Parts;
use crate::config::{Destination, Route};

/// For so long a route that was found in order is taken to be.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// What could not be asked is not asked again with every object.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// Not even what was found wrong is asked about more often.
const ASK_DISTANCE: Duration = Duration::from_secs(5);

/// While Meta blocks calls, since asking may lengthen the block. As long as messages rest that
/// have met one.
pub(super) const BLOCKED_FOR: Duration = Duration::from_secs(3600);

/// Of all routes of a worker.
#[derive(Default)]
pub(in crate::app) struct Preflights(Mutex<HashMap<String, Arc<Slot>>>);

/// Locked while somebody asks: whoever comes meanwhile waits for the answer.
type Slot = tokio::sync::Mutex<Option<Known>>;

struct Known {
    facts: Facts,
    at: Instant,
    /// For how long it is taken to be so.
    kept_for: Duration,
    /// The route stands still because of it.
    has_stopped: bool,
    /// What was logged of it.
    told: Vec<Finding>,
}

impl Preflights {
    fn slot(&self, route: &str) -> Arc<Slot> {
        // The map is only ever added to, so a panic elsewhere leaves it whole.
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(route.to_owned()).or_default().clone()
    }

    /// Meta has refused what was thought to be in order: ask again before the next object,
    /// unless nothing is to be asked.
    pub(in crate::app) fn doubt(&self, route: &str) {
        // Whoever holds it is asking right now.
        if let Ok(mut known) = self.slot(route).try_lock()
            && let Some(known) = &mut *known
            && known.kept_for < BLOCKED_FOR
        {
            known.kept_for = ASK_DISTANCE;
        }
    }

    /// Meta blocks what the route sends: nothing is asked for as long as its message rests.
    pub(in crate::app) fn rest(&self, route: &str) {
        // As above.
        if let Ok(mut known) = self.slot(route).try_lock()
            && let Some(known) = &mut *known
        {
            known.at = Instant::now();
            known.kept_for = BLOCKED_FOR;
        }
    }
}

impl std::fmt::Debug for Preflights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preflights").finish_non_exhaustive()
    }
}

/// Asks about a route unless it was asked about lately, and tells what is new. Says how the
/// route stands.
pub(super) async fn look(parts: &Parts, route: &Route) -> Mark {
    let slot = parts.preflights.slot(&route.name);
    let mut known = slot.lock().await;
    let known = renew(parts, route, &mut known).await;
    worst(&judge(route, &known.facts, None))
}

/// Before the first request of an object: stops it where it is certain that Meta would
/// refuse every one. `has_values` says whether the object has a column of what members are
/// worth.
pub(in crate::app) async fn before_sending(
    parts: &Parts,
    route: &Route,
    has_values: bool,
) -> Result<(), Halt> {
    // Whoever sends has found it by its name before.
    if let Destination::CustomAudience(audience) = &route.destination
        && !audience.audience.is_known()
    {
        let sentence = format!("audience {:?} has not been found", audience.shown());
        return Err(Halt::Preflight(sentence));
    }
    if !parts.config.meta.preflight {
        return Ok(());
    }
    let slot = parts.preflights.slot(&route.name);
    let mut known = slot.lock().await;
    let known = renew(parts, route, &mut known).await;
    let findings = judge(route, &known.facts, Some(has_values));
    match findings.into_iter().find(|finding| finding.blocks) {
        Some(finding) => Err(Halt::Preflight(finding.sentence)),
        None => Ok(()),
    }
}

async fn renew<'k>(parts: &Parts, route: &Route, slot: &'k mut Option<Known>) -> &'k Known {
    if let Some(known) = slot.take_if(|known| known.at.elapsed() < known.kept_for) {
        return slot.insert(known);
    }
    let facts = ask(parts, route).await;
    // Not before the answer: an object may be halted meanwhile, and what stopped the route is
    // still to be taken back.
    let earlier = slot.take();
    let findings = judge(route, &facts, None);
    let had_stopped = earlier.as_ref().is_some_and(|known| known.has_stopped);
    let told = earlier.map(|known| known.told).unwrap_or_default();
    let has_stopped = tell(parts, &route.name, &findings, &told, had_stopped);
    slot.insert(Known {
        at: Instant::now(),
        kept_for: match worst(&findings) {
            _ if facts.told.is_blocked() => BLOCKED_FOR,
            Mark::Ok | Mark::Warning => KEPT_FOR,
            Mark::Unknown => UNKNOWN_FOR,
            Mark::Failed => ASK_DISTANCE,
        },
        facts,
        has_stopped,
        told: findings,
    })
}

/// Logs what is new, and shows all of it on `/readyz` and as a metric. Says whether the
/// route stands still because of it.
fn tell(
    parts: &Parts,
    route: &str,
    findings: &[Finding],
    told: &[Finding],
    had_stopped: bool,
) -> bool {
    for finding in findings.iter().filter(|finding| !told.contains(finding)) {
        let check = finding.check.name();
        let sentence = &finding.sentence;
        match finding.result {
            Mark::Ok => {}
            Mark::Warning | Mark::Unknown => {
                let result = finding.result.name();
                warn!(route, check, result, "preflight: {sentence}");
            }
            Mark::Failed => error!(route, check, result = "failed", "preflight: {sentence}"),
        }
    }
    let count = |mark| findings.iter().filter(|one| one.result == mark).count();
    for mark in Mark::ALL {
        parts.metrics.preflight(route, mark.name(), count(mark));
    }
    let of_note = findings.iter().filter(|one| one.result != Mark::Ok);
    let lines = of_note.map(|one| {
        let (check, result) = (one.check.name(), one.result.name());
        format!("{check} {result}: {}", one.sentence)
    });
    parts.health.preflight(route, lines.collect());

    let failed = |one: &&Finding| one.result == Mark::Failed;
    let blocking = findings.iter().find(|one| one.blocks);
    match blocking.or_else(|| findings.iter().find(failed)) {
        Some(failed) => {
            // Where requests pass all the same, it is said once, and they take it back.
            if failed.blocks || !told.contains(failed) {
                parts.route_stops(route, failed.sentence.clone(), None);
            }
            true
        }
        // What could not be asked is not mended.
        None if worst(findings) == Mark::Unknown => had_stopped,
        None => {
            if had_stopped {
                parts.route_goes_on(route);
            }
            false
        }
    }
}
