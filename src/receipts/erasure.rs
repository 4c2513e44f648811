//! The receipt of an erasure: who was asked to be removed from where, in counts.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

use super::code::Code;
use super::receipt::{Schema, Worker};
use super::timestamp::Timestamp;

/// What was asked for, and what each place answered. Names of routes, ids of audiences and
/// accounts, names of keys, and counts: never a value or a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReceipt {
    pub schema: Schema,
    /// The moment it was begun, and 64 random bits: also the name that it is stored by.
    pub id: String,
    pub started_at: Timestamp,
    /// Not there while it runs, nor if it broke off without a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    pub asked: AskedErasure,
    /// Every place has answered for every person, and nobody was left out.
    pub complete: bool,
    pub targets: Vec<ErasedFrom>,
    pub worker: Worker,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedErasure {
    /// `values`, `file` or `standard_input`.
    pub source: Code,
    /// Whether it was asked of all customer lists of the ad accounts too.
    pub everywhere: bool,
}

/// One audience or ad account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedFrom {
    /// `audience`, or `ad_account` for all customer lists of one.
    pub kind: Code,
    pub id: String,
    /// The routes that lead there.
    pub routes: Vec<String>,
    pub status: ErasedStatus,
    /// Why it is not done, in a sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    #[serde(flatten)]
    pub counts: ErasureCounts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasedStatus {
    /// It has answered for everybody whom it was asked for.
    Done,
    /// It has not, or not for all.
    Missing,
}

/// What was found and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCounts {
    /// People of the input.
    pub people: u64,
    /// Those that were asked to be removed, and for whom an answer came.
    pub sent: u64,
    /// How many of the people could be named by each key.
    pub keys: BTreeMap<Code, u64>,
    /// People who could not be named at all.
    pub not_named: u64,
    /// People who were named, though a value of theirs could not be used.
    pub named_in_part: u64,
    /// People whom the place refused.
    pub refused: u64,
    /// The first of all these, by their number from 1.
    pub unfinished: Vec<UnfinishedPerson>,
    /// What the requests held.
    pub entries: u64,
    /// Entries that Meta calls wrongly formed.
    pub invalid: u64,
    pub requests: u64,
    pub retries: u64,
}

/// A person who is not, or perhaps not wholly, removed. Never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedPerson {
    /// From 1: the row of a file, or the place among the values.
    pub person: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Code>,
    /// Why, or Meta's code and subcode.
    pub reason: String,
    /// Other values of the person were sent.
    pub in_part: bool,
}

impl ErasureReceipt {
    /// For an erasure that begins now.
    pub fn new(asked: AskedErasure, now: OffsetDateTime) -> ErasureReceipt {
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        let moment = now.to_offset(time::UtcOffset::UTC).format(form);
        // The keys of a new hasher's state are the standard library's source of randomness.
        let random = RandomState::new().build_hasher().finish();
        let moment = moment.unwrap_or_default();
        ErasureReceipt {
            schema: Schema,
            id: format!("{moment}-{random:016x}"),
            started_at: now.into(),
            finished_at: None,
            asked,
            complete: false,
            targets: Vec::new(),
            worker: Worker::this(),
        }
    }

    /// What each place has answered. A receipt is small: of those who are not removed the
    /// places have equal shares of what is listed.
    pub fn answered(&mut self, targets: impl IntoIterator<Item = ErasedFrom>) {
        self.targets = targets.into_iter().collect();
        let share = ErasureCounts::MOST_LISTED / self.targets.len().max(1);
        for target in &mut self.targets {
            target.counts.unfinished.truncate(share);
        }
    }

    /// Where it is kept, below the state location.
    pub fn path(&self) -> String {
        format!("erasures/{}.json", self.id)
    }
}

impl ErasureCounts {
    /// As many are listed one by one in a receipt; all are counted.
    pub const MOST_LISTED: usize = 10_000;

    pub fn list(&mut self, person: UnfinishedPerson) {
        if self.unfinished.len() < Self::MOST_LISTED {
            self.unfinished.push(person);
        }
    }

    /// Whether somebody is not, or perhaps not wholly, removed.
    pub fn leaves_somebody(&self) -> bool {
        self.not_named + self.named_in_part + self.refused > 0
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_receipt_of_many_places_lists_no_more_people_than_that_of_one() {
        let asked = AskedErasure {
            source: Code::new("file"),
            everywhere: false,
        };
        let place = |id: usize| {
            let mut counts = ErasureCounts::default();
            for person in 1..=20_000 {
                counts.not_named += 1;
                counts.list(UnfinishedPerson {
                    person,
                    key: Some(Code::new("email")),
                    reason: "email_without_at".to_owned(),
                    in_part: false,
                });
            }
            ErasedFrom {
                kind: Code::new("audience"),
                id: id.to_string(),
                routes: Vec::new(),
                status: ErasedStatus::Missing,
                explanation: None,
                counts,
            }
        };
        for places in [1, 3, 40] {
            let now = datetime!(2026-11-29 12:00 UTC);
            let mut receipt = ErasureReceipt::new(asked.clone(), now);
            receipt.answered((0..places).map(place));
            let listed = receipt
                .targets
                .iter()
                .map(|one| one.counts.unfinished.len());
            let share = ErasureCounts::MOST_LISTED / places;
            assert!(listed.clone().all(|count| count == share));
            assert!(
                receipt
                    .targets
                    .iter()
                    .all(|one| one.counts.not_named == 20_000)
            );
            let json = serde_json::to_vec_pretty(&receipt).unwrap_or_default();
            assert!(json.len() < 2 * 1024 * 1024, "{} bytes", json.len());
        }
    }
}
