//! Optional properties that rows were sent without, counted over several attempts.

use std::collections::BTreeMap;

use crate::meta::Destination;
use crate::receipts::Code;

type Counts = BTreeMap<Code, BTreeMap<Code, u64>>;

/// What earlier attempts have counted. A destination counts those of its own rows.
#[derive(Debug, Default)]
pub(super) struct LeftOutBefore {
    earlier: Counts,
    /// Of those that the destination has counted, which earlier attempts counted too.
    twice: Counts,
}

impl LeftOutBefore {
    pub(super) fn new(earlier: Counts) -> LeftOutBefore {
        LeftOutBefore {
            earlier,
            twice: Counts::new(),
        }
    }

    /// Whatever the destination has counted so far was counted by an earlier attempt.
    pub(super) fn are_counted(&mut self, destination: &dyn Destination) {
        self.twice = counted(destination);
    }

    /// All together.
    pub(super) fn and(&self, destination: &dyn Destination) -> Counts {
        let mut all = counted(destination);
        for (property, reasons) in &self.twice {
            for (reason, cells) in reasons {
                if let Some(count) = all.get_mut(property).and_then(|all| all.get_mut(reason)) {
                    *count = count.saturating_sub(*cells);
                }
            }
        }
        for (property, reasons) in &self.earlier {
            let sums = all.entry(property.clone()).or_default();
            for (reason, cells) in reasons {
                *sums.entry(reason.clone()).or_default() += cells;
            }
        }
        for reasons in all.values_mut() {
            reasons.retain(|_, cells| *cells > 0);
        }
        all.retain(|_, reasons| !reasons.is_empty());
        all
    }
}

fn counted(destination: &dyn Destination) -> Counts {
    let mut counts = Counts::new();
    for left_out in destination.left_out() {
        // The configuration lets no other names through than codes may have.
        if let Ok(property) = Code::try_from(left_out.property) {
            let reasons = counts.entry(property).or_default();
            reasons.insert(Code::new(left_out.reason), left_out.cells);
        }
    }
    counts
}
