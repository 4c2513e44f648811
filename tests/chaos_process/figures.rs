//! What came of it, in numbers: of the simulator, which knows what arrived, and of the
//! receipts, which say what was sent.

use std::fmt;
use std::time::Duration;

use audience_activator::receipts::{Receipt, Status};
use simulator::{Inspection, Target};

use super::crowd::{Crowd, GoesTo};
use super::dead_letters::MISSING;
use super::fleet::Deaths;
use super::people::email_hash;
use super::stage::{AUDIENCE, DATASET, Stage};

pub(crate) struct Figures {
    pub(crate) seed: u64,
    pub(crate) workers: usize,
    pub(crate) requests_in_flight: u64,
    pub(crate) deaths: Deaths,
    pub(crate) silences: u64,
    pub(crate) repeats: u64,
    pub(crate) objects: usize,
    pub(crate) rows: u64,
    /// Which the receipts say were acknowledged.
    pub(crate) batches: u64,
    pub(crate) at_meta: Inspection,
    pub(crate) took: Duration,
}

impl Figures {
    /// Requests that took effect at Meta, and how many of them had an answer that said
    /// something else, or none: those had to be sent again.
    fn requests(&self) -> (u64, u64) {
        let outcomes = &self.at_meta.requests.outcomes;
        let of_rows = [Target::Events, Target::Users];
        let ended = of_rows.iter().filter_map(|target| outcomes.get(target));
        let (mut effective, mut unanswered) = (0, 0);
        for (outcome, times) in ended.flatten() {
            if outcome.starts_with("accepted") {
                effective += times;
            }
            if outcome.starts_with("accepted, then") {
                unanswered += times;
            }
        }
        (effective, unanswered)
    }

    /// Batches that came once more for another reason than a lost answer.
    pub(crate) fn resent(&self) -> u64 {
        let (effective, unanswered) = self.requests();
        effective.saturating_sub(self.batches + unanswered)
    }

    /// What a crash may cost: the requests that were out.
    pub(crate) fn bound(&self) -> u64 {
        self.deaths.kills * self.requests_in_flight
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dataset = &self.at_meta.datasets[DATASET];
        let audience = &self.at_meta.audiences[AUDIENCE];
        let (effective, unanswered) = self.requests();
        let mut line = |name: &str, value: u64| writeln!(f, "  {name:<36}{value:>9}");
        line("seed", self.seed)?;
        line("workers at once", self.workers as u64)?;
        line("kills", self.deaths.kills)?;
        line("  of these while rows were under way", self.deaths.at_work)?;
        line("clean stops", self.deaths.stops)?;
        line("silences of AWS", self.silences)?;
        line("events that came twice", self.repeats)?;
        line("objects", self.objects as u64)?;
        line("rows", self.rows)?;
        line("events received", dataset.received)?;
        line("  distinct", dataset.distinct)?;
        line("  duplicates", dataset.duplicates)?;
        line("members", audience.members)?;
        line("  rows that were members already", audience.rows_repeated)?;
        line("batches", self.batches)?;
        line("requests that took effect", effective)?;
        line("  whose answer was lost", unanswered)?;
        line("batches resent", self.resent())?;
        line("  at most", self.bound())?;
        line("seconds", self.took.as_secs())
    }
}

/// Every row is at Meta, once by Meta's own counting, and nothing else is.
pub(crate) fn check_arrivals(stage: &Stage, crowds: &[Crowd]) {
    let at_meta = stage.meta.inspect();
    let (dataset, audience) = (&at_meta.datasets[DATASET], &at_meta.audiences[AUDIENCE]);
    let rows = |wanted: fn(GoesTo) -> bool| -> u64 {
        let wanted = crowds.iter().filter(|crowd| wanted(crowd.goes_to));
        wanted.map(Crowd::rows).sum()
    };
    let members = rows(|goes_to| goes_to == GoesTo::Members);
    let events = rows(|goes_to| goes_to != GoesTo::Members);
    assert_eq!(dataset.distinct, events, "events, by their ids");
    assert_eq!(dataset.received - dataset.duplicates, events);
    assert_eq!(
        dataset.changed_duplicates, 0,
        "events that came again were not the same ones"
    );
    assert_eq!((dataset.without_event_id, dataset.empty_hashes), (0, 0));
    assert_eq!(audience.members, members);
    assert_eq!((audience.rows_invalid, audience.rows_removed), (0, 0));
    for crowd in crowds {
        for person in crowd.people.clone() {
            let hash = email_hash(person);
            let there = match crowd.goes_to {
                GoesTo::Members => stage.meta.members_bearing(AUDIENCE, "EMAIL", &hash) == 1,
                GoesTo::Purchases | GoesTo::Leads => {
                    stage.meta.events_bearing(DATASET, "em", &hash) >= 1
                }
            };
            assert!(there, "person {person} of {} is lost", crowd.key);
        }
    }
}

/// One receipt for each object, which says of every row that it was accepted, and one of
/// the object that was not there. Gives the batches of all.
pub(crate) fn check_receipts(receipts: &[Receipt], crowds: &[Crowd]) -> u64 {
    let of = |key: &str| {
        let mut receipts = receipts.iter();
        let receipt = receipts.find(|receipt| receipt.object.key == key);
        receipt.unwrap_or_else(|| panic!("no receipt of {key}"))
    };
    assert_eq!(of(MISSING).status.name(), "quarantined");
    assert_eq!(receipts.len(), crowds.len() + 1, "receipts");
    let mut batches = 0;
    for crowd in crowds {
        let (key, receipt) = (&crowd.key, of(&crowd.key));
        assert_eq!(receipt.status, Status::Delivered, "{key}");
        assert_eq!(receipt.check(), Ok(()), "{key}");
        assert_eq!(receipt.route, crowd.goes_to.route(), "{key}");
        assert_eq!(receipt.rows.read, crowd.rows(), "{key}: rows read");
        assert_eq!(receipt.sent.accepted, crowd.rows(), "{key}: rows accepted");
        batches += receipt.batches.acknowledged;
    }
    batches
}
