//! The one clock of a simulator: event ages, quotas, sessions, proofs and tokens go by it.
//!
//! What it shows is what another clock has moved on since some moment, times a factor,
//! and whatever it was advanced by: so ninety minutes may pass in a test's command, in a
//! minute, or in ninety minutes. What is waited for on the wire, such as a fault's
//! delay, is waited for in real time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// See the module. Clones are the same clock: keep one to move it.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    follows: Follows,
    /// As it was made, for a reset.
    start: Hands,
    hands: Mutex<Hands>,
}

/// Which clock it is moved by.
enum Follows {
    /// The system's.
    System,
    /// Tokio's, of the runtime that asks.
    Tokio(tokio::time::Instant),
}

#[derive(Clone, Copy)]
struct Hands {
    /// What the followed clock said when they were set.
    set: Duration,
    /// What they showed then, from 1970 on.
    shown: Duration,
    /// 0 = they stand.
    speed: f64,
}

/// A clock cannot run so fast, or backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a clock's speed is a number from 0 to 1000000")]
pub struct InvalidSpeed;

const FASTEST: f64 = 1_000_000.0;

/// The last second of the year 9999: whatever it is advanced by, times can be added to.
const LATEST: u64 = 253_402_300_799;

impl Clock {
    /// The system's clock.
    pub fn real() -> Self {
        Self::new(Follows::System, since_1970(SystemTime::now()), 1.0)
    }

    /// Begins at the system's time and runs this many times as fast.
    pub fn scaled(speed: f64) -> Result<Self, InvalidSpeed> {
        let clock = Self::new(Follows::System, since_1970(SystemTime::now()), speed);
        check(speed).map(|()| clock)
    }

    /// Stands at this time until it is [advanced](Self::advance).
    pub fn standing(at: SystemTime) -> Self {
        Self::new(Follows::System, since_1970(at), 0.0)
    }

    /// Begins at this time and goes with Tokio's clock of whoever asks: in a paused
    /// runtime that answers requests itself, time passes only as that runtime says.
    pub fn tokio(at: SystemTime) -> Self {
        let now = tokio::time::Instant::now();
        Self::new(Follows::Tokio(now), since_1970(at), 1.0)
    }

    fn new(follows: Follows, shown: Duration, speed: f64) -> Self {
        let start = Hands {
            set: follows.now(),
            shown,
            speed,
        };
        Self(Arc::new(Inner {
            follows,
            start,
            hands: Mutex::new(start),
        }))
    }

    /// Lets this much time pass at once.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands();
        hands.shown = hands.shown.saturating_add(by);
    }

    /// From now on runs this many times as fast; 0 lets it stand.
    pub fn set_speed(&self, speed: f64) -> Result<(), InvalidSpeed> {
        check(speed)?;
        let mut hands = self.hands();
        let set = self.0.follows.now();
        *hands = Hands {
            set,
            shown: hands.at(set),
            speed,
        };
        Ok(())
    }

    /// Unix seconds, up to the end of the year 9999.
    pub fn unix_seconds(&self) -> u64 {
        let shown = self.hands().at(self.0.follows.now());
        shown.as_secs().min(LATEST)
    }

    /// As if nobody had moved it.
    pub(crate) fn reset(&self) {
        *self.hands() = self.0.start;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.unix_seconds()).finish()
    }
}

impl Follows {
    fn now(&self) -> Duration {
        match self {
            Self::System => since_1970(SystemTime::now()),
            Self::Tokio(since) => tokio::time::Instant::now().saturating_duration_since(*since),
        }
    }
}

impl Hands {
    /// Never less than what was shown when they were set, also when the system's clock
    /// was put back since.
    fn at(&self, followed: Duration) -> Duration {
        let passed = followed.saturating_sub(self.set);
        // Whole when it runs as fast as the other one: no rounding in real time.
        let passed = if (self.speed - 1.0).abs() < f64::EPSILON {
            passed
        } else {
            Duration::try_from_secs_f64(passed.as_secs_f64() * self.speed).unwrap_or(Duration::MAX)
        };
        self.shown.saturating_add(passed)
    }
}

fn check(speed: f64) -> Result<(), InvalidSpeed> {
    (0.0..=FASTEST)
        .contains(&speed)
        .then_some(())
        .ok_or(InvalidSpeed)
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn noon() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000)
    }

    #[test]
    fn a_standing_clock_moves_only_as_told_and_its_clones_with_it() {
        let clock = Clock::standing(noon());
        let same = clock.clone();
        clock.advance(Duration::from_secs(5_400));
        assert_eq!(same.unix_seconds(), 6_400);
        same.reset();
        assert_eq!(clock.unix_seconds(), 1_000);
    }

    #[test]
    fn nothing_moves_it_beyond_the_year_9999() {
        let clock = Clock::standing(noon());
        clock.advance(Duration::MAX);
        assert_eq!(clock.unix_seconds(), LATEST);
    }

    #[test]
    fn hands_move_by_their_speed_from_where_they_were_set() {
        let hands = Hands {
            set: Duration::from_secs(10),
            shown: Duration::from_secs(1_000),
            speed: 60.0,
        };
        assert_eq!(hands.at(Duration::from_secs(12)).as_secs(), 1_120);
        assert_eq!(hands.at(Duration::from_secs(3)).as_secs(), 1_000);
    }

    #[tokio::test]
    async fn tokios_clock_is_followed() {
        let clock = Clock::tokio(noon());
        clock.set_speed(0.0).unwrap();
        let stood = clock.unix_seconds();
        clock.advance(Duration::from_secs(7));
        assert_eq!(clock.unix_seconds(), stood + 7);
    }

    #[test]
    fn a_speed_that_is_none_is_refused() {
        for speed in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Clock::real().set_speed(speed), Err(InvalidSpeed));
        }
        assert!(Clock::scaled(-1.0).is_err());
    }
}
