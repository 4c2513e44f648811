//! What a run's receipt tells beside its counts: which list is live now, and how that came
//! about.

use serde::{Deserialize, Serialize};

use super::receipt::{ObjectDescription, Receipt};
use super::timestamp::Timestamp;

/// All objects of a folder, delivered as one membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    pub live: Live,
    /// The session that brought it, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// The batch that the session ended with, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_number: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// From the first batch to the end of the attempt that wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Requests that its rows make, and how many of them belong to the session; the others
    /// are added after it.
    pub requests: u64,
    pub in_session: u64,
    /// Meta ended the session before all was sent; the rest was added, if the new list is
    /// live.
    #[serde(default)]
    pub cut_short: bool,
    /// Attempts that went on with a session of an earlier one.
    pub resumed: u32,
    /// Sessions that were begun anew.
    pub restarts: u32,
    pub objects: Vec<RunObject>,
    /// The object that says that the run is complete, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<ObjectDescription>,
}

/// Whose members the audience has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// All of the new list, and no other.
    New,
    /// All of the old list: nothing of the new one took effect.
    Old,
    /// The old list, as long as the session that was begun is open; what has arrived takes
    /// its place when Meta ends that after ninety minutes.
    OldUntilTimeout,
    /// What had arrived of the new list when Meta ended the session. The rest is not added.
    PartOfNew,
    /// The new list, and beside it rows of a version of an object that was overwritten when a
    /// part of it was sent. A session with the new version alone is to follow.
    Mixed,
    /// Meta failed in the middle: it says that the list may be partly replaced.
    Unknown,
}

impl Live {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Live::New => "the new list",
            Live::Old => "the old list",
            Live::OldUntilTimeout => {
                "the old list, until the session ends: after ninety minutes what has arrived takes its place"
            }
            Live::PartOfNew => {
                "the new list, or what has arrived of it; the rest is still to be added"
            }
            Live::Mixed => {
                "the new list, with rows of an older version of an object; one without them follows"
            }
            Live::Unknown => "not known: Meta failed in the middle, or a session was left",
        }
    }
}

/// One object of a run, in short; each has a receipt of its own once the run is through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunObject {
    #[serde(flatten)]
    pub object: ObjectDescription,
    /// Rows that can be sent, as far as it was looked at.
    pub rows: u64,
    pub requests: u64,
}

impl Receipt {
    /// Adds the counts of one object to those of its run.
    pub fn add(&mut self, part: &Receipt) {
        self.rows.read += part.rows.read;
        self.rows.filtered += part.rows.filtered;
        self.rows.rejected += part.rows.rejected;
        self.rows.sent += part.rows.sent;
        self.rows.withheld += part.rows.withheld;
        self.sent.accepted += part.sent.accepted;
        self.sent.refused += part.sent.refused;
        self.sent.unknown += part.sent.unknown;
        self.entries.sent += part.entries.sent;
        self.entries.invalid += part.entries.invalid;
        self.batches.acknowledged += part.batches.acknowledged;
        self.batches.requests += part.batches.requests;
        self.batches.retries += part.batches.retries;
        self.rejects.add_counts(&part.rejects);
        self.refusals.add_counts(&part.refusals);
    }
}
