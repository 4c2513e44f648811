//! The requests that came: counts of all of them, and the last few in short.

use std::collections::{BTreeMap, VecDeque};

use super::tally::Tally;
use crate::{graph::Target, inspection::RequestSummary};

/// The last requests of which a summary is kept.
const KEPT: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) total: u64,
    pub(crate) in_flight: u64,
    pub(crate) most_in_flight: u64,
    pub(crate) outcomes: BTreeMap<Target, Tally>,
    pub(crate) recent: VecDeque<RequestSummary>,
}

impl Journal {
    /// Numbers a request from 1.
    pub(crate) fn begin(&mut self) -> u64 {
        self.total += 1;
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
        self.total
    }

    pub(crate) fn end(&mut self, summary: RequestSummary) {
        self.outcomes
            .entry(summary.target)
            .or_default()
            .add(&summary.outcome);
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(summary);
    }

    /// The other half of [`begin`](Self::begin), also for a request that was given up.
    pub(crate) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Forgets all but what is still under way.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            in_flight: self.in_flight,
            most_in_flight: self.in_flight,
            ..Self::default()
        };
    }
}
