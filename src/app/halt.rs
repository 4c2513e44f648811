//! Why an object is not through yet, and what follows from it.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::produce::ProduceError;
use super::replace::{RunHalt, RunRefusal};
use super::sample_gate::Blocked;
use super::turn::NoTurn;
use crate::delivery::Stop;
use crate::documents::DocumentError;
use crate::error_chain::ErrorChain;
use crate::identity::MappingError;
use crate::identity::key::Key;
use crate::ledger::{LedgerError, Lost, PANICKED};
use crate::meta::{ErrorCode, TooOld};
use crate::object::{ContentError, ObjectError};
use crate::receipts::{Status, StoreError};
use crate::rows::RowsError;
use crate::turns::TurnError;

/// The quota may have recovered earlier than was said; and a queue hides no message for
/// longer than twelve hours.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// The part of a rest by which it may be longer.
const QUOTA_JITTER: f64 = 0.1;

/// The message stays in the queue.
#[derive(Debug)]
pub enum Halt {
    /// Told to stop before the end.
    Halted,
    /// The file itself, or how the route reads it, is at fault.
    Refused(Refusal),
    Object(ObjectError),
    Delivery(Stop),
    /// Meta was asked beforehand, and would refuse every request.
    Preflight(String),
    Receipts(StoreError),
    /// Bytes that did not come, for a reason no source gave.
    Input(io::Error),
    /// The ledger could not be asked.
    Ledger(LedgerError),
    /// Another worker has the object; its lease ends then at the earliest.
    Busy {
        lease: Duration,
    },
    /// The audience is not its route's to write to now.
    Turn(NoTurn),
    /// The object is no longer this worker's.
    Lost(Lost),
    /// What was begun before is through, and what the message asks for is still to do.
    Again,
    /// Attempt after attempt has ended without a word: the process died of it, perhaps.
    NoProgress,
    /// A fault of the program; the object is taken up again.
    Panicked,
    /// What keeps a run of objects from going on.
    Run(RunHalt),
}

/// Why nothing (more) of a file is sent.
#[derive(Debug)]
pub enum Refusal {
    /// There is nothing in it: no fault, and nothing to do.
    Nothing(&'static str),
    Content(ContentError),
    Rows(RowsError),
    Mapping(MappingError),
    /// A column that the route needs beside the identifiers is not in the header.
    Column {
        setting: &'static str,
        column: String,
    },
    /// Several columns of the header have the name of one that the route needs.
    RepeatedColumn {
        setting: &'static str,
        column: String,
    },
    /// `value = "auto"`, and no column is known to hold a value.
    NoValueColumn,
    /// A column holds ids of this key, and the route does not say of which app or page.
    NoScope(Key),
    TooOld(TooOld),
    /// Neither the route nor the secret says where to send to.
    NoDataset,
    Blocked {
        rejected: u64,
        of: u64,
    },
    /// A part of the object was delivered when the route was another.
    RouteChanged,
    /// The rows do not make the batches that an earlier attempt made of them.
    OtherBatches,
    /// Of a run of objects as a whole.
    Run(RunRefusal),
}

/// What kind of waiting a halt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// None: another worker may go on at once.
    None,
    /// Until a lease ends.
    Lease(Duration),
    /// Until Meta's quota recovers.
    Quota(Duration),
    /// For so long.
    For(Duration),
    /// Until other objects of the run are there; their own messages are faster.
    Run,
    /// Something passes by itself.
    Passing,
    /// So does this, in minutes rather than seconds, and asking does not hasten it.
    Occupied,
    /// Somebody has to act on the route: token, permission, set-up.
    Route,
    /// The same, where trying again may make it worse.
    Blocked,
    /// Somebody has to act on the file, or on how the route reads it.
    File,
}

impl Halt {
    pub fn wait(&self) -> Wait {
        match self {
            Halt::Halted | Halt::Delivery(Stop::Halted) | Halt::Again => Wait::None,
            Halt::Busy { lease } => Wait::Lease(*lease),
            Halt::Turn(NoTurn::Others { rest }) => Wait::Lease(*rest),
            Halt::Turn(NoTurn::Lost(_)) => Wait::Passing,
            Halt::Turn(NoTurn::Unknown(error)) => match error {
                TurnError::Documents(DocumentError::Setup(_)) => Wait::Route,
                TurnError::Documents(DocumentError::Transient(_)) => Wait::Passing,
                TurnError::Unreadable { .. } => Wait::Route,
            },
            // Whoever has it goes on; or nobody has, because the ledger is out of reach.
            Halt::Lost(_) => Wait::Passing,
            Halt::Ledger(error) => match error {
                LedgerError::Setup(_) => Wait::Route,
                LedgerError::Unreadable { .. } => Wait::File,
                LedgerError::Transient(_) => Wait::Passing,
            },
            // Whoever mends it changes the route or its secret, not the file.
            Halt::Refused(Refusal::NoDataset) | Halt::Preflight(_) => Wait::Route,
            Halt::Refused(_) => Wait::File,
            Halt::Object(error) => match error {
                ObjectError::NotFound { .. }
                | ObjectError::Archived { .. }
                | ObjectError::Refused { .. } => Wait::File,
                ObjectError::Forbidden { .. } | ObjectError::Setup { .. } => Wait::Route,
                ObjectError::Overwritten { .. } | ObjectError::Transient { .. } => Wait::Passing,
            },
            Halt::Delivery(stop) => match stop {
                Stop::Halted => Wait::None,
                Stop::Configuration { answer }
                    if answer.error.is_some_and(ErrorCode::is_a_block) =>
                {
                    Wait::Blocked
                }
                Stop::Configuration { answer }
                    if answer.error.is_some_and(ErrorCode::is_the_files) =>
                {
                    Wait::File
                }
                Stop::Auth { .. } | Stop::Configuration { .. } | Stop::TooManyRefused { .. } => {
                    Wait::Route
                }
                Stop::Busy { .. } => Wait::Occupied,
                Stop::InDoubt { .. } => Wait::File,
                Stop::Credentials(error) if error.is_transient() => Wait::Passing,
                Stop::Credentials(_) => Wait::Route,
                Stop::Unknown { .. } | Stop::Unavailable { .. } => Wait::Passing,
                Stop::Throttled { until } => {
                    Wait::Quota(until.saturating_duration_since(Instant::now()))
                }
            },
            Halt::Receipts(error) => match error {
                StoreError::Setup(_) => Wait::Route,
                StoreError::Unreadable { .. } => Wait::File,
                StoreError::Unbalanced(_) | StoreError::Transient(_) => Wait::Passing,
            },
            Halt::Input(_) | Halt::Panicked | Halt::NoProgress => Wait::Passing,
            Halt::Run(halt) => halt.wait(),
        }
    }

    /// The name as a metric's label.
    pub const fn status(&self) -> &'static str {
        match self {
            Halt::Halted | Halt::Delivery(Stop::Halted) => "halted",
            Halt::Refused(_) => "refused",
            Halt::Object(ObjectError::NotFound { .. }) => "missing",
            Halt::Object(_) | Halt::Input(_) => "unreadable",
            Halt::Delivery(Stop::Throttled { .. }) => "throttled",
            Halt::Delivery(Stop::Busy { .. }) => "busy_at_meta",
            Halt::Delivery(Stop::InDoubt { .. }) => "in_doubt",
            Halt::Delivery(_) | Halt::Preflight(_) => "undelivered",
            Halt::Receipts(_) => "receipt_not_stored",
            Halt::Ledger(_) => "ledger_not_reached",
            Halt::Busy { .. } => "busy",
            Halt::Turn(NoTurn::Others { .. } | NoTurn::Lost(_)) => "others_turn",
            Halt::Turn(NoTurn::Unknown(_)) => "turn_not_known",
            Halt::Lost(_) => "lost",
            Halt::Again => "again",
            Halt::NoProgress => "no_progress",
            Halt::Panicked => PANICKED,
            Halt::Run(halt) => halt.status(),
        }
    }
}

impl Halt {
    /// A stop that was asked for, as against one that has a cause of its own.
    pub(super) fn is_asked_for(&self) -> bool {
        matches!(self, Halt::Halted | Halt::Delivery(Stop::Halted))
    }
}

impl Wait {
    /// How long the message rests before it is tried again, which is so often it has been
    /// tried in vain. Longer each time: trying does not mend what somebody has to mend.
    pub(super) fn rest(self, tries: u32) -> Duration {
        let (first, most) = match self {
            Wait::None => return Duration::ZERO,
            Wait::Lease(lease) => {
                // A message that only repeats what another one asks for may come later, but not
                // much: it may also be the only one left of a worker that died.
                let patience = Duration::from_secs(1 << tries.min(6));
                return lease.max(patience) + Duration::from_secs(1);
            }
            Wait::Quota(until) => {
                // Objects that were given back together do not come back together.
                let jitter = until.mul_f64(QUOTA_JITTER * fastrand::f64());
                return (until + jitter).clamp(Duration::from_secs(1), LONGEST_REST);
            }
            Wait::For(time) => return time.clamp(Duration::from_secs(1), LONGEST_REST),
            Wait::Run | Wait::Passing => (15, 900),
            Wait::Occupied => (120, 900),
            Wait::Route | Wait::File => (15, 3600),
            Wait::Blocked => (3600, 3600),
        };
        let doublings = tries.saturating_sub(1).min(16);
        (Duration::from_secs(first) * (1 << doublings)).min(Duration::from_secs(most))
    }
}

/// The whole sentence, causes included: it ends up in one log line or receipt.
impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Halted => f.write_str("stopped before the end"),
            Halt::Refused(refusal) => refusal.fmt(f),
            Halt::Object(error) => ErrorChain(error).fmt(f),
            Halt::Delivery(stop) => ErrorChain(stop).fmt(f),
            Halt::Preflight(sentence) => f.write_str(sentence),
            Halt::Receipts(error) => ErrorChain(error).fmt(f),
            Halt::Input(error) => ErrorChain(error).fmt(f),
            Halt::Ledger(error) => ErrorChain(error).fmt(f),
            Halt::Busy { lease } => write!(
                f,
                "another worker has the object; its lease ends in {} s unless it is renewed",
                lease.as_secs()
            ),
            Halt::Turn(turn) => ErrorChain(turn).fmt(f),
            Halt::Lost(lost) => lost.fmt(f),
            Halt::Again => f.write_str("what was begun before is through; what was asked for follows"),
            Halt::NoProgress => f.write_str(
                "several attempts have ended without a word and without progress: workers may have died of this object (look at \
                 their memory), or were killed at once each time",
            ),
            Halt::Panicked => {
                f.write_str("the work on this object failed by a fault of the program")
            }
            Halt::Run(halt) => halt.fmt(f),
        }
    }
}

impl Refusal {
    /// How the receipt names it.
    pub fn status(&self) -> Status {
        let code = match self {
            Refusal::Nothing(what) => {
                return Status::Skipped {
                    reason: (*what).into(),
                };
            }
            Refusal::Blocked { .. } => {
                return Status::Blocked {
                    reason: "too_many_rejects".into(),
                };
            }
            Refusal::Content(ContentError::Unsupported(_) | ContentError::Nested { .. }) => {
                "unsupported_format"
            }
            Refusal::Content(ContentError::TooLarge { .. } | ContentError::TooDense { .. }) => {
                "too_large"
            }
            Refusal::Content(_) => "damaged",
            Refusal::Rows(RowsError::NotText) => "not_text",
            Refusal::Rows(RowsError::NotUtf8 { .. }) => "not_utf8",
            Refusal::Rows(RowsError::Parquet(error)) => error.code(),
            Refusal::Rows(RowsError::JsonNotLines { .. }) => "unsupported_format",
            Refusal::Rows(
                RowsError::OtherEncoding { .. }
                | RowsError::OtherFormat { .. }
                | RowsError::HeaderPresent
                | RowsError::HeaderOfObjects,
            ) => "not_as_configured",
            Refusal::Rows(RowsError::HeaderTooLong { .. } | RowsError::TooManyColumns { .. }) => {
                "too_large"
            }
            Refusal::Rows(RowsError::NoSuchPosition(_)) => "ledger_does_not_fit",
            Refusal::Rows(_) => "unreadable_header",
            Refusal::Mapping(_)
            | Refusal::Column { .. }
            | Refusal::RepeatedColumn { .. }
            | Refusal::NoValueColumn
            | Refusal::NoScope(_) => "header_does_not_fit",
            Refusal::TooOld(_) => "too_old",
            Refusal::NoDataset => "no_dataset",
            Refusal::RouteChanged => "route_changed",
            Refusal::OtherBatches => "ledger_does_not_fit",
            Refusal::Run(refusal) => return refusal.status(),
        };
        Status::Refused {
            reason: code.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Nothing(what) => f.write_str(what),
            Refusal::Content(error) => ErrorChain(error).fmt(f),
            Refusal::Rows(error) => ErrorChain(error).fmt(f),
            Refusal::Mapping(error) => ErrorChain(error).fmt(f),
            Refusal::Column { setting, column } => {
                write!(f, "the header has no column {column:?}, which the route's {setting} names")
            }
            Refusal::RepeatedColumn { setting, column } => write!(
                f,
                "several columns of the header are called {column:?}, which the route's {setting} names: rename all but one"
            ),
            Refusal::NoValueColumn => f.write_str(
                "no column of the header is known to hold a value: name it in the route's conversions.value",
            ),
            Refusal::NoScope(key) => {
                let setting = match key {
                    Key::AppScopedUserId => "app_ids",
                    _ => "page_id",
                };
                write!(
                    f,
                    "a column holds {key}, which Meta takes only with the route's custom_audience.{setting}: set it, or \
                     name the columns in [route.columns] without this one"
                )
            }
            Refusal::TooOld(error) => ErrorChain(error).fmt(f),
            Refusal::NoDataset => f.write_str(
                "neither the route's conversions.dataset_id nor a pixel_id in its secret says where to send to",
            ),
            Refusal::Blocked { rejected, of } => write!(
                f,
                "{rejected} of the first {of} rows that are meant to be sent cannot be, more than input.max_reject_share allows: is the mapping \
                 right? nothing was sent"
            ),
            Refusal::RouteChanged => f.write_str(
                "the route was changed when a part of the object was delivered: bring the route back to finish it as it was begun, \
                 or set ledger.on_changed_route = \"restart\" to send all of it again as the route is now",
            ),
            Refusal::OtherBatches => f.write_str(
                "the object's rows do not make the batches that an earlier attempt made of them, so that what is delivered and what \
                 is not cannot be told apart: send it again as a whole with --force",
            ),
            Refusal::Run(refusal) => refusal.fmt(f),
        }
    }
}

/// What a reader of ours put into an error of input comes out again; the readers
/// below may have wrapped it more than once.
impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Halt {
        if error.get_ref().is_none() {
            return Halt::Input(error);
        }
        let kind = error.kind();
        match error.into_inner() {
            None => Halt::Input(kind.into()),
            Some(inner) => match inner.downcast::<ObjectError>() {
                Ok(object) => Halt::Object(*object),
                Err(inner) => match inner.downcast::<ContentError>() {
                    Ok(content) => (*content).into(),
                    Err(inner) => match inner.downcast::<io::Error>() {
                        Ok(error) => (*error).into(),
                        Err(inner) => Halt::Input(io::Error::new(kind, inner)),
                    },
                },
            },
        }
    }
}

impl From<ProduceError> for Halt {
    fn from(error: ProduceError) -> Halt {
        match error {
            ProduceError::Rows(error) => error.into(),
            ProduceError::Blocked(Blocked { rejected, of }) => {
                Halt::Refused(Refusal::Blocked { rejected, of })
            }
            ProduceError::OtherBatches => Halt::Refused(Refusal::OtherBatches),
            ProduceError::Halted => Halt::Halted,
        }
    }
}

impl From<ContentError> for Halt {
    fn from(error: ContentError) -> Halt {
        match error {
            ContentError::Input(error) => error.into(),
            error => Halt::Refused(Refusal::Content(error)),
        }
    }
}

impl From<RowsError> for Halt {
    fn from(error: RowsError) -> Halt {
        match error {
            RowsError::Input(error) => error.into(),
            error => Halt::Refused(Refusal::Rows(error)),
        }
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Halt {
        Halt::Refused(refusal)
    }
}

impl From<ObjectError> for Halt {
    fn from(error: ObjectError) -> Halt {
        Halt::Object(error)
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        Halt::Delivery(stop)
    }
}

impl From<NoTurn> for Halt {
    fn from(turn: NoTurn) -> Halt {
        Halt::Turn(turn)
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Halt {
        Halt::Ledger(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Receipts(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_rests_longer_each_time_up_to_an_hour() {
        let rests: Vec<u64> = (1..=10)
            .map(|count| Wait::Route.rest(count).as_secs())
            .collect();
        assert_eq!(rests, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(Wait::Route.rest(u32::MAX).as_secs(), 3600);
        assert_eq!(Wait::Blocked.rest(1).as_secs(), 3600);
        let rests = (1..=5).map(|count| Wait::Occupied.rest(count).as_secs());
        assert_eq!(rests.collect::<Vec<_>>(), [120, 240, 480, 900, 900]);
        assert_eq!(Wait::None.rest(5), Duration::ZERO);
    }

    #[test]
    fn a_message_rests_until_the_quota_recovers_and_an_hour_at_most() {
        let rest = |seconds| Wait::Quota(Duration::from_secs(seconds)).rest(9);
        for _ in 0..100 {
            let rested = rest(600).as_secs_f64();
            assert!((600.0..=660.0).contains(&rested), "{rested}");
        }
        assert_eq!(rest(0), Duration::from_secs(1));
        assert_eq!(rest(86_400), Duration::from_secs(3600));
        let until = Instant::now() + Duration::from_secs(600);
        let halt = Halt::Delivery(Stop::Throttled { until });
        assert!(matches!(halt.wait(), Wait::Quota(wait) if wait.as_secs() >= 599));
    }

    #[test]
    fn what_only_a_person_can_mend_is_no_passing_trouble() {
        let setup = StoreError::Setup("the bucket is not there".to_owned());
        assert_eq!(Halt::Receipts(setup).wait(), Wait::Route);
        assert_eq!(Halt::Refused(Refusal::NoDataset).wait(), Wait::Route);
        let busy = StoreError::Transient("no answer in time".to_owned());
        assert_eq!(Halt::Receipts(busy).wait(), Wait::Passing);
    }

    #[test]
    fn the_cause_of_a_broken_read_is_found_below_its_wrappings() {
        let cause = ContentError::TooLarge { max_bytes: 7 };
        let wrapped = io::Error::other(io::Error::other(cause));
        assert!(matches!(
            Halt::from(RowsError::Input(wrapped)),
            Halt::Refused(Refusal::Content(ContentError::TooLarge { max_bytes: 7 }))
        ));
    }
}
