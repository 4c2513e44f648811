//! What is known of a run: all objects of a folder, which together take the place of an
//! audience's members. Kept in the entry of the folder.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::object::version::ObjectVersion;
use crate::receipts::{Code, Live, ObjectDescription, Timestamp};

/// Meta ends a session ninety minutes after its first batch; a little more, for what its
/// clock says and for the swap.
pub const LONGEST_SESSION: Duration = Duration::from_secs(95 * 60);

/// A run from the moment that its objects are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Of the route when the objects were looked at.
    pub fingerprint: String,
    /// In the order in which they are sent. No other version of them belongs to it. Counted
    /// as far as they were looked at.
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
    /// That the session is this run's is known by the audience's state alone.
    #[serde(default)]
    pub seen_by_state: bool,
    /// A session whose first batch had no answer, and of which nothing was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<u64>,
    /// An object was overwritten when rows of it were sent: the session has rows of both
    /// versions, and is followed by another.
    #[serde(default)]
    pub mixed: bool,
    /// Such a session has become the audience, and none since.
    #[serde(default)]
    pub mixed_is_live: bool,
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
    /// When the first batch of the session that is being opened was about to go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When the last of its other sessions was begun of which nobody knows that it is over:
    /// one that did not show, or was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_since: Option<Timestamp>,
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
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Surveyed => "surveyed",
            Stage::Opening { .. } => "opening",
            Stage::Open { .. } => "open",
            Stage::Closed { .. } => "closed",
            Stage::Adding { .. } => "adding",
        }
    }

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

    /// Whose members the audience has, as far as can be known; `is_through` where its new
    /// list is there.
    pub fn live(&self, is_through: bool) -> Live {
        match self.stage {
            _ if is_through => Live::New,
            _ if self.failed => Live::Unknown,
            _ if self.mixed_is_live => Live::Mixed,
            Stage::Surveyed => Live::Old,
            Stage::Opening { .. } | Stage::Open { .. } => Live::OldUntilTimeout,
            // The swap is under way, or what is left is added.
            Stage::Closed { .. } | Stage::Adding { .. } => Live::PartOfNew,
        }
    }

    /// For how long Meta may still keep a session of it open, or swap it in: nobody may
    /// write to the audience meanwhile.
    pub fn lasts_for(&self, now: OffsetDateTime) -> Option<Duration> {
        let since = match self.stage {
            Stage::Opening { .. } => &self.sent_at,
            Stage::Open { .. } | Stage::Closed { .. } => &self.opened_at,
            Stage::Surveyed => &self.left_since,
            Stage::Adding { .. } => &None,
        };
        let elapsed = (now - since.as_ref()?.moment()).unsigned_abs();
        let left = LONGEST_SESSION.saturating_sub(elapsed);
        (!left.is_zero()).then_some(left)
    }

    /// The session that it has, or is about to have, is left as it is: it may be open for as
    /// long as any.
    pub fn leave_session(&mut self) {
        let began = match self.stage {
            Stage::Opening { .. } => &self.sent_at,
            _ => &self.opened_at,
        };
        if began.is_some() {
            self.left_since.clone_from(began);
        }
    }

    /// Nobody can say any more what becomes of the session that it has: Meta failed in the
    /// midst of it, or it will never be finished.
    pub fn session_failed(&mut self) {
        self.failed = true;
        self.leave_session();
    }

    /// What the session holds has become the audience.
    pub fn swapped(&mut self) {
        self.failed = false;
        self.mixed_is_live = self.mixed;
    }

    /// When the session was begun that it has, as far as is known.
    pub fn begun_at(&self) -> Option<OffsetDateTime> {
        let begun = self.opened_at.as_ref().or(self.sent_at.as_ref());
        begun.map(Timestamp::moment)
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

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const OPENED: OffsetDateTime = datetime!(2026-11-24 10:00 UTC);

    #[test]
    fn a_session_may_be_open_for_ninety_minutes_and_a_little_more() {
        let session = 7;
        let after = |stage, minutes: i64| {
            let record = RunRecord {
                stage,
                opened_at: Some(OPENED.into()),
                sent_at: Some(OPENED.into()),
                ..RunRecord::default()
            };
            record.lasts_for(OPENED + time::Duration::minutes(minutes))
        };
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        for stage in [
            Stage::Opening { session },
            Stage::Open { session },
            Stage::Closed { session },
        ] {
            assert_eq!(after(stage, 0), minutes(95));
            assert_eq!(after(stage, 90), minutes(5));
            assert_eq!(after(stage, 95), None);
        }
        let cut_short = true;
        assert_eq!(after(Stage::Adding { session, cut_short }, 1), None);
        assert_eq!(after(Stage::Surveyed, 1), None);
    }

    #[test]
    fn one_that_did_not_show_or_was_left_may_be_open_too() {
        let later = OPENED + LONGEST_SESSION - Duration::from_secs(1);
        let session = 7;
        for (stage, other) in [
            (Stage::Opening { session }, None),
            (Stage::Open { session }, Some(later.into())),
        ] {
            let (opened_at, sent_at) = match stage {
                Stage::Opening { .. } => (other, Some(OPENED.into())),
                _ => (Some(OPENED.into()), other),
            };
            let mut record = RunRecord {
                stage,
                opened_at,
                sent_at,
                ..RunRecord::default()
            };
            record.leave_session();
            record.stage = Stage::Surveyed;
            // However often another one is tried in vain meanwhile.
            record.sent_at = Some(later.into());
            record.opened_at = None;
            assert_eq!(record.lasts_for(OPENED), Some(LONGEST_SESSION));
            assert_eq!(record.lasts_for(later), Some(Duration::from_secs(1)));
            assert_eq!(record.lasts_for(OPENED + LONGEST_SESSION), None);
        }
        assert_eq!(RunRecord::default().lasts_for(OPENED), None);
    }
}
