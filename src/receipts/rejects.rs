//! The rows that could not be sent: how many for which reason, and where to look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::Code;

/// Every reject is counted; the first hundred are named by their row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejects {
    #[serde(rename = "rejects")]
    counts: BTreeMap<Code, u64>,
    #[serde(rename = "reject_samples")]
    samples: Vec<RejectSample>,
}

/// One rejected row. Never what was in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectSample {
    /// Of the data rows, from 1.
    pub row: u64,
    /// The identifier's key, where one was at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Code>,
    pub reason: Code,
}

impl Rejects {
    const MOST_SAMPLES: usize = 100;

    /// Once for each rejected row.
    pub fn add(&mut self, row: u64, key: Option<Code>, reason: impl Into<Code>) {
        let reason = reason.into();
        let count = self.counts.entry(reason.clone()).or_default();
        *count = count.saturating_add(1);
        if self.samples.len() < Self::MOST_SAMPLES {
            self.samples.push(RejectSample { row, key, reason });
        }
    }

    /// Counts those of another object, whose rows have numbers of their own.
    pub(super) fn add_counts(&mut self, other: &Rejects) {
        for (reason, more) in &other.counts {
            let count = self.counts.entry(reason.clone()).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Rows rejected for each reason.
    pub fn counts(&self) -> &BTreeMap<Code, u64> {
        &self.counts
    }

    pub fn samples(&self) -> &[RejectSample] {
        &self.samples
    }

    pub fn total(&self) -> u64 {
        self.counts
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reject_is_counted_and_the_first_hundred_are_named() {
        let mut rejects = Rejects::default();
        for row in 1..=250 {
            let reason = if row % 2 == 0 {
                "no_identifier"
            } else {
                "too_long"
            };
            rejects.add(row, Some(Code::new("email")), reason);
        }
        assert_eq!(rejects.total(), 250);
        assert_eq!(rejects.counts().get(&Code::new("too_long")), Some(&125));
        assert_eq!(rejects.samples().len(), 100);
        assert_eq!(rejects.samples().last().map(|sample| sample.row), Some(100));
    }
}
