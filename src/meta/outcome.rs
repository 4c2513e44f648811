//! What can become of a request. Closed: a new outcome has to be thought through
//! wherever one is handled.

use std::fmt;
use std::time::Duration;

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
    /// The token is not accepted. The rows are fine.
    Auth,
    /// Something has to be set up by a person. The rows are fine.
    Configuration,
    /// Something in the rows is refused, and with it the whole request.
    BadData,
    /// Refused, and perhaps for its size alone: the same rows may pass in smaller
    /// requests. Nothing of it happened.
    TooLarge,
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
            Outcome::Auth => "auth",
            Outcome::Configuration => "configuration",
            Outcome::BadData => "bad_data",
            Outcome::TooLarge => "too_large",
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
