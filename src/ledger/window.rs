//! Which batches are acknowledged, from the watermark on. Pure.

use std::collections::BTreeMap;

use super::progress::{BatchRows, ReadCounts, Watermark};
use crate::receipts::FinishedList;

/// The end of a batch, seen from the reading side: what is true once it and every batch
/// before it is acknowledged.
#[derive(Clone, Debug)]
pub struct Cut {
    pub rows: BatchRows,
    /// Behind the batch.
    pub watermark: Watermark,
    /// Of all rows below the watermark.
    pub read: ReadCounts,
    /// The rows rejected since the cut before.
    pub rejects: Option<FinishedList>,
}

/// Batches are acknowledged in any order; the watermark passes them in theirs.
#[derive(Debug)]
pub(super) struct Window {
    /// The sequence of the first batch that is not acknowledged.
    next: u64,
    /// Acknowledged by this attempt, with one before them that is not.
    waiting: BTreeMap<u64, Cut>,
    /// Acknowledged by an earlier attempt. Their cuts come when they are made again.
    earlier: BTreeMap<u64, BatchRows>,
}

impl Window {
    pub(super) fn new(next: u64, earlier: &[BatchRows]) -> Window {
        Window {
            next,
            waiting: BTreeMap::new(),
            earlier: earlier.iter().map(|rows| (rows.batch, *rows)).collect(),
        }
    }

    /// The cuts that the watermark passes now, in order.
    pub(super) fn acknowledge(&mut self, cut: Cut) -> Vec<Cut> {
        self.earlier.remove(&cut.rows.batch);
        self.waiting.insert(cut.rows.batch, cut);
        let mut passed = Vec::new();
        while let Some(cut) = self.waiting.remove(&self.next) {
            self.next += 1;
            passed.push(cut);
        }
        passed
    }

    /// Batches that are acknowledged beyond the watermark, in order.
    pub(super) fn beyond(&self) -> Vec<BatchRows> {
        let waiting = self.waiting.values().map(|cut| cut.rows);
        let mut beyond: Vec<BatchRows> = waiting.chain(self.earlier.values().copied()).collect();
        beyond.sort_unstable_by_key(|rows| rows.batch);
        beyond
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::rows::Position;

    pub(in super::super) fn rows(batch: u64) -> BatchRows {
        BatchRows {
            batch,
            first_row: batch * 10 + 1,
            last_row: batch * 10 + 10,
            rows: 10,
        }
    }

    pub(in super::super) fn cut(batch: u64) -> Cut {
        Cut {
            rows: rows(batch),
            watermark: Watermark {
                batches: batch + 1,
                position: Position {
                    rows: (batch + 1) * 10,
                    offset: (batch + 1) * 100,
                },
                first_is_counted: false,
            },
            read: ReadCounts {
                rows_read: (batch + 1) * 10,
                ..ReadCounts::default()
            },
            rejects: None,
        }
    }

    fn passed(window: &mut Window, batch: u64) -> Vec<u64> {
        let passed = window.acknowledge(cut(batch));
        passed.iter().map(|cut| cut.rows.batch).collect()
    }

    #[test]
    fn the_watermark_passes_batches_in_order_whatever_order_they_are_acknowledged_in() {
        let mut window = Window::new(0, &[]);
        assert_eq!(passed(&mut window, 1), [0_u64; 0]);
        assert_eq!(passed(&mut window, 3), [0_u64; 0]);
        assert_eq!(window.beyond(), [rows(1), rows(3)]);
        assert_eq!(passed(&mut window, 0), [0, 1]);
        assert_eq!(passed(&mut window, 2), [2, 3]);
        assert!(window.beyond().is_empty());
    }

    #[test]
    fn what_an_earlier_attempt_had_beyond_stays_there_until_it_is_made_again() {
        let mut window = Window::new(4, &[rows(5), rows(7)]);
        assert_eq!(passed(&mut window, 4), [4]);
        assert_eq!(window.beyond(), [rows(5), rows(7)]);
        assert_eq!(passed(&mut window, 6), [0_u64; 0]);
        assert_eq!(window.beyond(), [rows(5), rows(6), rows(7)]);
        assert_eq!(passed(&mut window, 5), [5, 6]);
        assert_eq!(passed(&mut window, 7), [7]);
    }
}
