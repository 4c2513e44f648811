//! What is known of a run: all objects of a folder, which together take the place of an
//! audience's members. Kept in the entry of the folder.

use serde::{Deserialize, Serialize};

use crate::object::version::ObjectVersion;
use crate::receipts::{Code, ObjectDescription, Timestamp};

/// A run from the moment that its objects are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Of the route when the objects were looked at.
    pub fingerprint: String,
    /// In the order in which they are sent. No other version of them belongs to it.
    pub parts: Vec<RunPart>,
    /// The object that says that the run is complete, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<ObjectDescription>,
    #[serde(flatten)]
    pub stage: Stage,
    /// So many requests belong to the session; the others are added after it. All of them,
    /// but where the run is longer than a session may last.
    pub in_session: u64,
    /// The session's next batch number that was not promised to any batch.
    pub next_number: u64,
    /// Batches no longer go by the number of their place: the same number might then
    /// stand for other rows than it once did.
    #[serde(default)]
    pub renumbered: bool,
    /// What Meta said to the batch that opened the session, if it was a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_with: Option<OpenedWith>,
    /// A session whose first batch had no answer, and of which nothing was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<u64>,
    /// An object was overwritten when rows of it were sent: the session has rows of both
    /// versions, and is followed by another.
    #[serde(default)]
    pub mixed: bool,
    /// A session failed at Meta or was left, and none has succeeded since.
    #[serde(default)]
    pub failed: bool,
    /// Sessions that were begun anew.
    #[serde(default)]
    pub restarts: u32,
    /// Attempts that found a session begun by an earlier one.
    #[serde(default)]
    pub resumed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// How long the other messages of the run rest, from when it was given back.
    #[serde(default)]
    pub rest_seconds: u64,
    /// Once it is given up: the objects whose messages were put aside for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<String>,
}

/// One object of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPart {
    pub object: ObjectDescription,
    /// Rows that can be sent.
    pub rows: u64,
    /// Requests that they make.
    pub batches: u64,
    /// Why there is nothing in it, where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing: Option<Code>,
}

/// How far it has come. In JSON, `"stage"` and, where there is one, `"session"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Nothing was sent.
    #[default]
    Surveyed,
    /// The first batch of this session goes out, or has gone: it is never sent again.
    Opening { session: u64 },
    /// The first batch has arrived.
    Open { session: u64 },
    /// Every batch of the session was accepted, the last one too.
    Closed { session: u64 },
    /// The session is over, and what it does not hold is added.
    Adding {
        session: u64,
        /// Meta ended it before all was sent.
        cut_short: bool,
    },
}

impl Stage {
    pub const fn session(self) -> Option<u64> {
        match self {
            Stage::Surveyed => None,
            Stage::Opening { session }
            | Stage::Open { session }
            | Stage::Closed { session }
            | Stage::Adding { session, .. } => Some(session),
        }
    }
}

/// The answer to the first batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedWith {
    pub entries: u64,
    pub invalid: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

impl RunRecord {
    /// Whether exactly this version is one of its objects, or what completed it.
    pub fn holds(&self, object: &ObjectVersion) -> bool {
        let parts = self.parts.iter().map(|part| &part.object);
        parts.chain(&self.signal).any(|one| one.is_of(object))
    }

    /// Requests of all its objects.
    pub fn batches(&self) -> u64 {
        self.parts.iter().map(|part| part.batches).sum()
    }

    /// Rows that can be sent, of all its objects.
    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }
}
