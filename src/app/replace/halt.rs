//! Why a run is not through yet, or does not take the place of an audience's members.

use std::fmt;
use std::time::Duration;

use crate::app::halt::{Refusal, Wait};
use crate::meta::SessionEnd;
use crate::receipts::{Status, Timestamp};

/// What a replacement that is not ours takes, at most, is ninety minutes.
const WHILE_REPLACED: Duration = Duration::from_secs(120);
const WHILE_SWAPPED: Duration = Duration::from_secs(60);

/// What keeps a run from going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunHalt {
    /// Not all of its objects are there.
    Incomplete { objects: usize, awaits: Awaits },
    /// It was tried a moment ago for another of its objects.
    Resting(Duration),
    /// The audience is being replaced by somebody else.
    BeingReplaced,
    /// Everything was sent, and Meta has not made it the audience yet.
    Swapping,
    /// Meta has ended the session.
    Ended(SessionEnd),
    /// The session has all the batches that it is to have.
    SessionFull,
    /// Its last batch was refused, and none is at hand that was accepted.
    NothingToCloseWith,
    /// Meta takes nothing for the audience before somebody acts.
    AudienceBlocked,
}

/// What a run is complete with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    SuccessMarker,
    Manifest,
    /// Objects that the manifest lists.
    Listed {
        missing: usize,
    },
    Objects {
        expected: usize,
    },
    /// That nothing is written for so long from now.
    Quiet(Duration),
}

impl RunHalt {
    pub(in crate::app) const fn wait(self) -> Wait {
        match self {
            RunHalt::Incomplete {
                awaits: Awaits::Quiet(left),
                ..
            } => Wait::For(left),
            RunHalt::Incomplete { .. } => Wait::Run,
            RunHalt::Resting(left) => Wait::For(left),
            RunHalt::BeingReplaced => Wait::For(WHILE_REPLACED),
            RunHalt::Swapping => Wait::For(WHILE_SWAPPED),
            RunHalt::Ended(_) | RunHalt::SessionFull | RunHalt::NothingToCloseWith => Wait::Passing,
            RunHalt::AudienceBlocked => Wait::Route,
        }
    }

    /// The name as a metric's label.
    pub const fn status(self) -> &'static str {
        match self {
            RunHalt::Incomplete { .. } => "run_incomplete",
            RunHalt::Resting(_) => "run_resting",
            RunHalt::BeingReplaced => "being_replaced",
            RunHalt::Swapping => "swapping",
            RunHalt::Ended(_) | RunHalt::SessionFull | RunHalt::NothingToCloseWith => {
                "session_ended"
            }
            RunHalt::AudienceBlocked => "audience_blocked",
        }
    }
}

impl fmt::Display for RunHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunHalt::Incomplete { objects, awaits } => {
                write!(f, "waiting for the run to be complete, {objects} objects so far: ")?;
                match awaits {
                    Awaits::SuccessMarker => {
                        f.write_str("its folder has no _SUCCESS that is newer than they are")
                    }
                    Awaits::Manifest => {
                        f.write_str("its folder has no manifest that is newer than they are")
                    }
                    Awaits::Listed { missing } => {
                        write!(f, "{missing} of those that the manifest lists are missing")
                    }
                    Awaits::Objects { expected } => {
                        write!(f, "run.expected_objects says {expected}")
                    }
                    Awaits::Quiet(left) => write!(
                        f,
                        "unless another is written, it is in {} s (run.quiet_seconds)",
                        left.as_secs()
                    ),
                }
            }
            RunHalt::Resting(left) => write!(
                f,
                "the run was tried a moment ago; it is tried again in {} s",
                left.as_secs()
            ),
            RunHalt::BeingReplaced => f.write_str(
                "the audience is being replaced by somebody else: Meta allows one replacement at a time",
            ),
            RunHalt::Swapping => {
                f.write_str("everything was sent, and Meta is still making it the audience's members")
            }
            RunHalt::Ended(_) => f.write_str("Meta has ended the session of the replacement"),
            RunHalt::SessionFull => f.write_str("what is left of the run is added after the session"),
            RunHalt::NothingToCloseWith => {
                f.write_str("Meta refuses the batch that is to close the session")
            }
            RunHalt::AudienceBlocked => f.write_str(
                "Meta reports that the audience is flagged, faulty, or that its creator's account is inactive: look at it in \
                 Audience Manager",
            ),
        }
    }
}

/// Why a run must not take the place of the members.
#[derive(Debug)]
pub enum RunRefusal {
    /// One of its objects cannot be sent.
    Part {
        key: String,
        refusal: Box<Refusal>,
    },
    /// An object cannot be sent together with the first one.
    OtherColumns {
        key: String,
    },
    TooManyRejects {
        rejected: u64,
        of: u64,
    },
    Empty,
    /// A run that was written later is live.
    Older {
        written: Timestamp,
        live: Timestamp,
    },
    Shrunk {
        rows: u64,
        before: u64,
        /// As the last run says, and not Meta's estimate.
        of_last_run: bool,
        percent: u8,
    },
    OverWindow {
        requests: u64,
        per_second: f64,
        minutes: u64,
    },
    /// Whatever its objects hold.
    Unfit(Unfit),
    /// Meta has failed several times in the midst of it, or its objects were written over.
    Failed {
        sessions: u32,
    },
}

/// Why what lies in the folder is no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// More than the route expects.
    MoreObjects {
        objects: usize,
        expected: usize,
    },
    TooManyObjects,
    Manifest,
}

impl Unfit {
    const fn code(self) -> &'static str {
        match self {
            Unfit::MoreObjects { .. } => "more_objects",
            Unfit::TooManyObjects => "too_many_objects",
            Unfit::Manifest => "unreadable_manifest",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::MoreObjects { objects, expected } => write!(
                f,
                "the folder has {objects} objects where run.expected_objects says {expected}: which of them are the run, nobody can tell"
            ),
            Unfit::TooManyObjects => write!(
                f,
                "the folder has more than {} objects, which is more than a run may have: export larger ones",
                crate::config::MOST_OBJECTS
            ),
            Unfit::Manifest => f.write_str(
                "the manifest is no list of objects in its own folder: one key a line, a JSON list of keys, or {\"entries\": [{\"url\": …}]}",
            ),
        }
    }
}

impl RunRefusal {
    pub(in crate::app) fn status(&self) -> Status {
        let code = match self {
            RunRefusal::Part { refusal, .. } => return refusal.status(),
            RunRefusal::TooManyRejects { .. } => {
                return Status::Blocked {
                    reason: "too_many_rejects".into(),
                };
            }
            RunRefusal::OtherColumns { .. } => "other_columns",
            RunRefusal::Empty => "empty_run",
            RunRefusal::Older { .. } => "older_run",
            RunRefusal::Shrunk { .. } => "shrunk",
            RunRefusal::OverWindow { .. } => "over_window",
            RunRefusal::Unfit(unfit) => unfit.code(),
            RunRefusal::Failed { .. } => "replacement_failed",
        };
        Status::Refused {
            reason: code.into(),
        }
    }
}

impl fmt::Display for RunRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunRefusal::Part { key, refusal } => {
                write!(f, "{key:?} cannot be sent, and with it nothing of the run: {refusal}")
            }
            RunRefusal::OtherColumns { key } => write!(
                f,
                "{key:?} gives other keys than the first object of the run, and Meta wants the same in all of a replacement: \
                 export them with one header, or name the columns in [route.columns]"
            ),
            RunRefusal::TooManyRejects { rejected, of } => write!(
                f,
                "{rejected} of the {of} rows of the run that are meant to be sent cannot be, more than input.max_reject_share \
                 allows: is the mapping right? nothing was sent"
            ),
            RunRefusal::Empty => f.write_str(
                "no row of the run can be sent, and Meta refuses to replace an audience by nobody: was the export empty?",
            ),
            RunRefusal::Older { written, live } => write!(
                f,
                "the run was written at {written}, before the one whose members the audience has ({live}), and would set it back: if that \
                 is wanted, replay it with --force"
            ),
            RunRefusal::Shrunk {
                rows,
                before,
                of_last_run,
                percent,
            } => {
                let what = if *of_last_run {
                    "the last run had"
                } else {
                    "Meta counts about"
                };
                write!(
                    f,
                    "the run has {rows} rows where {what} {before}, and run.allow_shrink_percent allows a list to shrink by {percent} %: \
                     is the export whole? raise it to send this run all the same"
                )
            }
            RunRefusal::OverWindow {
                requests,
                per_second,
                minutes,
            } => write!(
                f,
                "{requests} requests at {per_second:.2}/s take {} min, more than the {minutes} allowed of Meta's 90: raise \
                 delivery.requests_per_second if the account has the quota, or set run.over_window = \"replace_then_add\"",
                minutes_of(*requests, *per_second)
            ),
            RunRefusal::Unfit(unfit) => unfit.fmt(f),
            RunRefusal::Failed { sessions } => write!(
                f,
                "{sessions} replacements of this run have failed at Meta, or objects were written over in the midst of them: look at the audience in \
                 Audience Manager and at the export, then replay the run"
            ),
        }
    }
}

/// Rounded up.
fn minutes_of(requests: u64, per_second: f64) -> u64 {
    (requests as f64 / per_second / 60.0).ceil() as u64
}
