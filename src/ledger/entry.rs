//! What is known of one object version on one route.

use serde::{Deserialize, Serialize};

use super::progress::Progress;
use super::run::RunRecord;
use crate::object::version::ObjectVersion;
use crate::receipts::{Code, ObjectDescription, Timestamp};

/// Why an object of a run waits that has nothing left to send.
pub(super) const SENT: &str = "sent";

/// Why an object waits, or was given up, the work on which panicked: with requests out,
/// perhaps, that nobody waited for.
pub const PANICKED: &str = "panicked";

/// One document of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub schema: Schema,
    pub object: ObjectDescription,
    pub route: String,
    /// Grows with every write, so that no two writes of an entry are alike.
    pub revision: u64,
    /// Grows with every claim. An owner with a lower one has lost the object.
    pub fence: u64,
    #[serde(flatten)]
    pub state: State,
    /// Who claimed it last: a worker, and which of its claims.
    pub owner: String,
    /// How long an owner may be silent before another may claim the object.
    pub lease_seconds: u64,
    /// Of everything that decides the bytes of a request: the route, and this program's
    /// way of writing. Batches made under another one are other batches.
    pub fingerprint: String,
    /// Event ages are judged by this moment in every attempt (Unix seconds), so that every
    /// attempt makes the same batches.
    pub judged_at: i64,
    pub claimed_at: Timestamp,
    pub updated_at: Timestamp,
    /// Deliveries that were brought to their end; more than one only by replays or `--force`.
    pub deliveries: u32,
    /// The replay that the delivery at hand is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// Replays that were delivered, the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replayed: Vec<String>,
    pub attempts: Attempts,
    pub progress: Progress,
    /// Of a folder whose objects are delivered as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<RunRecord>>,
}

/// In JSON, `"state"` and, where there is one, `"reason"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Its owner works on it, or has died.
    InProgress,
    /// Given back before its end; anybody may claim it.
    Waiting { reason: Code },
    /// Delivered, or found to hold nothing: its receipt is stored.
    Done,
    /// Overwritten while it was read. Its receipt is stored.
    Superseded,
    /// Given up, with a receipt that says why. A message that names it again begins anew.
    Quarantined { reason: Code },
}

impl State {
    /// For metrics, logs and `status`.
    pub const fn name(&self) -> &'static str {
        match self {
            State::InProgress => "in_progress",
            State::Waiting { .. } => "waiting",
            State::Done => "done",
            State::Superseded => "superseded",
            State::Quarantined { .. } => "quarantined",
        }
    }

    pub const fn reason(&self) -> Option<&Code> {
        match self {
            State::InProgress | State::Done | State::Superseded => None,
            State::Waiting { reason } | State::Quarantined { reason } => Some(reason),
        }
    }
}

/// How often the object was claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    pub total: u64,
    /// In a row, since a batch was acknowledged; attempts that ended for a reason that is
    /// not the object's are not among them.
    pub without_progress: u32,
    /// The same with those: for how long the object should rest.
    #[serde(default)]
    pub in_vain: u32,
}

impl Entry {
    /// Whether it is of exactly this version, on this route.
    pub fn is_of(&self, object: &ObjectVersion, route: &str) -> bool {
        self.route == route && self.object.is_of(object)
    }

    /// Of a folder, what the receipt of its last run is kept under: one that failed and the
    /// one that follows it are one.
    pub fn run_called(&self) -> String {
        let is_through = matches!(self.state, State::Done);
        let number = self.deliveries + u32::from(!is_through);
        format!("run-{number}")
    }

    /// Whether it is an object of a run that has nothing left to send, and waits for the
    /// run's end.
    pub fn is_sent(&self) -> bool {
        matches!(&self.state, State::Waiting { reason } if reason.as_str() == SENT)
    }

    /// Whether both are one write: revisions grow, and only an owner writes.
    pub(super) fn is_same_write(&self, other: &Entry) -> bool {
        (self.revision, self.fence, &self.owner) == (other.revision, other.fence, &other.owner)
    }
}

/// The version of this format. Another one is not read as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Schema;

impl From<Schema> for u32 {
    fn from(_: Schema) -> u32 {
        1
    }
}

impl TryFrom<u32> for Schema {
    type Error = &'static str;

    fn try_from(schema: u32) -> Result<Schema, &'static str> {
        (schema == 1)
            .then_some(Schema)
            .ok_or("another schema than 1")
    }
}
