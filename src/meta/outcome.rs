//! What can become of a request. Closed: a new outcome has to be thought through
//! wherever one is handled.

use std::fmt;
use std::time::Duration;

use super::answer::TraceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in the request counts.
    Accepted { received: u64 },
    /// An audience upload of which some entries had a wrong form. Sending them
    /// again does not help.
    Partial { received: u64, invalid: u64 },
    /// Refused for its rate. Calling on lengthens the block: the whole account waits, for
    /// as long as `Retry-After` says, if it came.
    Throttled { wait: Option<Duration> },
    /// Refused for the moment; nothing of it happened.
    Transient,
    /// Sent, but no answer that could be understood: it may or may not have
    /// happened. Only the identical request may follow.
    Unknown,
    /// Refused with an error that may pass or stay, nobody says which: tried again a few
    /// times, and then taken for the set-up.
    Unexplained,
    /// The object is in a state that ends by itself within minutes, or an hour: a
    /// replacement of the audience is under way.
    Busy,
    /// The token is not accepted. The rows are fine.
    Auth,
    /// Something has to be set up by a person. The rows are fine.
    Configuration,
    /// Something in the rows is refused, and with it the whole request.
    BadData,
    /// Refused, and perhaps for its size alone: the same rows may pass in smaller
    /// requests. Nothing of it happened.
    TooLarge,
    /// Refused for its size: only smaller requests may pass. Nothing of it happened.
    TooMany,
}

impl Outcome {
    /// The name in logs and as a metric's label.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Accepted { .. } => "accepted",
            Outcome::Partial { .. } => "partial",
            Outcome::Throttled { .. } => "throttled",
            Outcome::Transient => "transient",
            Outcome::Unknown => "unknown",
            Outcome::Unexplained => "unexplained",
            Outcome::Busy => "busy",
            Outcome::Auth => "auth",
            Outcome::Configuration => "configuration",
            Outcome::BadData => "bad_data",
            Outcome::TooLarge => "too_large",
            Outcome::TooMany => "too_many",
        }
    }
}

/// Meta's number for an error, the only part of an error answer that is kept: its
/// texts are translated, and may repeat rows or the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode {
    pub code: i64,
    pub subcode: Option<i64>,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subcode {
            Some(subcode) => write!(f, "{}/{subcode}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

/// Why a row that was ready to be sent is not among those that Meta accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// It was sent alone, and Meta did not take it.
    ByMeta(Option<ErrorCode>),
    /// It was not sent: while it waited, its event grew older than Meta takes any.
    TooOld,
}

impl From<Option<ErrorCode>> for RefusalCause {
    fn from(error: Option<ErrorCode>) -> RefusalCause {
        RefusalCause::ByMeta(error)
    }
}

/// As receipts and lists of rejects have it.
impl fmt::Display for RefusalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefusalCause::ByMeta(Some(error)) => error.fmt(f),
            RefusalCause::ByMeta(None) => f.write_str("no code"),
            RefusalCause::TooOld => f.write_str("event_too_old"),
        }
    }
}

/// What an answer that is no success is called in front of people: Meta's number for it and
/// what to quote to Meta's support, or as much of it as there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Absent where no answer came.
    pub status: Option<u16>,
    pub error: Option<ErrorCode>,
    pub trace_id: Option<TraceId>,
}

impl Named {
    /// What to do about it, as far as the number tells.
    pub fn advice(&self) -> &'static str {
        self.error.map_or(
            "the answer has no code of Meta's: look whether something between the worker and Meta answers in its place",
            ErrorCode::advice,
        )
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.error, self.status) {
            (Some(error), _) => write!(f, "error {error}")?,
            (None, Some(status)) => write!(f, "no error code, HTTP status {status}")?,
            (None, None) => return f.write_str("no answer"),
        }
        match &self.trace_id {
            Some(id) => write!(f, ", trace id {id}"),
            None => f.write_str(", no trace id"),
        }
    }
}
