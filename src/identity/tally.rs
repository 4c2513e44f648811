//! What became of the cells of an object, in counts per key.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::quality;
use super::reason::Reason;
use super::tally_record::TallyRecord;

/// Counts of cells per source key: plain numbers, to be added up over batches.
///
/// Each value of a cell with several counts as a cell; static values are none. The cells
/// of rows that are rejected in the end are counted too; of filtered rows none are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "TallyRecord", from = "TallyRecord")]
pub struct Tally {
    /// One for each key. On the heap: a tally is moved through futures, and has kilobytes.
    pub(super) keys: Vec<KeyTally>,
    pub(super) rows: u64,
    /// The keys of the row at hand, one bit each.
    pub(super) seen: u64,
    pub(super) addresses: u64,
    pub(super) work_addresses: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            keys: vec![KeyTally::default(); Key::ALL.len()],
            rows: 0,
            seen: 0,
            addresses: 0,
            work_addresses: 0,
        }
    }
}

/// What became of the cells of one key.
///
/// `filled = kept + changed + dropped`, the last being the sum over all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTally {
    /// Rows with a cell that was not blank.
    pub rows: u64,
    /// Cells that were not blank.
    pub filled: u64,
    /// Stood in normalised form already.
    pub kept: u64,
    /// Were normalised.
    pub changed: u64,
    /// Of the kept and changed, those that were hashed before.
    pub already_hashed: u64,
    pub(super) dropped: [u64; Reason::ALL.len()],
}

impl Default for KeyTally {
    fn default() -> Self {
        KeyTally {
            rows: 0,
            filled: 0,
            kept: 0,
            changed: 0,
            already_hashed: 0,
            dropped: [0; Reason::ALL.len()],
        }
    }
}

impl KeyTally {
    /// How many cells were dropped for each reason that occurred.
    pub fn dropped(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.dropped_for(reason)))
            .filter(|&(_, count)| count > 0)
    }

    pub fn dropped_for(&self, reason: Reason) -> u64 {
        self.dropped
            .get(reason.index())
            .copied()
            .unwrap_or_default()
    }

    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    fn merge(&mut self, other: &KeyTally) {
        self.rows += other.rows;
        self.filled += other.filled;
        self.kept += other.kept;
        self.changed += other.changed;
        self.already_hashed += other.already_hashed;
        for (count, more) in self.dropped.iter_mut().zip(other.dropped) {
            *count += more;
        }
    }
}

impl Tally {
    pub fn of(&self, key: Key) -> KeyTally {
        self.keys.get(key.index()).copied().unwrap_or_default()
    }

    /// The keys that had any filled cell, in the order of [`Key::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Key, &KeyTally)> {
        Key::ALL
            .into_iter()
            .zip(&self.keys)
            .filter(|(_, tally)| tally.filled > 0)
    }

    /// Rows whose cells were counted.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Of the first plain e-mail addresses how many there were, and how many of them at
    /// no provider of private mailboxes. Of hashed ones nobody knows.
    pub const fn work_addresses(&self) -> (u64, u64) {
        (self.addresses, self.work_addresses)
    }

    /// Adds the counts of another tally.
    pub fn merge(&mut self, other: &Tally) {
        self.rows += other.rows;
        self.addresses += other.addresses;
        self.work_addresses += other.work_addresses;
        for (tally, more) in self.keys.iter_mut().zip(&other.keys) {
            tally.merge(more);
        }
    }

    /// Once for each row, before its cells.
    pub(super) fn count_row(&mut self) {
        self.rows += 1;
        self.seen = 0;
    }

    /// A normalised address, before it is hashed.
    pub(super) fn count_address(&mut self, address: &str) {
        if self.addresses < quality::LOOKED_AT as u64 {
            self.addresses += 1;
            self.work_addresses += u64::from(!quality::is_consumer(address));
        }
    }

    /// Whether this is the row's first cell of the key.
    fn is_first(&mut self, key: Key) -> bool {
        let bit = 1_u64 << key.index();
        let is_first = self.seen & bit == 0;
        self.seen |= bit;
        is_first
    }

    pub(super) fn count_sent(&mut self, key: Key, changed: bool, already_hashed: bool) {
        let is_first = self.is_first(key);
        if let Some(tally) = self.keys.get_mut(key.index()) {
            tally.rows += u64::from(is_first);
            tally.filled += 1;
            tally.kept += u64::from(!changed);
            tally.changed += u64::from(changed);
            tally.already_hashed += u64::from(already_hashed);
        }
    }

    pub(super) fn count_dropped(&mut self, key: Key, reason: Reason) {
        let is_first = self.is_first(key);
        if let Some(tally) = self.keys.get_mut(key.index()) {
            tally.rows += u64::from(is_first);
            tally.filled += 1;
            if let Some(count) = tally.dropped.get_mut(reason.index()) {
                *count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_merge() {
        let mut tally = Tally::default();
        tally.count_sent(Key::Email, true, false);
        tally.count_sent(Key::Email, false, true);
        tally.count_dropped(Key::Email, Reason::EmailWithoutAt);
        let mut sum = tally.clone();
        sum.merge(&tally);

        let email = sum.of(Key::Email);
        assert_eq!((email.filled, email.kept, email.changed), (6, 2, 2));
        assert_eq!(email.already_hashed, 2);
        assert_eq!(
            email.filled,
            email.kept + email.changed + email.dropped_total()
        );
        assert_eq!(
            email.dropped().collect::<Vec<_>>(),
            [(Reason::EmailWithoutAt, 2)]
        );
        assert_eq!(
            sum.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            [Key::Email]
        );
    }
}
