//! What time it is, for as long as one object is worked on.

use time::OffsetDateTime;
use tokio::time::Instant;

/// The system's clock when it was made, and the time that has passed since then: a clock that
/// is set back in between makes no event younger, and a test may let days pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    shown: i64,
    at: Instant,
}

impl Clock {
    pub(super) fn now() -> Clock {
        Clock {
            shown: OffsetDateTime::now_utc().unix_timestamp(),
            at: Instant::now(),
        }
    }

    pub(super) fn unix_seconds(&self) -> i64 {
        let passed = i64::try_from(self.at.elapsed().as_secs());
        self.shown.saturating_add(passed.unwrap_or(i64::MAX))
    }
}
