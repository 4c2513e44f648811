//! The fixed ceiling of one account, as `delivery.requests_per_second` sets it.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use super::cost::Cost;

pub(super) struct Ceiling {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    clock: TokioClock,
}

impl Ceiling {
    /// Of so many writes, or three times as many reads; evenly spread, with a burst of a
    /// second's worth. Below one a second, one at a time.
    pub(super) fn new(requests_per_second: f64) -> Ceiling {
        let clock = TokioClock(Instant::now());
        Ceiling {
            limiter: RateLimiter::direct_with_clock(quota(requests_per_second), clock),
            clock,
        }
    }

    /// Waits until a request is below the ceiling, and counts it.
    pub(super) async fn pass(&self, cost: Cost) {
        let points = NonZeroU32::new(cost.points()).unwrap_or(NonZeroU32::MIN);
        // A burst holds a write at least, so that no request is more than there ever is.
        while let Ok(Err(not_until)) = self.limiter.check_n(points) {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
    }
}

fn quota(requests_per_second: f64) -> Quota {
    let points = Cost::Write.points();
    let period = Duration::try_from_secs_f64(1.0 / (requests_per_second * f64::from(points)))
        .unwrap_or(Duration::from_secs(1));
    let burst = (requests_per_second as u32).max(1).saturating_mul(points);
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    // The shortest period a quota knows is a nanosecond.
    Quota::with_period(period.max(Duration::from_nanos(1)))
        .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
        .allow_burst(burst)
}

/// The clock that everything else here waits by, so that a test can move it.
#[derive(Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
