//! How an object ended.

use serde::{Deserialize, Serialize};

use super::code::Code;

/// In JSON, `"status"` and, where there is one, `"reason"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Every row has its answer. Which one, the counts tell.
    Delivered,
    /// There was nothing to deliver: an empty object, a header only, a marker.
    Skipped { reason: Code },
    /// The whole file does not fit: no header of the mapping, not text, …
    Refused { reason: Code },
    /// Too many of the first rows were rejects, so nothing was sent.
    Blocked { reason: Code },
    /// Overwritten while it was read; the newer version has an event of its own.
    Superseded,
    /// Given up after several attempts without progress.
    Quarantined { reason: Code },
}

impl Status {
    /// For metrics and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Status::Delivered => "delivered",
            Status::Skipped { .. } => "skipped",
            Status::Refused { .. } => "refused",
            Status::Blocked { .. } => "blocked",
            Status::Superseded => "superseded",
            Status::Quarantined { .. } => "quarantined",
        }
    }

    pub const fn reason(&self) -> Option<&Code> {
        match self {
            Status::Delivered | Status::Superseded => None,
            Status::Skipped { reason }
            | Status::Refused { reason }
            | Status::Blocked { reason }
            | Status::Quarantined { reason } => Some(reason),
        }
    }
}
