//! What one check came to.

use serde::Serialize;

/// What is looked at. Its name is told in logs and by the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Messages can be received, and the queue is set up so that none is lost.
    Queue,
    /// Where ledger and receipts are kept can be read.
    State,
    /// The route's secret can be read, and holds credentials.
    Secret,
    /// Meta accepts the access token.
    Token,
    Dataset,
    /// The dataset takes events of stores.
    StoreEvents,
    /// The ad account has one customer list of the name that is configured.
    Name,
    Audience,
    /// The audience is one of the route's ad account.
    AdAccount,
    /// The audience is a customer list.
    Subtype,
    /// The token may change the audience.
    Permission,
    /// What state Meta says the audience is in.
    Status,
    /// Whether the audience asks for values, and columns hold them.
    Values,
    /// The terms of the ad account are accepted.
    Terms,
}

impl Check {
    pub const fn name(self) -> &'static str {
        match self {
            Check::Queue => "queue",
            Check::State => "state",
            Check::Secret => "secret",
            Check::Token => "token",
            Check::Dataset => "dataset",
            Check::StoreEvents => "store_events",
            Check::Name => "name",
            Check::Audience => "audience",
            Check::AdAccount => "ad_account",
            Check::Subtype => "subtype",
            Check::Permission => "permission",
            Check::Status => "status",
            Check::Values => "values",
            Check::Terms => "terms",
        }
    }
}

/// How a check came out, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Ok,
    /// Sending goes on; somebody should look at it.
    Warning,
    /// It could not be asked now.
    Unknown,
    /// Somebody has to act.
    Failed,
}

impl Mark {
    pub const ALL: [Mark; 4] = [Mark::Ok, Mark::Warning, Mark::Unknown, Mark::Failed];

    /// The name in logs and as a metric's label.
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Ok => "ok",
            Mark::Warning => "warning",
            Mark::Unknown => "unknown",
            Mark::Failed => "failed",
        }
    }
}

/// One check, how it came out, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    pub result: Mark,
    pub sentence: String,
    /// It is certain that Meta would refuse every request.
    #[serde(skip)]
    pub(super) blocks: bool,
}

impl Finding {
    pub(super) fn new(check: Check, result: Mark, sentence: impl Into<String>) -> Finding {
        Finding {
            check,
            result,
            sentence: sentence.into(),
            blocks: false,
        }
    }

    pub(super) fn ok(check: Check, sentence: impl Into<String>) -> Finding {
        Finding::new(check, Mark::Ok, sentence)
    }

    pub(super) fn warning(check: Check, sentence: impl Into<String>) -> Finding {
        Finding::new(check, Mark::Warning, sentence)
    }

    pub(super) fn unknown(check: Check, sentence: impl Into<String>) -> Finding {
        Finding::new(check, Mark::Unknown, sentence)
    }

    /// Requests may pass all the same.
    pub(super) fn failed(check: Check, sentence: impl Into<String>) -> Finding {
        Finding::new(check, Mark::Failed, sentence)
    }

    /// No request can pass.
    pub(super) fn blocking(check: Check, sentence: impl Into<String>) -> Finding {
        Finding {
            blocks: true,
            ..Finding::failed(check, sentence)
        }
    }
}

/// The worst of them.
pub fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Mark {
    let marks = findings.into_iter().map(|finding| finding.result);
    marks.max().unwrap_or(Mark::Ok)
}
