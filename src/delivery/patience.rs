//! How often a request is sent again, and after which waits, by what came back. Here and
//! nowhere else; ARCHITECTURE.md has the same as a table.
//!
//! Not here: a throttle, which waits in the limiter and is no failure; a token that is not
//! accepted, of which the secret is read again once; and what is final at once.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::batches::Batch;
use crate::meta::ErrorCode;

/// Whoever is told to wait for longer gives up at once: the message can wait as well.
const LONGEST_TOLD: Duration = Duration::from_secs(300);

/// Answers after which the same request may be sent again. Each kind has a budget of its
/// own, so that none uses up another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Refused for the moment. Then the object is given back.
    Transient,
    /// Sent, and no answer. Then the object is given back.
    Unknown,
    /// May be too large, and may be in passing. Then the request is cut in two.
    Whole,
    /// Nobody says whether it passes. Then it is taken for the set-up, and the route stops.
    Unexplained,
}

/// A body of fewer bytes is never too large. (No source says how many are; the lowest number
/// that anybody found by trying is 60 KB.)
const SURELY_SMALL_ENOUGH: usize = 64 << 10;

/// Whether a passing failure, or none that can be read, may speak of the size: an audience has
/// been seen to answer a request that is too large with a page, or by dropping the connection,
/// and to take its halves. Not where a repeat makes a difference: there only the same request
/// may follow. Who says when to come again does not speak of the size either.
pub(crate) fn may_be_too_large(
    batch: &Batch,
    error: Option<ErrorCode>,
    told: Option<Duration>,
) -> bool {
    error.is_none()
        && told.is_none()
        && batch.rows() > 1
        && batch.body().len() > SURELY_SMALL_ENOUGH
}

/// What one kind of answer is given.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// The first one included.
    attempts: usize,
    backoff: Backoff,
}

impl Again {
    /// `configured` is `delivery.attempts`: nothing is tried more often.
    fn budget(self, configured: usize) -> Budget {
        let (attempts, first, most) = match self {
            Again::Transient => (configured, Duration::from_millis(500), 30),
            Again::Unknown => (configured, Duration::from_millis(500), 30),
            Again::Whole => (3, Duration::from_millis(500), 5),
            Again::Unexplained => (4, Duration::from_secs(2), 30),
        };
        let most = Duration::from_secs(most);
        Budget {
            attempts: attempts.min(configured),
            backoff: Backoff { first, most },
        }
    }
}

/// The failures of one request.
#[derive(Debug)]
pub(crate) struct Patience {
    configured: usize,
    failures: [usize; 4],
}

impl Patience {
    pub(crate) fn new(configured: usize) -> Patience {
        Patience {
            configured,
            failures: [0; 4],
        }
    }

    /// One more failure of this kind: how long to wait before the next attempt, if there
    /// is to be one. `told` is what the answer itself says, as by `Retry-After`; it counts
    /// where something passes by itself, whether or not it may have happened.
    pub(crate) fn after(&mut self, kind: Again, told: Option<Duration>) -> Option<Duration> {
        let failures = &mut self.failures[kind as usize];
        *failures += 1;
        let budget = kind.budget(self.configured);
        let told = told
            .filter(|_| matches!(kind, Again::Transient | Again::Unknown))
            .unwrap_or_default();
        (*failures < budget.attempts && told <= LONGEST_TOLD)
            .then(|| budget.backoff.wait(*failures).max(told))
    }

    /// How often the request was answered so, or not at all.
    pub(crate) fn attempts(&self) -> usize {
        self.failures.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest waits between the attempts of one kind, in seconds.
    fn waits(kind: Again, configured: usize) -> Vec<u64> {
        let mut patience = Patience::new(configured);
        let waits = std::iter::from_fn(|| patience.after(kind, None));
        waits
            .map(|wait| (wait.as_secs_f64() * 2.0).ceil() as u64)
            .collect()
    }

    #[test]
    fn each_kind_has_its_own_budget() {
        for (kind, attempts) in [
            (Again::Transient, 8),
            (Again::Unknown, 8),
            (Again::Whole, 3),
            (Again::Unexplained, 4),
        ] {
            assert_eq!(waits(kind, 8).len() + 1, attempts, "{kind:?}");
            assert_eq!(waits(kind, 1).len(), 0, "{kind:?}");
        }
    }

    #[test]
    fn what_one_kind_uses_is_not_anothers() {
        let mut patience = Patience::new(2);
        assert!(patience.after(Again::Transient, None).is_some());
        assert!(patience.after(Again::Unknown, None).is_some());
        assert!(patience.after(Again::Unknown, None).is_none());
        assert_eq!(patience.attempts(), 3);
    }

    #[test]
    fn an_outage_lasts_as_long_as_it_says_and_where_that_is_too_long_nobody_waits() {
        let told = |kind, seconds| Patience::new(8).after(kind, Some(Duration::from_secs(seconds)));
        for kind in [Again::Transient, Again::Unknown] {
            assert_eq!(told(kind, 120), Some(Duration::from_secs(120)));
            assert_eq!(told(kind, 301), None);
        }
        for kind in [Again::Whole, Again::Unexplained] {
            assert!(told(kind, 301).is_some_and(|wait| wait.as_secs() < 30));
        }
        assert_eq!(
            Patience::new(1).after(Again::Transient, Some(Duration::ZERO)),
            None
        );
    }

    #[test]
    fn nobody_waits_longer_than_half_a_minute() {
        for kind in [
            Again::Transient,
            Again::Unknown,
            Again::Whole,
            Again::Unexplained,
        ] {
            assert!(
                waits(kind, 100)
                    .iter()
                    .all(|half_seconds| *half_seconds <= 60)
            );
        }
    }
}
