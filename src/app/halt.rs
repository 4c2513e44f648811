//! Why an object is not through yet, and what follows from it.

mod causes;
mod refusal;

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::time::Instant;

pub use refusal::Refusal;

use super::replace::RunHalt;
use super::turn::NoTurn;
use crate::delivery::Stop;
use crate::documents::DocumentError;
use crate::error_chain::ErrorChain;
use crate::ledger::{LedgerError, Lost, PANICKED};
use crate::meta::ErrorCode;
use crate::object::ObjectError;
use crate::receipts::StoreError;
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
}
