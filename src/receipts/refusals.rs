//! Rows that were ready to be sent and that Meta does not take, by the cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::meta::RefusalCause;

/// Every refusal is counted; the first hundred are named by their row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    #[serde(rename = "refusals", default)]
    counts: BTreeMap<String, u64>,
    #[serde(rename = "refusal_samples", default)]
    samples: Vec<RefusalSample>,
}

/// One refused row. Never what was in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalSample {
    /// Of the data rows, from 1.
    pub row: u64,
    /// Meta's code and subcode, as `100/2804003`; `event_too_old` where it was not asked.
    pub error: String,
}

impl Refusals {
    const MOST_SAMPLES: usize = 100;

    /// Once for each refused row.
    pub fn add(&mut self, row: u64, cause: impl Into<RefusalCause>) {
        let error = cause.into().to_string();
        *self.counts.entry(error.clone()).or_default() += 1;
        if self.samples.len() < Self::MOST_SAMPLES {
            self.samples.push(RefusalSample { row, error });
        }
    }

    /// Counts those of another object, whose rows have numbers of their own.
    pub(super) fn add_counts(&mut self, other: &Refusals) {
        for (error, more) in &other.counts {
            *self.counts.entry(error.clone()).or_default() += more;
        }
    }

    /// Rows refused with each error.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    pub fn samples(&self) -> &[RefusalSample] {
        &self.samples
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}
