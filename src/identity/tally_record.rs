//! A tally as it is written down: by name, and only what is not zero. Names that this
//! version does not know are passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::reason::Reason;
use super::tally::{KeyTally, Tally};

#[derive(Serialize, Deserialize)]
pub(super) struct TallyRecord {
    rows: u64,
    addresses: u64,
    work_addresses: u64,
    keys: BTreeMap<String, KeyRecord>,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    rows: u64,
    filled: u64,
    kept: u64,
    changed: u64,
    already_hashed: u64,
    dropped: BTreeMap<String, u64>,
}

impl From<Tally> for TallyRecord {
    fn from(tally: Tally) -> TallyRecord {
        let keys = tally.iter().map(|(key, cells)| {
            let dropped = cells.dropped();
            let record = KeyRecord {
                rows: cells.rows,
                filled: cells.filled,
                kept: cells.kept,
                changed: cells.changed,
                already_hashed: cells.already_hashed,
                dropped: dropped
                    .map(|(reason, count)| (reason.code().to_owned(), count))
                    .collect(),
            };
            (key.name().to_owned(), record)
        });
        TallyRecord {
            rows: tally.rows,
            addresses: tally.addresses,
            work_addresses: tally.work_addresses,
            keys: keys.collect(),
        }
    }
}

impl From<TallyRecord> for Tally {
    fn from(record: TallyRecord) -> Tally {
        let mut tally = Tally {
            rows: record.rows,
            addresses: record.addresses,
            work_addresses: record.work_addresses,
            ..Tally::default()
        };
        for (key, cells) in Key::ALL.into_iter().zip(&mut tally.keys) {
            if let Some(record) = record.keys.get(key.name()) {
                *cells = record.into();
            }
        }
        tally
    }
}

impl From<&KeyRecord> for KeyTally {
    fn from(record: &KeyRecord) -> KeyTally {
        let mut tally = KeyTally {
            rows: record.rows,
            filled: record.filled,
            kept: record.kept,
            changed: record.changed,
            already_hashed: record.already_hashed,
            ..KeyTally::default()
        };
        for (reason, count) in Reason::ALL.into_iter().zip(&mut tally.dropped) {
            *count = record
                .dropped
                .get(reason.code())
                .copied()
                .unwrap_or_default();
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tally_is_read_back_as_it_was_written() {
        let mut tally = Tally::default();
        tally.count_row();
        tally.count_address("a@initech.com");
        tally.count_sent(Key::Email, true, false);
        tally.count_dropped(Key::Phone, Reason::EmailWithoutAt);
        tally.count_row();
        tally.count_sent(Key::Email, false, true);
        let json = serde_json::to_string(&tally).unwrap();
        let mut back: Tally = serde_json::from_str(&json).unwrap();
        // The row at hand is no part of what is kept.
        back.count_row();
        tally.count_row();
        assert_eq!(back, tally);
    }

    #[test]
    fn names_of_another_version_are_passed_over() {
        let json = r#"{"rows":3,"addresses":0,"work_addresses":0,"keys":{"shoe_size":
            {"rows":1,"filled":1,"kept":1,"changed":0,"already_hashed":0,"dropped":{"too_big":1}}}}"#;
        let tally: Tally = serde_json::from_str(json).unwrap();
        assert_eq!((tally.rows(), tally.iter().count()), (3, 0));
    }
}
